"""Facts about the worker node that the requests depend on and that no pod names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from model import versions
from model.versions import Version

AgentLine = Literal["3.25", "3.31"]
"""Release line of kata in the pod VM. 3.25 and before: the policy is shown the raw CopyFile request, and storages have no field
`shared` (it came with 3.28). 3.31: CopyFile is shown digested, and GetDiagnosticData exists (both from 3.29)."""

LINES: tuple[AgentLine, ...] = ("3.25", "3.31")

# /usr/share/rhel/secrets of a RHEL worker, which its containers-mounts.conf mounts at /run/secrets.
_SUBSCRIPTION = {"redhat.repo": b"[repo]\n", "rhsm/rhsm.conf": b"x\n"}


def agent_line(osc: Version) -> AgentLine:
    """The line whose requests pods of this OSC version make (`model.versions.AGENT_OF_OSC`)."""
    return "3.31" if versions.agent(osc).digested_copies else "3.25"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A Service of the pod's namespace: its cluster address, and its ports as (name, number, protocol)."""

    name: str
    address: str
    ports: tuple[tuple[str, int, str], ...]


KUBERNETES = Service(name="kubernetes", address="172.30.0.1", ports=(("https", 443, "TCP"),))


@dataclass(frozen=True, kw_only=True)
class Node:
    """The node and what the cluster tells it about one namespace.

    ``uid``, ``fs_group``: what the SCC restricted-v2 gives pods that name none, the first of the namespace's range.
    ``files``: by (kind, name), such as ("ConfigMap", "settings"), the content of the objects that the pod mounts or reads.
    ``by_id``: the kubelet passes the image's id instead of a reference. ``tags``: repositories whose image the node also knows
    by a tag; CRI-O then names the image by that tag, whatever the pod says.
    ``passwd_copied``: CRI-O writes an /etc/passwd of its own where the image's neither knows the user nor is writable by its group.
    ``disk_volumes_have_group``: whether the directory of an emptyDir on disk belongs to fsGroup, as the kubelet makes it.
    """

    agent: AgentLine = "3.31"
    uid: int = 1000690000
    fs_group: int = 1000690000
    services: tuple[Service, ...] = ()
    kubernetes: Service = KUBERNETES
    files: Mapping[tuple[str, str], Mapping[str, bytes]] = field(
        default_factory=dict[tuple[str, str], Mapping[str, bytes]]
    )
    subscription: Mapping[str, bytes] = field(default_factory=_SUBSCRIPTION.copy)
    by_id: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    pause_image: str = "quay.io/openshift-release-dev/ocp-v4.0-art-dev:pause"
    pod_ip: str = "10.128.2.15"
    passwd_copied: bool = True
    disk_volumes_have_group: bool = True
    dns: str = "172.30.0.10"
