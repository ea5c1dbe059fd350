"""The text of an agent policy, put together from the files in `rego/`, an answer for every request, and data."""

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from model.policy.requests import FAILS_OPEN, TABLE, Grant

_FOLDER: Final = Path(__file__).parent / "rego"
MAX_LINE: Final = 60 * 1024
"""The agent sets regorus to refuse lines of more than 64 KiB (kata-containers src/agent/policy)."""
_COMMON: Final = ("sandbox", "containers", "storages", "mounts", "files")
DATA: Final = "\npolicy_data := "


class PolicyError(ValueError):
    """The agent policy cannot be rendered or used; the message is one sentence for a person."""


def module(parts: Collection[str], granted: Collection[str], data: Mapping[str, Any] | None = None) -> str:
    """The policy: what all have in common, then `parts` (files of `rego/`), then `data` as `policy_data`.

    `granted` names the requests of Grant.SETTING that are always answered with true. Raises PolicyError on values that no
    Rego text can hold.
    """
    texts = [_part("head"), _defaults(granted), *map(_part, (*_COMMON, *parts))]
    rego = "\n".join(texts)
    if data is not None:
        rego += DATA + json.dumps(data, indent="\t", ensure_ascii=False) + "\n"
    _check(rego)
    return rego


def body(rego: str) -> str:
    """The policy without the comments in front, which name its profile and spoke; all of a text that is not ours."""
    above, head, rest = rego.partition(_part("head"))
    ours = head and all(line.startswith("#") for line in above.splitlines())
    return head + rest if ours else rego


@cache
def _part(name: str) -> str:
    return (_FOLDER / f"{name}.rego").read_text("utf-8")


def _defaults(granted: Collection[str]) -> str:
    answers = {name: grant is Grant.ALWAYS or name in granted for name, (grant, _) in TABLE.items()}
    answers[FAILS_OPEN] = False
    return "\n".join(f"default {name} := {json.dumps(answers[name])}" for name in sorted(answers)) + "\n"


def _check(rego: str) -> None:
    try:
        rego.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PolicyError(
            "The agent policy would hold half a surrogate pair, which is not UTF-8 text: correct the command or value."
        ) from error
    if longest := max((line for line in rego.split("\n") if len(line) > MAX_LINE), key=len, default=""):
        raise PolicyError(
            f"A value takes a line of {len(longest)} characters, and the agent reads {MAX_LINE}: put it into the image."
        )
