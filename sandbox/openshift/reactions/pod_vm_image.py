"""The image of pod VMs: what the operator is told about it, and the Job that makes it, once."""

from __future__ import annotations

import json

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import CONFIG_MAP, EVENT, INFRASTRUCTURE, JOB
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Put,
    condition,
    new,
    ref_of,
    short_hash,
    with_annotations,
)
from sandbox.openshift.reactions.problem import OSC_NAMESPACE

SETTINGS, JOB_NAME = "azure-podvm-image-cm", "osc-podvm-image-creation"
FAILED_EVENT = f"{JOB_NAME}-failed"
FAILED = "PodVMImageJobFailed"
_NEEDS = (
    *(f"IMAGE_DEFINITION_{part}" for part in ("NAME", "PUBLISHER", "OFFER", "SKU", "OS_TYPE", "OS_STATE")),
    *(
        "IMAGE_DEFINITION_VM_GENERATION",
        "IMAGE_DEFINITION_ARCHITECTURE",
        "IMAGE_GALLERY_NAME",
        "IMAGE_BASE_NAME",
    ),
    *("IMAGE_VERSION", "INSTALL_PACKAGES", "CONFIDENTIAL_COMPUTE_ENABLED"),
)
"""What the job refuses to begin without (azure-podvm-image-handler.sh, verify_vars)."""


def cloud_conf(objects: Objects) -> dict[str, str]:
    config = objects.get(CONFIG_MAP, "cloud-conf", "openshift-cloud-controller-manager")
    return json.loads(config["data"]["cloud.conf"]) if config else {}


def gave_up(objects: Objects) -> bool:
    """Whether the image job has failed. The operator deletes it, tries no second one, and goes on."""
    return any(event.get("reason") == FAILED for event in objects.all(EVENT, OSC_NAMESPACE))


def settings(objects: Objects, confidential: bool) -> dict[str, str]:
    """What the operator writes where there is no such ConfigMap: the same names for every cluster, but for the gallery."""
    cluster = objects.get(INFRASTRUCTURE, "cluster") or {}
    identity = short_hash(at(cluster, ("status", "infrastructureName")) or "", length=8)
    kind = {"PUBLISHER": "RedHat", "OFFER": "OSC-PodVM", "SKU": "OSC-PodVM", "OS_TYPE": "Linux"}
    kind |= {"OS_STATE": "Generalized", "VM_GENERATION": "V2", "ARCHITECTURE": "x64", "NAME": "podvm-image"}
    return {
        "PODVM_DISTRO": "rhel",
        "IMAGE_GALLERY_NAME": f"PodVMGallery_{identity}",
        **{f"IMAGE_DEFINITION_{name}": value for name, value in kind.items()},
        "IMAGE_BASE_NAME": "podvm-image",
        "IMAGE_VERSION": "0.0.1",
        "INSTALL_PACKAGES": "no",
        "CONFIDENTIAL_COMPUTE_ENABLED": "yes" if confidential else "no",
        "UPDATE_PEERPODS_CM": "yes",
    }


def make(objects: Objects, peer_pods: Manifest, image: Manifest) -> list[Effect]:
    """The job that makes the pod VM image; when it is done its result is written into `peer-pods-cm`."""
    job, data = objects.get(JOB, JOB_NAME, OSC_NAMESPACE), image["data"]
    if job is None:
        pod = {"restartPolicy": "Never", "containers": [{"name": "create", "image": "osc-podvm-builder"}]}
        return [Put(new(JOB, JOB_NAME, OSC_NAMESPACE, spec={"template": {"spec": pod}}))]
    if condition(job, "Complete") != "True":
        return []
    if missing := [name for name in _NEEDS if not data.get(name)]:
        # The Job goes; an event about another name stays, as events of a Job outlive it for hours.
        about = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": FAILED_EVENT,
            "namespace": OSC_NAMESPACE,
        }
        text = f"PodVM image job ({JOB_NAME}) failed: {missing[0]} is empty"
        event = new(EVENT, FAILED_EVENT, OSC_NAMESPACE, involvedObject=about, type="Warning")
        event |= {"reason": FAILED, "message": text, "source": {"component": "osc-operator"}}
        return [Put(event), Delete(ref_of(job))]
    cloud = cloud_conf(objects)
    identifier = (
        f"/subscriptions/{cloud.get('subscriptionId')}/resourceGroups/{peer_pods['data']['AZURE_RESOURCE_GROUP']}/providers/"
        f"Microsoft.Compute/galleries/{data['IMAGE_GALLERY_NAME']}/images/{data['IMAGE_DEFINITION_NAME']}"
        f"/versions/{data['IMAGE_VERSION']}"
    )
    filled = {**peer_pods, "data": {**peer_pods["data"], "AZURE_IMAGE_ID": identifier}}
    notes = {"LATEST_IMAGE_ID": identifier, "IMAGE_GALLERY_NAME": data["IMAGE_GALLERY_NAME"]}
    return [Put(with_annotations(filled, notes))]
