"""What the kubeconfig of a cluster must be to work wherever the program runs. No message may repeat a value from inside it."""

from collections.abc import Iterator
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from config.rule import Mistake


class _Kebab(BaseModel):
    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), extra="ignore")


class _Server(_Kebab):
    server: str = ""
    certificate_authority: str | None = None
    insecure_skip_tls_verify: bool = False


class _User(_Kebab):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    username: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    token_file: str | None = Field(default=None, alias="tokenFile")
    exec: object = None
    auth_provider: object = None


class _Context(_Kebab):
    cluster: str
    user: str


class _NamedServer(_Kebab):
    name: str
    cluster: _Server


class _NamedUser(_Kebab):
    name: str
    user: _User


class _NamedContext(_Kebab):
    name: str
    context: _Context


class _Kubeconfig(_Kebab):
    clusters: list[_NamedServer] = Field(min_length=1)
    users: list[_NamedUser] = Field(min_length=1)
    contexts: list[_NamedContext] = Field(min_length=1)
    current_context: str

    @model_validator(mode="after")
    def _is_closed(self) -> Self:
        """The current context, its cluster and its user are there."""
        if self.in_use() is None:
            raise ValueError
        return self

    def in_use(self) -> tuple[_Server, _User] | None:
        for each in self.contexts:
            if each.name != self.current_context:
                continue
            servers = [one.cluster for one in self.clusters if one.name == each.context.cluster]
            users = [one.user for one in self.users if one.name == each.context.user]
            return (servers[0], users[0]) if servers and users else None
        return None


_FLATTEN = "set what this prints: oc config view --raw --minify --flatten"
_TOKEN = "log in with a token or a client certificate (oc login), then " + _FLATTEN


def mistakes(text: str) -> Iterator[Mistake]:
    """What is wrong with the current context of the kubeconfig `text`; the other ones are never used."""
    try:
        found = _Kubeconfig.model_validate(yaml.safe_load(text)).in_use()
    except (yaml.YAMLError, ValidationError, RecursionError):
        found = None
    if found is None:
        yield _wrong(
            "must be YAML with clusters, users, contexts and a current-context that is one of them, with its cluster and user",
            "set the whole file, as `oc config view --raw --minify --flatten` prints it",
        )
        return
    server, user = found
    if not server.server.startswith("https://"):
        yield _wrong("must name the API server by an address that starts with https://", _FLATTEN)
    if server.insecure_skip_tls_verify:
        yield _wrong(
            "must not say insecure-skip-tls-verify: whoever is in between could take the cluster's place",
            "give certificate-authority-data instead, with the CA of the API server",
        )
    if server.certificate_authority or user.client_certificate or user.client_key or user.token_file:
        yield _wrong("must hold its certificates and tokens, not the paths of files", _FLATTEN)
    elif user.exec is not None or user.auth_provider is not None:
        yield _wrong(
            "must not run a program for its credentials, which is not there where the program runs", _TOKEN
        )
    elif user.username is not None:
        yield _wrong("must not hold a user name and password, which no API server takes any more", _TOKEN)
    elif not user.token and not (user.client_certificate_data and user.client_key_data):
        yield _wrong(
            "must hold a token, or a client certificate with its key, for the current context", _TOKEN
        )


def _wrong(rule: str, fix: str) -> Mistake:
    return Mistake(key="kubeconfig", rule=rule, fix=fix)
