"""What marks the type of a value in a stack file, and how a value is refused.

Pure. What is wrong with a value is raised with `refuse`, as the rule it breaks and what to do; `config.explain` makes one
sentence of these, the key and the value.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


def refuse(rule: str, fix: str) -> PydanticCustomError:
    """An error for a validator to raise: `rule` completes "<key> ...", `fix` is what to do about it."""
    return PydanticCustomError("rule", "{rule}: {fix}", {"rule": rule, "fix": fix})


@dataclass(frozen=True, kw_only=True)
class Text:
    """Marks a `str` that must match `pattern` as a whole (a pattern that Python and ECMAScript read alike)."""

    pattern: str
    rule: str
    fix: str

    def _check(self, value: str) -> str:
        if re.fullmatch(self.pattern, value) is None:
            raise refuse(self.rule, self.fix)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True, kw_only=True)
class Parsed(Text):
    """Marks a type whose values are texts in the file: `parse` makes a value of one, or raises ValueError, and `write` the text."""

    parse: Callable[[str], object]
    write: Callable[[Any], str] = str

    def _parsed(self, text: str) -> object:
        try:
            return self.parse(self._check(text))
        except ValueError as error:
            raise refuse(self.rule, self.fix) from error

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def as_text(value: object) -> object:
            return self.write(value) if isinstance(value, source) else value

        return core_schema.no_info_before_validator_function(
            as_text,
            core_schema.no_info_after_validator_function(self._parsed, core_schema.str_schema()),
            serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json"),
        )


@dataclass(frozen=True, kw_only=True)
class Range:
    """Marks an `IPv4Network` given as canonical CIDR text with a prefix of `largest` to `smallest` bits."""

    largest: int
    smallest: int
    example: str

    def _check(self, value: object) -> object:
        if isinstance(value, IPv4Network):
            return value
        try:
            network = IPv4Network(str(value), strict=False)
        except ValueError as error:
            raise refuse("must be an IPv4 range in CIDR notation", f"write it like {self.example}") from error
        if str(network) != value:
            raise refuse("must be the first address of the range and its prefix length", f"write {network}")
        if not self.largest <= network.prefixlen <= self.smallest:
            raise refuse(
                f"must be a range of /{self.largest} to /{self.smallest}",
                f"choose one of that size, for example {self.example}",
            )
        return network

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/[0-9]+$"}
