"""Real API servers take what the program declares, and the operators beside them do what it waits for."""

import json
import os
from collections.abc import Iterator
from threading import Thread

import pytest

from sandbox.apiserver import ServerClusters, crds, external, faults
from sandbox.apiserver.client import ApiClient
from sandbox.apiserver.paths import path_of
from sandbox.apiserver.server import ServerProcesses
from sandbox.openshift.definitions import definition
from sandbox.openshift.kinds import (
    CONFIG_MAP,
    CSV,
    DEPLOYMENT,
    ENDPOINTS,
    EVENT,
    INSTALL_PLAN,
    KATA_CONFIG,
    KBS_CONFIG,
    NAMESPACE,
    NODE,
    OF_OPERATORS,
    POD,
    ROUTE,
    RUNTIME_CLASS,
    SERVICE_ACCOUNT,
)
from sandbox.openshift.objects import condition, new
from sandbox.tests.integration.servers import (
    User,
    clusters_in,
    code_of,
    eventually,
    facts,
    manifests,
    refusal,
)
from tests.config import committed

pytestmark = pytest.mark.integration
TRUSTEE, OSC = "trustee-operator-system", "openshift-sandboxed-containers-operator"


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerClusters]:
    clusters = clusters_in(tmp_path_factory.mktemp("servers"))
    yield clusters
    for name in clusters.names():
        clusters.delete(name)
    assert clusters.processes() == {}


@pytest.fixture(scope="module")
def installed(clusters: ServerClusters) -> User:
    """A cluster that serves the kinds of all operators, and has the namespaces of all stacks."""
    clusters.create("installed", facts("installed"))
    user = User(clusters.kubeconfig("installed"))
    crds.install(user.client, map(definition, OF_OPERATORS))
    for stack in committed.NAMES:
        for _, manifest in manifests(stack):
            if manifest["kind"] == "Namespace":
                user.apply(manifest)
    user.apply(new(NAMESPACE, "cert-manager"))
    return user


@pytest.fixture(scope="module")
def standalone(clusters: ServerClusters) -> User:
    """A cluster in which everything of the committed standalone stack has become ready, one after the other."""
    user = User(clusters.create("standalone", facts("standalone")))
    for _, manifest in manifests("dev-standalone"):
        user.bring_up(manifest)
    return user


@pytest.fixture
def server(clusters: ServerClusters, standalone: User) -> ServerProcesses:
    server = clusters.server("standalone")
    assert isinstance(server, ServerProcesses)
    return server


@pytest.mark.parametrize("stack", committed.NAMES)
def test_every_manifest_of_a_committed_stack_passes_a_strict_dry_run(stack: str, installed: User) -> None:
    declared = list(manifests(stack))
    answers = {name: refusal(lambda m=m: installed.try_(m)) for name, m in declared}
    assert {name: answer for name, answer in answers.items() if answer} == {}
    assert len(declared) > 12


def test_a_field_that_no_schema_knows_is_refused(installed: User) -> None:
    kbs = new(KBS_CONFIG, "kbs", TRUSTEE, spec={"kbsEnvVars": {}})
    answer = refusal(lambda: installed.try_(kbs))
    assert ".spec.kbsEnvVars: field not declared in schema" in str(answer)


def test_an_approved_plan_installs_the_pinned_version_and_no_other(standalone: User) -> None:
    versions = [csv for csv in standalone.all(CSV, TRUSTEE) if csv["status"]["phase"] == "Succeeded"]
    assert [csv["metadata"]["name"] for csv in versions] == ["trustee-operator.v1.2.1"]
    approved = [plan["spec"]["clusterServiceVersionNames"] for plan in standalone.all(INSTALL_PLAN, TRUSTEE)]
    assert approved == [["trustee-operator.v1.2.1"]]


def test_trustee_is_ready_and_has_something_behind_its_route(standalone: User) -> None:
    kbs = standalone.get(KBS_CONFIG, "kbs", TRUSTEE)
    assert kbs
    assert kbs["status"]["isReady"] is True
    subsets = eventually(lambda: (standalone.get(ENDPOINTS, "kbs-service", TRUSTEE) or {}).get("subsets"))
    assert subsets[0]["addresses"]
    routes = [route["status"]["ingress"][0] for route in standalone.all(ROUTE, TRUSTEE)]
    assert [condition({"status": ingress}, "Admitted") for ingress in routes] == ["True"]


def test_peer_pods_bring_their_runtime_class_and_pods_of_it_run(standalone: User) -> None:
    kata = standalone.all(KATA_CONFIG)[0]
    assert kata["status"]["runtimeClasses"] == ["kata", "kata-remote"]
    confidential = [
        pod for pod in standalone.all(POD) if pod["spec"].get("runtimeClassName") == "kata-remote"
    ]
    assert len(confidential) >= 2
    assert {pod["status"]["phase"] for pod in confidential} == {"Running"}


def test_trustee_deletes_a_config_map_without_the_migration_annotation(standalone: User) -> None:
    kbs = standalone.get(KBS_CONFIG, "kbs", TRUSTEE)
    assert kbs
    name = kbs["spec"]["kbsConfigMapName"]
    before = standalone.get(CONFIG_MAP, name, TRUSTEE)
    assert before
    standalone.change(CONFIG_MAP, name, TRUSTEE, {"metadata": {"annotations": None}})
    eventually(lambda: standalone.get(CONFIG_MAP, name, TRUSTEE) is None)
    backup = standalone.get(CONFIG_MAP, f"{name}.v1.1", TRUSTEE)
    assert backup
    assert backup["data"] == before["data"]
    # Its status says nothing of it: the pods that run go on running.
    eventually(
        lambda: [
            each for each in standalone.all(EVENT, TRUSTEE) if each["reason"] == "DeploymentUpdateFailed"
        ]
    )
    annotated = new(
        CONFIG_MAP, name, TRUSTEE, annotations=before["metadata"]["annotations"], data=before["data"]
    )
    standalone.bring_up(annotated)
    eventually(
        lambda: (
            not [
                each for each in standalone.all(EVENT, TRUSTEE) if each["reason"] == "DeploymentUpdateFailed"
            ]
        )
    )


@pytest.mark.parametrize("code", [429, 500])
def test_operators_and_patient_clients_get_through_a_server_in_trouble(
    code: int, server: ServerProcesses, standalone: User
) -> None:
    watch = server.processes["watch"].pid()
    impatient = ApiClient.of(server.kubeconfig(), retries=0)
    with faults.answering(server, code, retry_after=1) as seen:
        assert code_of(lambda: impatient.get("/api/v1/namespaces")) == code
        eventually(lambda: len(seen) > 1)
        later = Thread(target=standalone.apply, args=(_route(f"after-{code}"),))
        later.start()
    later.join()
    eventually(lambda: _host(standalone, f"after-{code}"))
    assert server.processes["watch"].pid() == watch


def test_a_stopped_cluster_comes_back_as_it_was(clusters: ServerClusters, standalone: User) -> None:
    kubeconfig = clusters.kubeconfig("standalone")
    before = {pod["metadata"]["uid"] for pod in standalone.all(POD, TRUSTEE)}
    clusters.stop()
    assert clusters.processes() == {}
    clusters.start()
    assert clusters.kubeconfig("standalone") == kubeconfig
    assert {pod["metadata"]["uid"] for pod in standalone.all(POD, TRUSTEE)} == before
    standalone.apply(_route("restarted"))
    eventually(lambda: _host(standalone, "restarted"))


def test_a_kata_config_stays_until_the_last_pod_of_its_runtime_is_gone(standalone: User) -> None:
    name = standalone.all(KATA_CONFIG)[0]["metadata"]["name"]
    standalone.delete(KATA_CONFIG, name)
    eventually(lambda: "BlockedByExistingKataPods" in json.dumps(standalone.all(KATA_CONFIG)[0]["status"]))
    assert condition(standalone.all(KATA_CONFIG)[0], "InProgress") == "False"
    for namespace in ("hello-openshift", "hello-samples", "kbs-access", "kbs-sealed"):
        standalone.delete(NAMESPACE, namespace)
    eventually(lambda: standalone.all(KATA_CONFIG) == [])
    assert standalone.all(RUNTIME_CLASS) == []
    eventually(lambda: standalone.get(NAMESPACE, "hello-openshift") is None)
    assert standalone.all(DEPLOYMENT, "hello-openshift") == []


def test_what_an_object_owns_goes_with_it(standalone: User) -> None:
    standalone.delete(KBS_CONFIG, "kbs", TRUSTEE)
    eventually(lambda: standalone.get(DEPLOYMENT, "trustee-deployment", TRUSTEE) is None)
    eventually(
        lambda: not [p for p in standalone.all(POD, TRUSTEE) if p["metadata"]["labels"].get("app") == "kbs"]
    )


def test_nothing_is_left_of_a_deleted_cluster(clusters: ServerClusters) -> None:
    clusters.create("brief", facts("brief"))
    pids = {name: pid for name, pid in clusters.processes().items() if name.startswith("brief/")}
    assert len(pids) == 4
    clusters.delete("brief")
    assert not (clusters.directory / "brief").exists()
    for pid in pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_somebody_elses_cluster_serves_in_its_place(
    clusters: ServerClusters, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = ServerProcesses(tmp_path_factory.mktemp("theirs"))
    theirs.start(watch=False)
    try:
        user = User(theirs.kubeconfig())
        user.apply(new(NODE, "kind-control-plane", spec={}))
        path = theirs.folder / "kubeconfig"
        path.write_text(theirs.kubeconfig())
        monkeypatch.setenv(external.VARIABLE, str(path))
        monkeypatch.setenv(external.CONSENT, "1")
        ours = clusters_in(tmp_path_factory.mktemp("ours"))
        assert ours.create("theirs", facts("theirs")) == path.read_text()
        user.apply(_route("there"))
        eventually(lambda: _host(user, "there"))
        assert external.TAINT in user.all(NODE)[0]["spec"]["taints"]
        eventually(lambda: user.get(SERVICE_ACCOUNT, "default", "openshift"))
        _a_pod_comes_and_goes(user)
        ours.delete("theirs")
        assert ours.processes() == {}
        assert [node["metadata"]["name"] for node in user.all(NODE)] == ["kind-control-plane"]
        assert "taints" not in user.all(NODE)[0]["spec"]
    finally:
        theirs.remove()


def _a_pod_comes_and_goes(user: User) -> None:
    """On a node of the sandbox, where its scheduler has put it."""
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "any"}]},
    }
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    user.apply(new(DEPLOYMENT, "web", "default", spec=spec))
    name = eventually(lambda: user.all(POD, "default"))[0]["metadata"]["name"]
    node = next(
        node["metadata"]["name"]
        for node in user.all(NODE)
        if external.OURS in node["metadata"].get("labels", {})
    )
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
    user.client.create(f"{path_of(POD, 'default', name)}/binding", binding, manager="kube-scheduler")
    eventually(lambda: user.all(POD, "default")[0]["status"]["phase"] == "Running")
    user.delete(DEPLOYMENT, "web", "default")
    eventually(lambda: user.all(POD, "default") == [])


def _route(name: str) -> dict[str, object]:
    return new(ROUTE, name, "default", spec={"to": {"kind": "Service", "name": name}})


def _host(user: User, name: str) -> str | None:
    route = user.get(ROUTE, name, "default")
    return route["spec"].get("host") if route else None
