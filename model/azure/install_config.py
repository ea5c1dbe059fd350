"""The install-config.yaml that `openshift-install` makes a cluster of. Pure.

Fields: openshift/installer, pkg/types/installconfig.go and pkg/types/azure. The pull secret is not in it: it is added where the
file is written, so that all of this can be shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import yaml

_KEYS: Final = {
    "subscription": "azure.subscriptionId",
    "metadata.name": "cluster.name",
    "baseDomain": "cluster.baseDomain",
    "publish": "cluster.visibility",
    "controlPlane.platform.azure.type": "cluster.controlPlaneVmSize",
    "controlPlane.platform.azure.encryptionAtHost": "cluster.encryptionAtHost",
    "compute.0.replicas": "cluster.workerCount",
    "compute.0.platform.azure.type": "cluster.workerVmSize",
    "compute.0.platform.azure.osDisk.diskSizeGB": "cluster.workerDiskGb",
    "compute.0.platform.azure.encryptionAtHost": "cluster.encryptionAtHost",
    "networking.machineNetwork.0.cidr": "network.cidr",
    "networking.clusterNetwork.0.cidr": "cluster.podCidr",
    "networking.serviceNetwork.0": "cluster.serviceCidr",
    "platform.azure.region": "azure.location",
    "platform.azure.baseDomainResourceGroupName": "cluster.baseDomainResourceGroup",
}
"""By where a value is in the file, the key of the stack file that it comes from."""
# Tags are those of the machines that the installer made; the other resources of a stack change theirs.
_MAY_CHANGE: Final = "platform.azure.userTags"
_HEAD: Final = "# subscription "  # for `changes` alone: the file has no place for it
_CONTROL_PLANE_NODES: Final = 3


@dataclass(frozen=True, kw_only=True)
class InstallConfig:
    """``worker_disk_gb`` is in GB. ``machine_cidr`` is the range of the virtual network, which both subnets are in."""

    subscription_id: str
    name: str
    base_domain: str
    base_domain_resource_group: str
    region: str
    control_plane_vm_size: str
    worker_vm_size: str
    worker_count: int
    worker_disk_gb: int
    encryption_at_host: bool
    network_resource_group: str
    virtual_network: str
    control_plane_subnet: str
    worker_subnet: str
    machine_cidr: str
    pod_cidr: str
    service_cidr: str
    visibility: str
    tags: Mapping[str, str]

    def text(self) -> str:
        """The file, as YAML."""
        at_host = {"encryptionAtHost": True} if self.encryption_at_host else {}
        document: dict[str, Any] = {
            "apiVersion": "v1",
            "metadata": {"name": self.name},
            "baseDomain": self.base_domain,
            "publish": "External" if self.visibility == "Public" else "Internal",
            "controlPlane": {
                "name": "master",
                "replicas": _CONTROL_PLANE_NODES,
                "platform": {"azure": {"type": self.control_plane_vm_size, **at_host}},
            },
            "compute": [
                {
                    "name": "worker",
                    "replicas": self.worker_count,
                    "platform": {
                        "azure": {
                            "type": self.worker_vm_size,
                            "osDisk": {"diskSizeGB": self.worker_disk_gb},
                            **at_host,
                        }
                    },
                }
            ],
            "networking": {
                "networkType": "OVNKubernetes",
                "machineNetwork": [{"cidr": self.machine_cidr}],
                "clusterNetwork": [{"cidr": self.pod_cidr, "hostPrefix": 23}],
                "serviceNetwork": [self.service_cidr],
            },
            "platform": {
                "azure": {
                    "cloudName": "AzurePublicCloud",
                    "region": self.region,
                    "baseDomainResourceGroupName": self.base_domain_resource_group,
                    "networkResourceGroupName": self.network_resource_group,
                    "virtualNetwork": self.virtual_network,
                    "controlPlaneSubnet": self.control_plane_subnet,
                    "computeSubnet": self.worker_subnet,
                    # The nodes leave through the cluster's load balancer. Its other types make a NAT gateway of the installer's own.
                    "outboundType": "Loadbalancer",
                    "userTags": dict(self.tags),
                }
            },
        }
        return f"{_HEAD}{self.subscription_id}\n" + yaml.safe_dump(document, sort_keys=False, width=1000)


def changes(installed: str, wanted: str) -> Iterator[str]:
    """What somebody changed since the cluster was installed of ``installed``: the key of the stack file, and both values."""
    before, after = (dict(_leaves(text)) for text in (installed, wanted))
    seen: set[str] = set()
    for where in {**before, **after}:
        key = f"coco:{_KEYS[where]}" if where in _KEYS else where
        if before.get(where) != after.get(where) and key not in seen:
            seen.add(key)
            yield f"{key}: {_shown(before.get(where))} became {_shown(after.get(where))}"


def _leaves(text: str) -> Iterator[tuple[str, object]]:
    head, _, rest = text.partition("\n")
    yield "subscription", head.removeprefix(_HEAD)
    yield from _inside(yaml.safe_load(rest), "")


def _inside(value: object, where: str) -> Iterator[tuple[str, object]]:
    if where == _MAY_CHANGE:
        return
    if isinstance(value, dict | list):
        known = cast("dict[str, object] | list[object]", value)
        for key, each in known.items() if isinstance(known, dict) else enumerate(known):
            yield from _inside(each, f"{where}.{key}".removeprefix("."))
    else:
        yield where, value


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
