"""What a role is given: the validated stack file, and its secrets as secret outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import pulumi

from config import load
from config.roles import AnyConfig
from config.sections import Section
from model.attestation.platform_values import PlatformValues
from model.attestation.reference_values import ReferenceValues
from model.azure import naming
from model.workloads.workload import Workload

ROOT = Path(__file__).parent.parent
ConfigT_co = TypeVar("ConfigT_co", bound=Section, covariant=True)


@dataclass(frozen=True, kw_only=True)
class LoadedStack(Generic[ConfigT_co]):
    """``policies`` are Rego texts by profile, ``reference_values`` by OSC version, ``workloads`` by name: what the stack file refers to
    by name. ``platform``: the paravisors and hosts that may vouch for a guest, where the stack asks for any. ``kbs_ca``: of a KBS that an
    issuer of somebody else's signs for.
    """

    name: str
    config: ConfigT_co
    secrets: Mapping[str, pulumi.Output[str]]
    policies: Mapping[str, str]
    reference_values: Mapping[str, ReferenceValues]
    platform: PlatformValues | None
    workloads: Mapping[str, Workload]
    kbs_ca: str | None = None


def load_stack() -> LoadedStack[AnyConfig]:
    """Read the configuration of the running stack; RunError with every problem in it, before anything is declared."""
    try:
        naming.check_stack(pulumi.get_stack())
        loaded = load.load(
            pulumi.runtime.get_config_env(), root=ROOT, encrypted=pulumi.runtime.get_config_secret_keys_env()
        )
    except (naming.NamingError, load.ConfigError) as error:
        raise pulumi.RunError(str(error)) from None
    for note in loaded.notes:
        pulumi.warn(note)
    return LoadedStack(
        name=pulumi.get_stack(),
        config=loaded.config,
        secrets={key: pulumi.Output.secret(value) for key, value in loaded.secrets.items()},
        policies=loaded.policies,
        reference_values=loaded.reference_values,
        platform=loaded.platform,
        workloads=loaded.workloads,
        kbs_ca=loaded.kbs_ca,
    )
