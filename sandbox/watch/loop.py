"""Runs the reactions again and again, with a short pause between the steps."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event

from sandbox.apiserver.client import ApiError
from sandbox.openshift.objects import Effect
from sandbox.openshift.reactions import (
    Reaction,
    external_secrets,
    osc,
    router,
)
from sandbox.watch import nodes
from sandbox.watch.mirror import Mirror

_log = logging.getLogger(__name__)
REACTIONS: tuple[Reaction, ...] = (
    nodes.heartbeats,
    nodes.endpoints,
    external_secrets.react,
    osc.react,
    router.react,
)
"""Of `workloads` and `jobs`, which stand in for controllers that are there, only what `nodes` takes. Added to them are `nodes.react`, and those
of OLM, cert-manager and Trustee's operator or these three themselves."""
PACE_SECONDS = 0.15
"""Between one step and the next, so that a watching client sees every state in its order."""
_IDLE_SECONDS = 5
"""Some things happen because time has passed: a certificate is to be renewed."""


def run(mirror: Mirror, write: Callable[[Effect], bool], stop: Event, reactions: Sequence[Reaction]) -> None:
    """Until `stop` is set."""
    while not stop.wait(PACE_SECONDS):
        mirror.changed.clear()
        if not step(mirror, write, reactions):
            mirror.changed.wait(_IDLE_SECONDS)


def step(mirror: Mirror, write: Callable[[Effect], bool], reactions: Sequence[Reaction]) -> bool:
    """One round of the reactions; whether anything changed."""
    changed = False
    for react in reactions:
        try:
            for effect in react(mirror.view()):
                changed = write(effect) or changed
        except ApiError as error:
            _log.warning("the API server is in trouble: %s", error)
            return False
        except Exception:  # one object that an operator cannot make sense of must not stop the others
            _log.exception("%s cannot go on", react.__module__)
    return changed
