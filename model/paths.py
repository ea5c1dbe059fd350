"""Paths of the resources that a KBS serves."""

import re
from dataclasses import astuple, dataclass
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_SCHEME: Final = "kbs:///"
# The KBS refuses every other name (ResourceDesc, kbs/src/plugins/implementations/resource of confidential-containers/trustee).
_PART: Final = "[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_TEXT: Final = f"{_PART}/{_PART}/{_PART}"


class PathError(ValueError):
    """A text or its parts are no path of a resource; the message is one sentence for a person."""


@dataclass(frozen=True)
class ResourcePath:
    """``repository/secret/key``, three names of letters, digits, ``-``, ``_`` and inner ``.``. Raises PathError on others.

    The Trustee operator serves each key of a Kubernetes secret at ``default/<secret>/<key>``. As a field or a key of a pydantic
    model it is read from its text, and written as its text in JSON.
    """

    repository: str
    secret: str
    key: str

    def __post_init__(self) -> None:
        if re.fullmatch(_TEXT, str(self)) is None:
            raise PathError(
                f"{self.uri} is no KBS resource: each of its three parts takes letters, digits, '-', '_' and inner '.'."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ``kbs:///repository/secret/key``, or the same without ``kbs:///``. Raises PathError."""
        parts = text.removeprefix(_SCHEME).split("/")
        if len(parts) != 3:
            raise PathError(f"{text} is no KBS resource: write kbs:///<repository>/<secret>/<key>.")
        return cls(*parts)

    @property
    def uri(self) -> str:
        """As guests ask for it."""
        return f"{_SCHEME}{self}"

    @property
    def parts(self) -> tuple[str, str, str]:
        """As the KBS hands it to the resource policy."""
        return (self.repository, self.secret, self.key)

    def __str__(self) -> str:
        return "/".join(astuple(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from_text = core_schema.no_info_after_validator_function(cls.parse, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=from_text,
            python_schema=core_schema.no_info_before_validator_function(
                lambda value: cls.parse(value) if isinstance(value, str) else value,
                core_schema.is_instance_schema(cls),
            ),
            serialization=core_schema.to_string_ser_schema(when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{_TEXT}$"}


def served(secret: str, key: str) -> ResourcePath:
    """Where the Trustee operator has the KBS serve ``key`` of the Kubernetes secret ``secret``. Raises PathError."""
    return ResourcePath("default", secret, key)
