"""Requests of a real CRI-O and kata shim, good and bad. They are not part of the project: tests that need them skip without."""

import copy
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from model.policy.pins import ContainerPins, MountPins, PodPins

ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = ROOT.parent / "shared/evidence/agent-requests"
needed = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded requests are not here")


class Request(NamedTuple):
    name: str
    input: dict[str, Any]


class Case(NamedTuple):
    name: str
    allowed: bool
    steps: list[Request]


def cases() -> list[Case]:
    return [
        Case(one["name"], one["expect"] == "allow", [_request(step) for step in one["steps"]])
        for one in _lines("cases")
    ]


def run(name: str) -> list[Request]:
    """One pod's life, as the policy sees it."""
    return [_request(step) for step in _lines(f"recorded-{name}")]


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]


@cache
def _bases() -> dict[str, Any]:
    return json.loads((FOLDER / "bases.json").read_text("utf-8"))


def _request(step: dict[str, Any]) -> Request:
    if "input" in step:
        return Request(step["ep"], _with_bytes(step["input"]))
    return Request(step["ep"], patched(_bases()[step["base"]], step["patch"]))


def _with_bytes(fields: dict[str, Any]) -> dict[str, Any]:
    """The recording shows the bytes of a copied file as a text; the policy sees an array of numbers."""
    if isinstance(text := fields.get("data"), str):
        found = re.fullmatch(r"<\d+ bytes> b'(.*)'", text, re.DOTALL)
        assert found, text
        return {**fields, "data": list(found[1].encode())}
    return fields


def patched(document: Any, operations: Iterable[dict[str, Any]]) -> Any:
    """The document after an RFC 6902 patch of adding, replacing and removing."""
    document = copy.deepcopy(document)
    for operation in operations:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        target = document
        for part in way:
            target = target[int(part) if isinstance(target, list) else part]
        if operation["op"] == "remove":
            del target[int(last) if isinstance(target, list) else last]
        elif isinstance(target, list) and operation["op"] == "add":
            target.insert(int(last), operation["value"])
        else:
            target[int(last) if isinstance(target, list) else last] = operation["value"]
    return document


DIGEST = "sha256:8431bee1c4df65e5762d5534b10eaf11dade01fbe7c39573fb3270c6f2df916f"
_IMAGE = {
    "digest": DIGEST,
    "working_directory": "/opt/app-root/src",
    "environment": (
        ("container", "oci"),
        ("STI_SCRIPTS_PATH", "/usr/libexec/s2i"),
        ("APP_ROOT", "/opt/app-root"),
        ("HOME", "/opt/app-root/src"),
        ("PLATFORM", "el9"),
        (
            "PATH",
            "/opt/app-root/src/bin:/opt/app-root/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ),
        ("HTTPD_VERSION", "2.4"),
        ("HTTPD_DATA_PATH", "/var/www"),
    ),
    "stop_signal": 28,
}
FETCH = "curl --fail --silent --show-error --retry 5 --output /output/index.html http://127.0.0.1:8006/cdh/resource/default/kbsres1/key1"
PINS = PodPins(
    workload="kbs-access",
    containers=(
        ContainerPins(
            name="fetch-secret",
            init=True,
            arguments=("/bin/bash", "-c", FETCH),
            mounts=(MountPins(path="/output", volume="page", kind="memory", read_only=False),),
            **_IMAGE,
        ),
        ContainerPins(
            name="kbs-access",
            init=False,
            arguments=("run-httpd",),
            mounts=(MountPins(path="/var/www/html", volume="page", kind="memory", read_only=True),),
            **_IMAGE,
        ),
    ),
)
"""The pod that was recorded."""
_ADDED = (
    MountPins(path="/scratch", volume="scratch", kind="disk", read_only=False),
    MountPins(path="/etc/app", volume="app", kind="configMap", read_only=True),
    MountPins(path="/etc/creds", volume="creds", kind="secret", read_only=True),
    MountPins(
        path="/var/run/secrets/kubernetes.io/serviceaccount", volume="token", kind="projected", read_only=True
    ),
)
_SERVICE = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT", "PORT_8080_TCP")
_LINKS = (*_SERVICE, "PORT_8080_TCP_PROTO", "PORT_8080_TCP_PORT", "PORT_8080_TCP_ADDR")
VOLUMES = replace(
    PINS,
    containers=tuple(
        replace(
            container,
            mounts=container.mounts + _ADDED,
            environment_patterns=tuple((f"KBS_ACCESS_{name}", "[a-z0-9:/.]+") for name in _LINKS),
        )
        for container in PINS.containers
    ),
)
"""The pod of the run `volumes`."""
HONEST = ("kbs-access", "kbs-access-3.25.0", "kbs-access-3.31.0", "by-id")
"""Lives of that pod, with shims of three versions; in the last the kubelet names the image by its id."""

BEYOND_PROFILES = frozenset(
    {
        # the image, and what runs in it
        "other image digest",
        "same repository by tag",
        "digest with a tail",
        "digest of another image, the wanted one in a path",
        "other args",
        "args as one word",
        "other working directory",
        "other primary group",
        "a sidecar (init's arguments in app's mounts)",
        "app before its init container",
        # its environment
        "extra variable LD_PRELOAD (/run/secrets)",
        "extra variable HTTP_PROXY (http://10.0.)",
        "extra variable X (sealed.fakej)",
        "extra variable KUBERNETES_SERVICE_HOST (1.2.3.4;id)",
        "default PATH last, so that it counts",
        "a name twice with two allowed values",
        "a variable of the image left out",
        "LD_PRELOAD as the first variable",
        # its volumes
        "page writable",
        "page not mounted",
        "CopyFile of an unknown name",
    }
)
"""Attacks that a policy cannot refuse unless it knows the pod."""
