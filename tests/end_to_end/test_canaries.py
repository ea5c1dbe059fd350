"""No secret lies open: not in a state file, not in what the stand-ins keep, not in what people see, in no encoding."""

import base64
import gzip
import json
from pathlib import Path

import pytest
import yaml

from tests.canaries import leaks
from tests.end_to_end.conftest import CANARY
from tests.end_to_end.project import CommittedProject, Run

pytestmark = pytest.mark.integration

# What Secrets hold beside secrets: certificates, public keys, policies and references that anybody may read.
PUBLIC = {"ca.crt", "tls.crt", "publicKey", "jwk", "policy", "clientId"}
PUBLIC |= {f"AZURE_{name}" for name in ("TENANT_ID", "SUBSCRIPTION_ID", "CLIENT_ID")}


def secrets_of(project: CommittedProject) -> dict[str, str]:
    """Every secret that the environment has, decrypted, by where it belongs; of a PEM its longest line."""
    found = {"the configuration": CANARY}
    for stack in ("dev-hub", "dev-spoke"):
        for name, resource in project.resources(stack).items():
            outputs, inputs = resource.outputs, resource.inputs
            for key in ("result", "base64", "hex"):
                if key in outputs:
                    found[f"{stack} {name}.{key}"] = outputs[key]
            if name == "cluster-aro":
                found[f"{stack} client secret"] = inputs["servicePrincipalProfile"]["clientSecret"]
                pull = json.loads(inputs["clusterProfile"]["pullSecret"])
                found[f"{stack} pull secret"] = pull["auths"]["quay.io"]["auth"]
            if name == "cluster-kubernetes":
                kubeconfig = yaml.safe_load(inputs["kubeconfig"])
                found[f"{stack} token"] = kubeconfig["users"][0]["user"]["token"]
    for name, cluster in project.sandbox.clusters.items():
        for secret in cluster.list("Secret"):
            metadata = secret["metadata"]
            if metadata["name"] == "sealed":
                continue
            for key, value in (secret.get("data") or {}).items():
                text = base64.b64decode(value).decode()
                if key not in PUBLIC and len(text) > 12:
                    place = f"{name} {metadata['namespace']}/{metadata['name']}.{key}"
                    found[place] = max(text.splitlines(), key=len)
    return found


def kept(project: CommittedProject) -> dict[str, str]:
    """All files of the state directory but the keys that open them."""
    paths = [path for path in project.home.rglob("*.json") if path.is_file()]
    return {str(path.relative_to(project.home)): path.read_text("utf-8") for path in paths}


def test_no_secret_lies_open_in_a_file_or_is_shown(
    first_up: tuple[CommittedProject, Run], with_vaults: tuple[CommittedProject, Run], tmp_path: Path
) -> None:
    project = with_vaults[0].copy(tmp_path)
    secrets = secrets_of(project)
    for what in ("kbsres1-key1", "digest-key", "auth-seed", "sealing-seed"):
        assert any(what in place for place in secrets), what
    for what in (
        "client secret",
        "pull secret",
        "token",
        "sandbox-vaults.vault.example.com.db.password",
        "trustee-operator-system/payments.api-key",
        "trustee-operator-system/payments-fingerprint.api-key",
        "trustee-operator-system/kbs-https.tls.key",
        "trustee-operator-system/key-vault-reader.clientSecret",
    ):
        assert any(place.endswith(what) for place in secrets), what

    texts = kept(project)
    assert {
        "azure.json",
        "clusters/coco-dev-hub.json",
        "stacks/dev-hub.json",
        "stacks/dev-spoke.json",
    } <= set(texts)
    texts["the first up"] = first_up[1].text
    texts["the second up"] = with_vaults[1].text
    texts["outputs"] = json.dumps(project.shown_outputs("dev-hub"))
    # What changes is shown as a difference, and here it is a secret and all that depends on it.
    project.set_secret("dev-hub", "secretValues", json.dumps({"token": {"value": "another-canary"}}))
    project.configure("dev-hub", {"secrets.kbsres1.keys": ["key1", "key2"]})
    texts["a preview"] = project.preview("dev-hub").text
    texts["a down"] = project.down().text
    assert "served-secrets-token" in texts["a preview"]
    found = leaks(secrets | {"the new one": "another-canary"}, texts)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("stack", ["dev-hub", "dev-spoke"])
def test_no_private_key_is_in_the_state_not_even_where_only_the_state_s_key_opens_it(
    is_up: CommittedProject, stack: str
) -> None:
    """A seed of ours is no key yet, and cert-manager's keys stay in the cluster: the state knows certificates alone."""
    resources = is_up.resources(stack).items()
    texts = {name: json.dumps([one.inputs, one.outputs], default=str) for name, one in resources}
    # A read is of the witness, whose key opens nothing (test_the_key_of_the_authority_never_enters_the_state).
    expected = {"a private key in kbs-ca-ca-certificate"} if stack == "dev-hub" else set[str]()
    assert set(leaks({"a private key": "PRIVATE KEY-----"}, texts)) == expected


VALUE = "canary-of-some-length"


@pytest.mark.parametrize(
    "text",
    [
        f"x {VALUE} y",
        VALUE.encode().hex(),
        *(base64.b64encode(b"x" * n + VALUE.encode() + b"tail").decode() for n in range(4)),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        f'"{base64.b64encode(gzip.compress(VALUE.encode(), mtime=0)).decode()}"',
        base64.b64encode(gzip.compress(base64.b64encode(f"{{{VALUE}}}".encode()), mtime=0)).decode(),
    ],
)
def test_the_scan_finds_a_value_in_every_encoding(text: str) -> None:
    assert leaks({"canary": VALUE}, {"file": text})
    assert not leaks({"canary": "nothing-of-the-kind"}, {"file": text})
