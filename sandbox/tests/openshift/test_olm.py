from typing import Any

import pytest

from sandbox.openshift import kinds
from sandbox.openshift.objects import Manifest, condition
from sandbox.openshift.reactions.catalog import PACKAGES as CATALOGUE
from sandbox.openshift.reactions.catalog import Bundle, Package
from sandbox.provider import Incomplete
from sandbox.tests.openshift.cluster import (
    CERT_MANAGER,
    JOB,
    KATA_CONFIG,
    OPERATOR_GROUP,
    OSC,
    PACKAGES,
    ROUTE,
    SUBSCRIPTION,
    TRUSTEE,
    Api,
)

OLDER = "sandboxed-containers-operator.v1.13.0"
NEWER = "sandboxed-containers-operator.v1.13.1"


def plans(api: Api, namespace: str) -> dict[str, bool]:
    """Whether the plan of each version is approved."""
    found = api.cluster.objects.all(kinds.INSTALL_PLAN, namespace)
    return {plan["spec"]["clusterServiceVersionNames"][0]: plan["spec"]["approved"] for plan in found}


def test_nothing_is_installed_before_its_plan_is_approved(api: Api) -> None:
    api.subscribe(OSC)
    assert plans(api, OSC) == {NEWER: False}
    status = api.get(kinds.SUBSCRIPTION, PACKAGES[OSC][0], OSC)["status"]
    assert (status["state"], status["currentCSV"], "installedCSV" in status) == (
        "UpgradePending",
        NEWER,
        False,
    )
    assert not api.cluster.objects.all(kinds.CSV)


def test_exactly_the_pinned_version_is_approved_and_a_newer_one_waits(api: Api) -> None:
    api.subscribe(OSC, OLDER)
    job = api.approve(OSC, OLDER)
    assert condition(job, "Complete") == "True"
    assert plans(api, OSC) == {OLDER: True, NEWER: False}
    status = api.get(kinds.SUBSCRIPTION, PACKAGES[OSC][0], OSC)["status"]
    assert (status["installedCSV"], status["currentCSV"]) == (OLDER, NEWER)


def test_a_new_pin_upgrades_and_keeps_what_runs(api: Api) -> None:
    api.subscribe(OSC, OLDER)
    api.approve(OSC, OLDER)
    api.put(KATA_CONFIG, "kata", spec={})
    api.approve(OSC, NEWER)
    assert [csv["metadata"]["name"] for csv in api.cluster.objects.all(kinds.CSV)] == [NEWER]
    assert api.get(kinds.SUBSCRIPTION, PACKAGES[OSC][0], OSC)["status"]["state"] == "AtLatestKnown"
    assert condition(api.get(kinds.DEPLOYMENT, "controller-manager", OSC), "Available") == "True"
    assert api.get(kinds.KATA_CONFIG, "kata")["status"]["runtimeClasses"] == ["kata"]


def test_an_upgrade_goes_from_version_to_version_up_to_the_pin(api: Api) -> None:
    """trustee-operator 1.2.1 replaces 1.2.0 and nothing else: from 1.1.0 OLM never offers it."""
    oldest, between, pin = (f"trustee-operator.v{version}" for version in ("1.1.0", "1.2.0", "1.2.1"))
    api.subscribe(TRUSTEE, oldest)
    api.approve(TRUSTEE, oldest)
    assert plans(api, TRUSTEE) == {oldest: True, between: False}
    api.approve(TRUSTEE, pin)
    assert plans(api, TRUSTEE) == {oldest: True, between: True, pin: True}
    assert [csv["metadata"]["name"] for csv in api.cluster.objects.all(kinds.CSV)] == [pin]


def test_a_version_that_takes_over_from_all_older_ones_is_offered_at_once_and_a_pin_below_it_never(
    api: Api,
) -> None:
    api.subscribe(OSC, "sandboxed-containers-operator.v1.12.0")
    api.approve(OSC, "sandboxed-containers-operator.v1.12.0")
    with pytest.raises(Incomplete, match=f"v1.13.0 is not installed.*OLM has plans for .*{NEWER}"):
        api.approve(OSC, OLDER)
    assert plans(api, OSC)[NEWER] is False
    assert condition(api.approve(OSC, NEWER), "Complete") == "True"


def test_a_pin_below_what_is_installed_is_refused(api: Api) -> None:
    api.install(OSC)
    with pytest.raises(Incomplete, match=f"{NEWER} is installed, which is newer than the pin {OLDER}"):
        api.approve(OSC, OLDER)


@pytest.mark.parametrize("package", CATALOGUE.values(), ids=lambda package: package.name)
def test_every_channel_has_one_head_that_each_of_its_versions_reaches(package: Package) -> None:
    for channel in package.channels:
        for csv in package.offered(channel):
            at: str | None = csv
            while at and at != package.head(channel):
                at = package.next(channel, at)
            assert at == package.head(channel), csv


def test_a_skipped_version_is_left_by_the_one_that_skips_it() -> None:
    assert Bundle(version="1.2.0", replaces="1.0.0", skips=("1.1.0",)).follows("1.1.0")
    assert not Bundle(version="1.2.0", replaces="1.0.0").follows("1.1.0")
    ranged = Bundle(version="1.10.0", skip_range=("1.2.0", "1.10.0"))
    assert [ranged.follows(version) for version in ("1.1.9", "1.2.0", "1.9.0", "1.10.0")] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("namespace", [OSC, TRUSTEE])
def test_an_operator_of_one_namespace_cannot_watch_all(api: Api, namespace: str) -> None:
    api.subscribe(namespace)
    api.change(OPERATOR_GROUP, namespace, namespace, spec={})
    with pytest.raises(Incomplete, match="AllNamespaces InstallModeType not supported"):
        api.approve(namespace)


@pytest.mark.parametrize(
    ("spec", "answer"),
    [
        (
            {"channel": "stable-1.13"},
            "no operators found in channel stable-1.13 of package sandboxed-containers",
        ),
        ({"startingCSV": "sandboxed-containers-operator.v9.9.9"}, "no operators found with name sandboxed"),
        (
            {"name": "sandboxed-containers"},
            "no operators found in package sandboxed-containers in the catalog",
        ),
        ({"source": "community-operators"}, "no operators found from catalog community-operators"),
    ],
)
def test_an_approval_that_can_never_come_says_what_olm_does_not_find(
    api: Api, spec: dict[str, Any], answer: str
) -> None:
    api.subscribe(OSC, **spec)
    with pytest.raises(Incomplete, match=answer):
        api.approve(OSC)


def test_an_approver_without_the_rights_is_forbidden(api: Api) -> None:
    api.subscribe(TRUSTEE)
    api.delete("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", "approver", TRUSTEE)
    with pytest.raises(
        Incomplete, match=r"system:serviceaccount:trustee-operator-system:approver\" cannot list"
    ):
        api.approve(TRUSTEE)
    assert plans(api, TRUSTEE) == {"trustee-operator.v1.2.1": False}


def test_two_operator_groups_stop_olm_and_no_status_says_so(api: Api) -> None:
    api.subscribe(OSC)
    api.delete(SUBSCRIPTION, PACKAGES[OSC][0], OSC)
    for plan in api.cluster.objects.all(kinds.INSTALL_PLAN, OSC):
        api.delete("kubernetes:operators.coreos.com/v1alpha1:InstallPlan", plan["metadata"]["name"], OSC)
    api.put(OPERATOR_GROUP, "second", OSC, spec={"targetNamespaces": [OSC]})
    api.subscribe(OSC)
    assert plans(api, OSC) == {}
    assert "status" not in api.get(kinds.SUBSCRIPTION, PACKAGES[OSC][0], OSC)


def test_a_starting_version_is_looked_at_only_before_one_is_installed(api: Api) -> None:
    api.install(OSC)
    name = PACKAGES[OSC][0]
    spec = api.get(kinds.SUBSCRIPTION, name, OSC)["spec"]
    api.change(SUBSCRIPTION, name, OSC, spec={**spec, "startingCSV": "sandboxed-containers-operator.v9.9.9"})
    status = api.get(kinds.SUBSCRIPTION, name, OSC)["status"]
    assert (status["state"], status["installedCSV"]) == ("AtLatestKnown", NEWER)


def test_a_job_that_failed_is_replaced_only_when_it_says_so(api: Api) -> None:
    api.subscribe(OSC)
    api.delete("kubernetes:rbac.authorization.k8s.io/v1:Role", "approver", OSC)
    with pytest.raises(Incomplete) as failed:
        api.approve(OSC)
    live = failed.value.outputs
    spec = {"template": live["spec"]["template"]}
    for annotations, replaced in ({}, False), ({"pulumi.com/replaceUnready": "true"}, True):
        inputs = api.inputs(live["metadata"]["name"], OSC, spec=spec, annotations=annotations)
        diff = api.provider.diff(JOB, failed.value.id, inputs, {**live, **inputs}, inputs)
        assert bool(diff.replace) is replaced


def test_a_host_belongs_to_the_namespace_that_claimed_it_first(api: Api) -> None:
    host = "kbs.apps.test.sandbox.example.com"
    spec = {"host": host, "to": {"kind": "Service", "name": "web"}}
    api.put("kubernetes:core/v1:Namespace", "late")
    first = api.put(ROUTE, "web", "app", spec=spec)
    late = api.put(ROUTE, "web", "late", spec=spec)
    admitted = [route["status"]["ingress"][0]["conditions"][0]["status"] for route in (first, late)]
    assert admitted == ["True", "False"]
    assert "already exposes" in late["status"]["ingress"][0]["conditions"][0]["message"]
    generated = api.put(ROUTE, "other", "app", spec={"to": {"kind": "Service", "name": "web"}})
    assert generated["spec"]["host"] == "other-app.apps.test.sandbox.example.com"


def test_a_subscription_that_is_gone_leaves_its_operator(api: Api) -> None:
    api.install(TRUSTEE)
    api.delete(SUBSCRIPTION, "trustee-operator", TRUSTEE)
    assert api.get(kinds.CSV, "trustee-operator.v1.2.1", TRUSTEE)["status"]["phase"] == "Succeeded"


def look(api: Api, oldest: str = "1.17.0") -> Manifest:
    rbac = "kubernetes:rbac.authorization.k8s.io/v1"
    rule = {"apiGroups": ["operators.coreos.com"], "resources": ["clusterserviceversions"], "verbs": ["list"]}
    api.may("app", rule)
    api.put(f"{rbac}:ClusterRole", "script", rules=[rule])
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "script"}
    subject = {"kind": "ServiceAccount", "name": "script", "namespace": "app"}
    api.put(f"{rbac}:ClusterRoleBinding", "script", roleRef=reference, subjects=[subject])
    return api.script("look", "app", PACKAGE="cert-manager-operator", OLDEST=oldest)


def test_an_operator_that_is_present_is_found_wherever_it_is(api: Api) -> None:
    api.install(CERT_MANAGER)
    assert condition(look(api), "Complete") == "True"


def test_an_operator_that_is_said_to_be_present_and_is_not_is_named(api: Api) -> None:
    with pytest.raises(
        Incomplete, match="says that cert-manager-operator is present in this cluster, but there is none"
    ):
        look(api)


def test_a_present_operator_that_is_too_old_is_refused(api: Api) -> None:
    api.install(CERT_MANAGER)
    with pytest.raises(Incomplete, match=r"v1\.18\.0 is older than 1\.19\.0"):
        look(api, "1.19.0")
