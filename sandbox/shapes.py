"""What JSON is made of, told to the type checker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_map(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def map_in(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object at `key`; an empty one where there is none, or null."""
    return value.get(key) or {}


def list_in(value: Mapping[str, Any], key: str) -> list[Any]:
    """The list at `key`; an empty one where there is none, or null."""
    return value.get(key) or []
