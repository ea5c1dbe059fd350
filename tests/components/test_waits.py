"""The scripts that wait in the cluster: what ends each, what does not, and what it says when it gives up.

An ``oc`` of the test answers by the words of its command line. The stand-in of the sandbox does the same without a shell
(``sandbox/openshift/reactions/scripts``).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from components.cluster.present_operator import PRESENT
from components.dry_run import DRY_RUN
from components.hub.secret_store import AWAIT_COPIES
from components.hub.trustee import AWAIT_PODS
from components.spoke.sandboxed_containers import AWAIT_PEER_PODS


def run(
    directory: Path, script: str, answers: Mapping[str, str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """``answers``: by words of the command line, a line of shell. The first that fits is taken."""
    cases = "".join(f'  *"{words}"*) {answer};;\n' for words, answer in answers.items())
    (directory / "oc").write_text(f'#!/bin/bash\ncd {directory}\ncase "$*" in\n{cases}esac\n')
    (directory / "sleep").write_text("#!/bin/bash\nexit 0\n")
    for program in ("oc", "sleep"):
        (directory / program).chmod(0o755)
    given = {"PATH": f"{directory}:{os.environ['PATH']}", "NAMESPACE": "n", "PATIENCE": "0"} | environment
    return subprocess.run(
        ["/bin/bash", "-c", script], env=given, timeout=20, check=False, capture_output=True, text=True
    )


def test_a_dry_run_is_tried_until_the_webhook_is_trusted(tmp_path: Path) -> None:
    late = "echo x >> tries; [ $(wc -l < tries) -ge 3 ] && echo created || { echo x509 >&2; exit 1; }"
    done = run(
        tmp_path, DRY_RUN, {"create --dry-run=server": late}, PATIENCE="60", MANIFEST="{}", OPERATOR="x.v1"
    )
    assert (done.returncode, done.stdout) == (0, "created\n")
    assert len((tmp_path / "tries").read_text().split()) == 3


def test_a_dry_run_that_gives_up_says_what_the_api_server_said(tmp_path: Path) -> None:
    refused = {"create --dry-run=server": "echo x509: unknown authority >&2; exit 1"}
    done = run(tmp_path, DRY_RUN, refused, MANIFEST="{}", OPERATOR="x.v1")
    assert done.returncode == 1
    assert (
        done.stdout
        == "The API server takes no such object of x.v1 after 0 seconds: x509: unknown authority\n"
    )


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        ("new/4/1/4/1/1/1", True),
        ("old/4/1/4/1/1/1", False),  # the operator has not looked yet
        ("new/5/1/4/1/1/1", False),  # the Deployment's controller has not
        ("new/4/1/4/2/1/2", False),  # old pods run beside new ones
        ("new/4/1/4/1/1/", False),
        ("new/4/2/4/1/1/1", False),
        ("", False),
    ],
)
def test_trustee_is_waited_for_until_all_its_pods_run_what_was_rendered(
    tmp_path: Path, state: str, ends: bool
) -> None:
    events = "printf 'KbsConfig kbs: secret nope not found\\n'"
    answers = {"get deployment trustee-deployment": f"printf '{state}'", "get events": events}
    done = run(tmp_path, AWAIT_PODS, answers, RENDERED="new")
    assert done.returncode == (0 if ends else 1)
    assert ends or "KbsConfig kbs: secret nope not found" in done.stdout


@pytest.mark.parametrize(
    ("states", "late"),
    [
        ({"a": "2/2-abc/True", "b": "1/1-abc/True"}, ""),
        ({"a": "2/1-abc/True", "b": "1/1-abc/True"}, "a"),  # Ready is still about the one before
        ({"a": "2/2-abc/False", "b": "1//"}, "a b"),
    ],
)
def test_a_copy_is_waited_for_until_it_is_what_is_asked_for_now(
    tmp_path: Path, states: dict[str, str], late: str
) -> None:
    answers = {f"external-secrets.io {name} ": f"printf {state}" for name, state in states.items()}
    done = run(tmp_path, AWAIT_COPIES, {**answers, "range": "printf 'a: forbidden\\n'"}, COPIES="a b")
    assert done.returncode == (1 if late else 0)
    assert not late or done.stdout == f"Not copied from the vault after 0 seconds: {late}\na: forbidden\n"


@pytest.mark.parametrize(
    ("versions", "code", "words"),
    [
        ("x.v1.18.0 Succeeded a ", 0, "x.v1.18.0 works in a"),
        ("x.v1.9.0 Succeeded a ", 1, "x.v1.9.0 in a is older than 1.17.0"),
        ("x.v1.18.0 Failed a ", 1, "no version of it works after 0 seconds: x.v1.18.0 Failed a"),
        ("y.v1.18.0 Succeeded a ", 1, "there is none"),
        ("x.v1.18.0 Succeeded b x-operator", 1, "there is none"),  # OLM's copy for a namespace that it serves
        ("", 1, "there is none"),
    ],
)
def test_an_operator_of_somebody_else_is_taken_when_it_works_and_is_new_enough(
    tmp_path: Path, versions: str, code: int, words: str
) -> None:
    answers = {"get clusterserviceversions": f"printf '{versions}\\n'"}
    done = run(tmp_path, PRESENT, answers, PACKAGE="x", OLDEST="1.17.0")
    assert done.returncode == code
    assert words in done.stdout


RUNNING = {
    "get configmap peer-pods-cm": "printf /image",
    "get kataconfigs": "printf False",
    "get daemonset": "printf 3/3/2/2/2",
    "get deployment peer-pods-webhook": "printf True",
    "get jobs": "printf osc-podvm-image-creation",
    "logs": "printf QuotaExceeded",
    "get events": "printf 'osc-podvm-image-creation: Job has failed\\n'",
}


def await_peer_pods(directory: Path, **answers: str) -> subprocess.CompletedProcess[str]:
    named = {
        key: answers.get(key.rpartition(" ")[2].replace("-", "_"), value) for key, value in RUNNING.items()
    }
    return run(directory, AWAIT_PEER_PODS, named, KATA="kata", GRACE="0", STEADY="1")


def test_peer_pods_can_start_when_there_is_an_image_and_the_adaptor_goes_on_running(tmp_path: Path) -> None:
    done = await_peer_pods(tmp_path)
    assert (done.returncode, done.stdout) == (0, "Peer pods start from /image\n")


@pytest.mark.parametrize(
    "answers",
    [
        {"daemonset": "printf 3/2/2/2/2"},
        {"daemonset": "printf 3/3/2/1/2"},
        {"daemonset": "printf 3/3/0/0/0"},
        {"peer_pods_webhook": "printf False"},
        {"kataconfigs": "printf True"},
        {"peer_pods_cm": "exit 1"},
        {"peer_pods_cm": "true"},  # the image is being made
    ],
)
def test_peer_pods_are_waited_for(tmp_path: Path, answers: dict[str, str]) -> None:
    done = await_peer_pods(tmp_path, **answers)
    assert done.returncode == 1
    assert "Peer pods cannot start after 0 seconds" in done.stdout
    assert "Job has failed" in done.stdout


def test_an_image_that_nobody_makes_any_more_ends_it_with_the_last_words_of_its_job(tmp_path: Path) -> None:
    done = await_peer_pods(tmp_path, peer_pods_cm="true", jobs="true")
    assert done.returncode == 1
    assert "the operator does not try again" in done.stdout
    assert "QuotaExceeded" in done.stdout
    assert (
        "pulumi destroy --target '**::sandboxed-containers-kata' --target-dependents && pulumi up"
        in done.stdout
    )
