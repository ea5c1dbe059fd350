"""The roles by name, as stack files have them: each a module ``program.<role>`` with a function ``declare``.

Only the one that is asked for is imported: what another needs of the SDKs would cost a preview up to a second.
"""

from importlib import import_module
from typing import Any

from program.outputs import RoleOutputs
from program.stack import LoadedStack


def declare(stack: LoadedStack[Any]) -> RoleOutputs:
    """Everything of a stack, and what it publishes. The configuration knows no role without a module (``config.roles.ROLES``)."""
    return import_module(f"program.{stack.config.role}").declare(stack)
