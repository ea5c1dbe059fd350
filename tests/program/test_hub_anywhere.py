"""A hub outside of Azure: its own name, its own issuer, and nothing of Azure in its graph."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from model.attestation import initdata
from tests import certificates
from tests.config import committed
from tests.config.edits import problems
from tests.harness import Graph
from tests.program import roles

ISSUER = {"name": "corporate", "ca": "authorities/corporate.pem"}
PRESENT = {"source": "redhat-operators", "certManager": "present"}
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for part in ("platform-values", "reference-values", "workloads"):
        shutil.copytree(committed.ROOT / part, tmp_path / part)
    shutil.copy(committed.ROOT / "advisories.yaml", tmp_path)
    (tmp_path / "authorities").mkdir()
    (tmp_path / "authorities/corporate.pem").write_text(certificates.certificate("Corporate CA"))
    return tmp_path


def trustee(**changes: Any) -> dict[str, Any]:
    return {**json.loads(committed.bag("anywhere-hub")["coco:trustee"]), **changes}


def with_issuer(project: Path, status: dict[str, Any]) -> Graph:
    answers = {"kubernetes:cert-manager.io/v1:ClusterIssuer": lambda _: {"status": status}}
    return roles.declare(
        "anywhere-hub", root=project, answers=answers, trustee=trustee(issuer=ISSUER), operators=PRESENT
    )


def test_nothing_of_azure_is_made_or_read() -> None:
    graph = roles.committed_graph("anywhere-hub")
    assert not [one.name for one in graph.values() if "azure" in one.type or "cloud-conf" in one.name]


def test_a_hub_that_says_where_it_is_in_azure_has_the_provider_of_it() -> None:
    place = json.loads(committed.bag("anywhere-spoke")["coco:azure"])
    assert "azure" in roles.declare("anywhere-hub", azure=place)


@pytest.mark.parametrize("host", ["kbs.example.com", "trust.lab.example.org"])
def test_the_name_of_the_kbs_is_that_of_route_certificate_url_and_initdata(host: str) -> None:
    graph = roles.declare("anywhere-hub", trustee=trustee(host=host))
    assert graph["trustee-route"].inputs["spec"]["host"] == host
    assert graph["trustee-https-certificate"].inputs["spec"]["dnsNames"] == [host]
    assert graph.exports["kbsUrl"] == f"https://{host}"
    for profile in graph.exports["profiles"].values():
        assert f"https://{host}" in initdata.decode(profile["encoded"]).toml


def test_without_a_name_the_kbs_is_below_the_clusters_own_domain() -> None:
    graph = roles.declare("anywhere-hub", trustee=trustee(host=None))
    assert graph["trustee-route"].inputs["spec"]["host"].startswith("kbs.apps.")


def test_an_issuer_that_is_there_signs_and_what_the_file_holds_is_pinned(project: Path) -> None:
    graph = with_issuer(project, READY)
    spec = graph["trustee-https-certificate"].inputs["spec"]
    assert spec["issuerRef"] == {"kind": "ClusterIssuer", "name": "corporate"}
    assert {"duration", "renewBefore"}.isdisjoint(spec), "such an issuer decides by itself"
    pem = certificates.certificate("Corporate CA")
    assert graph.exports["kbsCa"] == pem
    assert all(
        pem.splitlines()[1] in initdata.decode(each["encoded"]).toml
        for each in graph.exports["profiles"].values()
    )
    made = {one.name for one in graph.values() if not one.read}
    assert not {"kbs-ca-ca", "kbs-ca-ca-witness", "kbs-ca-issuer", "kbs-ca-dry-run"} & made
    assert graph["kbs-ca-issuer"].read
    assert "cert-manager-operator-subscription" not in graph


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({}, "it has no condition Ready"),
        (
            {"conditions": [{"type": "Ready", "status": "False", "message": "secret not found"}]},
            "secret not found",
        ),
    ],
)
def test_an_issuer_that_cannot_sign_ends_the_update_with_what_it_says(
    project: Path, status: dict[str, Any], said: str
) -> None:
    with pytest.raises(Exception, match=rf"ClusterIssuer corporate \(trustee.issuer\) cannot sign.*{said}"):
        with_issuer(project, status)


def test_another_authority_changes_what_every_pod_measures(project: Path) -> None:
    before = with_issuer(project, READY).exports["profiles"]["hardened"]["pcr8"]
    (project / "authorities/corporate.pem").write_text(certificates.certificate("Corporate CA 2"))
    assert with_issuer(project, READY).exports["profiles"]["hardened"]["pcr8"] != before


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (certificates.certificate(ca=False), "is not a CA"),
        (certificates.certificate() * 2, "holds 2 PEM blocks"),
        (
            certificates.certificate(days=30),
            r"this one ended on 2026-01-31 \(got authorities/corporate.pem\)",
        ),
        ("\xff", "it is not UTF-8"),
    ],
)
def test_a_file_that_guests_cannot_pin_is_refused(project: Path, pem: str, said: str) -> None:
    (project / "authorities/corporate.pem").write_bytes(pem.encode("latin-1"))
    changes = {"trustee.issuer": ISSUER, "operators.certManager": "present"}
    (found,) = problems("anywhere-hub", changes, root=project)
    assert found.startswith("coco:trustee.issuer.ca: must ")
    assert re.search(said, found)


def test_what_lives_in_azure_needs_to_know_where() -> None:
    vault = {"url": "https://v.vault.azure.net", "clientId": "00000000-0000-4000-8000-000000000041"}
    served = {"source": "keyVault", "keys": ["key"], "readableBy": ["kbs-access"]}
    changes = {"secrets.api": served, "externalSecrets": {"keyVault": vault}}
    found = problems("anywhere-hub", changes)
    assert "coco:azure: is missing: add it, because secret api is in a Key Vault there" in found
    store = {"objectStore": {"account": "cocohub", "credentialsUntil": "2027-03-01"}}
    assert "coco:azure: is missing: add it, because coco:objectStore is made there" in problems(
        "anywhere-hub", store
    )


def test_an_issuer_needs_a_cert_manager_that_is_there(project: Path) -> None:
    (found,) = problems("anywhere-hub", {"trustee.issuer": ISSUER}, root=project)
    assert found == (
        "coco:operators.certManager: must be present where trustee.issuer is given, because a ClusterIssuer that is there already"
        " is of a cert-manager that is there already (got 1.18.0): write present, or remove trustee.issuer"
    )
