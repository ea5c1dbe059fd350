"""Texts of one form, such as versions and digests: whoever has one need not check it again."""

import re
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class FormedText(str):
    """A text that matches `PATTERN` as a whole; `FORM` says so to a person. Raises ValueError for every other one.

    It is a `str` in documents, in JSON and as a field of a pydantic model.
    """

    __slots__ = ()
    PATTERN: ClassVar[str]
    FORM: ClassVar[str]

    def __new__(cls, text: str) -> Self:
        if re.fullmatch(cls.PATTERN, text) is None:
            raise ValueError(f"{text!r} is not {cls.FORM}")
        return super().__new__(cls, text)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{cls.PATTERN})$"}
