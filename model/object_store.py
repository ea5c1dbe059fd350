"""Snapshots of workloads in Azure Blob Storage: the names, and what the KBS serves to a workload about its own. Pure.

The pod is told nothing else: endpoint, container and credential come from here, after attestation, and never from the spoke.
"""

from typing import Final

from model.paths import ResourcePath, served

KEY: Final = "key"
"""What snapshots are encrypted with: a password of rclone crypt, for this workload alone. Another one makes all snapshots unreadable."""
CONFIGURATION: Final = "rclone.conf"
FLOOR: Final = "floor"
"""The oldest version of a snapshot that a pod may start from; 0 lets it start empty where there is none."""
PREFIX: Final = "store-"
PERMISSIONS: Final = "rcl"
"""Of the shared access signature: read, create, list. Not write and not delete, so no snapshot is ever changed with it."""


def secret(workload: str) -> str:
    """The served secret with all that the pods of ``workload`` need."""
    return f"{PREFIX}{workload}"


def paths(workload: str) -> tuple[ResourcePath, ...]:
    return tuple(served(secret(workload), key) for key in (KEY, CONFIGURATION, FLOOR))


def container(workload: str) -> str:
    """Of the storage account. A signature is for one container, so each workload has its own."""
    return f"coco-{workload}"


def url(account: str, workload: str) -> str:
    """The container's address, as of Azure's public cloud."""
    return f"https://{account}.blob.core.windows.net/{container(workload)}"


def configuration(container_url: str, signature: str) -> str:
    """The configuration file of rclone, but for the password, which the pod adds at its end.

    Names of snapshots are not encrypted: they are version numbers, for the owner of the hub to see.
    """
    name = container_url.rpartition("/")[2]
    return "\n".join(
        (
            "[remote]",
            "type = azureblob",
            f"sas_url = {container_url}?{signature.removeprefix('?')}",
            "no_check_container = true",
            "",
            "[snapshots]",
            "type = crypt",
            f"remote = remote:{name}",
            "filename_encryption = off",
            "directory_name_encryption = false",
            "",
        )
    )
