"""The catalogue: what whoever runs the node can try to get at a pod, and whether the pod's policy stops it.

Each attack is the pod's honest start with one request changed, added or sent out of order. What no policy can stop is not in it: the
content of copied files (ConfigMaps, /etc/hosts), the moment at which an init container ends, and denial of service.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sandbox.guest.agent import Agent, PolicyEngine
from sandbox.guest.attacks import calls, images, mounts, processes, sequence
from sandbox.guest.attacks.attack import CREATE_CONTAINER, CREATE_SANDBOX, Attack
from sandbox.guest.requests import AgentRequest

__all__ = ["CATALOGUE", "Attack", "Outcome", "put_to", "worst"]

CATALOGUE: tuple[Attack, ...] = (
    *images.ATTACKS,
    *processes.ATTACKS,
    *mounts.ATTACKS,
    *sequence.ATTACKS,
    *calls.ATTACKS,
)
_MOVING = (CREATE_SANDBOX, CREATE_CONTAINER, "RemoveContainerRequest")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one attack on one pod.

    ``tried`` and ``through``: numbers of sequences; none tried means that the attack does not apply to the pod. ``refused_by``: the
    rules that said no. ``example``: the first request that got through.
    """

    attack: Attack
    tried: int
    through: int
    refused_by: tuple[str, ...]
    example: AgentRequest | None


def put_to(
    policy: str,
    engine: PolicyEngine,
    honest: Sequence[AgentRequest],
    catalogue: Sequence[Attack] = CATALOGUE,
    *,
    brief: bool = False,
) -> Iterator[Outcome]:
    """Every attack of the catalogue on the pod whose start is `honest`. Raises agent.PolicyUnusable.

    `brief`: an attack is not tried any further once it got through.
    """
    guests = _Guests(policy, engine, short=_short_is_enough(policy, engine, honest))
    for attack in catalogue:
        tried, passed, rules = 0, list[AgentRequest](), dict[str, None]()
        for steps in attack.sequences(honest):
            tried += 1
            if guests.allow(steps):
                passed.append(steps[-1])
                if brief:
                    break
            else:
                rules[steps[-1].endpoint] = None
        yield Outcome(
            attack=attack,
            tried=tried,
            through=len(passed),
            refused_by=tuple(rules),
            example=passed[0] if passed else None,
        )


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Of one attack, judged by several engines: it got through where one of them let it."""
    first = max(outcomes, key=lambda one: one.through)
    rules = dict.fromkeys(rule for one in outcomes for rule in one.refused_by)
    return replace(first, refused_by=tuple(rules))


class _Guests:
    """Guests that have done some honest steps. A refused request leaves a guest as it was, so the next one can be tried on it."""

    def __init__(self, policy: str, engine: PolicyEngine, *, short: bool) -> None:
        self._policy, self._engine, self._short = policy, engine, short
        self._kept: dict[tuple[int, ...], tuple[list[AgentRequest], Agent]] = {}

    def allow(self, steps: list[AgentRequest]) -> bool:
        """Whether the last of the steps is allowed after the others."""
        before = _short(steps[:-1]) if self._short else steps[:-1]
        key = tuple(map(id, before))
        if key not in self._kept:
            agent = Agent(self._policy, self._engine)
            for step in before:
                agent.allows(step)
            self._kept[key] = before, agent
        allowed = self._kept[key][1].allows(steps[-1])
        if allowed:
            del self._kept[key]
        return allowed


def _short(steps: Sequence[AgentRequest]) -> list[AgentRequest]:
    """The steps that move a policy's state, as far as any known policy goes."""
    return [one for one in steps if one.endpoint in _MOVING]


def _short_is_enough(policy: str, engine: PolicyEngine, honest: Sequence[AgentRequest]) -> bool:
    """Whether the policy answers the honest steps alike without the others: else they are all played, which takes longer."""
    moving = _short(honest)
    whole, alone = Agent(policy, engine), Agent(policy, engine)
    answers = [whole.allows(one) for one in honest]
    return [answer for one, answer in zip(honest, answers, strict=True) if one.endpoint in _MOVING] == [
        alone.allows(one) for one in moving
    ]
