"""The committed stack files, loaded as the program loads them, with throw-away secrets."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
import yaml

from config import load
from config.roles import AnyConfig, HubConfig, SpokeConfig
from config.sections import KINDS
from program.stack import LoadedStack
from tests import certificates

ROOT = Path(__file__).parent.parent.parent
NAMES = sorted(
    path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in ROOT.glob("stacks/Pulumi.*.yaml")
)

# Canaries: whoever finds one of these outside a secret has found a leak.
SECRETS = {
    "pullSecret": json.dumps({"auths": {"registry.redhat.io": {"auth": "Y2FuYXJ5OmNhbmFyeS1wdWxs"}}}),
    "clusterClientSecret": "canary-client-secret",
    "keyVaultClientSecret": "canary-vault-secret",
    # Of the one secret from the configuration that tests declare by way of `stack`.
    "secretValues": json.dumps({"cosign-keys": {"redhat": certificates.public_key()}}),
    "kubeconfig": yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin",
            "clusters": [{"name": "lab", "cluster": {"server": "https://api.lab.example:6443"}}],
            "contexts": [{"name": "admin", "context": {"cluster": "lab", "user": "admin"}}],
            "users": [{"name": "admin", "user": {"token": "canary-token"}}],
        }
    ),
}


def vpn_keys(network: Any) -> dict[str, str]:
    """The secret ``vpnKeys`` of a stack with this section ``network``, where it needs one."""
    vpn = network.get("vpn") if isinstance(network, dict) else None
    if not isinstance(vpn, dict):
        return {}
    names = [name for kind in ("sites", "gateways") for name in vpn.get(kind, {})]
    return {"vpnKeys": json.dumps({name: f"canary-shared-key-0123456789-of-{name}" for name in names})}


def bag(name: str) -> dict[str, str]:
    """The plain configuration of a committed stack, as the CLI hands it over: mappings as JSON."""
    values: dict[str, Any] = yaml.safe_load((ROOT / f"stacks/Pulumi.{name}.yaml").read_text())["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def stack(name: str, *, root: Path | None = None, **sections: Any) -> LoadedStack[AnyConfig]:
    """The committed stack ``name``, with whole ``sections`` (camelCase keys) replaced, in this project or that at ``root``."""
    config = bag(name) | {
        f"coco:{key}": v if isinstance(v, str) else json.dumps(v) for key, v in sections.items()
    }
    loaded = load.load(config | _secrets(config), root=root or ROOT)
    return LoadedStack(
        name=name,
        config=loaded.config,
        secrets={key: pulumi.Output.secret(value) for key, value in loaded.secrets.items()},
        policies=loaded.policies,
        reference_values=loaded.reference_values,
        platform=loaded.platform,
        workloads=loaded.workloads,
        kbs_ca=loaded.kbs_ca,
    )


def _wanted(config: dict[str, str]) -> set[str]:
    sections = json.loads(config.get("coco:cluster", "{}"))
    cluster = {f"cluster.{key}": value for key, value in sections.items()}
    kind = KINDS.get(cluster.get("cluster.kind", ""))
    wanted = set(kind.needed(cluster)) if kind else set[str]()
    sources = {secret["source"] for secret in json.loads(config.get("coco:secrets", "{}")).values()}
    wanted |= {"keyVaultClientSecret"} if "keyVault" in sources else set()
    return wanted | ({"secretValues"} if "config" in sources else set())


def _secrets(config: dict[str, str]) -> dict[str, str]:
    found = {key: SECRETS[key] for key in _wanted(config)} | vpn_keys(
        json.loads(config.get("coco:network", "{}"))
    )
    return {f"coco:{key}": value for key, value in found.items()}


@cache
def spoke(name: str = "dev-spoke") -> tuple[SpokeConfig, load.Loaded]:
    """The same of a spoke as `hub`."""
    config = bag(name)
    loaded = load.load(config | _secrets(config), root=ROOT)
    assert isinstance(loaded.config, SpokeConfig)
    return loaded.config, loaded


@cache
def hub(name: str = "dev-hub") -> tuple[HubConfig, load.Loaded]:
    """A committed hub without Pulumi, for what is pure."""
    config = bag(name)
    loaded = load.load(config | _secrets(config), root=ROOT)
    assert isinstance(loaded.config, HubConfig)
    return loaded.config, loaded
