"""One live object is tampered with at a time, and exactly its line of the comparison changes."""

import argparse
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from live.cluster import Live, Unreachable
from sandbox import api
from tests.tools import deployed
from tools.posture.deployment import Deployment
from tools.posture.untrusted import ANNOTATION
from tools.verify import __main__ as command
from tools.verify import removal, sandboxed, spoke

TRUSTEE, OSC = "trustee-operator-system", "openshift-sandboxed-containers-operator"
HOST = "kbs.apps.dev-hub.eastus2.aroapp.io"
Edit = Callable[[Any], Any]


class Tampered:
    """A cluster in which somebody changed one object; an edit that returns None deletes it."""

    def __init__(self, live: Live, kind: str, name: str, edit: Edit) -> None:
        self._live, self._kind, self._name, self._edit = live, kind, name, edit
        self.done = False

    @property
    def where(self) -> str:
        return self._live.where

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Mapping[str, Any] | None:
        found = self._live.get(api_version, kind, name, namespace)
        return self._edited(found) if found else None

    def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
        found = [self._edited(one) for one in self._live.list(api_version, kind, namespace)]
        return [one for one in found if one is not None]

    def _edited(self, manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if manifest["kind"] != self._kind or not manifest["metadata"]["name"].startswith(self._name):
            return manifest
        copy = deepcopy(dict(manifest))
        after = self._edit(copy)
        self.done = True
        return after


def failing(home: Path, stack: str, live: Live | None = None) -> list[tuple[str, str]]:
    state = deployed.export(home, stack)
    options = argparse.Namespace(kubeconfig=None, home=home, engine="embedded", kbs_address=None)
    found = command.checks(options, state, live or sandboxed.cluster_of(state, home))
    return [(one.subject, one.what) for one in found if one.state == "differs"]


def put(path: str, value: Any) -> Edit:
    """An edit that writes a value at a path of keys (`/` between them); None takes it out."""

    def edit(manifest: Any) -> Any:
        *parents, last = path.split("/")
        table = manifest
        for key in parents:
            table = table[int(key)] if isinstance(table, list) else table.setdefault(key, {})
        assert table.get(last) != value, path
        table[last] = value
        if value is None:
            del table[last]
        return manifest

    return edit


def replaced(key: str, old: str, new: str) -> Edit:
    def edit(manifest: Any) -> Any:
        assert old in manifest["data"][key]
        manifest["data"][key] = manifest["data"][key].replace(old, new)
        return manifest

    return edit


def gone(_: Any) -> None:
    return None


def other_value(manifest: Any) -> Any:
    document = json.loads(manifest["data"]["reference_value"])
    document["snp_pcr11"] = document["snp_pcr09"]
    manifest["data"]["reference_value"] = json.dumps(document)
    return manifest


AS_STATED = "as in the state"
HUB = [
    ("ConfigMap", "resource-policy", replaced("resource-policy.rego", "default allow := false", "default allow := true"), f"ConfigMap {TRUSTEE}/resource-policy", AS_STATED),
    ("ConfigMap", "attestation-policy", replaced("default_cpu.rego", "executables := 33", "executables := 3"), f"ConfigMap {TRUSTEE}/attestation-policy", AS_STATED),
    ("ConfigMap", "reference-values", other_value, f"ConfigMap {TRUSTEE}/reference-values", AS_STATED),
    ("ConfigMap", "kbs-config", replaced("kbs-config.toml", "DenyAll", "InsecureAllowAll"), f"ConfigMap {TRUSTEE}/kbs-config", AS_STATED),
    ("ConfigMap", "resource-policy", put("metadata/annotations", None), f"ConfigMap {TRUSTEE}/resource-policy", AS_STATED),
    ("KbsConfig", "kbs", put("spec/kbsSecretResources", ["kbsres1", "other"]), f"KbsConfig {TRUSTEE}/kbs", AS_STATED),
    ("KbsConfig", "kbs", put("spec/kbsGpuAttestationPolicyConfigMapName", "other"), f"KbsConfig {TRUSTEE}/kbs", AS_STATED),
    ("KbsConfig", "kbs", put("spec/kbsLocalCertCacheSpec", {"secrets": [{"secretName": "x"}]}), f"KbsConfig {TRUSTEE}/kbs", AS_STATED),
    ("KbsConfig", "kbs", put("status/isReady", False), f"KbsConfig {TRUSTEE}/kbs", "is ready"),
    ("Route", "kbs", put("spec/tls/termination", "edge"), f"Route {TRUSTEE}/kbs", AS_STATED),
    ("Route", "kbs", put("spec/host", "kbs.example.com"), f"Route {TRUSTEE}/kbs", AS_STATED),
    ("Route", "kbs", put("status/ingress", []), f"Route {TRUSTEE}/kbs", f"is served as {HOST}"),
    ("ClusterServiceVersion", "trustee-operator", put("status/phase", "Failed"), f"ClusterServiceVersion {TRUSTEE}/trustee-operator.v1.2.1", "installed at the pinned version"),
    ("ClusterServiceVersion", "trustee-operator", put("metadata/name", "trustee-operator.v1.3.0"), f"ClusterServiceVersion {TRUSTEE}/trustee-operator.v1.2.1", "installed at the pinned version"),
    ("Subscription", "trustee-operator", put("spec/installPlanApproval", "Automatic"), f"Subscription {TRUSTEE}/trustee-operator", AS_STATED),
    ("Certificate", "kbs-https", put("spec/dnsNames", ["kbs.example.com"]), f"Certificate {TRUSTEE}/kbs-https", AS_STATED),
    ("Certificate", "kbs-https", put("status/notBefore", "2026-09-01T00:00:00Z"), f"Certificate {TRUSTEE}/kbs-https", "is issued, and is the one in use"),
    ("Certificate", "kbs-https", put("status/notAfter", "2020-01-01T00:00:00Z"), f"Certificate {TRUSTEE}/kbs-https", "is issued, and is the one in use"),
    ("Certificate", "kbs-https", put("status/conditions", []), f"Certificate {TRUSTEE}/kbs-https", "is issued, and is the one in use"),
    ("Deployment", "trustee-deployment", put("spec/template/spec/containers/0/env/0/value", "other"), f"Deployment {TRUSTEE}/trustee-deployment", "runs what the state rendered"),
    ("Deployment", "trustee-deployment", put("status/updatedReplicas", 0), f"Deployment {TRUSTEE}/trustee-deployment", "runs what the state rendered"),
    ("Secret", "kbs-auth", gone, f"Secret {TRUSTEE}/kbs-auth", "exists; its content is not read"),
    ("ClusterIssuer", "kbs-ca-self-signed", gone, "ClusterIssuer kbs-ca-self-signed", AS_STATED),
]  # fmt: skip
SPOKE = [
    ("ConfigMap", "peer-pods-cm", put("data/INITDATA", deployed.foreign_initdata()), f"ConfigMap {OSC}/peer-pods-cm", AS_STATED),
    ("ConfigMap", "peer-pods-cm", put("data/DISABLECVM", "true"), "machines of peer pods", "are confidential"),
    ("ConfigMap", "peer-pods-cm", put("data/AZURE_IMAGE_ID", ""), "machines of peer pods", "have an image to start from"),
    ("DaemonSet", "osc-caa-ds", put("status/numberReady", 1), f"DaemonSet {OSC}/osc-caa-ds", "runs on every node of peer pods"),
    ("DaemonSet", "osc-caa-ds", put("status/updatedNumberScheduled", 1), f"DaemonSet {OSC}/osc-caa-ds", "runs on every node of peer pods"),
    ("ConfigMap", "osc-feature-gates", put("data/confidential", "false"), f"ConfigMap {OSC}/osc-feature-gates", AS_STATED),
    ("Pod", "kbs-access", put(f"metadata/annotations/{ANNOTATION}", deployed.foreign_initdata()), "pods of Deployment kbs-access/kbs-access", "run with the initdata of the state"),
    ("Pod", "kbs-access", put("metadata/annotations", None), "pods of Deployment kbs-access/kbs-access", "run with the initdata of the state"),
    ("Pod", "kbs-access", put("spec/runtimeClassName", None), "pods of Deployment kbs-access/kbs-access", "run with the initdata of the state"),
    ("Deployment", "hello-debug", put(f"spec/template/metadata/annotations/{ANNOTATION}", "other"), "Deployment hello-samples/hello-debug", AS_STATED),
    ("Deployment", "hello-debug", put("spec/template/spec/containers/0/image", "quay.io/evil/one"), "Deployment hello-samples/hello-debug", AS_STATED),
    ("ClusterServiceVersion", "sandboxed-containers-operator", put("metadata/name", "sandboxed-containers-operator.v1.14.0"), f"ClusterServiceVersion {OSC}/sandboxed-containers-operator.v1.13.1", "installed at the pinned version"),
    ("KataConfig", "kata", put("spec/enablePeerPods", False), "KataConfig kata", AS_STATED),
    ("KataConfig", "kata", put("status/runtimeClasses", ["kata"]), "KataConfig kata", "offers the runtime class kata-remote"),
]  # fmt: skip


@pytest.mark.parametrize("stack", ["dev-hub", "dev-spoke", "dev-standalone"])
def test_what_was_brought_up_does_not_differ(home: Path, stack: str) -> None:
    assert failing(home, stack) == []


@pytest.mark.parametrize(
    ("stack", "kind", "name", "edit", "subject", "what"),
    [("dev-hub", *row) for row in HUB] + [("dev-spoke", *row) for row in SPOKE],
)
def test_exactly_what_was_tampered_with_differs(
    home: Path, stack: str, kind: str, name: str, edit: Edit, subject: str, what: str
) -> None:
    live = Tampered(sandboxed.cluster_of(deployed.export(home, stack), home), kind, name, edit)
    assert failing(home, stack, live) == [(subject, what)]
    assert live.done


def test_a_served_secret_that_is_gone_is_named(home: Path) -> None:
    live = Tampered(sandboxed.cluster_of(deployed.export(home, "dev-hub"), home), "Secret", "kbsres1", gone)
    found = failing(home, "dev-hub", live)
    assert [subject for subject, _ in found] == [f"Secret {TRUSTEE}/kbsres1", f"served secrets in {TRUSTEE}"]


def test_a_config_map_that_the_operator_took_for_an_old_one_is_reported(home: Path) -> None:
    class Migrated(Tampered):
        def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
            more = [{"metadata": {"name": "resource-policy.v1.1"}}] if kind == "ConfigMap" else []
            return [*super().list(api_version, kind, namespace), *more]

    live = Migrated(sandboxed.cluster_of(deployed.export(home, "dev-hub"), home), "None", "", gone)
    assert failing(home, "dev-hub", live) == [
        (f"ConfigMaps of {TRUSTEE}", "none was taken for one of Trustee 1.1")
    ]


def test_an_edit_by_hand_is_found_in_the_stored_cluster(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = shutil.copytree(home, tmp_path / "home")
    arguments = ["dev-hub", "--home", str(copy)]
    assert command.main(arguments) == 0
    hub = api.clusters(copy)["coco-dev-hub"]
    hub.edit("ConfigMap", "resource-policy", TRUSTEE, replaced("resource-policy.rego", "\tattested\n", ""))
    assert command.main([*arguments, "--json"]) == 1
    found = json.loads(capsys.readouterr().out.rpartition("checks: ")[2].partition("\n")[2])
    assert [(one["subject"], one["state"]) for one in found["checks"][:1]] == [
        (f"ConfigMap {TRUSTEE}/resource-policy", "differs")
    ]
    assert "attested" in found["checks"][0]["detail"]


def test_what_cannot_be_checked_is_listed_and_fails_only_when_asked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["dev-hub", "--home", str(home)]
    assert command.main(arguments) == 0
    assert "2 not checked" in capsys.readouterr().out
    assert command.main([*arguments, "--strict"]) == 1


def test_what_an_operator_keeps_from_then_on_is_no_difference(home: Path) -> None:
    state = deployed.export(home, "dev-spoke")
    later = put("data/IMAGE_VERSION", "2.0.1")
    live = Tampered(sandboxed.cluster_of(state, home), "ConfigMap", "azure-podvm-image-cm", later)
    assert failing(home, "dev-spoke", live) == []
    assert live.done


def test_only_pods_of_others_hold_up_the_removal(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stack in ("dev-hub", "dev-spoke"):
        assert command.main([stack, "--home", str(home), "--before-destroy"]) == 0
    assert capsys.readouterr().out.endswith("Nothing of others holds up the removal of dev-spoke.\n")
    state = deployed.export(home, "dev-spoke")
    live = sandboxed.cluster_of(state, home)
    others = {
        "metadata": {"name": "theirs", "namespace": "default"},
        "spec": {"runtimeClassName": "kata-remote"},
    }
    ordinary = {"metadata": {"name": "plain", "namespace": "default"}, "spec": {}}

    class Shared(Tampered):
        def list(self, api_version: str, kind: str, namespace: str) -> Sequence[Mapping[str, Any]]:
            found = super().list(api_version, kind, namespace)
            return [*found, others, ordinary] if kind == "Pod" else found

    assert removal.foreign_pods(state, Shared(live, "None", "", gone)) == ["default/theirs"]


def test_a_subnet_without_outbound_access_differs(home: Path) -> None:
    state = deployed.export(home, "dev-spoke")
    live = sandboxed.cluster_of(state, home)

    def unreachable(_: str) -> str | None:
        raise Unreachable("az is not installed")

    def state_of(nat_gateway: spoke.NatGateway, stack: Deployment = state) -> str:
        return [one.state for one in spoke.checks(stack, live, nat_gateway)][-1]

    assert state_of(lambda subnet: sandboxed.nat_gateway(home, "embedded", subnet)) == "ok"
    assert state_of(lambda _: None) == "differs"
    assert state_of(lambda _: "/another") == "differs"
    assert state_of(unreachable) == "not checked"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dev-hub", "--home", "EMPTY"], "never been brought up"),
        (["dev-hub", "--from", "STATE"], "Which cluster?"),
        (["dev-hub", "--home", "HOME", "--kubeconfig", "missing"], "missing cannot be read"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_said_in_a_sentence(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    places = {"HOME": str(home), "EMPTY": str(tmp_path), "STATE": str(home / "stacks/dev-hub.json")}
    assert command.main([places.get(one, one) for one in arguments]) == 2
    assert words in capsys.readouterr().err
