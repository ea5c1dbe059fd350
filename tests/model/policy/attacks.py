"""Attacks that the recorded cases leave out, above all on powers and kinds of volume that the recorded pod has not.

Each is a list of requests of which the last is bad. `good` are honest ones beside them.
"""

from dataclasses import replace
from typing import Any

from model.policy.pins import PodPins
from tests.model.policy import life, parts
from tests.model.policy.changes import Change, changed, of_process, signal, user
from tests.model.policy.container_attacks import on_containers
from tests.model.policy.life import container_id
from tests.model.policy.parts import SHARED
from tests.model.policy.recorded import Case, Request
from tests.model.policy.shop import COMMAND, HELPER, OPEN, POD, TREE, WEB


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
        changed(
            life.execute(POD, WEB, COMMAND),
            lambda request: of_process(request, Capabilities=parts.NO_CAPABILITIES),
        ),
        signal(WEB, 10),
        signal(HELPER, 15),
    ]
    steps = [*[started[: end + 1] for end in range(len(started))], *[[one] for one in files]]
    steps += [[*started, one] for one in (*again, *late)]
    return [Case(f"good {number}", True, one) for number, one in enumerate(steps)]


def attacks() -> list[Case]:
    return [*_on_the_sandbox(), *_on_files(), *on_containers(), *_on_commands(), *_on_signals()]


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
        "a relative path": life.copy("", path=f"{first}-{parts.HEX}-hosts"),
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
        "outside, with a fitting rest": life.copy("", path=f"/etc/{first}-{parts.HEX}-app/x"),
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
            "sandbox: a name server", False, [changed(life.sandbox(), lambda r: r.update(dns=["10.0.0.1"]))]
        ),
        *(
            Case(
                f"sandbox: {name}",
                False,
                [changed(life.sandbox(), lambda r, f=fields: r["storages"][0].update(f))],
            )
            for name, fields in changes.items()
        ),
    ]


def attacks_on_open() -> list[Case]:
    started = life.start(OPEN)
    other = changed(started[2 + WEB], lambda r: user(r, AdditionalGids=[3000, 6]))
    return [
        Case("open: the pod", True, started),
        Case("open: a group of the image", False, [*started[: 2 + WEB], other]),
    ]


def _on_commands() -> list[Case]:
    started = life.start(POD)
    honest = life.execute(POD, WEB, COMMAND)
    variables = honest.input["process"]["Env"]
    changes: dict[str, Change] = {
        "another command": lambda r: of_process(r, Args=["/bin/sh"]),
        "the command with one more argument": lambda r: of_process(r, Args=[*COMMAND, "-v"]),
        "the command's words otherwise split": lambda r: of_process(r, Args=[" ".join(COMMAND)]),
        "no command": lambda r: of_process(r, Args=[]),
        "LD_PRELOAD": lambda r: of_process(r, Env=[*variables, "LD_PRELOAD=/etc/app/x.so"]),
        "another PATH": lambda r: of_process(r, Env=["PATH=/etc/app", *variables[1:]]),
        "no environment": lambda r: of_process(r, Env=[]),
        "another directory": lambda r: of_process(r, Cwd="/etc/app"),
        "user 0": lambda r: r["process"]["User"].update(UID=0),
        "another group": lambda r: r["process"]["User"].update(GID=0),
        "a user as text": lambda r: r.update(string_user={"uid": "0"}),
        "new privileges": lambda r: of_process(r, NoNewPrivileges=False),
        "a capability": lambda r: of_process(
            r, Capabilities={**parts.NO_CAPABILITIES, "Effective": ["CAP_SYS_ADMIN"]}
        ),
        "an AppArmor profile": lambda r: of_process(r, ApparmorProfile="x"),
        "an SELinux label": lambda r: of_process(r, SelinuxLabel="x"),
        "in another container": lambda r: r.update(container_id=container_id(HELPER)),
        "in the sandbox": lambda r: r.update(container_id=parts.SANDBOX),
        "in a container that is not there": lambda r: r.update(container_id="dd" * 32),
    }
    helpers = life.execute(POD, HELPER, COMMAND)
    process = started[1].input["OCI"]["Process"] | {
        "Args": COMMAND,
        "NoNewPrivileges": True,
        "Capabilities": None,
    }
    paused = Request(honest.name, {**honest.input, "container_id": parts.SANDBOX, "process": process})
    return [
        *(
            Case(f"command: {name}", False, [*started, changed(honest, change)])
            for name, change in changes.items()
        ),
        Case("command: in the sandbox, as that one runs", False, [*started, paused]),
        Case("command: another container's, as that one runs", False, [*started, helpers]),
    ]


def _on_signals() -> list[Case]:
    started = life.start(POD)
    return [
        Case("signal: another container's stop signal", False, [*started, signal(HELPER, 10)]),
        Case("signal: one that stops a process", False, [*started, signal(WEB, 19)]),
        Case("signal: to a container that is not there", False, [signal(WEB, 10)]),
    ]


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
