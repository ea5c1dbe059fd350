"""What guests are told of pulling images: all of it measured, and a path only to those that may read it."""

from typing import Any

import pytest

from config.sections import GuestSection, ServedSecretSection
from model.attestation import initdata
from model.attestation.image_pull import ImagePull
from model.paths import served
from tests.answers import CA_PEM
from tests.config import committed
from trust.decision import Decision, Earlier, Kbs, decide
from trust.inputs import Inputs

CREDENTIALS, MIRRORS = served("pull", "config.json"), served("pull", "registries.conf")
KBS = Kbs(url="https://kbs.apps.hub.example", ca=CA_PEM)


def decided(**guest: Any) -> Decision:
    """The committed hub, whose workload alone may read the secret ``pull``."""
    config, loaded = committed.hub()
    pull = ServedSecretSection(
        source="config", keys=("config.json", "registries.conf"), readable_by=("kbs-access",)
    )
    changes = {"guest": GuestSection(**guest), "secrets": {**config.secrets, "pull": pull}}
    inputs = Inputs(
        zone=config.model_copy(update=changes),
        policies={},
        reference_values=loaded.reference_values,
        platform=loaded.platform,
        workloads=loaded.workloads,
    )
    return decide(inputs, KBS, Earlier())


def told(decision: Decision) -> dict[str, ImagePull]:
    texts = {name: profile.toml for name, profile in decision.profiles.items()}
    texts |= {name: made.document("dev-spoke").toml for name, made in decision.workloads.items()}
    return {name: initdata.documents(text).image_pull for name, text in texts.items()}


def test_credentials_and_mirrors_are_told_to_their_readers_alone() -> None:
    found = told(decided(registry_credentials=CREDENTIALS, registry_configuration=MIRRORS))
    assert (found["kbs-access"].registry_credentials, found["kbs-access"].registry_configuration) == (
        CREDENTIALS,
        MIRRORS,
    )
    assert found["hardened"] == found["debug"] == ImagePull()


def test_proxies_and_authorities_are_told_to_all() -> None:
    found = told(
        decided(
            https_proxy="http://proxy.example:3128",
            no_proxy=(".example.com", "10.0.0.0/8"),
            extra_root_certificates=(CA_PEM,),
        )
    )
    wanted = ImagePull(
        https_proxy="http://proxy.example:3128",
        no_proxy=".example.com,10.0.0.0/8",
        extra_root_certificates=(CA_PEM,),
    )
    assert set(found) == {"hardened", "debug", "hello-openshift", "kbs-access", "kbs-sealed"}
    assert all(pull == wanted for pull in found.values())


@pytest.mark.parametrize(
    "guest", [{"https_proxy": "http://other.example"}, {"extra_root_certificates": (CA_PEM,)}]
)
def test_whoever_changes_what_a_guest_is_told_changes_its_measurement(guest: dict[str, Any]) -> None:
    before, after = decided(), decided(**guest)
    for name, profile in before.profiles.items():
        assert after.profiles[name].pcr8 != profile.pcr8
    for name, made in before.workloads.items():
        assert after.workloads[name].accepted["dev-spoke"] != made.accepted["dev-spoke"]
