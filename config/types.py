"""The annotated types of a stack file. Pure."""

from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Strict, WithJsonSchema
from pydantic.alias_generators import to_camel

from config.markers import Parsed, Range, Text, refuse
from model import stacks, versions
from model.azure import vm_sizes
from model.paths import ResourcePath


class Section(BaseModel):
    """A mapping of a stack file: camelCase keys there, snake_case here; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


Flag = Annotated[
    bool, Strict()
]  # strict: in YAML 1.2 `no` is a text, and a text must never become a permission
Whole = Annotated[int, Strict()]

Guid = Annotated[
    str,
    Text(
        pattern="[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        rule="must be a GUID in lower case",
        fix="copy the id as `az` prints it, for example 6f1c2a34-0d5e-4b7a-9c11-2f3e4d5c6b7a",
    ),
]
Version = Annotated[
    versions.Version,
    Parsed(
        parse=versions.Version,
        pattern=versions.Version.PATTERN,
        rule="must be a full version of three numbers",
        fix='write all three, in quotes where YAML would read a number, for example "1.13.1"',
    ),
]
OperatorVersion = Annotated[
    versions.OperatorVersion,
    Parsed(
        parse=versions.OperatorVersion,
        pattern=versions.OperatorVersion.PATTERN,
        rule="must be a full version of three numbers, or the word present",
        fix='write all three, for example "1.18.0", or present where somebody else installed the operator',
    ),
]
DnsLabel = Annotated[
    str,
    Text(
        pattern="[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?",
        rule="must be a name that Kubernetes takes: lower-case letters, digits and inner hyphens, at most 63",
        fix="rename it, for example web-1",
    ),
]
SecretKey = Annotated[
    str,
    Text(
        # kubectl explain secret.data; the Trustee operator passes over keys with a dot in front (secret-converter).
        pattern="[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,252}",
        rule="must be a key that Kubernetes and Trustee take: letters, digits, '-', '_' and inner '.', at most 253",
        fix="rename it, for example key1",
    ),
]
AzureLocation = Annotated[
    str,
    Text(
        pattern="[a-z]+[a-z0-9]*",
        rule="must be the short name of an Azure region",
        fix="write it as `az account list-locations` does under name, for example eastus2",
    ),
]
StackName = Annotated[
    stacks.StackName,
    Parsed(
        parse=stacks.StackName,
        pattern=stacks.StackName.PATTERN,
        rule="must be the full name of a stack, organization/project/stack",
        fix="with a state backend of your own the organization is the word organization, for example organization/coco/dev-hub",
    ),
]
# The first label of 2 to 63 characters starts with a letter (ARO-RP, pkg/api/validate); Azure appends
# .<region>.aroapp.io to a bare one.
AroDomain = Annotated[
    str,
    Text(
        pattern="[a-z][-a-z0-9]{0,61}[a-z0-9](?:[.][a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*",
        rule="must be a domain that ARO takes: labels of lower-case letters, digits and inner hyphens, the first of at"
        " least two characters and starting with a letter",
        fix="rename it, for example dev-hub",
    ),
]
VmSize = Annotated[
    str,
    Text(
        pattern="Standard_[A-Za-z0-9_-]+",
        rule="must be one Azure VM size without spaces",
        fix="write it as `az vm list-skus` does, for example Standard_DC2as_v5",
    ),
]


def _control_plane(size: str) -> str:
    if size not in vm_sizes.ARO_CONTROL_PLANE:
        raise refuse("must be a VM size that ARO takes for control-plane nodes", "use Standard_D8s_v5")
    return size


def _worker(size: str) -> str:
    if size not in vm_sizes.ARO_WORKERS:
        fix = "use Standard_D4s_v5; nodes are never confidential, only the VMs under peerPods are"
        raise refuse("must be a VM size that ARO takes for workers", fix)
    return size


def _confidential(size: str) -> str:
    if size.startswith("Standard_NCC"):
        raise refuse(
            "must be a size without a GPU, because no profile or policy here attests one: neither the GPU's evidence nor its"
            " reference values reach Trustee",
            "use a size of the DC or EC families, for example Standard_DC2as_v5",
        )
    if vm_sizes.tee_of(size) is None:
        fix = "use a size of the DCasv5, DCesv5, ECasv5 or ECesv5 families or their successors"
        raise refuse("must be a confidential VM size", f"{fix}, for example Standard_DC2as_v5")
    return size


def _enum(sizes: frozenset[str]) -> WithJsonSchema:
    return WithJsonSchema({"enum": sorted(sizes)})


ControlPlaneSize = Annotated[VmSize, AfterValidator(_control_plane), _enum(vm_sizes.ARO_CONTROL_PLANE)]
WorkerSize = Annotated[VmSize, AfterValidator(_worker), _enum(vm_sizes.ARO_WORKERS)]
ConfidentialSize = Annotated[VmSize, AfterValidator(_confidential), _enum(vm_sizes.CONFIDENTIAL)]
Day = Annotated[
    date,
    Parsed(
        parse=date.fromisoformat,
        pattern="[0-9]{4}-[0-9]{2}-[0-9]{2}",
        rule="must be a day of the calendar, year first",
        fix='write it in quotes, for example "2027-03-01"',
    ),
]
ResourceGroupName = Annotated[
    str,
    Text(
        pattern="[-A-Za-z0-9_.()]{0,89}[-A-Za-z0-9_()]",
        rule="must be the name of a resource group",
        fix="write it as `az group list` does under name",
    ),
]
VnetId = Annotated[
    str,
    Text(
        pattern="/subscriptions/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/resourceGroups/[-A-Za-z0-9_.()]{1,90}"
        "/providers/Microsoft[.]Network/virtualNetworks/[-A-Za-z0-9_.]{2,64}",
        rule="must be the id of a virtual network",
        fix="copy it from: az network vnet show --query id; it begins with /subscriptions/ and ends with /virtualNetworks/<name>",
    ),
]
VpnGatewayId = Annotated[
    str,
    Text(
        pattern="/subscriptions/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/resourceGroups/[-A-Za-z0-9_.()]{1,90}"
        "/providers/Microsoft[.]Network/virtualNetworkGateways/[-A-Za-z0-9_.]{1,80}",
        rule="must be the id of a VPN gateway",
        fix="copy it from: az network vnet-gateway show --query id; that of a stack is called coco-<stack>-vpn in the group coco-<stack>",
    ),
]
DiskEncryptionSetId = Annotated[
    str,
    Text(
        pattern="/subscriptions/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/resourceGroups/[-A-Za-z0-9_.()]{1,90}"
        "/providers/Microsoft[.]Compute/diskEncryptionSets/[-A-Za-z0-9_]{1,80}",
        rule="must be the id of a disk encryption set",
        fix="copy it from: az disk-encryption-set show --query id",
    ),
]
SubnetName = Annotated[
    str,
    Text(
        pattern="[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,78}[A-Za-z0-9_])?",
        rule="must be the name of a subnet",
        fix="write the name alone, as `az network vnet subnet list` does, for example openshift-workers",
    ),
]
StorageAccount = Annotated[
    str,
    Text(
        pattern="[a-z0-9]{3,24}",
        rule="must be a name that Azure takes for a storage account: 3 to 24 lower-case letters and digits",
        fix="rename it, for example cocodevhub7f3a; no other account of Azure may have it",
    ),
]
HttpsUrl = Annotated[
    str,
    Text(
        pattern="https://[A-Za-z0-9.-]+(?::[0-9]+)?",
        rule="must be an https address without a path",
        fix="write https://<host>, with :<port> where it is not 443",
    ),
]
HostName = Annotated[
    str,
    Text(
        pattern="(?=.{4,253}$)(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?[.])+[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?",
        rule="must be a host name in full: at least two labels of lower-case letters, digits and inner hyphens",
        fix="write it without scheme, port and last dot, for example kbs.example.com",
    ),
]
Repository = Annotated[
    str,
    Text(
        pattern="[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)*",
        rule="must be a registry or a repository without scheme, tag and digest",
        fix="write it as images name it, for example registry.access.redhat.com/ubi9",
    ),
]
ServedKey = Annotated[
    ResourcePath,
    Parsed(
        parse=lambda text: ResourcePath.parse(f"default/{text}"),
        write=lambda path: f"{path.secret}/{path.key}",
        pattern="[a-z0-9-]+/[-._a-zA-Z0-9]+",
        rule="must be the name of a served secret and one of its keys",
        fix="write <secret>/<key>, for example cosign-keys/release",
    ),
]
# A path that stays in the project: what is outside of it is not reviewed with the stack file.
ProjectFile = Annotated[
    str,
    Text(
        pattern="(?!/)(?!(?:.*/)?[.][.](?:/|$)).+",
        rule="must be the path of a file in the project, relative to its root",
        fix="move the file into the project, for example policies/web.rego",
    ),
]
VNetRange = Annotated[IPv4Network, Range(largest=16, smallest=24, example="10.0.0.0/16")]
PodRange = Annotated[IPv4Network, Range(largest=8, smallest=18, example="10.128.0.0/14")]
ServiceRange = Annotated[IPv4Network, Range(largest=8, smallest=22, example="172.30.0.0/16")]
SiteRange = Annotated[IPv4Network, Range(largest=8, smallest=32, example="192.168.0.0/16")]

# What IANA and Azure keep for themselves (VPN Gateway FAQ, "Which ASNs can I use?").
_ASNS_TAKEN = (
    *(
        range(first, last + 1)
        for first, last in ((64496, 64511), (65515, 65515), (65517, 65520), (65535, 65551))
    ),
    (8074, 8075, 12076, 23456, 429496729),
)


def _asn(number: int) -> int:
    if not 1 <= number < 2**32 - 1 or any(number in taken for taken in _ASNS_TAKEN):
        raise refuse(
            "must be an autonomous system number that neither IANA nor Azure keeps for itself",
            "use one of your own, or a private one from 64512 to 65514",
        )
    return number


def _reached(address: IPv4Address) -> IPv4Address:
    # Not is_global, which leaves out the ranges of documentation.
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
    if any(address in IPv4Network(each) for each in (*private, "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3")):
        raise refuse(
            "must be a public IPv4 address, which a gateway in Azure reaches",
            "write the address that the VPN device has outside",
        )
    return address


Asn = Annotated[Whole, AfterValidator(_asn)]
Address = Annotated[
    IPv4Address,
    Parsed(
        parse=IPv4Address,
        pattern=r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}",
        rule="must be an IPv4 address",
        fix="write its four numbers, for example 192.168.10.20",
    ),
]
SiteAddress = Annotated[Address, AfterValidator(_reached)]

# Azure takes at most 50 tags with names up to 512 characters, but two readers of these tags take less: TAGS of
# peer-pods-cm is one comma-separated text without spaces (`config.rules.untrusted`), and a storage account's names end at 128.
TagName = Annotated[
    str,
    Text(
        pattern=r"(?!azure|microsoft|windows)[^\s,=<>%&\\?/]{1,128}",
        rule="must be a tag name without spaces, commas and =<>%&\\?/, at most 128 characters, not starting with azure,"
        " microsoft or windows",
        fix="rename the tag, for example environment",
    ),
]
TagValue = Annotated[
    str,
    Text(
        pattern=r"\S(?:[^\n\r\t]{0,254}\S)?",
        rule="must be a tag value of 1 to 256 characters in one line, without spaces around it",
        fix="shorten it, or write it in one line",
    ),
]


def azure_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    """At most 40, because the operators add to Azure's 50; names differ in more than the case, which Azure ignores."""
    if len(tags) > 40:
        raise refuse("must be at most 40 tags", "remove some: Azure takes 50, and the cluster adds its own")
    if len({name.lower() for name in tags}) != len(tags):
        raise refuse("must not hold two tags whose names differ only in case", "remove or rename one of them")
    return tags


def distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    """Nothing is named twice."""
    if len(set(values)) != len(values):
        raise refuse("must not name an entry twice", "remove the repeated entry")
    return values


def some(values: tuple[str, ...]) -> tuple[str, ...]:
    """Something is named, and nothing twice."""
    if not values:
        raise refuse("must have at least one entry", "add one, or leave the key out where it is optional")
    return distinct(values)
