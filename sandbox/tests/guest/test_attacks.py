from dataclasses import replace

import pytest

from sandbox.guest import attacks, requests
from sandbox.guest.agent import Agent
from sandbox.guest.regopy_engine import Regopy
from sandbox.tests.guest import pods, recorded
from sandbox.tests.guest.policies import exactly, policy
from sandbox.tests.guest.recorded import EVIDENCE, needs_evidence

ENGINE = Regopy()
# Everything that any attack asks, so that nothing is refused because it is not known.
ALL = policy("default FutureRequest := true")


def start(**changes):
    pod = pods.kbs_access()
    pod["spec"] |= changes
    return requests.start(pod, pods.images, pods.NODE)


def outcomes(text, *names, honest=None):
    """Of the attacks named, or of all."""
    wanted = [one for one in attacks.CATALOGUE if not names or one.name in names]
    return {one.attack.name: one for one in attacks.put_to(text, ENGINE, honest or start(), wanted)}


def test_every_attack_applies_to_a_pod_and_gets_through_where_the_policy_checks_nothing():
    for name, one in outcomes(ALL).items():
        assert one.tried > 0, name
        assert (one.through, one.refused_by) == (one.tried, ()), name
        assert one.example is not None


def test_no_attack_is_what_an_honest_node_sends():
    honest = start()
    for attack in attacks.CATALOGUE:
        for steps in attack.sequences(honest):
            assert steps != honest[: len(steps)], attack.name


def test_a_policy_that_allows_the_honest_start_alone_stops_every_attack():
    text = exactly(start())
    assert Agent(text, ENGINE).play(start()) is None
    assert [name for name, one in outcomes(text).items() if one.through] == []


def test_names_tell_the_attacks_apart():
    names = [attack.name for attack in attacks.CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("rule", "stopped"),
    [
        (f'input.storages[0].source in {{"pause", "{pods.REFERENCE}"}}', {"another image", "image by tag"}),
        ('input.OCI.Process.Cwd in {"/", "/opt/app-root/src"}', {"other working directory"}),
        ("input.OCI.Process.NoNewPrivileges == (input.OCI.Process.User.UID != 0)", {"new privileges"}),
    ],
)
def test_an_attack_is_stopped_only_by_a_rule_about_what_it_changes(rule, stopped):
    names = ("another image", "image by tag", "other working directory", "new privileges", "capabilities")
    found = outcomes(policy(f"CreateContainerRequest if {rule}", CreateContainer=False), *names)
    assert {name for name, one in found.items() if not one.through} == stopped


def test_a_stopped_attack_names_the_rule_and_one_that_partly_passes_shows_how():
    one = outcomes(policy(AddSwap=False, AddSwapPath=True), "swap")["swap"]
    assert (one.tried, one.through, one.refused_by) == (2, 1, ("AddSwapRequest",))
    assert one.example is not None
    assert one.example.endpoint == "AddSwapPathRequest"


def test_an_attack_that_passes_does_not_help_the_next_one():
    once = policy(
        'SetGuestDateTimeRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/late", "value": 1}]}',
        "ReseedRandomDevRequest if data.pstate.late",
        SetGuestDateTime=None,
        ReseedRandomDev=False,
    )
    found = outcomes(once, "clock", "random numbers")
    assert found["clock"].through == 1
    assert found["random numbers"].through == 0


def test_a_policy_that_counts_other_steps_is_shown_all_of_them():
    counting = policy(
        'GuestDetailsRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/seen", "value": 1}]}',
        "CreateContainerRequest if data.pstate.seen",
        GuestDetails=None,
        CreateContainer=False,
    )
    assert outcomes(counting, "other arguments")["other arguments"].through > 0


def test_a_policy_that_fails_open_stops_nothing():
    closed = policy(**dict.fromkeys(("CreateContainer", "SetPolicy", "ExecProcess"), False))
    assert outcomes(closed, "exec")["exec"].through == 0
    assert outcomes(f"{closed}default AllowRequestsFailingPolicy := true\n", "exec")["exec"].through > 0


def test_attacks_that_a_pod_offers_no_hold_for_are_left_out():
    honest = start(initContainers=[], volumes=[{"name": "page", "configMap": {"name": "x"}}])
    assert outcomes(ALL, "volume not mounted", honest=honest)["volume not mounted"].tried == 0


# Which attack of the catalogue each bad case is that was put to real agents, by its exact name.
KINDS = {
    "another image": """other image digest; digest with a tail; digest of another image, the wanted one in a path""",
    "image by tag": "same repository by tag",
    "no image pull": "no pull storage, root from elsewhere",
    "two image pulls": "two pull storages",
    "second driver option": "second driver option; a second driver option behind a good one",
    "pull metadata says sandbox": "metadata says sandbox: pause root file system; metadata says sandbox in containerd's key; "
    "metadata type twice, the last sandbox; metadata twice, the last sandbox; metadata that is no JSON",
    "pause pulls an image": "pause pulls an image (metadata says container)",
    "multi-layer root": "multi-layer EROFS option on the pull storage",
    "pull with other fields": "pull storage with fs_group; pull storage with shared",
    "storage over the root": "blk storage at the root; local storage at the root; virtio-fs storage at the root; "
    "watchable-bind storage at the root; tmpfs over a directory of the root",
    "annotation says sandbox": "kata's type annotation says sandbox",
    "root writable or not": "root file system read-only",
    "other arguments": "other args; args as one word",
    "extra variables": "extra variable LD_PRELOAD (/run/secrets); extra variable HTTP_PROXY (http://10.0.); "
    "extra variable X (sealed.fakej); LD_PRELOAD as the first variable",
    "a variable twice": "default PATH last, so that it counts; a name twice with two allowed values",
    "a variable left out": "a variable of the image left out",
    "other working directory": "other working directory",
    "other user": "string_user; other primary group",
    "capabilities": "a capability; no capability object: nothing is dropped",
    "new privileges": "may gain privileges",
    "a terminal": "terminal; console size",
    "devices": "device; device node /dev/trusted_store; device cgroup rule",
    "annotations with effect": "CDI annotation; cloud volume annotation",
    "sysctl of a container": "kernel.core_pattern in the app",
    "sysctl of the sandbox": "kernel.core_pattern in pause",
    "namespaces": "no network namespace: the guest's own; no mount namespace; network namespace of process 1; "
    "network namespace of its own; user namespace",
    "shared processes": "shared process namespace",
    "nothing hidden in /proc": "nothing masked; nothing read-only",
    "fields that are never sent": "root propagation; no Linux part; stdout_port; stderr_port; GIDMappings; mount label; pids; "
    "seccomp profile (allow all, or errno for close); block io; cgroup with ..; SELinux label",
    "mount over the image": "mount over /usr/bin; mount over /etc/ssl; a known source over the program itself",
    "other source of a mount": "hosts from another path of the guest; hosts from another container's copy; /proc: other source; "
    "copied file of another name; sixteen other characters in a copied source",
    "a mount twice": "a destination twice",
    "other kind of mount": "/proc: other type_; /sys: other options; /etc/hosts: other type_",
    "volume that the node fills": "page from another directory (host fills it)",
    "other access to a volume": "page writable; shared propagation",
    "volume not mounted": "page not mounted",
    "volume on a device": "the volume is a block device; volume with source /dev/sdc; volume with fstype hugetlbfs; "
    "volume with shared True; volume with driver_options ['x']; volume with options ['fsgid=1', 'fsgid=2']; "
    "volume with mount_point /run/kata-containers/sandbox/ephemeral/other",
    "volume not made": "volume left out",
    "a container too early": "app before its init container; init before pause",
    "a container id twice": "same id twice; same id again after removal",
    "a further container": "a sidecar (init's arguments in app's mounts)",
    "sandbox with hooks or modules": "guest hooks; kernel module; sandbox id that is none; "
    "shared process namespace of the sandbox",
    "mounts with the sandbox": "shared memory from another driver; shared memory from a disk; shared memory: other file system; "
    "shared memory with driver options; shared memory shared; shared memory with a group; shared memory twice",
    "copy a file elsewhere": "CopyFile into a root file system; CopyFile with .. (agents before 4.0); CopyFile elsewhere; "
    "CopyFile whose first 82 characters climb; CopyFile outside with a fitting rest",
    "copy an unknown file": "CopyFile of an unknown name; CopyFile of a directory in place of a file's name; "
    "CopyFile of a file in place of a directory's name",
    "copy a link": "CopyFile symlink; CopyFile symlink below secrets; CopyFile symlink as old agents show it",
    "exec": "exec",
    "write input": "write input",
    "another policy": "new policy",
    "swap": "swap device; swap path",
    "network of the guest": "routes; neighbours; get iptables",
    "clock": "clock",
    "limits and halts": "update container; pause container; online memory; memory hotplug; resize volume",
    "reading the guest": "diagnostic data",
    "memory agent": "memory agent 2",
    "signals": "SIGUSR1",
    "a request of the future": "a request no policy knows",
}
# Semicolons are part of one name.
_ODD = "extra variable KUBERNETES_SERVICE_HOST (1.2.3.4;id)"


def test_kinds_are_attacks_of_the_catalogue():
    assert set(KINDS) <= {attack.name for attack in attacks.CATALOGUE}


@needs_evidence
def test_the_catalogue_has_every_kind_of_attack_that_was_put_to_real_agents():
    bad = {name for name, good, _ in recorded.cases() if not good}
    covered = {_ODD, *(name for names in KINDS.values() for name in names.split("; "))}
    assert bad - covered == set()
    assert covered - bad == set()


@needs_evidence
@pytest.mark.integration
@pytest.mark.parametrize("agent", ["3.25", "3.31"])
def test_the_candidate_stops_every_attack_on_the_recorded_pod(agent):
    text = (EVIDENCE / "candidate-policy.rego").read_text("utf-8")
    honest = requests.start(pods.kbs_access(), pods.images, replace(pods.NODE, agent=agent))
    found = attacks.put_to(text, ENGINE, honest)
    assert [one.attack.name for one in found if one.through] == []
