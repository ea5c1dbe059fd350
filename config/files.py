"""The files that a stack file refers to, policies and reference values. They are read here and nowhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from config.rule import Mistake, Rule
from config.rules.trusted import gives_away
from config.sections import (
    ProfileSection,
    Section,
    ServedSecretSection,
    TrustedZone,
    WorkloadSection,
)
from model import versions
from model.attestation import initdata, reference_values
from model.attestation.reference_values import ReferenceValues
from model.policy import agent_policy, powers, workload_policy
from model.versions import Version
from model.workloads import disk, persistence, reading
from model.workloads.grants import Grants
from model.workloads.problems import WorkloadError
from model.workloads.workload import Workload

REFERENCE_VALUES = Path("reference-values")  # <OSC version>.yaml
WORKLOADS = Path("workloads")  # <name>/


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files under `root`, as the rules have read them once they were asked. `now` decides what has expired.

    `policies` are Rego texts by profile, `permissive` the profiles whose policy amounts to running anything;
    `reference_values` are by OSC version, `workloads` by name.
    """

    root: Path
    now: datetime
    policies: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])
    permissive: set[str] = field(default_factory=set[str])
    reference_values: dict[str, ReferenceValues] = field(default_factory=dict[str, ReferenceValues])
    workloads: dict[str, Workload] = field(default_factory=dict[str, Workload])

    def rules(self, model: type[Section]) -> tuple[Rule, ...]:
        """Those for a stack of `model`, in the order in which they have to be asked: first those that read a file."""
        return (
            Rule(keys=("profiles",), check=self._policies),
            Rule(
                keys=("workloads",),
                check=self._measured if issubclass(model, TrustedZone) else self._deployed,
            ),
            Rule(keys=("peerPods.rootVolumeGb",), check=self._room),
            Rule(keys=("objectStore.credentialsUntil",), check=self._credentials),
            Rule(keys=("secrets",), check=self._readers),
            Rule(keys=("secrets",), check=self._sealed),
            Rule(keys=("trustee.oscVersions",), check=self._measurements),
            Rule(
                keys=("trustee.oscVersions", "trustee.allowUnverifiedReferenceValues"), check=self._verified
            ),
        )

    def _policies(self, profiles: Mapping[str, ProfileSection]) -> Iterator[Mistake]:
        for name, profile in profiles.items():
            if profile.policy_file is None:
                continue
            try:
                rego = agent_policy.custom((self.root / profile.policy_file).read_text("utf-8"))
                initdata.check_size(rego)
                held = powers.of(rego)
            except (OSError, UnicodeDecodeError) as error:
                rule = "must be a text file in the project"
                fix = f"correct the path, which is relative to the project's root ({reason(error)})"
            except agent_policy.PolicyError as error:
                rule, fix = "must be a policy that the agent in the guest can ask", str(error)
            except initdata.InitdataError as error:
                rule, fix = "must fit into what a VM is given at its start", str(error)
            else:
                self.policies[name] = rego
                if not agent_policy.readable(rego):
                    self.notes.append(
                        f"coco:profiles.{name}.policyFile: {profile.policy_file} has a rule that only the guest's engine can"
                        " evaluate: it counts as granting everything, and the sandbox starts no pod under it"
                    )
                if silent := agent_policy.unanswered(rego):
                    self.notes.append(
                        f"coco:profiles.{name}.policyFile: {profile.policy_file} says nothing about {', '.join(silent)}: the guest"
                        " refuses these"
                    )
                if held.full:
                    self.permissive.add(name)
                continue
            yield Mistake(key=f"profiles.{name}.policyFile", value=profile.policy_file, rule=rule, fix=fix)

    def _measured(self, workloads: Mapping[str, WorkloadSection]) -> Iterator[Mistake]:
        """Those whose policy the stack renders, and for which it says what their owner gives away."""
        for name, section in workloads.items():
            yield from self._workload(name, section.grants)
            if name in self.workloads:
                yield from _persistence(name, section, saves=self.workloads[name].persistence is not None)

    def _deployed(self, workloads: tuple[str, ...]) -> Iterator[Mistake]:
        """Those that a hub measured."""
        for name in workloads:
            yield from self._workload(name, None)

    def _workload(self, name: str, grants: Grants | None) -> Iterator[Mistake]:
        key, folder = f"workloads.{name}", WORKLOADS / name
        try:
            workload = reading.read(name, _texts(self.root / folder), grants)
            if grants:
                initdata.check_size(workload_policy.render_workload(workload.pins(grants)))
        except (OSError, UnicodeDecodeError) as error:
            rule = f"must have its manifests in {folder}/"
            fix = f"put them there as YAML, and run: make pin WORKLOAD={name} ({reason(error)})"
            yield Mistake(key=key, value=name, rule=rule, fix=fix)
        except WorkloadError as error:
            for found in error.problems:
                where = ": ".join(part for part in (found.file, found.object, found.path) if part)
                yield Mistake(key=key, value=found.value, rule=f"{where} {found.rule}", fix=found.fix)
        except (agent_policy.PolicyError, initdata.InitdataError) as error:
            rule = "must be a pod that an agent policy can pin"
            yield Mistake(key=key, value=name, rule=rule, fix=str(error))
        else:
            self.workloads[name] = workload

    def _room(self, root_volume_gb: int) -> Iterator[Mistake]:
        """Of the pod VM's disk, beside its image and those of the containers."""
        for name, workload in self.workloads.items():
            if (asked := disk.limits(workload)) >= root_volume_gb * 2**30:
                yield Mistake(
                    key="peerPods.rootVolumeGb",
                    value=str(root_volume_gb),
                    rule=f"must leave room for the emptyDirs on disk of workload {name}, which may grow to"
                    f" {asked / 2**30:.1f} GiB",
                    fix="raise it, or lower their sizeLimit",
                )

    def _credentials(self, until: date) -> Iterator[Mistake]:
        today = self.now.date()
        if not today < until <= today + timedelta(days=366):
            yield Mistake(
                key="objectStore.credentialsUntil",
                value=until.isoformat(),
                rule=f"must be a day after today, {today.isoformat()}, and at most a year ahead",
                fix="write a later day before the old one is reached, and bring the hub up: pods that save then get the new"
                " credential"
                if until <= today
                else "write an earlier day",
            )

    def _readers(self, secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
        for name, secret in secrets.items():
            for reader in secret.readable_by:
                if reader in self.permissive and not secret.allow_debug:
                    yield gives_away(name, reader)

    def _sealed(self, secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
        """Sealed secrets in the manifests of a workload that the stack does not publish, or that the workload may not read."""
        for name, workload in self.workloads.items():
            for path in sorted(workload.sealed, key=str):
                secret = secrets.get(path.secret) if path.repository == "default" else None
                fix = None
                if secret is None or path.key not in secret.keys:
                    fix = f"add it to coco:secrets, with sealed: true and {name} under readableBy"
                elif not secret.sealed:
                    fix = f"write sealed: true at coco:secrets.{path.secret}"
                elif name not in secret.readable_by:
                    fix = f"add {name} to readableBy of coco:secrets.{path.secret}"
                if fix:
                    yield Mistake(
                        key=f"workloads.{name}",
                        value=path.uri,
                        rule="must name, in its Secrets, sealed secrets that this stack publishes and the workload may read",
                        fix=fix,
                    )

    def _measurements(self, osc_versions: tuple[Version, ...]) -> Iterator[Mistake]:
        """Values that are missing, of another version or stale."""
        for version in osc_versions:
            if version.minor not in versions.TRUSTEE_OF_OSC:
                continue  # refused as such already
            file = _file(version)
            try:
                values = reference_values.read((self.root / file).read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                yield _refused(
                    version,
                    f"must have its reference values in {file}",
                    f"add the file, as the header of the others says, or remove the version ({reason(error)})",
                )
                continue
            except reference_values.ReferenceValuesError as error:
                yield _refused(
                    version,
                    f"must have valid reference values in {file}",
                    "correct this there: " + "; ".join(str(error).splitlines()),
                )
                continue
            self.reference_values[version] = values
            if values.osc_version != version:
                yield _refused(
                    version,
                    f"must be the oscVersion of {file}, which is {values.osc_version}",
                    "put the values of this version there",
                )
            for expired in values.problems(self.now):
                yield _refused(version, f"must have reference values in {file} that hold today", expired)

    def _verified(self, osc_versions: tuple[Version, ...], allow_unverified: bool) -> Iterator[Mistake]:
        for version in osc_versions:
            values = self.reference_values.get(version)
            if values is not None and not values.verified and not allow_unverified:
                yield _refused(
                    version,
                    f"must have verified reference values, and the provenance of {_file(version)} says that nobody"
                    " verified them",
                    "replace them with values from the vendor's signed image; only where no secret is real, write"
                    " trustee.allowUnverifiedReferenceValues: true",
                )


def _persistence(name: str, section: WorkloadSection, *, saves: bool) -> Iterator[Mistake]:
    """The hub knows what a workload saves, and what it says of that is not in vain."""
    file = WORKLOADS / name / persistence.FILE
    if saves and section.persistence is None:
        yield Mistake(
            key=f"workloads.{name}.persistence",
            rule="is missing",
            fix=f"write persistence: {{kind: objectStore, floor: 0}}, or remove the file, because {file} says that a volume is saved",
        )
    if section.persistence is not None and not saves:
        yield Mistake(
            key=f"workloads.{name}.persistence",
            value=section.persistence.kind,
            rule=f"must go with the file {file}, which is not there",
            fix="add the file with kind, volume and image, or remove this",
        )


def _texts(folder: Path) -> dict[str, str]:
    """The text of each file of a workload, by its name."""
    return {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}


def _file(version: Version) -> Path:
    return REFERENCE_VALUES / f"{version}.yaml"


def _refused(version: Version, rule: str, fix: str) -> Mistake:
    return Mistake(key="trustee.oscVersions", value=version, rule=rule, fix=fix)


def reason(error: OSError | UnicodeDecodeError) -> str:
    """Why a file could not be read as text, in a few words."""
    return error.strerror or "unreadable" if isinstance(error, OSError) else "it is not UTF-8"
