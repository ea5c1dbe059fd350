"""What a stack needs of Azure before it can come up. Pure: from its stack file alone."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from config.roles import PlacedStack
from config.sections import AroSection, SelfManagedSection, UntrustedZone
from model.azure import naming

_CONTROL_PLANE_NODES: Final = 3
_BOOTSTRAP_NODES: Final = 1
_PROVIDERS: Final = ("Microsoft.Compute", "Microsoft.Network", "Microsoft.Storage", "Microsoft.Authorization")
ROLE_ASSIGNMENTS: Final = "Microsoft.Authorization/roleAssignments/write"
ROLE_DEFINITIONS: Final = "Microsoft.Authorization/roleDefinitions/write"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """`machines`: by VM size, how many there are at the same time at most, ARO's bootstrap node among them.

    `actions`: what the login must be allowed to do in the subscription. `groups`: names of resource groups that must be free
    before the first `up`. `version` and `domain`: of the ARO cluster that the stack makes. `dns_zone`: resource group and name of one that
    must be there. `features`: of Microsoft.Compute, that the subscription must have.
    """

    subscription_id: str
    location: str
    providers: tuple[str, ...]
    actions: tuple[str, ...]
    machines: Mapping[str, int]
    confidential: tuple[str, ...]
    groups: tuple[str, ...]
    version: str | None
    domain: str | None
    dns_zone: tuple[str, str] | None
    features: tuple[str, ...]

    @property
    def vcpus(self) -> int:
        """Of all machines together, by what their sizes say."""
        return sum(vcpus(size) * count for size, count in self.machines.items())


def vcpus(size: str) -> int:
    """The vCPUs that the name of a VM size says: 16 for Standard_DC16as_v5."""
    found = re.match(r"Standard_[A-Z]+(\d+)", size)
    return int(found[1]) if found else 0


def of(stack: str, config: PlacedStack) -> Needs:
    """What the stack of this name needs. Peer pods are counted as if each node had as many as it may, of the default size.

    How many nodes an existing cluster has is not known here: one is counted.
    """
    machines: Counter[str] = Counter()
    providers: list[str] = [*_PROVIDERS]
    actions: list[str] = []
    groups: list[str] = []
    version, domain, nodes = None, None, 1
    cluster = config.cluster
    dns_zone, features = None, ()
    if isinstance(cluster, SelfManagedSection):
        providers.append("Microsoft.ManagedIdentity")
        dns_zone = cluster.base_domain_resource_group, cluster.base_domain
    if isinstance(cluster, AroSection):
        providers.append("Microsoft.RedHatOpenShift")
        actions += [ROLE_ASSIGNMENTS, "Microsoft.RedHatOpenShift/openShiftClusters/write"]
        version, domain = str(cluster.version), cluster.domain
    if isinstance(cluster, AroSection | SelfManagedSection):
        if config.network is not None and config.network.subnets is None:
            actions.append("Microsoft.Network/virtualNetworks/write")
            if config.network.peers:
                actions.append("Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write")
            if config.network.vpn is not None:
                actions += [
                    f"Microsoft.Network/{each}/write"
                    for each in ("virtualNetworkGateways", "localNetworkGateways", "connections")
                ]
            if config.network.kbs_address is not None:
                actions.append("Microsoft.Network/privateDnsZones/write")
        machines[cluster.control_plane_vm_size] += _CONTROL_PLANE_NODES + _BOOTSTRAP_NODES
        machines[cluster.worker_vm_size] += cluster.worker_count
        groups.append(naming.resource_group(stack))
        nodes = cluster.worker_count
        features = ("EncryptionAtHost",) if cluster.encryption_at_host else ()
    if isinstance(cluster, AroSection):
        groups.append(naming.managed_resource_group(stack))
        if cluster.identity == "managed":
            providers.append("Microsoft.ManagedIdentity")
            actions.append("Microsoft.ManagedIdentity/userAssignedIdentities/write")
    confidential: tuple[str, ...] = ()
    if isinstance(config, UntrustedZone):
        confidential = tuple(dict.fromkeys((config.peer_pods.vm_size, *config.peer_pods.vm_sizes)))
        machines[config.peer_pods.vm_size] += nodes * config.peer_pods.limit_per_node
        if isinstance(cluster, AroSection):
            actions.append(ROLE_DEFINITIONS)
            if cluster.identity == "managed":
                groups.append(naming.peer_pod_resource_group(stack))
    return Needs(
        subscription_id=config.required_azure.subscription_id,
        location=config.required_azure.location,
        providers=tuple(providers),
        actions=tuple(actions),
        machines=dict(machines),
        confidential=confidential,
        groups=tuple(groups),
        version=version,
        domain=domain,
        dns_zone=dns_zone,
        features=features,
    )
