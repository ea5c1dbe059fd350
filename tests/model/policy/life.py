"""The requests of a pod's life, as a kata shim on OpenShift makes them of pins: enough of each field for a policy to judge.

Written after the recordings that `recorded` reads; what CRI-O really makes of a pod is modelled in the sandbox.
"""

from typing import Any

from model.policy.pins import ContainerPins, PodPins
from tests.model.policy import parts
from tests.model.policy.parts import DEFAULT_PATH, FS_GROUP, HEX, KUBERNETES, SANDBOX, SHARED, UID
from tests.model.policy.recorded import Request


def container_id(number: int) -> str:
    return f"{number + 1:02x}" * 32


def sandbox() -> Request:
    shm = parts.storage(
        driver="ephemeral",
        source="shm",
        fstype="tmpfs",
        mount_point="/run/kata-containers/sandbox/shm",
        options=["noexec", "nosuid", "nodev", "mode=1777", "size=67108864"],
    )
    return Request(
        "CreateSandboxRequest",
        {
            "hostname": "web-0",
            "dns": [],
            "storages": [shm],
            "sandbox_pidns": False,
            "sandbox_id": SANDBOX,
            "guest_hook_path": "",
            "kernel_modules": [],
        },
    )


def pause() -> Request:
    mounts = [
        *parts.kernel_mounts(),
        parts.copied(SANDBOX, "/etc/resolv.conf", "resolv.conf", "ro", "bind", "nodev", "nosuid", "noexec"),
        parts.copied(SANDBOX, "/etc/hostname", "hostname", "ro", "bind", "nodev", "nosuid", "noexec"),
    ]
    process = parts.process(
        ["/pause"], "/", [DEFAULT_PATH, "TERM=xterm"], {"UID": 0, "GID": 0, "AdditionalGids": []}
    )
    process["NoNewPrivileges"] = False
    sysctls = {"net.ipv4.ping_group_range": "0 2147483647"}
    return parts.create(SANDBOX, "sandbox", "pause", process, mounts, [], True, sysctls)


def container(pod: PodPins, number: int, id_: str = "") -> Request:
    """The request for the container of that number, with what OpenShift chooses where the pins leave it open."""
    pins = pod.containers[number]
    id_ = id_ or container_id(number)
    access = "ro" if pins.read_only_root else "rw"
    mounts = [
        *parts.kernel_mounts(),
        parts.mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        parts.copied(id_, "/etc/resolv.conf", "resolv.conf", access, "bind", "nodev", "nosuid", "noexec"),
        parts.copied(id_, "/etc/hostname", "hostname", access, "bind"),
        parts.copied(id_, "/run/.containerenv", ".containerenv", access, "bind"),
        parts.copied(id_, "/etc/passwd", "passwd", "rw", "bind", "nodev", "nosuid", "noexec"),
        parts.copied(id_, "/etc/hosts", "hosts", "rbind", "rprivate", "rw", "bind"),
        parts.copied(id_, "/dev/termination-log", "termination-log", "rbind", "rprivate", "rw", "bind"),
        parts.copied(id_, "/run/secrets", "secrets", "bind", "rprivate", "bind"),
        *(parts.volume_mount(id_, mount) for mount in pins.mounts),
    ]
    fs_group = FS_GROUP if pod.fs_group is None else pod.fs_group
    group = pins.group or 0
    user = {
        "UID": UID if pins.user is None else pins.user,
        "GID": group,
        "AdditionalGids": [group, *pins.supplemental_groups, fs_group],
    }
    process = parts.process(list(pins.arguments), pins.working_directory, environment(pins), user)
    volumes = {mount.volume: mount.kind for mount in pins.mounts if mount.kind in ("memory", "disk")}
    storages = [parts.volume(name, kind, fs_group) for name, kind in volumes.items()]
    source = f"quay.io/ours/{pins.name}@{pins.digest}"
    return parts.create(id_, "container", source, process, mounts, storages, pins.read_only_root, {})


def environment(pins: ContainerPins) -> list[str]:
    cluster = {"POD_NAME": "web-0", "POD_IP": "10.128.2.15"}
    return [
        DEFAULT_PATH,
        "TERM=xterm",
        "HOSTNAME=web-0",
        "NSS_SDB_USE_CACHE=no",
        *KUBERNETES,
        *(f"{name}={value}" for name, value in pins.environment),
        *(f"{name}={cluster[name]}" for name, _ in pins.environment_patterns),
    ]


def start(pod: PodPins) -> list[Request]:
    """All that creates the pod."""
    return [sandbox(), pause(), *(container(pod, number) for number in range(len(pod.containers)))]


def copy(name: str, mode: int = 0o100644, **fields: Any) -> Request:
    """What newer agents show of a CopyFile for the first container; `name` follows the random part."""
    kinds = {0o100000: "Regular", 0o040000: "Directory", 0o120000: "Symlink"}
    request = {
        "path": f"{SHARED}/{container_id(0)}-{HEX}-{name}",
        "file_size": 0,
        "file_mode": mode,
        "dir_mode": 488,
        "uid": 0,
        "gid": 0,
        "offset": 0,
        "file_type": kinds.get(mode & 0o170000, "Unknown"),
        "symlink_target": None,
    }
    return Request("CopyFileRequest", request | fields)


def link(name: str, target: str) -> Request:
    return copy(name, 0o120777, symlink_target=target)


def old_link(name: str, target: str) -> Request:
    """As agents before 3.29 show it: raw, with the target as bytes."""
    request = link(name, "").input
    del request["file_type"], request["symlink_target"]
    return Request("CopyFileRequest", {**request, "data": list(target.encode())})


def execute(pod: PodPins, number: int, command: list[str]) -> Request:
    """As the shim asks: the container's own process with other arguments, and no word about capabilities."""
    process = container(pod, number).input["OCI"]["Process"] | {"Args": command, "Capabilities": None}
    request = {
        "container_id": container_id(number),
        "exec_id": "ee" * 32,
        "string_user": None,
        "process": process,
    }
    return Request("ExecProcessRequest", request)
