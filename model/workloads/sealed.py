"""Secrets in a workload's folder: each value names a secret of the KBS, and stands for the sealed secret of that name.

A Secret that holds a value itself is refused, because whoever runs the cluster reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from model.paths import PathError, ResourcePath
from model.workloads.problems import Field

KIND: Final = "Secret"
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_READABLE: Final = "must not hold a value, because whoever runs the cluster can read it"
_INSTEAD: Final = "serve the value with coco:secrets of the hub, with sealed: true, and write its address: kbs:///default/<secret>/<key>"


def check(secret: Field) -> None:
    """Report what a Secret has besides addresses in ``stringData``. No value is shown: it may be a secret."""
    given = secret.mapping()
    for key, field in given.items():
        if key not in ("apiVersion", "kind", "metadata", "status", "type", "stringData"):
            field.refuse(_READABLE, f"remove it, and use stringData: {_INSTEAD}", show=False)
    if "type" in given and given["type"].value != "Opaque":
        given["type"].refuse("must be Opaque: sealed secrets are no values of another type", "remove it")
    values = secret.require("stringData", f"write each key under it: {_INSTEAD}")
    for key, value in () if values is None else values.mapping().items():
        if not _KEY.fullmatch(key):
            value.refuse("must have letters, digits, -, _ and . in its key", "rename it", show=False)
        try:
            ResourcePath.of_uri(value.text(show=False))
        except PathError:
            value.refuse(_READABLE, _INSTEAD, show=False)


def paths(manifest: Mapping[str, Any]) -> Iterator[ResourcePath]:
    """The addresses in a Secret that passed `check`."""
    for value in manifest["stringData"].values():
        yield ResourcePath.of_uri(value)


def filled(manifest: Mapping[str, Any], sealed: Callable[[ResourcePath], Any]) -> dict[str, Any]:
    """A Secret that passed `check` with what ``sealed`` gives in the place of each address."""
    values = {key: sealed(ResourcePath.of_uri(value)) for key, value in manifest["stringData"].items()}
    return {**manifest, "stringData": values}
