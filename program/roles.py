"""The roles by name, as stack files have them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from program import hub, spoke, standalone
from program.outputs import RoleOutputs
from program.stack import LoadedStack

ROLES: Final[Mapping[str, Callable[[LoadedStack[Any]], RoleOutputs]]] = {
    "hub": hub.declare,
    "spoke": spoke.declare,
    "standalone": standalone.declare,
}
