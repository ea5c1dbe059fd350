"""pydantic's findings as problems that a person can act on."""

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.rule import Problem
from config.secret_keys import SECRETS
from config.sections import KINDS, Section
from config.values import Location

_SHOWN = 60  # characters of a value that a message repeats

# By pydantic's error type: what the value must be, and what to do.
_WANTED = {
    "string_type": ("must be a text", "put the value in quotes"),
    "bool_type": ("must be true or false", "write true or false, without quotes"),
    "int_type": ("must be a whole number", "write it in digits, without quotes and fraction"),
    "dict_type": ("must be a mapping of names", "write it as name: ..., one a line"),
    "model_type": ("must be a mapping of keys", "write it as key: value, one a line"),
    "model_attributes_type": ("must be a mapping of keys", "write it as key: value, one a line"),
    "tuple_type": ("must be a list", "write it as [one, two]"),
    "too_short": ("must not be empty", "add an entry, or leave the key out"),
    "string_too_short": ("must not be empty", "write something, or remove the entry"),
}


def without_kind(location: Location) -> Location:
    """A pydantic location without the kind of cluster, which pydantic puts after its key and no file does."""
    return (*location[:1], *location[2:]) if location[0] == "cluster" else location


def problem(model: type[Section], error: ErrorDetails) -> Problem:
    """What a stack of `model` has wrong. Values of unknown keys are not repeated: they may be secret."""
    location, kind, context = error["loc"], error["type"], error.get("ctx", {})
    key = _path(location)
    if kind == "extra_forbidden":
        return _unknown(model, location)
    if kind == "missing":
        field = _fields(model, location[:-1]).get(str(location[-1]))
        meaning = f": {field.description}" if field is not None and field.description else ""
        return Problem(key=key, rule="is missing", fix=f"add it{meaning}")
    if kind == "union_tag_not_found":
        return Problem(key=f"{key}.kind", rule="is missing", fix=f"add it: {' or '.join(KINDS)}")
    if kind == "union_tag_invalid":
        rule = f"must be one of {context['expected_tags']}"
        return Problem(key=f"{key}.kind", value=show(context["tag"]), rule=rule, fix="write one of these")
    if kind == "literal_error":
        rule = f"must be {context['expected']}"
        return Problem(key=key, value=show(error["input"]), rule=rule, fix="write one of these")
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = _bounds(_fields(model, location[:-1])[str(location[-1])])
        rule = f"must be from {least} to {most}"
        return Problem(key=key, value=show(error["input"]), rule=rule, fix="choose a number in between")
    if kind == "rule":
        rule, fix = context["rule"], context["fix"]
    else:
        rule, fix = _WANTED.get(kind, (f"is not valid, {error['msg']}", "correct it"))
    return Problem(key=key, value=show(error["input"]), rule=rule, fix=fix)


def show(value: object) -> str:
    """A value as the file might have it, shortened."""
    text = value if isinstance(value, str) and value else json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _path(location: Location) -> str:
    text = ""
    for part in without_kind(location):
        if part != "[key]":  # pydantic's mark of a problem with a name rather than with what it names
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _unknown(model: type[Section], location: Location) -> Problem:
    last = str(location[-1])
    if last in SECRETS:
        return Problem(
            key=_path(location),
            rule="is a secret and must not be in a section",
            fix=f"remove it, and set it with: pulumi config set --secret coco:{last}",
        )
    known = [*_fields(model, location[:-1]), *(SECRETS if len(location) == 1 else ())]
    near = get_close_matches(last, known, n=1)
    fix = f"did you mean {near[0]}?" if near else f"remove it; the keys here are {', '.join(known)}"
    return Problem(key=_path(location), rule="is not a known key", fix=fix)


def _fields(model: type[Section], location: Location) -> dict[str, FieldInfo]:
    """The fields, by key, of the section at `location`."""
    here = [model]
    for part in location:
        fields = [field for section in here for key, field in _by_key(section).items() if key == part]
        if fields:
            here = [section for field in fields for section in _sections(field.annotation)]
        else:
            here = [
                section for section in here if "kind" not in section.model_fields or _is_kind(section, part)
            ]
    return {key: field for section in here for key, field in _by_key(section).items()}


def _by_key(section: type[Section]) -> dict[str, FieldInfo]:
    return {str(field.alias): field for field in section.model_fields.values()}


def _bounds(field: FieldInfo) -> tuple[object, object]:
    least = next(bound.ge for bound in field.metadata if isinstance(bound, Ge))
    return least, next(bound.le for bound in field.metadata if isinstance(bound, Le))


def _sections(annotation: Any) -> Iterator[type[Section]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for inner in get_args(annotation):
        yield from _sections(inner)


def _is_kind(section: type[Section], part: int | str) -> bool:
    return part in get_args(section.model_fields["kind"].annotation)
