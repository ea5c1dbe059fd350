"""The sections of a stack file, and the two zones they belong to.

Pure: no I/O and no pulumi. A field's `description` is the only source of schema.json and of the configuration reference.
Rules about one value are here and in `stacks.types`, those between values in `stacks.rules`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.types import (
    AroDomain,
    AzureLocation,
    ConfidentialSize,
    ControlPlaneSize,
    DnsLabel,
    Flag,
    Guid,
    HttpsUrl,
    PodRange,
    ProjectFile,
    Repository,
    SecretKey,
    Section,
    ServedKey,
    ServiceRange,
    TagName,
    TagValue,
    Version,
    VmSize,
    VNetRange,
    Whole,
    WorkerSize,
    azure_tags,
    distinct,
    some,
)


class AzureSection(Section):
    """Where the stack lives in Azure."""

    location: AzureLocation = Field(description="Azure region of everything in this stack, by its short name")
    subscription_id: Guid = Field(description="Subscription that holds this stack")
    tenant_id: Guid = Field(description="Entra tenant of the subscription")
    resource_provider_object_id: Guid | None = Field(
        default=None,
        description="Object id, in this tenant, of the service principal `Azure Red Hat OpenShift RP`"
        " (az ad sp list --display-name 'Azure Red Hat OpenShift RP' --query '[].id'); needed where cluster.kind is aro",
    )
    tags: Annotated[Mapping[TagName, TagValue], AfterValidator(azure_tags)] = Field(
        default={}, description="Tags on every Azure resource of this stack and on its peer-pod VMs"
    )
    vm_sizes_offered: Annotated[tuple[VmSize, ...], AfterValidator(some)] | None = Field(
        default=None,
        description="Confidential VM sizes that the region offers, replacing the built-in table; fill it from"
        " `az vm list-skus --location <region> --size Standard_DC --all --query '[].name'` and the same for Standard_EC",
    )


class NetworkSection(Section):
    """The virtual network that the stack makes for its cluster."""

    cidr: VNetRange = Field(
        description="Address range of the virtual network, /16 to /24; no other stack may overlap it"
    )


class ServicePrincipalSection(Section):
    """The identity that ARO acts with; one cluster each."""

    client_id: Guid = Field(description="Application (client) id")
    object_id: Guid = Field(
        description="Object id of the service principal, not of the application"
        " (az ad sp show --id <clientId> --query id)"
    )


class AroSection(Section):
    """An Azure Red Hat OpenShift cluster that the stack makes."""

    kind: Literal["aro"] = Field(description="aro: make an Azure Red Hat OpenShift cluster")
    version: Version = Field(
        description="OpenShift version at creation; later upgrades happen in the cluster"
    )
    domain: AroDomain = Field(
        description="Bare label (its names end in <region>.aroapp.io) or a full domain of your own; unique in the region"
    )
    visibility: Literal["Public", "Private"] = Field(
        description="Whether the API and the applications' ingress have public addresses"
    )
    control_plane_vm_size: ControlPlaneSize = Field(
        default="Standard_D8s_v5", description="VM size of the three control-plane nodes, at least 8 vCPU"
    )
    worker_vm_size: WorkerSize = Field(
        default="Standard_D4s_v5", description="VM size of the worker nodes, at least 4 vCPU"
    )
    worker_count: Whole = Field(default=3, ge=2, le=50, description="Number of worker nodes")
    worker_disk_gb: Whole = Field(default=128, ge=128, le=32767, description="Disk of a worker node, in GB")
    pod_cidr: PodRange = Field(
        description="Range of the pods' addresses, /18 or larger; each node takes a /23 of it"
    )
    service_cidr: ServiceRange = Field(description="Range of the services' addresses, /22 or larger")
    service_principal: ServicePrincipalSection = Field(description="The identity that the cluster acts with")
    protect: Flag = Field(
        default=True, description="Refuse to delete the cluster until this is false and has been applied"
    )


class ExistingSection(Section):
    """A cluster on Azure that is already there; the stack makes neither network nor nodes for it."""

    kind: Literal["existing"] = Field(description="existing: use the cluster of the secret kubeconfig")
    name: DnsLabel = Field(description="What this cluster is called in names and reports")


ClusterSection = Annotated[AroSection | ExistingSection, Field(discriminator="kind")]


class OperatorsSection(Section):
    """Where operators come from."""

    source: DnsLabel = Field(
        default="redhat-operators", description="CatalogSource, in openshift-marketplace, of all operators"
    )
    cert_manager: Version = Field(
        default="1.18.0", description="Version of the cert-manager operator for Red Hat OpenShift"
    )


class SignedImageSection(Section):
    """Images that may run because they are signed."""

    repository: Repository = Field(
        description="Repository, or a part of one up to a slash, whose images may run"
    )
    key: ServedKey = Field(
        description="Where their cosign public key is served: <secret>/<key> of coco:secrets"
    )


class TrusteeSection(Section):
    """Trustee: the key broker, the attestation service and what they accept."""

    version: Version = Field(description="Version of the Trustee operator")
    accepted_previous: Whole = Field(
        default=1,
        ge=0,
        le=5,
        description="How many earlier PCR8 values of a profile stay accepted after it changed, so that running pods keep"
        " their secrets until their spoke is updated",
    )
    token_minutes: Whole = Field(
        default=5, ge=1, le=60, description="Life of an attestation token, in minutes"
    )
    osc_versions: Annotated[tuple[Version, ...], AfterValidator(some)] = Field(
        description="Versions of OpenShift sandboxed containers whose pod VM image may attest; each needs its reviewed"
        " file stacks/reference-values/<version>.yaml"
    )
    allow_unverified_reference_values: Flag = Field(
        default=False,
        description="Take reference values whose file says that nobody verified where they come from",
    )
    tees: Annotated[tuple[Literal["az-snp-vtpm", "az-tdx-vtpm"], ...], AfterValidator(some)] = Field(
        default=("az-snp-vtpm",), description="Kinds of confidential VM that may attest"
    )
    image_policy: Literal["insecure", "reject", "signed"] = Field(
        default="reject",
        description="Which container images a confidential pod may run: insecure any, signed those with a valid signature,"
        " reject none",
    )
    signed_images: tuple[SignedImageSection, ...] = Field(
        default=(), description="With imagePolicy signed: which images may run, and the key that signed them"
    )


class ProfileSection(Section):
    """An initdata profile: what the owner of a spoke may do to a pod that runs under it. Nothing, unless said here."""

    exec_commands: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(distinct)] = (
        Field(default=(), description="Exact command lines that may be executed in a container")
    )
    exec: Flag = Field(default=False, description="Any command may be executed in a container")
    read_logs: Flag = Field(default=False, description="The containers' output may be read")
    write_stdin: Flag = Field(default=False, description="Input may be written to a container")
    set_policy: Flag = Field(
        default=False,
        description="The policy may be replaced while the pod runs, which voids everything else",
    )
    policy_file: ProjectFile | None = Field(
        default=None,
        description="A Rego policy of your own instead of the settings above, relative to the project's root",
    )
    algorithm: Literal["sha256", "sha384", "sha512"] = Field(
        default="sha256", description="Digest of the initdata; PCR8 is a SHA-256 register whichever it is"
    )

    @property
    def permissive(self) -> bool:
        """Whether these settings give the owner of a spoke a way to whatever the pod holds."""
        return self.exec or self.set_policy


class ServedSecretSection(Section):
    """A secret that Trustee serves at kbs:///default/<name>/<key>."""

    source: Literal["generated", "config", "keyVault", "vault"] = Field(
        description="generated: 32 random letters and digits a key, kept encrypted in the state; config: from the secret key"
        " coco:secretValues; keyVault: the secrets <name>-<key> of coco:externalSecrets.keyVault; vault: the fields <key> of"
        " the secret <name> in coco:externalSecrets.vault"
    )
    keys: Annotated[tuple[SecretKey, ...], AfterValidator(some)] = Field(description="Keys of the secret")
    readable_by: Annotated[tuple[DnsLabel, ...], AfterValidator(distinct)] = Field(
        description="Profiles whose pods may read it; an empty list: none"
    )
    sealed: Flag = Field(
        default=False,
        description="Publish sealed secrets that stand for its keys, for applications that know nothing of Trustee",
    )
    allow_debug: Flag = Field(
        default=False,
        description="Let profiles read it that allow any command or a change of policy, which gives it to the owner of the"
        " spoke",
    )


class KeyVaultSection(Section):
    """An Azure Key Vault that the hub's cluster reads as a service principal (secret key coco:keyVaultClientSecret)."""

    url: HttpsUrl = Field(description="Address of the vault, https://<name>.vault.azure.net")
    client_id: Guid = Field(
        description="Application id of a service principal with the role Key Vault Secrets User"
    )


class VaultSection(Section):
    """A HashiCorp Vault that the hub's cluster reads by Kubernetes authentication."""

    url: HttpsUrl = Field(description="Address of the server")
    mount: DnsLabel = Field(default="secret", description="Where its KV engine, version 2, is mounted")
    role: DnsLabel = Field(description="Role of Vault's Kubernetes authentication that may read the secrets")


class ExternalSecretsSection(Section):
    """The External Secrets operator, for secrets that live elsewhere."""

    version: Version = Field(
        default="1.0.0", description="Version of the External Secrets operator for Red Hat OpenShift"
    )
    refresh_minutes: Whole = Field(
        default=60, ge=1, le=1440, description="How often values are fetched; the next update serves them"
    )
    key_vault: KeyVaultSection | None = Field(default=None, description=KeyVaultSection.__doc__)
    vault: VaultSection | None = Field(default=None, description=VaultSection.__doc__)


class SandboxedContainersSection(Section):
    """The OpenShift sandboxed containers operator."""

    version: Version = Field(description="Version of the operator and with it of the pod VM image")
    log_level: Literal["fatal", "panic", "error", "warn", "info", "debug", "trace"] = Field(
        default="info", description="Log level of CRI-O and kata on the nodes"
    )


class PeerPodsSection(Section):
    """The confidential VMs, one a pod, that run beside the nodes."""

    vm_size: ConfidentialSize = Field(description="VM size where a pod asks for none")
    vm_sizes: Annotated[tuple[ConfidentialSize, ...], AfterValidator(some)] = Field(
        description="VM sizes that pods may ask for, with the default one among them"
    )
    limit_per_node: Whole = Field(
        default=10, ge=1, le=250, description="Peer pods that one node may have at a time"
    )
    root_volume_gb: Whole = Field(default=20, ge=6, le=4095, description="Root disk of a peer-pod VM, in GB")
    profile: DnsLabel = Field(
        default="hardened", description="Initdata profile of pods that bring none themselves"
    )


class SamplesSection(Section):
    """Sample workloads."""

    hello_openshift: Flag = Field(
        default=False,
        description="One web server three times: ordinary, confidential with debug access, hardened",
    )
    kbs_access: Flag = Field(
        default=False, description="A pod that shows a secret it got from Trustee by attesting"
    )
    kbs_sealed: Flag = Field(
        default=False,
        description="The same for an application that only reads an environment variable and a file: sealed secrets",
    )


class Stack(Section):
    """What the three roles share."""

    azure: AzureSection = Field(description=AzureSection.__doc__)
    network: NetworkSection | None = Field(
        default=None,
        description=f"{NetworkSection.__doc__} Needed where cluster.kind is aro, refused elsewhere.",
    )
    cluster: ClusterSection = Field(description="The OpenShift cluster.")
    operators: OperatorsSection = Field(default=OperatorsSection(), description=OperatorsSection.__doc__)


class TrustedZone(Section):
    """What a stack with Trustee says besides."""

    trustee: TrusteeSection = Field(description=TrusteeSection.__doc__)
    profiles: Mapping[DnsLabel, ProfileSection] = Field(
        default={
            "hardened": ProfileSection(),
            "debug": ProfileSection(exec=True, read_logs=True, write_stdin=True),
        },
        min_length=1,
        description="Initdata profiles by name. The default is hardened, with nothing allowed, and debug, with commands,"
        " logs and input.",
    )
    secrets: Mapping[DnsLabel, ServedSecretSection] = Field(
        default={}, description="Secrets that Trustee serves, by name"
    )
    external_secrets: ExternalSecretsSection = Field(
        default=ExternalSecretsSection(), description=ExternalSecretsSection.__doc__
    )


class UntrustedZone(Section):
    """What a stack with confidential pods says besides."""

    sandboxed_containers: SandboxedContainersSection = Field(description=SandboxedContainersSection.__doc__)
    peer_pods: PeerPodsSection = Field(description=PeerPodsSection.__doc__)
    samples: SamplesSection = Field(default=SamplesSection(), description=SamplesSection.__doc__)
