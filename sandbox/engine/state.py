"""The state of one stack, in the format of `pulumi stack export` (deployment version 3,
`sdk/go/common/apitype/core.go`).

Resources stand in the order that the official engine demands: each after its parent, provider and
dependencies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import Keyring, PassphraseCipher
from sandbox.engine.values import SECRET, SIGNATURE, SecretValue
from sandbox.files import replace_file, understood
from sandbox.provider import Values
from sandbox.shapes import is_list, is_map

STACK: Final = "pulumi:pulumi:Stack"
PROVIDER: Final = "pulumi:providers:"

Pending = Literal["creating", "updating", "deleting"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StateResource:
    """One resource as the last step left it; `inputs` and `outputs` hold Secret where a value is secret."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    """Replaced already, still to be deleted."""
    inputs: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    external: bool = False
    """Read, not managed."""
    dependencies: tuple[str, ...] = ()
    init_errors: tuple[str, ...] = ()
    """Why it did not become ready; the next update waits for it again."""
    provider: str = ""
    """Reference `<urn>::<id>` of the provider resource."""
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    pending_replacement: bool = False
    """Deleted in order to be replaced, not created again yet."""
    additional_secret_outputs: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, float] = field(default_factory=dict[str, float])
    """Seconds by create, update, delete."""
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    created: str = ""
    modified: str = ""
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[3]

    @property
    def provider_urn(self) -> str:
        return self.provider.rpartition("::")[0]

    @property
    def references(self) -> set[str]:
        """URNs of everything that must exist for this resource to exist."""
        properties = (urn for urns in self.property_dependencies.values() for urn in urns)
        return {*self.dependencies, *properties, self.parent, self.provider_urn, self.deleted_with} - {""}


_KEYS: Final = (
    ("urn", "urn"),
    ("custom", "custom"),
    ("delete", "delete"),
    ("id", "id"),
    ("type", "type"),
    ("inputs", "inputs"),
    ("outputs", "outputs"),
    ("parent", "parent"),
    ("protect", "protect"),
    ("external", "external"),
    ("dependencies", "dependencies"),
    ("init_errors", "initErrors"),
    ("provider", "provider"),
    ("property_dependencies", "propertyDependencies"),
    ("pending_replacement", "pendingReplacement"),
    ("additional_secret_outputs", "additionalSecretOutputs"),
    ("custom_timeouts", "customTimeouts"),
    ("import_id", "importID"),
    ("retain_on_delete", "retainOnDelete"),
    ("deleted_with", "deletedWith"),
    ("created", "created"),
    ("modified", "modified"),
    ("ignore_changes", "ignoreChanges"),
    ("replace_on_changes", "replaceOnChanges"),
)


class Operation(NamedTuple):
    """A step that has begun: the resource as it is (delete) or as it will be (create, update)."""

    type: Pending
    resource: StateResource


class StateFile:
    """Where one stack's state is kept; encrypts secrets when it writes and decrypts them when it reads."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self.path = path
        self._keyring = keyring
        self._vault: PassphraseCipher | None = None
        self._texts: dict[StateResource, str] = {}
        self._written: tuple[list[str], list[str]] = ([], [])

    def load(self) -> tuple[list[StateResource], list[Operation]]:
        """Empty lists for a stack that has never been brought up. Raises SandboxError for what cannot be decrypted,
        and FileUnusable, which is one, for what is no state.
        """
        if not self.path.exists():
            return [], []
        with understood(self.path):
            return self._parsed()

    def exported(self) -> dict[str, Any]:
        """As `pulumi stack export` prints it, secrets encrypted. Raises FileUnusable."""
        with understood(self.path):
            export = json.loads(self.path.read_text("utf-8"))
            if not is_map(export["deployment"]):
                raise TypeError(self.path)
            return export

    def _parsed(self) -> tuple[list[StateResource], list[Operation]]:
        deployment = json.loads(self.path.read_text("utf-8"))["deployment"]
        if provider := deployment.get("secrets_providers"):
            self._vault = self._keyring.vault(provider["state"]["salt"])
        resources = [self._decode(record) for record in deployment.get("resources", [])]
        pending = [
            Operation(record["type"], self._decode(record["resource"]))
            for record in deployment.get("pending_operations", [])
        ]
        self._written = self._contents(resources, pending)
        return resources, pending

    def save(
        self, resources: Iterable[StateResource], pending: Iterable[Operation], *, last: bool = False
    ) -> None:
        """Replace the file as a whole, unless only the order would differ.

        `last` waits until the disk has it. A crash of the process loses no step; a crash of the machine can lose
        steps of the run that it interrupts.
        """
        contents = self._contents(resources, pending)
        if self.path.exists() and {*contents[0]} == {*self._written[0]} and contents[1] == self._written[1]:
            return
        replace_file(self.path, self._deployment(*contents), last=last)
        self._written = contents

    def _contents(
        self, resources: Iterable[StateResource], pending: Iterable[Operation]
    ) -> tuple[list[str], list[str]]:
        """Resources and pending operations as JSON; a resource is encoded once."""
        self._texts = {
            resource: self._texts.get(resource) or self._encode(resource) for resource in resources
        }
        operations = [f'{{"type": "{type_}", "resource": {self._encode(each)}}}' for type_, each in pending]
        return list(self._texts.values()), operations

    def _deployment(self, resources: list[str], operations: list[str]) -> str:
        """The whole file, a line for each resource."""
        salt = (self._vault or self._keyring.default).salt
        parts = {
            "manifest": json.dumps(_manifest()),
            "secrets_providers": json.dumps({"type": "passphrase", "state": {"salt": salt}}),
            "resources": "[\n" + ",\n".join(resources) + "\n]",
            "pending_operations": "[\n" + ",\n".join(operations) + "\n]",
            "metadata": "{}",
        }
        if not operations:
            del parts["pending_operations"]
        fields = ",\n".join(f'"{key}": {text}' for key, text in parts.items())
        return f'{{"version": 3, "deployment": {{\n{fields}\n}}}}\n'

    def _encode(self, resource: StateResource) -> str:
        vault = self._vault or self._keyring.default
        record = {key: value for name, key in _KEYS if (value := getattr(resource, name)) or name == "custom"}
        for bag in ("inputs", "outputs"):
            if bag in record:
                record[bag] = _sealed(record[bag], f"{resource.urn}#{bag}", vault)
        return json.dumps(record, ensure_ascii=False)

    def _decode(self, record: dict[str, Any]) -> StateResource:
        fields: dict[str, Any] = {}
        for name, key in _KEYS:
            if key in record:
                value = record[key]
                if name in ("inputs", "outputs"):
                    value = _opened(value, f"{record['urn']}#{key}", self._vault)
                elif name == "property_dependencies":
                    value = {prop: tuple(urns) for prop, urns in value.items()}
                fields[name] = tuple(value) if is_list(value) else value
        return StateResource(**fields)


def _sealed(value: Any, place: str, vault: PassphraseCipher) -> Any:
    match value:
        case SecretValue():
            text = json.dumps(value.value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            return {SIGNATURE: SECRET, "ciphertext": vault.seal(place, text)}
        case _ if is_map(value):
            return {key: _sealed(item, f"{place}.{key}", vault) for key, item in value.items()}
        case _ if is_list(value):
            return [_sealed(item, f"{place}.{index}", vault) for index, item in enumerate(value)]
        case _:
            return value


def _opened(value: Any, place: str, vault: PassphraseCipher | None) -> Any:
    match value:
        case _ if is_map(value) and value.get(SIGNATURE) == SECRET:
            if vault is None:
                raise SandboxError(f"{place} is encrypted, but its state names no secrets provider")
            return SecretValue(json.loads(vault.unseal(place, value["ciphertext"])))
        case _ if is_map(value):
            return {key: _opened(item, f"{place}.{key}", vault) for key, item in value.items()}
        case _ if is_list(value):
            return [_opened(item, f"{place}.{index}", vault) for index, item in enumerate(value)]
        case _:
            return value


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _manifest() -> dict[str, str]:
    engine = _engine()
    return {"time": now(), "magic": hashlib.sha256(engine.encode()).hexdigest(), "version": engine}


@cache
def _engine() -> str:
    return f"v{version('pulumi')}"
