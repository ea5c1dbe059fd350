"""The resource policy: which guest may read which secret, as a Rego module for the KBS. What it does not allow, nobody can read.

The KBS hands it the attestation token as `input` and the request as `data`: `data.plugin` and `data["resource-path"]`
(confidential-containers/trustee kbs/src/api_server.rs; up to v0.15, which Trustee 1.0 runs, the path is one text with the
plugin in front).
"""

import json
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model.digests import UNMEASURED, Pcr
from model.paths import ResourcePath

# No built-in function is called: regopy (rego-cpp 1.5), which computes posture's tables, fails on their calls in a policy that
# names more than about a hundred values ("bundle verify: raw index").
_HEAD: Final = """\
package policy

import rego.v1

default allow := false

asks(path, _) if {
	data.plugin == "resource"
	data["resource-path"] == path
}

# Trustee 1.0 hands over one text.
asks(_, text) if data["resource-path"] == text

# Every part of the evidence is affirmed in every respect; 2 to 31 is AR4SI's range for that.
attested if {
	some _ in input.submods
	every submod in input.submods {
		submod["ear.status"] == "affirming"
		affirms(submod["ear.trustworthiness-vector"].executables)
		affirms(submod["ear.trustworthiness-vector"].hardware)
		affirms(submod["ear.trustworthiness-vector"].configuration)
	}
}

affirms(claim) if {
	claim >= 2
	claim <= 31
}

evidence := input.submods.cpu0["ear.veraison.annotated-evidence"]
"""
_ALLOW: Final = """
{comment}
allow if {{
	attested
	asks({path}, {text})
	evidence.init_data in {{
{measurements},
	}}{claims}
}}
"""
_NOBODY: Final = """
# {uri}: nobody
"""


class ResourcePolicyError(ValueError):
    """The policy cannot be rendered; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """Who may read one path: guests that measured one of `pcr8` (hex). No PCR8 at all: nobody.

    `profiles` name them for the reader of the policy. `claims` must hold in addition, each a path below the annotated
    evidence and the text it must have: `(("az-snp-vtpm", "platform_smt_enabled"), "false")`.
    """

    path: ResourcePath
    pcr8: tuple[str, ...]
    profiles: tuple[str, ...] = ()
    claims: tuple[tuple[tuple[str, ...], str], ...] = ()


def render(releases: Sequence[Release]) -> str:
    """The policy, a block per path in the order given. Raises ResourcePolicyError on values that cannot be meant."""
    seen: set[ResourcePath] = set()
    for release in releases:
        _check(release)
        if release.path in seen:
            raise ResourcePolicyError(
                f"{release.path.uri} is released twice: name all its profiles in one release."
            )
        seen.add(release.path)
    return _HEAD + "".join(_block(release) for release in releases)


def _block(release: Release) -> str:
    if not release.pcr8:
        return _NOBODY.format(uri=release.path.uri)
    readers = ", ".join(release.profiles) or "whoever measured"
    return _ALLOW.format(
        # Engines refuse long lines (regorus 0.9: 1024 columns).
        comment=textwrap.fill(
            f"{release.path.uri}: {readers}",
            width=100,
            initial_indent="# ",
            subsequent_indent="#   ",
            break_long_words=False,
            break_on_hyphens=False,
        ),
        path=json.dumps(release.path.parts),
        text=json.dumps(f"resource/{release.path}"),
        measurements=",\n".join(f'\t\t"{value}"' for value in dict.fromkeys(release.pcr8)),
        claims="".join(
            f"\n\tevidence{''.join(f'[{json.dumps(key)}]' for key in path)} == {json.dumps(value)}"
            for path, value in release.claims
        ),
    )


def _check(release: Release) -> None:
    for value in release.pcr8:
        if re.fullmatch(Pcr.PATTERN, value) is None:
            raise ResourcePolicyError(
                f"{release.path.uri} is released to {value!r}, which is no PCR8: 64 hex digits."
            )
        if value == UNMEASURED:
            raise ResourcePolicyError(
                f"{release.path.uri} is released to the PCR8 of zeros, which every guest without initdata has."
            )
    if any(not name.isprintable() for name in release.profiles):
        raise ResourcePolicyError(
            f"{release.path.uri} is released to a profile whose name does not fit in a comment."
        )
