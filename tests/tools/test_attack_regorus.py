"""The attacks on what is deployed, judged by the engine that agents have, in both versions."""

import json
from pathlib import Path

import pytest

from sandbox.guest import api
from tests.config.committed import ROOT
from tools.attack import __main__ as attack

pytestmark = pytest.mark.integration
BUILT = ROOT / ".sandbox"


@pytest.fixture(scope="module")
def found(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, object]]]:
    """By workload and attack, its outcome."""
    if reason := api.regorus_unavailable(BUILT):
        pytest.skip(reason)
    place = tmp_path_factory.mktemp("attacked")
    exports = ["--from", str(home / "stacks/dev-spoke.json"), "--hub-from", str(home / "stacks/dev-hub.json")]
    with pytest.MonkeyPatch.context() as patch, (place / "out").open("w") as out:
        patch.setattr("sys.stdout", out)
        code = attack.main(["dev-spoke", *exports, "--judge", "regorus", "--home", str(BUILT), "--json"])
    document = json.loads((place / "out").read_text())
    assert (code, document["holds"], document["engine"]) == (1, False, "regorus 0.2.8 and regorus 0.9.1")
    assert [one["refusal"] for one in document["workloads"]] == [None] * 4
    return {
        one["name"]: {outcome["attack"]: outcome for outcome in one["outcomes"]}
        for one in document["workloads"]
    }


@pytest.mark.parametrize(
    "name", ["hello-openshift/hello-hardened", "kbs-access/kbs-access", "kbs-sealed/kbs-sealed"]
)
def test_both_versions_stop_every_attack_on_a_workload(
    found: dict[str, dict[str, dict[str, object]]], name: str
) -> None:
    outcomes = found[name]
    assert set(outcomes) == {one.name for one in api.CATALOGUE}
    assert [name for name, one in outcomes.items() if one["through"]] == []
    assert sum(bool(one["tried"]) for one in outcomes.values()) > 50


def test_a_profile_leaves_image_command_and_environment_to_the_host(
    found: dict[str, dict[str, dict[str, object]]],
) -> None:
    outcomes = found["hello-samples/hello-debug"]
    for name in ("another image", "other arguments", "extra variables"):
        assert outcomes[name]["through"] == outcomes[name]["tried"]
    for name in ("another policy", "swap", "copy a file elsewhere", "mount over the image"):
        assert outcomes[name]["through"] == 0
