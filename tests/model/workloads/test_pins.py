"""What is pinned is what the kubelet and CRI-O make of the pod and its images; three workloads as people write them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from model.policy.pins import ContainerPins, MountPins
from model.workloads import signals
from model.workloads.grants import Grants
from model.workloads.lock import LockedImage
from model.workloads.reading import read, references
from tests.model.workloads.manifests import DIGEST, Manifest, container, deployment, image, workload

FOLDER = Path(__file__).parent / "examples"
EXAMPLES = {"several-containers": "shop", "stateful-set": "queue", "job": "report"}


def example(name: str) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in (FOLDER / name).iterdir()}


def pinned(locked: LockedImage | None = None, /, **settings: Any) -> ContainerPins:
    made = workload(deployment(containers=[container(**settings)]), locked=locked)
    (found,) = made.pins().containers
    return found


@pytest.mark.parametrize(
    ("settings", "arguments"),
    [
        ({}, ("/entry", "serve")),
        ({"args": ["a", "b"]}, ("/entry", "a", "b")),
        ({"command": ["run"]}, ("run",)),
        ({"command": ["run"], "args": ["a"]}, ("run", "a")),
        ({"command": [], "args": []}, ("/entry", "serve")),
        ({"args": ["$(A)", "$(B)", "$$(B)"], "env": [{"name": "B", "value": "b"}]}, ("/entry", "$(A)", "b", "$(B)")),
    ],
)  # fmt: skip
def test_a_command_replaces_the_images_and_arguments_only_its_command(
    settings: Manifest, arguments: tuple[str, ...]
) -> None:
    assert pinned(**settings).arguments == arguments


def test_an_image_without_entrypoint_runs_its_command() -> None:
    assert pinned(image(entrypoint=[])).arguments == ("serve",)


def test_the_pods_variables_come_first_and_win_over_the_images() -> None:
    found = pinned(
        image(environment=["A=image", "A=second", "B=x=y", "E="]),
        env=[
            {"name": "Z", "value": "1"},
            {"name": "A", "value": "$(Z)$(LATER)"},
            {"name": "LATER", "value": "2"},
            {"name": "N"},
        ],
    )
    assert found.environment == (
        ("Z", "1"),
        ("A", "1$(LATER)"),
        ("LATER", "2"),
        ("N", ""),
        ("B", "x=y"),
        ("E", ""),
    )
    assert pinned(image(environment=["A=image", "A=second"])).environment == (("A", "image"),)


def downward(path: str) -> Manifest:
    return {"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.namespace", "web"),
        ("metadata.labels['app']", "web"),
        ("spec.serviceAccountName", "default"),
    ],
)
def test_what_the_manifest_says_about_the_pod_is_pinned_exactly(path: str, value: str) -> None:
    found = pinned(image(environment=[]), env=[downward(path)])
    assert (found.environment, found.environment_patterns) == ((("X", value),), ())


@pytest.mark.parametrize(
    ("path", "fits", "fails"),
    [
        ("metadata.name", "web-7d4b9c6f5d-x2k9q", "other-7d4b9c6f5d-x2k9q"),
        ("metadata.uid", "0b0c0f2e-6f5c-4f0e-8a57-2f7a3d1f7d11", "x"),
        ("spec.nodeName", "worker-0.example.com", "a b"),
        ("status.podIP", "10.128.0.7", "10.0.0.1;rm"),
        ("status.podIPs", "10.128.0.7,fd00::7", "a.example.com"),
        ("status.hostIP", "fd00::7", "$(x)"),
    ],
)
def test_what_only_the_cluster_knows_is_pinned_by_a_pattern(path: str, fits: str, fails: str) -> None:
    found = pinned(env=[downward(path), {"name": "Y", "value": "a=$(X)."}])
    patterns = dict(found.environment_patterns)
    assert re.fullmatch(patterns["X"], fits)
    assert not re.fullmatch(patterns["X"], fails)
    assert re.fullmatch(patterns["Y"], f"a={fits}.")
    assert not re.fullmatch(patterns["Y"], f"a={fits}x")
    assert not {"X", "Y"} & dict(found.environment).keys()


def named(kind: str, name: str) -> Mapping[str, str]:
    manifest: Manifest = deployment(name, containers=[container(env=[downward("metadata.name")])]) | {
        "kind": kind
    }
    if kind == "Pod":
        manifest |= {"apiVersion": "v1", "spec": manifest["spec"]["template"]["spec"]}
    (found,) = workload(manifest).pins().containers
    return dict(found.environment_patterns or found.environment)


def test_the_name_of_a_pod_is_known_as_far_as_its_kind_allows() -> None:
    assert named("Pod", "a")["X"] == "a"
    assert re.fullmatch(named("StatefulSet", "a")["X"], "a-12")
    assert not re.fullmatch(named("StatefulSet", "a")["X"], "a-b")
    long = "l" * 60
    assert re.fullmatch(named("Deployment", long)["X"], "l" * 58 + "x2k9q-abcde")


def test_the_working_directory_is_the_pods_else_the_images_else_the_root() -> None:
    assert pinned(workingDir="/w").working_directory == "/w"
    assert pinned().working_directory == "/srv"
    assert pinned(image(workingDir="")).working_directory == "/"


def test_user_and_groups_are_pinned_only_where_the_manifest_says_them() -> None:
    found = pinned()
    assert (found.user, found.group, found.supplemental_groups) == (None, None, ())
    pod = {"runAsUser": 2000, "runAsGroup": 3000, "supplementalGroups": [4000], "fsGroup": 5000}
    pins = workload(deployment(securityContext=pod, containers=[container(), container("b")])).pins()
    assert {(each.user, each.group, each.supplemental_groups) for each in pins.containers} == {
        (2000, 3000, (4000,))
    }
    assert pins.fs_group == 5000
    own = container(securityContext=container()["securityContext"] | {"runAsUser": 2001})
    (one,) = workload(deployment(securityContext=pod, containers=[own])).pins().containers
    assert (one.user, one.group) == (2001, 3000)


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 15), ("SIGWINCH", 28), ("QUIT", 3), ("sigint", 2), ("9", 9), ("SIGRTMIN+3", 37), ("SIGRTMAX", 64)],
)
def test_a_stop_signal_is_a_number(text: str, number: int) -> None:
    assert signals.number(text) == number
    assert pinned(image(stopSignal=text)).stop_signal == number


@pytest.mark.parametrize("text", ["SIG", "0", "65", "SIGFOO", "-1", "²"])
def test_what_is_no_signal_of_linux_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no signal of Linux"):
        signals.number(text)


def test_containers_come_in_the_order_in_which_they_start() -> None:
    pins = workload(
        deployment(
            containers=[container("a"), container("b")], initContainers=[container("z"), container("y")]
        )
    ).pins()
    assert [(each.name, each.init) for each in pins.containers] == [
        ("z", True),
        ("y", True),
        ("a", False),
        ("b", False),
    ]


def test_powers_are_given_away_by_grants_alone() -> None:
    made = workload(deployment())
    assert not made.pins().read_logs
    assert made.pins().containers[0].exec_commands == ()
    granted = made.pins(Grants(read_logs=True, exec_commands={"web": [["cat", "/status"]]}))
    assert granted.read_logs
    assert granted.containers[0].exec_commands == (("cat", "/status"),)


def test_a_workload_of_several_containers() -> None:
    files = example("several-containers")
    pins = read("shop", files).pins(Grants(untrusted_input=frozenset({"settings"})))
    assert [each.name for each in pins.containers] == ["migrate", "api", "proxy"]
    migrate, api, proxy = pins.containers
    assert migrate.arguments == ("/usr/local/bin/shop", "migrate", "--database=/var/lib/shop/shop.db")
    assert api.arguments == ("/usr/local/bin/shop", "serve")
    assert dict(api.environment)["DATABASE"] == "/var/lib/shop/shop.db"
    assert dict(api.environment)["PATH"] == "/usr/local/bin:/usr/bin"
    assert [name for name, _ in api.environment_patterns] == ["POD_IP", "ADVERTISE"]
    assert proxy.read_only_root
    assert proxy.stop_signal == 3
    assert proxy.mounts == (
        MountPins(path="/etc/proxy", volume="settings", kind="configMap", read_only=True),
        MountPins(path="/var/cache", volume="scratch", kind="disk", read_only=False),
    )
    assert pins.sysctls == (("net.core.somaxconn", "1024"),)


def test_a_stateful_set() -> None:
    pins = read("queue", example("stateful-set")).pins()
    (broker,) = pins.containers
    assert dict(broker.environment_patterns)["NODE_NAME"] == "broker-[0-9]+"
    assert dict(broker.environment)["RAFT_DIR"] == "/data/raft"
    assert (broker.user, broker.group, pins.fs_group) == (1000, 1000, 1000)


def test_a_job() -> None:
    pins = read("report", example("job")).pins()
    (report,) = pins.containers
    assert report.arguments == ("/usr/bin/report", "--month", "2026-10", "--to", "/out/report.pdf")
    (reference,) = references("report", example("job"))
    assert reference.endswith(f"@{report.digest}")


@pytest.mark.parametrize(("folder", "name"), list(EXAMPLES.items()))
def test_the_pod_is_as_written_but_for_what_makes_it_confidential(folder: str, name: str) -> None:
    made = read(name, example(folder))
    for item, confidential in zip(
        made.objects, made.confidential("kata-remote", "encoded", str), strict=True
    ):
        if item is not made.holder:
            assert confidential == item.manifest
            continue
        template = confidential["spec"]["template"]
        spec = template["spec"]
        assert spec.pop("runtimeClassName") == "kata-remote"
        assert spec.pop("automountServiceAccountToken") is False
        assert spec.pop("enableServiceLinks") is False
        annotations = template["metadata"]["annotations"]
        assert annotations.pop("io.katacontainers.config.hypervisor.cc_init_data") == "encoded"
        before = item.manifest["spec"]["template"]
        assert annotations == before["metadata"].get("annotations", {})
        for key in ("initContainers", "containers"):
            for ours, theirs in zip(spec.get(key, []), before["spec"].get(key, []), strict=True):
                image = made.lock.images[theirs["image"]]
                assert re.fullmatch(rf"[^:@]+@{image.digest}", ours["image"])
                assert ours | {"image": theirs["image"]} == theirs
        assert {k: v for k, v in spec.items() if "ontainers" not in k} == {
            k: v for k, v in before["spec"].items() if "ontainers" not in k
        }


def test_making_it_confidential_leaves_the_workload_as_it_was() -> None:
    made = workload(deployment())
    before = made.digest()
    made.confidential("a", "b", str)
    assert made.digest() == before


def test_a_cron_job_and_a_pod_are_made_confidential_too() -> None:
    template = deployment()["spec"]["template"]
    cron = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "web", "namespace": "web"},
        "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": template}}},
    }
    (made,) = workload(cron).confidential("kata-remote", "x", str)
    assert made["spec"]["jobTemplate"]["spec"]["template"]["spec"]["runtimeClassName"] == "kata-remote"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "web"}} | {
        "spec": template["spec"]
    }
    (made,) = workload(pod).confidential("kata-remote", "x", str)
    assert made["metadata"]["annotations"] == {"io.katacontainers.config.hypervisor.cc_init_data": "x"}
    assert made["spec"]["containers"][0]["image"] == f"registry.example.com/team/web@{DIGEST}"
