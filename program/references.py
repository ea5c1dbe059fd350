"""What a role reads, through the engine, of its own last update and of another stack."""

import time
from collections.abc import Callable
from typing import Any

import pulumi

from model.stacks import StackName, Unreadable, is_absent, why_unreadable
from program.outputs import HubAccess
from trust.contract import Contract, ContractError
from trust.decision import Earlier
from trust.needs import Needs, lacking, tampering, unfinished
from trust.paths import hubs_half

# A state in a backend of files can be read half-written.
_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES = (0.2, 0.5, 1, 2, None)
"""Seconds before the next attempt."""


def earlier() -> Earlier:
    """What this very stack accepted; RunError when that cannot be read, as what is accepted would be forgotten."""
    return Earlier.of(_own("which measurements stay accepted"))


def never_up(stack: StackName) -> bool:
    """Whether ``stack`` has published nothing yet; RunError where it may not be read, or nobody can tell."""
    try:
        return not _outputs(stack)["outputs"]
    except _UnreadableError as error:
        if is_absent(str(error)):
            return True
        raise pulumi.RunError(f"{_unreadable(stack, error.why)} ({error})") from None


def not_yet(hub: StackName, needs: Needs) -> str:
    """What a spoke with ``needs`` waits for, in words that follow the name of its ``hub``; empty where it waits for nothing."""
    if never_up(hub):
        return "has never been up"
    try:
        waits = hubs_half(Contract.read(_outputs(hub)["outputs"]), needs.paths)
    except ContractError:
        return ""  # said by `hub`, with all that is wrong
    return f"has not connected its network with this one yet (it lacks {waits})" if waits else ""


def must_not_be_complete(hub: StackName, why: str) -> None:
    """RunError where this spoke has been up with its ``hub``: to leave out what depends on it now would delete the pods."""
    if "kbsUrl" in _own("whether its confidential part is there"):
        raise pulumi.RunError(
            f"coco:hub: the stack {hub} {why}, and this spoke was complete: going on would delete its pods. Bring the hub up as it was, "
            "or correct coco:hub"
        )


def _own(what: str) -> dict[str, Any]:
    """The outputs of this very stack's last update; RunError when they cannot be read, and with them ``what``."""
    return _read(
        f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}",
        lambda _: (
            f"the outputs of this stack's last update cannot be read, and with them {what}: run the same command again."
        ),
    )["outputs"]


def contract(stack: StackName) -> Contract:
    """What the hub ``stack`` publishes, to be repeated; RunError where its last update did not finish, or some of it is secret.

    Without a StackReference: that would keep all outputs of the hub in this stack's state, also secret ones, encrypted with a
    key that every spoke may use.
    """
    result = _read(stack, lambda why: _unreadable(stack, why))
    names = {str(field.alias) for field in Contract.model_fields.values()}
    if secret := sorted(names & set(result.get("secretOutputNames") or ())):
        raise pulumi.RunError(
            f"coco:hub: {stack} publishes {', '.join(secret)} as secret, which must not become readable to every spoke: bring it "
            "up again, and find out who wrote its outputs"
        )
    return _contract(stack, result["outputs"], unfinished, "this contract")


def hub(stack: StackName, needs: Needs) -> HubAccess:
    """The hub ``stack``; RunError with everything that ``needs`` misses in it, before anything of the spoke is declared."""
    result = _read(stack, lambda why: _unreadable(stack, why))
    read = _contract(
        stack,
        result["outputs"],
        lambda found: lacking(found, needs) or tampering(found, needs),
        "this spoke",
    )
    reference = pulumi.StackReference(stack)
    published = reference.outputs.apply(Contract.read)
    return HubAccess(
        profile_names=tuple(read.profiles),
        workload_names=tuple(
            name for name, workload in read.workloads.items() if needs.spoke in workload.accepted
        ),
        kbs_url=published.apply(lambda hub: hub.kbs_url),
        profiles=published.apply(lambda hub: hub.profiles),
        workloads=published.apply(lambda hub: hub.workloads),
        sealed=published.apply(lambda hub: {str(path): text for path, text in hub.sealed.items()}),
    )


def _contract(
    stack: StackName, outputs: dict[str, Any], problems: Callable[[Contract], list[str]], reader: str
) -> Contract:
    """The contract in ``outputs``; RunError where they are none, or the contract has ``problems``."""
    try:
        read = Contract.read(outputs)
        found = problems(read)
    except ContractError as error:
        read, found = None, error.problems
    if read is None or found:
        raise pulumi.RunError(
            f"coco:hub: {stack} cannot serve {reader}:\n" + "\n".join(f"  {problem}" for problem in found)
        )
    return read


def _unreadable(stack: StackName, why: Unreadable) -> str:
    """What to do where the outputs of ``stack`` cannot be read."""
    start = f"coco:hub: the stack {stack} cannot be read"
    match why:
        case "key":
            return (
                f"{start}: the right to decrypt with the key of its state is missing. The key of a hub is not for spokes: name in "
                "coco:hub the contract of the hub (a stack with the role contract, see docs/operations.md). Where coco:hub names "
                "that contract, give whoever runs this stack the right to use its key: Key Vault Crypto User on the key, or "
                "update on transit/decrypt/<key> in Vault."
            )
        case "state":
            return (
                f"{start}: the right to read its state is missing. Give whoever runs this stack Storage Blob Data Reader on "
                f".pulumi/stacks/{stack.split('/')[1]}/{stack.last}.json in the container of the states."
            )
        case "unknown":
            return (
                f"{start}. It must be the full name, organization/project/stack, of a hub, or of a contract, that has been "
                f"brought up: run `pulumi up --stack {stack.last}` first."
            )


class _UnreadableError(Exception):
    """The engine's words about a stack whose outputs cannot be read."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.why: Unreadable = why_unreadable(words)


def _read(stack: str, unreadable: Callable[[Unreadable], str]) -> dict[str, Any]:
    """As ``_outputs``; RunError with ``unreadable`` and the engine's words where they cannot be read."""
    try:
        return _outputs(stack)
    except _UnreadableError as error:
        raise pulumi.RunError(f"{unreadable(error.why)} ({error})") from None


def _outputs(stack: str) -> dict[str, Any]:
    """``outputs`` of a stack as plain values, and ``secretOutputNames``. Raises _UnreadableError.

    With a StackReference alone the engine would stop the program before our message is printed.
    """
    for pause in _PAUSES:
        try:
            return dict(pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": stack}).value)
        except Exception as error:  # the SDK raises nothing narrower
            if pause is None or _HALF_WRITTEN not in str(error):
                raise _UnreadableError(str(error)) from None
            time.sleep(pause)
    raise AssertionError("the last pause is None")
