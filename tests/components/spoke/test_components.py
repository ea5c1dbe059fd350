"""Invariants of SandboxedContainers and PeerPods."""

from typing import Any

import pulumi
import pytest

from components.spoke.peer_pods import PeerPods, PeerPodsArgs
from components.spoke.sandboxed_containers import SandboxedContainers, SandboxedContainersArgs
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
