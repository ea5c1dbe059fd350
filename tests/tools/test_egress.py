"""Where a stack goes is what its file, its hub's and its workloads say, and each usual destination has a source."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.roles import ContractConfig
from tests.config import edits, storage
from tests.config.committed import NAMES, ROOT
from tests.tools.ran import Ran, ran
from tools import egress, stack_file
from tools.egress import Destination


def _of(stack: str, changes: dict[str, Any] | None = None, hub: str | None = None) -> list[Destination]:
    config: dict[str, Any] = yaml.safe_load((ROOT / f"stacks/Pulumi.{stack}.yaml").read_text())
    edits.change(config["config"], changes or {})
    loaded = stack_file.of(config["config"])
    assert not isinstance(loaded, ContractConfig)
    return egress.destinations(loaded, stack_file.read(hub) if hub else None)


def _hosts(found: list[Destination], from_: str) -> set[str]:
    return {each.host for each in found if each.from_ == from_}


def test_peer_pods_go_to_their_kbs_and_to_the_registries_of_their_workloads_and_nowhere_else() -> None:
    assert _hosts(_of("dev-spoke", hub="dev-hub"), "peer pods") == {
        "kbs.apps.dev-hub.eastus2.aroapp.io",
        "registry.access.redhat.com",
    }
    assert "kbs.example.com" in _hosts(_of("anywhere-spoke", hub="anywhere-hub"), "peer pods")
    assert "kbs.apps.selfmanaged-hub.example.com" in _hosts(
        _of("dev-spoke", hub="selfmanaged-hub"), "peer pods"
    )
    assert "<the host of the hub's kbsUrl>" in _hosts(_of("dev-spoke"), "peer pods")


def test_a_hub_has_no_peer_pods_and_a_spoke_makes_machines() -> None:
    hub, spoke = _of("dev-hub"), _of("dev-spoke")
    assert _hosts(hub, "peer pods") == set()
    assert "management.azure.com" not in _hosts(hub, "nodes")
    assert {"management.azure.com", "login.microsoftonline.com"} <= _hosts(spoke, "nodes")


def test_what_a_hub_needs_besides_is_there_where_it_says_so() -> None:
    assert "global.acccache.azure.net" not in _hosts(_of("dev-hub"), "nodes")
    assert "global.acccache.azure.net" in _hosts(
        _of("dev-hub", {"trustee.tees": ["az-snp-vtpm", "az-tdx-vtpm"]}), "nodes"
    )
    client = "00000000-0000-4000-8000-000000000041"
    vault = {"url": "https://v.example.com:8200", "role": "coco"}
    both = {
        "externalSecrets": {
            "keyVault": {"url": "https://v.vault.azure.net", "clientId": client},
            "vault": vault,
        }
    }
    found = _of("dev-hub", both)
    assert {"v.vault.azure.net", "v.example.com", "login.microsoftonline.com"} <= _hosts(found, "nodes")
    assert [each.port for each in found if each.host == "v.example.com"] == [8200]


def test_a_stack_without_azure_needs_nothing_of_it() -> None:
    assert _hosts(_of("anywhere-hub"), "pulumi") == {"<the server of coco:kubeconfig>"}


def test_a_pull_that_goes_on_elsewhere_names_that_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "kbs-access"
    folder.mkdir()
    (folder / "images.lock.yaml").write_text(yaml.safe_dump({"images": {"quay.io/a/b@sha256:1": {}}}))
    monkeypatch.setattr(egress, "_WORKLOADS", tmp_path)
    assert {"quay.io", "cdn.quay.io", "cdn03.quay.io"} <= _hosts(_of("private-spoke"), "peer pods")


def test_snapshots_of_workloads_go_to_the_hubs_object_store(tmp_path: Path) -> None:
    hub: dict[str, Any] = yaml.safe_load((ROOT / "stacks/Pulumi.dev-hub.yaml").read_text())
    edits.change(hub["config"], storage.HUB)
    (tmp_path / "Pulumi.dev-hub.yaml").write_text(yaml.safe_dump(hub))
    (tmp_path / "Pulumi.dev-spoke.yaml").write_bytes((ROOT / "stacks/Pulumi.dev-spoke.yaml").read_bytes())
    _, peer_pods = json.loads(_run("dev-spoke", "--rules", "--stacks", str(tmp_path), path=tmp_path).out)
    assert "cocodevhub.blob.core.windows.net" in peer_pods["targetFqdns"]


def test_every_usual_destination_has_a_source_and_fits_a_stack() -> None:
    seen = {each for name in NAMES for each in {one.host for one in _of(name)}}
    tdx = _of("dev-hub", {"trustee.tees": ["az-tdx-vtpm"]})
    for each in egress.usual():
        assert each.source
        assert set(each.hosts) <= seen | {one.host for one in tdx}


def _run(*arguments: str, path: Path) -> Ran:
    return ran(egress.main, *arguments, path=path)


def test_rules_let_each_subnet_out_to_its_own_destinations_alone(tmp_path: Path) -> None:
    nodes, peer_pods = json.loads(_run("dev-spoke", "--rules", path=tmp_path).out)
    assert nodes["sourceAddresses"] == ["10.4.0.0/19", "10.4.64.0/18"]
    assert peer_pods["sourceAddresses"] == ["10.4.128.0/18"]
    assert "kbs.apps.dev-hub.eastus2.aroapp.io" in peer_pods["targetFqdns"]
    assert "quay.io" not in peer_pods["targetFqdns"]
    assert all("<" not in host for rule in (nodes, peer_pods) for host in rule["targetFqdns"])
    assert json.loads(_run("anywhere-spoke", "--rules", path=tmp_path).out)[0]["sourceAddresses"] == ["*"]


def test_a_port_is_open_to_those_alone_that_listen_there() -> None:
    vault = {"externalSecrets": {"vault": {"url": "https://v.example.com:8200", "role": "coco"}}}
    config: dict[str, Any] = yaml.safe_load((ROOT / "stacks/Pulumi.dev-hub.yaml").read_text())["config"]
    edits.change(config, vault)
    hub = stack_file.of(config)
    assert not isinstance(hub, ContractConfig)
    by_port = {
        rule["protocols"][0]["port"]: rule["targetFqdns"]
        for rule in egress.rules(hub, egress.destinations(hub, None))
    }
    assert by_port[8200] == ["v.example.com"]
    assert "v.example.com" not in by_port[443]


def test_the_hub_is_found_through_its_contract(tmp_path: Path) -> None:
    for name in ("dev-hub", "dev-spoke"):
        (tmp_path / f"Pulumi.{name}.yaml").write_bytes((ROOT / f"stacks/Pulumi.{name}.yaml").read_bytes())
    contract = {"config": {"coco:role": "contract", "coco:hub": "organization/coco/dev-hub"}}
    (tmp_path / "Pulumi.dev-contract.yaml").write_text(yaml.safe_dump(contract))
    path = tmp_path / "Pulumi.dev-spoke.yaml"
    path.write_text(path.read_text().replace("coco/dev-hub", "coco/dev-contract"))
    shown = _run("dev-spoke", "--stacks", str(tmp_path), path=tmp_path)
    assert "kbs.apps.dev-hub.eastus2.aroapp.io" in shown.out
    refused = _run("dev-contract", "--stacks", str(tmp_path), path=tmp_path)
    assert refused == Ran(2, "", "error: dev-contract has the role contract and no machines\n")


@pytest.mark.parametrize("content", [None, "config: []", "\0", "config: {coco:role: hub}"])
def test_a_stack_file_that_is_none_is_refused_in_a_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "Pulumi.x.yaml").write_text(content)
    refused = _run("x", "--stacks", str(tmp_path), path=tmp_path)
    assert refused.code == 2
    assert refused.err.startswith("error: ")
    assert "Traceback" not in refused.err
