"""The environment whose clusters openshift-install makes: they come up once, never twice, and go whatever happened."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.project import CommittedProject, changes

pytestmark = pytest.mark.integration

HUB, SPOKE = "selfmanaged-hub", "selfmanaged-spoke"
WORK = f".openshift-install/{HUB}"
SCRIPTS = "components/cluster/openshift_install"
CREATE = f"{SCRIPTS}/create.sh"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> CommittedProject:
    return CommittedProject.with_stacks(tmp_path_factory.mktemp("selfmanaged"), HUB, SPOKE)


@pytest.fixture
def project(both: CommittedProject, tmp_path: Path) -> CommittedProject:
    return both.copy(tmp_path)


@pytest.mark.parametrize("stack", [HUB, SPOKE])
def test_a_preview_without_a_change_shows_none(both: CommittedProject, stack: str) -> None:
    assert f"{stack}: nothing changes" in both.preview(stack).text


def test_peer_pods_are_made_beside_the_machines_and_reached_in_a_subnet_of_their_own(
    both: CommittedProject,
) -> None:
    facts = both.cluster(SPOKE).facts
    settings = both.object(
        "ConfigMap", "peer-pods-cm", "openshift-sandboxed-containers-operator", cluster=SPOKE
    )["data"]
    assert settings["AZURE_RESOURCE_GROUP"] == facts["resource_group"] == f"{facts['infra_id']}-rg"
    assert settings["AZURE_SUBNET_ID"].endswith("/subnets/peer-pods")
    assert settings["AZURE_NSG_ID"].endswith("-peer-pods-nsg"), (
        "not the installer's, which is attached to nothing"
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("cluster.workerCount", 5, "coco:cluster.workerCount: 3 became 5"),
        ("cluster.baseDomain", "example.org", "coco:cluster.baseDomain: example.com became example.org"),
    ],
)
def test_an_edit_of_what_is_installed_is_refused_before_anything_changes(
    project: CommittedProject, key: str, value: object, said: str
) -> None:
    before = project.files()
    project.configure(SPOKE, {key: value})
    for run in (project.preview(SPOKE), project.up(SPOKE)):
        assert not run.succeeded
        assert said in run.text
    assert project.files() == before


def test_an_upgrade_in_the_cluster_and_other_tags_install_nothing(project: CommittedProject) -> None:
    project.configure(HUB, {"azure.tags": {"owner": "me"}, "cluster.version": "4.21.3"})
    shown = changes(project.preview(HUB).text)
    assert "group" in shown
    assert not [name for name in shown if name.startswith("cluster-")]


def test_a_new_secret_of_the_principal_reaches_what_takes_the_cluster_away_and_nothing_else(
    project: CommittedProject,
) -> None:
    project.set_secret(HUB, "clusterClientSecret", "canary-new-secret")
    assert changes(project.preview(HUB).text) == {"cluster-installation": "~"}
    kept = project.resources(HUB)["cluster-installation"].outputs["stdout"]
    assert project.up(HUB).succeeded
    after = project.resources(HUB)["cluster-installation"]
    assert after.outputs["stdout"] == kept
    assert json.loads(after.inputs["environment"]["SERVICE_PRINCIPAL"])["clientSecret"] == "canary-new-secret"


def test_no_secret_is_in_a_state_in_plain_text_or_shown(both: CommittedProject) -> None:
    for stack in (HUB, SPOKE):
        state = json.dumps(both.sandbox.export(stack))
        inputs = both.resources(stack)["cluster-installation"].inputs["environment"]
        secret = json.loads(inputs["SERVICE_PRINCIPAL"])["clientSecret"]
        token = re.search("token: (.+)", both.resources(stack)["cluster-installed"].outputs["stdout"])
        assert token is not None
        for each in (secret, inputs["PULL_SECRET"], token[1]):
            assert each not in state
            assert each not in both.preview(stack).text


def test_down_leaves_nothing(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    assert project.up(HUB).succeeded
    shutil.rmtree(tmp_path / WORK)  # another machine: all that is needed is in the state
    down = project.down(HUB)
    assert down.succeeded, down.text
    assert project.azure() == []
    assert list(project.sandbox.clusters) == []


def test_a_failed_installation_says_why_and_goes_away_from_any_machine(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    script = tmp_path / CREATE
    kept = script.read_text()
    # The security group of the control plane is gone when the machines come.
    script.write_text(
        kept.replace(
            'common.sh"\n',
            'common.sh"\n'
            "python3 - <<'E'\n"
            "import pathlib; path = pathlib.Path('.sandbox/azure.json'); text = path.read_text()\n"
            "path.write_text(text.replace('\"6443\"', '\"6444\"'))\nE",
            1,
        )
    )
    up = project.up(HUB)
    assert not up.succeeded
    assert "without a security group that admits TCP 6443" in up.text
    assert "The next up waits for the rest of this installation" in up.text
    assert [id_ for id_ in project.azure() if id_.endswith("-rg")], "half of it is there"
    script.write_text(kept)
    again = project.up(HUB)
    assert not again.succeeded
    assert "the installation that was begun does not complete" in again.text
    shutil.rmtree(tmp_path / WORK)
    elsewhere = project.up(HUB)
    assert "was prepared on another machine, or somebody removed it" in elsewhere.text
    assert project.down(HUB).succeeded
    assert project.azure() == []


def test_what_the_installer_refuses_is_said_and_no_secret_is_left_on_the_disk(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    script = tmp_path / SCRIPTS / "prepare.sh"
    script.write_text(
        script.read_text().replace('printf "%s\\npullSecret', 'printf "%s\\nsshKeys: []\\npullSecret')
    )
    run = project.up(HUB)
    assert not run.succeeded
    assert "openshift-install refused: level=fatal" in run.text
    assert "sshKeys" in run.text
    kept = "".join(path.read_text() for path in (tmp_path / WORK).rglob("*") if path.is_file())
    assert "auths" not in kept + run.text


def test_a_cluster_that_cannot_be_taken_away_stays_in_the_state(tmp_path: Path) -> None:
    project = CommittedProject.with_stacks(tmp_path, HUB)
    script = tmp_path / SCRIPTS / "common.sh"
    kept = script.read_text()
    script.write_text(kept.replace('"$SERVICE_PRINCIPAL"', "'{}'"))
    run = project.down(HUB)
    assert not run.succeeded
    assert "openshift-install could not take the cluster away: level=fatal" in run.text
    assert "could not get Azure credentials" in run.text
    assert "cluster-installation" in project.resources(HUB)
    script.write_text(kept)
    assert project.down(HUB).succeeded
    assert project.azure() == []


def test_an_installation_that_was_interrupted_is_waited_for_and_not_repeated(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    script = tmp_path / CREATE
    kept = script.read_text()
    script.write_text(kept.replace('\ncat "$INSTALL_DIR/auth/kubeconfig"', "\nkill -9 $$"))
    assert not project.up(HUB).succeeded
    script.write_text(kept)
    up = project.up(HUB)
    assert up.succeeded, up.text
    assert project.down(HUB).succeeded
    assert project.azure() == []


def test_a_state_that_was_lost_makes_no_second_cluster(both: CommittedProject, tmp_path: Path) -> None:
    project = both.copy(tmp_path)
    (project.home / f"stacks/{HUB}.json").unlink()
    run = project.up(HUB)
    assert not run.succeeded
    assert "cannot create already existing resource" in run.text, "the network says it first"
    shutil.rmtree(project.home)
    run = project.up(HUB)
    assert not run.succeeded
    assert f"an installation was begun in {WORK} that the state of this stack does not know" in run.text


@pytest.mark.parametrize(
    ("changes_", "said"),
    [
        ({"cluster.version": "4.19.20"}, "installs with openshift-install 4.19.20, and the one on PATH is"),
    ],
)
def test_another_installer_is_refused_in_the_preview(
    changes_: dict[str, object], said: str, tmp_path: Path
) -> None:
    project = CommittedProject.fresh(tmp_path)
    project.configure(HUB, changes_)
    run = project.preview(HUB)
    assert not run.succeeded
    assert said in run.text
