"""Requests of a real CRI-O and kata shim, good and bad. They are not part of the project: tests that need them skip without."""

import copy
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import pytest

from model.policy.pins import ContainerPins, MountPins, PodPins
from tests.config.committed import ROOT

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
        *way, last = [
            part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]
        ]
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
