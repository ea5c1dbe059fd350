"""The YAML of a stack file, read for the values that the `pulumi` command reads (gopkg.in/yaml.v3, tried with 3.260).

PyYAML makes a truth value of `no` and a number of `1:30`, which are text there, and takes keys that come twice.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import yaml

from model.yaml_loader import SafeLoader

_MAX_VALUES: Final = 100_000
"""A stack file has some hundreds; aliases of aliases make billions of a few lines."""
_TAG: Final = "tag:yaml.org,2002:"
_BOOLEAN: Final = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")


class StackYamlError(ValueError):
    """The file cannot be read as a stack file; the message repeats no value of it, for one may be a secret."""


def read(path: Path) -> dict[str, Any]:
    """What the file says by top-level key, `config` by full key; both empty where it says nothing.

    Raises StackYamlError, with the path.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for ever
            raise StackYamlError("it is a folder or a device, not a file")
        return parse(path.read_text("utf-8"))
    except OSError as error:
        raise StackYamlError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise StackYamlError(f"{path} is not UTF-8 (byte {error.start + 1}): save it as UTF-8") from None
    except StackYamlError as error:
        raise StackYamlError(
            f"{path} is not a stack file, YAML with a mapping under config: {error}"
        ) from None


def parse(text: str) -> dict[str, Any]:
    """As `read`, of a file's text."""
    try:
        document: object = yaml.load(text, _AsThePulumiCommand)  # noqa: S506 -- a SafeLoader
        _refuse_endless(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        said = ", ".join(filter(None, (error.context, error.problem)))
        raise StackYamlError(f"{said}{where}") from None
    except yaml.reader.ReaderError as error:
        raise StackYamlError(f"{error.reason} (character {error.position + 1})") from None
    except RecursionError:
        raise StackYamlError("it is nested too deeply: write it flatter") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise StackYamlError("it must be a mapping, such as config: with the keys below it")
    content = cast("dict[str, Any]", document)
    config = content.get("config")
    if config is not None and not isinstance(config, dict):
        raise StackYamlError("config must be a mapping, with keys such as coco:role")
    if any(not isinstance(key, str) for key in cast("dict[Any, Any]", config or {})):
        raise StackYamlError("the keys under config must be text, such as coco:role")
    return content


class _AsThePulumiCommand(SafeLoader):
    yaml_implicit_resolvers: ClassVar = {
        first: [
            resolver if resolver[0] != f"{_TAG}bool" else (f"{_TAG}bool", _BOOLEAN) for resolver in resolvers
        ]
        for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.MarkedYAMLError(
                        problem="a key comes twice in one mapping: remove one of them",
                        problem_mark=key.start_mark,
                    )
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _number(loader: SafeLoader, node: yaml.ScalarNode) -> object:
    """`1:30` is text, not ninety."""
    if ":" in node.value:
        return node.value
    if node.tag == f"{_TAG}float":
        return loader.construct_yaml_float(node)
    return loader.construct_yaml_int(node)


def _time(loader: SafeLoader, node: yaml.ScalarNode) -> str:
    """A day or time is text in the configuration, as Go prints it."""
    found: date | datetime = loader.construct_yaml_timestamp(node)
    if isinstance(found, datetime):
        return f"{found.astimezone(UTC) if found.tzinfo else found:%Y-%m-%d %H:%M:%S} +0000 UTC"
    return f"{found:%Y-%m-%d} 00:00:00 +0000 UTC"


def _set(loader: SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    return loader.construct_mapping(node, deep=True)


def _binary(loader: SafeLoader, node: yaml.ScalarNode) -> str:
    try:
        return loader.construct_yaml_binary(node).decode()
    except UnicodeDecodeError:
        raise yaml.MarkedYAMLError(problem="!!binary must be UTF-8", problem_mark=node.start_mark) from None


_AsThePulumiCommand.add_constructor(f"{_TAG}int", _number)
_AsThePulumiCommand.add_constructor(f"{_TAG}float", _number)
_AsThePulumiCommand.add_constructor(f"{_TAG}timestamp", _time)
_AsThePulumiCommand.add_constructor(f"{_TAG}binary", _binary)
_AsThePulumiCommand.add_constructor(f"{_TAG}set", _set)


def _refuse_endless(document: object) -> None:
    """What contains itself, and what aliases make too much of. Raises StackYamlError."""
    count = 0
    within: set[int] = set()

    def visit(value: object) -> None:
        nonlocal count
        count += 1
        if count > _MAX_VALUES:
            raise StackYamlError(
                f"it has more than {_MAX_VALUES} values, by its aliases or by itself: write less"
            )
        place = id(value)
        match value:
            case dict():
                parts = list(cast("dict[object, object]", value).values())
            case list():
                parts = cast("list[object]", value)
            case _:
                return
        if place in within:
            raise StackYamlError("an anchor contains itself: write the values out")
        within.add(place)
        for each in parts:
            visit(each)
        within.remove(place)

    visit(document)
