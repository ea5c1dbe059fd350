"""What the secrets of a stack must look like. No message may repeat a value, or a name from inside one: logs keep messages."""

import base64
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Annotated, Self

import yaml
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError, model_validator

from config.roles import SECRETS, needs_secret
from config.rules import Problem, Rule
from config.sections import Stack, TrustedZone


def _is_auth(value: str) -> str:
    if b":" not in base64.b64decode(value, validate=True):
        raise ValueError
    return value


class _Auth(BaseModel):
    auth: Annotated[str, AfterValidator(_is_auth)]


class _PullSecret(BaseModel):
    auths: dict[str, _Auth] = Field(min_length=1)


class _Named(BaseModel):
    name: str


class _Kubeconfig(BaseModel):
    clusters: list[_Named] = Field(min_length=1)
    users: list[_Named] = Field(min_length=1)
    contexts: list[_Named]
    current_context: str = Field(alias="current-context")

    @model_validator(mode="after")
    def _current_context_exists(self) -> Self:
        if self.current_context not in {context.name for context in self.contexts}:
            raise ValueError
        return self


_SERVED = TypeAdapter(dict[str, dict[str, Annotated[str, Field(min_length=1)]]])


def rules(given: Mapping[str, str]) -> tuple[Rule, ...]:
    """A rule for each secret: that `given`, the secrets by key, has it in the right shape if the stack needs it."""
    return tuple(partial(_problems, key, given.get(key)) for key in SECRETS)


def _problems(key: str, value: str | None, stack: Stack) -> Iterator[Problem]:
    if needs_secret(stack, key):
        if value is not None:
            yield from _SHAPES[key](stack, value)
        else:
            fix = f"set it with: pulumi config set --secret coco:{key}. It is this: {SECRETS[key]}"
            yield Problem(key=key, rule="is missing", fix=fix)
    elif value is not None:
        fix = f"remove it with: pulumi config rm coco:{key}"
        yield Problem(key=key, rule="is not used by this stack", fix=fix)


def _pull_secret(_: Stack, text: str) -> Iterator[Problem]:
    try:
        _PullSecret.model_validate_json(text)
    except ValidationError:
        yield Problem(
            key="pullSecret",
            rule="must be JSON with at least one registry under auths, each with auth, the base64 of user:password",
            fix="download it again from https://console.redhat.com/openshift/install/pull-secret and set it unchanged",
        )


def _client_secret(key: str, _: Stack, text: str) -> Iterator[Problem]:
    if not text or text != text.strip():
        yield Problem(
            key=key,
            rule="must be a text without white space around it",
            fix="set the password alone, as `az ad sp credential reset` prints it",
        )


def _kubeconfig(_: Stack, text: str) -> Iterator[Problem]:
    try:
        _Kubeconfig.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError):
        yield Problem(
            key="kubeconfig",
            rule="must be YAML with clusters, users, contexts and a current-context that is one of them",
            fix="set the whole file, as `oc config view --raw --minify --flatten` prints it",
        )


def _secret_values(stack: Stack, text: str) -> Iterator[Problem]:
    if not isinstance(stack, TrustedZone):
        return
    wanted = {f"{name}.{key}" for name, s in stack.secrets.items() if s.source == "config" for key in s.keys}
    try:
        given = {f"{name}.{key}" for name, keys in _SERVED.validate_json(text).items() for key in keys}
    except ValidationError:
        yield Problem(
            key="secretValues",
            rule="must be JSON like {name: {key: value}} with values that are texts and not empty",
            fix=f"set it again, with {', '.join(sorted(wanted))}",
        )
        return
    if lacking := sorted(wanted - given):
        yield Problem(
            key="secretValues",
            rule=f"must have a value for {', '.join(lacking)}",
            fix="set it again with these",
        )
    if given - wanted:
        yield Problem(
            key="secretValues",
            rule=f"must have values for {', '.join(sorted(wanted))} alone, but has {len(given - wanted)} more",
            fix="set it again without the others, or declare them under coco:secrets with source: config",
        )


_SHAPES: Mapping[str, Callable[[Stack, str], Iterator[Problem]]] = {
    "pullSecret": _pull_secret,
    "clusterClientSecret": partial(_client_secret, "clusterClientSecret"),
    "keyVaultClientSecret": partial(_client_secret, "keyVaultClientSecret"),
    "kubeconfig": _kubeconfig,
    "secretValues": _secret_values,
}
