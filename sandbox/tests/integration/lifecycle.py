"""What OLM made of the program's Subscriptions, as far as the model must be equal to it.

Left out, with the reason:
- names of plans and their generation: OLM's are arbitrary, and count all plans of a namespace;
- times, health of catalogues, owner references, labels and annotations: nothing of the program reads them;
- steps of a plan, requirements and conditions of a ClusterServiceVersion: OLM's own account of how it went on;
- OperatorConditions and Operators: kinds that nothing here reads.
"""

from collections.abc import Iterable
from typing import Any

from sandbox.apiserver.paths import path_to
from sandbox.openshift.kinds import NAMESPACE, OPERATOR_GROUP, SUBSCRIPTION
from sandbox.openshift.objects import Manifest, new, ref_of

COPIED = "olm.copiedFrom"
"""OLM copies the version of an operator that watches all namespaces into each of them. The model does not, because no copy is read: what
looks for an operator takes any of them.
"""


def subscribing(name: str, wrong: dict[str, Any]) -> Iterable[Manifest]:
    """A Subscription called `name` with something `wrong`, in a namespace of its own."""
    yield new(NAMESPACE, name)
    yield new(OPERATOR_GROUP, name, name, spec={"targetNamespaces": [name]})
    spec = {
        "name": "trustee-operator",
        "channel": "stable",
        "source": "redhat-operators",
        "sourceNamespace": "openshift-marketplace",
        "installPlanApproval": "Manual",
        "startingCSV": "trustee-operator.v1.2.1",
    }
    yield new(SUBSCRIPTION, name, name, spec={**spec, **wrong})


def path(manifest: Manifest) -> str:
    return path_to(ref_of(manifest))


def said(subscription: Manifest) -> dict[str, tuple[str, str]]:
    """What is wrong: reason and message by condition."""
    return {
        one["type"]: (one["reason"], one["message"])
        for one in subscription.get("status", {}).get("conditions", [])
        if one["status"] == "True"
    }


def subscriptions(found: Iterable[Manifest]) -> dict[str, Any]:
    return {
        one["metadata"]["name"]: {
            key: one["status"].get(key) for key in ("installedCSV", "currentCSV", "state")
        }
        | {"conditions": set(said(one)), "waits for a plan": "installPlanRef" in one["status"]}
        for one in found
    }


def plans(found: Iterable[Manifest]) -> list[Any]:
    return sorted(
        (
            one["spec"]["clusterServiceVersionNames"],
            one["spec"]["approval"],
            one["spec"]["approved"],
            one["status"]["phase"],
        )
        for one in found
    )


def versions(found: Iterable[Manifest]) -> dict[str, Any]:
    return {
        one["metadata"]["name"]: {
            "phase": one["status"]["phase"],
            "reason": one["status"]["reason"],
            "message": one["status"]["message"],
            "version": one["spec"]["version"],
            "replaces": one["spec"].get("replaces"),
            "deployments": [each["name"] for each in one["spec"]["install"]["spec"]["deployments"]],
            "install modes": {each["type"] for each in one["spec"]["installModes"] if each["supported"]},
        }
        for one in found
        if COPIED not in one["metadata"].get("labels", {})
    }
