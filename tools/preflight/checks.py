"""Whether Azure has ready what a stack needs, in the order of what it costs to find out later."""

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tools.arm import Arm, Missing, Unanswered
from tools.preflight.needs import Needs, vcpus

State = Literal["ready", "missing", "not checked"]
_REGION_TOTAL = "cores"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`fix` is a command or a sentence, where something is missing or could not be asked."""

    what: str
    state: State
    found: str = ""
    fix: str = ""


def run(needs: Needs, arm: Arm) -> Iterator[Finding]:
    """All checks. One that Azure does not answer is `not checked`, and the others go on."""
    for check in (_rights, _providers, _features, _sizes_and_quota, _version, _domain, _dns_zone, _groups):
        yield from _answered(check, needs, arm)


def _answered(check: Callable[[Needs, Arm], Iterator[Finding]], needs: Needs, arm: Arm) -> Iterator[Finding]:
    what = check.__name__.strip("_").replace("_", " ")
    try:
        yield from check(needs, arm)
    except Unanswered as error:
        yield Finding(what=what, state="not checked", found=str(error), fix="ask an administrator for Reader")


def _rights(needs: Needs, arm: Arm) -> Iterator[Finding]:
    """A right that is missing is noticed by Azure only after minutes, and may leave a cluster that must be deleted."""
    path = f"/subscriptions/{needs.subscription_id}/providers/Microsoft.Authorization/permissions"
    granted = list(arm.every(path, "2022-04-01"))
    for action in needs.actions:
        allowed = any(
            _matches(action, each.get("actions", [])) and not _matches(action, each.get("notActions", []))
            for each in granted
        )
        yield Finding(
            what=f"your login may do {action}",
            state="ready" if allowed else "missing",
            fix=""
            if allowed
            else "have Contributor and User Access Administrator assigned to you on the subscription, or Owner",
        )


def _matches(action: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def _providers(needs: Needs, arm: Arm) -> Iterator[Finding]:
    """What `az provider register --wait` says is not enough: it was seen to succeed and to register nothing."""
    for namespace in needs.providers:
        state = arm.get(f"/subscriptions/{needs.subscription_id}/providers/{namespace}", "2022-12-01")
        registered = state["registrationState"] == "Registered"
        yield Finding(
            what=f"{namespace} is registered",
            state="ready" if registered else "missing",
            found=state["registrationState"],
            fix=""
            if registered
            else f"az provider register --subscription {needs.subscription_id} --namespace {namespace} --wait",
        )


def _sizes_and_quota(needs: Needs, arm: Arm) -> Iterator[Finding]:
    path = f"/subscriptions/{needs.subscription_id}/providers/Microsoft.Compute"
    asked = {*needs.machines, *needs.confidential}
    skus = {
        sku["name"]: sku
        for sku in arm.every(f"{path}/skus", "2021-07-01", **{"$filter": f"location eq '{needs.location}'"})
        if sku.get("resourceType") == "virtualMachines" and sku["name"] in asked
    }
    for size in sorted(asked):
        yield _size(size, skus.get(size), needs.location)
    for size in needs.confidential:
        if size in skus:
            yield from _disks(size, _said(skus[size]))
    usages = {
        usage["name"]["value"].lower(): usage
        for usage in arm.every(f"{path}/locations/{needs.location}/usages", "2024-03-01")
    }
    wanted: Counter[str] = Counter()
    for size, count in needs.machines.items():
        if size in skus:
            wanted[skus[size]["family"]] += count * _vcpus(skus[size])
    for family, number in sorted(wanted.items()):
        yield _quota(family, number, usages.get(family.lower()), needs.location)
    yield _quota(_REGION_TOTAL, needs.vcpus, usages.get(_REGION_TOTAL), needs.location)


def _disks(size: str, said: Mapping[str, str]) -> Iterator[Finding]:
    """OSC makes the definition of the pod VM image without DiskControllerTypes, which Azure takes for SCSI alone.

    sandboxed-containers-operator config/peerpods/podvm/azure-podvm-image-handler.sh, create_image_definition.
    """
    controllers = said.get("DiskControllerTypes", "SCSI")
    takes = "SCSI" in controllers.replace(" ", "").split(",")
    yield Finding(
        what=f"{size} starts from OSC's pod VM image",
        state="ready" if takes else "missing",
        found=f"disk controllers: {controllers}",
        fix=""
        if takes
        else "choose a size that takes SCSI: the definition of OSC's image would have to name NVMe, and does not",
    )


def _said(sku: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in sku.get("capabilities", [])}


def _vcpus(sku: Mapping[str, Any]) -> int:
    return int(_said(sku).get("vCPUs", vcpus(sku["name"])))


def _size(size: str, sku: Mapping[str, Any] | None, location: str) -> Finding:
    what = f"{size} can be used in {location}"
    if sku is None:
        return Finding(
            what=what,
            state="missing",
            found="the region does not have it",
            fix=f"choose one of: az vm list-skus --location {location} --size {size[:11]} --query '[].name'",
        )
    closed = [each for each in sku.get("restrictions", []) if each.get("type") == "Location"]
    if closed:
        return Finding(
            what=what,
            state="missing",
            found=str(closed[0].get("reasonCode", "restricted")),
            fix="open a support request for this size in this region, or choose another",
        )
    zones: list[str] = [zone for each in sku.get("locationInfo", []) for zone in each.get("zones", [])]
    return Finding(what=what, state="ready", found=f"zones {', '.join(sorted(zones)) or 'none'}")


def _quota(family: str, wanted: int, usage: Mapping[str, Any] | None, location: str) -> Finding:
    name = "all families together" if family == _REGION_TOTAL else family
    what = f"quota of {wanted} vCPU, {name}"
    if usage is None:
        return Finding(
            what=what,
            state="missing",
            found="Azure lists no quota for it",
            fix=f"az vm list-usage --location {location} shows what there is",
        )
    free = int(usage["limit"]) - int(usage["currentValue"])
    enough = free >= wanted
    return Finding(
        what=what,
        state="ready" if enough else "missing",
        found=f"{free} free of {usage['limit']}",
        fix=""
        if enough
        else f"request {wanted - free} more vCPU of {family} in {location}: https://aka.ms/quota",
    )


def _features(needs: Needs, arm: Arm) -> Iterator[Finding]:
    for feature in needs.features:
        path = f"/subscriptions/{needs.subscription_id}/providers/Microsoft.Features/providers/Microsoft.Compute/features"
        try:
            state = arm.get(f"{path}/{feature}", "2021-07-01")["properties"]["state"]
        except Missing:
            state = "NotRegistered"
        yield Finding(
            what=f"the feature Microsoft.Compute/{feature} is registered",
            state="ready" if state == "Registered" else "missing",
            found=state,
            fix=""
            if state == "Registered"
            else f"az feature register --namespace Microsoft.Compute --name {feature}; after it says Registered:"
            " az provider register --namespace Microsoft.Compute --wait",
        )


def _version(needs: Needs, arm: Arm) -> Iterator[Finding]:
    if needs.version is None:
        return
    path = f"/subscriptions/{needs.subscription_id}/providers/Microsoft.RedHatOpenShift/locations/{needs.location}"
    offered = {each["properties"]["version"] for each in arm.every(f"{path}/openshiftversions", "2023-11-22")}
    there = needs.version in offered
    yield Finding(
        what=f"ARO offers OpenShift {needs.version}",
        state="ready" if there else "missing",
        found="" if there else f"offered: {', '.join(sorted(offered, key=_numbers)) or 'none'}",
        fix="" if there else "write one of these as cluster.version",
    )


def _numbers(version: str) -> list[int]:
    return [int(part) if part.isdecimal() else 0 for part in version.split(".")]


def _domain(needs: Needs, arm: Arm) -> Iterator[Finding]:
    """Only the clusters that the login can see: another subscription of the region may have the domain too."""
    if needs.domain is None:
        return
    path = f"/subscriptions/{needs.subscription_id}/providers/Microsoft.RedHatOpenShift/openShiftClusters"
    mine = needs.groups[0].lower()
    holders = [
        cluster["id"]
        for cluster in arm.every(path, "2023-11-22")
        if cluster["properties"]["clusterProfile"]["domain"] == needs.domain
        and cluster["location"] == needs.location
        and cluster["id"].split("/")[4].lower() != mine
    ]
    yield Finding(
        what=f"the domain {needs.domain} is free",
        state="missing" if holders else "ready",
        found=holders[0] if holders else "in this subscription",
        fix="write another cluster.domain" if holders else "",
    )


def _dns_zone(needs: Needs, arm: Arm) -> Iterator[Finding]:
    """openshift-install writes the cluster's names there, after a quarter of an hour."""
    if needs.dns_zone is None:
        return
    group, name = needs.dns_zone
    what = f"the public DNS zone {name} is in resource group {group}"
    try:
        arm.get(
            f"/subscriptions/{needs.subscription_id}/resourceGroups/{group}/providers/Microsoft.Network/dnsZones/{name}",
            "2018-05-01",
        )
    except Missing:
        yield Finding(
            what=what,
            state="missing",
            found="there is none",
            fix=f"az network dns zone create --resource-group {group} --name {name}, and have the domain above delegate to its name servers;"
            " or correct cluster.baseDomain and baseDomainResourceGroup",
        )
    else:
        yield Finding(what=what, state="ready")


def _groups(needs: Needs, arm: Arm) -> Iterator[Finding]:
    for group in needs.groups:
        what = f"the resource group {group} is free, or this stack's"
        try:
            found = arm.get(f"/subscriptions/{needs.subscription_id}/resourcegroups/{group}", "2022-12-01")
        except Missing:
            yield Finding(what=what, state="ready")
            continue
        stack = needs.groups[0].removeprefix("coco-")
        managed_by = str(found.get("managedBy", "")).lower()
        own = found.get("tags", {}).get("coco-stack") == stack or f"/{needs.groups[0]}/" in managed_by
        yield Finding(
            what=what,
            state="ready" if own else "missing",
            found="there already",
            fix="" if own else f"delete it if nothing needs it: az group delete --name {group}",
        )
