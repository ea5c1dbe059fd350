"""What the sandboxed containers operator is told about the image of pod VMs: ``azure-podvm-image-cm``.

The operator makes this ConfigMap where there is none, with one name for the images of all clusters. Its image job keeps the
image for some minutes in a storage account that it names after the image, and such a name exists once in all of Azure: two
spokes that come up at the same time would meet there, and the operator does not try a second time. Keys and the way from name to
name: `azure-podvm-image-handler.sh` of openshift/sandboxed-containers-operator (verify_vars, upload_vhd_image).
"""

import hashlib
from collections.abc import Mapping

_SHARED: Mapping[str, str] = {
    "PODVM_DISTRO": "rhel",
    "IMAGE_DEFINITION_NAME": "podvm-image",
    "IMAGE_DEFINITION_PUBLISHER": "RedHat",
    "IMAGE_DEFINITION_OFFER": "OSC-PodVM",
    "IMAGE_DEFINITION_SKU": "OSC-PodVM",
    "IMAGE_DEFINITION_OS_TYPE": "Linux",
    "IMAGE_DEFINITION_OS_STATE": "Generalized",
    "IMAGE_DEFINITION_VM_GENERATION": "V2",
    "IMAGE_DEFINITION_ARCHITECTURE": "x64",
    "IMAGE_VERSION": "0.0.1",
    "VM_SIZE": "Standard_D2as_v5",
    "INSTALL_PACKAGES": "no",
    "DOWNLOAD_SOURCES": "no",
    "DISABLE_CLOUD_CONFIG": "true",
    "CONFIDENTIAL_COMPUTE_ENABLED": "yes",
    "UPDATE_PEERPODS_CM": "yes",
    "PODVM_IMAGE_URI": "",
}


def base_name(subscription: str, stack: str) -> str:
    """The same for a stack each time, and no other's: `podvm` and 12 hex digits, all within what the account's name keeps."""
    return f"podvm{hashlib.sha256(f'{subscription}/{stack}'.lower().encode()).hexdigest()[:12]}"


def settings(base: str) -> dict[str, str]:
    """All keys that the image job needs, for images and a gallery named after `base`."""
    return {
        **_SHARED,
        "IMAGE_BASE_NAME": base,
        "IMAGE_GALLERY_NAME": f"PodVMGallery_{base.removeprefix('podvm')}",
    }


def storage_account(base: str) -> str:
    """The storage account that the image job makes, by the rule of the operator's script."""
    name = f"{base}-{_SHARED['IMAGE_VERSION']}"
    return f"oscsa{''.join(letter for letter in name if letter.isalnum())}".lower()[:24]
