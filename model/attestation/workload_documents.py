"""Documents of workloads: one for each workload, in which every spoke fills in its own name.

The name is part of what is measured, so that one spoke can be shut out alone. The hub publishes the document once and the PCR8 of
each spoke; a spoke makes its own document of it by the same function and compares.
"""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from model.attestation import initdata, profiles
from model.attestation.initdata import Initdata, InitdataError
from model.policy.compose import PolicyError
from model.policy.workload_policy import for_spoke


class MeasuredWorkload(BaseModel):
    """``toml``: the document with an empty place for the spoke's name. ``manifests``: the digest of manifests and lock, in hex.

    ``accepted``: by spoke, PCR8 values in hex, the present one first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    toml: str
    manifests: str
    accepted: Mapping[str, tuple[str, ...]]

    def document(self, spoke: str) -> Initdata:
        """What the pods of ``spoke`` are measured with. Raises InitdataError."""
        return document(self.toml, spoke)


def document(toml: str, spoke: str) -> Initdata:
    """The document of one spoke. Raises InitdataError where ``toml`` has no place for its name."""
    try:
        return initdata.of_toml(for_spoke(toml, spoke))
    except PolicyError as error:
        raise InitdataError(str(error)) from error


def measure(
    toml: str,
    *,
    manifests: str,
    spokes: Iterable[str],
    earlier: Mapping[str, Sequence[str]],
    keep: int,
) -> MeasuredWorkload:
    """``earlier``: by spoke, the values accepted so far, of which ``keep`` stay. Raises InitdataError."""
    return MeasuredWorkload(
        toml=toml,
        manifests=manifests,
        accepted={
            spoke: profiles.accepted(initdata.pcr8_of(for_spoke(toml, spoke)), earlier.get(spoke, ()), keep)
            for spoke in spokes
        },
    )
