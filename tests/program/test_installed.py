"""What a cluster has already is said before anything is declared, with what to write instead."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest

from config.sections import CommonSections
from live.cluster import Unreachable
from program import catalogue, installed
from tests.config import committed
from tests.harness import deploy
from tests.program import roles

OURS = {"managedFields": [{"manager": "pulumi-kubernetes-1a2b3c"}]}
THEIRS = {"managedFields": [{"manager": "kubectl-create"}]}


class Cluster:
    """A cluster with these objects."""

    where = "https://api.example"

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self._objects = objects

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        return next(
            (one for one in self.list(api_version, kind, "") if one["metadata"]["name"] == name), None
        )

    def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
        return [one for one in self._objects if (one["apiVersion"], one["kind"]) == (api_version, kind)]


def subscription(package: str, namespace: str, managed: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "Subscription",
        "metadata": {"name": "cert-manager", "namespace": namespace, **managed},
        "spec": {"name": package},
        "status": {"installedCSV": "cert-manager-operator.v1.17.0"},
    }


def namespace(name: str, managed: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **managed}}


CERT_MANAGER = "openshift-cert-manager-operator"


@pytest.mark.parametrize("where", ["cert-manager-operator", "elsewhere"])
def test_an_operator_that_somebody_else_installed_is_named_with_the_way_to_use_it(where: str) -> None:
    cluster = Cluster(subscription(CERT_MANAGER, where, THEIRS), namespace("cert-manager-operator", THEIRS))
    assert list(installed.taken(cluster, [catalogue.CERT_MANAGER])) == [
        f"{CERT_MANAGER} (Subscription {where}/cert-manager, cert-manager-operator.v1.17.0): write `present` for"
        " coco:operators.certManager to use it as it is, or remove it"
    ]


def test_an_operator_that_the_stack_pins_itself_cannot_be_somebody_elses() -> None:
    cluster = Cluster(subscription("trustee-operator", "trustee-operator-system", THEIRS))
    (sentence,) = installed.taken(cluster, [catalogue.TRUSTEE])
    assert "remove it, or import its objects" in sentence


def test_a_namespace_of_somebody_else_is_named() -> None:
    (sentence,) = installed.taken(
        Cluster(namespace("cert-manager-operator", THEIRS)), [catalogue.CERT_MANAGER]
    )
    assert sentence.startswith("namespace cert-manager-operator, without a Subscription")


def test_a_namespace_with_a_subscription_of_the_programs_own_is_its_own() -> None:
    """An older version made it without any field, and then the API server names nobody who did."""
    cluster = Cluster(
        subscription(CERT_MANAGER, "cert-manager-operator", OURS),
        namespace("cert-manager-operator", {"managedFields": [{"manager": "olm"}]}),
    )
    assert list(installed.taken(cluster, [catalogue.CERT_MANAGER])) == []


@pytest.mark.parametrize("name", committed.NAMES)
def test_every_namespace_of_an_operator_has_a_field_by_which_it_is_known_as_the_programs(name: str) -> None:
    made = [
        one.inputs["metadata"]["labels"]
        for one in roles.committed_graph(name).of_type("kubernetes:core/v1:Namespace")
        if one.name.endswith("-operator-namespace")
    ]
    assert made
    assert all(labels["app.kubernetes.io/managed-by"] == "pulumi" for labels in made)


def test_no_role_is_made_without_a_rule() -> None:
    """The plugin leaves an empty list out of what it reads, so each preview would show it as a change."""
    operators = {**json.loads(committed.bag("anywhere-hub")["coco:operators"]), "certManager": "present"}
    for graph in (
        roles.declare("anywhere-hub", operators=operators),
        roles.committed_graph("dev-standalone"),
    ):
        made = [one for one in graph.values() if one.type.endswith(("v1:Role", "v1:ClusterRole"))]
        assert made
        assert all(one.inputs["rules"] for one in made)


def test_what_the_program_made_itself_is_no_problem() -> None:
    cluster = Cluster(
        subscription(CERT_MANAGER, "cert-manager-operator", OURS), namespace("cert-manager-operator", OURS)
    )
    assert not list(installed.taken(cluster, [catalogue.CERT_MANAGER]))
    assert not list(installed.taken(Cluster(), [catalogue.CERT_MANAGER, catalogue.TRUSTEE]))


def test_every_operator_is_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Cluster(subscription(CERT_MANAGER, "a", THEIRS), subscription("trustee-operator", "b", THEIRS))
    monkeypatch.setattr(installed, "LiveCluster", lambda _: found)
    with pytest.raises(
        pulumi.RunError, match=r"(?s)already what the stack would install:.*certManager.*trustee-operator"
    ):
        installed.checked("kubeconfig", [catalogue.CERT_MANAGER, catalogue.TRUSTEE])


def test_a_cluster_that_does_not_answer_is_left_to_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_: str) -> Any:
        raise Unreachable("no route")

    monkeypatch.setattr(installed, "LiveCluster", silent)
    assert installed.checked("kubeconfig", [catalogue.TRUSTEE]) == "kubeconfig"


VAULT: dict[str, Any] = {
    "secrets": {
        **json.loads(committed.bag("dev-hub")["coco:secrets"]),
        "db": {"source": "vault", "keys": ["password"], "readableBy": []},
    },
    "externalSecrets": {"vault": {"url": "https://vault.example.com", "role": "trustee"}},
}
PRESENT: dict[str, Any] = {"operators": {"certManager": "present", "externalSecrets": "present"}}


@pytest.mark.parametrize(
    ("stack", "changes", "names"),
    [
        ("dev-hub", {}, ["trustee-operator", "cert-manager-operator"]),
        ("dev-hub", VAULT, ["trustee-operator", "cert-manager-operator", "external-secrets-operator"]),
        ("dev-hub", VAULT | PRESENT, ["trustee-operator"]),
        ("dev-spoke", {}, ["osc-operator"]),
        ("dev-standalone", {}, ["trustee-operator", "cert-manager-operator", "osc-operator"]),
    ],
)
def test_only_what_the_stack_installs_itself_is_looked_for(
    stack: str, changes: dict[str, Any], names: list[str]
) -> None:
    found: list[str] = []

    def program() -> None:
        config = committed.stack(stack, **changes).config
        assert isinstance(config, CommonSections)
        found.extend(one.name for one in catalogue.installed_by(config))

    deploy(program)
    assert found == names
    graph = roles.declare(stack, **changes)
    subscribed = {one.name for one in graph.of_type("kubernetes:operators.coreos.com/v1alpha1:Subscription")}
    assert subscribed == {f"{name}-subscription" for name in names}


def test_what_is_present_is_looked_at_and_nothing_of_it_declared() -> None:
    graph = roles.declare("dev-hub", **VAULT, **PRESENT)
    types = {one.type for one in graph.values()}
    assert "kubernetes:operator.openshift.io/v1alpha1:ExternalSecretsConfig" not in types
    for name in ("cert-manager-operator", "external-secrets-operator"):
        assert graph[name].type == "coco:cluster:PresentOperator"
        assert f"{name}-present-account-role" not in graph
        (rule,) = graph[f"{name}-present-account-cluster-role"].inputs["rules"]
        assert (rule["resources"], rule["verbs"]) == (["clusterserviceversions"], ["list"])
    assert "cert-manager-operator-present" in graph.reaches("kbs-ca-dry-run")
    assert "external-secrets-operator-present" in graph.reaches("vault-dry-run")
