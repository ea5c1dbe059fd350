"""What roots attestation: the rules that read platform-values/azure.yaml and advisories.yaml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from config.rule import Mistake, Rule
from config.sections import AcceptedAdvisorySection, ProfileSection, TrusteeSection
from model import advisories
from model.advisories import Advisories, AdvisoriesError, Finding, Use
from model.attestation import platform_values
from model.attestation.platform_values import PlatformValues, PlatformValuesError, SnpGeneration
from model.attestation.reference_values import ReferenceValues

PLATFORM_VALUES = Path("platform-values/azure.yaml")
ADVISORIES = Path(advisories.FILE)
_OBTAIN = "run make platform-values EVIDENCE=<files> on evidence of a confidential VM of your own (docs/operations.md)"
_LONGEST = timedelta(days=366)
# Trustee's verifier has Milan's certificates alone up to v0.17, which is in 1.1 (deps/verifier/src/snp).
_MILAN_ONLY = ("1.0", "1.1")


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The files under `root`, as the rules have read them once they were asked. `now` decides what is too old.

    `read` holds the platform values once they were read. `reference_values`: by OSC version, those that were read.
    """

    root: Path
    now: datetime
    reference_values: Mapping[str, ReferenceValues]
    read: list[PlatformValues] = field(default_factory=list[PlatformValues])

    @property
    def values(self) -> PlatformValues | None:
        """None where no stack asked for them, or they could not be read."""
        return self.read[0] if self.read else None

    def rules(self) -> tuple[Rule, ...]:
        """In the order in which they have to be asked, and after those that read the reference values."""
        return (
            Rule(keys=("trustee",), check=self._root),
            Rule(keys=("trustee",), check=self._boot_loaders),
            Rule(keys=("trustee", "profiles", "acceptedAdvisories"), check=self._advisories),
        )

    def _root(self, trustee: TrusteeSection) -> Iterator[Mistake]:
        if trustee.allow_any_platform:
            if trustee.generations:
                yield Mistake(
                    key="trustee.generations",
                    value=", ".join(trustee.generations),
                    rule="must be absent where allowAnyPlatform is true, which accepts every host",
                    fix="remove one of the two",
                )
            return
        try:
            values = platform_values.read((self.root / PLATFORM_VALUES).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, PlatformValuesError) as error:
            yield _no_root(
                ", ".join(trustee.tees),
                f"must have valid platform values in {PLATFORM_VALUES}",
                f"correct the file ({'; '.join(str(error).splitlines())}), or {_OBTAIN}",
            )
            return
        self.read.append(values)
        if unusable := list(self._generations(trustee, values)):
            yield from unusable
            return
        found = values.of(trustee.tees, trustee.generations)
        for tee in trustee.tees:
            known = [name for name, one in values.generations.items() if one.tee == tee]
            if known and not set(known) & set(found):
                yield Mistake(
                    key="trustee.generations",
                    value=", ".join(trustee.generations),
                    rule=f"must name a generation of each kind in trustee.tees, and none is of {tee}",
                    fix=f"add one of {', '.join(known)}, or leave {tee} out",
                )
            elif not known:
                yield _no_root(
                    tee,
                    f"must have the measurement of a paravisor in {PLATFORM_VALUES}: without it anybody with such a machine can"
                    " attest as any guest",
                    f"{_OBTAIN}, or leave this TEE out; only for a trial without secrets, write trustee.allowAnyPlatform: true",
                )
        for name, last in values.stale(found, self.now.date()):
            if not trustee.allow_unverified_reference_values:
                yield Mistake(
                    key="trustee.generations",
                    value=name,
                    rule=f"must have platform values in {PLATFORM_VALUES} that somebody looked at in the last"
                    f" {values.max_age_days} days, and the last evidence is of {last}",
                    fix=_OBTAIN,
                )

    def _generations(self, trustee: TrusteeSection, values: PlatformValues) -> Iterator[Mistake]:
        for name in trustee.generations:
            known = values.generations.get(name)
            if known is None or known.tee not in trustee.tees:
                yield Mistake(
                    key="trustee.generations",
                    value=name,
                    rule=f"must be a generation in {PLATFORM_VALUES} of a kind in trustee.tees",
                    fix=f"use one of {', '.join(values.of(trustee.tees)) or 'none'}, or {_OBTAIN}",
                )
            elif (
                isinstance(known, SnpGeneration) and name != "milan" and trustee.version.minor in _MILAN_ONLY
            ):
                yield Mistake(
                    key="trustee.generations",
                    value=name,
                    rule=f"must be one that trustee.version {trustee.version} can verify, which has AMD's certificates for milan only",
                    fix="use Trustee 1.2 or later, or leave it out",
                )

    def _boot_loaders(self, trustee: TrusteeSection) -> Iterator[Mistake]:
        with_it = [osc for osc in trustee.osc_versions if self._has_pcr4(osc)]
        for osc in trustee.osc_versions if with_it else ():
            if osc in self.reference_values and osc not in with_it:
                yield Mistake(
                    key="trustee.oscVersions",
                    value=osc,
                    rule=f"must have pcr04 in its reference values, because those of {', '.join(with_it)} have it: the policy asks"
                    " every guest for it, so no pod of this version could attest",
                    fix="add it (make reference-values with EFI=...), or remove one of the versions",
                )

    def _has_pcr4(self, osc: str) -> bool:
        values = self.reference_values.get(osc)
        return values is not None and values.pcrs.pcr04 is not None

    def _advisories(
        self,
        trustee: TrusteeSection,
        profiles: Mapping[str, ProfileSection],
        accepted: Mapping[str, AcceptedAdvisorySection],
    ) -> Iterator[Mistake]:
        try:
            known = advisories.read((self.root / ADVISORIES).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, AdvisoriesError) as error:
            yield Mistake(
                key="acceptedAdvisories",
                rule=f"must have valid advisories in {ADVISORIES}",
                fix=f"correct the file: {'; '.join(str(error).splitlines())}",
            )
            return
        today = self.now.date()
        for name, section in accepted.items():
            if name not in known.advisories:
                yield Mistake(
                    key=f"acceptedAdvisories.{name}",
                    value=name,
                    rule=f"must be an advisory of {ADVISORIES}",
                    fix=f"use one of {', '.join(known.advisories)}, or remove it",
                )
            elif section.until - today > _LONGEST:
                yield Mistake(
                    key=f"acceptedAdvisories.{name}.until",
                    value=str(section.until),
                    rule="must be within a year, so that somebody looks again",
                    fix=f"choose a day before {today + _LONGEST}",
                )
        if not trustee.trial:
            yield from self._not_accepted(known, trustee, profiles, accepted)

    def _not_accepted(
        self,
        known: Advisories,
        trustee: TrusteeSection,
        profiles: Mapping[str, ProfileSection],
        accepted: Mapping[str, AcceptedAdvisorySection],
    ) -> Iterator[Mistake]:
        use = Use(
            osc_versions=trustee.osc_versions,
            trustee_version=trustee.version,
            generations=frozenset(self.values.of(trustee.tees, trustee.generations)) if self.values else None,
            boot_loaders=all(self._has_pcr4(osc) for osc in trustee.osc_versions),
            policy_files=frozenset(name for name, one in profiles.items() if one.policy_file is not None),
        )
        for found in known.of(use):
            if found.excluded is None:
                yield from self._decide(found, accepted.get(found.name))

    def _decide(self, found: Finding, accepted: AcceptedAdvisorySection | None) -> Iterator[Mistake]:
        today = self.now.date()
        if accepted is not None and accepted.until >= today:
            return
        rule = (
            f"must be accepted, because it applies to {', '.join(found.affected)} ({found.advisory.title})"
            if accepted is None
            else f"was accepted until {accepted.until}, and still applies to {', '.join(found.affected)} ({found.advisory.title})"
        )
        ways = " or ".join(found.advisory.excluded_by.ways())
        exclude = f"exclude it with {ways}, or " if ways else ""
        yield Mistake(
            key=f"acceptedAdvisories.{found.name}",
            rule=rule,
            fix=f'read it in {ADVISORIES}; {exclude}write {{until: "{today + timedelta(days=180)}", reason: ...}}',
        )


def _no_root(tees: str, rule: str, fix: str) -> Mistake:
    return Mistake(key="trustee.tees", value=tees, rule=rule, fix=fix)
