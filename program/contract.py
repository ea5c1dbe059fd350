"""The contract of a hub in a stack of its own, for spokes that may not use the key of the hub's state.

The CLI decrypts the key of a state before it reads an output of it, also where no output is secret. So a spoke with a right
to the hub's outputs alone cannot read them; from here it can, with the key of this stack, which protects nothing.
"""

from config.roles import ContractConfig
from program import references
from program.outputs import ContractOutputs
from program.stack import LoadedStack


def declare(stack: LoadedStack[ContractConfig]) -> ContractOutputs:
    return ContractOutputs(contract=references.contract(stack.config.hub))
