"""What a workload's agent policy pins: the pod as its owner wrote it and the images' own settings, merged.

Plain facts about the pod, in the terms of Kubernetes. How CRI-O and the kata shim turn them into requests to the agent is known
where the policy is rendered, and nowhere else.
"""

from dataclasses import dataclass
from typing import Literal

from model.digests import ImageDigest

VolumeKind = Literal["memory", "disk", "configMap", "secret", "projected", "downwardAPI"]
"""Memory and disk are empty directories. The content of all others is written by the host: untrusted input, always."""


@dataclass(frozen=True, kw_only=True)
class MountPins:
    """A volume mount of one container. ``sub_path`` is empty for the whole volume."""

    path: str
    volume: str
    kind: VolumeKind
    read_only: bool
    sub_path: str = ""


@dataclass(frozen=True, kw_only=True)
class ContainerPins:
    """One container; everything that the image says and the pod does not override is filled in.

    ``digest``: of the manifest or index that the pod names. ``arguments``: the whole command line.
    ``environment``: exact values by name, the image's own included; ``environment_patterns``: regular expressions, each for a
    whole value, of variables that only the cluster knows (the downward API). ``user``, ``group``: exact ids, None where OpenShift
    chooses from the namespace's range. ``exec_commands``: what its owner lets be executed, argument by argument.
    ``stop_signal``: a number.
    """

    name: str
    init: bool
    digest: ImageDigest
    arguments: tuple[str, ...]
    working_directory: str
    environment: tuple[tuple[str, str], ...]
    environment_patterns: tuple[tuple[str, str], ...] = ()
    user: int | None = None
    group: int | None = None
    supplemental_groups: tuple[int, ...] = ()
    read_only_root: bool = False
    mounts: tuple[MountPins, ...] = ()
    exec_commands: tuple[tuple[str, ...], ...] = ()
    stop_signal: int = 15


@dataclass(frozen=True, kw_only=True)
class PodPins:
    """The pod of a workload. ``containers``: init containers first, in the order in which they run, then the others.

    ``workload`` is its name. ``fs_group``: an exact id, None where OpenShift chooses. ``read_logs``: whether the containers'
    output may be read.
    """

    workload: str
    containers: tuple[ContainerPins, ...]
    sysctls: tuple[tuple[str, str], ...] = ()
    fs_group: int | None = None
    read_logs: bool = False
