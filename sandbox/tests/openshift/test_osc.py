from typing import Any

import pytest

from model.azure import podvm_image
from sandbox.openshift import kinds
from sandbox.openshift.objects import Manifest, condition
from sandbox.provider import Incomplete, Refused
from sandbox.tests.openshift.cluster import (
    CONFIG_MAP,
    DEPLOYMENT,
    INITDATA,
    KATA_CONFIG,
    OSC,
    PEER_PODS,
    READY,
    SECRET,
    Api,
    deployment,
)


def kata_pod(**annotations: str) -> dict[str, Any]:
    spec = deployment(runtimeClassName="kata-remote")
    spec["template"]["metadata"]["annotations"] = {
        f"io.katacontainers.config.hypervisor.{name}": value for name, value in annotations.items()
    }
    return spec


def test_peer_pods_come_up_in_the_operators_order(api: Api) -> None:
    live = api.kata()
    assert live["status"]["runtimeClasses"] == ["kata", "kata-remote"]
    data = api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]
    assert data["DISABLECVM"] == "false"
    assert "/galleries/PodVMGallery_" in data["AZURE_IMAGE_ID"]
    secret = api.get(kinds.SECRET, "peer-pods-secret", OSC)
    assert "AZURE_CLIENT_ID" in secret["data"]


def test_a_kata_config_without_peer_pods_cm_stays_in_progress_and_says_why(api: Api) -> None:
    api.install(OSC)
    with pytest.raises(
        Incomplete, match=r"ConfigMap peer-pods-cm not found.*oc describe kataconfigs"
    ) as waiting:
        api.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)
    status = waiting.value.outputs["status"]
    assert status["runtimeClasses"] == ["kata"]
    assert {item["reason"] for item in status["conditions"]} == {"Installing"}
    api.put(CONFIG_MAP, "osc-feature-gates", OSC, data={"confidential": "true"})
    api.peer_pods()
    api.change(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)


@pytest.mark.parametrize(
    ("key", "value", "answer"),
    [
        ("CLOUD_PROVIDER", "aws", "CLOUD_PROVIDER is 'aws'"),
        ("AZURE_SUBNET_ID", "worker", "not the full id of a subnet"),
        ("AZURE_SUBNET_ID", "", "AZURE_SUBNET_ID is required"),
        ("AZURE_INSTANCE_SIZES", "Standard_DC2as_v5, Standard_DC4as_v5", "has a space in it"),
        ("AZURE_INSTANCE_SIZES", "Standard_DC4as_v5", "does not hold the default size Standard_DC2as_v5"),
        ("AZURE_RESOURCE_GROUP", "my-group", "AZURE_RESOURCE_GROUP is my-group, the cluster's is"),
        ("VXLAN_PORT", "nine", "VXLAN_PORT is 'nine', not a number"),
        ("INITDATA", "plain text", "initdata is not base64"),
    ],
)
def test_settings_that_would_start_no_vm_are_refused_by_the_operator(
    api: Api, key: str, value: str, answer: str
) -> None:
    api.install(OSC)
    api.peer_pods(**{key: value})
    with pytest.raises(Incomplete, match=answer):
        api.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)


def test_only_one_kata_config_may_exist(api: Api) -> None:
    api.kata()
    with pytest.raises(Refused, match="a KataConfig instance already exists"):
        api.put(KATA_CONFIG, "second", spec={})


def test_an_image_made_before_the_feature_gate_starts_no_confidential_pod(api: Api) -> None:
    api.install(OSC)
    api.peer_pods()
    api.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)
    assert api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]["DISABLECVM"] == "true"
    api.put(CONFIG_MAP, "osc-feature-gates", OSC, data={"confidential": "true"})
    with pytest.raises(Incomplete, match="create that ConfigMap before the KataConfig"):
        api.put(DEPLOYMENT, "web", "app", spec=kata_pod())


@pytest.mark.parametrize(
    ("annotations", "answer"),
    [
        ({"machine_type": "Standard_D4s_v5"}, "not part of supported instance types"),
        ({"cc_init_data": "H4sI"}, "initdata is not base64"),
        ({"cc_init_data": "A" * (64 * 1024 + 4)}, "at most 65536 are allowed"),
    ],
)
def test_a_peer_pod_that_azure_or_the_guest_would_refuse_does_not_start(
    api: Api, annotations: dict[str, str], answer: str
) -> None:
    api.kata()
    with pytest.raises(Incomplete, match=answer):
        api.put(DEPLOYMENT, "web", "app", spec=kata_pod(**annotations))


def test_a_runtime_class_that_is_not_there_keeps_pods_from_being_made(api: Api) -> None:
    with pytest.raises(Incomplete, match='RuntimeClass "kata-remote" not found'):
        api.put(DEPLOYMENT, "web", "app", spec=kata_pod())
    assert not api.cluster.objects.all(kinds.POD, "app")


def test_a_pod_waits_for_the_secret_it_mounts(api: Api) -> None:
    volumes = [{"name": "v", "secret": {"secretName": "later"}}]
    with pytest.raises(Incomplete, match='secret "later" not found'):
        api.put(DEPLOYMENT, "web", "app", spec=deployment(volumes=volumes))
    api.put(SECRET, "later", "app", stringData={"a": "b"})
    assert (
        api.change(DEPLOYMENT, "web", "app", spec=deployment(volumes=volumes))["status"]["readyReplicas"] == 1
    )


def test_the_kata_config_cannot_go_while_pods_use_it(api: Api) -> None:
    api.kata()
    api.put(DEPLOYMENT, "web", "app", spec=kata_pod())
    with pytest.raises(
        Refused, match="existing pods use a kata runtime class, delete them to proceed: app/web-"
    ):
        api.delete(KATA_CONFIG, "kata")
    api.delete(DEPLOYMENT, "web", "app")
    api.delete(KATA_CONFIG, "kata")
    assert not api.cluster.objects.all(kinds.KATA_CONFIG)
    assert not api.cluster.objects.all(kinds.RUNTIME_CLASS)
    assert api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]["AZURE_IMAGE_ID"] == ""


def blocked(api: Api, policy: str) -> Manifest:
    """A KataConfig that was deleted while a pod uses it."""
    api.kata()
    api.put(DEPLOYMENT, "web", "app", spec=kata_pod())
    with pytest.raises(Refused, match="existing pods use a kata runtime class"):
        api.delete(KATA_CONFIG, "kata", policy=policy)
    return api.get(kinds.KATA_CONFIG, "kata")


def test_a_blocked_kata_config_is_not_in_progress(api: Api) -> None:
    (state,) = blocked(api, "background")["status"]["conditions"]
    assert (state["type"], state["status"], state["reason"]) == (
        "InProgress",
        "False",
        "BlockedByExistingKataPods",
    )
    assert "app/web-" in state["message"]


@pytest.mark.parametrize(("policy", "left"), [("background", True), ("foreground", False)])
def test_only_a_deletion_in_the_background_leaves_the_adaptor_to_the_pods(
    api: Api, policy: str, left: bool
) -> None:
    blocked(api, policy)
    assert bool(api.cluster.objects.get(kinds.DAEMON_SET, "osc-caa-ds", OSC)) is left


RIGHTS = (
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]},
    {"apiGroups": [""], "resources": ["events", "pods"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["daemonsets", "deployments"], "verbs": ["get"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]},
)


def await_peer_pods(api: Api) -> Manifest:
    api.may(OSC, *RIGHTS)
    rbac = "kubernetes:rbac.authorization.k8s.io/v1"
    rule = {"apiGroups": ["kataconfiguration.openshift.io"], "resources": ["kataconfigs"], "verbs": ["get"]}
    api.put(f"{rbac}:ClusterRole", "script", rules=[rule])
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "script"}
    subject = {"kind": "ServiceAccount", "name": "script", "namespace": OSC}
    api.put(f"{rbac}:ClusterRoleBinding", "script", roleRef=reference, subjects=[subject])
    return api.script("await-peer-pods", OSC, KATA="kata")


def test_an_image_and_an_adaptor_end_the_wait(api: Api) -> None:
    api.kata()
    assert condition(await_peer_pods(api), "Complete") == "True"


def test_an_image_job_that_failed_holds_the_operator_up_no_longer_but_the_wait_says_so(api: Api) -> None:
    """kata-remote is there, nothing is in progress, nothing tries again, and no peer pod can start."""
    api.install(OSC)
    api.put(CONFIG_MAP, "osc-feature-gates", OSC, data={"confidential": "true"})
    api.put(CONFIG_MAP, "azure-podvm-image-cm", OSC, data={"IMAGE_BASE_NAME": "podvm"})
    api.peer_pods()
    live = api.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)
    assert (live["status"]["runtimeClasses"], condition(live, "InProgress")) == (
        ["kata", "kata-remote"],
        "False",
    )
    assert api.get(kinds.DAEMON_SET, "osc-caa-ds", OSC)["status"]["numberReady"] == 0
    with pytest.raises(Incomplete, match=r"does not try again.*failed: IMAGE_DEFINITION_NAME is empty"):
        await_peer_pods(api)


def test_the_image_settings_of_the_program_are_all_that_the_job_needs(api: Api) -> None:
    api.install(OSC)
    api.put(CONFIG_MAP, "osc-feature-gates", OSC, data={"confidential": "true"})
    api.put(CONFIG_MAP, "azure-podvm-image-cm", OSC, data=podvm_image.settings("podvm0123456789ab"))
    api.peer_pods()
    api.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)
    made = api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]["AZURE_IMAGE_ID"]
    assert "/galleries/PodVMGallery_0123456789ab/images/podvm-image/" in made


def test_no_more_peer_pods_run_than_the_nodes_may_have(api: Api) -> None:
    api.kata()
    api.change(CONFIG_MAP, "peer-pods-cm", OSC, data={**PEER_PODS, "PEERPODS_LIMIT_PER_NODE": "1"})
    with pytest.raises(Incomplete, match=r"3 Insufficient kata.peerpods.io/vm"):
        api.put(DEPLOYMENT, "web", "app", spec={**kata_pod(), "replicas": 4})
    assert api.get(kinds.DEPLOYMENT, "web", "app")["status"]["readyReplicas"] == 3


def test_a_new_initdata_rolls_the_pod_and_never_needs_two_machines(api: Api) -> None:
    api.kata()
    recreate = {"strategy": {"type": "Recreate"}}
    api.put(DEPLOYMENT, "web", "app", spec={**kata_pod(), **recreate})
    before = [pod["metadata"]["name"] for pod in api.cluster.objects.all(kinds.POD, "app")]
    api.change(DEPLOYMENT, "web", "app", spec={**kata_pod(cc_init_data=INITDATA), **recreate})
    after = [pod["metadata"]["name"] for pod in api.cluster.objects.all(kinds.POD, "app")]
    assert (len(before), len(after), set(before) & set(after)) == (1, 1, set())


def test_a_roll_out_that_fails_leaves_the_old_pod_at_work(api: Api) -> None:
    api.put(DEPLOYMENT, "web", "app", spec=deployment())
    with pytest.raises(Incomplete, match="has timed out progressing"):
        api.change(DEPLOYMENT, "web", "app", spec=kata_pod())
    status = api.get(kinds.DEPLOYMENT, "web", "app")["status"]
    assert (status["availableReplicas"], status["updatedReplicas"]) == (1, 0)


def test_credentials_of_ones_own_are_used_and_stay(api: Api) -> None:
    api.install(OSC)
    api.put(CONFIG_MAP, "osc-feature-gates", OSC, data={"confidential": "true"})
    api.peer_pods()
    api.put(SECRET, "peer-pods-secret", OSC, stringData={"AZURE_CLIENT_ID": "mine"})
    api.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)
    api.delete(KATA_CONFIG, "kata")
    assert list(api.get(kinds.SECRET, "peer-pods-secret", OSC)["data"]) == ["AZURE_CLIENT_ID"]
