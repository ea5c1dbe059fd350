"""From the configuration of a stack to its models: everything wrong with it is found at once, before anything is declared.

Pulumi hands a stack file's values over as texts, those that are mappings as JSON, and says which keys were encrypted.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from config import explain, rules, secret_values, values
from config.authority import Authority
from config.files import Files
from config.platform import Platform
from config.roles import ROLES, RoleConfig, StackConfig
from config.rule import Mistake, broken
from config.secret_keys import SECRETS
from model.attestation.platform_values import PlatformValues
from model.attestation.reference_values import ReferenceValues
from model.workloads.workload import Workload

PREFIX = "coco:"
ConfigT = TypeVar("ConfigT", bound=RoleConfig)
_TEXTS = ("role", "hub")  # every other key of a stack file holds a mapping


class ConfigError(ValueError):
    """The configuration cannot be used: `problems` has a sentence for each mistake, the message all of them, one a line."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(
            "the configuration of this stack is not valid:\n" + "\n".join(f"  {p}" for p in problems)
        )


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A stack's models, its secrets (plain text, for the caller to wrap), and the files it refers to.

    `policies` are Rego texts by profile, `reference_values` by OSC version, `workloads` by name. `platform`: the paravisors and hosts
    that may vouch for a guest, None where the stack has no Trustee or accepts any platform. `kbs_ca`: the authority of the KBS's
    certificate, None where the stack makes one of its own. `notes`: what is no mistake and should be
    known.
    """

    config: StackConfig
    secrets: Mapping[str, str] = field(repr=False)
    policies: Mapping[str, str]
    reference_values: Mapping[str, ReferenceValues]
    platform: PlatformValues | None
    workloads: Mapping[str, Workload]
    kbs_ca: str | None = None
    notes: tuple[str, ...] = ()


def load(
    bag: Mapping[str, str],
    *,
    root: Path,
    encrypted: Collection[str] | None = None,
    now: datetime | None = None,
) -> Loaded:
    """The stack that `bag`, the whole configuration by full key, describes; `root` is the folder of the project.

    `encrypted` names the keys that are encrypted in the stack file, None if that is not known. `now` decides whether
    reference values have expired; by default it is the time of the call. Raises ConfigError with every problem.
    """
    given = {key.removeprefix(PREFIX): text for key, text in bag.items() if key.startswith(PREFIX)}
    secrets = {key: text for key, text in given.items() if key in SECRETS}
    model = ROLES.get(given.get("role", ""))
    if model is None:
        raise ConfigError([str(_role(given.get("role")))])
    hidden: set[str] = set()
    problems: list[Mistake] = []
    if encrypted is not None:
        hidden = {str(info.alias) for info in model.model_fields.values()} & _without_prefix(encrypted)
        problems += _encryption(secrets.keys() - _without_prefix(encrypted), hidden)

    sections = {key: _decoded(key, text) for key, text in given.items() if key not in {*SECRETS, *hidden}}
    config, valid, wrong = _validated(model, sections, hidden)
    problems += wrong
    files = Files(root=root, now=now or datetime.now(UTC))
    platform = Platform(root=root, now=files.now, reference_values=files.reference_values)
    authority = Authority(root=root, now=files.now)
    checks = (
        *rules.of(model, valid),
        *secret_values.rules(model, secrets),
        *files.rules(model),
        *platform.rules(),
        *authority.rules(),
    )
    problems += broken(valid, checks)
    if config is None or problems:
        raise ConfigError([str(problem) for problem in problems])
    return Loaded(
        config=config,
        secrets=secrets,
        policies=files.policies,
        reference_values=files.reference_values,
        platform=platform.values,
        workloads=files.workloads,
        kbs_ca=authority.pem,
        notes=tuple(files.notes),
    )


def _decoded(key: str, text: str) -> object:
    if key in _TEXTS:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text  # the model says what it wants instead


def _without_prefix(keys: Collection[str]) -> set[str]:
    return {key.removeprefix(PREFIX) for key in keys}


def _role(role: str | None) -> Mistake:
    return Mistake(
        key="role",
        value=role,
        rule="is missing" if role is None else "must be a role",
        fix=f"write one of {', '.join(ROLES)}",
    )


def _encryption(plain: Collection[str], hidden: Collection[str]) -> Iterator[Mistake]:
    for key in sorted(plain):
        yield Mistake(
            key=key,
            rule="must be encrypted",
            fix=f"replace this secret, which counts as known, and set the new one with: pulumi config set --secret coco:{key}",
        )
    for key in sorted(hidden):
        yield Mistake(
            key=key,
            rule="must not be encrypted, because a review could not read it",
            fix=f"write it in plain text; the secrets of a stack have keys of their own: {', '.join(SECRETS)}",
        )


def _validated(
    model: type[ConfigT], given: Mapping[str, object], hidden: Collection[str]
) -> tuple[ConfigT | None, Mapping[str, object], list[Mistake]]:
    """The model if `given` is valid; what of it is valid, by key; what pydantic found. `hidden` keys are not in `given`."""
    errors: list[ErrorDetails] = []
    try:
        config = model.model_validate(given)
        if not hidden:
            return config, values.of(config), []
    except ValidationError as error:
        # A broken rule between values has no place in the file; `load` asks each rule again.
        errors = [each for each in error.errors() if each["loc"] and each["loc"][0] not in hidden]
    bad = [*(explain.without_kind(each["loc"]) for each in errors), *((key,) for key in hidden)]
    found = [explain.problem(model, each) for each in errors]
    return None, dict(values.valid(model, given, bad)), found
