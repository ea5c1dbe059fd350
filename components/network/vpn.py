"""A VPN gateway in the network of this stack, and its connections: to sites, and to the gateways of other networks in Azure.

Also to another gateway in Azure a connection is one from site to site, with that network's ranges and its gateway's address as they
are read there. The kind Vnet2Vnet would name the other gateway, and Azure deletes no gateway that somebody else's connection
names: neither of two stacks could then go before the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from components.elsewhere import Elsewhere
from components.public_address import PublicAddressArgs, number, public_address
from components.vpn_site import GATEWAYS, Site, behind

# What Azure would agree to by itself goes down to 3DES, SHA1 and DHGroup2 (VPN Gateway, "About cryptographic requirements").
_PROPOSAL = network.IpsecPolicyArgs(
    ike_encryption="AES256",
    ike_integrity="SHA384",
    dh_group="ECP384",
    ipsec_encryption="GCMAES256",
    ipsec_integrity="GCMAES256",
    pfs_group="ECP384",
    sa_life_time_seconds=27_000,
    sa_data_size_kilobytes=102_400_000,
)


@dataclass(frozen=True, kw_only=True)
class VpnArgs:
    """``subnet``: the range, as CIDR, of the gateway's subnet in the network ``vnet_name``, whose range is ``own_range``.

    ``sites`` by the name of the connection, ``gateways`` the ids of VPN gateways in Azure likewise, and ``keys`` the pre-shared key of
    each, which are secret. ``asn``: the gateway's autonomous system number, None without BGP.
    """

    gateway_name: str
    resource_group_name: pulumi.Input[str]
    location: str
    vnet_name: str
    own_range: str
    subnet: str
    sku: str
    asn: int | None
    sites: Mapping[str, Site]
    gateways: Mapping[str, str]
    keys: pulumi.Output[Mapping[str, str]]
    subscription_id: str
    tenant_id: str
    tags: Mapping[str, str]


class Vpn(pulumi.ComponentResource):
    """``address``: the public one of the gateway, which the devices of sites need. ``connected``: those of ``gateways`` that are there."""

    address: pulumi.Output[str]
    connected: tuple[str, ...]

    def __init__(self, name: str, args: VpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:network:Vpn", name, {}, opts)
        elsewhere = Elsewhere(
            name,
            args.gateways.values(),
            key=GATEWAYS,
            right="whoever runs this stack needs the role Reader on the gateway, on its public address and on its network",
            subscription_id=args.subscription_id,
            tenant_id=args.tenant_id,
            parent=self,
        )
        there = {each: behind(id_, elsewhere, args.own_range) for each, id_ in args.gateways.items()}
        self.connected = tuple(id_ for each, id_ in args.gateways.items() if there[each] is not None)
        gateway = self._gateway(name, args)
        before: pulumi.Resource = gateway
        for connection, site in {**args.sites, **there}.items():
            if site is None:
                pulumi.warn(
                    f"{GATEWAYS}.{connection}: {args.gateways[connection]} is not there yet. An up after that connects this network with it."
                )
            else:
                # Azure changes a gateway for one connection at a time.
                before = self._connection(name, connection, site, gateway, args, before)
        self.register_outputs({"address": self.address, "connected": list(self.connected)})

    def _gateway(self, name: str, args: VpnArgs) -> network.VirtualNetworkGateway:
        child = pulumi.ResourceOptions(parent=self)
        subnet = network.Subnet(
            f"{name}-subnet",
            subnet_name="GatewaySubnet",  # Azure takes no other name
            resource_group_name=args.resource_group_name,
            virtual_network_name=args.vnet_name,
            address_prefix=args.subnet,
            opts=child,
        )
        address = public_address(
            f"{name}-ip",
            PublicAddressArgs(
                address_name=f"{args.gateway_name}-ip",
                resource_group_name=args.resource_group_name,
                location=args.location,
                tags=args.tags,
            ),
            child,
        )
        self.address = number(address)
        return network.VirtualNetworkGateway(
            f"{name}-gateway",
            virtual_network_gateway_name=args.gateway_name,
            resource_group_name=args.resource_group_name,
            location=args.location,
            gateway_type="Vpn",
            vpn_type="RouteBased",
            vpn_gateway_generation="Generation1",
            sku={"name": args.sku, "tier": args.sku},
            active_active=False,
            enable_bgp=args.asn is not None,
            bgp_settings=network.BgpSettingsArgs(asn=args.asn) if args.asn is not None else None,
            ip_configurations=[
                network.VirtualNetworkGatewayIPConfigurationArgs(
                    name="default",
                    private_ip_allocation_method="Dynamic",
                    subnet=network.SubResourceArgs(id=subnet.id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                )
            ],
            tags=args.tags,
            opts=child,
        )

    def _connection(
        self,
        name: str,
        connection: str,
        site: Site,
        gateway: network.VirtualNetworkGateway,
        args: VpnArgs,
        before: pulumi.Resource,
    ) -> pulumi.Resource:
        place = network.LocalNetworkGateway(
            f"{name}-site-{connection}",
            local_network_gateway_name=connection,
            resource_group_name=args.resource_group_name,
            location=args.location,
            gateway_ip_address=site.address,
            local_network_address_space=network.AddressSpaceArgs(address_prefixes=list(site.ranges))
            if site.ranges
            else None,
            bgp_settings=network.BgpSettingsArgs(asn=site.bgp[0], bgp_peering_address=site.bgp[1])
            if site.bgp
            else None,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return network.VirtualNetworkGatewayConnection(
            f"{name}-to-{connection}",
            virtual_network_gateway_connection_name=connection,
            resource_group_name=args.resource_group_name,
            location=args.location,
            connection_type="IPsec",
            connection_protocol="IKEv2",
            virtual_network_gateway1=network.VirtualNetworkGatewayArgs(id=gateway.id),
            local_network_gateway2=network.LocalNetworkGatewayArgs(id=place.id),
            shared_key=args.keys.apply(lambda keys: keys[connection]),
            enable_bgp=site.bgp is not None,
            ipsec_policies=[_PROPOSAL],
            tags=args.tags,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[before], additional_secret_outputs=["sharedKey"]
            ),
        )
