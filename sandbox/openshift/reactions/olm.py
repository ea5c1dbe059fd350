"""The Operator Lifecycle Manager: Subscription, InstallPlan, ClusterServiceVersion, and what a version installs.

With Manual approval a plan waits for `spec.approved`, and an approved plan installs exactly what it names. What it names is the
next step of the catalogue's upgrade graph, not the newest version: OLM follows `replaces`, `skips` and `skipRange`.
"""

from __future__ import annotations

from sandbox.openshift.definitions import definition
from sandbox.openshift.kinds import (
    CSV,
    DEPLOYMENT,
    INSTALL_PLAN,
    OPERATOR_GROUP,
    SUBSCRIPTION,
)
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Put,
    Ref,
    condition,
    conditions,
    covers,
    ensure,
    new,
    now,
    put_changed,
    ref_of,
    short_hash,
    with_status,
)
from sandbox.openshift.reactions.catalog import PACKAGES, SOURCE, SOURCE_NAMESPACE, Package
from sandbox.openshift.reactions.workloads import deployment
from sandbox.shapes import list_in, map_in


def installed(objects: Objects, package: str) -> str | None:
    """The version of a package that runs in this cluster, for example "1.2.1"."""
    wanted = PACKAGES[package]
    for csv in objects.all(CSV):
        if csv["metadata"]["name"] in wanted.csvs and csv.get("status", {}).get("phase") == "Succeeded":
            return csv["spec"]["version"]
    return None


def react(objects: Objects) -> list[Effect]:
    effects: list[Effect] = []
    for subscription in objects.all(SUBSCRIPTION):
        effects += _subscription(objects, subscription)
    for plan in objects.all(INSTALL_PLAN):
        if plan["spec"]["approved"] and plan.get("status", {}).get("phase") != "Complete":
            effects += _install(objects, plan)
    for csv in objects.all(CSV):
        effects += _version(objects, csv)
    return effects


def _subscription(objects: Objects, subscription: Manifest) -> list[Effect]:
    namespace, spec = subscription["metadata"]["namespace"], subscription["spec"]
    if len(objects.all(OPERATOR_GROUP, namespace)) != 1:
        return []  # OLM logs it, and says it in no status
    known = PACKAGES.get(spec["name"])
    present = next(
        (csv for csv in objects.all(CSV, namespace) if known and csv["metadata"]["name"] in known.csvs), None
    )
    if problem := _unresolvable(subscription, installed=present is not None):
        name = subscription["metadata"]["name"]
        said = f"constraints not satisfiable: {problem} referenced by subscription {name}, subscription {name} exists"
        unhealthy = () if _has_source(spec) else (_missing_source(spec),)
        failed = conditions(
            subscription, *unhealthy, ("ResolutionFailed", True, "ConstraintsNotSatisfiable", said)
        )
        return put_changed(
            subscription, with_status(subscription, conditions=failed, lastUpdated=_updated(subscription))
        )
    package = PACKAGES[spec["name"]]
    channel = spec.get("channel") or next(iter(package.channels))
    have = present["metadata"]["name"] if present else None
    done = present is not None and present.get("status", {}).get("phase") == "Succeeded"
    if have is None:
        target = spec.get("startingCSV") or package.head(channel)
    else:
        target = (package.next(channel, have) if done else None) or have
    plan = _plan(objects, subscription, target) if target != have else None
    effects: list[Effect] = []
    if plan and objects.at(ref_of(plan)) is None:
        effects.append(Put(plan))
    return [*effects, *put_changed(subscription, _state(subscription, have if done else None, target, plan))]


def _unresolvable(subscription: Manifest, *, installed: bool) -> str | None:
    """Why OLM finds nothing to install, in the resolver's words. Once a version is installed, `startingCSV` is not looked at."""
    spec = subscription["spec"]
    if not _has_source(spec):
        return f"no operators found from catalog {spec['source']} in namespace {spec['sourceNamespace']}"
    package = PACKAGES.get(spec["name"])
    if package is None:
        return f"no operators found in package {spec['name']} in the catalog"
    channel = spec.get("channel") or next(iter(package.channels))
    if channel not in package.channels:
        return f"no operators found in channel {channel} of package {package.name} in the catalog"
    first = spec.get("startingCSV")
    if first and not installed and first not in package.offered(channel):
        return f"no operators found with name {first} in channel {channel} of package {package.name} in the catalog"
    return None


def _has_source(spec: Manifest) -> bool:
    return (spec["source"], spec["sourceNamespace"]) == (SOURCE, SOURCE_NAMESPACE)


def _missing_source(spec: Manifest) -> tuple[str, bool, str, str]:
    where = f"{spec['sourceNamespace']}/{spec['source']}"
    return (
        "CatalogSourcesUnhealthy",
        True,
        "UnhealthyCatalogSourceFound",
        f"targeted catalogsource {where} missing",
    )


def _plan(objects: Objects, subscription: Manifest, csv: str) -> Manifest:
    """The plan for a version; its name is as arbitrary as OLM's, but the same each time."""
    namespace, spec = subscription["metadata"]["namespace"], subscription["spec"]
    approval = spec.get("installPlanApproval", "Automatic")
    plan = new(
        INSTALL_PLAN,
        f"install-{short_hash(namespace, csv, length=5)}",
        namespace,
        owner=subscription,
        spec={
            "approval": approval,
            "approved": approval == "Automatic",
            "clusterServiceVersionNames": [csv],
            "generation": 1,
        },
        status={"phase": "RequiresApproval", "catalogSources": [SOURCE]},
    )
    return objects.at(ref_of(plan)) or plan


def _state(subscription: Manifest, installed_csv: str | None, target: str, plan: Manifest | None) -> Manifest:
    status: Manifest = {
        "currentCSV": target,
        "state": "UpgradePending" if plan or not installed_csv else "AtLatestKnown",
        "lastUpdated": _updated(subscription),
        "conditions": conditions(
            subscription,
            (
                "CatalogSourcesUnhealthy",
                False,
                "AllCatalogSourcesHealthy",
                "all available catalogsources are healthy",
            ),
            ("InstallPlanPending", plan is not None, "RequiresApproval" if plan else "", ""),
            ("ResolutionFailed", False, "", ""),
        ),
    }
    if installed_csv:
        status["installedCSV"] = installed_csv
    if plan:
        status["installPlanGeneration"] = 1
        status["installPlanRef"] = {
            "apiVersion": INSTALL_PLAN.api_version,
            "kind": INSTALL_PLAN.kind,
            "name": plan["metadata"]["name"],
            "namespace": plan["metadata"]["namespace"],
        }
    return with_status(subscription, **status)


def _updated(subscription: Manifest) -> str:
    return subscription.get("status", {}).get("lastUpdated") or now()


def _install(objects: Objects, plan: Manifest) -> list[Effect]:
    namespace = plan["metadata"]["namespace"]
    effects: list[Effect] = []
    for name in plan["spec"]["clusterServiceVersionNames"]:
        package = next(package for package in PACKAGES.values() if name in package.csvs)
        for kind in package.kinds:
            effects += ensure(objects, definition(kind))
        before = next(
            (
                csv["metadata"]["name"]
                for csv in objects.all(CSV, namespace)
                if csv["metadata"]["name"] in package.csvs
            ),
            None,
        )
        # OLM writes what it takes over from, which a skipRange may make another one than the bundle's own `replaces`.
        replaced = before or package.replaced_by(name)
        effects += ensure(objects, _csv(package, name, namespace, replaced))
    return [*effects, *put_changed(plan, with_status(plan, phase="Complete"))]


def _csv(package: Package, name: str, namespace: str, replaces: str | None) -> Manifest:
    modes = [
        *(("OwnNamespace", "SingleNamespace") if package.own_namespace else ()),
        *(("AllNamespaces",) if package.all_namespaces else ()),
    ]
    spec = {
        "displayName": package.name,
        "version": package.version_of(name),
        "install": {"strategy": "deployment", "spec": {"deployments": [{"name": package.deployment}]}},
        "installModes": [{"type": mode, "supported": True} for mode in modes],
        **({"replaces": replaces} if replaces else {}),
    }
    return new(CSV, name, namespace, spec=spec, status={"phase": "InstallReady"})


def _version(objects: Objects, csv: Manifest) -> list[Effect]:
    """A version succeeds when its operator is available; then the version before it goes."""
    metadata, status = csv["metadata"], csv.get("status", {})
    namespace = metadata["namespace"]
    package = next(package for package in PACKAGES.values() if metadata["name"] in package.csvs)
    effects: list[Effect] = []
    if problem := _unsupported(objects, package, namespace):
        failed = with_status(csv, phase="Failed", reason="UnsupportedOperatorGroup", message=problem)
        return put_changed(csv, failed)
    replaced = Ref(CSV, namespace, csv["spec"].get("replaces", ""))
    running = objects.get(DEPLOYMENT, package.deployment, namespace)
    wanted = deployment(package.deployment, namespace, image=metadata["name"], owner=csv)
    if running is None or not covers(running["spec"], wanted["spec"]):
        if any(item["spec"].get("replaces") == metadata["name"] for item in objects.all(CSV, namespace)):
            return []
        metadata_now = (running or wanted)["metadata"]
        references = wanted["metadata"]["ownerReferences"]
        return [Put({**wanted, "metadata": {**metadata_now, "ownerReferences": references}})]
    if condition(running, "Available") == "True" and status.get("phase") != "Succeeded":
        effects += put_changed(
            csv,
            with_status(
                csv,
                phase="Succeeded",
                reason="InstallSucceeded",
                message="install strategy completed with no errors",
            ),
        )
    if status.get("phase") == "Succeeded" and objects.at(replaced):
        effects.append(Delete(replaced))
    return effects


def _unsupported(objects: Objects, package: Package, namespace: str) -> str | None:
    for group in objects.all(OPERATOR_GROUP, namespace):
        targets = list_in(map_in(group, "spec"), "targetNamespaces")
        if not targets and not package.all_namespaces:
            return "AllNamespaces InstallModeType not supported, cannot configure to watch all namespaces"
        if targets and not package.own_namespace:
            return "OwnNamespace InstallModeType not supported, cannot configure to watch own namespace"
        if len(targets) > 1:
            return (
                "MultiNamespace InstallModeType not supported, cannot configure to watch multiple namespaces"
            )
    if package.namespace and namespace != package.namespace:
        return f"{package.name} works in namespace {package.namespace} only, not in {namespace}"
    return None
