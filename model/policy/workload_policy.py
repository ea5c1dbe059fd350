"""The agent policy of one workload: the containers that its pod is made of, each pinned, and nothing else.

Here, and in `rego/`, is what CRI-O 1.33 and the kata shim make of a pod: see the comments there.
"""

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from model.policy.compose import DATA, PolicyError, body, module
from model.policy.pins import ContainerPins, MountPins, PodPins

# The network's name rules for a registry and a repository; what matters is that the digest ends the reference.
_REPOSITORY: Final = "[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+"
_SYSCTLS: Final = {"net.ipv4.ping_group_range": "0 2147483647"}  # CRI-O's on OpenShift, for every pod
_SPOKE: Final = "# spoke <spoke>"
_SPOKE_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,98}[a-z0-9])?")
_COPIED: Final = ("configMap", "secret", "projected", "downwardAPI")


def render_workload(pins: PodPins) -> str:
    """The policy as Rego, the same bytes for the same pins, with an empty place for the spoke's name (`for_spoke`).

    Raises PolicyError, with all that is wrong in one message.
    """
    if mistakes := _mistakes(pins):
        raise PolicyError(" ".join(mistakes))
    data: dict[str, Any] = {
        "workload": pins.workload,
        "granted": ["ReadStreamRequest"] if pins.read_logs else [],
        "containers": [_container(pins, number) for number in range(len(pins.containers))],
        "sysctls": {**_SYSCTLS, **dict(pins.sysctls)},
        "fs_group": pins.fs_group,
        "fsgid": "^fsgid=[0-9]+$" if pins.fs_group is None else f"^fsgid={pins.fs_group}$",
    }
    commands = any(container.exec_commands for container in pins.containers)
    parts = (*(("exec", "exec_workload") if commands else ()), "workload")
    return f"{_SPOKE}\n" + module(parts, data["granted"], data)


def for_spoke(text: str, spoke: str) -> str:
    """The policy as the pods of `spoke` (the name of its stack) are measured with it. Raises PolicyError.

    `text` may be the policy or a document around it; it must have exactly one place for the name.
    """
    if not _SPOKE_NAME.fullmatch(spoke):
        raise PolicyError(
            f"The spoke's name {spoke!r} cannot be measured: use lower case letters, digits and '-', at most 100 of them."
        )
    if (places := text.count(f"{_SPOKE}\n")) != 1:
        raise PolicyError(f"The policy has {places} places for a spoke's name and needs exactly one.")
    return text.replace(f"{_SPOKE}\n", f"# spoke {spoke}\n")


def read_workload(text: str) -> PodPins | None:
    """Pins whose policy `text` is, byte for byte but for the spoke's name; None where it is no such policy.

    What does not change the policy is made up: names of volumes that are copied, whose kind is said to be configMap.
    """
    _, found, data = text.partition(DATA)
    try:
        pins = _pins(json.loads(data)) if found else None
        return pins if pins and body(render_workload(pins)) == body(text) else None
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


def _pins(data: dict[str, Any]) -> PodPins:
    init = data["containers"][-1]["after"]
    return PodPins(
        workload=data["workload"],
        containers=tuple(_container_pins(one, init=one["name"] in init) for one in data["containers"]),
        sysctls=tuple(data["sysctls"].items()),
        fs_group=data["fs_group"],
        read_logs="ReadStreamRequest" in data["granted"],
    )


def _container_pins(one: dict[str, Any], *, init: bool) -> ContainerPins:
    return ContainerPins(
        name=one["name"],
        init=init,
        digest=one["image"].removesuffix("$").rpartition("@")[2],
        arguments=tuple(one["args"]),
        working_directory=one["cwd"],
        environment=tuple((name, value) for name, _, value in (text.partition("=") for text in one["env"])),
        environment_patterns=tuple((name, text[2:-2]) for name, text in one["patterns"].items()),
        user=one["uid"],
        group=one["gid"],
        supplemental_groups=tuple(one["groups"]),
        read_only_root=one["readonly"],
        mounts=tuple(_mount_pins(mount, one["files"]) for mount in one["mounts"]),
        exec_commands=tuple(tuple(command) for command in one["commands"]),
        stop_signal=one["signal"],
    )


def _mount_pins(mount: dict[str, Any], files: list[str]) -> MountPins:
    kind, _, name = mount["source"].partition(":")
    copied = kind == "copy"
    return MountPins(
        path=mount["destination"],
        volume="copied" if copied else name,
        kind="configMap" if copied else kind,
        read_only="ro" in mount["options"],
        sub_path=name if copied and name in files else "",
    )


def _container(pins: PodPins, number: int) -> dict[str, Any]:
    container = pins.containers[number]
    # The policy cannot see that an init container has ended, only that it was created.
    before = pins.containers[:number] if container.init else pins.containers
    group = container.group or 0
    groups = {0, group, *container.supplemental_groups, *((pins.fs_group,) if pins.fs_group else ())}
    return {
        "name": container.name,
        "type": "container",
        "after": ["pause", *(one.name for one in before if one.init)],
        "image": f"^{_REPOSITORY}@{container.digest}$",
        "args": list(container.arguments),
        "cwd": container.working_directory,
        "env": [f"{name}={value}" for name, value in container.environment],
        "patterns": {name: f"^({pattern})$" for name, pattern in container.environment_patterns},
        "uid": container.user,
        "gid": group,
        "groups": sorted(groups),
        "readonly": container.read_only_root,
        "memory": _volumes(container, "memory"),
        "disk": _volumes(container, "disk"),
        "mounts": [_mount(mount) for mount in container.mounts],
        "files": sorted(
            {_base(mount) for mount in container.mounts if mount.kind in _COPIED and mount.sub_path}
        ),
        "trees": sorted({_base(mount) for mount in container.mounts if mount.kind in _COPIED}),
        "commands": [list(command) for command in container.exec_commands],
        "signal": container.stop_signal,
    }


def _volumes(container: ContainerPins, kind: str) -> list[str]:
    return list(dict.fromkeys(mount.volume for mount in container.mounts if mount.kind == kind))


def _mount(mount: MountPins) -> dict[str, Any]:
    return {
        "destination": mount.path,
        "type": "local" if mount.kind == "disk" else "bind",
        "source": f"copy:{_base(mount)}" if mount.kind in _COPIED else f"{mount.kind}:{mount.volume}",
        "options": ["rbind", "rprivate", "ro" if mount.read_only else "rw", "bind"],
    }


def _base(mount: MountPins) -> str:
    return PurePosixPath(mount.path).name


def _mistakes(pins: PodPins) -> list[str]:
    names = [container.name for container in pins.containers]
    found = [
        f"Two containers are named {name}." for name in sorted({one for one in names if names.count(one) > 1})
    ]
    if not any(not container.init for container in pins.containers):
        found.append(f"Workload {pins.workload} has no container besides init containers.")
    if any(
        late.init and not early.init
        for early, late in zip(pins.containers, pins.containers[1:], strict=False)
    ):
        found.append("Init containers must come before the others.")
    for container in pins.containers:
        found += [f"Container {container.name}: {mistake}" for mistake in _container_mistakes(container)]
    return found


def _container_mistakes(container: ContainerPins) -> list[str]:
    found: list[str] = []
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", container.name) or container.name == "pause":
        found.append("its name must be a DNS label and not pause.")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", container.digest):
        found.append(f"the digest {container.digest!r} must be sha256: and 64 hex digits.")
    if not container.arguments:
        found.append("it has no arguments: give a command, or an image that has an entrypoint.")
    if not container.working_directory.startswith("/"):
        found.append(f"the working directory {container.working_directory!r} must be absolute.")
    if container.user == 0:
        found.append("user 0 would have all capabilities: choose another user.")
    found += _environment_mistakes((*container.environment, *container.environment_patterns))
    for name, pattern in container.environment_patterns:
        if not _compiles(pattern):
            found.append(f"the pattern of {name} is no regular expression.")
    if any(not command for command in container.exec_commands):
        found.append("a listed command is empty: write the exact arguments.")
    found += [mistake for mount in container.mounts for mistake in _mount_mistakes(mount)]
    paths = [mount.path for mount in container.mounts]
    found += [f"{path} is mounted twice." for path in sorted({one for one in paths if paths.count(one) > 1})]
    return found


def _environment_mistakes(variables: Sequence[tuple[str, str]]) -> list[str]:
    names = [name for name, _ in variables]
    found = [
        f"variable {name} is set twice." for name in sorted({one for one in names if names.count(one) > 1})
    ]
    return found + [
        f"{name!r} is no name of a variable." for name in names if not re.fullmatch(r"[^=\0]+", name)
    ]


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _mount_mistakes(mount: MountPins) -> list[str]:
    found: list[str] = []
    if not re.fullmatch(r"(/[^/:\0]+)+", mount.path) or {".", ".."} & set(mount.path.split("/")):
        found.append(
            f"the mount path {mount.path!r} must be absolute, without '.', '..', ':' and a slash at its end."
        )
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", mount.volume):
        found.append(f"the volume's name {mount.volume!r} must be a DNS label.")
    if mount.sub_path and mount.kind not in _COPIED:
        found.append(
            f"subPath below {mount.path}: the host would copy its own content there instead of volume {mount.volume}."
        )
    if mount.kind in _COPIED and _base(mount) in _TAKEN:
        found.append(f"{mount.path} must not end in {_base(mount)}, the name of a file that CRI-O mounts.")
    return found


_TAKEN: Final = frozenset(
    ("hosts", "hostname", "resolv.conf", "termination-log", ".containerenv", "passwd", "secrets")
)
