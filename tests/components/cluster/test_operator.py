"""Invariants of OperatorSubscription: exactly the pinned version, approved with the least rights."""

import os
import stat
import subprocess
from pathlib import Path

import pulumi
import pytest

from components.cluster.operator import APPROVE, OperatorSubscription, OperatorSubscriptionArgs
from tests.harness import Graph, deploy


def _operator(csv: str = "trustee-operator.v1.2.1", operands: tuple[str, ...] = ()) -> Graph:
    def program() -> None:
        operator = OperatorSubscription(
            "operator",
            OperatorSubscriptionArgs(
                namespace="trustee-operator-system",
                package="trustee-operator",
                csv=csv,
                source="redhat-operators",
                operands=operands,
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
    graph = _operator(operands=("cert-manager/cert-manager-webhook",))
    assert graph["operator-approver-role"].inputs["rules"] == [
        {
            "apiGroups": ["operators.coreos.com"],
            "resources": ["installplans"],
            "verbs": ["get", "list", "patch"],
        },
        {"apiGroups": ["operators.coreos.com"], "resources": ["clusterserviceversions"], "verbs": ["get"]},
        {"apiGroups": ["operators.coreos.com"], "resources": ["subscriptions"], "verbs": ["list"]},
    ]
    assert graph["operator-approver-cluster-role"].inputs["rules"] == [
        {
            "apiGroups": ["apps"],
            "resources": ["deployments"],
            "resourceNames": ["cert-manager-webhook"],
            "verbs": ["get"],
        }
    ]


def test_without_operands_no_right_reaches_beyond_the_namespace() -> None:
    assert not _operator().of_type("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")


def test_the_approval_never_waits_for_a_subscription_that_waits_for_it() -> None:
    graph = _operator()
    assert "operator-subscription" in graph["operator-approval"].depends_on
    assert "annotations" not in graph["operator-subscription"].inputs["metadata"]


@pytest.fixture
def oc(tmp_path: Path) -> dict[str, str]:
    """An ``oc`` for the approval script: prints the plans of the file, installs what is approved."""
    script = tmp_path / "oc"
    script.write_text(
        "#!/bin/bash\n"
        f"cd {tmp_path}\n"
        'echo "$*" >> calls\n'
        'case "$*" in\n'
        "  *clusterserviceversion*) [ -f approved ] && printf Succeeded || true;;\n"
        "  get\\ installplans*items\\[\\*\\].spec*) printf '[\"x.v1.3.0\"]';;\n"
        "  get\\ installplans*) cat plans;;\n"
        "  get\\ subscriptions*) printf 'the channel has no x.v1.2.1';;\n"
        '  patch*) echo "$3" >> approved;;\n'
        "esac\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    sleep = tmp_path / "sleep"
    sleep.write_text("#!/bin/bash\nexit 0\n")
    sleep.chmod(0o755)
    return {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CSV": "x.v1.2.1",
        "NAMESPACE": "n",
        "OPERANDS": "",
        "PATIENCE": "600",
        "DIR": str(tmp_path),
    }


def _approve(oc: dict[str, str], plans: str, seconds: float) -> list[str]:
    directory = Path(oc["DIR"])
    (directory / "plans").write_text(plans)
    try:
        subprocess.run(["/bin/bash", "-c", APPROVE], env=oc, timeout=seconds, check=True, capture_output=True)
    except subprocess.TimeoutExpired:
        return []
    return (directory / "approved").read_text().split()


def test_only_the_plan_of_the_pinned_version_is_approved(oc: dict[str, str]) -> None:
    plans = (
        'install-newer ["x.v1.3.0"] false\n'
        'install-both ["x.v1.2.1","y.v1.0.0"] false\n'
        'install-pinned ["x.v1.2.1"] false\n'
    )
    assert _approve(oc, plans, 10) == ["install-pinned"]


def test_a_plan_that_installs_more_than_the_pin_is_never_approved(oc: dict[str, str]) -> None:
    assert (
        _approve(oc, 'install-both ["x.v1.2.1","y.v1.0.0"] false\ninstall-newer ["x.v1.2.10"] false\n', 1)
        == []
    )


@pytest.mark.parametrize(
    ("operands", "plans", "sentence"),
    [
        ("", 'install-newer ["x.v1.3.0"] false\n', "No plan has installed exactly x.v1.2.1 after 0 seconds."),
        ("m/web", 'install ["x.v1.2.1"] false\n', "The deployment m/web is not available after 0 seconds."),
    ],
)
def test_an_approval_that_gives_up_says_what_it_waited_for_and_where_to_look(
    oc: dict[str, str], operands: str, plans: str, sentence: str
) -> None:
    directory = Path(oc["DIR"])
    (directory / "plans").write_text(plans)
    if operands:
        (directory / "approved").touch()
    environment = oc | {"PATIENCE": "0", "OPERANDS": operands}
    done = subprocess.run(
        ["/bin/bash", "-c", APPROVE], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.splitlines()[-3:] == [
        sentence,
        'OLM has plans for ["x.v1.3.0"] and says: the channel has no x.v1.2.1',
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
