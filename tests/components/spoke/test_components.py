"""Invariants of SandboxedContainers, PeerPods and ConfidentialWorkload."""

from typing import Any

import pulumi
import pytest

from components.spoke.peer_pods import PeerPods, PeerPodsArgs
from components.spoke.sandboxed_containers import SandboxedContainers, SandboxedContainersArgs
from components.spoke.workload import INITDATA_ANNOTATION, ConfidentialWorkload, ConfidentialWorkloadArgs
from tests.harness import Graph, deploy

NAMESPACE = "openshift-sandboxed-containers-operator"


def _peer_pods() -> dict[str, Any]:
    def program() -> None:
        PeerPods(
            "peer-pods",
            PeerPodsArgs(
                namespace=NAMESPACE,
                initdata=pulumi.Output.from_input("encoded"),
                resource_group="machines",
                region="eastus2",
                subnet_id="/subnet",
                nsg_id="/nsg",
                vm_size="Standard_DC2as_v5",
                vm_sizes=["Standard_DC2as_v5", "Standard_DC4as_v5"],
                limit_per_node=10,
                root_volume_gb=20,
                tags={"b": "2", "a": "1"},
            ),
        )

    return dict(deploy(program)["peer-pods-cm"].inputs)


@pytest.mark.parametrize("key", ["AZURE_IMAGE_ID", "DISABLECVM"])
def test_what_the_operator_writes_is_never_the_programs(key: str) -> None:
    assert key not in _peer_pods()["data"]


def test_every_value_is_text_and_lists_have_no_spaces() -> None:
    data = _peer_pods()["data"]
    assert all(isinstance(value, str) for value in data.values())
    assert data["AZURE_INSTANCE_SIZES"] == "Standard_DC2as_v5,Standard_DC4as_v5"
    assert data["TAGS"] == "a=1,b=2"
    assert data["VXLAN_PORT"] == "9000", "4789 is the overlay network's"


def test_the_adaptor_gets_all_that_it_requires() -> None:
    assert set(_peer_pods()["data"]) >= {
        "CLOUD_PROVIDER",
        "AZURE_REGION",
        "AZURE_RESOURCE_GROUP",
        "AZURE_SUBNET_ID",
        "AZURE_NSG_ID",
        "INITDATA",
        "PEERPODS_LIMIT_PER_NODE",
    }


def _sandboxed(settings: str = "digest") -> Graph:
    def program() -> None:
        args = SandboxedContainersArgs(
            namespace=NAMESPACE, log_level="info", settings=settings, image_name="podvm0123456789ab"
        )
        SandboxedContainers("kata", args)

    return deploy(program)


def test_the_confidential_gate_precedes_the_kata_config() -> None:
    graph = _sandboxed()
    assert graph["kata-feature-gates"].inputs["data"] == {"confidential": "true"}
    assert "kata-feature-gates" in graph["kata-kata"].depends_on


def test_kata_is_there_when_the_runtime_class_of_peer_pods_is() -> None:
    waits = _sandboxed()["kata-kata"].inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    assert waits == (
        '["jsonpath={.status.runtimeClasses[?(@==\'kata-remote\')]}=kata-remote", "condition=InProgress=False"]'
    )


def test_a_kata_config_that_goes_leaves_its_dependents_to_its_operator() -> None:
    """In the foreground Kubernetes takes the adaptor first, also while pods of others hold the KataConfig."""
    annotations = _sandboxed()["kata-kata"].inputs["metadata"]["annotations"]
    assert annotations["pulumi.com/deletionPropagationPolicy"] == "background"


def test_peer_pods_can_start_when_the_component_is_there() -> None:
    """`kata-remote` is there too when no image was made."""
    graph = _sandboxed()
    assert "kata-kata" in graph["kata-peer-pods"].depends_on
    assert graph["kata-image"].inputs["data"]["IMAGE_BASE_NAME"] == "podvm0123456789ab"
    assert "kata-image" in graph["kata-kata"].depends_on
    assert graph["kata-image"].ignore_changes == ["data"]


def test_changed_settings_are_waited_for() -> None:
    specs = [_sandboxed(settings)["kata-peer-pods"].inputs["spec"] for settings in ("one", "two")]
    assert specs[0] != specs[1]


def _workload(**confidential: Any) -> dict[str, Any]:
    def program() -> None:
        workload = ConfidentialWorkload(
            "web",
            ConfidentialWorkloadArgs(
                app="web",
                namespace="default",
                host="web.apps.example",
                image="image",
                command=["serve"],
                **confidential,
            ),
        )
        pulumi.export("url", workload.url)

    graph = deploy(program)
    assert graph.exports["url"] == "https://web.apps.example"
    return dict(graph["web-deployment"].inputs["spec"]["template"])


def test_two_lines_make_a_workload_confidential() -> None:
    plain = _workload()
    confidential = _workload(runtime_class="kata-remote", initdata="encoded")
    assert confidential["metadata"].pop("annotations") == {INITDATA_ANNOTATION: "encoded"}
    assert confidential["spec"].pop("runtimeClassName") == "kata-remote"
    assert confidential == plain


def test_a_changed_profile_rolls_the_pods() -> None:
    templates = [_workload(runtime_class="kata-remote", initdata=encoded) for encoded in ("one", "two")]
    assert templates[0] != templates[1]


def test_no_container_has_more_rights_than_it_needs() -> None:
    pod = _workload(init_containers=[{"name": "first", "image": "image"}])["spec"]
    for container in pod["containers"] + pod["initContainers"]:
        context = container["securityContext"]
        assert (context["allowPrivilegeEscalation"], context["runAsNonRoot"]) == (False, True)
        assert context["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
