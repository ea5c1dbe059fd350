"""`approve.sh`: approves, one after the other, the plans that lead from the installed version to the pin."""

from __future__ import annotations

from sandbox.openshift.kinds import CSV, INSTALL_PLAN, SUBSCRIPTION
from sandbox.openshift.objects import Objects, Put
from sandbox.openshift.reactions.catalog import csv_numbers
from sandbox.openshift.reactions.scripts.outcome import Environment, Need, Outcome


def needs(environment: Environment) -> list[Need]:
    namespace = environment["NAMESPACE"]
    listed = [Need(kind, "list", namespace) for kind in (CSV, INSTALL_PLAN, SUBSCRIPTION)]
    return [*listed, Need(INSTALL_PLAN, "patch", namespace)]


def run(objects: Objects, environment: Environment) -> Outcome:
    pin, namespace = environment["CSV"], environment["NAMESPACE"]
    package = pin.partition(".v")[0]
    phases = {
        csv["metadata"]["name"]: csv.get("status", {}).get("phase", "")
        for csv in objects.all(CSV, namespace)
        if csv["metadata"]["name"].startswith(f"{package}.v")
    }
    newest = max(phases, key=csv_numbers, default=None)
    if newest == pin and phases[pin] == "Succeeded":
        return Outcome()
    if newest and csv_numbers(newest) > csv_numbers(pin):
        text = f"{newest} is installed, which is newer than the pin {pin}, and OLM never goes back: pin what is installed."
        return Outcome(waiting=text, final=True)
    if newest is None or phases[newest] in ("Succeeded", "Failed"):
        offered = {
            plan["spec"]["clusterServiceVersionNames"][0]: plan
            for plan in objects.all(INSTALL_PLAN, namespace)
            if len(plan["spec"]["clusterServiceVersionNames"]) == 1
            and plan.get("status", {}).get("phase") == "RequiresApproval"
        }
        for version in sorted((one for one in offered if one.startswith(f"{package}.v")), key=csv_numbers):
            if (newest is None or csv_numbers(newest) < csv_numbers(version)) and csv_numbers(
                version
            ) <= csv_numbers(pin):
                plan = offered[version]
                return Outcome([Put({**plan, "spec": {**plan["spec"], "approved": True}})])
    said = [
        csv["status"]["message"]
        for csv in objects.all(CSV, namespace)
        if phases.get(csv["metadata"]["name"]) == "Failed"
    ]
    return Outcome(
        waiting=" ".join(
            [
                f"{pin} is not installed, {newest or 'nothing'} is.",
                *said,
                _offered(objects, namespace),
                f"Look at: oc get subscription,installplan,csv -n {namespace} -o yaml",
            ]
        )
    )


def _offered(objects: Objects, namespace: str) -> str:
    """What OLM has to say instead of the plan that is looked for."""
    for subscription in objects.all(SUBSCRIPTION, namespace):
        for item in subscription.get("status", {}).get("conditions", []):
            if (item["type"], item["status"]) == ("ResolutionFailed", "True"):
                return f"{subscription['metadata']['name']}: {item['message']}"
    plans = [
        ", ".join(plan["spec"]["clusterServiceVersionNames"]) for plan in objects.all(INSTALL_PLAN, namespace)
    ]
    if not plans:
        return f"There is no Subscription in {namespace}."
    return f"OLM has plans for {'; '.join(plans)}."
