"""What an existing cluster has already, where the stack is about to install the same: said before anything is declared.

Otherwise the first that is heard of it is `AlreadyExists`, half-way through an update.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pulumi

from live.cluster import Live, LiveCluster, Unreachable
from program.catalogue import Operator

_OURS: Final = "pulumi-kubernetes"  # what the field managers of the official provider begin with


def checked(kubeconfig: str, operators: Sequence[Operator]) -> str:
    """``kubeconfig`` itself. Raises RunError that names every operator which the cluster has already.

    A cluster that does not answer is not judged: the provider says what is wrong with it.
    """
    try:
        problems = list(taken(LiveCluster(kubeconfig), operators))
    except Unreachable:
        return kubeconfig
    if problems:
        raise pulumi.RunError(
            "this cluster has already what the stack would install:\n"
            + "\n".join(f"  {each}" for each in problems)
        )
    return kubeconfig


def taken(live: Live, operators: Sequence[Operator]) -> Iterator[str]:
    """A sentence for each operator that somebody else has subscribed to, or whose namespace is somebody else's. Raises Unreachable."""
    subscriptions = live.list("operators.coreos.com/v1alpha1", "Subscription", "")
    for operator in operators:
        found = [each for each in subscriptions if _is_of(each, operator)]
        theirs = next((each for each in found if not _ours(each)), None)
        namespace = live.get("v1", "Namespace", operator.namespace)
        if theirs is not None:
            yield f"{_subscribed(theirs, operator)}: {_advice(operator)}"
        elif namespace is not None and not found and not _ours(namespace):
            yield f"namespace {operator.namespace}, without a Subscription of {operator.package} in it: delete it, or import it"


def _is_of(subscription: Mapping[str, Any], operator: Operator) -> bool:
    return subscription["spec"]["name"] == operator.package


def _ours(found: Mapping[str, Any]) -> bool:
    managers = found["metadata"].get("managedFields") or ()
    return any(str(each.get("manager")).startswith(_OURS) for each in managers)


def _subscribed(subscription: Mapping[str, Any], operator: Operator) -> str:
    metadata: Mapping[str, str] = subscription["metadata"]
    status: Mapping[str, str] = subscription.get("status") or {}
    version = status.get("installedCSV") or "nothing installed yet"
    return f"{operator.package} (Subscription {metadata['namespace']}/{metadata['name']}, {version})"


def _advice(operator: Operator) -> str:
    if operator.key is None:
        return "remove it, or import its objects, because the stack needs a version that it pins itself"
    return f"write `present` for coco:{operator.key} to use it as it is, or remove it"
