"""The attacks on what is deployed, sent to real kata agents that run with the deployed policies."""

import json
from pathlib import Path

import pytest

from sandbox.guest import api
from tools.attack import __main__ as attack

pytestmark = pytest.mark.integration


def test_real_agents_refuse_what_the_model_says_they_refuse(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = {line: api.agent_unavailable(line) for line in api.LINES}
    if all(reasons.values()):
        pytest.skip("; ".join(filter(None, reasons.values())))
    exports = ["--from", str(home / "stacks/dev-spoke.json"), "--hub-from", str(home / "stacks/dev-hub.json")]
    found = {}
    for judge in ("regopy", "agent"):
        code = attack.main(["dev-spoke", *exports, "--judge", judge, "--json"])
        document = json.loads(capsys.readouterr().out)
        assert code == (0 if document["holds"] else 1)
        found[judge] = {
            one["name"]: (
                one["refusal"],
                [(each["attack"], each["tried"], each["through"]) for each in one["outcomes"]],
            )
            for one in document["workloads"]
        }
    assert document["engine"] == " and ".join(
        f"kata-agent {line}" for line, reason in reasons.items() if reason is None
    )
    assert found["agent"] == found["regopy"]
    assert any(not any(through for *_, through in outcomes) for _, outcomes in found["agent"].values())
