"""A stack as `pulumi stack export` prints it. Secrets in it stay sealed: nothing here can or does decrypt them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from model.stacks import StackName

STACK: Final = "pulumi:pulumi:Stack"
STACK_REFERENCE: Final = "pulumi:pulumi:StackReference"
_SIGNATURE: Final = (
    "4dabf18193072939515e22adb298388d"  # sdk/go/common/resource/sig: what marks a special value
)
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"  # what a preview has instead of a value


class PostureError(ValueError):
    """The report cannot be made; the message is one sentence for a person."""


class Sealed:
    """Stands where a secret is. It holds nothing, so that no report can show it."""

    def __repr__(self) -> str:
        return "[secret]"


SEALED: Final = Sealed()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """`inputs` and `outputs` hold SEALED for secrets. `external`: the program only reads it."""

    type: str
    name: str
    id: str
    external: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def kind(self) -> tuple[str, str]:
        """Of a Kubernetes object, with its apiVersion: `("apps/v1", "Deployment")`; else empty texts."""
        return str(self.inputs.get("apiVersion", "")), str(self.inputs.get("kind", ""))

    @property
    def metadata(self) -> Mapping[str, Any]:
        return table(self.inputs, "metadata")

    @property
    def namespace(self) -> str:
        return str(self.metadata.get("namespace", ""))

    @property
    def object_name(self) -> str:
        return str(self.metadata.get("name", ""))


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """`stack` is the short name, `outputs` those of the stack."""

    stack: str
    outputs: Mapping[str, Any]
    resources: tuple[Resource, ...]

    def objects(self, kind: str) -> Iterator[Resource]:
        """The Kubernetes objects of a kind that the program manages."""
        for resource in self.resources:
            if resource.type.startswith("kubernetes:") and resource.kind[1] == kind and not resource.external:
                yield resource

    def object(self, kind: str, name: str, namespace: str) -> Resource | None:
        return next(
            (one for one in self.objects(kind) if (one.object_name, one.namespace) == (name, namespace)), None
        )

    @property
    def hub(self) -> StackName | None:
        """The full name of the hub that this stack reads. Raises PostureError."""
        name = next((one.id for one in self.resources if one.type == STACK_REFERENCE), None)
        try:
            return None if name is None else StackName(name)
        except ValueError as error:
            raise PostureError(
                f"The stack {self.stack} reads a hub whose name cannot be: {error}."
            ) from error


def read(text: str, stack: str) -> Deployment:
    """The deployment in an export's `text`. Raises PostureError on anything else, and on the export of another stack."""
    try:
        document = json.loads(text)
        records = cast(list[dict[str, Any]], document["deployment"].get("resources") or [])
        resources = tuple(_resource(record) for record in records if not record.get("delete"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PostureError(
            f"This is no stack export ({error!r}): give what `pulumi stack export` prints."
        ) from error
    found = next((one for one in resources if one.type == STACK), None)
    if found is None:
        raise PostureError(f"The stack {stack} is not up: there is nothing to report on. Bring it up first.")
    if not found.name.endswith(f"-{stack}"):
        raise PostureError(f"This is the export of {found.name}, not of {stack}: name the stack it is of.")
    return Deployment(stack=stack, outputs=found.outputs, resources=resources)


def table(value: Any, *keys: str) -> dict[str, Any]:
    """The mapping at a path of keys; an empty one where there is none."""
    for key in keys:
        value = cast(dict[str, Any], value).get(key) if isinstance(value, Mapping) else None
    return dict(cast(Mapping[str, Any], value)) if isinstance(value, Mapping) else {}


def unknown(value: Any) -> bool:
    """Whether a preview could not tell `value` or a part of it."""
    match value:
        case str():
            return value == _UNKNOWN
        case dict():
            return any(unknown(item) for item in cast(dict[str, Any], value).values())
        case list():
            return any(unknown(item) for item in cast(list[Any], value))
        case _:
            return False


def _resource(record: Mapping[str, Any]) -> Resource:
    return Resource(
        type=str(record["type"]),
        name=str(record["urn"]).split("::", 3)[3],
        id=str(record.get("id") or ""),
        external=bool(record.get("external")),
        inputs=_sealed(record.get("inputs") or {}),
        outputs=_sealed(record.get("outputs") or {}),
    )


def _sealed(value: Any) -> Any:
    match value:
        case dict():
            fields = cast(dict[str, Any], value)
            if fields.get(_SIGNATURE) == _SECRET:
                return SEALED
            return {key: _sealed(item) for key, item in fields.items()}
        case list():
            return [_sealed(item) for item in cast(list[Any], value)]
        case _:
            return value
