"""What a spoke's state alone cannot show: whether its pods really get confidential machines with outbound access."""

from collections.abc import Callable, Iterator
from typing import Any

from live.cluster import Live, Unreachable
from tools.posture.deployment import Deployment, table
from tools.posture.untrusted import RUNTIME_CLASS
from tools.verify.check import LiveCheck
from tools.verify.objects import subject

NatGateway = Callable[[str], str | None]
"""The id of the NAT gateway that Azure has at the subnet with this id; Unreachable where Azure cannot be asked."""


def checks(stack: Deployment, live: Live, nat_gateway: NatGateway) -> Iterator[LiveCheck]:
    """Empty for a stack without peer pods. Raises Unreachable."""
    for kata in stack.objects("KataConfig"):
        found = live.get(*kata.kind, kata.object_name) or {}
        classes: list[str] = table(found, "status").get("runtimeClasses") or []
        problems = [] if RUNTIME_CLASS in classes else [f"it has {', '.join(classes) or 'none'}"]
        yield LiveCheck.of(subject(kata), f"offers the runtime class {RUNTIME_CLASS}", problems)
    for config in stack.objects("ConfigMap"):
        if config.object_name == "peer-pods-cm":
            found = live.get("v1", "ConfigMap", "peer-pods-cm", config.namespace)
            yield _confidential(table(found, "data"))
            yield _image(table(found, "data"))
            yield _adaptor(live, config.namespace)
            yield _outbound_access(stack, str(table(found, "data").get("AZURE_SUBNET_ID", "")), nat_gateway)


def _confidential(data: dict[str, Any]) -> LiveCheck:
    """The operator writes the key itself; with `true`, pods run in ordinary machines and attest nothing."""
    ordinary = str(data.get("DISABLECVM", "false")).lower() != "false"
    return LiveCheck.of(
        "machines of peer pods", "are confidential", ["peer-pods-cm says DISABLECVM"] if ordinary else []
    )


def _image(data: dict[str, Any]) -> LiveCheck:
    """The operator writes it when its image job has succeeded, and is content without it."""
    made = bool(data.get("AZURE_IMAGE_ID"))
    problems = (
        []
        if made
        else ["peer-pods-cm has no AZURE_IMAGE_ID: the image was not made, and nothing tries again"]
    )
    return LiveCheck.of("machines of peer pods", "have an image to start from", problems)


def _adaptor(live: Live, namespace: str) -> LiveCheck:
    status = table(live.get("apps/v1", "DaemonSet", "osc-caa-ds", namespace), "status")
    wanted, ready = status.get("desiredNumberScheduled") or 0, status.get("numberReady") or 0
    updated = status.get("updatedNumberScheduled") or 0
    fine = wanted > 0 and ready == wanted == updated
    problems = (
        [] if fine else [f"{ready} of {wanted} pods are ready, {updated} of them with the present settings"]
    )
    return LiveCheck.of(f"DaemonSet {namespace}/osc-caa-ds", "runs on every node of peer pods", problems)


def _outbound_access(stack: Deployment, subnet_id: str, nat_gateway: NatGateway) -> LiveCheck:
    about, what = "subnet of peer pods", "has the NAT gateway of the state"
    wanted = next(
        (
            str(table(one.inputs, "natGateway").get("id", ""))
            for one in stack.resources
            if one.type == "azure-native:network:Subnet" and one.id.lower() == subnet_id.lower()
        ),
        None,
    )
    if wanted is None:
        return LiveCheck.skipped(about, what, f"{subnet_id or 'no subnet'} is not managed by this stack")
    try:
        found = nat_gateway(subnet_id)
    except Unreachable as error:
        return LiveCheck.skipped(about, what, str(error))
    same = (found or "").lower() == wanted.lower()
    return LiveCheck.of(about, what, [] if same else [f"it has {found or 'none'}, should have {wanted}"])
