"""From the configuration of a stack to its models: everything wrong with it is found at once, before anything is declared.

Pulumi hands a stack file's values over as texts, those that are mappings as JSON, and says which keys were encrypted.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from config import explain, files, rules, secret_values
from config.roles import SECRETS, HubConfig, SpokeConfig, StandaloneConfig
from config.rules import Problem
from config.sections import AroSection, ExistingSection, Section, Stack
from model.attestation.reference_values import ReferenceValues

PREFIX = "coco:"
Config = HubConfig | SpokeConfig | StandaloneConfig
SectionT = TypeVar("SectionT", bound=Section)
_ROLES: Mapping[str, type[Config]] = {
    "hub": HubConfig,
    "spoke": SpokeConfig,
    "standalone": StandaloneConfig,
}
_TEXTS = ("role", "hub")  # every other key of a stack file holds a mapping
_CLUSTERS: Mapping[str, type[Section]] = {"aro": AroSection, "existing": ExistingSection}


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

    `policies` are Rego texts by profile, `reference_values` by OSC version.
    """

    config: Config
    secrets: Mapping[str, str] = field(repr=False)
    policies: Mapping[str, str]
    reference_values: Mapping[str, ReferenceValues]


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
    values = {key: _decoded(key, text) for key, text in given.items() if key not in SECRETS}
    model = _ROLES.get(given.get("role", ""))
    if model is None:
        raise ConfigError([str(_role(given.get("role")))])
    hidden: set[str] = set()
    problems: list[Problem] = []
    if encrypted is not None:
        hidden = {str(info.alias) for info in model.model_fields.values()} & _without_prefix(encrypted)
        problems += _encryption(secrets.keys() - _without_prefix(encrypted), hidden)

    config, stack, wrong = _validated(model, {k: v for k, v in values.items() if k not in hidden}, hidden)
    problems += wrong
    policies: dict[str, str] = {}
    reference_values: dict[str, ReferenceValues] = {}
    checks: tuple[rules.Rule, ...] = (
        *rules.ALL,
        *secret_values.rules(secrets),
        lambda stack: files.policies(stack, root, policies),
        lambda stack: files.measurements(stack, root, now or datetime.now(UTC), reference_values),
    )
    problems += rules.broken(stack, checks, partial=bool(wrong or hidden))
    if config is None or problems:
        raise ConfigError([str(problem) for problem in problems])
    return Loaded(config=config, secrets=secrets, policies=policies, reference_values=reference_values)


def _decoded(key: str, text: str) -> object:
    if key in _TEXTS:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text  # the model says what it wants instead


def _without_prefix(keys: Collection[str]) -> set[str]:
    return {key.removeprefix(PREFIX) for key in keys}


def _role(role: str | None) -> Problem:
    return Problem(
        key="role",
        value=role,
        rule="is missing" if role is None else "must be a role",
        fix=f"write one of {', '.join(_ROLES)}",
    )


def _encryption(plain: Collection[str], hidden: Collection[str]) -> Iterator[Problem]:
    for key in sorted(plain):
        yield Problem(
            key=key,
            rule="must be encrypted",
            fix=f"replace this secret, which counts as known, and set the new one with: pulumi config set --secret coco:{key}",
        )
    for key in sorted(hidden):
        yield Problem(
            key=key,
            rule="must not be encrypted, because a review could not read it",
            fix=f"write it in plain text; the secrets of a stack have keys of their own: {', '.join(SECRETS)}",
        )


def _validated(
    model: type[Config], values: Mapping[str, object], hidden: Collection[str]
) -> tuple[Config | None, Stack, list[Problem]]:
    """The stack, or else what of it is valid and what pydantic found. `hidden` keys are there but not in `values`."""
    errors: list[ErrorDetails] = []
    try:
        config = model.model_validate(values)
        if not hidden:
            return config, config, []
    except ValidationError as error:
        # A broken rule between values has no place in the file; `load` asks the rules again, each by itself.
        errors = [each for each in error.errors() if each["loc"] and each["loc"][0] not in hidden]
    bad = [*(explain.without_kind(each["loc"]) for each in errors), *((key,) for key in hidden)]
    return None, _valid_part(model, values, bad), [explain.problem(model, each) for each in errors]


def _valid_part(model: type[SectionT], values: Mapping[str, object], bad: list[explain.Location]) -> SectionT:
    """A `model` of the valid `values`; those at or under a `bad` location are attributes that it does not have."""
    valid: dict[str, object] = {}
    hints = get_type_hints(model, include_extras=True)
    for name, info in model.model_fields.items():
        value = values.get(str(info.alias))
        below = [location[1:] for location in bad if location[0] == info.alias]
        if not below and value is None:
            if not info.is_required():
                valid[name] = info.get_default()
        elif not below:
            valid[name] = TypeAdapter[object](hints[name]).validate_python(value)
        elif () not in below and isinstance(value, Mapping):
            inner = cast(Mapping[str, object], value)
            section = _CLUSTERS.get(str(inner.get("kind"))) if name == "cluster" else hints[name]
            if isinstance(section, type) and issubclass(section, Section):
                valid[name] = _valid_part(section, inner, below)
    part = model.model_construct(None, **valid)
    for name in model.model_fields.keys() - valid.keys():
        vars(part).pop(name, None)  # model_construct has put the default there
    return part
