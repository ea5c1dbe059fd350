"""The identities of an ARO cluster with managed identities, and what each of them may do where. Pure data.

After Azure/ARO-RP of August 2026: hack/devtools/platform_workload_identity_role_sets.yaml (the same for OpenShift 4.16 to 4.21),
pkg/validate/dynamic/platformworkloadidentityprofile.go, and the scopes that `az aro` assigns (python/az/aro/azext_aro/_rbac.py).
The resource provider (RP) makes the federated credentials and the assignments in the managed group itself.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FEDERATED_CREDENTIAL: Final = "ef318e2a-8334-4a05-9e4a-295a196c6a6e"
"""Azure Red Hat OpenShift Federated Credential: the role of the cluster's identity on each operator's identity."""
NETWORK_CONTRIBUTOR: Final = "4d97b98b-1d4f-4787-a291-c67834d212e7"
READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


class Scope(StrEnum):
    """Something in the network of a cluster that a role can be assigned on."""

    CONTROL_PLANE = "control-plane"
    WORKERS = "workers"
    VNET = "vnet"
    NAT_GATEWAY = "nat"
    NETWORK_SECURITY_GROUP = "nsg"
    DISK_ENCRYPTION_SET = "des"


@dataclass(frozen=True, kw_only=True)
class OperatorIdentity:
    """`name` is the key that the RP knows the operator by. `role` is what Azure calls the role after "Azure Red Hat OpenShift"."""

    name: str
    role: str
    role_id: str
    scopes: tuple[Scope, ...]


_SUBNETS = (Scope.CONTROL_PLANE, Scope.WORKERS)
_NAT, _NSG, _DES = Scope.NAT_GATEWAY, Scope.NETWORK_SECURITY_GROUP, Scope.DISK_ENCRYPTION_SET

OPERATORS: Final = tuple(
    OperatorIdentity(name=name, role=role, role_id=role_id, scopes=scopes)
    for name, role, role_id, scopes in (
        ("cloud-controller-manager", "Cloud Controller Manager", "a1f96423-95ce-4224-ab27-4e3dc72facd4", (*_SUBNETS, _NAT, _NSG)),
        ("ingress", "Cluster Ingress Operator", "0336e1d3-7a87-462b-b6db-342b63f7802c", _SUBNETS),
        ("machine-api", "Machine API Operator", "0358943c-7e01-48ba-8889-02cc51d78637", (*_SUBNETS, _NSG, _DES)),
        ("disk-csi-driver", "Disk Storage Operator", "5b7237c5-45e1-49d6-bc18-a1f62f400748", (_DES,)),
        ("cloud-network-config", "Network Operator", "be7a6435-15ae-4171-8f30-4a343eff9e8f", (Scope.VNET,)),
        ("image-registry", "Image Registry Operator", "8b32b316-c2f5-4ddf-b05b-83dacd2d08b5", (Scope.VNET,)),
        ("file-csi-driver", "File Storage Operator", "0d7aedc0-15fd-4a67-a412-efad370c947e", (Scope.VNET, _NAT, _NSG)),
        ("aro-operator", "Service Operator", "4436bae4-7702-4c84-919b-c4069ff25ee2", (*_SUBNETS, _NAT, _NSG)),
    )
)  # fmt: skip
"""All eight are needed, and no other: the RP compares the set with the one of the OpenShift version."""


@dataclass(frozen=True, kw_only=True)
class Grant:
    """A role assignment of an operator's identity."""

    operator: str
    role_id: str
    scope: Scope


def grants(present: Set[Scope]) -> Iterator[Grant]:
    """What the operators need on those parts of the network that are there, in a fixed order."""
    for operator in OPERATORS:
        for scope in operator.scopes:
            if scope in present:
                yield Grant(operator=operator.name, role_id=operator.role_id, scope=scope)
