"""ConfidentialWorkload: what code says of its pod is deployed as it is, or refused with the place, the rule and the fix."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest

from components.spoke.workload import ConfidentialWorkload, ConfidentialWorkloadArgs
from model.workloads.pod_rules import INITDATA
from model.workloads.profile_pod import STRICT
from tests.harness import Graph, Secret, deploy

IMAGE = "registry.example.com/team/web:1"
HTTP = {"name": "http", "containerPort": 8443}
SECURE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsUser": 2000}
PLAIN: dict[str, Any] = {"containers": [{"name": "web", "image": IMAGE, "ports": [HTTP]}]}
RICH: dict[str, Any] = {
    "serviceAccountName": "reader",
    "imagePullSecrets": [{"name": "pull"}],
    "terminationGracePeriodSeconds": 5,
    "initContainers": [
        {
            "name": "first",
            "image": IMAGE,
            "command": ["prepare"],
            "volumeMounts": [{"name": "work", "mountPath": "/work"}],
        }
    ],
    "containers": [
        {
            "name": "web",
            "image": IMAGE,
            "args": ["--all"],
            "ports": [{"name": "metrics", "containerPort": 9000}],
            "livenessProbe": {"httpGet": {"path": "/live", "port": 8443}, "periodSeconds": 3},
            "startupProbe": {"exec": {"command": ["ready"]}},
            "resources": {"limits": {"cpu": "2", "memory": "1Gi"}},
            "securityContext": SECURE,
            "tty": True,
        },
        {
            "name": "proxy",
            "image": IMAGE,
            "ports": [HTTP],
            "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}],
            "envFrom": [{"configMapRef": {"name": "settings"}}],
            "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings", "readOnly": True}],
        },
    ],
    "volumes": [
        {"name": "work", "emptyDir": {"medium": "Memory"}},
        {"name": "settings", "configMap": {"name": "settings"}},
    ],
}


def deployed(pod: Mapping[str, Any], **more: Any) -> Graph:
    def program() -> None:
        workload = ConfidentialWorkload(
            "web", ConfidentialWorkloadArgs(app="web", namespace="default", pod=pod, **more)
        )
        pulumi.export("url", workload.url)

    return deploy(program)


def template(pod: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return dict(deployed(pod, **more)["web-deployment"].inputs["spec"]["template"])


def test_two_lines_make_a_workload_confidential() -> None:
    plain = template(PLAIN)
    confidential = template(PLAIN, runtime_class="kata-remote", initdata="encoded")
    assert confidential["metadata"].pop("annotations") == {INITDATA: "encoded"}
    assert confidential["spec"].pop("runtimeClassName") == "kata-remote"
    assert confidential == plain


def test_a_changed_profile_rolls_the_pods() -> None:
    templates = [template(PLAIN, runtime_class="kata-remote", initdata=encoded) for encoded in ("one", "two")]
    assert templates[0] != templates[1]


def test_a_pod_is_deployed_as_it_is_written_and_what_it_leaves_out_is_strict() -> None:
    spec = template(RICH)["spec"]
    assert spec.pop("automountServiceAccountToken") is False
    assert spec.pop("enableServiceLinks") is False
    first, web, proxy = (*spec["initContainers"], *spec["containers"])
    assert first.pop("securityContext") == proxy.pop("securityContext") == STRICT
    assert web["securityContext"] == SECURE
    assert spec == RICH


def test_a_value_that_is_known_only_later_is_taken_and_stays_secret() -> None:
    def program() -> None:
        env = [{"name": "KEY", "value": pulumi.Output.secret("later")}]
        pod = {"containers": [{**PLAIN["containers"][0], "env": env}]}
        ConfidentialWorkload("web", ConfidentialWorkloadArgs(app="web", namespace="default", pod=pod))

    [container] = deploy(program)["web-deployment"].inputs["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "KEY", "value": Secret("later")}]


def test_a_route_leads_to_the_port_that_is_named_http() -> None:
    graph = deployed(RICH, host="web.apps.example")
    assert graph.exports["url"] == "https://web.apps.example"
    [port] = graph["web-service"].inputs["spec"]["ports"]
    assert port == {"name": "http", "port": 8443, "targetPort": "http"}
    assert graph["web-route"].inputs["spec"]["port"] == {"targetPort": "http"}


def test_without_a_host_nothing_is_published() -> None:
    graph = deployed(PLAIN, replicas=3)
    assert not {"web-service", "web-route"} & set(graph)
    assert "url" not in graph.exports
    assert graph["web-deployment"].inputs["spec"]["replicas"] == 3


def web(**settings: Any) -> dict[str, Any]:
    return {"containers": [{**PLAIN["containers"][0], **settings}]}


@pytest.mark.parametrize(
    ("pod", "says"),
    [
        ({}, "spec: must have a container: write it under containers"),
        ({**PLAIN, "runtimeClassName": "kata"}, "spec.runtimeClassName: must not be set: it is added for you"),
        ({**PLAIN, "hostNetwork": True}, "spec.hostNetwork: must not be set"),
        ({**PLAIN, "automountServiceAccountToken": True}, "spec.automountServiceAccountToken: must not be true"),
        ({**PLAIN, "volumes": [{"name": "a", "hostPath": {"path": "/"}}]}, "spec.volumes[0].hostPath: must not be used"),
        (
            {**PLAIN, "volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "a"}}]},
            "spec.volumes[0].persistentVolumeClaim: does not work in a peer pod",
        ),
        (web(securityContext={"privileged": True, **SECURE}), "securityContext.privileged: must not be set"),
        (
            web(securityContext={"allowPrivilegeEscalation": False}),
            "securityContext.capabilities: is missing: write capabilities: {drop: [ALL]}",
        ),
        (web(image="web"), "spec.containers[0].image: must be registry/repository"),
        (web(contianerPort=1), "spec.containers[0].contianerPort: is not a field"),
        (web(volumeMounts=[{"name": "a", "mountPath": "/a"}]), "volumeMounts[0].name: must be a volume of the pod"),
        (web(volumeDevices=[{"name": "a"}]), "volumeDevices: cannot reach a peer pod"),
    ],
)  # fmt: skip
def test_what_cannot_be_honoured_is_refused(pod: dict[str, Any], says: str) -> None:
    with pytest.raises(pulumi.RunError) as error:
        deployed(pod)
    assert says in str(error.value)
    assert "web: spec" in str(error.value)


def test_all_problems_are_told_at_once() -> None:
    pod = {"containers": [{"name": "web", "image": "web"}], "hostPID": True}
    with pytest.raises(pulumi.RunError) as error:
        deployed(pod, runtime_class="kata-remote")
    assert len(str(error.value).splitlines()) == 4


def test_half_of_what_makes_a_pod_confidential_is_refused() -> None:
    for half in ({"runtime_class": "kata-remote"}, {"initdata": "encoded"}):
        with pytest.raises(pulumi.RunError, match="runtime_class and initdata must be given together"):
            deployed(PLAIN, **half)


def test_a_host_without_a_port_to_lead_to_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="must have a port named http"):
        deployed({"containers": [{"name": "web", "image": IMAGE}]}, host="web.apps.example")
