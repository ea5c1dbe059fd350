"""Deployments to report on, and the same with one thing made worse."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from model.attestation import initdata
from model.policy import agent_policy
from tests.certificates import certificate
from tests.config.committed import ROOT
from tools.posture import deployment, report
from tools.posture.deployment import Deployment, Resource
from tools.posture.model import Posture

NOW = datetime(2026, 11, 22, tzinfo=UTC)
NAMESPACE = "trustee-operator-system"
KEYS = {
    "resource-policy": "resource-policy.rego",
    "attestation-policy": "default_cpu.rego",
    "reference-values": "reference_value",
    "kbs-config": "kbs-config.toml",
}


_exports: list[Deployment] = []
_reports: dict[tuple[int, int], Posture] = {}
"""Of exports that no test changed: by identity, which lasts because `_exports` keeps them."""


@cache
def export(home: Path, stack: str) -> Deployment:
    _exports.append(deployment.read((home / "stacks" / f"{stack}.json").read_text(), stack))
    return _exports[-1]


def posture(stack: Deployment, hub: Deployment | None = None, *, root: Path = ROOT) -> Posture:
    unchanged = all(any(one is known for known in _exports) for one in (stack, hub) if one is not None)
    if not unchanged or root != ROOT:
        return report.build(stack, hub, root=root, now=NOW)
    key = id(stack), id(hub)
    if key not in _reports:
        _reports[key] = report.build(stack, hub, root=root, now=NOW)
    return _reports[key]


def text(hub: Deployment, config_map: str) -> str:
    found = hub.object("ConfigMap", config_map, NAMESPACE)
    assert found is not None
    return found.inputs["data"][KEYS[config_map]]


def with_text(hub: Deployment, config_map: str, change: Callable[[str], str]) -> Deployment:
    """The hub with the document in a ConfigMap changed; it must be another one then."""
    after = change(text(hub, config_map))
    assert after != text(hub, config_map)
    return with_object(hub, "ConfigMap", config_map, {"data": {KEYS[config_map]: after}})


def with_object(stack: Deployment, kind: str, name: str, inputs: Mapping[str, Any]) -> Deployment:
    """The stack with top-level inputs of one of its objects replaced."""

    def changed(one: Resource) -> Resource:
        if (one.kind[1], one.object_name) != (kind, name):
            return one
        return replace(one, inputs={**one.inputs, **inputs})

    return replace(stack, resources=tuple(map(changed, stack.resources)))


def with_profile(hub: Deployment, name: str, **changes: Any) -> Deployment:
    """The hub with what it publishes of a profile changed."""
    profiles = hub.outputs["profiles"]
    return replace(
        hub, outputs={**hub.outputs, "profiles": {**profiles, name: {**profiles[name], **changes}}}
    )


def with_agent_policy(hub: Deployment, name: str, change: Callable[[str], str]) -> Deployment:
    """The hub whose profile has another agent policy, as if it had been deployed with it: PCR8 and all."""
    document = initdata.decode(hub.outputs["profiles"][name]["encoded"])
    inner = initdata.documents(document.toml)
    after = change(inner.policy)
    assert after != inner.policy
    other = initdata.render(kbs_url=inner.kbs_url, kbs_ca=inner.kbs_ca, agent_policy=after)
    hub = with_profile(hub, name, encoded=other.encoded, pcr8=other.pcr8, accepted=[other.pcr8])
    if document.pcr8 not in text(hub, "resource-policy"):
        return hub  # it reads nothing
    return with_text(hub, "resource-policy", lambda rego: rego.replace(document.pcr8, other.pcr8))


def with_unpinned_reader(hub: Deployment, profile: str, workload: str = "kbs-sealed") -> Deployment:
    """The hub whose `profile` reads what `workload` reads, as it would be deployed with allowUnpinned."""
    [mine] = hub.outputs["profiles"][profile]["accepted"]
    [[theirs]] = hub.outputs["workloads"][workload]["accepted"].values()
    resources = {
        path: [*readers, profile] if workload in readers else readers
        for path, readers in hub.outputs["resources"].items()
    }
    hub = replace(hub, outputs={**hub.outputs, "resources": resources})
    return with_text(
        hub, "resource-policy", lambda rego: rego.replace(f'"{theirs}"', f'"{theirs}", "{mine}"')
    )


def foreign_initdata() -> str:
    """Initdata that is well made, and for somebody else's KBS."""
    return initdata.render(
        kbs_url="https://kbs.example.com",
        kbs_ca=certificate(),
        agent_policy=agent_policy.render(agent_policy.AgentSettings(exec=True)),
    ).encoded
