"""The attacks in short, for the report on a stack: how many of the catalogue get through to each of its pods."""

from dataclasses import replace

from sandbox.guest.api import Regopy
from tools.attack.report import build
from tools.posture import trusted
from tools.posture.deployment import Deployment
from tools.posture.model import AttackSummary, Matrix, Posture


def in_short(posture: Posture, stack: Deployment, hub: Deployment | None) -> Posture:
    """The report with the outcome; as it is where the stack runs no pods. Raises PostureError as `report.build`."""
    if posture.untrusted is None:
        return posture
    found = build(stack, posture.untrusted.workloads, matrix(posture, hub), [Regopy()], brief=True)
    attacks = tuple(
        AttackSummary(
            name=one.name,
            tried=sum(bool(outcome.tried) for outcome in one.outcomes),
            through=len(one.through),
            secrets=one.secrets,
        )
        for one in found.workloads
    )
    return replace(posture, untrusted=replace(posture.untrusted, attacks=attacks))


def matrix(posture: Posture, hub: Deployment | None) -> Matrix | None:
    """What the hub releases, None where it cannot be had. Raises PostureError."""
    if posture.trusted:
        return posture.trusted.matrix
    return trusted.matrix(hub) if hub else None
