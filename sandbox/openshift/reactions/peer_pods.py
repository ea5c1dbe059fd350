"""The peer-pod half of the sandboxed containers operator: `peer-pods-cm`, credentials, pod VM image, daemons."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import (
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
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
)
from sandbox.openshift.reactions import initdata, pod_vm_image
from sandbox.openshift.reactions.pods import EXITS
from sandbox.openshift.reactions.problem import OSC_NAMESPACE
from sandbox.openshift.reactions.workloads import deployment
from sandbox.shapes import map_in

POOL = {"node-role.kubernetes.io/kata-oc": ""}
SETTINGS, GATES = "peer-pods-cm", "osc-feature-gates"
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
    cloud = pod_vm_image.cloud_conf(objects)
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


def steps(objects: Objects, config: Manifest) -> list[Effect]:
    """What the operator does next, `problem` being None."""
    settings = objects.get(CONFIG_MAP, SETTINGS, OSC_NAMESPACE)
    if settings is None:
        return []
    data, confidential = settings["data"], _confidential(objects)
    image = objects.get(CONFIG_MAP, pod_vm_image.SETTINGS, OSC_NAMESPACE)
    if image is None:
        return [
            Put(
                new(
                    CONFIG_MAP,
                    pod_vm_image.SETTINGS,
                    OSC_NAMESPACE,
                    data=pod_vm_image.settings(objects, confidential),
                )
            )
        ]
    wanted = {**data, "DISABLECVM": "false" if confidential else "true"}
    effects = put_changed(settings, {**settings, "data": wanted})
    if not data.get("AZURE_IMAGE_ID") and at(image, ("data", "CONFIDENTIAL_COMPUTE_ENABLED")) != _yes(
        confidential
    ):
        effects += put_changed(
            image, {**image, "data": {**image["data"], "CONFIDENTIAL_COMPUTE_ENABLED": _yes(confidential)}}
        )
    if effects:
        return effects
    effects += _credentials(objects)
    if not data.get("AZURE_IMAGE_ID") and not pod_vm_image.gave_up(objects):
        return effects + pod_vm_image.make(objects, settings, image)
    return effects + _daemons(objects, settings, config)


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


def _credentials(objects: Objects) -> list[Effect]:
    """An existing secret is left alone; workload identity where the Subscription names it; else the CCO's secret."""
    if objects.get(SECRET, CREDENTIALS, OSC_NAMESPACE):
        return []
    cloud = pod_vm_image.cloud_conf(objects)
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


def _daemons(objects: Objects, settings: Manifest, config: Manifest) -> list[Effect]:
    """The adaptor's pods roll when `peer-pods-cm` changes, and exit while there is no image."""
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
    if not settings["data"].get("AZURE_IMAGE_ID"):
        stamp[EXITS] = "AZURE_IMAGE_ID is required"
    adaptor = new(DAEMON_SET, "osc-caa-ds", OSC_NAMESPACE, owner=config)
    adaptor["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = True
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
    if pod_vm_image.gave_up(objects):
        effects.append(Delete(Ref(EVENT, OSC_NAMESPACE, pod_vm_image.FAILED_EVENT)))
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
