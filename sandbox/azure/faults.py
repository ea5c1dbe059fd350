"""Answers that tests want from the stand-in, and azure-native's retries after some of them.

`faults.json` beside the cloud's file is a list of orders such as
`{"op": "create", "type": "azure-native:network:Subnet", "name": "workers", "code": "AnotherOperationInProgress", "times": 2}`.
`op` is create, update, delete, read or invoke. `type`, `name` (the last segment of the id) and `message` may be left out, and
`times` is 1 then. With `"after": true` the operation takes effect and only its answer is lost. With
`"hold": <seconds>` the stand-in waits so long with it, in which a test can kill the engine. An order that has been used `times` times
is removed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from sandbox.files import replace_file
from sandbox.provider import Refused, Values

_T = TypeVar("_T")

_MESSAGES: Final = {
    "AnotherOperationInProgress": "Another operation on this or dependent resource is in progress.",
    "TooManyRequests": "The request is being throttled as the limit has been reached for operation type - Write.",
    "PrincipalNotFound": "The principal does not exist in the directory. If you are creating this principal and then immediately"
    " assigning a role, this error might be related to a replication delay.",
    "InternalServerError": "Internal server error.",
}
_RETRIED: Final = frozenset({"AnotherOperationInProgress", "TooManyRequests"})
_ATTEMPTS: Final = 5
_FIRST_PAUSE_SECONDS: Final = 0.02


class Faults:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._mutex = threading.Lock()

    def attempt(self, op: str, type_: str, id_: str, operation: Callable[[], _T]) -> _T:
        """What `operation` returns; raises the Refused that was ordered, or its own, after azure-native's retries."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(op, type_, id_, operation)
            except Refused as refused:
                if refused.code not in _RETRIED:
                    raise
                if attempt == _ATTEMPTS:
                    advice = (
                        f"Azure said so {_ATTEMPTS} times. Nothing is lost: wait a minute and run `up` again."
                    )
                    raise Refused(refused.code, f"{refused.message} {advice}") from refused
            time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("unreachable")

    def _once(self, op: str, type_: str, id_: str, operation: Callable[[], _T]) -> _T:
        order = self._take(op, type_, id_)
        if order is not None and not order.get("after"):
            time.sleep(order.get("hold", 0))
            raise _answer(order)
        result = operation()
        if order is not None:
            time.sleep(order.get("hold", 0))
            raise _answer(order)
        return result

    def _take(self, op: str, type_: str, id_: str) -> Values | None:
        """The first order that fits, counted as used."""
        with self._mutex:
            if not self.path.exists():
                return None
            orders: list[Values] = json.loads(self.path.read_text())
            for order in orders:
                if order["op"] != op or order.get("type", type_) != type_:
                    continue
                if order.get("name", id_.rsplit("/", 1)[-1]).lower() == id_.rsplit("/", 1)[-1].lower():
                    order["times"] = order.get("times", 1) - 1
                    replace_file(self.path, json.dumps([each for each in orders if each.get("times", 1) > 0]))
                    return order
            return None


def _answer(order: Values) -> Refused:
    code = order["code"]
    return Refused(code, order.get("message") or _MESSAGES.get(code, "Ordered by faults.json."))
