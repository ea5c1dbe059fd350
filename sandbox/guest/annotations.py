"""`OCI.Annotations`: the pod's own, the kubelet's, CRI-O's and the shim's.

Sources: crio internal/factory/container/container.go and server/sandbox_run_linux.go; kata src/runtime/pkg/oci/utils.go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.guest import identity, resources
from sandbox.guest.node import Node
from sandbox.guest.volumes import Mount

INITDATA = "io.katacontainers.config.hypervisor.cc_init_data"
"""The shim keeps it to itself: it is in the metadata of the pull alone."""
_CRIO, _KUBERNETES = "io.kubernetes.cri-o", "io.kubernetes"
_STORAGE = "/run/containers/storage/overlay-containers"
_CREATED = "2026-01-01T00:00:00.000000000Z"


class Names:
    """What CRI-O and the kubelet call the pod and one of its containers."""

    def __init__(self, pod: Mapping[str, Any], container: str) -> None:
        metadata = pod["metadata"]
        self.pod, self.namespace, self.uid = metadata["name"], metadata["namespace"], identity.uid(pod)
        self.container = container
        self.id, self.sandbox = identity.container_id(pod, container), identity.container_id(pod, "POD")
        self.restarts = identity.restarts(pod, container)
        pod_name = f"{self.pod}_{self.namespace}_{self.uid}"
        self.of_sandbox, self.of_container = (
            f"k8s_{pod_name}_0",
            f"k8s_{container}_{pod_name}_{self.restarts}",
        )
        self.logs = f"/var/log/pods/{self.namespace}_{self.pod}_{self.uid}"

    def userdata(self, identifier: str) -> str:
        return f"{_STORAGE}/{identifier}/userdata"

    def labels(self) -> dict[str, str]:
        return {
            f"{_KUBERNETES}.container.name": self.container,
            f"{_KUBERNETES}.pod.name": self.pod,
            f"{_KUBERNETES}.pod.namespace": self.namespace,
            f"{_KUBERNETES}.pod.uid": self.uid,
        }


def of_pause(pod: Mapping[str, Any], node: Node) -> dict[str, str]:
    names, labels = Names(pod, "POD"), dict(pod["metadata"].get("labels") or {})
    everything = {**labels, **names.labels()}
    own = _of_pod(pod)
    state, network = (
        names.userdata(names.id),
        f"/var/run/netns/{identity.hexadecimal('netns', names.uid, length=32)}",
    )
    crio = {
        "Annotations": _json(own),
        "CNIResult": _json({"cniVersion": "1.1.0", "ips": [{"address": f"{node.pod_ip}/24"}]}),
        "CgroupParent": resources.cgroup_parent(pod),
        "ContainerName": f"k8s_POD_{names.of_sandbox.removeprefix('k8s_')}",
        "HostName": names.pod,
        "HostNetwork": "false",
        "HostnamePath": f"{state}/hostname",
        "Image": node.pause_image,
        "ImageName": node.pause_image,
        "KubeName": names.pod,
        "Labels": _json(everything),
        "LogPath": f"{names.logs}/{names.id}.log",
        "Metadata": _json({"name": names.pod, "namespace": names.namespace, "uid": names.uid}),
        "Name": names.of_sandbox,
        "Namespace": names.namespace,
        "NamespaceOptions": _json({"pid": 0 if pod["spec"].get("shareProcessNamespace") else 1}),
        "PodLinuxOverhead": "{}",
        "PodLinuxResources": _json(resources.of_pod(pod)),
        "PortMappings": "[]",
        "PrivilegedRuntime": "false",
        "RuntimeHandler": "kata-remote",
        "ShmPath": f"{state}/shm",
    }
    return {
        **own,
        **everything,
        **_shared(names, "sandbox", crio),
        "nerdctl/network-namespace": network,
    }


def of_container(
    pod: Mapping[str, Any],
    spec: Mapping[str, Any],
    image: Mapping[str, str],
    mounts: Sequence[Mount],
    node: Node,
) -> dict[str, str]:
    """`image` holds what CRI-O says of it: Image, ImageName, ImageRef, ImageRepoDigests, and the stop signal if it has one."""
    names = Names(pod, spec["name"])
    kubelet = {
        f"{_KUBERNETES}.container.hash": identity.hexadecimal("hash", names.id, length=8),
        f"{_KUBERNETES}.container.restartCount": str(names.restarts),
        f"{_KUBERNETES}.container.terminationMessagePath": spec.get(
            "terminationMessagePath", "/dev/termination-log"
        ),
        f"{_KUBERNETES}.container.terminationMessagePolicy": spec.get("terminationMessagePolicy", "File"),
        f"{_KUBERNETES}.pod.terminationGracePeriod": str(
            pod["spec"].get("terminationGracePeriodSeconds", 30)
        ),
    }
    if ports := spec.get("ports"):
        written = [
            {
                "name": one.get("name"),
                "containerPort": one["containerPort"],
                "protocol": one.get("protocol", "TCP"),
            }
            for one in ports
        ]
        kubelet[f"{_KUBERNETES}.container.ports"] = _json(
            [{key: value for key, value in one.items() if value is not None} for one in written]
        )
    crio = {
        "Annotations": _json(kubelet),
        "IP.0": node.pod_ip,
        **{key: value for key, value in image.items() if key.startswith("Image")},
        "Labels": _json(names.labels()),
        "LogPath": f"{names.logs}/{names.container}/{names.restarts}.log",
        "Metadata": _json(
            {"name": names.container, **({"attempt": names.restarts} if names.restarts else {})}
        ),
        "Name": names.of_container,
        "PlatformRuntimePath": "",
        "Stdin": str(bool(spec.get("stdin"))).lower(),
        "StdinOnce": str(bool(spec.get("stdinOnce"))).lower(),
        "TTY": str(bool(spec.get("tty"))).lower(),
        "Volumes": _json([_volume(one) for one in mounts if one.of_kubelet]),
    }
    stop = {"org.opencontainers.image.stopSignal": image["stop"]} if image.get("stop") else {}
    return {**_of_pod(pod), **kubelet, **names.labels(), **_shared(names, "container", crio), **stop}


def pulled(annotations: Mapping[str, str]) -> str:
    """The one `driver_options` entry of a guest pull: all annotations, initdata too, names sorted."""
    text = json.dumps(
        {"metadata": dict(annotations)}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return f"image_guest_pull={text}"


def seen(annotations: Mapping[str, str]) -> dict[str, str]:
    """What the shim passes on in the OCI part."""
    return {key: annotations[key] for key in sorted(annotations) if key != INITDATA}


def _of_pod(pod: Mapping[str, Any]) -> dict[str, str]:
    kubelet = {"kubernetes.io/config.seen": _CREATED, "kubernetes.io/config.source": "api"}
    return {**kubelet, **(pod["metadata"].get("annotations") or {})}


def _shared(names: Names, kind: str, crio: Mapping[str, str]) -> dict[str, str]:
    """What sandbox and containers have alike."""
    common = {
        "ContainerID": names.id,
        "ContainerType": kind,
        "Created": _CREATED,
        "MountPoint": f"/var/lib/containers/storage/overlay/{identity.hexadecimal('layer', names.id)}/merged",
        "ResolvPath": f"{names.userdata(names.sandbox)}/resolv.conf",
        "SandboxID": names.sandbox,
        "SandboxName": names.of_sandbox,
        "SeccompProfilePath": "",
    }
    return {
        **{f"{_CRIO}.{key}": value for key, value in {**common, **crio}.items()},
        "io.container.manager": "cri-o",
        "io.katacontainers.pkg.oci.bundle_path": names.userdata(names.id),
        "io.katacontainers.pkg.oci.container_type": f"pod_{kind}",
    }


def _volume(mount: Mount) -> dict[str, Any]:
    return {
        "container_path": mount.destination,
        "host_path": mount.host_path,
        "readonly": mount.read_only,
        "recursive_read_only": False,
        "propagation": 0,
        "selinux_relabel": False,
    }


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
