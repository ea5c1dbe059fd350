"""What roots attestation in a deployed stack: the paravisors that vouch for registers, the registers, and what no hub can see."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import yaml

from config.platform import ADVISORIES, PLATFORM_VALUES
from model import advisories
from model.advisories import Advisories, AdvisoriesError, Finding, Use
from model.attestation import platform_values
from model.attestation.platform_values import ROOTS, PlatformValues, PlatformValuesError
from model.versions import Version
from tools.posture import attestation
from tools.posture.deployment import table
from tools.posture.model import Advisory, Paravisor, Profile, Requirement, Root


def values(root: Path) -> PlatformValues | None:
    """The reviewed values of the project at `root`; None where they cannot be read."""
    try:
        return platform_values.read((root / PLATFORM_VALUES).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, PlatformValuesError):
        return None


def of(
    tee: str,
    registered: Mapping[str, Sequence[str]],
    requirements: Sequence[Requirement],
    reviewed: PlatformValues | None,
) -> Root:
    """What vouches for guests on `tee`, which is one of `attestation.TEES`."""
    mine = {one.what: one.enforced for one in requirements if one.tee == tee}
    asked = mine.get(attestation.ROOT, False)
    accepted = registered.get(ROOTS[tee], ()) if asked else ()
    return Root(
        tee=tee,
        asked=asked,
        paravisors=tuple(_paravisor(value, reviewed) for value in accepted),
        firmware=all(mine.get(what, False) for what in attestation.FIRMWARE[tee]),
        registers=tuple(what for what in attestation.REGISTERS if mine.get(what)),
        missing=tuple(what for what in attestation.REGISTERS if not mine.get(what)),
    )


def known_advisories(root: Path) -> Advisories | None:
    """The reviewed table of the project at `root`; None where it cannot be read."""
    try:
        return advisories.read((root / ADVISORIES).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, AdvisoriesError):
        return None


def accepted(stack: str, root: Path) -> Mapping[str, Mapping[str, str]] | None:
    """By name what the file of `stack` accepts, each with `until` and `reason`; None where there is no such file."""
    try:
        document = yaml.safe_load((root / f"stacks/Pulumi.{stack}.yaml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    found = table(document, "config", "coco:acceptedAdvisories")
    return {name: {key: str(value) for key, value in table(one).items()} for name, one in found.items()}


def advisories_of(
    known: Advisories,
    use: Use,
    accepted: Mapping[str, Mapping[str, str]],
    today: date,
) -> tuple[Advisory, ...]:
    """What is known about the versions in `use`, with what the stack does about it."""
    return tuple(_advisory(one, accepted.get(one.name), today) for one in known.of(use))


def use(
    *,
    osc_versions: Sequence[str],
    trustee: Version,
    roots: Sequence[Root],
    requirements: Sequence[Requirement],
    profiles: Sequence[Profile],
) -> Use:
    """What the deployed stack uses, as an advisory asks it."""
    generations = {one.generation for each in roots for one in each.paravisors}
    any_host = any(not each.asked for each in roots) or None in generations
    loaders = [one.enforced for one in requirements if one.what == attestation.BOOT_LOADERS]
    return Use(
        osc_versions=tuple(Version(one) for one in osc_versions),
        trustee_version=trustee,
        generations=None if any_host else frozenset(cast(set[str], generations)),
        boot_loaders=bool(loaders) and all(loaders),
        policy_files=frozenset(one.name for one in profiles if one.powers.replace_files),
    )


def warnings(
    roots: Sequence[Root], found: Sequence[Advisory], reviewed: PlatformValues | None, today: date
) -> Iterator[str]:
    """What somebody must decide on, a sentence each."""
    for one in roots:
        if not one.asked:
            yield (
                f"Attestation asks for no paravisor on {one.tee}: anybody with such a machine can attest as any guest"
                " (coco:trustee.allowAnyPlatform)."
            )
        for each in one.paravisors:
            if each.generation is None:
                yield f"Nobody vouches for the paravisor {each.value[:8]}...: {PLATFORM_VALUES} does not hold it."
    used = {each.generation for one in roots for each in one.paravisors if each.generation}
    for name, last in reviewed.stale(sorted(used), today) if reviewed else ():
        yield (
            f"The paravisors of {name} were last seen on {last}: Azure changes them without notice, take new evidence"
            " (make platform-values)."
        )
    if waiting := [one.name for one in found if one.state == "open"]:
        yield (
            f"What no hub can see, and nobody has accepted (coco:acceptedAdvisories): {', '.join(waiting)}."
        )


def _paravisor(value: str, reviewed: PlatformValues | None) -> Paravisor:
    for name, generation in reviewed.generations.items() if reviewed else ():
        for one in generation.paravisors:
            if one.root == value:
                return Paravisor(value=value, generation=name, seen=str(one.seen), source=one.source)
    return Paravisor(value=value, generation=None, seen=None, source=None)


def _advisory(found: Finding, acceptance: Mapping[str, str] | None, today: date) -> Advisory:
    state, detail = "open", found.advisory.helps
    if found.excluded is not None:
        state, detail = "excluded", found.excluded
    elif acceptance is not None and (until := acceptance.get("until", "")) >= today.isoformat():
        state, detail = "accepted", f"until {until}: {acceptance.get('reason', '')}"
    return Advisory(
        name=found.name,
        state=cast(Any, state),
        title=found.advisory.title,
        who=found.advisory.who,
        affected=found.affected,
        detail=detail,
    )
