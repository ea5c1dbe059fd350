"""Attacks on the request that creates a container, each of one field or one list."""

from dataclasses import replace

from tests.model.policy import life, parts
from tests.model.policy.changes import (
    Change,
    add_mount,
    changed,
    env,
    mount,
    namespaces,
    pull,
    storage,
    user,
    variable,
    without_mount,
)
from tests.model.policy.life import container_id
from tests.model.policy.parts import DEFAULT_PATH, SHARED
from tests.model.policy.recorded import Case
from tests.model.policy.shop import HELPER, PAUSE, POD, WEB


def on_containers() -> list[Case]:
    started = life.start(POD)
    changes: dict[str, tuple[int, Change]] = {
        "another user than the pinned": (WEB, lambda r: user(r, UID=2001)),
        "user 0": (WEB, lambda r: user(r, UID=0)),
        "a user below OpenShift's ranges": (HELPER, lambda r: user(r, UID=999)),
        "user 0 where OpenShift chooses": (HELPER, lambda r: user(r, UID=0)),
        "a user by name": (WEB, lambda r: user(r, Username="root")),
        "group 0 instead of the pinned": (WEB, lambda r: user(r, GID=0)),
        "a group besides": (WEB, lambda r: user(r, AdditionalGids=[3000, 4000, 5000, 6])),
        "a group of OpenShift's range where it is pinned": (WEB, lambda r: user(r, AdditionalGids=[1000690000])),
        "a writable root": (WEB, lambda r: r["OCI"]["Root"].update(Readonly=False)),
        "the value of the downward API": (WEB, lambda r: variable(r, "POD_NAME", "x;id")),
        "no variable of the downward API": (WEB, lambda r: variable(r, "POD_NAME", None)),
        "a longer name with its value": (WEB, lambda r: env(r).append("POD_NAME_X=web-0")),
        "TERM back to CRI-O's": (0, lambda r: env(r).append("TERM=xterm")),
        "PATH back to CRI-O's": (0, lambda r: env(r).append(DEFAULT_PATH)),
        "no PATH of CRI-O": (HELPER, lambda r: env(r).pop(0)),
        "another PATH first": (HELPER, lambda r: env(r).insert(0, "PATH=/scratch")),
        "HOSTNAME twice": (WEB, lambda r: env(r).append("HOSTNAME=other")),
        "a disk volume of another sandbox": (WEB, lambda r: mount(r, "/scratch", source=f"{SHARED}/{'00' * 32}/rootfs/local/scratch")),
        "a disk volume that the host fills": (WEB, lambda r: mount(r, "/scratch", source=f"{SHARED}/{container_id(1)}-{parts.HEX}-scratch")),
        "a writable disk volume": (WEB, lambda r: mount(r, "/scratch", options=["rbind", "rprivate", "rw", "bind"])),
        "a bind mount of a disk volume": (WEB, lambda r: mount(r, "/scratch", type_="bind")),
        "no ConfigMap": (WEB, lambda r: without_mount(r, "/etc/app")),
        "a ConfigMap elsewhere": (WEB, lambda r: mount(r, "/etc/app", destination="/app")),
        "a ConfigMap that is writable": (WEB, lambda r: mount(r, "/etc/app", options=["rbind", "rprivate", "rw", "bind"])),
        "another copy as ConfigMap": (WEB, lambda r: mount(r, "/etc/app", source=f"{SHARED}/{container_id(1)}-{parts.HEX}-hosts")),
        "a copy whose random part climbs": (WEB, lambda r: mount(r, "/etc/app", source=f"{SHARED}/{container_id(1)}-/../../../etc/app-app")),
        "resolv.conf writable on a read-only root": (WEB, lambda r: mount(r, "/etc/resolv.conf", options=["rw", "bind", "nodev", "nosuid", "noexec"])),
        "a disk volume with another mode": (WEB, lambda r: storage(r, "local", options=["mode=4777"])),
        "a disk volume without a mode": (WEB, lambda r: storage(r, "local", options=["fsgid=5000"])),
        "a disk volume with a third option": (WEB, lambda r: storage(r, "local", options=["mode=0777", "fsgid=5000", "x"])),
        "a disk volume with an option of another kind": (WEB, lambda r: storage(r, "local", options=["mode=0777", "x"])),
        "a disk volume of another source": (WEB, lambda r: storage(r, "local", source="/dev/sda")),
        "a disk volume of another file system": (WEB, lambda r: storage(r, "local", fstype="ext4")),
        "a disk volume of another driver": (WEB, lambda r: storage(r, "local", driver="blk")),
        "a disk volume with driver options": (WEB, lambda r: storage(r, "local", driver_options=["x"])),
        "a disk volume that is shared": (WEB, lambda r: storage(r, "local", shared=True)),
        "a disk volume elsewhere": (WEB, lambda r: storage(r, "local", mount_point=f"{SHARED}/{parts.SANDBOX}/rootfs/local/x")),
        "another group owns the volume": (WEB, lambda r: storage(r, "ephemeral", options=["fsgid=0"])),
        "a volume twice and another not": (WEB, lambda r: r["storages"].__setitem__(2, r["storages"][1])),
        "a sysctl's other value": (WEB, lambda r: r["OCI"]["Linux"]["Sysctl"].update({"net.ipv4.ip_unprivileged_port_start": "1"})),
        "a pull option without its name": (WEB, lambda r: pull(r).update(driver_options=[pull(r)["driver_options"][0].removeprefix("image_guest_pull=")])),
        "a memory volume of another driver": (WEB, lambda r: storage(r, "ephemeral", driver="blk")),
        "LD_PRELOAD as the second variable": (WEB, lambda r: env(r).__setitem__(1, "LD_PRELOAD=/etc/app/x.so")),
        "a variable that is only a value": (WEB, lambda r: env(r).append("web-1")),
        "an image of another file system": (WEB, lambda r: pull(r).update(fstype="ext4")),
        "a volume over programs": (WEB, lambda r: add_mount(r, "/usr/bin", "bin")),
        "a volume at a relative path": (WEB, lambda r: add_mount(r, "bin", "bin")),
        "a volume at a path that climbs": (WEB, lambda r: add_mount(r, "/x/..", "..")),
        "a volume of the sandbox": (PAUSE, lambda r: add_mount(r, "/x", "x")),
        "a volume that climbs": (WEB, lambda r: (storage(r, "ephemeral", mount_point=f"{parts.EPHEMERAL}/.."), without_mount(r, "/data"))),
        "CRI-O's annotation says sandbox": (
            WEB,
            lambda r: r["OCI"]["Annotations"].update({"io.kubernetes.cri-o.ContainerType": "sandbox"}),
        ),
        "a namespace twice instead of another": (WEB, lambda r: namespaces(r)[2].update(Type="ipc")),
        "a namespace twice": (WEB, lambda r: namespaces(r).append({"Type": "ipc", "Path": ""})),
        "a namespace of another process": (WEB, lambda r: namespaces(r)[0].update(Path="/proc/1/ns/ipc")),
        "the pod's network as mount namespace": (WEB, lambda r: namespaces(r)[2].update(Path="/run/netns/podns")),
        "no /proc": (WEB, lambda r: without_mount(r, "/proc")),
        "a copy as /proc": (WEB, lambda r: mount(r, "/proc", source=f"{SHARED}/{container_id(1)}-{parts.HEX}-proc")),
        "a memory volume as /proc": (WEB, lambda r: mount(r, "/proc", source=f"{parts.EPHEMERAL}/proc")),
        "a disk volume as /proc": (WEB, lambda r: mount(r, "/proc", source=f"{SHARED}/{parts.SANDBOX}/rootfs/local/proc")),
        "the word for a copy as source": (WEB, lambda r: mount(r, "/etc/hosts", source="copy:hosts")),
        "a relative source": (WEB, lambda r: mount(r, "/etc/hosts", source=f"{parts.HEX}-hosts")),
        "a source whose random part climbs": (WEB, lambda r: mount(r, "/etc/hosts", source=f"{SHARED}/{container_id(1)}-/../../../../../-hosts")),
        "hooks": (WEB, lambda r: r["OCI"].update(Hooks={"Prestart": []})),
        "a short id": (WEB, lambda r: r.update(container_id="image")),
        "another root": (WEB, lambda r: r["OCI"]["Root"].update(Path="/")),
        "unpacked elsewhere": (WEB, lambda r: storage(r, "image_guest_pull", mount_point="/run/x")),
        "another type says containerd": (WEB, lambda r: r["OCI"]["Annotations"].update({"io.kubernetes.cri.container-type": "sandbox"})),
        "a port for input": (WEB, lambda r: r.update(stdin_port=5)),
        "a shared mount": (WEB, lambda r: r.update(shared_mounts=[{"name": "x"}])),
        "an AppArmor profile": (WEB, lambda r: r["OCI"]["Process"].update(ApparmorProfile="unconfined")),
        "cache partitions": (WEB, lambda r: r["OCI"]["Linux"].update(IntelRdt={})),
        "mapped users": (WEB, lambda r: r["OCI"]["Linux"].update(UIDMappings=[{}])),
        "a network class": (WEB, lambda r: r["OCI"]["Linux"]["Resources"].update(Network={})),
        "a strange cgroup": (WEB, lambda r: r["OCI"]["Linux"].update(CgroupsPath="/a b")),
    }  # fmt: skip
    writable = replace(POD.containers[WEB], read_only_root=False)
    whole = {
        "an id that is a directory of the agent": life.container(POD, WEB, "image"),
        "a writable root and its mounts": life.container(replace(POD, containers=(writable,)), 0, "ab" * 32),
    }
    return [
        *(
            Case(f"container: {name}", False, [*started[: number + 2], changed(started[number + 2], change)])
            for name, (number, change) in changes.items()
        ),
        *(Case(f"container: {name}", False, [*started[:-1], request]) for name, request in whole.items()),
    ]
