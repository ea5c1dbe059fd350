"""A stack file as it is, without its secrets, for commands that need nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from config.roles import SECRETS, AnyConfig, StackConfig

FOLDER: Final = Path(__file__).resolve().parent.parent / "stacks"


class NoStack(Exception):
    """There is no such stack file, or it is not valid."""


def read(stack: str, folder: Path = FOLDER) -> AnyConfig:
    """Raises NoStack."""
    path = folder / f"Pulumi.{stack}.yaml"
    try:
        return of(yaml.safe_load(path.read_text("utf-8"))["config"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise NoStack(f"{path} is not there, or is not a stack file") from None
    except ValidationError:
        raise NoStack(f"{path} is not valid: make preview STACK={stack} says what is wrong") from None


def of(config: Mapping[str, Any]) -> AnyConfig:
    """What stands under config in a stack file, with its keys as they are there. Raises pydantic's ValidationError."""
    plain = {key.removeprefix("coco:"): value for key, value in config.items() if key.startswith("coco:")}
    return TypeAdapter[AnyConfig](StackConfig).validate_python(
        {key: value for key, value in plain.items() if key not in SECRETS}
    )
