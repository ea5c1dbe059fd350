"""Which versions go together: sandboxed containers (OSC), Trustee and OpenShift. Pure data, as of 2026-11-21.

Sources: the compatibility table of validatedpatterns/coco-pattern's README and the operators' released bundles; for the
oldest OpenShift, veritas' osc-support-1.11.json (Azure) and, for OSC 1.12, the pattern's README, which has no row for 1.13:
that one is taken to need what 1.12 needs.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from model.text import FormedText


class Version(FormedText):
    """`x.y.z` of an operator or of OpenShift. Compare `numbers`: as texts, 1.9.0 comes after 1.10.0."""

    __slots__ = ()
    PATTERN: ClassVar[str] = "(?:0|[1-9][0-9]*)(?:[.](?:0|[1-9][0-9]*)){2}"
    FORM: ClassVar[str] = "a full version of three numbers"

    @property
    def numbers(self) -> tuple[int, int, int]:
        major, middle, patch = self.split(".")
        return int(major), int(middle), int(patch)

    @property
    def minor(self) -> str:
        """Its release line, `x.y`."""
        return self.rpartition(".")[0]


class OperatorVersion(FormedText):
    """A version to install, or `present`: somebody else installed the operator and keeps it."""

    __slots__ = ()
    PATTERN: ClassVar[str] = f"present|{Version.PATTERN}"
    FORM: ClassVar[str] = "a full version of three numbers, or the word present"

    @property
    def present(self) -> bool:
        return self == "present"


OLDEST_PRESENT = {"cert-manager-operator": "1.17.0", "external-secrets-operator": "1.0.0"}
"""By what OLM calls its versions, the oldest version of an operator that the program's objects were tried with."""


@dataclass(frozen=True, kw_only=True)
class AgentRelease:
    """The kata agent in a pod VM, as far as it matters to a policy.

    ``kata``: its release line. ``rego``: the version of the language that its engine reads. ``digested_copies``: whether the policy is
    shown `file_type` and `symlink_target` of a CopyFile request instead of its raw bytes (from kata 3.29).
    """

    kata: str
    rego: Literal["v0", "v1"]
    digested_copies: bool


# By release line of OSC. 1.12 and 1.13: the RPM of kata-containers that the operator's tests pin (openshift/
# sandboxed-containers-operator #1706, #2632). 1.11: by date, 3.21 to 3.23; nothing that is known here differs from 3.25.
AGENT_OF_OSC = {
    "1.11": AgentRelease(kata="3.23", rego="v0", digested_copies=False),
    "1.12": AgentRelease(kata="3.25", rego="v0", digested_copies=False),
    "1.13": AgentRelease(kata="3.31", rego="v1", digested_copies=True),
}

TRUSTEE_OF_OSC = {"1.11": "1.0", "1.12": "1.1", "1.13": "1.2"}

_OLDEST_PATCH: dict[str, dict[tuple[int, int], int]] = {
    "1.11": {(4, 17): 45, (4, 18): 30, (4, 19): 20, (4, 20): 6},
    "1.12": {(4, 19): 28, (4, 20): 6},
    "1.13": {(4, 19): 28, (4, 20): 6},
}


def agent(osc: Version) -> AgentRelease:
    """The agent of pods of this OSC version. One that is not in `AGENT_OF_OSC` is taken for its nearest neighbour there."""
    lines = sorted(AGENT_OF_OSC, key=lambda line: tuple(map(int, line.split("."))))
    below = [line for line in lines if tuple(map(int, line.split("."))) <= osc.numbers[:2]]
    return AGENT_OF_OSC[below[-1] if below else lines[0]]


def pair(*, osc: Version, trustee: Version) -> bool:
    """Whether pods of this OSC version attest to this Trustee version."""
    return TRUSTEE_OF_OSC.get(osc.minor) == trustee.minor


def attests(*, osc: Version, trustee: Version) -> bool:
    """Whether `trustee` judges pods of this OSC version: of the one it pairs with, and of the one before.

    An upgrade reaches the hub before the spokes, whose guests are older then. Trustee reads older evidence (`compat` in
    deps/verifier/src/az_snp_vtpm of confidential-containers/trustee since v0.19) and speaks the same protocol, 0.4.0; it
    cannot read newer evidence than it knows.
    """
    lines = list(TRUSTEE_OF_OSC)
    partner = next(
        (at for at, osc_line in enumerate(lines) if TRUSTEE_OF_OSC[osc_line] == trustee.minor), None
    )
    return partner is not None and osc.minor in lines[max(0, partner - 1) : partner + 1]


def oldest_openshift(*, osc: Version, openshift: Version) -> Version | None:
    """The oldest OpenShift for this OSC if `openshift` is older, else None. Minor versions newer than the known ones are taken.

    Where `openshift` is of a minor version that the OSC version supports, the answer is of the same minor version.
    Raises KeyError for an OSC version that is not in `TRUSTEE_OF_OSC`.
    """
    patches = _OLDEST_PATCH[osc.minor]
    major, middle, patch = openshift.numbers
    line = (major, middle)
    if line > max(patches) or patch >= patches.get(line, patch + 1):
        return None
    nearest = line if line in patches else min(patches)
    return Version(f"{nearest[0]}.{nearest[1]}.{patches[nearest]}")
