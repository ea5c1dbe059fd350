"""The valid values of a stack file by key, for the rules between them.

Keys are paths as the file has them: `trustee`, `trustee.oscVersions`. A section is there as a whole only where all of it is
valid, its values one by one in any case. A section that may be left out and is, has the value None and no values below.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast, get_args, get_type_hints

from pydantic import TypeAdapter

from config.sections.clusters import KINDS
from config.types import Section

Location = Sequence[int | str]
"""Where a value is: keys, and places in lists."""


def of(section: Section) -> dict[str, object]:
    """All values of a valid section."""
    return {
        key: value
        for name, field in type(section).model_fields.items()
        for key, value in _with_inner(str(field.alias), getattr(section, name))
    }


def valid(
    model: type[Section], given: Mapping[str, object], bad: Sequence[Location], above: str = ""
) -> Iterator[tuple[str, object]]:
    """Those values of the `model` that can be made of `given`: all but the ones at, above or below a `bad` location.

    `bad` must name everything in `given` that is not valid.
    """
    types = get_type_hints(model, include_extras=True)
    for name, field in model.model_fields.items():
        key, value = f"{above}{field.alias}", given.get(str(field.alias))
        below = [location[1:] for location in bad if location[0] == field.alias]
        if not below and value is None:
            if not field.is_required():
                yield from _with_inner(key, field.get_default())
        elif not below:
            yield from _with_inner(key, TypeAdapter[object](types[name]).validate_python(value))
        elif () not in below and isinstance(value, Mapping):
            inner = cast(Mapping[str, object], value)
            section = _section(key, types[name], inner)
            if section is not None:
                yield from valid(section, inner, below, f"{key}.")


def _with_inner(key: str, value: object) -> Iterator[tuple[str, object]]:
    yield key, value
    if isinstance(value, Section):
        yield from ((f"{key}.{inner}", each) for inner, each in of(value).items())


def _section(key: str, type_: object, given: Mapping[str, object]) -> type[Section] | None:
    """The section that `given` should be; None for a mapping of names, which is valid as a whole or not at all."""
    if key == "cluster":
        kind = KINDS.get(str(given.get("kind")))
        return None if kind is None else kind.section
    # One that may be left out is a union with None.
    found = [
        each for each in (type_, *get_args(type_)) if isinstance(each, type) and issubclass(each, Section)
    ]
    return found[0] if found else None
