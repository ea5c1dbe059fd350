"""Attacks of some names on a spoke or a part of it."""

from dataclasses import replace

from sandbox.guest.api import CATALOGUE, Regopy
from tests.tools import deployed
from tools.attack import report
from tools.attack.report import Report
from tools.posture.deployment import Deployment


def put(spoke: Deployment, hub: Deployment | None, *names: str) -> Report:
    """The attacks of these names alone, to keep the tests short."""
    zone = deployed.posture(spoke, hub)
    assert zone.untrusted
    matrix = None
    if hub is not None:
        trusting = deployed.posture(hub).trusted
        assert trusting
        matrix = trusting.matrix
    wanted = [one for one in CATALOGUE if one.name in names]
    return report.build(spoke, zone.untrusted.workloads, matrix, [Regopy()], wanted)


def only(spoke: Deployment, name: str) -> Deployment:
    """The spoke with one workload."""

    def keep(kind: str, object_name: str) -> bool:
        return kind != "Deployment" or object_name == name

    return replace(
        spoke, resources=tuple(one for one in spoke.resources if keep(one.kind[1], one.object_name))
    )
