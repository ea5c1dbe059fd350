"""Attacks on the process: what runs, with which variables, as whom, and with which powers."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.guest.attacks.attack import Attack, Fields, add, drop, on_containers, on_pause, put

_PROCESS, _LINUX = "/OCI/Process", "/OCI/Linux"
_TAKEN = "code of the node's choice runs with the pod's secrets"


def _arguments(given: Fields) -> Iterator[Fields]:
    arguments = given["OCI"]["Process"]["Args"]
    yield put(given, f"{_PROCESS}/Args", ["/bin/sh", "-c", "id"])
    yield put(given, f"{_PROCESS}/Args", [*arguments, "--debug"])
    if len(arguments) > 1:
        yield put(given, f"{_PROCESS}/Args", [" ".join(arguments)])


def _variables(given: Fields) -> Iterator[Fields]:
    end = f"{_PROCESS}/Env/-"
    for variable in (
        "LD_PRELOAD=/run/secrets/evil.so",
        "HTTP_PROXY=http://10.0.0.1:3128",
        "BASH_ENV=/etc/hosts",
        "X=sealed.fakejwsheader.e30.x",
    ):
        yield add(given, end, variable)
    yield add(given, f"{_PROCESS}/Env/0", "LD_PRELOAD=/run/secrets/evil.so")
    yield add(given, end, "KUBERNETES_SERVICE_HOST=1.2.3.4;id")


def _twice(given: Fields) -> Iterator[Fields]:
    environment = given["OCI"]["Process"]["Env"]
    yield add(given, f"{_PROCESS}/Env/-", environment[0])
    yield add(given, f"{_PROCESS}/Env/-", "HOSTNAME=other")


def _left_out(given: Fields) -> Iterator[Fields]:
    """The last one comes from the image or the pod, except where neither sets any."""
    last = len(given["OCI"]["Process"]["Env"]) - 1
    if not given["OCI"]["Process"]["Env"][last].startswith("KUBERNETES_"):
        yield drop(given, f"{_PROCESS}/Env/{last}")


def _directory(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PROCESS}/Cwd", "/run/secrets")


def _user(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PROCESS}/User/UID", 0)
    yield put(given, f"{_PROCESS}/User/GID", 6)
    yield put(given, "/string_user", {"additionalGids": [], "gid": "0", "uid": "0"})


def _capabilities(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PROCESS}/Capabilities", None)
    for kind in ("Bounding", "Effective", "Permitted", "Ambient", "Inheritable"):
        yield add(given, f"{_PROCESS}/Capabilities/{kind}/-", "CAP_SYS_ADMIN")


def _privileges(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PROCESS}/NoNewPrivileges", False)


def _terminal(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_PROCESS}/Terminal", True)
    yield put(given, f"{_PROCESS}/ConsoleSize", {"Height": 1, "Width": 1})


def _devices(given: Fields) -> Iterator[Fields]:
    disk: Fields = {
        "container_path": "/dev/x",
        "id": "",
        "options": [],
        "type_": "blk",
        "vm_path": "/dev/sda",
    }
    node = {
        "FileMode": 0o660,
        "GID": 0,
        "Major": 8,
        "Minor": 0,
        "Path": "/dev/trusted_store",
        "Type": "b",
        "UID": 0,
    }
    rule = {"Access": "rwm", "Allow": True, "Major": -1, "Minor": -1, "Type": "a"}
    yield add(given, "/devices/-", disk)
    yield add(given, f"{_LINUX}/Devices/-", node)
    yield add(given, f"{_LINUX}/Resources/Devices/-", rule)


def _annotations(given: Fields) -> Iterator[Fields]:
    yield add(given, "/OCI/Annotations/cdi.k8s.io~1peer-pods", "nvidia.com/gpu=all")
    yield add(given, "/OCI/Annotations/io.confidentialcontainers.org.cloud_volumes", "{}")


def _sysctls(given: Fields) -> Iterator[Fields]:
    yield add(given, f"{_LINUX}/Sysctl/kernel.core_pattern", "|/run/x")


def _namespaces(given: Fields) -> Iterator[Fields]:
    kinds = [one["Type"] for one in given["OCI"]["Linux"]["Namespaces"]]
    network = f"{_LINUX}/Namespaces/{kinds.index('network')}"
    yield drop(given, network)
    yield put(given, f"{network}/Path", "/proc/1/ns/net")
    yield put(given, f"{network}/Path", "")
    yield drop(given, f"{_LINUX}/Namespaces/{kinds.index('mount')}")
    yield add(given, f"{_LINUX}/Namespaces/-", {"Path": "", "Type": "user"})


def _processes(given: Fields) -> Iterator[Fields]:
    yield put(given, "/sandbox_pidns", not given["sandbox_pidns"])


def _hidden(given: Fields) -> Iterator[Fields]:
    yield put(given, f"{_LINUX}/MaskedPaths", [])
    yield put(given, f"{_LINUX}/ReadonlyPaths", [])


def _rest(given: Fields) -> Iterator[Fields]:
    """What CRI-O and the shim never send, or the shim takes out."""
    profile: Fields = {"Architectures": [], "DefaultAction": "SCMP_ACT_ALLOW", "Flags": [], "Syscalls": []}
    yield put(given, _LINUX, None)
    yield put(given, f"{_LINUX}/RootfsPropagation", "shared")
    yield put(given, f"{_LINUX}/Seccomp", profile)
    yield put(given, f"{_LINUX}/MountLabel", "x")
    yield put(given, f"{_LINUX}/CgroupsPath", "/../../x")
    yield put(given, f"{_LINUX}/Resources/Pids", {"Limit": 1})
    yield put(given, f"{_LINUX}/Resources/BlockIO", {"LeafWeight": 0, "Weight": 1})
    yield add(given, f"{_LINUX}/GIDMappings/-", {"ContainerID": 0, "HostID": 0, "Size": 65536})
    yield put(given, f"{_PROCESS}/SelinuxLabel", "x")
    yield put(given, "/stdout_port", 5)
    yield put(given, "/stderr_port", 5)
    yield put(given, "/OCI/Hooks", {"Prestart": [{"Path": "/run/x", "Args": [], "Env": [], "Timeout": 0}]})
    yield add(
        given,
        "/shared_mounts/-",
        {"name": "x", "src_ctr": "y", "src_path": "/", "dst_ctr": "z", "dst_path": "/"},
    )


ATTACKS = (
    Attack(
        name="other arguments",
        sentence="runs another command line in the right image",
        gain=_TAKEN,
        sequences=on_containers(_arguments),
    ),
    Attack(
        name="extra variables",
        sentence="adds variables such as LD_PRELOAD, a proxy, or a sealed secret of its own",
        gain=_TAKEN,
        sequences=on_containers(_variables),
    ),
    Attack(
        name="a variable twice",
        sentence="sets a known variable a second time; the last one counts",
        gain="another PATH or host name than the measured one",
        sequences=on_containers(_twice),
    ),
    Attack(
        name="a variable left out",
        sentence="leaves out a variable that the image or the pod sets",
        gain="the program falls back on defaults that nobody reviewed",
        sequences=on_containers(_left_out),
    ),
    Attack(
        name="other working directory",
        sentence="starts the program in a directory that the node filled",
        gain=_TAKEN,
        sequences=on_containers(_directory),
    ),
    Attack(
        name="other user",
        sentence="runs the program as root or with another group",
        gain="files that the image protects from its user",
        sequences=on_containers(_user),
    ),
    Attack(
        name="capabilities",
        sentence="adds a capability, or sends none of the lists, for which the agent drops nothing",
        gain="the container can leave its namespaces",
        sequences=on_containers(_capabilities),
    ),
    Attack(
        name="new privileges",
        sentence="lets the process gain privileges by setuid programs",
        gain="root in the container",
        sequences=on_containers(_privileges),
    ),
    Attack(
        name="a terminal",
        sentence="gives the process a terminal",
        gain="a shell that the program may start reads from the node",
        sequences=on_containers(_terminal),
    ),
    Attack(
        name="devices",
        sentence="gives the container a device of the guest, or the guest's store a disk of the node",
        gain="disks and memory of the guest, or images unpacked to the node's disk",
        sequences=on_containers(_devices),
    ),
    Attack(
        name="annotations with effect",
        sentence="adds annotations that make the agent or the forwarder mount devices and disks",
        gain="a disk of the node in the guest",
        sequences=on_containers(_annotations),
    ),
    Attack(
        name="sysctl of a container",
        sentence="sets a kernel parameter of the guest, such as the program that handles crashes",
        gain="code as root in the guest",
        sequences=on_containers(_sysctls),
    ),
    Attack(
        name="sysctl of the sandbox",
        sentence="sets a kernel parameter of the guest with the pod's sandbox",
        gain="code as root in the guest",
        sequences=on_pause(_sysctls),
    ),
    Attack(
        name="namespaces",
        sentence="puts the container into the guest's own namespaces",
        gain="the guest's network, mounts and users",
        sequences=on_containers(_namespaces),
    ),
    Attack(
        name="shared processes",
        sentence="shows the containers of the pod each other's processes",
        gain="memory and files of another container, through /proc",
        sequences=on_containers(_processes),
    ),
    Attack(
        name="nothing hidden in /proc",
        sentence="leaves out the masked and read-only paths",
        gain="kernel settings and memory of the guest",
        sequences=on_containers(_hidden),
    ),
    Attack(
        name="fields that are never sent",
        sentence="uses hooks, seccomp profiles, labels, id mappings, ports and cgroups that CRI-O or the shim take out",
        gain="code as root in the guest, or a weaker container",
        sequences=on_containers(_rest),
    ),
)
