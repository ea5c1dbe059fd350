"""What operators and controllers do, as pure reactions: a reaction looks at the objects and says what shall be different.

A reaction returns nothing when there is nothing to do. All of them run until none returns anything: then the cluster
has stopped changing. They work on plain manifests and need no API server; the caller writes their effects.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.openshift.objects import Effect, Objects
from sandbox.openshift.reactions import (
    cert_manager,
    external_secrets,
    jobs,
    olm,
    osc,
    router,
    trustee,
    workloads,
)

Reaction = Callable[[Objects], list[Effect]]

ALL: tuple[Reaction, ...] = (
    workloads.react,
    jobs.react,
    olm.react,
    cert_manager.react,
    external_secrets.react,
    trustee.react,
    osc.react,
    router.react,
)
ROUNDS = 50
"""More than the longest chain of reactions takes; beyond it two of them undo each other."""


def settle(objects: Objects, apply: Callable[[Effect], bool] | None = None) -> list[Effect]:
    """Every effect until the cluster has stopped changing; `apply` writes one and returns whether it changed
    anything. Raises RuntimeError when the reactions do not stop.
    """
    write = apply or objects.apply
    done: list[Effect] = []
    for _ in range(ROUNDS):
        round_: list[Effect] = []
        for react in ALL:
            round_ += [effect for effect in react(objects) if write(effect)]
        if not round_:
            return done
        done += round_
    raise RuntimeError(f"reactions do not stop, the last effects were {done[-3:]}")
