"""What a hub serves besides the secrets of its stack: image policy, sealed secrets, and secrets that live in a vault."""

import json
from typing import Any

import pytest

from model.attestation import initdata
from model.paths import served
from model.trustee import sealed_secrets
from tests.answers import ANSWERS
from tests.config import committed
from tests.harness import Graph
from tests.program import roles


def _signed_hub() -> Graph:
    trustee = json.loads(committed.bag("dev-hub")["coco:trustee"]) | {
        "imagePolicy": "signed",
        "signedImages": [{"repository": "registry.access.redhat.com/ubi9", "key": "cosign-keys/redhat"}],
    }
    secrets = json.loads(committed.bag("dev-hub")["coco:secrets"]) | {
        "cosign-keys": {"source": "config", "keys": ["redhat"], "readableBy": []}
    }
    return roles.declare("dev-hub", trustee=trustee, secrets=secrets)


def test_what_pulls_images_can_read_their_policy_and_keys_and_nothing_more() -> None:
    graph = _signed_hub()
    resources = graph.exports["resources"]
    everybody = ["hardened", "debug", "hello-openshift", "kbs-access", "kbs-sealed"]
    assert resources["default/image-policy/policy"] == everybody
    assert resources["default/cosign-keys/redhat"] == everybody
    assert {path for path, names in resources.items() if "debug" in names} == {
        "default/cosign-keys/redhat",
        "default/image-policy/policy",
    }


def test_a_signed_image_policy_reaches_the_guest_before_its_first_pull() -> None:
    graph = _signed_hub()
    policy = json.loads(graph["served-secrets-image-policy"].inputs["stringData"].value["policy"])
    assert policy["default"] == [{"type": "reject"}]
    assert policy["transports"]["docker"] == {
        "registry.access.redhat.com/ubi9": [
            {
                "type": "sigstoreSigned",
                "keyPath": "kbs:///default/cosign-keys/redhat",
                "signedIdentity": {"type": "matchRepository"},
            }
        ]
    }
    for profile in graph.exports["profiles"].values():
        pull = initdata.documents(profile["toml"]).image_pull
        assert pull.image_policy == served("image-policy", "policy")
    assert "image-policy" in graph["trustee-kbs"].inputs["spec"]["kbsSecretResources"]


def test_images_are_refused_unless_the_stack_says_otherwise() -> None:
    trustee = json.loads(committed.bag("dev-hub")["coco:trustee"])
    del trustee["imagePolicy"]
    graph = roles.declare("dev-hub", trustee=trustee)
    policy = json.loads(graph["served-secrets-image-policy"].inputs["stringData"].value["policy"])
    assert policy == {"default": [{"type": "reject"}], "transports": {}}
    published = graph.exports["images"]
    assert (published["policy"], published["repositories"]) == ("reject", [])
    assert json.loads(published["document"]) == policy


def test_a_sealed_secret_verifies_with_the_key_the_kbs_serves() -> None:
    graph = roles.committed_graph("dev-hub")
    jwk = json.loads(graph["served-secrets-sealing-key"].inputs["stringData"].value["jwk"])
    sealed = graph.exports["sealed"]
    assert set(sealed) == {"default/kbsres2/key1"}
    for path, text in sealed.items():
        says = sealed_secrets.unseal(text, jwk)
        assert (says.name.uri, says.kid.uri) == (f"kbs:///{path}", "kbs:///default/sealing-key/jwk")
    assert graph.exports["resources"]["default/sealing-key/jwk"] == ["kbs-sealed"]
    assert roles.declare("dev-hub").exports["sealed"] == sealed, "a second preview has nothing to show"


def _external(source: str, **section: Any) -> Graph:
    secrets = {
        "database": {
            "source": source,
            "keys": ["password"],
            "readableBy": ["hardened"],
            "allowUnpinned": True,
        }
    }
    return roles.declare("dev-hub", secrets=secrets, externalSecrets=section, workloads={})


@pytest.mark.parametrize(
    ("source", "section", "remote"),
    [
        (
            "keyVault",
            {
                "keyVault": {
                    "url": "https://kv.vault.azure.net",
                    "clientId": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
                }
            },
            {"key": "database-password"},
        ),
        (
            "vault",
            {"vault": {"url": "https://vault.example:8200", "role": "coco"}},
            {"key": "database", "property": "password"},
        ),
    ],
)
def test_a_value_in_a_vault_never_passes_through_the_program(
    source: str, section: dict[str, Any], remote: dict[str, str]
) -> None:
    graph = _external(source, **section)
    store = "key-vault" if source == "keyVault" else "vault"
    copied = graph[f"{store}-database"].inputs["spec"]
    assert copied["data"] == [{"secretKey": "password", "remoteRef": remote}]
    assert graph["trustee-kbs"].inputs["spec"]["kbsSecretResources"] == ["database"]
    reads = {r.name for r in graph.values() if r.read and r.type == "kubernetes:core/v1:Secret"}
    assert reads == {"kbs-ca-ca-certificate", f"{store}-database-fingerprint-read"}, "never the secret itself"
    template = graph[f"{store}-database-fingerprint"].inputs["spec"]["target"]["template"]
    assert template == {"data": {"password": '{{ index . "password" | toString | sha256sum }}'}}
    assert f"{store}-database" in graph.reaches("trustee-kbs")


def test_a_value_rotated_in_a_vault_rolls_trustee() -> None:
    secrets = {
        "database": {
            "source": "vault",
            "keys": ["password"],
            "readableBy": ["hardened"],
            "allowUnpinned": True,
        }
    }
    section = {"vault": {"url": "https://vault.example:8200", "role": "coco"}}

    def config_with(fingerprint: str) -> Any:
        def answer(args: Any) -> dict[str, Any]:
            if args.resource_id and args.resource_id.endswith("-fingerprint"):
                return {"data": {"password": fingerprint}}
            return ANSWERS["kubernetes:core/v1:Secret"](args)

        return roles.declare(
            "dev-hub",
            answers={"kubernetes:core/v1:Secret": answer},
            secrets=secrets,
            externalSecrets=section,
            workloads={},
        )["trustee-kbs"].inputs["spec"]["KbsEnvVars"]

    assert config_with("b25l") != config_with("dHdv")
