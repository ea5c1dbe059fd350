"""The peer-pod half of the sandboxed containers operator: `peer-pods-cm`, credentials, pod VM image, daemons."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    INFRASTRUCTURE,
    JOB,
    SECRET,
    SUBSCRIPTION,
)
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Put,
    Ref,
    condition,
    ensure,
    new,
    overlay,
    put_changed,
    short_hash,
    with_annotations,
)
from sandbox.openshift.reactions import initdata
from sandbox.openshift.reactions.problem import OSC_NAMESPACE
from sandbox.openshift.reactions.workloads import deployment
from sandbox.shapes import map_in

POOL = {"node-role.kubernetes.io/kata-oc": ""}
SETTINGS, GATES = "peer-pods-cm", "osc-feature-gates"
IMAGE_SETTINGS, IMAGE_JOB = "azure-podvm-image-cm", "osc-podvm-image-creation"
CREDENTIALS, MADE_BY_OPERATOR = "peer-pods-secret", "sandbox/made-by-osc"
_REQUIRED = ("AZURE_REGION", "AZURE_RESOURCE_GROUP", "AZURE_SUBNET_ID", "AZURE_INSTANCE_SIZE", "VXLAN_PORT")
_SUBNET = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/([^/]+)/providers/Microsoft\.Network/virtualNetworks/([^/]+)/subnets/[^/]+"
)


def problem(objects: Objects) -> str | None:
    """Why the operator cannot continue with peer pods."""
    settings = objects.get(CONFIG_MAP, SETTINGS, OSC_NAMESPACE)
    if settings is None:
        return f"ConfigMap {SETTINGS} not found in {OSC_NAMESPACE}"
    return next(_problems(objects, map_in(settings, "data")), None)


def _problems(objects: Objects, data: dict[str, str]) -> Iterator[str]:
    if data.get("CLOUD_PROVIDER") != "azure":
        yield f"{SETTINGS}: CLOUD_PROVIDER is {data.get('CLOUD_PROVIDER')!r}, this cluster runs on azure"
    for key in _REQUIRED:
        if not data.get(key):
            yield f"{SETTINGS}: {key} is required"
    sizes = data.get("AZURE_INSTANCE_SIZES", "")
    for key in ("AZURE_INSTANCE_SIZES", "TAGS"):
        if " " in data.get(key, ""):
            yield f"{SETTINGS}: {key} has a space in it, the list is separated by commas alone"
    if sizes and data["AZURE_INSTANCE_SIZE"] not in sizes.split(","):
        yield f"{SETTINGS}: AZURE_INSTANCE_SIZES does not hold the default size {data['AZURE_INSTANCE_SIZE']}"
    for key in ("VXLAN_PORT", "PEERPODS_LIMIT_PER_NODE", "ROOT_VOLUME_SIZE"):
        if data.get(key) and not data[key].isdigit():
            yield f"{SETTINGS}: {key} is {data[key]!r}, not a number"
    if not _SUBNET.fullmatch(data.get("AZURE_SUBNET_ID", "")):
        yield f"{SETTINGS}: AZURE_SUBNET_ID is not the full id of a subnet"
    yield from _elsewhere(objects, data)
    if data.get("INITDATA") and (wrong := initdata.problem(data["INITDATA"])):
        yield f"{SETTINGS}: INITDATA: {wrong}"


def _elsewhere(objects: Objects, data: dict[str, str]) -> Iterator[str]:
    """Pod VMs must be where the workers reach them, and in a group where the credentials may make machines.

    The cluster's credentials may do so in the cluster's group alone. On ARO an identity of one's own may do so anywhere but there.
    """
    cloud = cloud_conf(objects)
    if not cloud:
        return
    group, its = data["AZURE_RESOURCE_GROUP"], cloud["resourceGroup"]
    if not _workload_identity(objects) and group.lower() != its.lower():
        yield f"{SETTINGS}: AZURE_RESOURCE_GROUP is {group}, the cluster's is {its}"
    if _workload_identity(objects) and group.lower() == its.lower():
        yield f"{SETTINGS}: AZURE_RESOURCE_GROUP is {group}, where only the cluster's own identities may write"
    if data["AZURE_REGION"].lower() != cloud["location"].lower():
        yield f"{SETTINGS}: AZURE_REGION is {data['AZURE_REGION']}, the cluster's is {cloud['location']}"
    match = _SUBNET.fullmatch(data["AZURE_SUBNET_ID"])
    network = (cloud["vnetResourceGroup"].lower(), cloud["vnetName"].lower())
    if match and (match[1].lower(), match[2].lower()) != network:
        yield f"{SETTINGS}: AZURE_SUBNET_ID is not in the cluster's virtual network {'/'.join(network)}"


def cloud_conf(objects: Objects) -> dict[str, str]:
    config = objects.get(CONFIG_MAP, "cloud-conf", "openshift-cloud-controller-manager")
    return json.loads(config["data"]["cloud.conf"]) if config else {}


def steps(objects: Objects) -> list[Effect]:
    """What the operator does next, `problem` being None."""
    settings = objects.get(CONFIG_MAP, SETTINGS, OSC_NAMESPACE)
    if settings is None:
        return []
    data, confidential = settings["data"], _confidential(objects)
    image = objects.get(CONFIG_MAP, IMAGE_SETTINGS, OSC_NAMESPACE)
    if image is None:
        return [Put(new(CONFIG_MAP, IMAGE_SETTINGS, OSC_NAMESPACE, data=_image_settings(confidential)))]
    wanted = {**data, "DISABLECVM": "false" if confidential else "true"}
    effects = put_changed(settings, {**settings, "data": wanted})
    if not data.get("AZURE_IMAGE_ID") and at(image, ("data", "CONFIDENTIAL_COMPUTE_ENABLED")) != _yes(
        confidential
    ):
        effects += put_changed(image, {**image, "data": {**image["data"], **_image_settings(confidential)}})
    if effects:
        return effects
    effects += _credentials(objects)
    if not data.get("AZURE_IMAGE_ID"):
        return effects + _image(objects, settings)
    return effects + _daemons(objects, settings)


def running(objects: Objects) -> bool:
    """Whether image, adaptor and webhook are there."""
    webhook = objects.get(DEPLOYMENT, "peer-pods-webhook", OSC_NAMESPACE)
    adaptor = objects.get(DAEMON_SET, "osc-caa-ds", OSC_NAMESPACE)
    return bool(
        webhook and condition(webhook, "Available") == "True" and at(adaptor or {}, ("status", "numberReady"))
    )


def _confidential(objects: Objects) -> bool:
    gates = objects.get(CONFIG_MAP, GATES, OSC_NAMESPACE)
    return at(gates or {}, ("data", "confidential")) == "true"


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _image_settings(confidential: bool) -> dict[str, str]:
    return {
        "PODVM_DISTRO": "rhel",
        "IMAGE_GALLERY_NAME": "",
        "IMAGE_DEFINITION_NAME": "podvm-image",
        "IMAGE_VERSION": "0.0.1",
        "CONFIDENTIAL_COMPUTE_ENABLED": _yes(confidential),
        "UPDATE_PEERPODS_CM": "yes",
    }


def _credentials(objects: Objects) -> list[Effect]:
    """An existing secret is left alone; workload identity where the Subscription names it; else the CCO's secret."""
    if objects.get(SECRET, CREDENTIALS, OSC_NAMESPACE):
        return []
    cloud = cloud_conf(objects)
    tenant, subscription = cloud.get("tenantId", ""), cloud.get("subscriptionId", "")
    content = {"AZURE_TENANT_ID": tenant, "AZURE_SUBSCRIPTION_ID": subscription}
    identity = _workload_identity(objects)
    if identity:
        content |= {
            "AZURE_CLIENT_ID": identity["CLIENTID"],
            "AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/openshift/serviceaccount/token",
        }
    else:
        content |= {"AZURE_CLIENT_ID": "minted-by-cco", "AZURE_CLIENT_SECRET": "minted-by-cco"}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
    label = {"kataconfiguration.openshift.io/sts": "true"} if identity else None
    made = new(
        SECRET,
        CREDENTIALS,
        OSC_NAMESPACE,
        labels=label,
        annotations={MADE_BY_OPERATOR: "true"},
        type="Opaque",
        data=encoded,
    )
    cco = new(
        SECRET,
        "cco-secret",
        OSC_NAMESPACE,
        annotations={MADE_BY_OPERATOR: "true"},
        type="Opaque",
        data=encoded,
    )
    return [*([] if identity else ensure(objects, cco)), Put(made)]


def _workload_identity(objects: Objects) -> dict[str, str]:
    for subscription in objects.all(SUBSCRIPTION, OSC_NAMESPACE):
        entries: list[dict[str, str]] = at(subscription, ("spec", "config", "env")) or []
        environment = {item["name"]: item.get("value", "") for item in entries}
        if all(environment.get(name) for name in ("CLIENTID", "TENANTID", "SUBSCRIPTIONID")):
            return environment
    return {}


def _image(objects: Objects, settings: Manifest) -> list[Effect]:
    """The job that makes the pod VM image; when it is done its result is written into `peer-pods-cm`."""
    job = objects.get(JOB, IMAGE_JOB, OSC_NAMESPACE)
    if job is None:
        pod = {"restartPolicy": "Never", "containers": [{"name": "create", "image": "osc-podvm-builder"}]}
        return [Put(new(JOB, IMAGE_JOB, OSC_NAMESPACE, spec={"template": {"spec": pod}}))]
    if condition(job, "Complete") != "True":
        return []
    cloud, cluster = cloud_conf(objects), objects.get(INFRASTRUCTURE, "cluster") or {}
    gallery = f"PodVMGallery_{short_hash(at(cluster, ('status', 'infrastructureName')) or '', length=8)}"
    identifier = (
        f"/subscriptions/{cloud.get('subscriptionId')}/resourceGroups/{settings['data']['AZURE_RESOURCE_GROUP']}/providers/"
        f"Microsoft.Compute/galleries/{gallery}/images/podvm-image/versions/0.0.1"
    )
    filled = {**settings, "data": {**settings["data"], "AZURE_IMAGE_ID": identifier}}
    return [Put(with_annotations(filled, {"LATEST_IMAGE_ID": identifier, "IMAGE_GALLERY_NAME": gallery}))]


def _daemons(objects: Objects, settings: Manifest) -> list[Effect]:
    """The adaptor's pods roll when `peer-pods-cm` changes."""
    labels = {"app": "osc-caa-ds"}
    stamp = {"peer-pods-cm/version": settings["metadata"].get("resourceVersion", "")}
    template = {
        "metadata": {"labels": labels, "annotations": stamp},
        "spec": {
            "hostNetwork": True,
            "nodeSelector": POOL,
            "containers": [{"name": "caa-pod", "image": "osc-caa"}],
        },
    }
    adaptor = new(DAEMON_SET, "osc-caa-ds", OSC_NAMESPACE)
    adaptor["spec"] = {"selector": {"matchLabels": labels}, "template": template}
    webhook = deployment("peer-pods-webhook", OSC_NAMESPACE, image="peer-pods-webhook", replicas=2)
    return [*overlay(objects, adaptor), *ensure(objects, webhook)]


def forget(objects: Objects) -> list[Effect]:
    """What goes with the KataConfig besides the daemons: the image and the credentials that the operator made."""
    effects: list[Effect] = []
    for name in (CREDENTIALS, "cco-secret"):
        live = objects.get(SECRET, name, OSC_NAMESPACE)
        if live and MADE_BY_OPERATOR in live["metadata"].get("annotations", {}):
            effects.append(Delete(Ref(SECRET, OSC_NAMESPACE, name)))
    settings = objects.get(CONFIG_MAP, SETTINGS, OSC_NAMESPACE)
    if settings and "LATEST_IMAGE_ID" in settings["metadata"].get("annotations", {}):
        annotations = {
            key: value
            for key, value in settings["metadata"]["annotations"].items()
            if key not in ("LATEST_IMAGE_ID", "IMAGE_GALLERY_NAME")
        }
        metadata = {**settings["metadata"], "annotations": annotations}
        effects.append(
            Put({**settings, "metadata": metadata, "data": {**settings["data"], "AZURE_IMAGE_ID": ""}})
        )
    return effects
