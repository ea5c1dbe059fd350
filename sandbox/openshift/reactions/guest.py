"""Whether the agent in a pod VM, under the pod's own policy, would do what CRI-O and the kata shim ask of it to start the pod."""

from __future__ import annotations

import base64
import binascii
import json
from functools import lru_cache
from typing import Any

from model.versions import Version
from model.workloads.lock import LockedImage
from sandbox.guest import identity, images, requests
from sandbox.guest.agent import Agent, PolicyEngine, PolicyUnusable
from sandbox.guest.node import AgentLine, Node, Service, agent_line
from sandbox.guest.regopy_engine import Regopy
from sandbox.guest.requests import AgentRequest
from sandbox.openshift.kinds import CONFIG_MAP, CSV, NAMESPACE, SECRET, SERVICE
from sandbox.openshift.objects import Manifest, Objects, annotation, short_hash
from sandbox.openshift.reactions import initdata
from sandbox.openshift.reactions.problem import OSC_NAMESPACE, ReactionProblem
from sandbox.shapes import map_in

ENGINE: PolicyEngine = Regopy()
_UID_RANGE = "openshift.io/sa.scc.uid-range"
_OPERATOR = "sandboxed-containers-operator.v"
_NAMED = ("name", "namespace", "uid", "labels", "annotations")


def problem(objects: Objects, pod: Manifest, encoded: str) -> ReactionProblem | None:
    """What the kubelet reports when the policy in the initdata refuses; None where the pod starts.

    Initdata without a policy leaves the guest with that of its image, which the sandbox does not know and does not judge by.
    """
    policy = initdata.policy(encoded)
    if policy is None:
        return None
    metadata = {key: pod["metadata"][key] for key in _NAMED if key in pod["metadata"]}
    content = json.dumps({"metadata": metadata, "spec": pod["spec"]}, sort_keys=True)
    return _judged(policy, content, _Hashed(node_of(objects, pod)))


class _Hashed:
    """A node as a key of the cache: two that say the same are the same."""

    def __init__(self, node: Node) -> None:
        self.node, self._text = node, repr(node)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@lru_cache(maxsize=256)
def _judged(policy: str, content: str, hashed: _Hashed) -> ReactionProblem | None:
    """A pod that waits is looked at in every round, so an answer is kept."""
    pod = json.loads(content)
    try:
        made = requests.start(pod, _configuration, hashed.node)
        refusal = Agent(policy, ENGINE).play(made)
    except PolicyUnusable as error:
        return ReactionProblem("FailedCreatePodSandBox", f"the agent in the pod VM does not start: {error}")
    return told(pod, refusal.request, str(refusal)) if refusal else None


def _configuration(reference: str) -> LockedImage:
    return images.find(reference).config


def told(pod: Manifest, request: AgentRequest, text: str) -> ReactionProblem:
    """What the kubelet reports when the agent does not obey `request`; `text` says why."""
    container = container_of(pod, request)
    if container is None:
        return ReactionProblem("FailedCreatePodSandBox", f"Failed to create pod sandbox: {text}")
    image = next(one["image"] for one in _containers(pod) if one["name"] == container)
    unknown = (
        ""
        if images.find(image).known
        else f" (no lock file names the image {image}: the sandbox took it to set no entrypoint, variables, directory or user)"
    )
    return ReactionProblem(
        "CreateContainerError", f"container {container}: CreateContainer failed: {text}{unknown}"
    )


def container_of(pod: Manifest, request: AgentRequest) -> str | None:
    """The name of the container that the request is about; None where it is about the sandbox."""
    about = str(request.input.get("container_id") or request.input.get("path", ""))
    names = [one["name"] for one in _containers(pod)]
    return next((name for name in names if identity.container_id(pod, name) in about), None)


def _containers(pod: Manifest) -> list[Manifest]:
    return [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]


def node_of(objects: Objects, pod: Manifest) -> Node:
    """What its node and its agent are told of the pod by the cluster."""
    namespace = pod["metadata"]["namespace"]
    first = _first_user(objects, namespace)
    files: dict[tuple[str, str], dict[str, bytes]] = {}
    for config in objects.all(CONFIG_MAP, namespace):
        text = {key: str(value).encode() for key, value in map_in(config, "data").items()}
        files["ConfigMap", config["metadata"]["name"]] = text
    for secret in objects.all(SECRET, namespace):
        known = {key: _decoded(value) for key, value in map_in(secret, "data").items()}
        files["Secret", secret["metadata"]["name"]] = known
    services = tuple(
        Service(
            name=one["metadata"]["name"],
            address=one["spec"]["clusterIP"],
            ports=tuple(
                (p.get("name", ""), p["port"], p.get("protocol", "TCP")) for p in one["spec"]["ports"]
            ),
        )
        for one in objects.all(SERVICE, namespace)
        if one["spec"].get("clusterIP", "None") != "None" and one["spec"].get("ports")
    )
    return Node(agent=_agent(objects), uid=first, fs_group=first, services=services, files=files)


def _agent(objects: Objects) -> AgentLine:
    for installed in objects.all(CSV, OSC_NAMESPACE):
        _, found, number = installed["metadata"]["name"].partition(_OPERATOR)
        if found:
            return agent_line(Version(number))
    return "3.31"


def _first_user(objects: Objects, namespace: str) -> int:
    """The start of the namespace's range, as OpenShift allots one of 10000 ids when the namespace is made."""
    made = objects.get(NAMESPACE, namespace)
    if made and (given := annotation(made, _UID_RANGE)):
        return int(given.partition("/")[0])
    return 1000000000 + int(short_hash(namespace, length=4), 16) * 10000


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return b""
