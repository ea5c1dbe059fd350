"""The attacks in short, as posture shows them, and as several engines judge them."""

from pathlib import Path

import pytest

from sandbox.guest.api import CATALOGUE, Regopy
from tests.tools import deployed
from tests.tools.attacked import only, put
from tools.attack import report, short
from tools.posture.deployment import Deployment
from tools.posture.model import AttackSummary


@pytest.fixture
def hub(home: Path) -> Deployment:
    return deployed.export(home, "dev-hub")


@pytest.fixture
def spoke(home: Path) -> Deployment:
    return deployed.export(home, "dev-spoke")


def test_in_short_it_is_said_how_many_attacks_get_through_and_what_they_reach(
    spoke: Deployment, hub: Deployment
) -> None:
    alone = only(spoke, "hello-debug")
    whole = put(alone, hub, *(one.name for one in CATALOGUE)).workloads[0]
    brief = short.in_short(deployed.posture(alone, hub), alone, hub)
    assert brief.untrusted is not None
    assert brief.untrusted.attacks == (
        AttackSummary(
            name="hello-samples/hello-debug",
            tried=sum(outcome.tried > 0 for outcome in whole.outcomes),
            through=len(whole.through),
            secrets=whole.secrets,
        ),
    )
    assert len(whole.through) > 0


def test_a_hub_has_no_attacks_in_short(hub: Deployment) -> None:
    found = deployed.posture(hub)
    assert short.in_short(found, hub, None) == found


def test_an_attack_counts_where_one_of_the_engines_lets_it_through(spoke: Deployment) -> None:
    class Lenient(Regopy):
        name = "another one"

        def __call__(self, policy: str):
            return super().__call__(policy.replace("AddSwapRequest := false", "AddSwapRequest := true"))

    zone = deployed.posture(spoke)
    assert zone.untrusted
    swap = [one for one in CATALOGUE if one.name == "swap"]
    for engines in ([Regopy(), Lenient()], [Lenient(), Regopy()]):
        found = report.build(only(spoke, "kbs-access"), zone.untrusted.workloads, None, engines, swap)
        [outcome] = found.workloads[0].outcomes
        assert (outcome.through, outcome.tried) == (1, 2)
        assert set(outcome.refused_by) == {"AddSwapRequest", "AddSwapPathRequest"}
        assert found.engine == " and ".join(one.name for one in engines)
