"""`make leftovers STACK=prod-spoke`: what Azure still has of a stack and the stack does not own.

Peer pods are machines that cloud-api-adaptor makes, with their network cards and disks, and the pod VM image comes with a gallery. None
is in the stack's state, and after a crash they go on costing money. Machines and cards are found by the tag `coco-stack`, disks and the
image, which get no tag, by their names in the group of the machines. Nothing is deleted here: each comes with its command, in
an order in which they can be deleted. The exit code is 0 where there is nothing, 1 where there is something, 2 where Azure or the state
could not be asked.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from rich import box
from rich.table import Table

from model.azure import naming
from sandbox.ending import end
from tools.arm import AZURE, Arm, Missing, NoLogin, Unanswered, token
from tools.posture import render_text, sources
from tools.posture.deployment import Deployment, PostureError, table

_STACKS: Final = Path(__file__).parent.parent / "stacks"
# By type, in lower case because ARM does not care for it, and in the order in which they can be deleted: the command.
_COMMANDS: Final = {
    "microsoft.compute/virtualmachines": "az vm delete --yes --ids {id}",
    "microsoft.network/privateendpoints": "az network private-endpoint delete --ids {id}",
    "microsoft.network/networkinterfaces": "az network nic delete --ids {id}",
    "microsoft.compute/disks": "az disk delete --yes --ids {id}",
    "microsoft.compute/galleries/images/versions": "az sig image-version delete --ids {id}",
    "microsoft.compute/galleries/images": "az sig image-definition delete --ids {id}",
    "microsoft.compute/galleries": "az sig delete --ids {id}",
    "microsoft.compute/images": "az image delete --ids {id}",
    "microsoft.storage/storageaccounts": "az storage account delete --yes --ids {id}",
    "microsoft.network/publicipaddresses": "az network public-ip delete --ids {id}",
}
_OTHERWISE: Final = "az resource delete --ids {id}"
_OF_PEER_PODS: Final = tuple(list(_COMMANDS)[:4])
# cloud-api-adaptor names a machine and what belongs to it podvm-...; the others are of OSC's job for the image.
_NAMES: Final = ("podvm-", "podvmgallery_", "oscsa")


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """`command` deletes it. `may_be_in_use`: it may belong to a peer pod that runs."""

    type: str
    id: str
    command: str
    may_be_in_use: bool


def leftovers(found: Iterable[dict[str, Any]], state: Deployment | None) -> list[Leftover]:
    """Those of the resources `found` in Azure that are not in the `state`; None where the stack has none any more.

    As long as the stack runs peer pods, their machines are no leftovers by themselves.
    """
    owned = {resource.id.lower() for resource in state.resources} if state else set[str]()
    runs = state is not None and any(each.object_name == "peer-pods-cm" for each in state.resources)
    order = [*_COMMANDS, ""]

    def place(one: Leftover) -> tuple[int, str]:
        type_ = one.type.lower()
        return order.index(type_ if type_ in _COMMANDS else ""), one.id

    mine = [
        Leftover(
            type=each["type"],
            id=each["id"],
            command=_COMMANDS.get(each["type"].lower(), _OTHERWISE).format(id=each["id"]),
            may_be_in_use=runs and each["type"].lower() in _OF_PEER_PODS,
        )
        for each in found
        if each["id"].lower() not in owned
    ]
    return sorted(mine, key=place)


def of_the_cluster(found: dict[str, Any], stack: str, state: Deployment | None) -> bool:
    """Whether it is a part of the self-managed cluster of the ``stack``, which its ``state`` has.

    openshift-install gives all that it makes the stack's tag. It is in a group that the stack has not made, where of a stack only
    peer pods and their image are. (Azure leaves the tags out of an answer that was asked for by a tag.)
    """
    installed = state is not None and any(each.type == "command:local:Command" for each in state.resources)
    # By the whole name: the installer's group begins with the name of the cluster, which may be that of the stack's own group.
    ours = (naming.resource_group(stack), naming.store_resource_group(stack))
    return (
        installed
        and found["id"].split("/")[4].lower() not in ours
        and not found["name"].lower().startswith(_NAMES)
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        subscription = _subscription(options.stacks / f"Pulumi.{options.stack}.yaml")
        state = _state(options)
        arm = Arm(token(), options.endpoint)
        found = {
            each["id"].lower(): each
            for each in _found(arm, subscription, options.stack, state)
            if not of_the_cluster(each, options.stack, state)
        }
    except (PostureError, NoLogin, Unanswered) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    left = leftovers(found.values(), state)
    if options.json:
        print(json.dumps({"stack": options.stack, "leftovers": [asdict(one) for one in left]}, indent=2))
    else:
        _print(options.stack, left)
    return 1 if left else 0


def _found(arm: Arm, subscription: str, stack: str, state: Deployment | None) -> Iterator[dict[str, Any]]:
    """All that bears the stack's tag, and what has the name of a peer pod or its image in a group of the machines."""
    tagged = f"tagName eq 'coco-stack' and tagValue eq '{stack}'"
    yield from arm.every(f"/subscriptions/{subscription}/resources", "2021-04-01", **{"$filter": tagged})
    groups = {naming.managed_resource_group(stack), naming.peer_pod_resource_group(stack)}
    for resource in state.resources if state else ():
        if resource.object_name == "peer-pods-cm":
            groups.add(str(table(resource.inputs, "data").get("AZURE_RESOURCE_GROUP", "")))
    for group in sorted(groups - {""}):
        path = f"/subscriptions/{subscription}/resourceGroups/{group}/resources"
        try:
            for each in arm.every(path, "2021-04-01"):
                if each["name"].lower().startswith(_NAMES):
                    yield each
        except Missing:
            continue


def _subscription(path: Path) -> str:
    try:
        return str(yaml.safe_load(path.read_text("utf-8"))["config"]["coco:azure"]["subscriptionId"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        raise PostureError(
            f"{path} is not there, or names no subscription under coco:azure, where there could be any"
        ) from None


def _state(options: argparse.Namespace) -> Deployment | None:
    if options.gone:
        return None
    return sources.chosen(options, options.stack, options.file)


def _print(stack: str, left: Sequence[Leftover]) -> None:
    out = render_text.console()
    if not left:
        out.print(f"Azure has nothing of {stack} that the stack does not own.")
        return
    table = Table(
        title=f"Left over from {stack}", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD
    )
    for column in ("", "type", "delete it with"):
        table.add_column(column, overflow="fold")
    for one in left:
        table.add_row("in use?" if one.may_be_in_use else "", one.type, one.command)
    out.print(table)
    if any(one.may_be_in_use for one in left):
        out.print(
            '"in use?": it may be the machine of a pod that runs. Compare with: oc get peerpods.confidentialcontainers.org -A'
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.leftovers", description=__doc__)
    parser.add_argument("stack", help="for example prod-spoke")
    sources.add_options(parser)
    parser.add_argument("--gone", action="store_true", help="the stack has been destroyed: it owns nothing")
    parser.add_argument("--stacks", type=Path, default=_STACKS, help="folder of the stack files")
    parser.add_argument("--endpoint", default=AZURE, help="another Azure Resource Manager, for tests")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


if __name__ == "__main__":
    end(main)
