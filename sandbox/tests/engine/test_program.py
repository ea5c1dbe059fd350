"""The committed stack files through the embedded engine and the stand-ins, as `make up` runs them."""

import base64
import dataclasses
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sandbox.azure import AzureStandIn
from sandbox.engine import environment, passphrase
from sandbox.engine.display import console
from sandbox.engine.environment import Selection
from sandbox.engine.values import SecretValue, leaves, plain
from sandbox.engine.workspace import Workspace
from sandbox.tests.engine.toy import FEW_ROUNDS

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]
ACTS = {"up": environment.up, "preview": environment.preview, "down": environment.down}

Run = Callable[..., str]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory):
    """The project as it is committed, with stack files to change and state in a folder of its own."""
    folder = tmp_path_factory.mktemp("sandbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passphrase, "_ROUNDS", FEW_ROUNDS)
        made = Workspace(ROOT, folder / ".sandbox")
        shutil.copytree(
            made.project.stacks, folder / "stacks", ignore=shutil.ignore_patterns("*.py", "__pycache__")
        )
        made.project = dataclasses.replace(made.project, stacks=folder / "stacks")
        yield made


@pytest.fixture(scope="module")
def run(workspace: Workspace) -> Run:
    def act(verb: str, stack: str | None = None) -> str:
        out = console()
        with out.capture() as captured:
            succeeded = ACTS[verb](workspace, Selection.of(workspace.project, "dev", stack), out)
        assert succeeded, captured.get()
        return captured.get()

    return act


@pytest.fixture(scope="module")
def up(run: Run) -> str:
    return run("up")


@pytest.mark.parametrize(
    "stack",
    ["dev-hub", "dev-standalone", "managed-hub", "anywhere-hub", "selfmanaged-hub", "private-hub", "vpn-hub"],
)
def test_a_stack_can_be_previewed_before_anything_is_up(run: Run, workspace: Workspace, stack: str) -> None:
    printed = run("preview", stack)
    assert "to create" in printed
    assert not workspace.state(stack).path.exists()


def test_up_ends_with_what_a_person_looks_for(up: str) -> None:
    for words in (
        "dev-hub kbsUrl: https://kbs.",
        "dev-spoke consoleUrl: https://",
        "PCR8 of hardened: ",
        "Next: change",
    ):
        assert words in up
    assert (
        "Stand-in secrets, made by the sandbox and worth nothing: coco:pullSecret, coco:clusterClientSecret"
        in up
    )


@pytest.mark.usefixtures("up")
def test_a_second_up_changes_nothing(run: Run, workspace: Workspace) -> None:
    before = {path: path.read_bytes() for path in sorted(workspace.home.rglob("stacks/*"))}
    assert run("up").count("nothing changes") == 2
    assert {path: path.read_bytes() for path in sorted(workspace.home.rglob("stacks/*"))} == before


def canaries(workspace: Workspace) -> set[str]:
    """What was typed, made up, or is the way into a cluster; other secrets have public parts."""
    found: set[str] = set()
    for path in workspace.home.glob("secrets/*.json"):
        for sealed in json.loads(path.read_text()).values():
            value = json.loads(workspace.keyring.default.decrypt(sealed))
            if isinstance(value, str):
                found.add(value)
            else:  # the pull secret, or the keys of VPN connections by name
                found |= (
                    {one["auth"] for one in value["auths"].values()}
                    if "auths" in value
                    else {*value.values()}
                )
    for resource in (*workspace.resources("dev-hub"), *workspace.resources("dev-spoke")):
        if resource.type.startswith("random:"):
            found |= {str(leaf.value) for leaf in leaves(resource.outputs) if isinstance(leaf, SecretValue)}
        if resource.type == "pulumi:providers:kubernetes":
            found.add(yaml.safe_load(resource.inputs["kubeconfig"].value)["users"][0]["user"]["token"])
        if resource.type == "kubernetes:core/v1:Secret":
            data = plain(resource.outputs).get("data", {})
            found |= {data[key] for key in ("tls.key",) if key in data}
    return found


@pytest.mark.usefixtures("up")
def test_no_secret_of_a_stack_is_readable_in_any_file(workspace: Workspace) -> None:
    everything = b"".join(path.read_bytes() for path in workspace.home.rglob("*") if path.is_file())
    known = canaries(workspace)
    assert len(known) > 8
    for canary in known:
        raw = canary.encode()
        forms = (
            raw,
            base64.b64encode(raw).rstrip(b"=")[:-2],
            raw.hex().encode(),
            gzip.compress(raw, mtime=0)[10:-8],
        )
        assert not any(form in everything for form in forms), canary


@pytest.mark.usefixtures("up")
def test_a_changed_value_is_shown_then_applied_and_rolls_through_the_spoke(
    run: Run, workspace: Workspace
) -> None:
    path = workspace.project.stacks / "Pulumi.dev-hub.yaml"
    text = path.read_text()
    path.write_text(
        text.replace("kbs-access: {spokes: [dev-spoke]}", "kbs-access: {spokes: [dev-spoke], readLogs: true}")
    )
    assert path.read_text() != text
    printed = run("preview")
    assert "~ trustee-reference-values" in printed
    assert "ReadStreamRequest" in printed
    assert "the new outputs of dev-hub reach it with `up`" in printed
    printed = run("up")
    assert "~ workload-kbs-access-deployment-kbs-access" in printed
    assert "~ workload-kbs-sealed-deployment-kbs-sealed" not in printed
    path.write_text(text)
    run("up")


@pytest.mark.usefixtures("up")
def test_down_leaves_nothing_behind(run: Run, workspace: Workspace) -> None:
    printed = run("down")
    assert printed.index("down dev-spoke") < printed.index("down dev-hub")
    assert AzureStandIn(workspace.home / "azure.json", workspace.stand_ins.clusters).resources() == []
    assert [workspace.resources(stack) for stack in ("dev-hub", "dev-spoke")] == [[], []]
    assert "Nothing is up." in run("down")
