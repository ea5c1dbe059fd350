"""Attacks that the recorded cases leave out, above all on powers and kinds of volume that the recorded pod has not.

Each is a list of requests of which the last is bad. `GOOD` are honest ones beside them.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from model.digests import ImageDigest
from model.policy.pins import ContainerPins, MountPins, PodPins
from tests.model.policy import life
from tests.model.policy.life import DEFAULT_PATH, SHARED, container_id
from tests.model.policy.recorded import Case, Request

DIGESTS = tuple(ImageDigest(f"sha256:{digit * 64}") for digit in "abc")
POD = PodPins(
    workload="shop",
    containers=(
        ContainerPins(
            name="migrate",
            init=True,
            digest=DIGESTS[0],
            arguments=("/app/migrate", "--all"),
            working_directory="/app",
            environment=(("PATH", "/app/bin:/usr/bin"), ("TERM", "dumb")),
            mounts=(MountPins(path="/scratch", volume="scratch", kind="disk", read_only=False),),
        ),
        ContainerPins(
            name="web",
            init=False,
            digest=DIGESTS[1],
            arguments=("/app/web", 'a "b" \\ $(c)\né'),
            working_directory="/app",
            environment=(("MODE", "production"),),
            environment_patterns=(("POD_NAME", "[a-z0-9.-]+"),),
            user=2000,
            group=3000,
            supplemental_groups=(4000,),
            read_only_root=True,
            mounts=(
                MountPins(path="/data", volume="data", kind="memory", read_only=False),
                MountPins(path="/scratch", volume="scratch", kind="disk", read_only=True),
                MountPins(path="/etc/app", volume="settings", kind="configMap", read_only=True),
                MountPins(
                    path="/etc/one.conf", volume="one", kind="configMap", read_only=True, sub_path="one"
                ),
            ),
            exec_commands=(("/app/status", "--json"), ("/app/version",)),
            stop_signal=10,
        ),
        ContainerPins(
            name="helper",
            init=False,
            digest=DIGESTS[2],
            arguments=("/helper",),
            working_directory="/",
            environment=(),
            exec_commands=(("/helper", "status"),),
        ),
    ),
    sysctls=(("net.ipv4.ip_unprivileged_port_start", "0"),),
    fs_group=5000,
)
PAUSE, WEB, HELPER = -1, 1, 2
COMMAND = ["/app/status", "--json"]
TREE = "..2026_11_25_22_00_00.123456789"

Change = Callable[[dict[str, Any]], object]


def good() -> list[Case]:
    started = life.start(POD)
    again = [life.container(POD, WEB, "ab" * 32)]
    files = [
        life.copy("hosts"),
        life.copy("secrets", 0o40755),
        life.copy("secrets/rhsm/rhsm.conf"),
        life.copy("app", 0o40755),
        life.copy(f"app/{TREE}", 0o40755),
        life.copy(f"app/{TREE}/app.conf"),
        life.link("app/..data", TREE),
        life.link("app/app.conf", "..data/app.conf"),
        life.old_link("app/..data", TREE),
        life.old_link("app/app.conf", "..data/app.conf"),
        life.copy("one.conf"),
    ]
    late = [
        *(life.execute(POD, WEB, [*command]) for command in POD.containers[WEB].exec_commands),
        life.execute(POD, HELPER, ["/helper", "status"]),
        _changed(
            life.execute(POD, WEB, COMMAND), lambda request: _of(request, Capabilities=life.NO_CAPABILITIES)
        ),
        _signal(WEB, 10),
        _signal(HELPER, 15),
    ]
    steps = [*[started[: end + 1] for end in range(len(started))], *[[one] for one in files]]
    steps += [[*started, one] for one in (*again, *late)]
    return [Case(f"good {number}", True, one) for number, one in enumerate(steps)]


def attacks() -> list[Case]:
    return [*_on_the_sandbox(), *_on_files(), *_on_containers(), *_on_commands(), *_on_signals()]


def _on_files() -> list[Case]:
    first = container_id(0)
    requests = {
        "a file beside the tree": life.copy("apple/x"),
        "a file of a tree's name": life.copy("app"),
        "a tree of CRI-O's own name": life.copy("hosts/x"),
        "setuid in a tree": life.copy("app/x", 0o104755),
        "setuid as a whole file": life.copy("one.conf", 0o104755),
        "setgid of CRI-O's own": life.copy("hosts", 0o102755),
        "a file above the tree": life.copy("app/../x"),
        "a directory above the tree": life.copy("app/../x", 0o40755),
        "a directory that is no tree": life.copy("bin", 0o40755),
        "a device": life.copy("app/x", 0o60644),
        "a pipe with a file's bits": life.copy("app/x", 0o10644),
        "a link as the tree": life.link("app", "x"),
        "a link as a file": life.link("one.conf", "x"),
        "a link beside the tree": life.link("bin/x", "y"),
        "a link above the tree": life.link("app/../x", "y"),
        "a link to a directory of the guest": life.link("app/x", "/etc"),
        "a relative path": life.copy("", path=f"{first}-{life.HEX}-hosts"),
        "a link to the root": life.link("app/x", "/"),
        "a link up": life.link("app/x", ".."),
        "a link up and down": life.link("app/x", "y/../../z"),
        "a link to nothing": life.link("app/x", ""),
        "a link in /run/secrets": life.link("secrets/x", "y"),
        "an old link to the root": life.old_link("app/x", "/"),
        "an old link up": life.old_link("app/x", ".."),
        "an old link up first": life.old_link("app/x", "../x"),
        "an old link up last": life.old_link("app/x", "x/.."),
        "an old link up in between": life.old_link("app/x", "y/../../z"),
        "an old link to nothing": life.old_link("app/x", ""),
        "outside, with a fitting rest": life.copy("", path=f"/etc/{first}-{life.HEX}-app/x"),
        "an id that is none": life.copy("", path=f"{SHARED}/{'../' * 27}x-app/x"),
    }
    return [Case(f"file: {name}", False, [request]) for name, request in requests.items()]


def _on_the_sandbox() -> list[Case]:
    changes: dict[str, dict[str, Any]] = {
        "another source of the shared memory": {"source": "/dev/sda"},
        "shared memory elsewhere": {"mount_point": "/run/kata-containers/x"},
        "an option of the shared memory": {"options": ["mode=1777", "remount"]},
    }
    return [
        Case("sandbox: a second one", False, [life.sandbox(), life.sandbox()]),
        Case(
            "sandbox: a name server", False, [_changed(life.sandbox(), lambda r: r.update(dns=["10.0.0.1"]))]
        ),
        *(
            Case(
                f"sandbox: {name}",
                False,
                [_changed(life.sandbox(), lambda r, f=fields: r["storages"][0].update(f))],
            )
            for name, fields in changes.items()
        ),
    ]


OPEN = replace(POD, fs_group=None)
"""The pod where OpenShift chooses the group of its volumes."""


def attacks_on_open() -> list[Case]:
    started = life.start(OPEN)
    other = _changed(started[2 + WEB], lambda r: _user(r, AdditionalGids=[3000, 6]))
    return [
        Case("open: the pod", True, started),
        Case("open: a group of the image", False, [*started[: 2 + WEB], other]),
    ]


def _on_containers() -> list[Case]:
    started = life.start(POD)
    changes: dict[str, tuple[int, Change]] = {
        "another user than the pinned": (WEB, lambda r: _user(r, UID=2001)),
        "user 0": (WEB, lambda r: _user(r, UID=0)),
        "a user below OpenShift's ranges": (HELPER, lambda r: _user(r, UID=999)),
        "user 0 where OpenShift chooses": (HELPER, lambda r: _user(r, UID=0)),
        "a user by name": (WEB, lambda r: _user(r, Username="root")),
        "group 0 instead of the pinned": (WEB, lambda r: _user(r, GID=0)),
        "a group besides": (WEB, lambda r: _user(r, AdditionalGids=[3000, 4000, 5000, 6])),
        "a group of OpenShift's range where it is pinned": (WEB, lambda r: _user(r, AdditionalGids=[1000690000])),
        "a writable root": (WEB, lambda r: r["OCI"]["Root"].update(Readonly=False)),
        "the value of the downward API": (WEB, lambda r: _variable(r, "POD_NAME", "x;id")),
        "no variable of the downward API": (WEB, lambda r: _variable(r, "POD_NAME", None)),
        "a longer name with its value": (WEB, lambda r: _env(r).append("POD_NAME_X=web-0")),
        "TERM back to CRI-O's": (0, lambda r: _env(r).append("TERM=xterm")),
        "PATH back to CRI-O's": (0, lambda r: _env(r).append(DEFAULT_PATH)),
        "no PATH of CRI-O": (HELPER, lambda r: _env(r).pop(0)),
        "another PATH first": (HELPER, lambda r: _env(r).insert(0, "PATH=/scratch")),
        "HOSTNAME twice": (WEB, lambda r: _env(r).append("HOSTNAME=other")),
        "a disk volume of another sandbox": (WEB, lambda r: _mount(r, "/scratch", source=f"{SHARED}/{'00' * 32}/rootfs/local/scratch")),
        "a disk volume that the host fills": (WEB, lambda r: _mount(r, "/scratch", source=f"{SHARED}/{container_id(1)}-{life.HEX}-scratch")),
        "a writable disk volume": (WEB, lambda r: _mount(r, "/scratch", options=["rbind", "rprivate", "rw", "bind"])),
        "a bind mount of a disk volume": (WEB, lambda r: _mount(r, "/scratch", type_="bind")),
        "no ConfigMap": (WEB, lambda r: _without_mount(r, "/etc/app")),
        "a ConfigMap elsewhere": (WEB, lambda r: _mount(r, "/etc/app", destination="/app")),
        "a ConfigMap that is writable": (WEB, lambda r: _mount(r, "/etc/app", options=["rbind", "rprivate", "rw", "bind"])),
        "another copy as ConfigMap": (WEB, lambda r: _mount(r, "/etc/app", source=f"{SHARED}/{container_id(1)}-{life.HEX}-hosts")),
        "a copy whose random part climbs": (WEB, lambda r: _mount(r, "/etc/app", source=f"{SHARED}/{container_id(1)}-/../../../etc/app-app")),
        "resolv.conf writable on a read-only root": (WEB, lambda r: _mount(r, "/etc/resolv.conf", options=["rw", "bind", "nodev", "nosuid", "noexec"])),
        "a disk volume with another mode": (WEB, lambda r: _storage(r, "local", options=["mode=4777"])),
        "a disk volume without a mode": (WEB, lambda r: _storage(r, "local", options=["fsgid=5000"])),
        "a disk volume with a third option": (WEB, lambda r: _storage(r, "local", options=["mode=0777", "fsgid=5000", "x"])),
        "a disk volume with an option of another kind": (WEB, lambda r: _storage(r, "local", options=["mode=0777", "x"])),
        "a disk volume of another source": (WEB, lambda r: _storage(r, "local", source="/dev/sda")),
        "a disk volume of another file system": (WEB, lambda r: _storage(r, "local", fstype="ext4")),
        "a disk volume of another driver": (WEB, lambda r: _storage(r, "local", driver="blk")),
        "a disk volume with driver options": (WEB, lambda r: _storage(r, "local", driver_options=["x"])),
        "a disk volume that is shared": (WEB, lambda r: _storage(r, "local", shared=True)),
        "a disk volume elsewhere": (WEB, lambda r: _storage(r, "local", mount_point=f"{SHARED}/{life.SANDBOX}/rootfs/local/x")),
        "another group owns the volume": (WEB, lambda r: _storage(r, "ephemeral", options=["fsgid=0"])),
        "a volume twice and another not": (WEB, lambda r: r["storages"].__setitem__(2, r["storages"][1])),
        "a sysctl's other value": (WEB, lambda r: r["OCI"]["Linux"]["Sysctl"].update({"net.ipv4.ip_unprivileged_port_start": "1"})),
        "a pull option without its name": (WEB, lambda r: _pull(r).update(driver_options=[_pull(r)["driver_options"][0].removeprefix("image_guest_pull=")])),
        "a memory volume of another driver": (WEB, lambda r: _storage(r, "ephemeral", driver="blk")),
        "LD_PRELOAD as the second variable": (WEB, lambda r: _env(r).__setitem__(1, "LD_PRELOAD=/etc/app/x.so")),
        "a variable that is only a value": (WEB, lambda r: _env(r).append("web-1")),
        "an image of another file system": (WEB, lambda r: _pull(r).update(fstype="ext4")),
        "a volume over programs": (WEB, lambda r: _add_mount(r, "/usr/bin", "bin")),
        "a volume at a relative path": (WEB, lambda r: _add_mount(r, "bin", "bin")),
        "a volume at a path that climbs": (WEB, lambda r: _add_mount(r, "/x/..", "..")),
        "a volume of the sandbox": (PAUSE, lambda r: _add_mount(r, "/x", "x")),
        "a volume that climbs": (WEB, lambda r: (_storage(r, "ephemeral", mount_point=f"{life.EPHEMERAL}/.."), _without_mount(r, "/data"))),
        "CRI-O's annotation says sandbox": (
            WEB,
            lambda r: r["OCI"]["Annotations"].update({"io.kubernetes.cri-o.ContainerType": "sandbox"}),
        ),
        "a namespace twice instead of another": (WEB, lambda r: _namespaces(r)[2].update(Type="ipc")),
        "a namespace twice": (WEB, lambda r: _namespaces(r).append({"Type": "ipc", "Path": ""})),
        "a namespace of another process": (WEB, lambda r: _namespaces(r)[0].update(Path="/proc/1/ns/ipc")),
        "the pod's network as mount namespace": (WEB, lambda r: _namespaces(r)[2].update(Path="/run/netns/podns")),
        "no /proc": (WEB, lambda r: _without_mount(r, "/proc")),
        "a copy as /proc": (WEB, lambda r: _mount(r, "/proc", source=f"{SHARED}/{container_id(1)}-{life.HEX}-proc")),
        "a memory volume as /proc": (WEB, lambda r: _mount(r, "/proc", source=f"{life.EPHEMERAL}/proc")),
        "a disk volume as /proc": (WEB, lambda r: _mount(r, "/proc", source=f"{SHARED}/{life.SANDBOX}/rootfs/local/proc")),
        "the word for a copy as source": (WEB, lambda r: _mount(r, "/etc/hosts", source="copy:hosts")),
        "a relative source": (WEB, lambda r: _mount(r, "/etc/hosts", source=f"{life.HEX}-hosts")),
        "a source whose random part climbs": (WEB, lambda r: _mount(r, "/etc/hosts", source=f"{SHARED}/{container_id(1)}-/../../../../../-hosts")),
        "hooks": (WEB, lambda r: r["OCI"].update(Hooks={"Prestart": []})),
        "a short id": (WEB, lambda r: r.update(container_id="image")),
        "another root": (WEB, lambda r: r["OCI"]["Root"].update(Path="/")),
        "unpacked elsewhere": (WEB, lambda r: _storage(r, "image_guest_pull", mount_point="/run/x")),
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
            Case(f"container: {name}", False, [*started[: number + 2], _changed(started[number + 2], change)])
            for name, (number, change) in changes.items()
        ),
        *(Case(f"container: {name}", False, [*started[:-1], request]) for name, request in whole.items()),
    ]


def _on_commands() -> list[Case]:
    started = life.start(POD)
    honest = life.execute(POD, WEB, COMMAND)
    env = honest.input["process"]["Env"]
    changes: dict[str, Change] = {
        "another command": lambda r: _of(r, Args=["/bin/sh"]),
        "the command with one more argument": lambda r: _of(r, Args=[*COMMAND, "-v"]),
        "the command's words otherwise split": lambda r: _of(r, Args=[" ".join(COMMAND)]),
        "no command": lambda r: _of(r, Args=[]),
        "LD_PRELOAD": lambda r: _of(r, Env=[*env, "LD_PRELOAD=/etc/app/x.so"]),
        "another PATH": lambda r: _of(r, Env=["PATH=/etc/app", *env[1:]]),
        "no environment": lambda r: _of(r, Env=[]),
        "another directory": lambda r: _of(r, Cwd="/etc/app"),
        "user 0": lambda r: r["process"]["User"].update(UID=0),
        "another group": lambda r: r["process"]["User"].update(GID=0),
        "a user as text": lambda r: r.update(string_user={"uid": "0"}),
        "new privileges": lambda r: _of(r, NoNewPrivileges=False),
        "a capability": lambda r: _of(
            r, Capabilities={**life.NO_CAPABILITIES, "Effective": ["CAP_SYS_ADMIN"]}
        ),
        "an AppArmor profile": lambda r: _of(r, ApparmorProfile="x"),
        "an SELinux label": lambda r: _of(r, SelinuxLabel="x"),
        "in another container": lambda r: r.update(container_id=container_id(HELPER)),
        "in the sandbox": lambda r: r.update(container_id=life.SANDBOX),
        "in a container that is not there": lambda r: r.update(container_id="dd" * 32),
    }
    helpers = life.execute(POD, HELPER, COMMAND)
    process = started[1].input["OCI"]["Process"] | {
        "Args": COMMAND,
        "NoNewPrivileges": True,
        "Capabilities": None,
    }
    paused = Request(honest.name, {**honest.input, "container_id": life.SANDBOX, "process": process})
    return [
        *(
            Case(f"command: {name}", False, [*started, _changed(honest, change)])
            for name, change in changes.items()
        ),
        Case("command: in the sandbox, as that one runs", False, [*started, paused]),
        Case("command: another container's, as that one runs", False, [*started, helpers]),
    ]


def _on_signals() -> list[Case]:
    started = life.start(POD)
    return [
        Case("signal: another container's stop signal", False, [*started, _signal(HELPER, 10)]),
        Case("signal: one that stops a process", False, [*started, _signal(WEB, 19)]),
        Case("signal: to a container that is not there", False, [_signal(WEB, 10)]),
    ]


def _signal(number: int, signal: int) -> Request:
    fields = {"container_id": container_id(number), "exec_id": "", "signal": signal}
    return Request("SignalProcessRequest", fields)


def _changed(request: Request, change: Change) -> Request:
    fields = copy.deepcopy(request.input)
    change(fields)
    assert fields != request.input
    return Request(request.name, fields)


def _of(request: dict[str, Any], **fields: Any) -> None:
    request["process"].update(fields)


def _env(request: dict[str, Any]) -> list[str]:
    return request["OCI"]["Process"]["Env"]


def _namespaces(request: dict[str, Any]) -> list[dict[str, str]]:
    return request["OCI"]["Linux"]["Namespaces"]


def _user(request: dict[str, Any], **fields: Any) -> None:
    request["OCI"]["Process"]["User"].update(fields)


def _variable(request: dict[str, Any], name: str, value: str | None) -> None:
    env = _env(request)
    [place] = [number for number, one in enumerate(env) if one.startswith(f"{name}=")]
    env[place : place + 1] = [] if value is None else [f"{name}={value}"]


def _mount(request: dict[str, Any], at: str, **fields: Any) -> None:
    [mount] = [one for one in request["OCI"]["Mounts"] if one["destination"] == at]
    mount.update(fields)


def _add_mount(request: dict[str, Any], destination: str, name: str) -> None:
    source = f"{SHARED}/{request['container_id']}-{life.HEX}-{name}"
    options = ["rbind", "rprivate", "rw", "bind"]
    request["OCI"]["Mounts"].append(
        {"destination": destination, "type_": "bind", "source": source, "options": options}
    )


def _without_mount(request: dict[str, Any], destination: str) -> None:
    mounts = request["OCI"]["Mounts"]
    mounts[:] = [one for one in mounts if one["destination"] != destination]


def _pull(request: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in request["storages"] if one["driver"] == "image_guest_pull")


def _storage(request: dict[str, Any], of: str, **fields: Any) -> None:
    [storage] = [one for one in request["storages"] if one["driver"] == of]
    storage.update(fields)


def pod_with_arguments(arguments: tuple[str, ...]) -> PodPins:
    return replace(POD, containers=(replace(POD.containers[HELPER], arguments=arguments),))


def with_arguments(arguments: tuple[str, ...]) -> list[Case]:
    """The pod with these arguments starts; with any of them changed it does not."""
    started = life.start(pod_with_arguments(arguments))
    changed = [
        life.start(pod_with_arguments((*arguments[:place], arguments[place] + "x", *arguments[place + 1 :])))
        for place in range(len(arguments))
    ]
    return [
        Case("good", True, started),
        *(Case(f"argument {n}", False, one) for n, one in enumerate(changed)),
    ]
