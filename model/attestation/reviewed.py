"""Reviewed data: YAML files of measurements, each read as it is written and refused where it says too much or too little."""

from typing import ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from model.yaml_loader import SafeLoader

ModelT = TypeVar("ModelT", bound=BaseModel)


class ReviewedDataError(ValueError):
    """The file cannot be used; the message names every problem, one a line."""


class ReviewedData(BaseModel):
    """A part of such a file: keys in camelCase, and none that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class _AsWritten(SafeLoader):
    """Scalars stay text, as YAML would make numbers of digits and of 0x and drop leading zeros; only null is null."""

    yaml_implicit_resolvers: ClassVar = {
        first: [resolver for resolver in resolvers if resolver[0] == "tag:yaml.org,2002:null"]
        for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
    }


def read(model: type[ModelT], text: str, what: str) -> ModelT:
    """The `model` in a YAML `text`, which is called `what` in messages. Raises ReviewedDataError with all problems."""
    try:
        return model.model_validate(yaml.load(text, _AsWritten))  # noqa: S506 -- a SafeLoader
    except yaml.YAMLError as error:
        raise ReviewedDataError(f"The {what} are not YAML: {error}") from error
    except ValidationError as error:
        raise ReviewedDataError(
            "\n".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        ) from error
