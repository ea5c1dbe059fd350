"""What a stack needs of Azure is counted right, and each thing that is missing is found and has its fix.

A server on loopback answers as Azure Resource Manager documents it; `az` is a script that prints a token.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.committed import ROOT
from tests.tools import azure_server
from tests.tools.azure_server import TOKEN, AzureServer
from tests.tools.ran import ran
from tools.arm import Arm, Missing, Unanswered
from tools.preflight import __main__ as preflight_command
from tools.preflight.needs import vcpus

SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
COMPUTE = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
ARO = f"{SUBSCRIPTION}/providers/Microsoft.RedHatOpenShift"


def _sku(name: str, family: str, cores: int, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "family": family,
        "capabilities": [{"name": "vCPUs", "value": str(cores)}],
        "locationInfo": [{"location": "eastus2", "zones": ["2", "1", "3"]}],
        "restrictions": [],
        **more,
    }


def _usage(name: str, limit: int, used: int = 0) -> dict[str, Any]:
    return {"name": {"value": name}, "limit": limit, "currentValue": used}


def answers() -> dict[str, Any]:
    """An Azure that is ready for dev-spoke."""
    namespaces = ("Compute", "Network", "Storage", "Authorization", "RedHatOpenShift", "ManagedIdentity")
    return {
        f"{SUBSCRIPTION}/providers/Microsoft.Authorization/permissions": {
            "value": [
                {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]},
                {"actions": ["Microsoft.Authorization/*"], "notActions": []},
            ]
        },
        **{
            f"{SUBSCRIPTION}/providers/Microsoft.{name}": {"registrationState": "Registered"}
            for name in namespaces
        },
        f"{COMPUTE}/skus": {
            "value": [
                _sku("Standard_D8s_v5", "standardDSv5Family", 8),
                _sku("Standard_D4s_v5", "standardDSv5Family", 4),
                *(_sku(f"Standard_DC{n}as_v5", "standardDCASv5Family", n) for n in (2, 4, 8, 16)),
            ]
        },
        f"{COMPUTE}/locations/eastus2/usages": {
            "value": [
                _usage("cores", 104),
                _usage("standardDSv5Family", 50, 6),
                _usage("standardDCASv5Family", 60),
            ]
        },
        f"{ARO}/locations/eastus2/openshiftversions": {
            "value": [{"properties": {"version": version}} for version in ("4.19.20", "4.20.15", "4.9.1")]
        },
        f"{ARO}/openShiftClusters": {"value": []},
    }


@pytest.fixture
def azure() -> Iterator[AzureServer]:
    made = AzureServer(answers())
    yield made
    made.close()


def preflight(
    azure: AzureServer,
    tmp_path: Path,
    stack: str = "dev-spoke",
    *,
    az: str | None = None,
    folder: Path = ROOT / "stacks",
) -> Any:
    path = azure_server.az(tmp_path / "bin", az or f"echo {TOKEN}")
    arguments = ("--json", "--endpoint", azure.endpoint, "--stacks", str(folder))
    done = ran(preflight_command.main, stack, *arguments, path=path)
    return done.code, json.loads(done.out) if done.out else None, done.err


def not_ready(document: Any) -> list[tuple[str, str, str]]:
    return [(one["what"], one["found"], one["fix"]) for one in document["checks"] if one["state"] != "ready"]


def test_an_azure_that_has_all_is_ready_and_is_asked_with_the_token_of_the_login(
    azure: AzureServer, tmp_path: Path
) -> None:
    code, document, _ = preflight(azure, tmp_path)
    assert not_ready(document) == []
    assert code == 0
    assert azure.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in json.dumps(document)
    assert azure.asked[f"{COMPUTE}/skus"]["$filter"] == ["location eq 'eastus2'"]
    assert len(document["checks"]) > 15


def _change(path: str, change: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def apply(pages: dict[str, Any]) -> None:
        pages[path] = change(pages[path])

    return apply


def _group(**content: Any) -> Callable[[dict[str, Any]], None]:
    def apply(pages: dict[str, Any]) -> None:
        pages[f"{SUBSCRIPTION}/resourcegroups/coco-dev-spoke_managed"] = content

    return apply


QUOTA = f"{COMPUTE}/locations/eastus2/usages"
MISSING = [
    pytest.param(
        _change(
            f"{SUBSCRIPTION}/providers/Microsoft.Authorization/permissions",
            lambda page: {
                "value": [page["value"][0], {"actions": ["Microsoft.Authorization/roleDefinitions/*"], "notActions": []}]
            },
        ),
        "your login may do Microsoft.Authorization/roleAssignments/write",
        "User Access Administrator",
        id="rights",
    ),
    pytest.param(
        _change(f"{SUBSCRIPTION}/providers/Microsoft.RedHatOpenShift", lambda _: {"registrationState": "NotRegistered"}),
        "Microsoft.RedHatOpenShift is registered",
        "az provider register --subscription 00000000-0000-4000-8000-000000000001 --namespace Microsoft.RedHatOpenShift --wait",
        id="provider",
    ),
    pytest.param(
        _change(QUOTA, lambda page: {"value": [_usage("cores", 104), _usage("standardDSv5Family", 50, 7), page["value"][2]]}),
        "quota of 44 vCPU, standardDSv5Family",
        "request 1 more vCPU of standardDSv5Family in eastus2",
        id="quota of a family",
    ),
    pytest.param(
        _change(QUOTA, lambda page: {"value": [_usage("cores", 103), *page["value"][1:]]}),
        "quota of 104 vCPU, all families together",
        "request 1 more vCPU of cores in eastus2",
        id="quota of the region",
    ),
    pytest.param(
        _change(QUOTA, lambda page: {"value": page["value"][:2]}),
        "quota of 60 vCPU, standardDCASv5Family",
        "az vm list-usage --location eastus2",
        id="no quota at all",
    ),
    pytest.param(
        _change(f"{COMPUTE}/skus", lambda page: {"value": page["value"][:-1]}),
        "Standard_DC16as_v5 can be used in eastus2",
        "az vm list-skus --location eastus2",
        id="size",
    ),
    pytest.param(
        _change(
            f"{COMPUTE}/skus",
            lambda page: {
                "value": [
                    *page["value"][:-1],
                    page["value"][-1] | {"restrictions": [{"type": "Location", "reasonCode": "NotAvailableForSubscription"}]},
                ]
            },
        ),
        "Standard_DC16as_v5 can be used in eastus2",
        "support request",
        id="size restricted",
    ),
    pytest.param(
        _change(
            f"{COMPUTE}/skus",
            lambda page: {
                "value": [
                    *page["value"][:-1],
                    page["value"][-1]
                    | {"capabilities": [{"name": "vCPUs", "value": "16"}, {"name": "DiskControllerTypes", "value": "NVMe"}]},
                ]
            },
        ),
        "Standard_DC16as_v5 starts from OSC's pod VM image",
        "choose a size that takes SCSI",
        id="disk controller",
    ),
    pytest.param(
        _change(f"{ARO}/locations/eastus2/openshiftversions", lambda page: {"value": page["value"][:1]}),
        "ARO offers OpenShift 4.20.15",
        "cluster.version",
        id="version",
    ),
    pytest.param(
        _change(
            f"{ARO}/openShiftClusters",
            lambda _: {
                "value": [
                    {
                        "id": f"{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.RedHatOpenShift/openShiftClusters/x",
                        "location": "eastus2",
                        "properties": {"clusterProfile": {"domain": "dev-spoke"}},
                    }
                ]
            },
        ),
        "the domain dev-spoke is free",
        "another cluster.domain",
        id="domain",
    ),
    pytest.param(
        _group(tags={"team": "other"}),
        "the resource group coco-dev-spoke_managed is free, or this stack's",
        "az group delete --name coco-dev-spoke_managed",
        id="group",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "what", "fix"), MISSING)
def test_each_thing_that_is_missing_is_the_only_one_found_and_has_its_fix(
    azure: AzureServer, tmp_path: Path, spoil: Callable[[dict[str, Any]], None], what: str, fix: str
) -> None:
    spoil(azure.pages)
    code, document, _ = preflight(azure, tmp_path)
    [(found, _, said)] = not_ready(document)
    assert found == what
    assert fix in said
    assert code == 1


@pytest.mark.parametrize("controllers", ["SCSI", "SCSI, NVMe", "NVMe,SCSI", None])
def test_a_size_that_takes_scsi_among_others_starts_from_the_image(
    azure: AzureServer, tmp_path: Path, controllers: str | None
) -> None:
    if controllers:
        said = [{"name": "vCPUs", "value": "16"}, {"name": "DiskControllerTypes", "value": controllers}]
        azure.pages[f"{COMPUTE}/skus"]["value"][-1]["capabilities"] = said
    _, document, _ = preflight(azure, tmp_path)
    assert not_ready(document) == []


def test_a_group_and_a_domain_of_the_stack_itself_are_no_obstacle(azure: AzureServer, tmp_path: Path) -> None:
    cluster = f"{SUBSCRIPTION}/resourceGroups/coco-dev-spoke/providers/Microsoft.RedHatOpenShift/openShiftClusters/c"
    azure.pages[f"{SUBSCRIPTION}/resourcegroups/coco-dev-spoke"] = {"tags": {"coco-stack": "dev-spoke"}}
    azure.pages[f"{SUBSCRIPTION}/resourcegroups/coco-dev-spoke_managed"] = {"managedBy": cluster}
    azure.pages[f"{ARO}/openShiftClusters"] = {
        "value": [
            {
                "id": cluster,
                "location": "eastus2",
                "properties": {"clusterProfile": {"domain": "dev-spoke"}},
            }
        ]
    }
    code, document, _ = preflight(azure, tmp_path)
    assert (code, not_ready(document)) == (0, [])


def test_a_question_that_azure_does_not_answer_is_not_taken_for_ready(
    azure: AzureServer, tmp_path: Path
) -> None:
    azure.pages[QUOTA] = {"status": 403, "error": {"code": "AuthorizationFailed", "message": "no"}}
    code, document, _ = preflight(azure, tmp_path)
    (one,) = [each for each in document["checks"] if each["state"] == "not checked"]
    assert "AuthorizationFailed" in one["found"]
    assert code == 0


@pytest.mark.parametrize("az", ["exit 1", "true"])
def test_without_a_login_the_list_and_the_sums_are_printed(
    azure: AzureServer, tmp_path: Path, az: str
) -> None:
    code, document, said = preflight(azure, tmp_path, az=az)
    assert code == 2
    assert "az login" in said
    assert document["needs"]["vcpus"] == 104
    assert document["needs"]["machines"] == {
        "Standard_D8s_v5": 4,
        "Standard_D4s_v5": 3,
        "Standard_DC2as_v5": 30,
    }
    assert azure.asked == {}


def test_managed_identities_need_a_right_and_a_provider_more(azure: AzureServer, tmp_path: Path) -> None:
    _, document, _ = preflight(azure, tmp_path, "managed-spoke", az="exit 1")
    needs = document["needs"]
    assert "Microsoft.ManagedIdentity" in needs["providers"]
    assert "Microsoft.Authorization/roleDefinitions/write" in needs["actions"]
    assert needs["groups"][-1] == "coco-managed-spoke_peer-pods"


def test_a_vpn_needs_the_rights_to_make_a_gateway_and_its_connections(
    azure: AzureServer, tmp_path: Path
) -> None:
    _, document, _ = preflight(azure, tmp_path, "vpn-hub", az="exit 1")
    network = {each for each in document["needs"]["actions"] if each.startswith("Microsoft.Network/")}
    assert network == {
        f"Microsoft.Network/{each}/write"
        for each in ("virtualNetworks", "virtualNetworkGateways", "localNetworkGateways", "connections")
    }


ZONE = f"{SUBSCRIPTION}/resourceGroups/dns/providers/Microsoft.Network/dnsZones/example.com"


@pytest.mark.parametrize("there", [True, False])
def test_a_self_managed_cluster_needs_the_dns_zone_of_its_names(
    azure: AzureServer, tmp_path: Path, there: bool
) -> None:
    if there:
        azure.pages[ZONE] = {"id": ZONE}
    code, document, _ = preflight(azure, tmp_path, "selfmanaged-hub")
    found = not_ready(document)
    assert [what for what, _, _ in found] == (
        [] if there else ["the public DNS zone example.com is in resource group dns"]
    )
    assert code == (0 if there else 1)
    if not there:
        assert "az network dns zone create --resource-group dns --name example.com" in found[0][2]
    assert f"{ARO}/locations/eastus2/openshiftversions" not in azure.asked, "ARO's versions are not its"
    _, document, _ = preflight(azure, tmp_path, "selfmanaged-hub", az="exit 1")
    assert document["needs"]["machines"] == {"Standard_D8s_v5": 4, "Standard_D4s_v5": 3}
    assert document["needs"]["groups"] == ["coco-selfmanaged-hub"]


FEATURE = f"{SUBSCRIPTION}/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost"


@pytest.mark.parametrize("state", ["Registered", "NotRegistered", "Pending", None])
def test_encryption_at_host_needs_a_feature_of_the_subscription(
    azure: AzureServer, tmp_path: Path, state: str | None
) -> None:
    """Without it Azure refuses the cluster's first machine."""
    if state is not None:
        azure.pages[FEATURE] = {"properties": {"state": state}}
    text = (ROOT / "stacks/Pulumi.dev-spoke.yaml").read_text()
    (tmp_path / "Pulumi.dev-spoke.yaml").write_text(
        text.replace("    kind: aro\n", "    kind: aro\n    encryptionAtHost: true\n")
    )
    _, document, _ = preflight(azure, tmp_path, folder=tmp_path)
    (found,) = [one for one in document["checks"] if "EncryptionAtHost" in one["what"]]
    assert found["state"] == ("ready" if state == "Registered" else "missing")
    if state != "Registered":
        assert "az feature register --namespace Microsoft.Compute --name EncryptionAtHost" in found["fix"]


def test_a_stack_without_a_valid_file_is_refused(azure: AzureServer, tmp_path: Path) -> None:
    code, document, said = preflight(azure, tmp_path, "no-such")
    assert (code, document) == (2, None)
    assert "Pulumi.no-such.yaml" in said


def test_the_pages_of_a_list_are_followed_and_only_at_the_same_address(azure: AzureServer) -> None:
    azure.pages["/list"] = {"value": [{"n": 1}], "nextLink": f"{azure.endpoint}/more?x=1"}
    azure.pages["/more"] = {"value": [{"n": 2}], "nextLink": "http://elsewhere.example/more"}
    entries = Arm(TOKEN, azure.endpoint).every("/list", "2024-01-01")
    assert [next(entries), next(entries)] == [{"n": 1}, {"n": 2}]
    with pytest.raises(Unanswered, match="another address"):
        next(entries)


def test_what_is_not_there_can_be_told_from_what_is_refused(azure: AzureServer) -> None:
    arm = Arm(TOKEN, azure.endpoint)
    with pytest.raises(Missing):
        arm.get("/none", "2024-01-01")
    azure.pages["/text"] = {"status": 500}
    with pytest.raises(Unanswered, match="500"):
        arm.get("/text", "2024-01-01")


@pytest.mark.parametrize(
    ("size", "cores"), [("Standard_DC2as_v5", 2), ("Standard_EC96ads_v6", 96), ("Standard_D4s_v5", 4)]
)
def test_a_size_says_how_many_vcpus_it_has(size: str, cores: int) -> None:
    assert vcpus(size) == cores
