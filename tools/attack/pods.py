"""The confidential pods that a stack deploys, as the API server would have them, with what their nodes are told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from model.versions import Version
from sandbox.guest.api import AgentLine, Node, Service, agent_line
from tools.posture.deployment import Deployment, Resource, Sealed, table
from tools.posture.untrusted import ANNOTATION, RUNTIME_CLASS

_TEMPLATES: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
_OPERATOR: Final = "sandboxed-containers-operator"
_UID_RANGE: Final = "openshift.io/sa.scc.uid-range"
_SOME_UID: Final = 1000690000


@dataclass(frozen=True, kw_only=True)
class Confidential:
    """One pod of a workload. ``name`` is ``<namespace>/<name>`` of the object that makes it; ``encoded``: its initdata, empty where
    there is none.
    """

    name: str
    kind: str
    pod: Mapping[str, Any]
    node: Node
    encoded: str


def deployed(spoke: Deployment) -> Iterator[Confidential]:
    """By kind, in the order of the state."""
    settings = next((one for one in spoke.objects("ConfigMap") if one.object_name == "peer-pods-cm"), None)
    default = str(table(settings.inputs, "data").get("INITDATA", "")) if settings else ""
    for kind, path in _TEMPLATES.items():
        for one in spoke.objects(kind):
            template = table(one.inputs, *path)
            if table(template, "spec").get("runtimeClassName") != RUNTIME_CLASS:
                continue
            annotations = table(template, "metadata", "annotations")
            yield Confidential(
                name=f"{one.namespace}/{one.object_name}",
                kind=kind,
                pod=_pod(one, kind, template),
                node=_node(spoke, one.namespace),
                encoded=str(annotations.get(ANNOTATION) or default),
            )


def _pod(one: Resource, kind: str, template: Mapping[str, Any]) -> dict[str, Any]:
    suffix = {"Pod": "", "StatefulSet": "-0"}.get(kind, "-6d9f7c5b4d-x2x7q")
    metadata = table(template, "metadata")
    return {
        "metadata": {
            "name": f"{one.object_name}{suffix}",
            "namespace": one.namespace,
            "labels": table(metadata, "labels"),
            "annotations": table(metadata, "annotations"),
        },
        "spec": _plain(table(template, "spec")),
    }


def _node(spoke: Deployment, namespace: str) -> Node:
    made = next((one for one in spoke.objects("Namespace") if one.object_name == namespace), None)
    given = table(made.inputs, "metadata", "annotations").get(_UID_RANGE) if made else None
    uid = int(str(given).partition("/")[0]) if given else _SOME_UID
    files: dict[tuple[str, str], dict[str, bytes]] = {}
    for kind in ("ConfigMap", "Secret"):
        for one in spoke.objects(kind):
            if one.namespace == namespace:
                content = {**table(one.inputs, "data"), **table(one.inputs, "stringData")}
                files[kind, one.object_name] = {
                    key: str(_plain(value)).encode() for key, value in content.items()
                }
    services = tuple(_service(one) for one in spoke.objects("Service") if one.namespace == namespace)
    return Node(agent=_agent(spoke), uid=uid, fs_group=uid, services=services, files=files)


def _service(one: Resource) -> Service:
    found: list[Mapping[str, Any]] = list(table(one.inputs, "spec").get("ports") or [])
    address = table(one.outputs, "spec").get("clusterIP", "172.30.99.1")
    ports = tuple((str(p.get("name", "")), int(p["port"]), str(p.get("protocol", "TCP"))) for p in found)
    return Service(name=one.object_name, address=str(address), ports=ports)


def _agent(spoke: Deployment) -> AgentLine:
    for subscription in spoke.objects("Subscription"):
        package, _, version = str(table(subscription.inputs, "spec").get("startingCSV", "")).partition(".v")
        if package == _OPERATOR:
            return agent_line(Version(version))
    return "3.31"


def _plain(value: Any) -> Any:
    """Without the secret values of the state: they must not be known here, and no policy can name them."""
    match value:
        case Sealed():
            return repr(value)
        case dict():
            return {key: _plain(item) for key, item in cast(dict[str, Any], value).items()}
        case list():
            return [_plain(item) for item in cast(list[Any], value)]
        case _:
            return value
