"""Rules about where a stack lives: its Azure region, its network and its cluster."""

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import IPv4Network
from itertools import combinations

from config.rules.problem import Problem, Rule
from config.sections import AroSection, Stack, UntrustedZone
from model.azure import vm_sizes

# ARO refuses 100.64.0.0/16, 100.88.0.0/16 and 169.254.169.0/29, which OVN-Kubernetes takes for itself (ARO-RP,
# openshiftcluster_validatestatic.go); the rest, 169.254.0.0/16 as a whole among it, no Azure network can have (Virtual
# Network FAQ).
RESERVED = tuple(
    IPv4Network(text)
    for text in (
        "100.64.0.0/16",
        "100.88.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "224.0.0.0/4",
    )
)
NODE_PREFIX = 23  # each node takes a /23 of the pods' range
CONTROL_PLANE_NODES = 3


def _network(stack: Stack) -> Iterator[Problem]:
    aro = isinstance(stack.cluster, AroSection)
    if aro and stack.network is None:
        yield Problem(key="network", rule="is missing", fix="add it with a cidr, because cluster.kind is aro")
    if not aro and stack.network is not None:
        yield Problem(
            key="network.cidr",
            value=str(stack.network.cidr),
            rule="must be absent where cluster.kind is existing",
            fix="remove the section, because that cluster has its network already",
        )


def _resource_provider(stack: Stack) -> Iterator[Problem]:
    if isinstance(stack.cluster, AroSection) and stack.azure.resource_provider_object_id is None:
        yield Problem(
            key="azure.resourceProviderObjectId",
            rule="is missing",
            fix="add it, because cluster.kind is aro; this prints it:"
            " az ad sp list --display-name 'Azure Red Hat OpenShift RP' --query '[].id'",
        )


def _vnet(stack: Stack) -> IPv4Network | None:
    return stack.network.cidr if stack.network is not None else None


def _pods(stack: Stack) -> IPv4Network | None:
    return stack.cluster.pod_cidr if isinstance(stack.cluster, AroSection) else None


def _services(stack: Stack) -> IPv4Network | None:
    return stack.cluster.service_cidr if isinstance(stack.cluster, AroSection) else None


_RANGES = {"network.cidr": _vnet, "cluster.podCidr": _pods, "cluster.serviceCidr": _services}


def _apart(one: str, other: str) -> Rule:
    def rule(stack: Stack) -> Iterator[Problem]:
        range_, taken = _RANGES[one](stack), _RANGES[other](stack)
        if range_ is not None and taken is not None and range_.overlaps(taken):
            yield Problem(
                key=one,
                value=str(range_),
                rule=f"must not overlap {other}, which is {taken}",
                fix="move one of the two ranges",
            )

    return rule


def _not_reserved(key: str) -> Rule:
    def rule(stack: Stack) -> Iterator[Problem]:
        range_ = _RANGES[key](stack)
        for taken in RESERVED:
            if range_ is not None and range_.overlaps(taken):
                yield Problem(
                    key=key,
                    value=str(range_),
                    rule=f"must not overlap {taken}, which Azure or OpenShift keeps for itself",
                    fix="choose another range, for example one in 10.0.0.0/8",
                )

    return rule


def _room_for_pods(stack: Stack) -> Iterator[Problem]:
    """A node takes a /23 of the pods' range, and while the cluster is made there is one node more."""
    if not isinstance(stack.cluster, AroSection):
        return
    nodes = CONTROL_PLANE_NODES + stack.cluster.worker_count + 1
    room = 2 ** (NODE_PREFIX - stack.cluster.pod_cidr.prefixlen)
    if nodes > room:
        yield Problem(
            key="cluster.podCidr",
            value=str(stack.cluster.pod_cidr),
            rule=f"must have a /{NODE_PREFIX} for each of {nodes} nodes but has only {room}",
            fix="take a larger range or a smaller cluster.workerCount",
        )


def _domain(stack: Stack) -> Iterator[Problem]:
    if not isinstance(stack.cluster, AroSection):
        return
    domain = stack.cluster.domain
    ending = f".{stack.azure.location}.aroapp.io"
    if domain.endswith(".aroapp.io") and (not domain.endswith(ending) or "." in domain.removesuffix(ending)):
        yield Problem(
            key="cluster.domain",
            value=domain,
            rule=f"must be one label before {ending} where it lies in aroapp.io",
            fix=f"write the label alone, {domain.partition('.')[0]}",
        )


def _nodes(stack: Stack) -> Iterator[Problem]:
    if not isinstance(stack.cluster, AroSection):
        return
    cluster = stack.cluster
    if tuple(map(int, cluster.version.split("."))) < (4, 19):
        for key, size in (
            ("controlPlaneVmSize", cluster.control_plane_vm_size),
            ("workerVmSize", cluster.worker_vm_size),
        ):
            if size in vm_sizes.ARO_NEEDS_4_19:
                yield Problem(
                    key=f"cluster.{key}",
                    value=size,
                    rule=f"must be an older size for OpenShift {cluster.version}, because ARO takes it from 4.19 on",
                    fix="use a v5 size or a newer cluster.version",
                )


def _service_principal(stack: Stack) -> Iterator[Problem]:
    if not isinstance(stack.cluster, AroSection):
        return
    principal = stack.cluster.service_principal
    if principal.object_id == principal.client_id:
        yield Problem(
            key="cluster.servicePrincipal.objectId",
            value=principal.object_id,
            rule="must be the object id of the service principal, which is never the client id",
            fix=f"use what this prints: az ad sp show --id {principal.client_id} --query id",
        )


def offered(stack: Stack) -> frozenset[str]:
    """The confidential VM sizes of the stack's region, as far as is known."""
    if stack.azure.vm_sizes_offered is not None:
        return frozenset(stack.azure.vm_sizes_offered)
    return vm_sizes.REGIONS.get(stack.azure.location, frozenset())


def _region(stack: Stack) -> Iterator[Problem]:
    region = stack.azure.location
    ask = (
        "list under azure.vmSizesOffered what this prints:"
        f" az vm list-skus --location {region} --size Standard_DC --all --query '[].name'"
    )
    if stack.azure.vm_sizes_offered is None and region not in vm_sizes.REGIONS:
        near = get_close_matches(region, vm_sizes.REGIONS, n=1)
        yield Problem(
            key="azure.location",
            value=region,
            rule="must be an Azure region that this program knows",
            fix=(f"did you mean {near[0]}? " if near else "") + f"If the region is right, {ask}",
        )
    elif isinstance(stack, UntrustedZone) and not offered(stack):
        yield Problem(
            key="azure.location",
            value=region,
            rule=f"must be a region with confidential VM sizes, and none was known of it on {vm_sizes.AS_OF}",
            fix=f"choose another one, for example eastus2 or westeurope, or, if Azure has added some, {ask}",
        )


RULES: tuple[Rule, ...] = (
    _network,
    _resource_provider,
    *(_apart(one, other) for other, one in combinations(_RANGES, 2)),
    *(_not_reserved(key) for key in _RANGES),
    _room_for_pods,
    _domain,
    _nodes,
    _service_principal,
    _region,
)
