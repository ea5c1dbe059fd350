"""The name of a KBS that public DNS does not know, in the network of a spoke.

Pods measure the name and verify it by its certificate, so whoever answers for it in this network can keep pods from their secrets, and
get none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import privatedns


@dataclass(frozen=True, kw_only=True)
class KbsNameArgs:
    """``kbs_url`` as the hub publishes it, and the IPv4 ``address`` that its name stands for in the network ``vnet_id``."""

    kbs_url: pulumi.Input[str]
    address: str
    vnet_id: pulumi.Input[str]
    resource_group_name: pulumi.Input[str]
    tags: Mapping[str, str]


class KbsName(pulumi.ComponentResource):
    """A private DNS zone of that one name, so that every other name is found as before."""

    def __init__(self, name: str, args: KbsNameArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:spoke:KbsName", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone = privatedns.PrivateZone(
            f"{name}-zone",
            private_zone_name=pulumi.Output.from_input(args.kbs_url).apply(_host),
            resource_group_name=args.resource_group_name,
            location="global",
            tags=args.tags,
            opts=child,
        )
        privatedns.PrivateRecordSet(
            f"{name}-record",
            relative_record_set_name="@",
            record_type="A",
            private_zone_name=zone.name,
            resource_group_name=args.resource_group_name,
            ttl=300,
            a_records=[privatedns.ARecordArgs(ipv4_address=args.address)],
            opts=child,
        )
        privatedns.VirtualNetworkLink(
            f"{name}-link",
            virtual_network_link_name="spoke",
            private_zone_name=zone.name,
            resource_group_name=args.resource_group_name,
            location="global",
            registration_enabled=False,
            virtual_network={"id": args.vnet_id},
            tags=args.tags,
            opts=child,
        )
        self.register_outputs({})


def _host(url: str) -> str:
    host = urlsplit(url).hostname
    assert host, "the contract has an address with a host"
    return host
