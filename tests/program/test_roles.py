"""Invariants of whole roles, for every committed stack: known and unknown outputs, order, secrecy, the trust flow."""

import base64
import json
import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from config.roles import ROLES
from config.sections import KINDS
from model.attestation import initdata
from tests.answers import CA_PEM
from tests.config import committed
from tests.harness import UNKNOWN, Graph, Secret
from tests.program import roles

TRUSTED = (
    "dev-hub",
    "dev-standalone",
    "managed-hub",
    "anywhere-hub",
    "selfmanaged-hub",
    "private-hub",
    "vpn-hub",
)
UNTRUSTED = ("dev-spoke", "dev-standalone")


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return {name: roles.committed_graph(name) for name in committed.NAMES}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_of_the_configuration_has_its_module(role: str) -> None:
    assert callable(import_module(f"program.{role}").declare)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_cluster_has_its_module(kind: str) -> None:
    assert callable(import_module(f"program.clusters.{to_snake(kind)}").declare)


@pytest.mark.parametrize(
    ("modules", "unused"),
    [
        (
            "program.hub, program.clusters.aro",
            ["pulumi_kubernetes.networking.v1", "pulumi_kubernetes.apps.v1"],
        ),
        ("program.hub, program.clusters.existing", ["pulumi_azure_native.network.subnet"]),
        ("program.spoke", ["pulumi_kubernetes.networking.v1", "pulumi_azure_native.storage.storage_account"]),
    ],
)
def test_a_role_imports_nothing_of_the_sdks_that_it_does_not_use(modules: str, unused: list[str]) -> None:
    """Each such part costs every preview up to half a second."""
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; print('\\n'.join(sys.modules))"],
        cwd=committed.ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "pulumi_kubernetes.core.v1" in loaded
    assert not set(unused) & set(loaded)


@pytest.mark.parametrize("name", committed.NAMES)
def test_the_shape_of_a_stack_changes_only_on_purpose(
    name: str, graphs: dict[str, Graph], snapshot: Any
) -> None:
    """A changed line is a resource that is replaced, deleted or new: see CONTRIBUTING.md before you update the snapshot."""
    assert [
        f"{r.type}  {r.name}  in {r.parent or 'the stack'}"
        for r in sorted(graphs[name].values(), key=lambda r: r.urn)
    ] == snapshot


@pytest.mark.parametrize("name", committed.NAMES)
def test_nothing_depends_on_a_value_that_is_unknown_at_first(name: str, graphs: dict[str, Graph]) -> None:
    preview = roles.previewed_graph(name)
    assert preview.keys() == graphs[name].keys()


@pytest.mark.parametrize("name", committed.NAMES)
def test_every_resource_belongs_to_a_component_or_is_one_that_all_share(
    name: str, graphs: dict[str, Graph]
) -> None:
    top = {r.name for r in graphs[name].values() if not r.parent and not r.type.startswith("coco:")}
    assert top <= {"azure", "group", f"organization/coco/{name.partition('-')[0]}-hub"}


@pytest.mark.parametrize("name", committed.NAMES)
def test_no_secret_is_ever_a_plain_input(name: str, graphs: dict[str, Graph]) -> None:
    canaries = ("canary", "Y2FuYXJ5", "generated-")
    for resource in graphs[name].values():
        plain = _without_secrets(resource.inputs)
        for canary in canaries:
            assert canary not in json.dumps(plain), f"{resource.name} holds a secret in plain text"
    assert not any(canary in json.dumps(_without_secrets(graphs[name].exports)) for canary in canaries)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, dict):
        return {key: _without_secrets(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return value


@pytest.mark.parametrize("name", TRUSTED)
def test_what_pods_will_show_is_what_trustee_accepts(name: str, graphs: dict[str, Graph]) -> None:
    graph = graphs[name]
    accepted = json.loads(graph["trustee-reference-values"].inputs["data"]["reference_value"])
    values = json.loads(base64.b64decode(accepted["snp_pcr08"]))["value"]
    profiles = graph.exports["profiles"]
    workloads = graph.exports["workloads"]
    assert set(values) == {profile["pcr8"] for profile in profiles.values()} | {
        accepted[0] for workload in workloads.values() for accepted in workload["accepted"].values()
    }
    for profile in profiles.values():
        assert initdata.decode(profile["encoded"]).toml == profile["toml"]


@pytest.mark.parametrize("name", TRUSTED)
def test_initdata_pins_the_authority_and_the_host_of_the_certificate(
    name: str, graphs: dict[str, Graph]
) -> None:
    graph = graphs[name]
    host = graph["trustee-https-certificate"].inputs["spec"]["dnsNames"][0]
    for profile in graph.exports["profiles"].values():
        pinned = initdata.documents(profile["toml"])
        assert (pinned.kbs_url, pinned.kbs_ca.strip()) == (f"https://{host}", CA_PEM.strip())
    assert graph["trustee-route"].inputs["spec"]["host"] == host


@pytest.mark.parametrize("name", TRUSTED)
def test_a_profile_is_published_only_once_trustee_accepts_it(name: str) -> None:
    preview = roles.previewed_graph(name)
    assert preview.exports["profiles"] == UNKNOWN


def test_a_changed_policy_keeps_the_earlier_measurement_for_one_roll_out() -> None:
    first = roles.declare("dev-hub", secrets=_read_by_hardened()).exports
    old = first["profiles"]["hardened"]["pcr8"]
    looser = {"hardened": {"readLogs": True}, "debug": {"exec": True}}
    changed = roles.declare("dev-hub", outputs=first, profiles=looser, secrets=_read_by_hardened())
    now = changed.exports["profiles"]["hardened"]
    assert now["accepted"] == [now["pcr8"], old]
    policy = changed["trustee-resource-policy"].inputs["data"]["resource-policy.rego"]
    assert old in policy
    assert now["pcr8"] in policy
    again = roles.declare("dev-hub", outputs=changed.exports, profiles=looser, secrets=_read_by_hardened())
    assert again.exports == changed.exports, "a second update has nothing to do"


def _read_by_hardened() -> dict[str, Any]:
    """The committed secrets, of which ``kbsres1`` is read by a profile."""
    secrets = json.loads(committed.bag("dev-hub")["coco:secrets"])
    secrets["kbsres1"] |= {"readableBy": ["hardened"], "allowUnpinned": True}
    return secrets


def test_an_earlier_measurement_gains_no_right_of_its_successor() -> None:
    """It may be of a document that allowed any command: what its successor may read, it must not."""
    loose = {"hardened": {}, "debug": {}, "web": {"exec": True}}
    before = roles.declare("dev-hub", profiles=loose).exports
    secrets = json.loads(committed.bag("dev-hub")["coco:secrets"])
    secrets["kbsres1"] |= {"readableBy": ["hardened", "web"], "allowUnpinned": True}
    after = roles.declare("dev-hub", outputs=before, profiles=loose | {"web": {}}, secrets=secrets).exports
    now, earlier = after["profiles"]["web"]["accepted"]
    assert earlier == before["profiles"]["web"]["pcr8"]
    released = after["released"]["default/kbsres1/key1"]
    assert now in released
    assert earlier not in released


def test_profiles_with_the_same_settings_read_nothing_of_each_other() -> None:
    twins = {"hardened": {}, "twin": {}, "debug": {"exec": True}}
    graph = roles.declare("dev-hub", profiles=twins, secrets=_read_by_hardened())
    profiles = graph.exports["profiles"]
    assert profiles["twin"]["pcr8"] != profiles["hardened"]["pcr8"]
    released = graph.exports["released"]["default/kbsres1/key1"]
    assert profiles["hardened"]["pcr8"] in released
    assert profiles["twin"]["pcr8"] not in released


def test_an_earlier_measurement_can_be_shut_out_at_once() -> None:
    first = roles.committed_graph("dev-hub").exports
    trustee = json.loads(committed.bag("dev-hub")["coco:trustee"]) | {"acceptedPrevious": 0}
    changed = roles.declare(
        "dev-hub",
        outputs=first,
        trustee=trustee,
        profiles={"hardened": {"readLogs": True}, "debug": {"exec": True}},
    )
    policy = changed["trustee-resource-policy"].inputs["data"]["resource-policy.rego"]
    assert first["profiles"]["hardened"]["pcr8"] not in policy


def test_peer_pods_of_a_cluster_with_managed_identities_are_made_by_an_identity_in_a_group_of_their_own(
    graphs: dict[str, Graph],
) -> None:
    graph = graphs["managed-spoke"]
    assert "peer-pod-identity-machines" in graph["peer-pods-cm"].uses["data"]
    environment = graph["osc-operator-subscription"].inputs["spec"]["config"]["env"]
    azure = json.loads(committed.bag("managed-spoke")["coco:azure"])
    assert {each["name"]: each["value"] for each in environment} == {
        "CLIENTID": "client-of-peer-pod-identity-identity",
        "TENANTID": azure["tenantId"],
        "SUBSCRIPTIONID": azure["subscriptionId"],
    }
    # All that the identity may do is there before anything can use it.
    rights = {name for name in graph if name.startswith("peer-pod-identity-") and "-on-" in name}
    assert {"peer-pod-identity-credential", *rights} <= graph.reaches("osc-operator-subscription")
    # The machines' network cards go with their group, before the subnet that they are in.
    assert "network-peer-pods" in graph.reaches("peer-pod-identity-machines")


@pytest.mark.parametrize("name", UNTRUSTED)
def test_peer_pods_are_given_what_the_hub_publishes(name: str, graphs: dict[str, Graph]) -> None:
    graph = graphs[name]
    source = roles.HUB if name == "dev-spoke" else "trustee-route"
    assert source in graph["peer-pods-cm"].uses["data"] or source in graph.reaches("peer-pods-cm")
    deployments = {
        "workload-hello-openshift-deployment-hello-hardened",
        "workload-kbs-access-deployment-kbs-access",
        "workload-kbs-sealed-deployment-kbs-sealed",
        "hello-openshift-debug-deployment",
    }
    for deployment in deployments:
        assert source in graph[deployment].uses["spec"] | graph.reaches(deployment), deployment


@pytest.mark.parametrize("name", UNTRUSTED)
def test_the_secret_of_a_workload_holds_what_the_hub_sealed_and_its_pod_comes_after(
    name: str, graphs: dict[str, Graph]
) -> None:
    graph = graphs[name]
    secret = graph["workload-kbs-sealed-secret-sealed"]
    sealed = (roles.HUB_OUTPUTS if name == "dev-spoke" else graph.exports)["sealed"]["default/kbsres2/key1"]
    assert sealed.startswith("sealed.")
    assert secret.inputs["stringData"] == Secret({"password": sealed}), "as pulumi-kubernetes does with any"
    assert (roles.HUB if name == "dev-spoke" else "sealing-seed") in secret.uses["stringData"]
    pod = graph["workload-kbs-sealed-deployment-kbs-sealed"]
    assert {secret.name, "workload-kbs-sealed-namespace-kbs-sealed"} <= set(pod.depends_on)


def test_a_spoke_has_no_say_in_what_the_hub_accepts(graphs: dict[str, Graph]) -> None:
    types = {resource.type for resource in graphs["dev-spoke"].values()}
    assert not {t for t in types if "confidentialcontainers" in t or "cert-manager" in t}
    assert not any(name.startswith("trustee") for name in graphs["dev-spoke"])


def test_the_hub_runs_no_peer_pods(graphs: dict[str, Graph]) -> None:
    assert not {name for name in graphs["dev-hub"] if "peer-pod" in name or "osc" in name}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_destroy_order_is_workloads_kata_operators_cluster_network(
    name: str, graphs: dict[str, Graph]
) -> None:
    graph = graphs[name]
    before_workload = graph.reaches("workload-kbs-access-deployment-kbs-access")
    assert {"sandboxed-containers-kata", "peer-pods-cm", "osc-operator-approval"} <= before_workload
    before_kata = graph.reaches("sandboxed-containers-kata")
    assert {
        "osc-operator-subscription",
        "osc-operator-approval",
        "peer-pods-cm",
        "sandboxed-containers-feature-gates",
    } <= before_kata
    assert (
        "cluster-kubernetes" in {graph[name].provider for name in before_kata if name in graph} | before_kata
    )
    if name == "dev-spoke":
        assert {
            "cluster-cluster-vnet",
            "cluster-rp-vnet",
            "network-workers",
            "network-vnet",
            "group",
        } <= graph.reaches("cluster-aro")


@pytest.mark.parametrize("name", TRUSTED)
def test_trustee_comes_after_its_operator_and_the_authority(name: str, graphs: dict[str, Graph]) -> None:
    before = graphs[name].reaches("trustee-kbs")
    assert {
        "trustee-operator-approval",
        "cert-manager-operator-approval",
        "kbs-ca-issuer",
        "served-secrets-kbsres1",
    } <= before


def test_a_standalone_stack_says_that_its_zones_are_not_separate(graphs: dict[str, Graph]) -> None:
    assert any("not separate" in warning for warning in graphs["dev-standalone"].warnings)
    assert "not separate" in graphs["dev-standalone"].exports["warning"]


def test_a_standalone_stack_that_cannot_serve_its_own_pods_is_refused() -> None:
    with pytest.raises(Exception, match=r"it has no profile debug: define coco:profiles.debug"):
        roles.declare("dev-standalone", profiles={"hardened": {}})


@pytest.mark.parametrize("name", committed.NAMES)
def test_names_in_azure_and_kubernetes_are_all_explicit(name: str, graphs: dict[str, Graph]) -> None:
    """A generated name would change with every replacement, and nothing outside could refer to it."""
    for resource in graphs[name].values():
        if resource.type.startswith("kubernetes:") and not resource.read:
            assert resource.inputs["metadata"]["name"], resource.name
        if resource.type.startswith("azure-native:") and "providers" not in resource.type:
            assert any(key.endswith("Name") and key != "resourceGroupName" for key in resource.inputs) or (
                resource.type.endswith(":ResourceGroup")
            ), resource.name


@pytest.mark.parametrize("said", [True, False])
def test_the_cluster_and_the_authority_that_pods_pin_are_protected_and_nothing_else(said: bool) -> None:
    cluster = json.loads(committed.bag("dev-hub")["coco:cluster"]) | {"protect": said}
    graph = roles.declare("dev-hub", cluster=cluster)
    assert {name for name, resource in graph.items() if resource.protect} == (
        {"cluster-aro", "kbs-ca-ca"} if said else set()
    )
