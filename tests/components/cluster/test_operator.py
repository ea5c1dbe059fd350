"""Invariants of OperatorSubscription: exactly the pinned version, approved with the least rights."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pytest

from components.cluster.operator import APPROVE, OperatorSubscription, OperatorSubscriptionArgs
from tests.harness import Graph, deploy


def _operator(csv: str = "trustee-operator.v1.2.1") -> Graph:
    def program() -> None:
        operator = OperatorSubscription(
            "operator",
            OperatorSubscriptionArgs(
                namespace="trustee-operator-system",
                package="trustee-operator",
                csv=csv,
                source="redhat-operators",
            ),
        )
        pulumi.export("csv", operator.csv)

    return deploy(program)


def test_olm_may_never_upgrade_by_itself() -> None:
    spec = _operator()["operator-subscription"].inputs["spec"]
    assert (spec["installPlanApproval"], spec["startingCSV"]) == ("Manual", "trustee-operator.v1.2.1")


def test_the_operator_watches_its_own_namespace_only() -> None:
    assert _operator()["operator-group"].inputs["spec"] == {"targetNamespaces": ["trustee-operator-system"]}


def test_a_new_pin_makes_a_new_approval() -> None:
    names = {
        _operator(csv)["operator-approval"].inputs["metadata"]["name"] for csv in ("x.v1.2.0", "x.v1.2.1")
    }
    assert names == {"approve-x-v1-2-0", "approve-x-v1-2-1"}


def test_the_approver_may_do_nothing_else() -> None:
    graph = _operator()
    assert graph["operator-approver-role"].inputs["rules"] == [
        {
            "apiGroups": ["operators.coreos.com"],
            "resources": ["installplans"],
            "verbs": ["get", "list", "patch"],
        },
        {
            "apiGroups": ["operators.coreos.com"],
            "resources": ["clusterserviceversions", "subscriptions"],
            "verbs": ["list"],
        },
    ]
    assert not graph.of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")


def test_the_approval_never_waits_for_a_subscription_that_waits_for_it() -> None:
    graph = _operator()
    assert "operator-subscription" in graph["operator-approval"].depends_on
    assert "annotations" not in graph["operator-subscription"].inputs["metadata"]


@dataclass
class Olm:
    """An ``oc`` that answers from files, and an OLM that moves on with each approval: to the state of that plan's name."""

    directory: Path
    patience: str = "600"

    def __post_init__(self) -> None:
        (self.directory / "oc").write_text(
            "#!/bin/bash\n"
            f"cd {self.directory}\n"
            'case "$*" in\n'
            "  get\\ clusterserviceversions*range*) cat versions;;\n"
            "  get\\ installplans*range*) cat plans;;\n"
            "  get\\ installplans*) tr '\\n' ' ' < plans;;\n"
            "  get\\ subscriptions*) printf 'the channel has no x.v1.2.1';;\n"
            '  patch*) echo "$3" >> approved; cp "$3/versions" "$3/plans" .;;\n'
            "esac\n"
        )
        (self.directory / "sleep").write_text("#!/bin/bash\nexit 0\n")
        for program in ("oc", "sleep"):
            (self.directory / program).chmod(0o755)
        (self.directory / "approved").touch()

    def state(self, versions: str, *plans: str, after: str = "") -> "Olm":
        """What is installed and planned, at first or ``after`` the approval of a plan."""
        place = self.directory / after
        place.mkdir(exist_ok=True)
        (place / "versions").write_text(versions)
        (place / "plans").write_text("".join(f"{plan}\n" for plan in plans))
        return self

    def approve(self) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.directory}:{os.environ['PATH']}",
            "CSV": "x.v1.2.1",
            "NAMESPACE": "n",
            "PATIENCE": self.patience,
        }
        return subprocess.run(
            ["/bin/bash", "-c", APPROVE],
            env=environment,
            timeout=30,
            check=False,
            capture_output=True,
            text=True,
        )

    @property
    def approved(self) -> list[str]:
        return (self.directory / "approved").read_text().split()


DONE = "x.v1.2.1 Succeeded\n"


def test_only_the_plan_of_the_pinned_version_is_approved(tmp_path: Path) -> None:
    plans = (
        'install-newer ["x.v1.3.0"] RequiresApproval',
        'install-other ["xy.v1.2.1"] RequiresApproval',
        'install-both ["x.v1.2.1","y.v1.0.0"] RequiresApproval',
        'install-pinned ["x.v1.2.1"] RequiresApproval',
    )
    olm = Olm(tmp_path).state("y.v1.0.0 Succeeded\n", *plans)
    olm.state(DONE, 'install-newer ["x.v1.3.0"] RequiresApproval', after="install-pinned")
    assert olm.approve().returncode == 0
    assert olm.approved == ["install-pinned"]


def test_an_upgrade_goes_from_version_to_version_up_to_the_pin(tmp_path: Path) -> None:
    """OLM offers only what replaces the installed version: from 1.1.0 that is 1.2.0, and never 1.2.1."""
    olm = Olm(tmp_path).state(
        "x.v1.1.0 Succeeded\n", 'old ["x.v1.1.0"] RequiresApproval', 'first ["x.v1.2.0"] RequiresApproval'
    )
    olm.state(
        "x.v1.1.0 Replacing\nx.v1.2.0 Succeeded\n", 'second ["x.v1.2.1"] RequiresApproval', after="first"
    )
    olm.state(DONE, 'beyond ["x.v1.3.0"] RequiresApproval', after="second")
    assert olm.approve().returncode == 0
    assert olm.approved == ["first", "second"]


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    olm = Olm(tmp_path, patience="0").state("x.v1.2.0 Succeeded\n", 'ten ["x.v1.2.10"] RequiresApproval')
    assert (olm.approve().returncode, olm.approved) == (1, [])


def test_a_plan_that_installs_more_than_this_package_is_never_approved(tmp_path: Path) -> None:
    olm = Olm(tmp_path, patience="0").state("", 'both ["x.v1.2.1","y.v1.0.0"] RequiresApproval')
    assert (olm.approve().returncode, olm.approved) == (1, [])


@pytest.mark.parametrize("phase", ["", "Planning", "Installing", "Complete", "Failed"])
def test_a_plan_is_approved_once_olm_asks_for_it_and_never_before(tmp_path: Path, phase: str) -> None:
    """OLM writes the status of a plan after it made the plan. An approval in between makes it write in vain, and plan anew."""
    olm = Olm(tmp_path, patience="0").state("", f'early ["x.v1.2.1"] {phase}')
    assert (olm.approve().returncode, olm.approved) == (1, [])


def test_nothing_is_approved_while_a_version_is_being_installed(tmp_path: Path) -> None:
    olm = Olm(tmp_path, patience="0").state("x.v1.2.0 Installing\n", 'next ["x.v1.2.1"] RequiresApproval')
    assert (olm.approve().returncode, olm.approved) == (1, [])


def test_a_cluster_that_is_past_the_pin_ends_it_at_once(tmp_path: Path) -> None:
    olm = Olm(tmp_path).state("x.v1.3.0 Succeeded\n", 'back ["x.v1.2.1"] RequiresApproval')
    done = olm.approve()
    assert (done.returncode, olm.approved) == (1, [])
    assert "x.v1.3.0 is installed, which is newer than the pin x.v1.2.1" in done.stdout


def test_an_approval_that_gives_up_says_what_it_waited_for_and_where_to_look(tmp_path: Path) -> None:
    olm = Olm(tmp_path, patience="0").state("x.v1.2.0 Succeeded\n", 'newer ["x.v1.3.0"] RequiresApproval')
    assert olm.approve().stdout.splitlines() == [
        "x.v1.2.1 is not installed after 0 seconds.",
        "Installed is x.v1.2.0 Succeeded. ",
        'OLM has plans for newer ["x.v1.3.0"] RequiresApproval ',
        "and says: the channel has no x.v1.2.1",
        "Look at: oc get subscription,installplan,csv -n n -o yaml",
    ]


def test_what_the_approval_says_reaches_pulumi_before_anything_ends_it() -> None:
    """Kubernetes deletes the pod of a Job that is out of time, and pulumi shows what it saw of the pod before."""
    approval = _operator()["operator-approval"]
    spec = approval.inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    (patience,) = [int(item["value"]) for item in container["env"] if item["name"] == "PATIENCE"]
    assert patience < spec["activeDeadlineSeconds"] < 35 * 60
    assert approval.timeouts[0] == "35m"
