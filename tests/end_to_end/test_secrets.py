"""What Trustee serves, from each source; what a new value or a new secret touches; and which images may run."""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import certificates
from tests.config.committed import ROOT
from tests.end_to_end.conftest import CANARY
from tests.end_to_end.project import HUB, ROLLS, CommittedProject, Run, changes

# Each brings the whole program up again, which takes seconds.
pytestmark = pytest.mark.integration
TRUSTEE = "trustee-operator-system"
COSIGN_KEY = certificates.public_key()
EVERYBODY = ["hardened", "debug", "hello-openshift", "kbs-access", "kbs-sealed"]
SIGNED: dict[str, Any] = {
    "trustee.imagePolicy": "signed",
    "trustee.signedImages": [{"repository": "quay.io/team", "key": "cosign/release.pub"}],
    "secrets.cosign": {"source": "config", "keys": ["release.pub"], "readableBy": []},
}


def served(project: CommittedProject, name: str) -> dict[str, str]:
    """The Kubernetes secret that Trustee serves."""
    data = project.object("Secret", name, TRUSTEE)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def kbs_volumes(project: CommittedProject) -> set[str]:
    """What the running KBS has mounted."""
    [kbs] = [pod for pod in project.cluster(HUB) if is_kbs(pod)]
    return {volume["name"] for volume in kbs["spec"]["volumes"]}


def is_kbs(manifest: Any) -> bool:
    return manifest["kind"] == "Pod" and manifest["metadata"].get("labels") == {"app": "kbs"}


def test_secrets_of_every_source_are_served_and_a_second_preview_is_empty(
    with_vaults: tuple[CommittedProject, Run],
) -> None:
    project, _ = with_vaults
    assert served(project, "payments").keys() == {"api-key", "user"}
    assert served(project, "db").keys() == {"password"}
    assert {"payments", "db", "token", "kbsres1"} <= kbs_volumes(project)
    assert project.outputs("dev-hub")["resources"]["default/payments/api-key"] == ["hardened"]
    assert "dev-hub: nothing changes" in project.preview("dev-hub").text


def test_a_secret_rotated_in_its_vault_rolls_trustee_and_touches_nothing_else(
    with_vaults: tuple[CommittedProject, Run], tmp_path: Path
) -> None:
    project = with_vaults[0].copy(tmp_path)
    assert project.sandbox.vault_secrets() == [
        "coco.vault.azure.net.payments-api-key",
        "coco.vault.azure.net.payments-user",
        "vault.example.com.db.password",
    ]
    before = project.pods(TRUSTEE)
    assert project.sandbox.rotate("coco.vault.azure.net.payments-api-key", "rotated")
    assert project.pods(TRUSTEE) == before, "the KBS copies secrets only when it starts"
    assert changes(project.preview("dev-hub").text) == ROLLS
    for place in ("coco.vault.azure.net.payments-user", "vault.example.com.db.password"):
        pods = project.pods(TRUSTEE)
        assert project.sandbox.rotate(place, "rotated")
        up = project.up("dev-hub")
        assert changes(up.text) == ROLLS
        assert "Outputs:" not in up.text
        assert project.pods(TRUSTEE) != pods
    assert served(project, "payments") == {"api-key": "rotated", "user": "rotated"}
    assert served(project, "db") == {"password": "rotated"}


def test_a_vault_without_the_secret_stops_up_before_trustee_is_touched(
    with_vaults: tuple[CommittedProject, Run], tmp_path: Path
) -> None:
    project = with_vaults[0].copy(tmp_path)
    before = project.object("KbsConfig", "kbs", TRUSTEE)
    project.sandbox.rotate("vault.example.com.db.password", "")
    project.configure("dev-hub", {"secrets.db.keys": ["password", "user"]})
    up = project.up("dev-hub")
    assert not up.succeeded
    assert "db of https://vault.example.com:8200: Secret does not exist" in up.text
    assert project.object("KbsConfig", "kbs", TRUSTEE) == before


def test_people_rotate_a_secret_by_its_name(
    with_vaults: tuple[CommittedProject, Run], tmp_path: Path
) -> None:
    project = with_vaults[0].copy(tmp_path)
    before = served(project, "db")

    def command(*arguments: str) -> tuple[int, str]:
        line = [sys.executable, "-m", "sandbox.vaults", *arguments, "--home", str(project.home)]
        done = subprocess.run(line, cwd=ROOT, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout

    assert command("vault.example.com.db.password")[0] == 0
    assert served(project, "db") != before
    assert "vault.example.com.db.password" in command()[1]
    code, text = command("vault.example.com.nobody")
    assert (code, "no stand-in vault has vault.example.com.nobody" in text) == (1, True)


def test_an_added_secret_reaches_trustee_and_who_may_read_it(dev: CommittedProject) -> None:
    before = served(dev, "kbsres1")
    dev.configure(
        "dev-hub",
        {
            "secrets.token": {
                "source": "generated",
                "keys": ["value"],
                "readableBy": ["hardened"],
                "allowUnpinned": True,
            }
        },
    )
    up = dev.up("dev-hub")
    assert changes(up.text) == {
        "served-secrets-token": "+",
        "served-secrets-token-value": "+",
        "trustee-resource-policy": "~",
        **ROLLS,
    }
    assert len(served(dev, "token")["value"]) == 32
    assert served(dev, "kbsres1") == before
    assert "token" in kbs_volumes(dev)
    assert dev.outputs("dev-hub")["resources"]["default/token/value"] == ["hardened"]
    assert "dev-spoke: nothing changes" in dev.preview().text


def test_a_secret_from_the_configuration_rotates_alone(
    with_vaults: tuple[CommittedProject, Run], tmp_path: Path
) -> None:
    project = with_vaults[0].copy(tmp_path)
    assert served(project, "token") == {"value": CANARY}
    pods = project.pods(TRUSTEE)
    project.set_secret("dev-hub", "secretValues", json.dumps({"token": {"value": "second"}}))
    up = project.up("dev-hub")
    assert changes(up.text) == {"served-secrets-token": "~", **ROLLS}
    assert served(project, "token") == {"value": "second"}
    assert project.pods(TRUSTEE) != pods


def test_signed_images_need_their_key_and_a_spoke_with_others_is_refused(dev: CommittedProject) -> None:
    before = dev.outputs("dev-hub")["profiles"]
    dev.configure("dev-hub", SIGNED)
    dev.set_secret("dev-hub", "secretValues", json.dumps({"cosign": {"release.pub": COSIGN_KEY}}))
    up = dev.up("dev-hub")
    assert up.succeeded, up.text
    policy = json.loads(served(dev, "image-policy")["policy"])
    assert policy["default"] == [{"type": "reject"}]
    assert policy["transports"]["docker"] == {
        "quay.io/team": [
            {
                "type": "sigstoreSigned",
                "keyPath": "kbs:///default/cosign/release.pub",
                "signedIdentity": {"type": "matchRepository"},
            }
        ]
    }
    assert served(dev, "cosign") == {"release.pub": COSIGN_KEY}
    hub = dev.outputs("dev-hub")
    for path in ("default/image-policy/policy", "default/cosign/release.pub"):
        assert hub["resources"][path] == EVERYBODY, "no container could start"
    for name, profile in hub["profiles"].items():
        assert "kbs:///default/image-policy/policy" in profile["toml"]
        assert profile["pcr8"] != before[name]["pcr8"]
    spoke = dev.files()
    refused = dev.up("dev-spoke")
    assert not refused.succeeded
    assert "its image policy (signed) refuses " in refused.text
    assert "coco:trustee.signedImages" in refused.text
    assert dev.files() == spoke
    there = {"repository": "registry.access.redhat.com/ubi9", "key": "cosign/release.pub"}
    dev.configure("dev-hub", {"trustee.signedImages": [there]})
    assert "served-secrets-image-policy" in changes(dev.up("dev-hub").text)
    assert dev.up("dev-spoke").succeeded
