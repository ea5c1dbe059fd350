"""What a provider stand-in answers, and what the engine that drives it promises.

Every value that crosses this interface is plain JSON-like Python (dict, list, str, int, float, bool, None).
Secrets are already unwrapped on the way in; on the way out the engine wraps an output again when the input of
that name held a secret, when the program's `additional_secret_outputs` names it, or when
`Provider.secret_outputs` does.

The engine records an operation as pending before it calls `create`, `update` or `delete`, and repeats the
call when it finds the operation pending after an interruption. So all three must be idempotent: a `create` of
what exists under the same identity with the same inputs returns it, a `delete` of what is gone succeeds. Not so the
`create` of azure-native, which refuses what exists: the engine reads that first (`sandbox.engine.recovery`).
Identity must follow from the type, the name and the inputs, and not from the moment of the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

from pulumi.runtime import rpc

UNKNOWN: Final[str] = rpc.UNKNOWN
"""Stands for a value that is not known yet; may appear anywhere inside the inputs during a preview, never
during `up`.
"""

Values = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """One input that the provider would refuse; `property` is a path such as `properties.vmSize`, or "" for
    the whole.
    """

    property: str
    reason: str


@dataclass(frozen=True)
class Diff:
    """Property paths (top-level or dotted) that differ, and which of them cannot be changed in place."""

    changed: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    delete_before_replace: bool = False


class Refused(Exception):
    """The answer of Azure or the API server when it refuses something; people read it as `<code>: <message>`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Incomplete(Exception):
    """What was created or updated exists, but did not become ready in time; the next update waits for it
    again.

    `create` and `update` raise it so that the resource enters the state: what exists must be deletable.
    """

    def __init__(self, id_: str, outputs: Values, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.id = id_
        self.outputs = outputs
        self.reasons = reasons


class Provider(Protocol):
    """The provider protocol of Pulumi, reduced to what this program needs. Methods other than `check` may
    raise Refused.
    """

    def check(self, type_: str, name: str, news: Values) -> list[Failure]:
        """Every input the provider would refuse, an unknown type and unknown properties included; `name` is
        logical.
        """
        ...

    def diff(self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff: ...

    def create(self, type_: str, name: str, inputs: Values, timeout: float | None) -> tuple[str, Values]:
        """The new resource's id and outputs; `timeout` in seconds, None for the provider's own."""
        ...

    def preview_create(self, type_: str, name: str, inputs: Values) -> Values:
        """The outputs that are known before creation, with UNKNOWN for computed ones; touches nothing."""
        ...

    def read(self, type_: str, id_: str, inputs: Values) -> tuple[str, Values, Values] | None:
        """Id, inputs and outputs of what exists; None when it is gone."""
        ...

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        news: Values,
        preview: bool,
        timeout: float | None,
    ) -> Values:
        """The outputs after the change; with `preview` nothing is touched and computed values may be UNKNOWN."""
        ...

    def delete(
        self, type_: str, id_: str, inputs: Values, outputs: Values, timeout: float | None
    ) -> None: ...

    def invoke(self, token: str, args: Values) -> Values: ...

    def secret_outputs(self, type_: str) -> set[str]:
        """Names of top-level outputs that are secret by nature."""
        ...
