import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.project import CommittedProject, Run

CANARY = "canary-from-the-configuration"
VAULTS: dict[str, Any] = {
    "secrets.token": {
        "source": "config",
        "keys": ["value"],
        "readableBy": ["hardened"],
        "allowUnpinned": True,
    },
    "secrets.payments": {
        "source": "keyVault",
        "keys": ["api-key", "user"],
        "readableBy": ["hardened"],
        "allowUnpinned": True,
    },
    "secrets.db": {
        "source": "vault",
        "keys": ["password"],
        "readableBy": ["hardened"],
        "allowUnpinned": True,
    },
    "externalSecrets": {
        "keyVault": {
            "url": "https://coco.vault.azure.net",
            "clientId": "00000000-0000-4000-8000-000000000031",
        },
        "vault": {"url": "https://vault.example.com:8200", "role": "trustee"},
    },
}


@pytest.fixture(scope="session")
def first_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommittedProject, Run]:
    """The committed dev environment, brought up from nothing. Nobody changes it: `dev` is a copy."""
    project = CommittedProject.fresh(tmp_path_factory.mktemp("dev"))
    return project, project.up()


@pytest.fixture(scope="session")
def is_up(first_up: tuple[CommittedProject, Run]) -> CommittedProject:
    project, run = first_up
    assert run.succeeded, run.text
    return project


@pytest.fixture
def dev(is_up: CommittedProject, tmp_path: Path) -> CommittedProject:
    """The dev environment, up, to do something with."""
    return is_up.copy(tmp_path)


@pytest.fixture(scope="session")
def with_vaults(
    is_up: CommittedProject, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CommittedProject, Run]:
    """The dev environment with secrets from every source. Nobody changes it."""
    project = is_up.copy(tmp_path_factory.mktemp("vaults"))
    project.configure("dev-hub", VAULTS)
    project.set_secret("dev-hub", "secretValues", json.dumps({"token": {"value": CANARY}}))
    up = project.up("dev-hub")
    assert up.succeeded, up.text
    return project, up
