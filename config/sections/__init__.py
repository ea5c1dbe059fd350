"""The sections of a stack file, and the two zones they belong to.

Pure: no I/O and no pulumi. A field's `description` is the only source of schema.json and of the configuration reference.
Rules about one value are here and in `config.types`, those between values in `config.rules`.
"""

from config.sections.clusters import (
    KINDS,
    AroSection,
    ClusterSection,
    ExistingSection,
    MadeSection,
    SelfManagedSection,
)
from config.sections.clusters.aro import ServicePrincipalSection
from config.sections.guest import GuestSection
from config.sections.network import NetworkSection, SubnetsSection
from config.sections.place import AzureSection, CommonSections, OperatorsSection
from config.sections.trusted import (
    AcceptedAdvisorySection,
    ExternalSecretsSection,
    IssuerSection,
    KeyVaultSection,
    ObjectStoreSection,
    PersistenceSection,
    ProfileSection,
    ServedSecretSection,
    SignedImageSection,
    TrustedZone,
    TrusteeSection,
    VaultSection,
    WorkloadSection,
)
from config.sections.untrusted import (
    PeerPodsSection,
    SamplesSection,
    SandboxedContainersSection,
    UntrustedZone,
)
from config.sections.vpn import BgpSection, SiteSection, VpnSection
from config.types import Section

__all__ = [
    "KINDS",
    "AcceptedAdvisorySection",
    "AroSection",
    "AzureSection",
    "BgpSection",
    "ClusterSection",
    "CommonSections",
    "ExistingSection",
    "ExternalSecretsSection",
    "GuestSection",
    "IssuerSection",
    "KeyVaultSection",
    "MadeSection",
    "NetworkSection",
    "ObjectStoreSection",
    "OperatorsSection",
    "PeerPodsSection",
    "PersistenceSection",
    "ProfileSection",
    "SamplesSection",
    "SandboxedContainersSection",
    "Section",
    "SelfManagedSection",
    "ServedSecretSection",
    "ServicePrincipalSection",
    "SignedImageSection",
    "SiteSection",
    "SubnetsSection",
    "TrustedZone",
    "TrusteeSection",
    "UntrustedZone",
    "VaultSection",
    "VpnSection",
    "WorkloadSection",
]
