"""The unmodified program under the official engine: up, nothing to do after it, and the same graph as the embedded one's."""

import json
import time
from typing import Any

import pytest

from sandbox.api import Manifest, clusters
from sandbox.apiserver.client import ApiError
from sandbox.apiserver.paths import path_of
from sandbox.engine.stackfile import StackFile
from sandbox.official.environment import Environment
from sandbox.openshift import kinds
from sandbox.openshift.objects import Objects, Put
from sandbox.openshift.reactions import olm
from sandbox.tests.integration import certificates, lifecycle, trustees
from sandbox.tests.integration.project import OfficialProject
from sandbox.tests.integration.world import HUB, SPOKE, TRUSTEE, World
from sandbox.trustee import mounts
from sandbox.trustee.source import deployment_in
from sandbox.watch.trustee import program

pytestmark = pytest.mark.integration
PARENTS = ("parent", "protect", "dependencies", "propertyDependencies", "additionalSecretOutputs")
SECRET = "4dabf18193072939515e22adb298388d"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> OfficialProject:
    project = OfficialProject(tmp_path_factory.mktemp("embedded"))
    done = project.sandbox("up", "--env", "dev")
    assert done.code == 0, done.text
    return project


def exported(project: OfficialProject, stack: str) -> list[dict[str, Any]]:
    return json.loads((project.home / "stacks" / f"{stack}.json").read_text())["deployment"]["resources"]


def shape(value: Any) -> Any:
    """Inputs with what differs from run to run left out, and as the Kubernetes plugin hands them on.

    What is drawn or signed stands in secrets and long texts. The plugin drops what is empty, encodes a Secret's texts, and
    gives an object whose kind is not served yet a namespace.
    """
    match value:
        case dict() if SECRET in value:
            return "<secret>"
        case {"metadata": {"namespace": "default", **metadata}, **rest}:
            return shape({**rest, "metadata": metadata})
        case dict():
            shaped = {
                "data" if key == "stringData" else key: shape(item)
                for key, item in value.items()
                if not key.startswith("__")
            }
            return {key: item for key, item in shaped.items() if item not in ("", [], {}, None)}
        case list():
            return [shape(item) for item in value]
        case str() if len(value) > 60:
            return "<text>"
        case _:
            return value


def graph(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """By URN what a resource is; providers that the engine adds by itself are its own business."""
    return {
        each["urn"]: {key: sorted(each[key]) for key in PARENTS if isinstance(each.get(key), list)}
        | {
            "type": each["type"],
            "parent": each.get("parent", "").split("::")[-1],
            "propertyDependencies": {
                key: sorted(urns) for key, urns in each.get("propertyDependencies", {}).items() if urns
            },
            "inputs": shape(each.get("inputs", {})) if not each.get("external") else None,
        }
        for each in resources
        if not (
            each["type"].startswith("pulumi:providers:") and each["urn"].split("::")[-1].startswith("default")
        )
    }


@pytest.mark.parametrize("stack", [HUB, SPOKE])
def test_a_second_preview_changes_nothing(world: World, stack: str) -> None:
    world.unchanged(stack)


@pytest.mark.parametrize("stack", [HUB, SPOKE])
def test_both_engines_make_the_same_graph(world: World, embedded: OfficialProject, stack: str) -> None:
    official = graph(world.environment.stacks.resources(stack))
    ours = graph(exported(embedded, stack))
    assert sorted(official) == sorted(ours)
    assert {urn: (official[urn], ours[urn]) for urn in official if official[urn] != ours[urn]} == {}


@pytest.mark.parametrize("stack", [HUB, SPOKE])
def test_the_model_of_olm_makes_what_olm_itself_makes(
    world: World, embedded: OfficialProject, stack: str
) -> None:
    """For all that the program subscribes to. What differs is in `lifecycle.py`, with the reason."""
    real, model = world.cluster(stack), clusters(embedded.home)[f"coco-{stack}"]
    assert "olm" in " ".join(world.environment.stand_ins.clusters.processes())
    group = "/apis/operators.coreos.com/v1alpha1"
    for kind, plural, read in (
        ("Subscription", "subscriptions", lifecycle.subscriptions),
        ("InstallPlan", "installplans", lifecycle.plans),
        ("ClusterServiceVersion", "clusterserviceversions", lifecycle.versions),
    ):
        ours, theirs = read(model.list(kind)), read(real.get(f"{group}/{plural}")["items"])
        assert theirs
        assert ours == theirs


@pytest.mark.skipif(program("1.2.1") is None, reason="the program trustee-operator-1.2.1 is not on PATH")
def test_the_model_of_trustee_s_operator_makes_what_the_operator_itself_makes(
    world: World, embedded: OfficialProject
) -> None:
    """Field by field, for all that the program asks of it. What differs is in `trustees.py`, with the reason."""
    real, model = world.cluster(HUB), clusters(embedded.home)[f"coco-{HUB}"]
    assert "trustee-operator" in " ".join(world.environment.stand_ins.clusters.processes())
    space = TRUSTEE.rpartition("/")[2]
    for described, kind, name, group in (
        (trustees.deployment, "Deployment", "trustee-deployment", "/apis/apps/v1"),
        (trustees.service, "Service", "kbs-service", "/api/v1"),
        (trustees.config, "KbsConfig", "kbs", "/apis/confidentialcontainers.org/v1alpha1"),
    ):
        ours = model.get(kind, name, space)
        assert ours
        theirs = real.get(f"{group}/namespaces/{space}/{kind.lower()}s/{name}")
        assert described(theirs) == described(ours), kind
    ours = model.get("Namespace", space, "")
    assert ours
    assert trustees.namespace(real.get(TRUSTEE)) == trustees.namespace(ours)
    theirs = real.get(f"{TRUSTEE}/configmaps")["items"]
    assert trustees.config_maps(theirs) == trustees.config_maps(
        [one for one in model.list("ConfigMap") if one["metadata"]["namespace"] == space]
    )


@pytest.mark.skipif(program("1.2.1") is None, reason="the program trustee-operator-1.2.1 is not on PATH")
def test_every_file_that_a_kbs_is_run_on_is_mounted_by_the_operator_itself(world: World) -> None:
    """`make trustee` and `make pods` lay the files out as the operator does."""
    real = world.cluster(HUB)
    space = TRUSTEE.rpartition("/")[2]
    objects = Objects(
        {"apiVersion": kind.api_version, "kind": kind.kind, **one}
        for kind in (kinds.KBS_CONFIG, kinds.CONFIG_MAP, kinds.SECRET)
        for one in real.get(path_of(kind, space))["items"]
    )
    deployment = real.get(f"/apis/apps/v1/namespaces/{space}/deployments/trustee-deployment")
    files = mounts.files(deployment_in(objects, space))
    assert len(files) > 15
    assert [path for path in files if trustees.mounted(deployment, path) is None] == []


WRONG: dict[str, dict[str, Any]] = {
    "no-channel": {"channel": "stable-1.13"},
    "no-version": {"startingCSV": "trustee-operator.v9.9.9"},
    "no-package": {"name": "trustee"},
    "no-catalogue": {"source": "community-operators"},
}


def test_the_model_of_olm_says_what_olm_itself_says_of_a_subscription_that_it_cannot_resolve(
    world: World,
) -> None:
    server = world.cluster(HUB)
    asked = {name: list(lifecycle.subscribing(name, wrong)) for name, wrong in WRONG.items()}
    for manifest in (one for manifests in asked.values() for one in manifests):
        server.apply(lifecycle.path(manifest), manifest, manager="test")
    deadline = time.monotonic() + 60
    for manifests in asked.values():
        (effect,) = olm.react(Objects(manifests))
        assert isinstance(effect, Put)
        ours = lifecycle.said(effect.object)
        assert "ResolutionFailed" in ours
        while (theirs := lifecycle.said(server.get(lifecycle.path(effect.object)))) != ours:
            assert time.monotonic() < deadline, (theirs, ours)
            time.sleep(0.5)


def test_certificates_of_the_model_are_those_of_cert_manager_itself(
    world: World, embedded: OfficialProject
) -> None:
    """Field by field, for all that the program asks of it. What differs is in `certificates.py`, with the reason."""
    real, model = world.cluster(HUB), clusters(embedded.home)[f"coco-{HUB}"]
    assert "cert-manager" in " ".join(world.environment.stand_ins.clusters.processes())

    def stored(namespace: str, name: str) -> Manifest:
        found = model.get("Secret", name, namespace)
        assert found
        return found

    group = "/apis/cert-manager.io/v1"
    ours = certificates.of_all(model.list("Certificate"), stored)
    theirs = certificates.of_all(
        real.get(f"{group}/certificates")["items"],
        lambda namespace, name: real.get(f"/api/v1/namespaces/{namespace}/secrets/{name}"),
    )
    assert set(theirs) == {"kbs-ca", "kbs-ca-witness", "kbs-https", "kbs-attestation-token"}
    assert ours == theirs
    issuers = {one["metadata"]["name"]: certificates.conditions(one) for one in model.list("ClusterIssuer")}
    assert issuers == {
        one["metadata"]["name"]: certificates.conditions(one)
        for one in real.get(f"{group}/clusterissuers")["items"]
    }


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"dnsNames": []}, "spec: Invalid value"),
        ({"commonName": "x" * 65}, "spec.commonName: Too long"),
        ({"duration": "30m"}, "spec.duration: Invalid value"),
        ({"duration": "90 days"}, "in duration"),
        ({"duration": "2h", "renewBefore": "3h"}, "spec.renewBefore: Invalid value"),
        ({"privateKey": {"algorithm": "RSA", "size": 1024}}, "spec.privateKey.size: Invalid value: 1024"),
        ({"privateKey": {"algorithm": "ECDSA", "size": 123}}, "spec.privateKey.size: Unsupported value: 123"),
        ({"secretName": ""}, "spec.secretName: Required value"),
        ({"ipAddresses": ["x"]}, "spec.ipAddresses[0]: Invalid value"),
    ],
)
def test_the_webhook_of_cert_manager_itself_refuses_what_the_model_refuses(
    world: World, wrong: dict[str, Any], field: str
) -> None:
    path = "/apis/cert-manager.io/v1/namespaces/cert-manager/certificates/refused"
    issuer = {"name": "kbs-ca", "kind": "ClusterIssuer"}
    manifest = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": {"name": "refused", "namespace": "cert-manager"},
        "spec": {"secretName": "refused", "dnsNames": ["refused.invalid"], "issuerRef": issuer, **wrong},
    }
    with pytest.raises(ApiError) as raised:
        world.cluster(HUB).apply(path, manifest, manager="test", dry_run=True)
    assert 'admission webhook "webhook.cert-manager.io" denied the request' in raised.value.message
    assert field in raised.value.message


def test_the_state_of_a_spoke_stays_small(world: World) -> None:
    assert len(json.dumps(world.environment.stacks.export(SPOKE))) < 1_500_000


def test_the_cli_takes_the_embedded_engines_state_and_decrypts_it(
    world: World, embedded: OfficialProject
) -> None:
    """In a backend of its own, with the embedded engine's passphrase."""
    other = Environment(embedded.folder, embedded.home)
    other.cli.prepare()
    other.stacks.configure(StackFile.of(other.project, HUB))
    state = embedded.home / "stacks" / f"{HUB}.json"
    other.cli.read("stack", "import", "--stack", HUB, "--file", str(state))
    shown = other.stacks.export(HUB, show_secrets=True)
    assert len(shown["deployment"]["resources"]) == len(exported(embedded, HUB))
    assert '"plaintext"' in json.dumps(shown)
    assert "kbsUrl" in other.stacks.outputs(HUB, show_secrets=True)
