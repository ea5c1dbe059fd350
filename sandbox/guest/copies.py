"""CopyFile requests: the shim brings every file that a container mounts to the guest, which shares no file system with the node.

Source: kata src/runtime/virtcontainers/fs_share_linux.go. `dir_mode` is Go's mode of a directory with 0750.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.guest import identity
from sandbox.guest.node import AgentLine
from sandbox.guest.volumes import STAMP, Mount

SHARED = "/run/kata-containers/shared/containers"
REGULAR, DIRECTORY, SYMLINK = 0o100644, 0o40755, 0o120777
_DIR_MODE = (1 << 31) | 0o750
_TYPES = {0o100000: "Regular", 0o40000: "Directory", 0o120000: "Symlink"}


def target(container: str, destination: str) -> str:
    """Where the guest will find what is mounted at `destination`: container id, 16 hexadecimal digits and the last part of the path."""
    mark = identity.hexadecimal("copy", container, destination, length=16)
    return f"{SHARED}/{container}-{mark}-{destination.rstrip('/').rpartition('/')[2]}"


def of_file(agent: AgentLine, container: str, destination: str, content: bytes) -> dict[str, Any]:
    return copy(agent, target(container, destination), REGULAR, content)


def of_mount(agent: AgentLine, container: str, mount: Mount) -> Iterator[dict[str, Any]]:
    """The inputs, in the order in which the shim walks a tree: names sorted, a directory before what is in it."""
    root = target(container, mount.destination)
    if mount.kind == "file":
        yield copy(agent, root, REGULAR, mount.files[""])
        return
    yield copy(agent, root, DIRECTORY)
    if not mount.written:
        yield from _tree(agent, root, mount.files)
        return
    tops = {path.partition("/")[0] for path in mount.files}
    yield copy(agent, f"{root}/{STAMP}", DIRECTORY)
    yield from _tree(agent, f"{root}/{STAMP}", mount.files)
    links = {"..data": STAMP, **{name: f"..data/{name}" for name in tops}}
    for name in sorted(links):
        yield copy(agent, f"{root}/{name}", SYMLINK, links[name].encode())


def copy(agent: AgentLine, path: str, mode: int, content: bytes = b"") -> dict[str, Any]:
    """One request as the policy of that agent sees it. `content` is the target where `mode` is a symlink's."""
    size = len(content) if mode == REGULAR else 0
    common = {
        "dir_mode": _DIR_MODE,
        "file_mode": mode,
        "file_size": size,
        "gid": 0,
        "offset": 0,
        "path": path,
        "uid": 0,
    }
    if agent == "3.25":
        return {**common, "data": list(content)}
    link = content.decode() if mode == SYMLINK else None
    return {**common, "file_type": _TYPES[mode & 0o170000], "symlink_target": link}


def _tree(agent: AgentLine, root: str, files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    directories = {"/".join(path.split("/")[:end]) for path in files for end in range(1, path.count("/") + 1)}
    for path in sorted({*files, *directories}, key=lambda path: path.split("/")):
        if path in files:
            yield copy(agent, f"{root}/{path}", REGULAR, files[path])
        else:
            yield copy(agent, f"{root}/{path}", DIRECTORY)
