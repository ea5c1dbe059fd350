"""What a role reads, through the engine, of its own last update and of another stack."""

import time
from typing import Any

import pulumi

from model.stacks import StackName
from program.outputs import HubAccess
from trust.contract import Contract, ContractError
from trust.decision import Earlier
from trust.needs import Needs, lacking, tampering

# A state in a backend of files can be read half-written.
_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES = (0.2, 0.5, 1, 2, None)
"""Seconds before the next attempt."""


def earlier() -> Earlier:
    """What this very stack accepted; RunError when that cannot be read, as what is accepted would be forgotten."""
    outputs = _outputs(
        f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}",
        "the outputs of this stack's last update cannot be read, and with them which measurements stay accepted: run the "
        "same command again.",
    )
    return Earlier.of(outputs)


def hub(stack: StackName, needs: Needs) -> HubAccess:
    """The hub ``stack``; RunError with everything that ``needs`` misses in it, before anything of the spoke is declared."""
    outputs = _outputs(
        stack,
        f"coco:hub: the stack {stack} cannot be read. It must be the full name, organization/project/stack, of a hub that "
        f"has been brought up: run `pulumi up --stack {stack.last}` first.",
    )
    try:
        read = Contract.read(outputs)
        problems = lacking(read, needs) or tampering(read, needs)
    except ContractError as error:
        read, problems = None, error.problems
    if read is None or problems:
        raise pulumi.RunError(
            f"coco:hub: {stack} cannot serve this spoke:\n" + "\n".join(f"  {p}" for p in problems)
        )
    reference = pulumi.StackReference(stack)
    contract = reference.outputs.apply(Contract.read)
    return HubAccess(
        profile_names=tuple(read.profiles),
        workload_names=tuple(
            name for name, workload in read.workloads.items() if needs.spoke in workload.accepted
        ),
        kbs_url=contract.apply(lambda hub: hub.kbs_url),
        profiles=contract.apply(lambda hub: hub.profiles),
        workloads=contract.apply(lambda hub: hub.workloads),
        sealed=contract.apply(lambda hub: {str(path): text for path, text in hub.sealed.items()}),
    )


def _outputs(stack: str, unreadable: str) -> dict[str, Any]:
    """The outputs of a stack as plain values. RunError with ``unreadable`` and the engine's words where they cannot be read.

    With a StackReference alone the engine would stop the program before our message is printed.
    """
    for pause in _PAUSES:
        try:
            result: dict[str, Any] = pulumi.runtime.invoke(
                "pulumi:pulumi:readStackOutputs", {"name": stack}
            ).value
            return result["outputs"]
        except Exception as error:  # the SDK raises nothing narrower
            if pause is None or _HALF_WRITTEN not in str(error):
                raise pulumi.RunError(f"{unreadable} ({error})") from None
            time.sleep(pause)
    raise AssertionError("the last pause is None")
