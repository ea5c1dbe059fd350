"""A committed stack file with single values changed, and what is then wrong with it."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from config.load import ConfigError, Loaded, load
from config.sections import KINDS
from tests.config.committed import ROOT, SECRETS, vpn_keys

GONE: Final = object()
NOW: Final = datetime(2026, 12, 1, tzinfo=UTC)


def change(config: dict[str, Any], changes: dict[str, Any]) -> None:
    """Set values in the configuration of a stack file by path, such as cluster.version, or remove what is GONE."""
    for path, value in changes.items():
        *above, last = path.split(".")
        section = config
        for place, part in enumerate(above):
            section = section.setdefault(part if place else f"coco:{part}", {})
        key = last if above else f"coco:{last}"
        if value is GONE:
            del section[key]
        else:
            section[key] = value


@cache
def committed(name: str) -> dict[str, Any]:
    """What the file says, which nobody changes."""
    return yaml.safe_load((ROOT / f"stacks/Pulumi.{name}.yaml").read_text("utf-8"))["config"]


def loaded(
    name: str,
    changes: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    *,
    root: Path = ROOT,
    encrypted: list[str] | None = None,
    now: datetime = NOW,
) -> Loaded:
    """`changes` by path, such as cluster.workerCount; `secrets` instead of the throw-away ones this kind of cluster needs."""
    config = deepcopy(committed(name))
    kind = KINDS[config["coco:cluster"]["kind"]]
    # Those that the file as committed needs: a change of the kind or the identity makes one too many or too few.
    wanted = kind.needed({f"cluster.{key}": value for key, value in config["coco:cluster"].items()})
    change(config, changes or {})
    if secrets is None:
        secrets = {key: SECRETS[key] for key in wanted} | vpn_keys(config.get("coco:network"))
    bag = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    bag |= {f"coco:{key}": value for key, value in secrets.items()}
    return load(bag, root=root, encrypted=encrypted, now=now)


def problems(name: str, changes: dict[str, Any] | None = None, *args: Any, **kwargs: Any) -> list[str]:
    """What `loaded` refuses, a sentence each; empty where it refuses nothing."""
    try:
        loaded(name, changes, *args, **kwargs)
    except ConfigError as error:
        return error.problems
    return []
