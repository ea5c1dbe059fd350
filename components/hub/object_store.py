"""The object store for snapshots of workloads: a storage account, a container for each workload, and what its pods are served.

What a pod is given can write new snapshots and read all, and neither change nor delete one; that a snapshot stays for a number of
days is the container's policy, which holds for the account's owner as well. Azure has nothing but ciphertext: the keys are here and
in Trustee.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pulumi
import pulumi_random as random
from pulumi_azure_native import resources, storage

from model import object_store


@dataclass(frozen=True, kw_only=True)
class ObjectStoreArgs:
    """``redundancy``: LRS, ZRS, GRS or GZRS. ``floors``: by workload, the oldest version that its pods may start from. ``credentials_until``: the last day.

    ``protect`` keeps account, containers and data keys from being deleted: without a key its snapshots cannot be read.
    """

    resource_group: str
    location: str
    account: str
    redundancy: str
    keep_days: int
    credentials_until: date
    floors: Mapping[str, int]
    tags: Mapping[str, str]
    protect: bool = False


class ObjectStore(pulumi.ComponentResource):
    """``served``: by name of the served secret and by key, the values, all of them secret outputs."""

    served: dict[str, dict[str, pulumi.Output[str]]]

    def __init__(self, name: str, args: ObjectStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:hub:ObjectStore", name, {}, opts)
        self._name, self._args = name, args
        group = resources.ResourceGroup(
            f"{name}-group",
            resource_group_name=args.resource_group,
            location=args.location,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        account = storage.StorageAccount(
            f"{name}-account",
            account_name=args.account,
            resource_group_name=group.name,
            location=args.location,
            kind="StorageV2",
            sku={"name": f"Standard_{args.redundancy}"},
            access_tier=storage.AccessTier.HOT,
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=True,  # a shared access signature is signed with the account's key
            enable_https_traffic_only=True,
            minimum_tls_version="TLS1_2",
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        blobs = storage.BlobServiceProperties(
            f"{name}-blobs",
            account_name=account.name,
            resource_group_name=group.name,
            blob_services_name="default",
            is_versioning_enabled=True,
            delete_retention_policy={"enabled": True, "days": min(args.keep_days, 365)},
            container_delete_retention_policy={"enabled": True, "days": min(args.keep_days, 365)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.served = {
            object_store.secret(workload): self._of_workload(workload, floor, group, account, blobs)
            for workload, floor in sorted(args.floors.items())
        }
        self.register_outputs(
            {
                "account": args.account,
                "keepDays": args.keep_days,
                "credentialsUntil": args.credentials_until.isoformat(),
                "floors": dict(args.floors),
            }
        )

    def _of_workload(
        self,
        workload: str,
        floor: int,
        group: resources.ResourceGroup,
        account: storage.StorageAccount,
        blobs: storage.BlobServiceProperties,
    ) -> dict[str, pulumi.Output[str]]:
        container = storage.BlobContainer(
            f"{self._name}-{workload}",
            account_name=account.name,
            resource_group_name=group.name,
            container_name=object_store.container(workload),
            public_access=storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blobs], protect=self._args.protect),
        )
        storage.BlobContainerImmutabilityPolicy(
            f"{self._name}-{workload}-kept",
            account_name=account.name,
            resource_group_name=group.name,
            container_name=container.name,
            immutability_policy_name="default",
            immutability_period_since_creation_in_days=self._args.keep_days,
            allow_protected_append_writes=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        key = random.RandomPassword(
            f"{self._name}-{workload}-key",
            length=43,  # of 62 characters each: 256 bits
            special=False,
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protect),
        )
        signature = storage.list_storage_account_service_sas_output(
            account_name=account.name,
            resource_group_name=group.name,
            canonicalized_resource=pulumi.Output.format("/blob/{0}/{1}", account.name, container.name),
            resource="c",
            permissions=object_store.PERMISSIONS,
            protocols=storage.HttpProtocol.HTTPS,
            shared_access_expiry_time=f"{self._args.credentials_until.isoformat()}T23:59:59Z",
            key_to_sign="key1",
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        url = object_store.url(self._args.account, workload)
        return {
            object_store.KEY: pulumi.Output.secret(key.result),
            object_store.CONFIGURATION: pulumi.Output.secret(signature.service_sas_token).apply(
                lambda token: object_store.configuration(url, token)
            ),
            object_store.FLOOR: pulumi.Output.from_input(str(floor)),
        }
