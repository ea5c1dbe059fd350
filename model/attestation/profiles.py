"""Initdata profiles as a hub hands them out: a document, its measurement, and which measurements are accepted.

Pure. The hub renders every profile, because it alone knows the KBS, its CA and the policies. A spoke only reads them, so an
untrusted cluster never supplies its own reference value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from model.attestation import initdata
from model.attestation.image_pull import ImagePull


@dataclass(frozen=True, kw_only=True)
class ProfileSpec:
    """``agent_policy`` is Rego text; ``algorithm`` the digest of the document: sha256, sha384 or sha512."""

    agent_policy: str
    algorithm: str
    image_pull: ImagePull = field(default_factory=ImagePull)


class MeasuredProfile(BaseModel):
    """``encoded`` goes into the pod's annotation; ``accepted`` are PCR8 values in hex, the present one first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    toml: str
    encoded: str
    digest: str
    pcr8: str
    accepted: tuple[str, ...]


def render(
    specs: Mapping[str, ProfileSpec],
    *,
    kbs_url: str,
    kbs_ca: str,
    earlier: Mapping[str, Sequence[str]],
    keep: int,
) -> dict[str, MeasuredProfile]:
    """Every profile by name; ``earlier`` are the values accepted so far, of which ``keep`` stay. InitdataError as initdata."""
    profiles: dict[str, MeasuredProfile] = {}
    for name, spec in specs.items():
        document = initdata.render(
            kbs_url=kbs_url,
            kbs_ca=kbs_ca,
            # Two profiles with the same settings would otherwise be one measurement, and read each other's secrets.
            agent_policy=f"# profile {name}\n{spec.agent_policy}",
            image_pull=spec.image_pull,
            algorithm=spec.algorithm,
        )
        profiles[name] = MeasuredProfile(
            toml=document.toml,
            encoded=document.encoded,
            digest=document.digest,
            pcr8=document.pcr8,
            accepted=accepted(document.pcr8, earlier.get(name, ()), keep),
        )
    return profiles


def accepted(current: str, earlier: Sequence[str], keep: int) -> tuple[str, ...]:
    """The present value and the last ``keep`` others, newest first: a roll-out reaches the hub before the spokes.

    Without a change the answer is the same again, so a second ``up`` has nothing to do.
    """
    return (current, *[value for value in earlier if value != current][:keep])
