"""What the ARO resource provider (RP) refuses of a request by itself.

After Azure/ARO-RP of August 2026: pkg/api/v20231122/openshiftcluster_validatestatic.go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Network
from typing import Any, Final

from model.azure import vm_sizes
from sandbox.azure.authorization import GUID
from sandbox.azure.kind import Account, InputProblem
from sandbox.azure.schema import (
    MAP,
    NUMBER,
    TEXT,
    Prop,
    choice,
    computed,
    group,
    known,
    location,
    many,
    required,
)
from sandbox.provider import Values
from sandbox.shapes import is_list, is_map

_SWITCH: Final = choice("Disabled", "Enabled")
_VISIBILITY: Final = choice("Private", "Public")
_SECRET: Final = Prop(kind=str, secret=True)
_MACHINES: Final = {
    "vmSize": required(TEXT),
    "subnetId": required(TEXT),
    "encryptionAtHost": required(_SWITCH),
    "diskEncryptionSetId": TEXT,
}
_WORKERS: Final = group(name=required(TEXT), diskSizeGB=required(NUMBER), count=required(NUMBER), **_MACHINES)
# In the order in which the RP looks for a forbidden change. Required is what the RP has no default for in a PUT.
PROFILES: Final = {
    "provisioningState": computed(TEXT),
    "clusterProfile": required(
        group(
            pullSecret=_SECRET,
            domain=required(TEXT),
            version=TEXT,
            resourceGroupId=required(TEXT),
            fipsValidatedModules=required(_SWITCH),
        )
    ),
    "consoleProfile": computed(group(url=TEXT)),
    "networkProfile": required(
        group(
            podCidr=required(TEXT),
            serviceCidr=required(TEXT),
            outboundType=choice("Loadbalancer", "UserDefinedRouting"),
            loadBalancerProfile=group(
                managedOutboundIps=group(count=required(NUMBER)), effectiveOutboundIps=computed(many(MAP))
            ),
            preconfiguredNSG=_SWITCH,
        )
    ),
    "masterProfile": required(group(**_MACHINES)),
    "workerProfiles": required(many(_WORKERS)),
    "workerProfilesStatus": computed(many(_WORKERS)),
    "apiserverProfile": required(
        group(visibility=required(_VISIBILITY), url=computed(TEXT), ip=computed(TEXT))
    ),
    "ingressProfiles": required(
        many(group(name=required(TEXT), visibility=required(_VISIBILITY), ip=computed(TEXT)))
    ),
}
PROPERTIES: Final = {
    "location": TEXT,
    "tags": MAP,
    **PROFILES,
    "servicePrincipalProfile": required(
        group(clientId=required(TEXT), clientSecret=Prop(kind=str, secret=True, required=True))
    ),
    "systemData": computed(MAP),
}
_INTERNAL: Final = [IPv4Network(each) for each in ("100.64.0.0/16", "169.254.169.0/29", "100.88.0.0/16")]
_MINORS: Final = range(16, 22)
_DOMAIN: Final = r"[a-z][-a-z0-9]{0,61}[a-z0-9](?:\.(?:[a-z0-9]|[a-z0-9][-a-z0-9]{0,61}[a-z0-9]))*"
_SUBNET_ID: Final = (
    rf"(?i)/subscriptions/({GUID})/resourceGroups/[-a-z0-9_().]{{0,89}}[-a-z0-9_()]"
    r"(?P<vnet>/providers/Microsoft\.Network/virtualNetworks/[-a-z0-9_.]{2,64})/subnets/[-a-z0-9_.]{2,80}"
)


def _invalid(path: str, message: str, code: str = "InvalidParameter") -> InputProblem:
    return InputProblem(path, code, f"properties.{path}: {message}")


def problems(account: Account, inputs: Values) -> Iterator[InputProblem]:
    """Every rule that looks at the request alone; what is unknown yet is passed over."""
    yield from _cluster_profile(account, inputs)
    client = known(inputs, "servicePrincipalProfile.clientId")
    if client is not None and re.fullmatch(GUID, client) is None:
        yield _invalid("servicePrincipalProfile.clientId", f"The provided client ID '{client}' is invalid.")
    for which in ("podCidr", "serviceCidr"):
        yield from _range(inputs, which)
    yield from _disks(inputs)
    yield from _outbound(inputs)
    yield from _machines(account, inputs, "masterProfile", known(inputs, "masterProfile"), "master")
    yield from _workers(account, inputs)
    ingress = known(inputs, "ingressProfiles")
    if is_list(ingress):
        if len(ingress) != 1:
            yield _invalid("ingressProfiles", "There should be exactly one ingress profile.")
        elif (name := known(ingress[0], "name")) not in (None, "default"):
            yield _invalid("ingressProfiles[0].name", f"The provided ingress name '{name}' is invalid.")


def _cluster_profile(account: Account, inputs: Values) -> Iterator[InputProblem]:
    secret = known(inputs, "clusterProfile.pullSecret")
    if secret is not None and not _is_object(secret):
        yield _invalid("clusterProfile.pullSecret", "The provided pull secret is invalid.")
    domain, place = known(inputs, "clusterProfile.domain"), known(inputs, "location")
    if domain is not None and (re.fullmatch(_DOMAIN, domain) is None or _foreign(domain, place)):
        yield _invalid("clusterProfile.domain", f"The provided domain '{domain}' is invalid.")
    version = known(inputs, "clusterProfile.version")
    if version is not None:
        match = re.fullmatch(r"4\.(\d+)\.\d+", version)
        if match is None or int(match.group(1)) not in _MINORS:
            message = f"The requested OpenShift version '{version}' is invalid."
            yield _invalid("clusterProfile.version", message)
    group_id = known(inputs, "clusterProfile.resourceGroupId")
    if group_id is None:
        return
    where = "clusterProfile.resourceGroupId"
    match = re.fullmatch(
        rf"(?i)/subscriptions/({GUID})/resourceGroups/([-a-z0-9_().]{{0,89}}[-a-z0-9_()])", group_id
    )
    if match is None:
        yield _invalid(where, f"The provided resource group '{group_id}' is invalid.")
    elif match.group(1) != account.subscription_id:
        yield _invalid(
            where,
            f"The provided resource group '{group_id}' is invalid: must be in same subscription as cluster.",
        )
    elif match.group(2).lower() == str(inputs.get("resourceGroupName")).lower():
        message = "must be different from resourceGroup of the OpenShift cluster object."
        yield _invalid(where, f"The provided resource group '{group_id}' is invalid: {message}")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _foreign(domain: str, place: str | None) -> bool:
    """Below Microsoft's aroapp.io, but not one label of this region."""
    own = f".{location(place)}.aroapp.io" if place else ""
    return domain.endswith(".aroapp.io") and bool(place) and (
        not domain.endswith(own) or "." in domain.removesuffix(own)
    )  # fmt: skip


def _range(inputs: Values, which: str) -> Iterator[InputProblem]:
    value = known(inputs, f"networkProfile.{which}")
    if value is None:
        return
    noun, longest = ("pod", 18) if which == "podCidr" else ("service", 22)
    where = f"networkProfile.{which}"
    try:
        network = IPv4Network(value, strict=False)
    except (AddressValueError, ValueError) as error:
        yield _invalid(where, f"The provided {noun} CIDR '{value}' is invalid: '{error}'.")
        return
    if any(network.overlaps(each) for each in _INTERNAL):
        message = (
            "Azure Red Hat OpenShift uses 100.64.0.0/16, 169.254.169.0/29, and 100.88.0.0/16 IP address ranges internally. Do"
            f" not include this '{value}' IP address range in any other CIDR definitions in your cluster."
        )
        yield _invalid(where, message, "InvalidCIDRRange")
    if network.prefixlen > longest:
        yield _invalid(where, f"The provided vnet CIDR '{value}' is invalid: must be /{longest} or larger.")
    if str(network) != value:
        message = f"The provided {noun} CIDR '{value}' is invalid, expecting: '{network}'."
        yield _invalid(where, message, "InvalidNetworkAddress")


def _disks(inputs: Values) -> Iterator[InputProblem]:
    workers: list[Any] = known(inputs, "workerProfiles") or []
    key = known(inputs, "masterProfile.diskEncryptionSetId")
    for number, each in enumerate(workers):
        if known(each, "diskEncryptionSetId") != key:
            where = f"workerProfiles[{number}].diskEncryptionSetId"
            yield _invalid(
                where,
                "The provided worker disk encryption set is invalid: must be the same as master disk encryption set.",
            )


def _outbound(inputs: Values) -> Iterator[InputProblem]:
    balancer = known(inputs, "networkProfile.loadBalancerProfile")
    if known(inputs, "networkProfile.outboundType") == "UserDefinedRouting":
        ingress: list[Any] = known(inputs, "ingressProfiles") or []
        seen = [
            known(inputs, "apiserverProfile.visibility"),
            *(known(each, "visibility") for each in ingress),
        ]
        if "Public" in seen:
            message = "cannot use UserDefinedRouting if either API Server Visibility or Ingress Visibility is public."
            where = "networkProfile.outboundType"
            yield _invalid(where, f"The provided outboundType 'UserDefinedRouting' is invalid: {message}")
        if balancer is not None:
            message = "cannot use a loadBalancerProfile if outboundType is UserDefinedRouting."
            yield _invalid(
                "networkProfile.loadBalancerProfile",
                f"The provided loadBalancerProfile is invalid: {message}",
            )
    count = known(balancer or {}, "managedOutboundIps.count")
    if count is not None and not 1 <= count <= 20:
        yield _invalid(
            "networkProfile.loadBalancerProfile.managedOutboundIps.count",
            f"The provided managedOutboundIps.count {count} is invalid: managedOutboundIps.count must be in the range of 1 to"
            " 20 (inclusive).",
        )


def _machines(
    account: Account, inputs: Values, where: str, profile: Any, role: str
) -> Iterator[InputProblem]:
    if not is_map(profile):
        return
    size, subnet = known(profile, "vmSize"), known(profile, "subnetId")
    sizes = vm_sizes.ARO_CONTROL_PLANE if role == "master" else vm_sizes.ARO_WORKERS
    minor = re.match(r"4\.(\d+)\.", known(inputs, "clusterProfile.version") or "")
    if size is not None and size not in sizes:
        yield _invalid(f"{where}.vmSize", f"The provided VM size '{size}' is invalid for the '{role}' role.")
    elif size in vm_sizes.ARO_NEEDS_4_19 and minor and int(minor.group(1)) < 19:
        message = f"The provided {role} VM size '{size}' is invalid for the chosen OpenShift version."
        yield _invalid(f"{where}.vmSize", message)
    if subnet is not None:
        match = re.fullmatch(_SUBNET_ID, subnet)
        if match is None:
            yield _invalid(f"{where}.subnetId", f"The provided {role} VM subnet '{subnet}' is invalid.")
        elif role == "master" and match.group(1) != account.subscription_id:
            message = f"The provided master VM subnet '{subnet}' is invalid: must be in same subscription as cluster."
            yield _invalid(f"{where}.subnetId", message)


def _workers(account: Account, inputs: Values) -> Iterator[InputProblem]:
    profiles = known(inputs, "workerProfiles")
    if not is_list(profiles):
        return
    if len(profiles) != 1:
        yield _invalid("workerProfiles", "There should be exactly one worker profile.")
        return
    where, worker = "workerProfiles[0]", profiles[0]
    yield from _machines(account, inputs, where, worker, "worker")
    name, count, disk = (known(worker, each) for each in ("name", "count", "diskSizeGB"))
    if name not in (None, "worker"):
        yield _invalid(f"{where}.name", f"The provided worker name '{name}' is invalid.")
    if count is not None and not 2 <= count <= 50:
        yield _invalid(f"{where}.count", f"The provided worker count '{count}' is invalid.")
    if disk is not None and disk < 128:
        yield _invalid(f"{where}.diskSizeGB", f"The provided worker disk size '{disk}' is invalid.")
    subnet, masters = known(worker, "subnetId"), known(inputs, "masterProfile.subnetId")
    if subnet is None or masters is None:
        return
    if subnet.lower() == masters.lower():
        message = f"must be different to master VM subnet '{masters}'."
        yield _invalid(f"{where}.subnetId", f"The provided worker VM subnet '{subnet}' is invalid: {message}")
    elif subnet.lower().rsplit("/subnets/")[0] != masters.lower().rsplit("/subnets/")[0]:
        message = f"must be in the same vnet as master VM subnet '{masters}'."
        yield _invalid(f"{where}.subnetId", f"The provided worker VM subnet '{subnet}' is invalid: {message}")
