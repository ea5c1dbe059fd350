"""Advisories: what no hub can see or refuse, by version of the component that has the fault. Models of `advisories.yaml`, reviewed data.

An advisory applies to a stack that uses an affected version and does nothing that excludes it. What excludes one is something that the
stack decides and that its hub enforces; whatever only a spoke decides excludes nothing, because the advisories are about whoever
runs the spoke.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field

from model.attestation import reviewed
from model.attestation.reviewed import ReviewedData, ReviewedDataError
from model.versions import Version

FILE: Final = "advisories.yaml"
_Text = Annotated[str, Field(min_length=1)]


class AdvisoriesError(ValueError):
    """The file cannot be used; the message names every problem."""


@dataclass(frozen=True, kw_only=True)
class Use:
    """What a stack with Trustee uses and decides.

    ``generations``: of the hosts that it accepts, None where it accepts any. ``boot_loaders``: PCR4 decides.
    ``policy_files``: profiles with an agent policy of the stack's own.
    """

    osc_versions: tuple[Version, ...]
    trustee_version: Version
    generations: frozenset[str] | None
    boot_loaders: bool
    policy_files: frozenset[str]


class Exclusion(ReviewedData):
    """Ways to exclude an advisory, each sufficient: ``generations``, to accept no others; ``boot_loaders``, reference values for PCR4;
    ``rendered_policies``, no profile with a policy file of its own.
    """

    generations: tuple[_Text, ...] = ()
    boot_loaders: bool = False
    rendered_policies: bool = False

    def of(self, use: Use) -> str | None:
        """The way that ``use`` takes, in words; None where it takes none."""
        if self.generations and use.generations and use.generations <= frozenset(self.generations):
            return f"hosts are {', '.join(sorted(use.generations))} only"
        if self.boot_loaders and use.boot_loaders:
            return "PCR4 is a reference value"
        if self.rendered_policies and not use.policy_files:
            return "every agent policy is rendered"
        return None

    def ways(self) -> tuple[str, ...]:
        """What a stack file or a reviewed file would have to say."""
        found: list[str] = []
        if self.generations:
            found.append(f"trustee.generations: [{', '.join(self.generations)}]")
        if self.boot_loaders:
            found.append("pcr04 in the reference values of each of trustee.oscVersions")
        if self.rendered_policies:
            found.append("no policyFile in coco:profiles")
        return tuple(found)


class Advisory(ReviewedData):
    """``since`` and ``fixed_in`` are versions of sandboxed containers (``guest``) or of Trustee. ``who`` can do ``what``.

    ``helps``: what makes it smaller without excluding it.
    """

    component: Literal["guest", "trustee", "host"]
    since: Version | None = None
    fixed_in: Version | None = None
    generations: tuple[_Text, ...] = ()
    title: _Text
    who: _Text
    what: _Text
    excluded_by: Exclusion = Exclusion()
    helps: _Text
    source: _Text
    reviewed: date

    def affected(self, use: Use) -> tuple[str, ...]:
        """What of ``use`` has the fault, in words; empty where nothing has."""
        match self.component:
            case "guest":
                return tuple(f"sandboxed containers {v}" for v in use.osc_versions if self._in_range(v))
            case "trustee":
                known = use.trustee_version
                return (f"Trustee {known}",) if self._in_range(known) else ()
            case "host":
                used = frozenset(self.generations) if use.generations is None else use.generations
                return tuple(f"hosts of {name}" for name in self.generations if name in used)

    def _in_range(self, version: Version) -> bool:
        return (self.since is None or version.numbers >= self.since.numbers) and (
            self.fixed_in is None or version.numbers < self.fixed_in.numbers
        )


@dataclass(frozen=True, kw_only=True)
class Finding:
    """An advisory about something that a stack uses. ``excluded``: how the stack excludes it, None where it does not."""

    name: str
    advisory: Advisory
    affected: tuple[str, ...]
    excluded: str | None


class Advisories(ReviewedData):
    """By name."""

    advisories: Mapping[str, Advisory]

    def of(self, use: Use) -> tuple[Finding, ...]:
        """What is known about the versions in ``use``, in the order of the file."""
        return tuple(
            Finding(name=name, advisory=one, affected=affected, excluded=one.excluded_by.of(use))
            for name, one in self.advisories.items()
            if (affected := one.affected(use))
        )


def read(text: str) -> Advisories:
    """The table in a YAML ``text``. Raises AdvisoriesError with all problems."""
    try:
        return reviewed.read(Advisories, text, "advisories")
    except ReviewedDataError as error:
        raise AdvisoriesError(str(error)) from error
