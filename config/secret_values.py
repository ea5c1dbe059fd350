"""What the secrets of a stack must look like. No message may repeat a value, or a name from inside one: logs keep messages."""

import base64
from collections.abc import Iterator, Mapping, Set
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError

from config import kubeconfig
from config.rule import Mistake, Rule, rule
from config.secret_keys import OF_SOURCES, SECRETS
from config.sections import (
    KINDS,
    CommonSections,
    NetworkSection,
    Section,
    ServedSecretSection,
    SignedImageSection,
    TrustedZone,
    VpnSection,
)
from model.policy import image_policy


def _is_auth(value: str) -> str:
    if b":" not in base64.b64decode(value, validate=True):
        raise ValueError
    return value


class _Auth(BaseModel):
    auth: Annotated[str, AfterValidator(_is_auth)]


class _PullSecret(BaseModel):
    auths: dict[str, _Auth] = Field(min_length=1)


def _is_base64(value: str) -> str:
    if not base64.b64decode(value, validate=True):
        raise ValueError
    return value


class _Binary(BaseModel, extra="forbid"):
    base64: Annotated[str, AfterValidator(_is_base64)]


_VPN_KEYS = TypeAdapter(dict[str, Annotated[str, Field(pattern="^[!-~]{32,128}$")]])
_Value = Annotated[str, Field(min_length=1)] | _Binary
_SERVED = TypeAdapter(dict[str, dict[str, _Value]])
_LARGEST = 1024 * 1024 - 64 * 1024  # bytes: a Secret of Kubernetes holds 1 MiB with its metadata


def served(text: str) -> dict[str, dict[str, bytes]]:
    """What `coco:secretValues` serves, by name of the secret and key of the value.

    Raises pydantic's ValidationError where the form is wrong. Its message repeats values: never show it.
    """
    return {
        name: {key: _bytes(value) for key, value in values.items()}
        for name, values in _SERVED.validate_json(text).items()
    }


def vpn_keys(text: str) -> dict[str, str]:
    """The pre-shared keys of `coco:vpnKeys` by the name of the connection. Raises ValidationError as `served` does."""
    return _VPN_KEYS.validate_json(text)


def _bytes(value: str | _Binary) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value.base64)


def rules(model: type[Section], given: Mapping[str, str]) -> tuple[Rule, ...]:
    """Rules that `given` (by key) holds the secrets that a stack of `model` needs, in the right form, and no other secret."""
    keys = dict.fromkeys(
        key for kind in KINDS.values() for key in kind.secrets
    )  # two kinds may need the same
    on_cluster = _of_cluster if issubclass(model, CommonSections) else _of_no_cluster
    of_cluster = tuple(rule for key in keys for rule in on_cluster(key, given.get(key)))
    vpn = _of_vpn if issubclass(model, CommonSections) else _of_no_vpn
    source = _of_source if issubclass(model, TrustedZone) else _of_no_source
    return (
        *of_cluster,
        *vpn(given.get("vpnKeys")),
        *(source(name, given.get(key)) for name, key in OF_SOURCES.items()),
        *((_signing_keys(given.get("secretValues")),) if issubclass(model, TrustedZone) else ()),
    )


def _signing_keys(value: str | None) -> Rule:
    @rule("trustee.signedImages", "secrets")
    def check(
        signed: tuple[SignedImageSection, ...], secrets: Mapping[str, ServedSecretSection]
    ) -> Iterator[Mistake]:
        try:
            given = served(value or "{}")
        except ValidationError:
            return  # refused as such already
        for key in dict.fromkeys(image.key for image in signed):
            from_config = key.secret in secrets and secrets[key.secret].source == "config"
            pem = given.get(key.secret, {}).get(key.key)
            if (
                from_config
                and pem is not None
                and not image_policy.is_signing_key(pem.decode(errors="replace"))
            ):
                yield Mistake(
                    key="secretValues",
                    rule=f"must have a P-256 public key in PEM for {key.secret}.{key.key}, which trustee.signedImages names",
                    fix="set the public key that `cosign generate-key-pair` writes, the whole of cosign.pub",
                )

    return check


def _of_cluster(key: str, value: str | None) -> Iterator[Rule]:
    @rule("cluster.kind")
    def by_kind(name: str) -> Iterator[Mistake]:
        if key not in KINDS[name].secrets:
            yield from _unused(key, value)
        elif key not in KINDS[name].only_where:
            yield from _wanted(key, value)

    yield by_kind
    for where in {kind.only_where[key] for kind in KINDS.values() if key in kind.only_where}:
        yield _of_choice(key, value, *where)


def _of_choice(key: str, value: str | None, chooser: str, choice: str) -> Rule:
    @rule(chooser)
    def check(chosen: str) -> Iterator[Mistake]:
        yield from _wanted(key, value) if chosen == choice else _unused(key, value)

    return check


def _of_no_cluster(key: str, value: str | None) -> Iterator[Rule]:
    yield Rule(keys=(), check=lambda: _unused(key, value))


def _wanted(key: str, value: str | None) -> Iterator[Mistake]:
    if value is None:
        yield _missing(key)
    else:
        yield from _shape(key, value)


def _of_source(source: str, value: str | None) -> Rule:
    key = OF_SOURCES[source]

    @rule("secrets")
    def check(secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
        from_there = {name: secret for name, secret in secrets.items() if secret.source == source}
        if not from_there:
            yield from _unused(key, value)
        elif value is None:
            yield _missing(key)
        elif key == "secretValues":
            yield from _secret_values(
                value, {f"{name}.{k}" for name, s in from_there.items() for k in s.keys}
            )
        else:
            yield from _shape(key, value)

    return check


def _of_no_source(source: str, value: str | None) -> Rule:
    return Rule(keys=(), check=lambda: _unused(OF_SOURCES[source], value))


def _of_vpn(value: str | None) -> tuple[Rule, ...]:
    @rule("network.vpn")
    def check(vpn: VpnSection | None) -> Iterator[Mistake]:
        if vpn is None:
            yield from _unused("vpnKeys", value)
        elif value is None:
            yield _missing("vpnKeys")
        else:
            yield from _vpn_keys(value, vpn.connections)

    @rule("network")
    def without(network: NetworkSection | None) -> Iterator[Mistake]:
        if network is None:
            yield from _unused("vpnKeys", value)

    return check, without


def _of_no_vpn(value: str | None) -> tuple[Rule, ...]:
    return (Rule(keys=(), check=lambda: _unused("vpnKeys", value)),)


def _vpn_keys(text: str, wanted: Set[str]) -> Iterator[Mistake]:
    names = ", ".join(sorted(wanted))
    try:
        keys = vpn_keys(text)
    except ValidationError:
        yield Mistake(
            key="vpnKeys",
            rule="must be JSON like {name: key} with keys of 32 to 128 printable ASCII characters without spaces, which Azure takes and"
            " nobody guesses",
            fix=f"set it again, with {names}; `openssl rand -base64 48` prints a key",
        )
        return
    if lacking := sorted(wanted - keys.keys()):
        yield Mistake(
            key="vpnKeys",
            rule=f"must have a key for {', '.join(lacking)}",
            fix="set it again with these; `openssl rand -base64 48` prints a key",
        )
    if more := keys.keys() - wanted:
        yield Mistake(
            key="vpnKeys",
            rule=f"must have keys for {names} alone, but has {len(more)} more",
            fix="set it again without the others, or add their connections under coco:network.vpn",
        )


def _missing(key: str) -> Mistake:
    fix = f"set it with: pulumi config set --secret coco:{key}. It is this: {SECRETS[key]}"
    return Mistake(key=key, rule="is missing", fix=fix)


def _unused(key: str, value: str | None) -> Iterator[Mistake]:
    if value is not None:
        fix = f"remove it with: pulumi config rm coco:{key}"
        yield Mistake(key=key, rule="is not used by this stack", fix=fix)


def _shape(key: str, text: str) -> Iterator[Mistake]:
    match key:
        case "pullSecret":
            yield from _pull_secret(text)
        case "kubeconfig":
            yield from kubeconfig.mistakes(text)
        case _:
            yield from _client_secret(key, text)


def _pull_secret(text: str) -> Iterator[Mistake]:
    try:
        _PullSecret.model_validate_json(text)
    except ValidationError:
        yield Mistake(
            key="pullSecret",
            rule="must be JSON with at least one registry under auths, each with auth, the base64 of user:password",
            fix="download it again from https://console.redhat.com/openshift/install/pull-secret and set it unchanged",
        )


def _client_secret(key: str, text: str) -> Iterator[Mistake]:
    if not text or text != text.strip():
        yield Mistake(
            key=key,
            rule="must be a text without white space around it",
            fix="set the password alone, as `az ad sp credential reset` prints it",
        )


def _secret_values(text: str, wanted: Set[str]) -> Iterator[Mistake]:
    """`wanted`: `<secret>.<key>` of every value that has to be there."""
    try:
        values = served(text)
    except ValidationError:
        yield Mistake(
            key="secretValues",
            rule="must be JSON like {name: {key: value}} with values that are texts, or {base64: ...} for what is no text, and"
            " not empty",
            fix=f"set it again, with {', '.join(sorted(wanted))}",
        )
        return
    given = {f"{name}.{key}" for name, keys in values.items() for key in keys}
    for name in sorted({path.partition(".")[0] for path in wanted} & values.keys()):
        size = sum(map(len, values[name].values()))
        if size > _LARGEST:
            yield Mistake(
                key="secretValues",
                rule=f"must have at most {_LARGEST} bytes of values in {name}, and has {size}: it becomes a Secret of Kubernetes",
                fix="serve a key here, and fetch what it encrypts from elsewhere",
            )
    if lacking := sorted(wanted - given):
        yield Mistake(
            key="secretValues",
            rule=f"must have a value for {', '.join(lacking)}",
            fix="set it again with these",
        )
    if given - wanted:
        yield Mistake(
            key="secretValues",
            rule=f"must have values for {', '.join(sorted(wanted))} alone, but has {len(given - wanted)} more",
            fix="set it again without the others, or declare them under coco:secrets with source: config",
        )
