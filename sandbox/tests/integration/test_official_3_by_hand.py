"""`pulumi` as a person meets it in the sandbox: typed by hand, and interrupted."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.tests.integration.project import Done
from sandbox.tests.integration.world import HUB, World

pytestmark = pytest.mark.integration


def test_what_operations_say_of_pulumi_works_by_hand_as_it_is_written(world: World, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sandbox", "env", HUB, "--engine", "pulumi"]
    printed = subprocess.run(words, cwd=world.project.folder, check=True, capture_output=True, text=True)
    backup = tmp_path / "backup.json"

    def typed(command: str) -> Done:
        done = subprocess.run(
            ["/bin/sh", "-c", f"{printed.stdout}\n{command}"],
            cwd=world.project.folder,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        world.said.append(done.stdout)
        return Done(done.returncode, done.stdout)

    assert typed("pulumi stack output kbsUrl").text.strip() == world.outputs(HUB)["kbsUrl"]
    assert typed(f"pulumi preview --stack {HUB} --refresh --expect-no-changes").code == 0
    assert typed(f"pulumi stack export --file {backup}").code == 0
    assert typed(f"pulumi stack import --file {backup}").code == 0
    assert typed("pulumi state repair --yes").code == 0
    assert "kbs-ca-ca" in typed("pulumi stack --show-urns").text
    refused = typed("pulumi config set coco:role spoke")
    assert refused.code == 1
    assert "change a value there, in an editor" in " ".join(refused.text.split())
    world.unchanged(HUB)


def test_an_interrupted_up_leaves_no_process_no_lock_and_nothing_half_made(world: World) -> None:
    before = _of_the_sandbox(world)
    world.project.configure(HUB, {"operators.certManager": "1.99.9"})  # which is waited for, in vain
    words = [sys.executable, "-u", "-m", "sandbox", "up", "--stack", HUB, "--engine", "pulumi"]
    with subprocess.Popen(
        words, cwd=world.project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as up:
        assert up.stdout
        said: list[str] = []
        for line in up.stdout:
            said.append(line)
            if "cert-manager-operator-approval" in line and "creating" in line:
                break
        time.sleep(1)
        up.send_signal(signal.SIGINT)
        said.append(up.stdout.read())
    world.said.append("".join(said))
    world.project.configure(HUB, {"operators.certManager": "1.18.0"})
    assert up.returncode == 130, said
    assert "Interrupted. The state says what is there" in said[-1]
    assert _of_the_sandbox(world) == before
    assert not list(world.environment.cli.state.glob("backend/.pulumi/locks/**/*.json"))
    assert world.environment.stacks.pending(HUB) == []
    world.up(HUB)
    world.unchanged(HUB)


def _of_the_sandbox(world: World) -> set[str]:
    """Processes that were started with something of its state: plugins, the language host, API servers."""
    home, found = str(world.project.home), set[str]()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has ended
            continue
        if home in command:
            found.add(f"{process.name} {command}")
    return found
