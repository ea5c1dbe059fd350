import gc
import warnings
from pathlib import Path

import pytest

from sandbox.engine.display import console
from sandbox.engine.environment import Selection, down, preview, up
from sandbox.engine.errors import SandboxError
from sandbox.tests.engine.toy import Playground

READS = """
other = pulumi.StackReference("organization/toy/NAME")
Thing("user", {"open": other.require_output("open"), "hidden": other.require_output("hidden")})
"""
PUBLISHES = """
a = Thing("a")
pulumi.export("open", a.answer)
pulumi.export("hidden", a.secret)
"""


@pytest.fixture
def pair(playground: Playground) -> Playground:
    for stack in ("dev-spoke-2", "dev-spoke", "dev-hub", "dev-standalone", "prod-hub"):
        role = stack.split("-")[1]
        hub = "  toy:hub: organization/toy/dev-hub\n" if role == "spoke" else ""
        playground.configure(stack, f"config:\n  toy:role: {role}\n{hub}")
    return playground


def test_outputs_travel_between_stacks_and_stay_secret(playground: Playground) -> None:
    playground.configure("other")
    assert playground.up(PUBLISHES, "solo")
    assert playground.up(READS.replace("NAME", "solo"), "other")
    assert playground.cloud.things["user-here"]["hidden"] == "canary of a-here"
    text = playground.state_file("other").read_text()
    assert "answer of a-here" in text
    assert "canary of a-here" not in text


def test_an_unknown_stack_is_refused_in_the_words_of_the_cli(playground: Playground) -> None:
    for name in ("never", "other/project/never"):
        assert not playground.up(READS.replace("organization/toy/NAME", name))
        assert f'unknown stack "{name}"' in playground.printed
    assert not playground.state_file().exists()


def test_a_stack_may_read_its_own_last_outputs(playground: Playground) -> None:
    body = """
async def main():
    before = pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": "organization/toy/solo"}).value
    return {"count": int(before["outputs"].get("count", 0)) + 1}
pulumi.run(main)
"""
    for expected in (1, 2, 3):
        assert playground.up(body)
        assert playground.workspace().outputs("solo") == {"count": expected}


def test_a_program_may_handle_a_call_that_is_refused(playground: Playground) -> None:
    assert playground.up("""
try:
    pulumi.runtime.invoke("toy:index:call", {"refuse": "never"})
except Exception as error:
    pulumi.export("error", str(error))
""")
    assert playground.workspace().outputs("solo") == {"error": "invoke of toy:index:call failed: No: never"}


def test_an_environment_comes_up_hub_first_and_goes_down_hub_last(pair: Playground) -> None:
    pair.program('Thing(pulumi.get_stack())\npulumi.export("x", 1)')
    workspace = pair.workspace()
    dev = Selection.of(workspace.project, "dev", None)
    assert [file.stack for file in dev.stacks] == ["dev-hub", "dev-spoke", "dev-spoke-2"]
    out = console()
    with out.capture():
        assert up(workspace, dev, out)
        assert down(workspace, dev, out)
    assert pair.cloud.log == [
        *(f"create {file.stack}" for file in dev.stacks),
        *(f"delete {file.stack}" for file in reversed(dev.stacks)),
    ]
    with pytest.raises(SandboxError, match="environment 'test' has no stacks"):
        Selection.of(workspace.project, "test", None)
    with pytest.raises(SandboxError, match="no stack named 'dev-hup' found"):
        Selection.of(workspace.project, "dev", "dev-hup")


def test_no_stack_of_an_environment_is_left_out_in_silence(pair: Playground) -> None:
    pair.configure("dev-spoke-3", "config:\n  toy:role: spok\n")
    pair.configure("dev-spoke-4", "config: {}\n")
    project = pair.workspace().project
    with pytest.raises(SandboxError) as refused:
        Selection.of(project, "dev", None)
    assert str(refused.value).splitlines() == [
        f"{project.stacks}/Pulumi.dev-spoke-3.yaml has the role 'spok': "
        "write one of hub, contract, spoke, standalone under config as toy:role",
        f"{project.stacks}/Pulumi.dev-spoke-4.yaml has no role: "
        "write one of hub, contract, spoke, standalone under config as toy:role",
    ]
    assert Selection.of(project, "dev", "dev-hub")
    assert Selection.of(project, "prod", None)


def test_a_spoke_is_previewed_once_its_hub_is_up(pair: Playground) -> None:
    pair.program('Thing(pulumi.get_stack())\npulumi.export("x", 1)')
    workspace = pair.workspace()
    dev = Selection.of(workspace.project, "dev", None)
    out = console()
    with out.capture() as captured:
        assert preview(workspace, dev, out)
    assert "dev-spoke reads the outputs of dev-hub, which is not up" in captured.get()
    with out.capture() as captured:
        assert up(workspace, dev, out)
        assert preview(workspace, dev, out)
    assert captured.get().count("nothing changes") == 3


def test_runs_leave_nothing_behind_in_the_process(playground: Playground) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for round_ in range(3):
            assert playground.up(PUBLISHES)
            assert not playground.up(f'Thing("n{round_}", {{"refuse": "x"}})\nraise pulumi.RunError("y")')
    assert Path(playground.root, ".sandbox", "passphrase").stat().st_mode & 0o777 == 0o600


def test_what_a_program_says_of_garbage_ends_with_it(playground: Playground) -> None:
    """Else the engine would keep all that many stacks leave behind."""
    for ending in ("", "raise pulumi.RunError('on purpose')"):
        playground.up(f"import gc\ngc.disable()\ngc.freeze()\n{ending}")
        assert gc.isenabled()
        assert gc.get_freeze_count() == 0


def test_a_role_that_is_no_text_is_not_shown(playground: Playground) -> None:
    playground.configure("dev-hub", "config:\n  toy:role: {secure: canary-role}\n")
    with pytest.raises(SandboxError, match="has no role") as raised:
        Selection.of(playground.workspace().project, "dev", None)
    assert "canary-role" not in str(raised.value)
