"""The roles by name, as stack files have them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from program import contract, hub, spoke, standalone
from program.outputs import RoleOutputs
from program.stack import LoadedStack

ROLES: Final[Mapping[str, Callable[[LoadedStack[Any]], RoleOutputs]]] = {
    "hub": hub.declare,
    "contract": contract.declare,
    "spoke": spoke.declare,
    "standalone": standalone.declare,
}
