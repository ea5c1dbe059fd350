"""`python -m tools.configuration [--check]`: write docs/configuration.md from the models, or say whether it is what they give.

What a key means, takes and defaults to is said once, where it is checked: in `config.sections` and `config.types`.
"""

import argparse
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import yaml
from annotated_types import Ge, Le
from pydantic import WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from config.load import PREFIX
from config.markers import Range, Text
from config.roles import ROLES, SECRETS
from config.sections import CommonSections, TrustedZone, UntrustedZone
from config.types import Section
from sandbox.ending import end

FILE = Path(__file__).parent.parent / "docs" / "configuration.md"
_HEAD = """\
# Configuration reference

<!-- Written by `make schema` from config/sections/ and config/types.py: do not edit. -->

A stack is one file, `stacks/Pulumi.<stack>.yaml`, with these keys under `config:`. Its first line,
`# yaml-language-server: $schema=../config/schema.json`, makes editors complete and check it. Unknown keys are refused; so is every value that
breaks a rule, all of them at once, before anything is made. The committed `dev` files are examples with comments.

| key | hub | contract | spoke | standalone |
| --- | --- | --- | --- | --- |
"""
_SECRETS = f"""
## Secrets

Keys of their own, never parts of a section, and refused in plain text. Set one from a file or a pipe, so that it stays out of the
shell's history: `pulumi config set --stack <stack> --secret {PREFIX}<key> < file`.

| key | what it is |
| --- | --- |
"""


def text() -> str:
    """What the committed file must hold."""
    zones = (CommonSections, TrustedZone, UntrustedZone)
    order = ["role", "hub", "hub_may_come_later", *(name for zone in zones for name in zone.model_fields)]
    found = {name: info for model in ROLES.values() for name, info in model.model_fields.items()}
    fields = {name: found[name] for name in order}
    parts = [_HEAD]
    for name, info in fields.items():
        needed = (
            "-"
            if name not in model.model_fields
            else "required"
            if model.model_fields[name].is_required()
            else "optional"
            for model in ROLES.values()
        )
        parts.append(
            f"| [`{PREFIX}{info.alias}`](#{anchor(f'{PREFIX}{info.alias}')}) | {' | '.join(needed)} |\n"
        )
    for name, info in fields.items():
        owner = next(model for model in ROLES.values() if name in model.model_fields)
        parts += _top(f"{PREFIX}{info.alias}", info, get_type_hints(owner, include_extras=True)[name])
    parts.append(_SECRETS)
    parts += [f"| `{PREFIX}{key}` | {_cell(meaning)} |\n" for key, meaning in SECRETS.items()]
    return "".join(parts)


def _top(key: str, info: FieldInfo, hint: Any) -> Iterator[str]:
    if key == f"{PREFIX}role":
        meanings = "\n".join(f"- {model.model_fields['role'].description}" for model in ROLES.values())
        yield f"\n## {key}\n\nOne of\n\n{meanings}\n"
        return
    yield f"\n## {key}\n\n{(info.description or '').rstrip('.')}.\n"
    if not (models := list(_sections(hint))):
        yield f"\nIt must be {value(hint)}.\n"
    for model in models:
        if len(models) > 1:
            yield f"\n### {key} with kind: {_kind(model)}\n\n{(model.__doc__ or '').strip()}\n"
        yield from _table(f"{key}.<name>" if _named(hint) else key, model)


def _table(where: str, model: type[Section]) -> Iterator[str]:
    """The keys of a section, and after them the sections inside it."""
    yield f"\n| key of `{where}` | value | default | meaning |\n| --- | --- | --- | --- |\n"
    inner: list[tuple[str, type[Section]]] = []
    for name, hint in get_type_hints(model, include_extras=True).items():
        info = model.model_fields.get(name)
        if info is None:
            continue
        yield f"| `{info.alias}` | {_cell(value(hint, info.metadata))} | {_default(info)} | {_cell(info.description or '')} |\n"
        inner += [(f"{where}.{info.alias}{'[]' if _listed(hint) else ''}", one) for one in _sections(hint)]
    for place, one in inner:
        yield from _table(place, one)


def value(hint: Any, more: Sequence[object] = ()) -> str:
    """What a key of the type `hint` takes, in words; `more` are constraints that stand beside the type."""
    marks = [*more]
    while get_origin(hint) is Annotated:
        hint, *own = get_args(hint)
        marks += own
    for mark in reversed(marks):  # the last one is the narrowest
        if isinstance(mark, WithJsonSchema) and mark.json_schema and "enum" in mark.json_schema:
            return f"one of the {len(mark.json_schema['enum'])} VM sizes in `config/schema.json`"
        if isinstance(mark, Text):
            return mark.rule.removeprefix("must be ")
        if isinstance(mark, Range):
            return f"an IPv4 range of /{mark.largest} to /{mark.smallest}, such as {mark.example}"
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(value(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"list of: {value(inner[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of names to: {value(inner[1])}"
    if isinstance(hint, type) and issubclass(hint, Section):
        return "a section, below"
    least = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
    most = next((mark.le for mark in marks if isinstance(mark, Le)), None)
    if hint is int and least is not None and most is not None:
        return f"{least} to {most}"
    return {
        bool: "`true` or `false`",
        int: "a whole number",
        str: "a text",
        IPv4Network: "an IPv4 range",
        IPv4Address: "an IPv4 address",
    }[hint]


def _sections(hint: Any) -> Iterator[type[Section]]:
    if isinstance(hint, type) and issubclass(hint, Section):
        yield hint
    for inner in get_args(hint):
        yield from _sections(inner)


def _kind(model: type[Section]) -> str:
    return cast(str, get_args(get_type_hints(model)["kind"])[0])


def _named(hint: Any) -> bool:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _listed(hint: Any) -> bool:
    return get_origin(hint) is tuple


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    default = cast(object, info.default)
    if default is None:
        return "none"
    if isinstance(default, Section):
        return "as below"
    return f"`{yaml.safe_dump(to_jsonable_python(default), default_flow_style=True).strip().removesuffix('...').strip()}`"


def _cell(words: str) -> str:
    """Markdown takes < for HTML, except in code."""
    parts = words.replace("|", "\\|").split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))


def anchor(heading: str) -> str:
    """The fragment that GitHub gives a heading."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.configuration", description="Write docs/configuration.md."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is stale")
    if not parser.parse_args(arguments).check:
        FILE.write_text(text(), "utf-8")
    elif not FILE.exists() or FILE.read_text("utf-8") != text():
        print(f"{FILE.name} is not what the models give: run make schema and commit it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    end(main)
