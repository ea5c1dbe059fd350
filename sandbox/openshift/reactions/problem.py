"""Why a pod does not start, and where the operator of peer pods lives."""

from __future__ import annotations

from dataclasses import dataclass

OSC_NAMESPACE = "openshift-sandboxed-containers-operator"


@dataclass(frozen=True)
class ReactionProblem:
    """`reason` and `message` as the kubelet shows them at the pod."""

    reason: str
    message: str
