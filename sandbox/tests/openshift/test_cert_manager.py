import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from sandbox.openshift import admission, kinds
from sandbox.openshift.objects import Manifest, Objects, Ref, condition, conditions, with_status
from sandbox.provider import Incomplete, Refused
from sandbox.tests.openshift.cluster import CERT_MANAGER, CERTIFICATE, CLUSTER_ISSUER, SECRET, Api

READY = {"pulumi.com/waitFor": "condition=Ready"}
HOST = "kbs.apps.test.sandbox.example.com"
LEAF: dict[str, Any] = {
    "secretName": "leaf-tls",
    "dnsNames": [HOST],
    "duration": "2160h",
    "usages": ["digital signature", "server auth"],
    "privateKey": {"algorithm": "ECDSA", "encoding": "PKCS8"},
    "issuerRef": {"kind": "ClusterIssuer", "name": "ca"},
}


def authority(api: Api) -> None:
    """A self-signed CA in cert-manager's own namespace and the issuer that signs with it."""
    api.install(CERT_MANAGER)
    api.put(CLUSTER_ISSUER, "selfsigned", spec={"selfSigned": {}}, annotations=READY)
    root = {
        "isCA": True,
        "commonName": "test CA",
        "duration": "87600h",
        "secretName": "ca",
        "privateKey": {"algorithm": "ECDSA"},
        "issuerRef": {"kind": "ClusterIssuer", "name": "selfsigned"},
    }
    api.put(CERTIFICATE, "ca", "cert-manager", spec=root, annotations=READY)
    api.put(CLUSTER_ISSUER, "ca", spec={"ca": {"secretName": "ca"}}, annotations=READY)


def leaf(api: Api, **changes: Any) -> Manifest:
    return api.put(CERTIFICATE, "leaf", "app", spec={**LEAF, **changes}, annotations=READY)


def content(api: Api, key: str) -> bytes:
    return base64.b64decode(api.get(kinds.SECRET, "leaf-tls", "app")["data"][key])


def test_a_client_that_trusts_the_ca_accepts_the_leaf(api: Api) -> None:
    authority(api)
    leaf(api)
    root = x509.load_pem_x509_certificate(content(api, "ca.crt"))
    certificate = x509.load_pem_x509_certificate(content(api, "tls.crt"))
    PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(HOST)).verify(certificate, [])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    assert b"BEGIN PRIVATE KEY" in content(api, "tls.key")


def test_nothing_is_issued_again_without_a_reason(api: Api) -> None:
    authority(api)
    leaf(api)
    before = content(api, "tls.crt")
    api.put(SECRET, "unrelated", "app", stringData={"a": "b"})
    api.change(CERTIFICATE, "leaf", "app", spec={**LEAF, "renewBefore": "360h"}, annotations=READY)
    assert content(api, "tls.crt") == before
    assert api.get(kinds.CERTIFICATE, "leaf", "app")["status"]["revision"] == 1


@pytest.mark.parametrize("reason", ["renew", "secret", "names"])
def test_a_reason_to_issue_again_makes_a_new_revision(api: Api, reason: str) -> None:
    authority(api)
    leaf(api)
    before = content(api, "tls.crt")
    if reason == "renew":
        issuing = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": ""}
        issuing["lastTransitionTime"] = "2026-01-01T00:00:00Z"
        api.cluster.edit(
            Ref(kinds.CERTIFICATE, "app", "leaf"),
            lambda live: {**live, "status": {**live["status"], "conditions": [issuing]}},
        )
    elif reason == "secret":
        api.delete(SECRET, "leaf-tls", "app")
    else:
        api.change(CERTIFICATE, "leaf", "app", spec={**LEAF, "dnsNames": ["other"]}, annotations=READY)
    live = api.get(kinds.CERTIFICATE, "leaf", "app")
    assert content(api, "tls.crt") != before
    assert (live["status"]["revision"], condition(live, "Ready"), condition(live, "Issuing")) == (
        2,
        "True",
        None,
    )


def test_an_issuer_that_is_missing_keeps_the_certificate_waiting(api: Api) -> None:
    api.install(CERT_MANAGER)
    with pytest.raises(
        Incomplete, match=r'Referenced "ClusterIssuer" not found: "ca".*oc describe certificates'
    ):
        leaf(api)


def test_a_ca_issuer_looks_for_its_secret_in_cert_managers_namespace(api: Api) -> None:
    authority(api)
    api.put(SECRET, "elsewhere", "app", stringData={"tls.crt": "x", "tls.key": "x"})
    with pytest.raises(Incomplete, match='keypair for CA issuer: secrets "elsewhere" not found'):
        api.put(CLUSTER_ISSUER, "wrong", spec={"ca": {"secretName": "elsewhere"}}, annotations=READY)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"dnsNames": []}, "at least one of commonName, dnsNames"),
        ({"commonName": "x" * 65}, "spec.commonName: Too long"),
        ({"duration": "30m"}, "must be greater than 1h"),
        ({"duration": "90 days"}, "is not a duration such as 2160h"),
        ({"privateKey": {"algorithm": "RSA", "size": 1024}}, "between 2048 and 8192"),
        ({"secretName": ""}, "spec.secretName: Required value"),
        (
            {"ipAddresses": ["10.0.0.4", "x"]},
            r'spec.ipAddresses\[1\]: Invalid value: "x": invalid IP address',
        ),
        ({"secretname": "typo"}, "spec.secretname"),
    ],
)
def test_the_webhook_refuses_what_could_never_be_issued(
    api: Api, changes: dict[str, Any], answer: str
) -> None:
    authority(api)
    with pytest.raises(Refused, match=answer):
        leaf(api, **changes)


def test_a_certificate_that_finds_its_secret_is_ready_and_has_no_revision(api: Api) -> None:
    authority(api)
    leaf(api)
    before = content(api, "tls.crt")
    api.delete(CERTIFICATE, "leaf", "app")
    status = leaf(api)["status"]
    assert content(api, "tls.crt") == before
    assert "revision" not in status
    assert status["notBefore"]


def test_a_leaf_is_signed_as_strongly_as_its_authority_can_and_names_no_key_of_its_own(api: Api) -> None:
    authority(api)
    api.change(
        CERTIFICATE,
        "ca",
        "cert-manager",
        spec={
            **api.get(kinds.CERTIFICATE, "ca", "cert-manager")["spec"],
            "privateKey": {"algorithm": "ECDSA", "size": 384},
        },
    )
    leaf(api)
    certificate = x509.load_pem_x509_certificate(content(api, "tls.crt"))
    digest = certificate.signature_hash_algorithm
    assert digest is not None
    assert digest.name == "sha384"
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)


def manifest(**changes: Any) -> str:
    named = {"name": "coco-dry-run", "namespace": "app"}
    return json.dumps(
        {"apiVersion": "cert-manager.io/v1", "kind": "Issuer", "metadata": named, "spec": {"selfSigned": {}}}
        | changes
    )


def test_what_an_api_server_would_take_ends_the_dry_run_and_makes_nothing(api: Api) -> None:
    api.install(CERT_MANAGER)
    api.may("app", {"apiGroups": ["cert-manager.io"], "resources": ["issuers"], "verbs": ["create"]})
    assert condition(api.script("try", "app", MANIFEST=manifest()), "Complete") == "True"
    assert not api.cluster.objects.all(kinds.ISSUER)


@pytest.mark.parametrize(
    ("installed", "text", "answer"),
    [
        (False, manifest(), 'no matches for kind "Issuer"'),
        (True, manifest(spec={}), "exactly one issuer type must be configured"),
    ],
)
def test_what_an_api_server_would_not_take_keeps_the_dry_run_waiting(
    api: Api, installed: bool, text: str, answer: str
) -> None:
    if installed:
        api.install(CERT_MANAGER)
    api.may("app", {"apiGroups": ["cert-manager.io"], "resources": ["issuers"], "verbs": ["create"]})
    with pytest.raises(Incomplete, match=answer):
        api.script("try", "app", MANIFEST=text)


def test_a_dry_run_needs_the_right_to_create(api: Api) -> None:
    api.install(CERT_MANAGER)
    api.may("app", {"apiGroups": ["cert-manager.io"], "resources": ["issuers"], "verbs": ["get"]})
    with pytest.raises(Incomplete, match='cannot create resource "issuers"'):
        api.script("try", "app", MANIFEST=manifest())


def test_a_webhook_whose_authority_nobody_knows_yet_refuses_everything(api: Api) -> None:
    api.install(CERT_MANAGER)
    deployment = api.get(kinds.DEPLOYMENT, "cert-manager-cainjector", "cert-manager")
    late = with_status(deployment, conditions=conditions(deployment, ("Available", False, "Late", "")))
    objects = Objects(api.cluster.objects)
    objects.set(late)
    with pytest.raises(Refused, match="x509: certificate signed by unknown authority"):
        admission.admit(
            kinds.CLUSTER_ISSUER,
            {
                "apiVersion": "cert-manager.io/v1",
                "kind": "ClusterIssuer",
                "metadata": {"name": "first"},
                "spec": {"selfSigned": {}},
            },
            None,
            objects,
        )
