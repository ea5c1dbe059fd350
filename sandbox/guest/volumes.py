"""What the kubelet mounts into a container, in the order in which CRI-O mounts it, and the content that the shim will copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.guest import identity
from sandbox.guest.node import Node
from sandbox.shapes import list_in, map_in

Kind = Literal["file", "tree", "memory", "disk"]
STAMP = "..2026_11_25_22_00_00.123456789"
"""The directory that the kubelet's atomic writer makes, and `..data` points to."""
_DIRECTORIES = {
    "emptyDir": "empty-dir",
    "configMap": "configmap",
    "secret": "secret",
    "projected": "projected",
    "downwardAPI": "downward-api",
}


@dataclass(frozen=True, kw_only=True)
class Mount:
    """One bind mount of the CRI request.

    ``kind``: a file or tree is copied to the guest; memory and disk are emptyDirs, which the guest makes itself. ``files``: by path
    below the mount; a single file's is empty. ``written``: whether the kubelet's atomic writer made the tree, links and all.
    """

    destination: str
    host_path: str
    kind: Kind
    read_only: bool = False
    volume: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    written: bool = False
    of_kubelet: bool = True


def mounts(pod: Mapping[str, Any], container: Mapping[str, Any], node: Node) -> list[Mount]:
    """Volumes, /etc/hosts, the termination log and the node's subscription data; the fewer parts a path has, the earlier."""
    found = [*_of_pod(pod, container, node), *_of_kubelet(pod, container, node)]
    if node.subscription:
        found.append(
            Mount(
                destination="/run/secrets",
                host_path="/run/secrets",
                kind="tree",
                files=node.subscription,
                of_kubelet=False,
            )
        )
    return sorted(found, key=lambda one: one.destination.rstrip("/").count("/"))


def _of_pod(pod: Mapping[str, Any], container: Mapping[str, Any], node: Node) -> Iterator[Mount]:
    volumes: dict[str, dict[str, Any]] = {one["name"]: one for one in list_in(pod["spec"], "volumes")}
    root = f"/var/lib/kubelet/pods/{identity.uid(pod)}"
    for mount in list_in(container, "volumeMounts"):
        volume, sub_path = volumes[mount["name"]], mount.get("subPath", "")
        source = next((key for key in volume if key != "name"), "emptyDir")
        path = f"{root}/volumes/kubernetes.io~{_DIRECTORIES.get(source, source.lower())}/{volume['name']}"
        files = _content(pod, source, map_in(volume, source), node)
        kind: Kind = "tree"
        if sub_path:
            path = f"{root}/volume-subpaths/{volume['name']}/{container['name']}"
            kind = "file" if sub_path in files else "tree"
            files = {"": files[sub_path]} if sub_path in files else {}
        elif source == "emptyDir":
            settings = map_in(volume, source)
            kind = "memory" if settings.get("medium") == "Memory" else "disk"
        yield Mount(
            destination=mount["mountPath"],
            host_path=path,
            kind=kind,
            read_only=bool(mount.get("readOnly"))
            or source in ("configMap", "secret", "projected", "downwardAPI"),
            volume=volume["name"],
            files=files,
            written=kind == "tree" and source in _DIRECTORIES and source != "emptyDir" and not sub_path,
        )


def _of_kubelet(pod: Mapping[str, Any], container: Mapping[str, Any], node: Node) -> Iterator[Mount]:
    root = f"/var/lib/kubelet/pods/{identity.uid(pod)}"
    hosts = (
        f"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n{node.pod_ip}\t{pod['metadata']['name']}\n"
    )
    yield Mount(
        destination="/etc/hosts", host_path=f"{root}/etc-hosts", kind="file", files={"": hosts.encode()}
    )
    log = f"{root}/containers/{container['name']}/{identity.hexadecimal('log', root, length=8)}"
    yield Mount(
        destination=container.get("terminationMessagePath", "/dev/termination-log"),
        host_path=log,
        kind="file",
        files={"": b""},
    )


def _content(pod: Mapping[str, Any], source: str, named: Mapping[str, Any], node: Node) -> dict[str, bytes]:
    match source:
        case "configMap":
            return _items(node.files.get(("ConfigMap", named.get("name", "")), {}), named)
        case "secret":
            name = named.get("secretName") or named.get("name", "")
            return _items(node.files.get(("Secret", name), {}), named)
        case "downwardAPI":
            return {
                item["path"]: pod["metadata"].get("namespace", "").encode()
                for item in list_in(named, "items")
            }
        case "projected":
            found: dict[str, bytes] = {}
            for one in list_in(named, "sources"):
                if token := one.get("serviceAccountToken"):
                    found[token["path"]] = b"eyJ"
                for key in ("configMap", "secret", "downwardAPI"):
                    if key in one:
                        found |= _content(pod, key, one[key], node)
            return found
        case _:
            return {}


def _items(content: Mapping[str, bytes], named: Mapping[str, Any]) -> dict[str, bytes]:
    """All keys, or those that `items` picks under the paths that it gives them."""
    items = named.get("items")
    if not items:
        return dict(content)
    return {item["path"]: content.get(item["key"], b"") for item in items}
