"""Requests that were recorded with a real CRI-O and real shims, where they are at hand, and what makes two runs alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from sandbox.guest.patch import patched
from sandbox.guest.requests import AgentRequest

EVIDENCE = Path(__file__).resolve().parents[4] / "shared" / "evidence" / "agent-requests"
needs_evidence = pytest.mark.skipif(
    not EVIDENCE.is_dir(), reason="the recorded requests are not beside the project"
)
# The recordings leave these out, or have them where they happened to arrive.
UNORDERED = {
    "GetOOMEventRequest",
    "ReadStreamRequest",
    "WaitProcessRequest",
    "GetDiagnosticDataRequest",
    "RemoveStaleVirtiofsShareMountsRequest",
    "StatsContainerRequest",
    "DestroySandboxRequest",
}


def run(name: str) -> list[AgentRequest]:
    lines = (EVIDENCE / f"recorded-{name}.jsonl").read_text("utf-8").splitlines()
    return [_request(json.loads(line)) for line in lines]


def cases() -> Iterator[tuple[str, bool, list[AgentRequest]]]:
    """Name, whether the last request shall be allowed, and the requests."""
    for line in (EVIDENCE / "cases.jsonl").read_text("utf-8").splitlines():
        case = json.loads(line)
        yield case["name"], case["expect"] == "allow", [_request(step) for step in case["steps"]]


@lru_cache
def bases() -> dict[str, Any]:
    return json.loads((EVIDENCE / "bases.json").read_text("utf-8"))


def _request(line: dict[str, Any]) -> AgentRequest:
    if "input" in line:
        return AgentRequest(line["ep"], line["input"])
    return AgentRequest(line["ep"], patched(bases()[line["base"]], line["patch"]))


def alike(requests: list[AgentRequest]) -> list[Any]:
    """The requests with ids numbered in order of appearance, and without times and what the network chose."""
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"<{len(numbers)}>")

    def walk(value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return {name: walk(value[name], name) for name in sorted(value)}
            case list():
                if key == "AdditionalGids":
                    return sorted(value)
                if key == "Env":  # the kubelet goes over the variables of services in no order
                    services = sorted(one for one in value if _SERVICE.match(one))
                    value = [services.pop(0) if _SERVICE.match(one) else one for one in value]
                return [walk(one, key) for one in value]
            case str() if key in _RANDOM:
                return "<random>"
            case str() if value.startswith("image_guest_pull="):
                return walk(json.loads(value.partition("=")[2]))
            case str() if key in _JSON:
                return walk(json.loads(value))
            case str():
                return _HEX.sub(number, value)
            case _:
                return "<by hand>" if key == "OOMScoreAdj" else value

    return [
        (request.endpoint, walk(_file(request.input) if "file_mode" in request.input else request.input))
        for request in requests
        if request.endpoint not in UNORDERED
    ]


_HEX = re.compile(r"\b[0-9a-f]{64}\b|(?<=-)[0-9a-f]{16}(?=-)|(?<=/)[0-9a-f]{8}(?=\")")
_SERVICE = re.compile(r"[A-Z_]+_(SERVICE_(HOST|PORT)|PORT)")
_CRIO = "io.kubernetes.cri-o"
_RANDOM = {
    f"{_CRIO}.Created",
    f"{_CRIO}.CNIResult",
    f"{_CRIO}.IP.0",
    "io.kubernetes.container.hash",
    "kubernetes.io/config.seen",
    "nerdctl/network-namespace",
}
_JSON = {f"{_CRIO}.{name}" for name in ("Annotations", "Labels", "Metadata", "PodLinuxResources")}


def _file(request: dict[str, Any]) -> dict[str, Any]:
    """CopyFile as it was recorded: raw, the content as its length and its first 60 bytes. Host-made content is only told apart."""
    content = request["data"]
    if isinstance(content, list):
        content = f"<{len(content)} bytes> {bytes(content)[:60]!r}"
    if re.search(r"-(hosts|passwd)$", request["path"]):
        return {**request, "data": "<the host's>", "file_size": "<the host's>"}
    return {**request, "data": content}
