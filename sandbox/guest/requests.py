"""From a pod to the requests that its agent is asked, in order, each with the fields that the policy engine sees.

Held against recordings of CRI-O 1.33 and the shims of kata 3.25 and 3.31 (sandbox/tests/guest). What the forwarder in the guest changes is
in: the network namespace of the pod, and no name servers. Two runs of a real node differ in ids and times; here they follow from the pod.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from model.workloads.lock import LockedImage
from sandbox.guest import annotations as oci_annotations
from sandbox.guest import copies, identity, process, resources, spec, volumes
from sandbox.guest.admission import admitted
from sandbox.guest.images import digest_of
from sandbox.guest.node import Node
from sandbox.guest.volumes import Mount
from sandbox.shapes import list_in, map_in


class AgentRequest(NamedTuple):
    """`endpoint` is the name of the rule that is asked, such as `CreateContainerRequest`; `input` is what the rule is given."""

    endpoint: str
    input: dict[str, Any]


Images = Callable[[str], LockedImage]
"""The configuration of the image that a reference names."""


def start(pod: Mapping[str, Any], images: Images, node: Node) -> list[AgentRequest]:
    """Until every container of the pod runs; its init containers have run and are gone."""
    return list(_Pod(admitted(pod, node), images, node).start())


def stop(pod: Mapping[str, Any], images: Images, node: Node) -> list[AgentRequest]:
    """From a running pod to none."""
    return list(_Pod(admitted(pod, node), images, node).stop())


def again(pod: Mapping[str, Any], images: Images, node: Node, name: str) -> list[AgentRequest]:
    """A container that has ended is started again, as the restarts in the pod's status say; the ended one is still there."""
    made = _Pod(admitted(pod, node), images, node)
    return list(made.create(next(one for one in made.containers if one["name"] == name)))


class _Pod:
    def __init__(self, pod: Mapping[str, Any], images: Images, node: Node) -> None:
        self.pod, self.images, self.node = pod, images, node
        self.id = identity.container_id(pod, "POD")
        self.inits: Sequence[Mapping[str, Any]] = pod["spec"].get("initContainers") or []
        self.containers: Sequence[Mapping[str, Any]] = pod["spec"]["containers"]

    def start(self) -> Iterator[AgentRequest]:
        yield AgentRequest("CreateSandboxRequest", self._sandbox())
        yield AgentRequest("GuestDetailsRequest", {"mem_block_size": True, "mem_hotplug_probe": True})
        for name, content in (("/etc/resolv.conf", self._resolv_conf()), ("/etc/hostname", self._hostname())):
            yield AgentRequest("CopyFileRequest", copies.of_file(self.node.agent, self.id, name, content))
        yield AgentRequest("CreateContainerRequest", self._pause())
        yield from self._running(self.id)
        yield AgentRequest("GetOOMEventRequest", {})
        for container in self.inits:
            yield from self.create(container)
            sidecar = container.get("restartPolicy") == "Always"
            yield from () if sidecar else self._end(identity.container_id(self.pod, container["name"]))
        for container in self.containers:
            yield from self.create(container)

    def stop(self) -> Iterator[AgentRequest]:
        sidecars = [one for one in self.inits if one.get("restartPolicy") == "Always"]
        for container in [*self.containers, *reversed(sidecars)]:
            yield AgentRequest(
                "StatsContainerRequest", {"container_id": identity.container_id(self.pod, container["name"])}
            )
            number = _signal(self.images(container["image"]).stop_signal)
            yield from self._end(identity.container_id(self.pod, container["name"]), number)
        yield from self._end(self.id, int(signal.SIGTERM))
        yield AgentRequest("DestroySandboxRequest", {})

    def create(self, container: Mapping[str, Any]) -> Iterator[AgentRequest]:
        identifier = identity.container_id(self.pod, container["name"])
        mounts = volumes.mounts(self.pod, container, self.node)
        fixed = [("/etc/resolv.conf", self._resolv_conf()), ("/etc/hostname", self._hostname())]
        fixed += [("/run/.containerenv", b"")]
        if self.node.passwd_copied:
            user = container["securityContext"]["runAsUser"]
            fixed.append(
                (
                    "/etc/passwd",
                    f"root:x:0:0:root:/root:/bin/bash\n{user}:x:{user}:0::/:/sbin/nologin\n".encode(),
                )
            )
        for name, content in fixed:
            yield AgentRequest("CopyFileRequest", copies.of_file(self.node.agent, identifier, name, content))
        for mount in mounts:
            if mount.kind in ("file", "tree"):
                for one in copies.of_mount(self.node.agent, identifier, mount):
                    yield AgentRequest("CopyFileRequest", one)
        yield AgentRequest("CreateContainerRequest", self._container(container, mounts))
        yield from self._running(identifier)

    def _running(self, identifier: str) -> Iterator[AgentRequest]:
        yield AgentRequest("StartContainerRequest", {"container_id": identifier})
        stream = {"container_id": identifier, "exec_id": identifier, "len": 32768}
        yield from (
            AgentRequest("ReadStreamRequest", dict(stream)),
            AgentRequest("ReadStreamRequest", dict(stream)),
        )
        if identifier != self.id:
            yield self._wait(identifier)

    def _end(self, identifier: str, first: int | None = None) -> Iterator[AgentRequest]:
        """`first` is the signal that asks it to stop; one that ended by itself gets only the last."""
        for number in (first, int(signal.SIGKILL)):
            if number is not None:
                sent = {"container_id": identifier, "exec_id": "", "signal": number}
                yield from (AgentRequest("SignalProcessRequest", sent), self._wait(identifier))
        if identifier != self.id and self.node.agent != "3.25":
            yield AgentRequest(
                "GetDiagnosticDataRequest", {"container_id": identifier, "log_type": "termination_log"}
            )
        yield AgentRequest("RemoveContainerRequest", {"container_id": identifier, "timeout": 0})
        yield AgentRequest("RemoveStaleVirtiofsShareMountsRequest", {})

    def _wait(self, identifier: str) -> AgentRequest:
        return AgentRequest("WaitProcessRequest", {"container_id": identifier, "exec_id": identifier})

    def _sandbox(self) -> dict[str, Any]:
        memory = ("noexec", "nosuid", "nodev", "mode=1777", "size=67108864")
        return {
            "dns": [],
            "guest_hook_path": "",
            "hostname": self.pod["metadata"]["name"],
            "kernel_modules": [],
            "sandbox_id": self.id,
            "sandbox_pidns": bool(self.pod["spec"].get("shareProcessNamespace")),
            "storages": [
                spec.storage(self.node.agent, "ephemeral", "tmpfs", "shm", f"{spec.SANDBOX}/shm", memory)
            ],
        }

    def _pause(self) -> dict[str, Any]:
        security = map_in(self.pod["spec"], "securityContext")
        sysctls = {one["name"]: one["value"] for one in list_in(security, "sysctls")}
        given = oci_annotations.of_pause(self.pod, self.node)
        oci = spec.oci(
            self.pod,
            self.id,
            given,
            process.pause(),
            spec.of_pause(self.id),
            resources.linux(None),
            sysctls={"net.ipv4.ping_group_range": "0 2147483647", **sysctls},
            masked=False,
            read_only=True,
        )
        pull = spec.pull(self.node.agent, self.id, "pause", given)
        return spec.create(self.id, oci, [pull], shares_processes=False)

    def _container(self, container: Mapping[str, Any], mounts: Sequence[Mount]) -> dict[str, Any]:
        identifier = identity.container_id(self.pod, container["name"])
        image = self.images(container["image"])
        named = self._names(container["image"], image)
        given = oci_annotations.of_container(self.pod, container, named, mounts, self.node)
        read_only = bool(container["securityContext"].get("readOnlyRootFilesystem"))
        oci = spec.oci(
            self.pod,
            identifier,
            given,
            process.container(
                self.pod, container, image, self.node, resources.oom_score(self.pod, container)
            ),
            spec.of_container(
                self.id, identifier, mounts, read_only=read_only, passwd=self.node.passwd_copied
            ),
            resources.linux(container),
            sysctls={},
            masked=True,
            read_only=read_only,
        )
        pull = spec.pull(self.node.agent, identifier, named["ImageName"], given)
        # The shim goes over the volumes in memory first (handleEphemeralStorage, handleLocalStorage).
        kinds = sorted(
            (one for one in mounts if one.kind in ("memory", "disk")), key=lambda one: one.kind == "disk"
        )
        empty = [spec.empty_dir(self.node, self.pod, self.id, one) for one in kinds]
        once = list({one["mount_point"]: one for one in empty}.values())
        return spec.create(
            identifier,
            oci,
            [pull, *once],
            shares_processes=bool(self.pod["spec"].get("shareProcessNamespace")),
        )

    def _names(self, reference: str, image: LockedImage) -> dict[str, str]:
        """What CRI-O calls the image: a tag wins over a digest, whatever the pod says (crio internal/storage/image.go)."""
        repository, tag = _split(reference)
        digest = digest_of(reference)
        name = f"{repository}@{digest}" if digest else f"{repository}:{tag or 'latest'}"
        if repository in self.node.tags:
            name = f"{repository}:{self.node.tags[repository]}"
        manifest = f"{repository}@sha256:{identity.hexadecimal('manifest', image.digest)}"
        identifier = identity.hexadecimal("configuration", image.digest)
        return {
            "Image": identifier if self.node.by_id else manifest,
            "ImageName": name,
            "ImageRef": identifier,
            "ImageRepoDigests": f"{manifest},{repository}@{image.digest}",
            "stop": image.stop_signal,
        }

    def _resolv_conf(self) -> bytes:
        domain = "svc.cluster.local"
        search = f"{self.pod['metadata']['namespace']}.{domain} {domain} cluster.local"
        return f"search {search}\nnameserver {self.node.dns}\noptions ndots:5\n".encode()

    def _hostname(self) -> bytes:
        return f"{self.pod['metadata']['name']}\n".encode()


def _split(reference: str) -> tuple[str, str]:
    """Repository and tag of a reference; the tag is empty where it has none."""
    name = reference.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "")


def _signal(name: str) -> int:
    """An image's STOPSIGNAL, by name or number."""
    if name.isdigit():
        return int(name)
    return int(getattr(signal, name if name.startswith("SIG") else f"SIG{name}", signal.SIGTERM))
