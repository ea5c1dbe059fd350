"""Names in Azure, all made from the name of the stack. Pure.

A changed name means another resource, and the old one is deleted: do not change any. The name of a stack must fit the
strictest limit: a resource group 90 characters, a virtual network 64, a Kubernetes label 63, each with a suffix.
"""

import re
from hashlib import sha256
from uuid import UUID, uuid5

# Any UUID does, but another one would rename, and so replace, every role assignment there is.
_NAMESPACE = UUID("3b0c8a52-6a3e-4f6d-9a58-1f0d2f7c4b19")


class NamingError(ValueError):
    """A name that Azure would refuse; the message names it, the rule and what to do."""


def check_stack(stack: str) -> str:
    """`stack` itself. Raises NamingError."""
    if re.fullmatch("[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?", stack) is None:
        raise NamingError(
            f"a stack must be named with lower-case letters, digits and inner hyphens, at most 40, starting with a"
            f" letter (got {stack}): its name becomes part of names in Azure and Kubernetes; rename it, for example dev-hub"
        )
    return stack


def resource_group(stack: str) -> str:
    """The group of what the stack makes itself."""
    return f"coco-{check_stack(stack)}"


def virtual_network(stack: str) -> str:
    """The network that the stack makes."""
    return f"{resource_group(stack)}-vnet"


def virtual_network_id(stack: str, subscription: str) -> str:
    """Its id, which whoever connects another network with it has to write before it is there."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{resource_group(stack)}/providers/Microsoft.Network/virtualNetworks/"
        f"{virtual_network(stack)}"
    )


def peering(remote: str) -> str:
    """A name for the peering with the virtual network of this id: two networks of one name do not share it."""
    return f"to-{remote.rsplit('/', 1)[-1]}-{sha256(remote.lower().encode()).hexdigest()[:6]}"


def vpn_gateway(stack: str) -> str:
    """The VPN gateway of that network."""
    return f"{resource_group(stack)}-vpn"


def vpn_gateway_id(stack: str, subscription: str) -> str:
    """Its id, which whoever connects another network with it has to write before it is there."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{resource_group(stack)}/providers/Microsoft.Network/virtualNetworkGateways/"
        f"{vpn_gateway(stack)}"
    )


def peer_pod_resource_group(stack: str) -> str:
    """The group of the peer-pod VMs of a cluster with managed identities: ARO denies those identities its own group.

    No stack's own group can have this name: there is no underscore in the name of a stack.
    """
    return f"{resource_group(stack)}_peer-pods"


def managed_resource_group(stack: str) -> str:
    """The group that ARO makes for the cluster's machines and denies to everybody else.

    No stack's own group can have this name: there is no underscore in the name of a stack.
    """
    return f"{resource_group(stack)}_managed"


def store_resource_group(stack: str) -> str:
    """The group of the object store, which outlives the cluster. As above, no stack's own group can have this name."""
    return f"{resource_group(stack)}_store"


def role_definition_name(scope: str, role: str) -> str:
    """A GUID that is always the same for the same custom role."""
    return str(uuid5(_NAMESPACE, "|".join((scope, role)).lower()))


def role_assignment_name(scope: str, principal: str, role: str) -> str:
    """A GUID that is always the same for the same grant, so that a repeated request finds what it made.

    Azure answers a second assignment of the same grant under another name with RoleAssignmentExists. Ids are compared
    without regard to case, as ARM does.
    """
    return str(uuid5(_NAMESPACE, "|".join((scope, principal, role)).lower()))
