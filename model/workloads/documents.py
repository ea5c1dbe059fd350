"""Strict YAML: only what every reader of Kubernetes manifests takes for the same values, so that review and cluster agree.

Kubernetes reads YAML with sigs.k8s.io/yaml, this program with PyYAML. They differ in `yes`, `0x10`, `1_000`, `1e3` and the like,
which are refused; keys that come twice, tags, anchors and merge keys are refused as well, because they hide what is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, ClassVar, Final, cast

import yaml

from model.yaml_loader import SafeLoader

MAX_CHARACTERS: Final = 1024 * 1024  # what the API server takes in one request is about 1.5 MiB


class DocumentError(ValueError):
    """The text is refused; ``rule`` and ``fix`` say why and what to do."""

    def __init__(self, rule: str, fix: str) -> None:
        super().__init__(f"{rule}: {fix}")
        self.rule = rule
        self.fix = fix


def documents(text: str) -> list[Any]:
    """The documents that are not empty, as JSON values. A key whose value is null is left out, as the API server does it.

    Raises DocumentError.
    """
    if len(text) > MAX_CHARACTERS:
        raise DocumentError(f"must have at most {MAX_CHARACTERS} characters", "split the file")
    try:
        loaded = [_checked(document) for document in yaml.load_all(text, _Strict)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        raise DocumentError(f"must be YAML{where}", f"correct it: {error.problem}") from None
    except yaml.YAMLError as error:
        raise DocumentError("must be YAML", f"correct it: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise DocumentError("must not be nested this deeply", "write it flatter") from None
    return [document for document in loaded if document is not None]


def _ambiguous(_: SafeLoader, node: yaml.ScalarNode) -> None:
    raise DocumentError(
        f"{node.value} is a text to some readers of YAML and a truth value or number to others "
        f"(line {node.start_mark.line + 1})",
        "put it in quotes if it is a text; else write true, false or a number in plain digits",
    )


_PLAIN = (
    ("null", r"~|null|Null|NULL|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0[0-7]+"),
    ("float", r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)\.[0-9]*)"),
    (
        "ambiguous",
        r"y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF"
        r"|[-+]?0[xob][0-9a-fA-F_]+|[-+]?0[0-9_]+|[-+]?[0-9][0-9_.]*_[0-9_.]*"
        r"|[-+]?(?:\.[0-9]+|[0-9][0-9_]*\.?[0-9_]*)[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    ),
)


class _Strict(SafeLoader):
    yaml_implicit_resolvers: ClassVar = {
        None: [(f"tag:yaml.org,2002:{name}", re.compile(rf"(?:{pattern})\Z")) for name, pattern in _PLAIN]
    }
    yaml_constructors: ClassVar = {
        tag: constructor
        for tag, constructor in SafeLoader.yaml_constructors.items()
        if tag is None or tag.rpartition(":")[2] in {"null", "bool", "int", "float", "str", "seq", "map"}
    } | {"tag:yaml.org,2002:ambiguous": _ambiguous}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = cast(Any, self).peek_event()
        line = event.start_mark.line + 1
        if event.anchor is not None:
            raise DocumentError(
                f"must not use anchors and aliases (line {line})", "write the value out in each place"
            )
        if getattr(event, "tag", None) is not None:
            raise DocumentError(
                f"must not use YAML tags, here {event.tag} (line {line})", "write the plain value"
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set[str]()
        for key_node, _ in cast(list[tuple[Any, Any]], node.value):
            key, line = cast(Any, self).construct_object(key_node, deep=True), key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise DocumentError(f"keys must be texts (line {line}: {key})", "put the key in quotes")
            if key == "<<":
                raise DocumentError(f"must not use merge keys (line {line})", "write the keys out")
            if key in seen:
                raise DocumentError(f"the key {key} comes twice (line {line})", "remove one of them")
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Quoting(yaml.SafeDumper):
    """Quotes what `documents` would not read as a text."""

    yaml_implicit_resolvers: ClassVar = _Strict.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        return True


def render(*values: Any) -> str:
    """One document for each JSON value, such that `documents` gives them back."""
    return yaml.dump_all(values, Dumper=_Quoting, sort_keys=False, width=1000)


def _checked(value: Any) -> Any:
    """Without nulls in mappings; refused where a text holds what no Kubernetes object may."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise DocumentError("must not hold NUL or half characters", "remove the escape sequence")
        return value
    if isinstance(value, list):
        return [_checked(element) for element in cast(list[Any], value)]
    if isinstance(value, dict):
        inner = cast(dict[str, Any], value)
        return {_checked(key): _checked(element) for key, element in inner.items() if element is not None}
    return value
