"""What a stack with Trustee says: versions, profiles, and the secrets it serves."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.sections.guest import GuestSection
from config.types import (
    Day,
    DnsLabel,
    Flag,
    Guid,
    HostName,
    HttpsUrl,
    ProjectFile,
    Repository,
    SecretKey,
    Section,
    ServedKey,
    StorageAccount,
    Version,
    Whole,
    distinct,
    some,
)
from model.policy import powers
from model.policy.agent_policy import AgentSettings, PolicyError, arguments
from model.workloads.grants import Grants


class SignedImageSection(Section):
    """Images that may run because they are signed."""

    repository: Repository = Field(
        description="Repository, or a part of one up to a slash, whose images may run"
    )
    key: ServedKey = Field(
        description="Where their cosign public key is served: <secret>/<key> of coco:secrets"
    )


class IssuerSection(Section):
    """A ClusterIssuer of cert-manager that is there already, in the place of the authority that the stack makes."""

    name: DnsLabel = Field(description="Name of the ClusterIssuer")
    ca: ProjectFile = Field(
        description="File with the one CA certificate, as PEM, that its certificates chain up to, relative to the project's root."
        " Guests take whatever it vouches for under the KBS's name for the KBS"
    )


class TrusteeSection(Section):
    """Trustee: the key broker, the attestation service and what they accept."""

    version: Version = Field(description="Version of the Trustee operator")
    host: HostName | None = Field(
        default=None,
        description="Name under which guests reach the KBS, for which you keep a DNS record that leads to the cluster's router;"
        " without it, kbs.<domain of the cluster's applications>, which leads there already",
    )
    issuer: IssuerSection | None = Field(default=None, description=IssuerSection.__doc__)
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
        " file reference-values/<version>.yaml"
    )
    allow_unverified_reference_values: Flag = Field(
        default=False,
        description="Take reference values whose file says that nobody verified where they come from",
    )
    tees: Annotated[tuple[Literal["az-snp-vtpm", "az-tdx-vtpm"], ...], AfterValidator(some)] = Field(
        default=("az-snp-vtpm",), description="Kinds of confidential VM that may attest"
    )
    generations: Annotated[tuple[DnsLabel, ...], AfterValidator(distinct)] = Field(
        default=(),
        description="Generations of processors whose hosts may attest, out of platform-values/azure.yaml; without it, all that"
        " it has for tees",
    )
    allow_any_platform: Flag = Field(
        default=False,
        description="Ask nothing of the paravisor and the host. Anybody with a machine of the kind can then attest as any guest;"
        " only for a trial without secrets",
    )
    image_policy: Literal["insecure", "reject", "signed"] = Field(
        default="reject",
        description="Which container images a confidential pod may run: insecure any, signed those with a valid signature,"
        " reject none",
    )
    signed_images: tuple[SignedImageSection, ...] = Field(
        default=(), description="With imagePolicy signed: which images may run, and the key that signed them"
    )

    @property
    def trial(self) -> bool:
        """Whether this is a stack that protects no secret: it takes values that nobody verified, or any platform."""
        return self.allow_unverified_reference_values or self.allow_any_platform


class AcceptedAdvisorySection(Section):
    """An advisory of advisories.yaml that applies to this stack and that its owner lives with, for a time."""

    until: Day = Field(description="Last day on which it is accepted, at most a year ahead")
    reason: Annotated[str, Field(min_length=1)] = Field(description="Why it can be lived with")


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
        settings = AgentSettings(
            exec_commands=self.exec_commands,
            exec=self.exec,
            write_stdin=self.write_stdin,
            set_policy=self.set_policy,
        )
        return powers.of_settings(settings).full


class PersistenceSection(Section):
    """What a workload with a file persistence.yaml saves, and from what it may start."""

    kind: Literal["objectStore"] = Field(
        description="objectStore: encrypted snapshots of one volume in coco:objectStore"
    )
    floor: Whole = Field(
        default=0,
        ge=0,
        le=9_999_999_999,
        description="Oldest version of a snapshot that a pod may start from. Raise it as versions are seen in the store. 0 lets the pod"
        " start empty where the store has no snapshot",
    )


class WorkloadSection(Section):
    """A confidential workload, workloads/<name>/: where it may run, and what its owner gives away. Nothing, unless said here."""

    spokes: Annotated[tuple[DnsLabel, ...], AfterValidator(some)] = Field(
        description="Names of the stacks that may run it; the name is part of what is measured"
    )
    exec_commands: Mapping[
        DnsLabel, Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(some)]
    ] = Field(
        default={},
        description="By container, exact command lines that whoever runs the spoke may execute in it",
    )
    read_logs: Flag = Field(default=False, description="The containers' output may be read")
    untrusted_input: Annotated[tuple[DnsLabel, ...], AfterValidator(distinct)] = Field(
        default=(),
        description="Volumes of ConfigMaps and Secrets, whose content whoever runs the spoke can change at any time; the"
        " application must trust nothing in them",
    )

    persistence: PersistenceSection | None = Field(
        default=None, description=f"{PersistenceSection.__doc__} Without it nothing outlives a pod"
    )

    @property
    def grants(self) -> Grants:
        """What the owner gives away. Commands that are no command lines are left out: `config.rules` refuses them."""
        commands: dict[str, list[list[str]]] = {}
        for container, lines in self.exec_commands.items():
            for line in lines:
                with suppress(PolicyError):
                    commands.setdefault(container, []).append(arguments(line))
        return Grants(
            exec_commands=commands,
            read_logs=self.read_logs,
            untrusted_input=frozenset(self.untrusted_input),
        )


class ServedSecretSection(Section):
    """A secret that Trustee serves at kbs:///default/<name>/<key>."""

    source: Literal["generated", "config", "keyVault", "vault"] = Field(
        description="generated: 32 random letters and digits a key, kept encrypted in the state; config: from the secret key"
        " coco:secretValues; keyVault: the secrets <name>-<key> of coco:externalSecrets.keyVault; vault: the fields <key> of"
        " the secret <name> in coco:externalSecrets.vault"
    )
    keys: Annotated[tuple[SecretKey, ...], AfterValidator(some)] = Field(description="Keys of the secret")
    readable_by: Annotated[tuple[DnsLabel, ...], AfterValidator(distinct)] = Field(
        description="Workloads and profiles whose pods may read it; an empty list: none"
    )
    sealed: Flag = Field(
        default=False,
        description="Publish sealed secrets that stand for its keys, for applications that know nothing of Trustee",
    )
    allow_unpinned: Flag = Field(
        default=False,
        description="Let profiles read it, which do not pin what runs: whoever runs the spoke chooses the image and the command,"
        " and so can read the secret. A workload pins both",
    )
    allow_debug: Flag = Field(
        default=False,
        description="Let profiles read it that allow any command or a change of policy, which gives it to the owner of the"
        " spoke",
    )


class ObjectStoreSection(Section):
    """The storage account, in the hub's subscription, for snapshots of workloads with persistence."""

    account: StorageAccount = Field(
        description="Name of the storage account that the stack makes, unique in Azure"
    )
    redundancy: Literal["LRS", "ZRS", "GRS", "GZRS"] = Field(
        default="ZRS",
        description="How Azure keeps copies: LRS in one data centre, ZRS in several of the region, GRS and GZRS in a second region too",
    )
    keep_days: Whole = Field(
        default=30,
        ge=1,
        le=3650,
        description="How many days no snapshot can be changed or deleted, by anybody, after it was written",
    )
    credentials_until: Day = Field(
        description="Last day on which the pods' credential for the store works, at most a year ahead"
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

    refresh_minutes: Whole = Field(
        default=60, ge=1, le=1440, description="How often values are fetched; the next update serves them"
    )
    key_vault: KeyVaultSection | None = Field(default=None, description=KeyVaultSection.__doc__)
    vault: VaultSection | None = Field(default=None, description=VaultSection.__doc__)


class TrustedZone(Section):
    """The sections that only a stack with Trustee has."""

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
    accepted_advisories: Mapping[DnsLabel, AcceptedAdvisorySection] = Field(
        default={}, description="Advisories of advisories.yaml that are accepted, by name"
    )
    guest: GuestSection = Field(default=GuestSection(), description=GuestSection.__doc__)
    workloads: Mapping[DnsLabel, WorkloadSection] = Field(
        default={}, description="Confidential workloads by name, each a folder of workloads/"
    )
    revoked: Annotated[tuple[DnsLabel, ...], AfterValidator(distinct)] = Field(
        default=(), description="Spokes whose workloads attest no longer, whatever else names them"
    )
    secrets: Mapping[DnsLabel, ServedSecretSection] = Field(
        default={}, description="Secrets that Trustee serves, by name"
    )
    object_store: ObjectStoreSection | None = Field(default=None, description=ObjectStoreSection.__doc__)
    external_secrets: ExternalSecretsSection = Field(
        default=ExternalSecretsSection(), description=ExternalSecretsSection.__doc__
    )
