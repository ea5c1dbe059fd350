"""What the program refuses, seen by whoever types `make up`: the sentences, all at once, and not a byte has changed."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from config import load
from model.policy import agent_policy
from program import stack as program_stack
from sandbox.api import SandboxError
from tests.config.committed import ROOT
from tests.config.edits import GONE
from tests.end_to_end.project import CommittedProject
from trust.contract import VERSION as CONTRACT_VERSION

pytestmark = pytest.mark.integration

Changes = dict[str, Any]
REGO = agent_policy.render(agent_policy.AgentSettings())
NOISE = "\n".join(f"# {sha256(bytes([n // 256, n % 256])).hexdigest()}" for n in range(1500))


@pytest.fixture
def edited(is_up: CommittedProject, tmp_path: Path) -> CommittedProject:
    """The dev environment as it is up, with stack files of its own: what is refused changes nothing."""
    return CommittedProject.fresh(tmp_path, is_up.home)


def refused(project: CommittedProject, stack: str) -> str:
    before = project.files()
    run = project.up(stack)
    assert not run.succeeded
    assert project.files() == before
    assert f"{stack}: nothing done" in run.text
    assert "Traceback" not in run.text
    assert "unhandled exception" not in run.text
    return run.text


HUB_MISTAKES: list[tuple[str, Any, str]] = [
    ("netwrk", {}, "coco:netwrk: is not a known key: did you mean network?"),
    ("network.cidr", "10.0.0.0/30", "coco:network.cidr: must be a range of /16 to /24 (got 10.0.0.0/30)"),
    ("cluster.serviceCidr", "10.128.0.0/16", "coco:cluster.serviceCidr: must not overlap cluster.podCidr"),
    ("cluster.domain", "1hub", "coco:cluster.domain: must be a domain that ARO takes"),
    ("azure.location", "eastsu2", "(got eastsu2): did you mean eastus2?"),
    ("trustee.version", "1.1.0", "and sandboxed containers 1.13.1 goes with 1.2.z (got 1.13.1)"),
    ("trustee.imagePolicy", "signed", ""),
    (
        "trustee.signedImages",
        [{"repository": "quay.io/a", "key": "cosign/pub"}],
        "must name a key that this stack serves (got cosign/pub)",
    ),
    (
        "secrets.a",
        {"source": "vault", "keys": ["k"], "readableBy": ["nobody"]},
        "coco:secrets.a.readableBy: must name workloads or profiles of this stack (got nobody)",
    ),
    ("externalSecrets", {}, "coco:externalSecrets.vault: is missing"),
    (
        "profiles.web",
        {"policyFile": "missing.rego"},
        "coco:profiles.web.policyFile: must be a text file in the project (got missing.rego)",
    ),
]
SPOKE_MISTAKES: list[tuple[str, Any, str]] = [
    ("trustee", {}, "coco:trustee: is not a known key"),
    ("network.cidr", "10.132.0.0/16", "coco:cluster.podCidr: must not overlap network.cidr"),
    ("cluster.version", "4.20.5", "must be 4.20.6 or later for sandboxed containers 1.13.1 (got 4.20.5)"),
    (
        "peerPods.vmSize",
        "Standard_DC2es_v6",
        "coco:peerPods.vmSize: must be a VM size that eastus2 offers (got Standard_DC2es_v6)",
    ),
    (
        "peerPods.vmSizes",
        ["Standard_DC4as_v5"],
        "coco:peerPods.vmSizes: must contain the default size, peerPods.vmSize Standard_DC2es_v6",
    ),
]


@pytest.mark.parametrize(
    ("stack", "mistakes"), [("dev-hub", HUB_MISTAKES), ("dev-spoke", SPOKE_MISTAKES)], ids=["hub", "spoke"]
)
def test_all_mistakes_of_a_file_are_told_together(
    edited: CommittedProject, stack: str, mistakes: list[tuple[str, Any, str]]
) -> None:
    edited.configure(stack, {key: value for key, value, _ in mistakes})
    text = refused(edited, stack)
    assert [says for *_, says in mistakes if says not in text] == []
    assert text.count("\n  coco:") == sum(bool(says) for *_, says in mistakes)


@pytest.mark.parametrize(
    ("stack", "changes", "says"),
    [
        ("dev-hub", {"role": "hubb"}, "coco:role: must be a role (got hubb): write one of hub, "),
        (
            "dev-spoke",
            {"peerPods.vmSize": "Standard_D2s_v5"},
            "coco:peerPods.vmSize: must be a confidential VM size (got Standard_D2s_v5)",
        ),
        (
            "dev-spoke",
            {"peerPods.vmSizes": ["Standard_DC2as_v5", "Standard_DC4as_v5, Standard_DC8as_v5"]},
            "must be one Azure VM size without spaces (got Standard_DC4as_v5, Standard_DC8as_v5)",
        ),
        (
            "dev-spoke",
            {"azure.location": "chilecentral"},
            "must be a region with confidential VM sizes",
        ),
        (
            "dev-hub",
            {"secrets.a": {"source": "generated", "keys": ["a/b"], "readableBy": []}},
            "coco:secrets.a.keys[0]: must be a key that",
        ),
        (
            "dev-hub",
            {"trustee.oscVersions": ["1.13.0"]},
            "must have its reference values in reference-values/1.13.0.yaml (got 1.13.0)",
        ),
        (
            "dev-hub",
            {"trustee.allowUnverifiedReferenceValues": GONE},
            "must have verified reference values",
        ),
    ],
)
def test_a_mistake_that_hides_others_is_told_first(
    edited: CommittedProject, stack: str, changes: Changes, says: str
) -> None:
    edited.configure(stack, changes)
    assert says in refused(edited, stack)


def test_nothing_at_all_exists_after_a_first_up_that_was_refused(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    project.configure("dev-hub", {"network.cidr": "10.0.0.0/30"})
    assert "coco:network.cidr" in refused(project, "dev-hub")
    assert project.files() == {}


def test_secrets_that_cannot_be_are_refused_without_being_shown(edited: CommittedProject) -> None:
    edited.configure("dev-hub", {"secrets.a": {"source": "config", "keys": ["k", "l"], "readableBy": []}})
    edited.set_secret("dev-hub", "pullSecret", '{"auths": {"canary-registry": {}}}')
    edited.set_secret("dev-hub", "clusterClientSecret", " canary ")
    edited.set_secret("dev-hub", "secretValues", '{"a": {"k": "canary"}}')
    text = refused(edited, "dev-hub")
    assert "coco:pullSecret: must be JSON with at least one registry under auths" in text
    assert "coco:clusterClientSecret: must be a text without white space around it" in text
    assert "coco:secretValues: must have a value for a.l" in text
    assert "canary" not in text
    edited.configure("dev-hub", {"clusterClientSecret": "canary"})
    assert "coco:clusterClientSecret: must be encrypted" in refused(edited, "dev-hub")


def test_expired_reference_values_are_refused(
    edited: CommittedProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime(2030, 1, 1, tzinfo=tz or UTC)

    monkeypatch.setattr(load, "datetime", Later)
    text = refused(edited, "dev-hub")
    assert "coco:trustee.oscVersions: must have reference values in reference-values/1.13.1.yaml" in text
    assert "expired on" in text


@pytest.mark.parametrize(
    ("rego", "says"),
    [
        ("package agent_policy\nallow if {", "not valid Rego"),
        ("package agent_policy\nallowed := false\n", "answers nothing that the agent asks"),
        (f"{REGO}\n{NOISE}\n", "must fit into what a VM is given at its start"),
    ],
    ids=["no Rego", "no answers", "too large"],
)
def test_a_policy_of_ones_own_that_no_guest_could_use_is_refused(
    edited: CommittedProject, monkeypatch: pytest.MonkeyPatch, rego: str, says: str
) -> None:
    for part in ("platform-values", "reference-values"):
        shutil.copytree(ROOT / part, edited.root / part)
    shutil.copy(ROOT / "advisories.yaml", edited.root)
    monkeypatch.setattr(program_stack, "ROOT", edited.root)
    (edited.root / "web.rego").write_text(rego, "utf-8")
    edited.configure("dev-hub", {"profiles.web": {"policyFile": "web.rego"}})
    text = refused(edited, "dev-hub")
    assert "coco:profiles.web.policyFile: must " in text
    assert says in text


# What a spoke asks of its hub


def test_a_spoke_without_a_hub_says_which_to_bring_up(edited: CommittedProject, tmp_path: Path) -> None:
    edited.configure("dev-spoke", {"hub": "organization/coco/nobody"})
    text = refused(edited, "dev-spoke")
    assert 'unknown stack "organization/coco/nobody"' in text
    assert "run `pulumi up --stack nobody` first" in text
    alone = CommittedProject.fresh(tmp_path / "alone")
    assert "the stack organization/coco/dev-hub cannot be read" in refused(alone, "dev-spoke")
    assert alone.files() == {}
    preview = alone.preview()
    assert preview.succeeded
    assert "dev-spoke reads the outputs of dev-hub, which is not up" in preview.text


def test_all_that_a_hub_lacks_is_told_together(edited: CommittedProject) -> None:
    edited.configure(
        "dev-spoke",
        {
            "sandboxedContainers.version": "1.13.0",
            "peerPods.profile": "nobody",
            "peerPods.vmSizes": ["Standard_DC2as_v5", "Standard_DC2es_v5"],
        },
    )
    text = refused(edited, "dev-spoke")
    for says in (
        "it accepts no pod VM image of OSC 1.13.0",
        "it attests no az-tdx-vtpm",
        "it has no profile nobody: define coco:profiles.nobody in the hub",
    ):
        assert says in text


def without(path: str) -> Callable[[Any], None]:
    return lambda outputs: outputs["resources"].pop(path)


def truncate(outputs: Any) -> None:
    profile = outputs["profiles"]["hardened"]
    profile["encoded"] = profile["encoded"][:-40]


def swap(outputs: Any) -> None:
    outputs["profiles"]["hardened"]["encoded"] = outputs["profiles"]["debug"]["encoded"]


@pytest.mark.parametrize(
    ("tamper", "says"),
    [
        (
            lambda outputs: outputs.update(contractVersion=CONTRACT_VERSION + 1),
            f"contract version {CONTRACT_VERSION + 1}, and this program reads {CONTRACT_VERSION}",
        ),
        (lambda outputs: outputs.update(kbsUrl=""), "its kbsUrl is empty"),
        (lambda outputs: outputs.update(kbsCa=""), "its kbsCa is empty"),
        (lambda outputs: outputs.update(sealed={}), "publishes no sealed secret for default/kbsres2/"),
        (without("default/kbsres2/key1"), "it serves no default/kbsres2/key1"),
        (
            lambda outputs: outputs["workloads"]["kbs-access"].update(manifests="00" * 32),
            "its workload kbs-access was measured from other manifests",
        ),
        (
            lambda outputs: outputs["workloads"]["kbs-access"]["accepted"].pop("dev-spoke"),
            "it lets no pod of workload kbs-access attest from dev-spoke",
        ),
        (truncate, "the initdata of profile hardened cannot be read"),
        (swap, "the initdata of profile hardened is not what the hub measured"),
    ],
)
def test_a_hub_that_publishes_something_else_is_refused(
    dev: CommittedProject, tamper: Callable[[Any], None], says: str
) -> None:
    file = dev.home / "stacks/dev-hub.json"
    state = json.loads(file.read_text("utf-8"))
    tamper(state["deployment"]["resources"][0]["outputs"])
    file.write_text(json.dumps(state), "utf-8")
    assert says in refused(dev, "dev-spoke")


@pytest.mark.parametrize(
    ("change", "property_"),
    [
        ({"cluster.encryptionAtHost": True}, "properties.masterProfile.encryptionAtHost"),
        ({"cluster.fips": True}, "properties.clusterProfile.fipsValidatedModules"),
        ({"cluster.podCidr": "10.160.0.0/14"}, "properties.networkProfile.podCidr"),
    ],
)
def test_what_aro_never_changes_is_refused_in_the_preview_with_a_sentence(
    dev: CommittedProject, change: dict[str, Any], property_: str
) -> None:
    dev.configure("dev-hub", change)
    preview = dev.preview("dev-hub")
    assert not preview.succeeded
    assert f"Changing property '{property_}' is not allowed" in preview.text
    assert "Traceback" not in preview.text
    assert "unhandled exception" not in preview.text


def test_an_unsigned_image_is_refused_before_the_spoke_is_touched(dev: CommittedProject) -> None:
    dev.configure("dev-hub", {"trustee.imagePolicy": "reject"})
    assert dev.up("dev-hub").succeeded
    text = refused(dev, "dev-spoke")
    assert "its image policy (reject) refuses registry.access.redhat.com/" in text


def test_a_stack_or_environment_that_is_not_there_is_named(edited: CommittedProject) -> None:
    with pytest.raises(SandboxError, match=r"no stack named 'nobody' found: .* Stacks there: .*dev-hub"):
        edited.up("nobody")
