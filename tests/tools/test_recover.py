"""What `make recover` says and does when something is missing, locked, refused or not agreed to; the flow itself needs `pulumi`."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import recover

GROUP = {
    "urn": "urn:pulumi:s::coco::azure-native:resources:ResourceGroup::group",
    "type": "azure-native:resources:ResourceGroup",
    "inputs": {"resourceGroupName": "coco-s"},
    "provider": "urn:pulumi:s::coco::pulumi:providers:azure-native::azure::p",
}
PROVIDER = {
    "urn": "urn:pulumi:s::coco::pulumi:providers:azure-native::azure",
    "type": "pulumi:providers:azure-native",
    "inputs": {"subscriptionId": "00000000-0000-4000-8000-000000000001"},
}
# In the place of pulumi: it keeps a state as the file backend does, and does what `does` says at a verb.
_PULUMI = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
verb = " ".join(sys.argv[1:3]) if sys.argv[1] == "stack" else sys.argv[1]
with (folder / "calls").open("a") as calls:
    print(verb, file=calls)
does = json.loads((folder / "does").read_text()).get(verb)
if does:
    sys.exit(does)
if verb == "stack export":
    print((folder / "state").read_text())
if verb == "stack import":
    document = json.loads(pathlib.Path(sys.argv[-1]).read_text())
    document["deployment"].pop("pending_operations", None)  # as pulumi does
    (folder / "state").write_text(json.dumps(document))
if verb == "preview":
    print('{{"steps": []}}')
"""


class Backend:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.does({})
        self.state = {"version": 3, "deployment": {"resources": [PROVIDER], "pending_operations": []}}

    def does(self, verbs: dict[str, str]) -> None:
        """By verb, what pulumi says when it fails at it."""
        (self._folder / "does").write_text(json.dumps(verbs))

    @property
    def state(self) -> dict[str, Any]:
        return json.loads((self._folder / "state").read_text())

    @state.setter
    def state(self, document: dict[str, Any]) -> None:
        (self._folder / "state").write_text(json.dumps(document))

    def interrupt(self) -> None:
        document = self.state
        document["deployment"]["pending_operations"] = [{"type": "creating", "resource": GROUP}]
        self.state = document

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(_PULUMI.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return Backend(tmp_path)


def test_without_pulumi_it_is_said_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert recover.main(["dev-hub"]) == 2
    assert (
        "the command pulumi is not on PATH: https://www.pulumi.com/docs/install/" in capsys.readouterr().err
    )


def test_a_locked_stack_is_said_with_what_to_make_sure_of(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.interrupt()
    backend.does({"stack import": "the stack is currently locked by 1 lock(s)"})
    assert recover.main(["dev-hub", "--yes"]) == 2
    said = capsys.readouterr().err
    assert "error: pulumi stack import failed: the stack is currently locked" in said
    assert "Make sure that nobody runs the stack, then: pulumi cancel" in said


def test_nothing_is_written_where_nobody_agrees(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    backend.interrupt()
    before = backend.state
    assert recover.main(["dev-hub"]) == 1
    assert backend.state == before
    assert backend.calls == ["stack export"]
    assert "Nothing more was done." in capsys.readouterr().out


def test_where_the_provider_cannot_be_asked_nothing_is_taken_over_unseen(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.interrupt()
    backend.does({"refresh": "error: 403"})
    assert recover.main(["dev-hub", "--yes"]) == 2
    assert "pulumi refresh --yes failed: error: 403" in capsys.readouterr().err
    assert backend.state["deployment"]["resources"] == [PROVIDER]


def test_a_cluster_that_azure_could_not_make_is_not_called_done(
    backend: Backend, capsys: pytest.CaptureFixture[str]
) -> None:
    backend.interrupt()
    pending = backend.state
    pending["deployment"]["pending_operations"][0]["resource"]["outputs"] = {"provisioningState": "Failed"}
    backend.state = pending
    assert recover.main(["dev-hub", "--yes"]) == 0
    assert "group: exists and is Failed: before you go on, see docs/operations.md" in capsys.readouterr().out


def test_the_state_is_read_as_often_as_it_changes_and_not_for_each_resource(backend: Backend) -> None:
    backend.interrupt()
    document = backend.state
    document["deployment"]["pending_operations"] += [
        {
            "type": "creating",
            "resource": {
                **GROUP,
                "urn": f"{GROUP['urn']}-{number}",
                "inputs": {"resourceGroupName": f"g{number}"},
            },
        }
        for number in range(5)
    ]
    backend.state = document
    assert recover.main(["dev-hub", "--yes"]) == 0
    assert backend.calls.count("stack export") == 3
