"""The files that a stack file refers to: policies of one's own, and reference values. They are read here and nowhere else."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from config.rules import Problem
from config.rules.trusted import gives_away
from config.sections import Stack, TrustedZone
from model import versions
from model.attestation import initdata, reference_values
from model.attestation.reference_values import ReferenceValues
from model.policy import agent_policy, powers

REFERENCE_VALUES = Path("reference-values")  # <OSC version>.yaml


def policies(stack: Stack, root: Path, into: dict[str, str]) -> Iterator[Problem]:
    """Put the profiles' own policies, by profile, `into` a mapping; what is wrong with them or lets out a secret."""
    if not isinstance(stack, TrustedZone):
        return
    for name, profile in stack.profiles.items():
        if profile.policy_file is None:
            continue
        try:
            rego = agent_policy.custom((root / profile.policy_file).read_text("utf-8"))
            initdata.check_size(rego)
            held = powers.of(rego)
        except (OSError, UnicodeDecodeError) as error:
            rule = "must be a text file in the project"
            fix = f"correct the path, which is relative to the project's root ({_reason(error)})"
        except agent_policy.PolicyError as error:
            rule, fix = "must be a policy that answers all that the agent asks", str(error)
        except initdata.InitdataError as error:
            rule, fix = "must fit into what a VM is given at its start", str(error)
        else:
            into[name] = rego
            permissive = held.full
            for secret, served in stack.secrets.items():
                if permissive and name in served.readable_by and not served.allow_debug:
                    yield gives_away(secret, name)
            continue
        yield Problem(key=f"profiles.{name}.policyFile", value=profile.policy_file, rule=rule, fix=fix)


def measurements(
    stack: Stack, root: Path, now: datetime, into: dict[str, ReferenceValues]
) -> Iterator[Problem]:
    """Put the reviewed reference values, by OSC version, `into` a mapping; what is missing, stale or unverified."""
    if not isinstance(stack, TrustedZone):
        return
    for version in stack.trustee.osc_versions:
        if versions.minor(version) not in versions.TRUSTEE_OF_OSC:
            continue  # refused as such already
        file = REFERENCE_VALUES / f"{version}.yaml"
        key = "trustee.oscVersions"
        try:
            values = reference_values.read((root / file).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            yield Problem(
                key=key,
                value=version,
                rule=f"must have its reference values in {file}",
                fix=f"add the file, as the header of the others says, or remove the version ({_reason(error)})",
            )
            continue
        except reference_values.ReferenceValuesError as error:
            yield Problem(
                key=key,
                value=version,
                rule=f"must have valid reference values in {file}",
                fix="correct this there: " + "; ".join(str(error).splitlines()),
            )
            continue
        into[version] = values
        if values.osc_version != version:
            yield Problem(
                key=key,
                value=version,
                rule=f"must be the oscVersion of {file}, which is {values.osc_version}",
                fix="put the values of this version there",
            )
        for expired in values.problems(now):
            yield Problem(
                key=key,
                value=version,
                rule=f"must have reference values in {file} that hold today",
                fix=expired,
            )
        if not values.verified and not stack.trustee.allow_unverified_reference_values:
            yield Problem(
                key=key,
                value=version,
                rule=f"must have verified reference values, and by its provenance nobody verified {file}",
                fix="replace them with values from the vendor's signed image; only where no secret is real, write"
                " trustee.allowUnverifiedReferenceValues: true",
            )


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "it is not UTF-8"
