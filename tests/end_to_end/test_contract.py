"""An environment whose spoke reads a contract: hub, contract, spoke, in this order and no shorter way."""

from pathlib import Path

import pytest
import yaml

from tests.end_to_end.project import CommittedProject, changes

pytestmark = pytest.mark.integration

CONTRACT = {"config": {"coco:role": "contract", "coco:hub": "organization/coco/dev-hub"}}


@pytest.fixture
def with_contract(dev: CommittedProject) -> CommittedProject:
    """The dev environment, up, and its spoke told to read a contract that is not up yet."""
    (dev.root / "stacks/Pulumi.dev-contract.yaml").write_text(yaml.safe_dump(CONTRACT), "utf-8")
    dev.configure("dev-spoke", {"hub": "organization/coco/dev-contract"})
    return dev


def test_a_spoke_moves_from_its_hub_to_the_contract_without_a_change_to_what_runs(
    with_contract: CommittedProject,
) -> None:
    before = with_contract.cluster("coco-dev-spoke").list("Pod")
    preview = with_contract.preview()
    assert "dev-spoke reads the outputs of dev-contract, which is not up" in preview.text
    up = with_contract.up()
    assert up.succeeded, up.text
    assert [line for line in up.text.splitlines() if line.startswith("up ")] == [
        f"up {stack}  {role}, embedded engine (a test double)"
        for stack, role in (("dev-hub", "hub"), ("dev-contract", "contract"), ("dev-spoke", "spoke"))
    ]
    assert changes(up.text) == {}
    assert with_contract.cluster("coco-dev-spoke").list("Pod") == before
    assert with_contract.outputs("dev-contract") == with_contract.outputs("dev-hub")
    assert not [each for each in with_contract.azure() if "contract" in each]
    down = with_contract.down()
    assert down.succeeded, down.text


def test_a_change_of_the_hub_reaches_a_spoke_by_way_of_the_contract(with_contract: CommittedProject) -> None:
    assert with_contract.up().succeeded
    with_contract.configure("dev-hub", {"profiles.hardened": {"readLogs": True}})
    assert with_contract.up("dev-hub").succeeded
    assert "nothing changes" in with_contract.preview("dev-spoke").text
    assert with_contract.up("dev-contract").succeeded
    assert "peer-pods-cm" in changes(with_contract.preview("dev-spoke").text)


def test_a_contract_holds_no_encrypted_value(with_contract: CommittedProject, tmp_path: Path) -> None:
    assert with_contract.up().succeeded
    assert "ciphertext" in (with_contract.home / "stacks/dev-hub.json").read_text()
    assert "ciphertext" not in (with_contract.home / "stacks/dev-contract.json").read_text()
