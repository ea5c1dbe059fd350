"""What the identity of peer pods may do in Azure: exactly what cloud-api-adaptor and the job for the pod VM image do. Pure data.

After confidential-containers/cloud-api-adaptor (src/cloud-providers/azure/provider.go) and openshift/sandboxed-containers-operator
(config/peerpods/podvm/azure-podvm-image-handler.sh), both of 2026. The operator's own documents ask for five built-in
roles instead, some of them on the whole subscription.
"""

from typing import Final

MACHINES: Final = (
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    # A machine with its network card and its disk: made, looked at and deleted one by one.
    *(
        f"Microsoft.{kind}/{verb}"
        for kind in ("Compute/virtualMachines", "Compute/disks", "Network/networkInterfaces")
        for verb in ("read", "write", "delete")
    ),
    "Microsoft.Network/networkInterfaces/join/action",
    # The image: a gallery, its definition and its versions, made from a disk in a storage account that lives for minutes.
    *(
        f"Microsoft.{kind}/{verb}"
        for kind in (
            "Compute/galleries",
            "Compute/galleries/images",
            "Compute/galleries/images/versions",
            "Storage/storageAccounts",
            "Network/privateEndpoints",
        )
        for verb in ("read", "write", "delete")
    ),
    "Microsoft.Compute/images/read",
    "Microsoft.Compute/images/delete",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    # A private endpoint is approved by whoever makes it, where they have this right.
    "Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action",
)
"""In the resource group of the machines alone."""

JOIN: Final = (
    "Microsoft.Network/virtualNetworks/subnets/read",
    "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.Network/networkSecurityGroups/read",
    "Microsoft.Network/networkSecurityGroups/join/action",
)
"""On the subnet of the machines and on its security group."""

SIZES: Final = ("Microsoft.Compute/locations/vmSizes/read",)
"""On the subscription: the adaptor lists the sizes of the region when it starts, and exits where it may not."""
