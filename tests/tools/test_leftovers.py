"""What a stack left in Azure is found by its tag, told from what the stack owns, and comes with the command that deletes it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tools import azure_server
from tests.tools.azure_server import TOKEN, AzureServer
from tests.tools.ran import ran
from tools import leftovers as leftovers_command

SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
MACHINES = f"{SUBSCRIPTION}/resourceGroups/coco-dev-spoke_managed/providers"
NAT = (
    f"{SUBSCRIPTION}/resourceGroups/coco-dev-spoke/providers/Microsoft.Network/natGateways/coco-dev-spoke-nat"
)


def _found(kind: str, name: str) -> dict[str, Any]:
    return {"type": kind, "name": name, "id": f"{MACHINES}/{kind}/{name}"}


# In the group of the machines, without a tag: the first two are of peer pods, the other ones are of the cluster.
IN_THE_GROUP = [
    _found("Microsoft.Compute/disks", "podvm-a-disk"),
    _found("Microsoft.Compute/galleries", "PodVMGallery_1a2b3c4d"),
    _found("Microsoft.Compute/virtualMachines", "podvm-a"),
    _found("Microsoft.Compute/disks", "coco-dev-spoke-x7f-master-0_OSDisk"),
    _found("Microsoft.Storage/storageAccounts", "imageregistryx7f"),
]
RESOURCES = [
    _found("Microsoft.Network/networkInterfaces", "podvm-a-net"),
    _found("microsoft.compute/virtualMachines", "podvm-a"),
    _found("Microsoft.Insights/metricAlerts", "x"),
    {"type": "Microsoft.Network/natGateways", "name": "coco-dev-spoke-nat", "id": NAT.upper()},
]


@pytest.fixture
def azure() -> Iterator[AzureServer]:
    made = AzureServer(
        {
            f"{SUBSCRIPTION}/resources": {"value": RESOURCES},
            f"{SUBSCRIPTION}/resourceGroups/coco-dev-spoke_managed/resources": {"value": IN_THE_GROUP},
        }
    )
    yield made
    made.close()


def _export(folder: Path, *, peer_pods: bool) -> str:
    stack = "urn:pulumi:dev-spoke::coco::"
    resources: list[dict[str, Any]] = [
        {"urn": f"{stack}pulumi:pulumi:Stack::coco-dev-spoke", "type": "pulumi:pulumi:Stack"},
        {
            "urn": f"{stack}azure-native:network:NatGateway::egress-gateway",
            "type": "azure-native:network:NatGateway",
            "id": NAT,
            "custom": True,
        },
    ]
    if peer_pods:
        resources.append(
            {
                "urn": f"{stack}kubernetes:core/v1:ConfigMap::peer-pods-cm",
                "type": "kubernetes:core/v1:ConfigMap",
                "id": "openshift-sandboxed-containers-operator/peer-pods-cm",
                "custom": True,
                "inputs": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "peer-pods-cm"}},
            }
        )
    path = folder / "export.json"
    path.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    return str(path)


def leftovers(azure: AzureServer, tmp_path: Path, *options: str, az: str = f"echo {TOKEN}") -> Any:
    path = azure_server.az(tmp_path / "bin", az)
    arguments = ["dev-spoke", "--json", "--endpoint", azure.endpoint, *options]
    done = ran(leftovers_command.main, *arguments, path=path)
    return done.code, json.loads(done.out)["leftovers"] if done.out else None, done.err


def test_what_the_stack_owns_is_no_leftover_and_the_rest_is_listed_as_it_can_be_deleted(
    azure: AzureServer, tmp_path: Path
) -> None:
    code, found, _ = leftovers(azure, tmp_path, "--from", _export(tmp_path, peer_pods=False))
    assert code == 1
    assert [one["command"].partition(" --")[0] for one in found] == [
        "az vm delete",
        "az network nic delete",
        "az disk delete",
        "az sig delete",
        "az resource delete",
    ]
    assert all(one["id"] in one["command"] and not one["may_be_in_use"] for one in found)
    assert azure.asked[f"{SUBSCRIPTION}/resources"]["$filter"] == [
        "tagName eq 'coco-stack' and tagValue eq 'dev-spoke'"
    ]


def test_machines_of_a_spoke_that_runs_may_be_in_use_but_a_gallery_is_not(
    azure: AzureServer, tmp_path: Path
) -> None:
    _, found, _ = leftovers(azure, tmp_path, "--from", _export(tmp_path, peer_pods=True))
    in_use = {one["type"].rsplit("/", 1)[-1] for one in found if one["may_be_in_use"]}
    assert in_use == {"virtualMachines", "networkInterfaces", "disks"}


def _in_group(group: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "type": kind,
        "name": name,
        "id": f"{SUBSCRIPTION}/resourceGroups/{group}/providers/{kind}/{name}",
    }


@pytest.mark.parametrize("infra", ["lab-x7f2a", "coco-dev-spoke-x7f2a"])
@pytest.mark.parametrize("gone", [False, True])
def test_the_machines_of_a_self_managed_cluster_are_never_given_a_command_to_delete_them(
    azure: AzureServer, tmp_path: Path, gone: bool, infra: str
) -> None:
    """openshift-install gives them the stack's tag too."""
    cluster = [
        _in_group(f"{infra}-rg", "Microsoft.Compute/virtualMachines", f"{infra}-master-0"),
        _in_group(f"{infra}-rg", "Microsoft.Compute/disks", f"{infra}-master-0_OSDisk"),
    ]
    left = [
        _in_group(f"{infra}-rg", "Microsoft.Compute/virtualMachines", "podvm-a"),
        _in_group("coco-dev-spoke", "Microsoft.Network/publicIPAddresses", "forgotten"),
    ]
    azure.pages = {f"{SUBSCRIPTION}/resources": {"value": [*cluster, *left]}}
    export = Path(_export(tmp_path, peer_pods=False))
    state = json.loads(export.read_text())
    urn = "urn:pulumi:dev-spoke::coco::command:local:Command::cluster-installation"
    state["deployment"]["resources"].append(
        {"urn": urn, "type": "command:local:Command", "id": "x", "custom": True}
    )
    export.write_text(json.dumps(state))
    _, found, _ = leftovers(azure, tmp_path, *(["--gone"] if gone else ["--from", str(export)]))
    wanted = [*cluster, *left] if gone else left
    assert {one["id"] for one in found} == {each["id"] for each in wanted}


def test_a_destroyed_stack_owns_nothing(azure: AzureServer, tmp_path: Path) -> None:
    _, found, _ = leftovers(azure, tmp_path, "--gone")
    assert len(found) == len(RESOURCES) + 2


def test_nothing_left_is_said_with_exit_code_0(azure: AzureServer, tmp_path: Path) -> None:
    azure.pages = {f"{SUBSCRIPTION}/resources": {"value": RESOURCES[-1:]}}
    code, found, _ = leftovers(azure, tmp_path, "--from", _export(tmp_path, peer_pods=True))
    assert (code, found) == (0, [])


@pytest.mark.parametrize(
    ("az", "options", "words"),
    [
        ("exit 1", ["--gone"], "az login"),
        (f"echo {TOKEN}", ["--from", "no-such-file"], "cannot be read"),
        (f"echo {TOKEN}", ["--gone", "--stacks", "no-such-folder"], "names no subscription"),
    ],
)
def test_what_cannot_be_asked_is_no_empty_list(
    azure: AzureServer, tmp_path: Path, az: str, options: list[str], words: str
) -> None:
    code, found, said = leftovers(azure, tmp_path, *options, az=az)
    assert (code, found) == (2, None)
    assert words in said


def test_a_refused_question_is_no_empty_list(azure: AzureServer, tmp_path: Path) -> None:
    azure.pages[f"{SUBSCRIPTION}/resources"] = {
        "status": 403,
        "error": {"code": "AuthorizationFailed", "message": "no"},
    }
    code, found, said = leftovers(azure, tmp_path, "--gone")
    assert (code, found) == (2, None)
    assert "AuthorizationFailed" in said
