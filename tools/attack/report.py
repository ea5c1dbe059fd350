"""The result of each attack on each deployed pod, and the secrets that it would have reached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from model.attestation import initdata
from model.workloads.lock import LockedImage
from sandbox.guest import api
from sandbox.guest.api import CATALOGUE, Agent, Attack, Outcome, PolicyEngine, PolicyUnusable
from tools.attack import pods
from tools.attack.pods import Confidential
from tools.posture.deployment import Deployment, PostureError
from tools.posture.model import Matrix, PodRow

FORMAT: Final = 1
"""Increased when readers of the JSON must change."""


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """One workload. ``refusal``: why the honest pod would not start, None where it does. ``secrets``: what its profile may read,
    None where the hub's policy is not known. ``unknown_images``: those that no lock file names, whose settings were taken to be empty.
    """

    name: str
    kind: str
    profile: str | None
    agent: str
    refusal: str | None
    unknown_images: tuple[str, ...]
    secrets: tuple[str, ...] | None
    outcomes: tuple[Outcome, ...]

    @property
    def through(self) -> tuple[Attack, ...]:
        return tuple(one.attack for one in self.outcomes if one.through)


@dataclass(frozen=True, kw_only=True)
class Report:
    """``engine`` names the policy engine."""

    stack: str
    engine: str
    workloads: tuple[Attacked, ...]

    @property
    def holds(self) -> bool:
        """Whether no attack got through."""
        return not any(one.through for one in self.workloads)


def build(
    spoke: Deployment,
    known: Sequence[PodRow],
    matrix: Matrix | None,
    engines: Sequence[PolicyEngine],
    catalogue: Sequence[Attack] = CATALOGUE,
    *,
    brief: bool = False,
) -> Report:
    """``known`` says which profile each workload runs under, ``matrix`` what the hub releases, None where it is not known.

    An attack gets through where one of the ``engines`` lets it; an honest pod starts where all do. ``brief``: only whether each
    attack gets through, not in how many of its forms.

    Raises PostureError where the initdata or the policy of a workload cannot be read.
    """
    profiles = {one.name: one for one in known}
    found = [
        _attacked(one, profiles.get(one.name), matrix, engines, catalogue, brief)
        for one in pods.deployed(spoke)
    ]
    return Report(stack=spoke.stack, engine=" and ".join(one.name for one in engines), workloads=tuple(found))


def as_json(report: Report) -> dict[str, Any]:
    catalogue = {one.attack.name: one.attack for each in report.workloads for one in each.outcomes}
    return {
        "format": FORMAT,
        "stack": report.stack,
        "engine": report.engine,
        "holds": report.holds,
        "attacks": [
            {"name": one.name, "sentence": one.sentence, "gain": one.gain} for one in catalogue.values()
        ],
        "workloads": [_workload(one) for one in report.workloads],
    }


def _workload(one: Attacked) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "profile": one.profile,
        "agent": one.agent,
        "refusal": one.refusal,
        "unknownImages": list(one.unknown_images),
        "secrets": None if one.secrets is None else list(one.secrets),
        "outcomes": [
            {
                "attack": outcome.attack.name,
                "tried": outcome.tried,
                "through": outcome.through,
                "refusedBy": list(outcome.refused_by),
                "example": outcome.example.endpoint if outcome.example else None,
            }
            for outcome in one.outcomes
        ],
    }


def _attacked(
    one: Confidential,
    known: PodRow | None,
    matrix: Matrix | None,
    engines: Sequence[PolicyEngine],
    catalogue: Sequence[Attack],
    brief: bool,
) -> Attacked:
    honest = api.start(one.pod, _configuration, one.node)
    try:
        policy = initdata.documents(initdata.decode(one.encoded).toml).policy
        refusal = next(filter(None, (Agent(policy, engine).play(honest) for engine in engines)), None)
        judged = [api.put_to(policy, engine, honest, catalogue, brief=brief) for engine in engines]
        outcomes = tuple(api.worst(same) for same in zip(*judged, strict=True))
    except (initdata.InitdataError, PolicyUnusable) as error:
        raise PostureError(f"The policy of {one.name} cannot be judged: {error}") from error
    spec: Mapping[str, list[dict[str, Any]]] = one.pod["spec"]
    named = [str(each["image"]) for each in (*spec.get("initContainers", []), *spec["containers"])]
    unlocked = dict.fromkeys(image for image in named if not api.find_image(image).known)
    return Attacked(
        name=one.name,
        kind=one.kind,
        profile=known.profile if known else None,
        agent=one.node.agent,
        refusal=str(refusal) if refusal else None,
        unknown_images=tuple(unlocked),
        secrets=None if matrix is None else tuple(_readable(matrix, known.pcr8 if known else None)),
        outcomes=outcomes,
    )


def _readable(matrix: Matrix, pcr8: str | None) -> Iterator[str]:
    """What the policy releases to this PCR8 and not to every PCR8."""
    kinds: Mapping[str, int] = {reader.kind: at for at, reader in enumerate(matrix.readers)}
    anybody = kinds["foreign"]
    own = next((at for at, reader in enumerate(matrix.readers) if pcr8 and reader.pcr8 == pcr8), None)
    for row in matrix.rows:
        if own is not None and row.allowed[own] and not row.allowed[anybody]:
            yield row.path


def _configuration(reference: str) -> LockedImage:
    return api.find_image(reference).config
