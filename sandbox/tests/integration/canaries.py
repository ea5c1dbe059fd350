"""Secrets that must not be readable anywhere outside their own encryption, and where to look for them."""

import json
import re
from typing import Any

import yaml

from sandbox.tests.integration.world import World
from tests import canaries as scan


def plaintexts(value: Any) -> list[Any]:
    """What an export with --show-secrets has inside its secrets."""
    match value:
        case {"plaintext": str() as text}:
            return [json.loads(text)]
        case dict():
            return [found for item in value.values() for found in plaintexts(item)]
        case list():
            return [found for item in value for found in plaintexts(item)]
        case _:
            return []


def canaries(world: World) -> set[str]:
    """Whoever knows one of these can do harm in a real environment: passwords, keys, tokens, pull secrets."""
    found: set[str] = set()
    for stack in world.stacks():
        exported = world.environment.stacks.export(stack, show_secrets=True)["deployment"]["resources"]
        for resource in exported:
            if resource["type"].startswith("random:"):
                found |= {str(value) for value in plaintexts(resource["outputs"])}
        config = yaml.safe_load(world.environment.stacks.config_file(stack).read_text())
        vault = world.environment.keyring.vault(config["encryptionsalt"])
        for value in config["config"].values():
            if isinstance(value, dict) and "secure" in value:
                text = vault.decrypt(value["secure"])
                found |= set(re.findall(r'"auth": ?"([^"]+)"', text)) or {text}
        kubeconfig = yaml.safe_load(world.environment.stand_ins.clusters.kubeconfig(f"coco-{stack}"))
        found |= {value for user in kubeconfig["users"] for value in user["user"].values()}
    assert len(found) > 15
    assert all(len(text) >= 16 for text in found)
    return found


def leaks(world: World) -> set[str]:
    """Which secret, by number, is in which file of `pulumi`, or in "output", which is what any command has printed."""
    state = [
        path for path in world.environment.cli.state.rglob("*") if path.is_file() and not path.is_symlink()
    ]
    texts = {str(path): path.read_bytes().decode("latin-1") for path in state}
    texts["output"] = "\n".join(world.said)
    secrets = {f"secret {number}": secret for number, secret in enumerate(sorted(canaries(world)))}
    return set(scan.leaks(secrets, texts))
