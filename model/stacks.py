"""Names of stacks, and why one cannot be read."""

import re
from typing import ClassVar, Literal

from model.text import FormedText


class StackName(FormedText):
    """The full name of a stack, `organization/project/stack`, as a StackReference takes it."""

    __slots__ = ()
    PATTERN: ClassVar[str] = "[^/]+/[^/]+/[^/]+"
    FORM: ClassVar[str] = "the full name of a stack, organization/project/stack"

    @property
    def last(self) -> str:
        """The name within its project, as a stack file has it."""
        return self.rpartition("/")[2]


Unreadable = Literal["key", "state", "unknown"]
"""What is missing: the right to use the key of a state, the right to read the state, or neither, as far as one can tell."""

_REFUSED = re.compile(
    "PermissionDenied|Forbidden|permission denied|AuthorizationPermissionMismatch|AuthorizationFailure|code: 403",
    re.I,
)
_OF_KEYS = re.compile(
    r"\bsecrets \(code=|secrets manager|/transit/|vault\.azure\.net|managedhsm|data key", re.I
)


def why_unreadable(error: str) -> Unreadable:
    """What the CLI's `error` about the outputs of another stack comes from.

    The CLI opens states with gocloud.dev, whose errors begin with the kind of service: `secrets (code=...)` for a key,
    `blob (...) (code=...)` for a state. The rest is the service's own answer.
    """
    if _REFUSED.search(error) is None:
        return "unknown"
    return "key" if _OF_KEYS.search(error) else "state"


def is_absent(error: str) -> bool:
    """Whether the CLI's `error` about another stack says that there is none of this name."""
    return "unknown stack" in error
