"""Invariants of Trustee, CertificateAuthority and ServedSecrets."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from components.certificate import begin
from components.hub.certificate_authority import CertificateAuthority, CertificateAuthorityArgs, authority_of
from components.hub.served_secrets import ServedSecrets, ServedSecretsArgs, keyed_digest
from components.hub.trustee import Trustee, TrusteeArgs
from model.trustee import auth_key, documents
from tests.answers import CA_PEM
from tests.harness import Graph, Registered, Secret, deploy

CONFIG_MAPS = ("kbs-config", "resource-policy", "attestation-policy", "reference-values")


def _trustee(
    *,
    served: str = "digest-1",
    answers: Mapping[str, Any] | None = None,
    preview: bool = False,
    resource_policy: str = "package policy",
    attestation_policy: str = "package attestation",
    reference_values: str = "{}",
) -> Graph:
    def program() -> None:
        trustee = Trustee(
            "trustee",
            TrusteeArgs(
                layout=documents.layout("1.2"),
                namespace="trustee-operator-system",
                kbs_host=pulumi.Output.from_input("kbs.apps.example"),
                issuer="kbs-ca",
                certificate_life=CertificateAuthority.certificate_life,
                resource_policy=resource_policy,
                attestation_policy=attestation_policy,
                reference_values=reference_values,
                served_secrets=["kbsres1"],
                served_digest=pulumi.Output.from_input(served),
                token_minutes=5,
            ),
        )
        pulumi.export("url", trustee.kbs_url)
        pulumi.export("running", trustee.running)

    return deploy(program, answers=answers, preview=preview)


def _config_map(graph: Graph, name: str) -> Registered:
    return graph[f"trustee-{name}"]


def test_the_operator_never_takes_a_config_map_for_a_leftover() -> None:
    graph = _trustee()
    for name in CONFIG_MAPS:
        annotations = _config_map(graph, name).inputs["metadata"]["annotations"]
        assert annotations == {"kbs.confidentialcontainers.org/migrated-from-v1.1.0": "v1.2.0"}, name


def test_the_kbs_names_only_what_exists_before_it() -> None:
    graph = _trustee()
    spec = graph["trustee-kbs"].inputs["spec"]
    objects = {
        resource.inputs["metadata"]["name"]: resource.name
        for resource in graph.values()
        if not resource.read and "name" in resource.inputs.get("metadata", {})
    }
    named = [value for key, value in spec.items() if key.endswith(("ConfigMapName", "SecretName"))]
    assert len(named) == 9
    for name in named:
        assert objects[name] in graph.reaches("trustee-kbs"), name


def test_the_kbs_is_there_when_its_operator_says_so() -> None:
    annotations = _trustee()["trustee-kbs"].inputs["metadata"]["annotations"]
    assert annotations == {
        "pulumi.com/waitFor": "jsonpath={.status.isReady}=true",
        "pulumi.com/deletionPropagationPolicy": "background",
    }


def _mark(graph: Graph) -> str:
    """The one variable of the pods: operators before 1.2.1 put several in another order each time."""
    ((name, value),) = graph["trustee-kbs"].inputs["spec"]["KbsEnvVars"].items()
    assert name == "COCO_RENDERED"
    return value


def test_a_changed_secret_rolls_the_pods() -> None:
    assert _mark(_trustee(served="one")) == _mark(_trustee(served="one")) != _mark(_trustee(served="two"))


@pytest.mark.parametrize("document", ["resource_policy", "attestation_policy", "reference_values"])
def test_a_changed_document_rolls_the_pods(document: str) -> None:
    """Up to 1.1 the operator itself rolls nothing, and mounts each file so that the pod keeps the old one."""
    changed: dict[str, Any] = {document: "another"}
    assert _mark(_trustee()) != _mark(_trustee(**changed))


@pytest.mark.parametrize("certificate", ["kbs-https", "kbs-attestation-token"])
def test_a_renewed_certificate_rolls_the_pods(certificate: str) -> None:
    assert _mark(_trustee()) != _mark(
        _trustee(answers=_issued(certificate, notBefore="2026-09-01T00:00:00Z"))
    )


def _issued(certificate: str, **status: str) -> dict[str, Any]:
    def answer(args: Any) -> dict[str, Any]:
        mine = args.resource_id == f"trustee-operator-system/{certificate}"
        return (
            {"status": status if mine else {"notBefore": "2026-01-01T00:00:00Z"}} if args.resource_id else {}
        )

    return {"kubernetes:cert-manager.io/v1:Certificate": answer}


def test_a_certificate_without_a_revision_is_no_problem() -> None:
    """cert-manager says Ready before it counts, and counts nothing for a certificate that finds its Secret."""
    graph = _trustee()
    waits = json.loads(
        graph["trustee-https-certificate"].inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    )
    assert waits == ["condition=Ready", "jsonpath={.status.notBefore}"]


@pytest.mark.parametrize("status", [None, {}, {"revision": 1}])
def test_a_certificate_that_says_not_since_when_it_holds_is_named(status: dict[str, Any] | None) -> None:
    with pytest.raises(pulumi.RunError, match=r"the Certificate trustee/kbs-https has no status\.notBefore"):
        begin(status, "trustee", "kbs-https")


@pytest.mark.parametrize("what", ["https", "token"])
def test_a_certificate_of_trustee_lasts_a_year_is_renewed_four_months_before_and_with_another_key(
    what: str,
) -> None:
    spec = _trustee()[f"trustee-{what}-certificate"].inputs["spec"]
    assert (spec["duration"], spec["renewBefore"]) == (f"{365 * 24}h", "2920h")
    assert spec["privateKey"] == {
        "algorithm": "ECDSA",
        "encoding": "PKCS8",
        "size": 256,
        "rotationPolicy": "Always",
    }


def test_another_specification_makes_another_certificate() -> None:
    """Ready of the same object would still be about the certificate before."""
    certificate = _trustee()["trustee-https-certificate"]
    assert (certificate.replace_on_changes, certificate.delete_before_replace) == (["spec"], True)


def test_the_pods_run_what_was_rendered_before_anything_is_published() -> None:
    graph = _trustee()
    job = graph["trustee-pods"]
    assert "trustee-kbs" in job.depends_on
    environment = {
        item["name"]: item["value"] for item in job.inputs["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    assert environment["RENDERED"] == _mark(graph)
    assert graph.exports["running"] == "id-of-trustee-pods"


def test_a_preview_waits_for_no_pods() -> None:
    assert _trustee(preview=True).exports["running"] == ""


def test_the_certificate_is_for_the_host_of_the_route_and_no_other() -> None:
    graph = _trustee()
    host = graph["trustee-route"].inputs["spec"]["host"]
    assert graph["trustee-https-certificate"].inputs["spec"]["dnsNames"] == [host]
    assert graph.exports["url"] == f"https://{host}"


def test_the_router_never_sees_a_released_secret() -> None:
    spec = _trustee()["trustee-route"].inputs["spec"]
    assert spec["tls"]["termination"] == "passthrough"
    assert spec["to"]["name"] == "kbs-service"


def test_only_the_kbs_config_decides_which_secrets_are_served() -> None:
    assert _trustee()["trustee-kbs"].inputs["spec"]["kbsSecretResources"] == ["kbsres1"]


def test_the_admin_key_is_a_real_public_key_whose_seed_stays_secret() -> None:
    graph = _trustee()
    text = graph["trustee-auth"].inputs["stringData"].value["publicKey"]
    assert isinstance(load_pem_public_key(text.encode()), Ed25519PublicKey)
    assert "PRIVATE" not in text
    assert text == auth_key.public_key(base64.b64encode(bytes(32)).decode())


def _authority() -> Graph:
    def program() -> None:
        args = CertificateAuthorityArgs(common_name="test", operator_namespace="operator", operator="x.v1")
        authority = CertificateAuthority("ca", args)
        pulumi.export("ca", authority.ca_certificate)

    return deploy(program)


def test_the_key_of_the_authority_never_enters_the_state() -> None:
    graph = _authority()
    reads = [resource for resource in graph.values() if resource.read]
    authority_secret = graph["ca-ca"].inputs["spec"]["secretName"]
    assert [read.name for read in reads] == ["ca-ca-certificate"]
    assert authority_secret == "kbs-ca"
    witness = graph["ca-ca-witness"].inputs["spec"]["secretName"]
    assert witness != authority_secret
    assert graph["ca-ca-certificate"].read_id == f"cert-manager/{witness}"
    assert graph["ca-ca-witness"].inputs["spec"]["dnsNames"] == ["witness.invalid"], (
        "its key must open nothing"
    )


def test_the_authority_is_public_and_read_when_it_has_issued() -> None:
    graph = _authority()
    assert graph.exports["ca"] == CA_PEM
    assert {"ca-ca", "ca-issuer", "ca-ca-witness"} <= graph.reaches("ca-ca-certificate")


def test_the_first_issuer_waits_until_the_api_server_would_take_one() -> None:
    """The webhook runs before its authority is known, and what is asked in between is refused for good."""
    graph = _authority()
    assert "ca-dry-run" in graph["ca-self-signed"].depends_on
    environment = {
        item["name"]: item["value"]
        for item in graph["ca-dry-run"].inputs["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    manifest = json.loads(environment["MANIFEST"])
    assert (manifest["kind"], manifest["metadata"]["namespace"]) == ("Issuer", "operator")
    (rule,) = graph["ca-dry-run-account-role"].inputs["rules"]
    assert (rule["resources"], rule["verbs"]) == (["issuers"], ["create"])
    assert not graph.of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")


@pytest.mark.parametrize("data", [None, {}, {"tls.crt": "eA=="}])
def test_a_certificate_without_its_authority_is_named(data: dict[str, str] | None) -> None:
    with pytest.raises(pulumi.RunError, match="without naming its authority"):
        authority_of(data)


def test_the_authority_outlives_every_certificate_and_keeps_its_key() -> None:
    spec = _authority()["ca-ca"].inputs["spec"]
    assert (spec["isCA"], spec["duration"]) == (True, "87600h")
    assert spec["privateKey"] == {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"}


def _secrets(value: str = "canary-value") -> Graph:
    def program() -> None:
        secrets = ServedSecrets(
            "served",
            ServedSecretsArgs(
                namespace="trustee-operator-system",
                generated={"kbsres1": ["key1", "key2"]},
                given={"database": {"password": pulumi.Output.secret(value)}},
                encoded={
                    "keystore": {"jks": pulumi.Output.secret(base64.b64encode(value.encode()).decode())}
                },
            ),
        )
        pulumi.export("digest", secrets.digest)
        pulumi.export("names", secrets.names)

    return deploy(program)


def test_served_values_reach_kubernetes_as_secrets_only() -> None:
    graph = _secrets()
    assert graph["served-database"].inputs["stringData"] == Secret({"password": "canary-value"})
    assert graph["served-kbsres1"].uses["stringData"] == {"served-kbsres1-key1", "served-kbsres1-key2"}
    assert graph["served-keystore"].inputs["data"] == Secret({"jks": "Y2FuYXJ5LXZhbHVl"})
    assert "stringData" not in graph["served-keystore"].inputs
    assert graph.exports["names"] == ["database", "kbsres1", "keystore"]


def test_the_digest_follows_the_values_and_is_public() -> None:
    first, again, other = (_secrets(value).exports["digest"] for value in ("a", "a", "b"))
    assert first == again != other
    assert isinstance(first, str)


_VALUES = st.dictionaries(
    st.text(max_size=5), st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=3
)


@given(_VALUES, st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_digest_tells_nothing_without_its_key(
    values: dict[str, dict[str, str]], key: bytes, other: bytes
) -> None:
    digests = [keyed_digest(base64.b64encode(k).decode(), values) for k in (key, other)]
    assert (digests[0] == digests[1]) == (key == other)
    shuffled = json.loads(json.dumps(dict(reversed(values.items()))))
    assert keyed_digest(base64.b64encode(key).decode(), shuffled) == digests[0]
