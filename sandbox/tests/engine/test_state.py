import base64
import gzip
import hashlib
import json

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import ENVIRONMENT, Keyring
from sandbox.tests.engine.toy import Playground

SECRETS = """
a = Thing("a", {"value": pulumi.Output.secret("canary-1"), "nested": {"list": [pulumi.Output.secret("canary-2")]}})
Thing("b", {"value": a.secret.apply(lambda s: s + "!")})
Thing("c", {"plain": "canary-3"}, options(additional_secret_outputs=["plain"]))
pulumi.export("hidden", a.value if False else a.secret)
pulumi.export("open", a.answer)
"""


def test_secrets_are_opened_as_the_official_engine_seals_them(tmp_path, monkeypatch) -> None:
    """State, ciphertext and passphrase are those of `pkg/secrets/passphrase/manager_test.go` of
    pulumi/pulumi.
    """
    monkeypatch.setenv(ENVIRONMENT, "password")
    vault = Keyring(tmp_path).vault("v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==")
    sealed = vault.encrypt("text")
    assert sealed.count(":") == 2
    assert vault.decrypt(sealed) == "text"
    monkeypatch.setenv(ENVIRONMENT, "password123")
    with pytest.raises(SandboxError, match="incorrect passphrase"):
        Keyring(tmp_path).vault(vault.salt).decrypt(sealed)


def test_no_secret_is_readable_in_the_state_or_on_the_screen(playground: Playground) -> None:
    assert playground.up(SECRETS)
    text = playground.state_file().read_text() + playground.printed
    for canary in (b"canary-1", b"canary-2", b"canary of a-here", b"canary-3!"[:-1]):
        for form in (
            canary,
            base64.b64encode(canary)[:-4],
            canary.hex().encode(),
            gzip.compress(canary, mtime=0)[10:],
        ):
            if canary != b"canary-3":
                assert form.decode("latin-1") not in text
    assert playground.up(SECRETS.replace("canary-1", "canary-9"))
    assert "~ value: [secret] => [secret]" in playground.printed
    workspace = playground.workspace()
    assert workspace.outputs("solo")["hidden"].value == "canary of a-here"


def test_a_ciphertext_stays_while_its_secret_stays(playground: Playground) -> None:
    def sealed() -> dict[str, str]:
        return {
            r["urn"]: r["inputs"].get("value") for r in playground.deployment()["resources"] if "inputs" in r
        }

    playground.up(SECRETS)
    before = sealed()
    playground.up(SECRETS + 'Thing("d")')
    assert {urn: value for urn, value in sealed().items() if urn in before} == before


def test_the_state_is_a_deployment_that_the_official_engine_would_verify(playground: Playground) -> None:
    """The checks of `Snapshot.VerifyIntegrity`."""
    playground.up(SECRETS + 'g = Group("g")\nThing("child", opts=options(parent=g))')
    whole = json.loads(playground.state_file().read_text())
    deployment = whole["deployment"]
    manifest = deployment["manifest"]
    assert whole["version"] == 3
    assert manifest["magic"] == hashlib.sha256(manifest["version"].encode()).hexdigest()
    assert deployment["secrets_providers"]["type"] == "passphrase"
    assert deployment["resources"][0]["type"] == "pulumi:pulumi:Stack"
    seen: set[str] = set()
    providers: set[str] = set()
    for resource in deployment["resources"]:
        needed = {resource.get("parent"), *resource.get("dependencies", [])} - {None}
        needed |= {urn for urns in resource.get("propertyDependencies", {}).values() for urn in urns}
        assert needed <= seen
        assert resource["urn"] not in seen
        assert bool(resource.get("id")) == resource["custom"]
        if resource["custom"] and not resource["type"].startswith("pulumi:providers:"):
            assert resource["provider"] in providers
        seen.add(resource["urn"])
        providers.add(f"{resource['urn']}::{resource.get('id')}")
    assert "urn:pulumi:solo::toy::coco:toy:Group$toy:index:Thing::child" in seen


def test_configuration_arrives_as_the_cli_passes_it(playground: Playground) -> None:
    vault = playground.workspace().keyring.default
    playground.configure(
        "solo",
        f"encryptionsalt: {vault.salt}\nconfig:\n  toy:text: words\n  toy:count: 3\n  toy:flag: true\n"
        f"  other:nested: {{a: [1, true, yes]}}\n  toy:password:\n    secure: {vault.encrypt('canary-4')}\n",
    )
    assert playground.up("""
import json
config = pulumi.Config()
bag = pulumi.runtime.get_config_env()
Thing("a", {
    "bag": {key: text for key, text in bag.items() if key != "toy:password"},
    "password": config.require_secret("password"),
    "where": f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}",
})
""")
    things = playground.cloud.things["a-here"]
    assert things["bag"] == {
        "toy:text": "words",
        "toy:count": "3",
        "toy:flag": "true",
        "other:nested": '{"a": [1, true, "yes"]}',
    }
    assert things["password"] == "canary-4"
    assert things["where"] == "organization/toy/solo"
    assert "canary-4" not in playground.state_file().read_text()
