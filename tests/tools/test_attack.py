"""The catalogue is put to what is deployed, what gets through is said, and which secrets that reaches."""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from model.attestation import initdata
from sandbox.guest import api
from sandbox.guest.api import CATALOGUE
from sandbox.tests.guest.policies import exactly
from tests.tools import deployed
from tests.tools.attacked import only, put
from tools.attack import __main__ as attack
from tools.attack import pods, render
from tools.attack.report import Report
from tools.posture.deployment import Deployment
from tools.posture.untrusted import ANNOTATION

KBS_ACCESS, DEBUG = "kbs-access/kbs-access", "hello-samples/hello-debug"
KEY = "kbs:///default/kbsres1/key1"
SEALED = "kbs:///default/kbsres2/key1"


@pytest.fixture
def hub(home: Path) -> Deployment:
    return deployed.export(home, "dev-hub")


@pytest.fixture
def spoke(home: Path) -> Deployment:
    return deployed.export(home, "dev-spoke")


def with_policy(spoke: Deployment, rego: str) -> Deployment:
    """Pods without initdata of their own, under a default with this policy."""
    kbs = initdata.documents(initdata.decode(str(_default(spoke))).toml)
    rendered = initdata.render(kbs_url=kbs.kbs_url, kbs_ca=kbs.kbs_ca, agent_policy=rego)
    changed = deployed.with_object(
        spoke, "ConfigMap", "peer-pods-cm", {"data": {"INITDATA": rendered.encoded}}
    )
    return without_annotations(changed)


def without_annotations(spoke: Deployment) -> Deployment:
    for one in spoke.objects("Deployment"):
        spec: Any = deepcopy(dict(one.inputs["spec"]))
        spec["template"]["metadata"].pop("annotations", None)
        spoke = deployed.with_object(spoke, "Deployment", one.object_name, {"spec": spec})
    return spoke


def _default(spoke: Deployment) -> str:
    return next(one for one in spoke.objects("ConfigMap") if one.object_name == "peer-pods-cm").inputs[
        "data"
    ]["INITDATA"]


def pinned(spoke: Deployment, name: str) -> Deployment:
    """The spoke with one workload, whose policy allows nothing but its honest start."""
    alone = without_annotations(only(spoke, name))
    (one,) = pods.deployed(alone)
    honest = api.start(one.pod, lambda reference: api.find_image(reference).config, one.node)
    return with_policy(alone, exactly(honest))


def test_every_confidential_pod_is_attacked_and_no_other(spoke: Deployment, hub: Deployment) -> None:
    found = put(spoke, hub, "exec")
    assert [(one.name, one.profile) for one in found.workloads] == [
        ("hello-openshift/hello-hardened", "hello-openshift on dev-spoke"),
        (KBS_ACCESS, "kbs-access on dev-spoke"),
        (DEBUG, "debug"),
        ("kbs-sealed/kbs-sealed", "kbs-sealed on dev-spoke"),
    ]


def test_a_power_that_a_profile_gives_away_shows_as_an_attack_that_gets_through(
    spoke: Deployment, hub: Deployment
) -> None:
    found = {one.name: one.outcomes[0] for one in put(spoke, hub, "exec").workloads}
    debug = found[DEBUG]
    # The command is free; another user or environment than the container's is not.
    assert (debug.through, debug.tried, debug.refused_by) == (2, 3, ("ExecProcessRequest",))
    assert found[KBS_ACCESS].through == 0
    assert found[KBS_ACCESS].refused_by == ("ExecProcessRequest",)


def test_the_honest_pods_start_under_their_own_policies(spoke: Deployment, hub: Deployment) -> None:
    assert [one.refusal for one in put(spoke, hub, "exec").workloads] == [None] * 4


def test_the_secrets_of_a_pod_are_those_that_the_hub_releases_to_its_profile(
    spoke: Deployment, hub: Deployment
) -> None:
    found = {one.name: one.secrets for one in put(spoke, hub, "exec").workloads}
    secrets = found[KBS_ACCESS]
    assert secrets is not None
    assert KEY in secrets
    assert found[DEBUG] == ()


def test_without_its_hub_nothing_is_said_of_secrets(spoke: Deployment) -> None:
    found = put(only(spoke, "kbs-access"), None, "exec")
    assert found.workloads[0].secrets is None


@pytest.mark.integration
def test_a_policy_that_pins_the_pod_stops_every_attack(
    spoke: Deployment, hub: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pinned(spoke, "kbs-access"), hub, tmp_path, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["holds"] is True
    (one,) = document["workloads"]
    assert one["refusal"] is None
    assert {outcome["attack"] for outcome in one["outcomes"]} == {each.name for each in CATALOGUE}
    assert [
        outcome["attack"] for outcome in one["outcomes"] if outcome["through"] or not outcome["tried"]
    ] == []


def test_one_attack_that_gets_through_is_the_exit_code(
    spoke: Deployment,
    hub: Deployment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = [one for one in CATALOGUE if one.name in ("clock", "exec", "swap", "signals", "another policy")]
    monkeypatch.setattr(attack, "build", partial(attack.build, catalogue=calls))

    def exactly_but_for_the_clock(honest: Sequence[api.AgentRequest]) -> str:
        return exactly(honest).replace("SetGuestDateTimeRequest := false", "SetGuestDateTimeRequest := true")

    alone = without_annotations(only(spoke, "kbs-access"))
    (one,) = pods.deployed(alone)
    honest = api.start(one.pod, lambda reference: api.find_image(reference).config, one.node)
    assert run(with_policy(alone, exactly_but_for_the_clock(honest)), hub, tmp_path, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["format"] == 1
    assert document["engine"] == "regopy (rego-cpp)"
    passed = [outcome for outcome in document["workloads"][0]["outcomes"] if outcome["through"]]
    assert passed == [
        {
            "attack": "clock",
            "tried": 1,
            "through": 1,
            "refusedBy": [],
            "example": "SetGuestDateTimeRequest",
        }
    ]


def run(spoke: Deployment, hub: Deployment, place: Path, *options: str) -> int:
    """The command on exports, as `pulumi stack export` would give them."""
    found = []
    for stack in (spoke, hub):
        path = place / f"{stack.stack}.json"
        path.write_text(exported(stack))
        found.append(str(path))
    return attack.main([spoke.stack, "--from", found[0], "--hub-from", found[1], *options])


def exported(stack: Deployment) -> str:
    records = [
        {
            "type": one.type,
            "urn": f"urn:pulumi:{stack.stack}::coco::{one.type}::{one.name}",
            "id": one.id,
            "external": one.external,
            "inputs": one.inputs,
            "outputs": one.outputs,
        }
        for one in stack.resources
    ]
    return json.dumps({"deployment": {"resources": records}}, default=lambda _: "[secret]")


def test_the_table_says_what_refused_and_what_that_would_have_reached(
    spoke: Deployment, hub: Deployment
) -> None:
    text = shown(put(spoke, hub, "exec", "another image", "volume not mounted", "swap"))
    assert "Judged by regopy (rego-cpp)" in text
    lines = {line.split("  ")[0].strip(): line.split() for line in text.splitlines()}
    assert lines["exec"][:2] == ["exec", "ExecProcess"]
    assert "THROUGH" in lines["exec"]
    assert sorted(lines["another image"][2:]) == ["CreateContainer"] * 3 + ["THROUGH"]
    assert sorted(lines["volume not mounted"][3:]) == ["-", "-", "-", "CreateContainer"]
    assert "exec: whoever runs the node starts a process in a container" in text
    flat = " ".join(text.split())
    assert f"attacks get through to {DEBUG}, which may read no secret." in flat
    assert flat.count("get through to ") == 1


def test_secrets_that_an_attack_reaches_are_named(spoke: Deployment, hub: Deployment) -> None:
    found = put(only(spoke, "hello-debug"), deployed.with_unpinned_reader(hub, "debug"), "another image")
    assert f"get through to {DEBUG} and reach {SEALED}" in " ".join(shown(found).split())


# These attack an emptyDir, which kbs-access alone has.
ON_EMPTY_DIRECTORIES = [
    "volume that the node fills",
    "other access to a volume",
    "volume not mounted",
    "volume on a device",
    "volume not made",
]


@pytest.mark.parametrize(
    ("name", "profile", "secret"),
    [
        ("hello-hardened", "hello-openshift on dev-spoke", None),
        ("kbs-access", "kbs-access on dev-spoke", KEY),
        ("kbs-sealed", "kbs-sealed on dev-spoke", SEALED),
    ],
)
def test_no_known_attack_gets_through_to_a_workload_and_its_power_is_its_owner_s(
    spoke: Deployment,
    hub: Deployment,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    profile: str,
    secret: str | None,
) -> None:
    assert run(only(spoke, name), hub, tmp_path, "--json") == 0
    [one] = json.loads(capsys.readouterr().out)["workloads"]
    assert (one["refusal"], one["profile"], next(iter(one["secrets"]), None)) == (None, profile, secret)
    assert [it["attack"] for it in one["outcomes"] if it["through"]] == []
    untried = [it["attack"] for it in one["outcomes"] if not it["tried"]]
    assert untried == ([] if name == "kbs-access" else ON_EMPTY_DIRECTORIES)


def test_regorus_that_cannot_be_had_is_an_error(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    exports = [home / "stacks/dev-spoke.json", home / "stacks/dev-hub.json"]
    arguments = ["dev-spoke", "--from", str(exports[0]), "--hub-from", str(exports[1])]
    assert attack.main([*arguments, "--judge", "regorus", "--home", str(tmp_path)]) == 2
    assert "regorus cannot judge here" in capsys.readouterr().err


def test_the_table_fits_a_terminal_of_120_columns(spoke: Deployment, hub: Deployment) -> None:
    found = put(spoke, hub, "exec", "another image")
    many = replace(found, workloads=found.workloads * 3)
    text = shown(many)
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("\n exec ") == 3


def test_a_table_without_a_hole_says_so(spoke: Deployment, hub: Deployment) -> None:
    text = shown(put(pinned(spoke, "kbs-access"), hub, "exec", "another image"))
    assert "No attack gets through." in text
    assert "THROUGH" not in text


def shown(found: Report) -> str:
    text = StringIO()
    render.show(found, Console(width=120, highlight=False, markup=False, file=text))
    return text.getvalue()


def test_a_pod_that_its_policy_keeps_from_starting_is_named(spoke: Deployment, hub: Deployment) -> None:
    alone = only(spoke, "kbs-access")
    refused = with_policy(
        pinned(spoke, "kbs-access"), exactly([api.AgentRequest("CreateSandboxRequest", {"x": 1})])
    )
    found = put(refused, hub, "exec")
    assert "CreateSandboxRequest is blocked by policy" in str(found.workloads[0].refusal)
    assert f"! {KBS_ACCESS} does not start" in shown(found)
    assert "does not start" not in shown(put(alone, hub, "exec"))


def test_an_image_that_no_lock_file_names_is_said(spoke: Deployment, hub: Deployment) -> None:
    alone = only(spoke, "kbs-access")
    (one,) = alone.objects("Deployment")
    spec: Any = deepcopy(dict(one.inputs["spec"]))
    spec["template"]["spec"]["containers"][0]["image"] = "example.com/x:1"
    found = put(deployed.with_object(alone, "Deployment", "kbs-access", {"spec": spec}), hub, "exec")
    assert found.workloads[0].unknown_images == ("example.com/x:1",)
    assert "no lock file names example.com/x:1" in shown(found)


def test_a_stack_without_confidential_pods_has_nothing_to_attack(spoke: Deployment, hub: Deployment) -> None:
    found = put(only(spoke, "none"), hub, "exec")
    assert found.holds
    assert "there is nothing to attack" in shown(found)


def test_initdata_that_cannot_be_read_is_an_error_with_the_workload(
    spoke: Deployment, hub: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = only(spoke, "kbs-access")
    (one,) = alone.objects("Deployment")
    spec: Any = deepcopy(dict(one.inputs["spec"]))
    spec["template"]["metadata"]["annotations"] = {ANNOTATION: "nonsense"}
    broken = deployed.with_object(alone, "Deployment", "kbs-access", {"spec": spec})
    assert run(broken, hub, tmp_path) == 2
    assert f"The policy of {KBS_ACCESS} cannot be judged" in capsys.readouterr().err


def test_a_hub_has_no_pods_to_attack(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert attack.main(["dev-hub", "--home", str(home)]) == 2
    assert "dev-hub is a hub and runs no pods: name one of its spokes" in capsys.readouterr().err


@pytest.mark.parametrize(("version", "agent"), [("1.12.0", "3.25"), ("1.13.1", "3.31")])
def test_the_agent_is_that_of_the_operator_s_version(
    spoke: Deployment, hub: Deployment, version: str, agent: str
) -> None:
    (subscription,) = spoke.objects("Subscription")
    spec = {**subscription.inputs["spec"], "startingCSV": f"sandboxed-containers-operator.v{version}"}
    older = deployed.with_object(spoke, "Subscription", "sandboxed-containers-operator", {"spec": spec})
    assert {one.agent for one in put(only(older, "kbs-access"), hub, "exec").workloads} == {agent}
