"""`pulumi destroy` must not wait for itself: what holds something is deleted in an earlier round than what it holds."""

import pytest

from sandbox.api import Record
from tests.config import committed
from tests.end_to_end.antichains import rounds
from tests.end_to_end.project import CommittedProject

pytestmark = pytest.mark.integration

CLUSTERS = {"cluster-aro", "cluster-installation"}
"""By whose deletion Azure or openshift-install takes the machines away."""


@pytest.fixture(scope="module")
def everything(is_up: CommittedProject, tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    """Every committed stack, up."""
    project = is_up.copy(tmp_path_factory.mktemp("everything"))
    for name in committed.NAMES:
        if not project.resources(name):
            first = project.preview(name)
            assert first.succeeded, f"its first preview must work too: {first.text}"
            run = project.up(name)
            assert run.succeeded, run.text
    for name in ("private-hub", "private-spoke", "vpn-hub", "vpn-spoke"):  # connected in a second round
        assert project.up(name).succeeded
    return project


def _is_held(resource: Record) -> bool:
    """The network, what the cluster may do there, which it needs until the end, and the group of all."""
    rights = resource.type == "azure-native:authorization:RoleAssignment"
    return (
        resource.type.startswith("azure-native:network:")
        or _name(resource) == "group"
        or (rights and _name(resource).startswith(("cluster-", "identities-")))
    )


def _name(resource: Record) -> str:
    return resource.urn.rpartition("::")[2]


@pytest.mark.parametrize("stack", committed.NAMES)
def test_a_cluster_goes_before_all_that_a_left_over_network_card_in_it_would_keep(
    stack: str, everything: CommittedProject
) -> None:
    resources = everything.sandbox.resources(stack)
    order = rounds(resources)
    held = [_name(each) for each in resources if each.custom and _is_held(each)]
    clusters = CLUSTERS & order.keys()
    assert len(clusters) == bool(held)
    for name in held:
        assert all(order[cluster] < order[name] for cluster in clusters), f"{name} must outlive the cluster"


@pytest.mark.parametrize(
    "stack", [name for name in committed.NAMES if name in ("managed-spoke", "private-spoke")]
)
def test_the_group_of_the_machines_goes_before_the_subnet_that_they_are_in(
    stack: str, everything: CommittedProject
) -> None:
    order = rounds(everything.sandbox.resources(stack))
    assert order["peer-pod-identity-machines"] < order["network-peer-pods"]
    assert order["peer-pods-cm"] < order["peer-pod-identity-machines"]


@pytest.mark.parametrize("stack", committed.NAMES)
def test_what_lives_on_a_cluster_goes_before_the_cluster_and_its_credentials(
    stack: str, everything: CommittedProject
) -> None:
    resources = everything.sandbox.resources(stack)
    order = rounds(resources)
    objects = [each for each in resources if each.type.startswith("kubernetes:")]
    assert objects
    holders = {"cluster-kubernetes", "cluster-installed", *CLUSTERS} & order.keys()
    assert holders
    for each in objects:
        for holder in holders:
            assert order[_name(each)] < order[holder], f"{_name(each)} must go before {holder}"


@pytest.mark.parametrize("stack", [name for name in committed.NAMES if not name.endswith("hub")])
def test_confidential_pods_go_before_the_runtime_and_the_runtime_before_its_operator(
    stack: str, everything: CommittedProject
) -> None:
    resources = everything.sandbox.resources(stack)
    order = rounds(resources)
    kata, operator = order["sandboxed-containers-kata"], order["osc-operator-subscription"]
    pods = [each for each in resources if each.type.endswith((":Deployment", ":Pod"))]
    assert pods
    assert all(order[_name(each)] < kata for each in pods)
    assert kata < order["peer-pods-cm"] < operator


@pytest.mark.parametrize("stack", [name for name in committed.NAMES if not name.endswith("spoke")])
def test_trustee_goes_before_its_operator_and_its_certificates(
    stack: str, everything: CommittedProject
) -> None:
    order = rounds(everything.sandbox.resources(stack))
    assert order["trustee-kbs"] < order["trustee-operator-subscription"]
    assert order["trustee-kbs"] < order["kbs-ca-issuer"] < order["cert-manager-operator-subscription"]


def test_a_network_card_that_a_peer_pod_left_behind_does_not_stop_a_destroy(dev: CommittedProject) -> None:
    spoke = dev.resources("dev-spoke")
    dev.sandbox.azure.leave_network_card(spoke["network-peer-pods"].id, spoke["cluster-aro"].id)
    down = dev.down("dev-spoke")
    assert down.succeeded, down.text
    assert not [each for each in dev.azure() if "coco-dev-spoke" in each]
