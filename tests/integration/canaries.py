"""Secrets that must not be readable anywhere outside their own encryption, and where to look for them."""

import base64
import gzip
import json
import re
from typing import Any

import yaml

from tests.integration.world import World

LONGEST_OPEN = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")


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


def canaries(world: World) -> set[bytes]:
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
    return {text.encode() for text in found}


def forms(secret: bytes) -> list[bytes]:
    """As it is, in hexadecimal, and in base64 wherever it begins in the text around it, without the ends that depend on that."""
    shifted = [base64.b64encode(b"\0" * shift + secret)[4 if shift else 0 : -4] for shift in range(3)]
    return [secret, secret.hex().encode(), *shifted]


def unpacked(text: bytes) -> bytes:
    """With what is compressed in it laid open, as initdata is."""
    opened = [text]
    for packed in LONGEST_OPEN.findall(text):
        try:
            opened.append(gzip.decompress(base64.b64decode(packed)))
        except (OSError, ValueError, EOFError):
            continue
    return b"\n".join(opened)


def leaks(world: World) -> set[str]:
    """Files of `pulumi`, or "output" for what any command has printed, in which a secret can be read."""
    state = [
        path for path in world.environment.cli.state.rglob("*") if path.is_file() and not path.is_symlink()
    ]
    texts = {str(path): path.read_bytes() for path in state}
    texts["output"] = "\n".join(world.said).encode()
    secrets = canaries(world)
    return {
        name
        for name, text in ((name, unpacked(text)) for name, text in texts.items())
        for secret in secrets
        if any(form in text for form in forms(secret))
    }
