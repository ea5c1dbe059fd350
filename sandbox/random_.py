"""A stand-in for the `random` provider: values are made once, and the engine's state keeps them.

As in pulumi-random, every change of an input replaces, `keepers` among them. It stores nothing, so a create that is
repeated makes another value; nobody has seen the first.
"""

from __future__ import annotations

import base64
import math
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.provider import UNKNOWN, Diff, Failure, Refused, Values

_SPECIAL: Final = "!@#$%&*()-_=+[]{}<>:?"
_ALPHABETS: Final = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "numeric": string.digits,
    "special": _SPECIAL,
}
_TEXT_INPUTS: Final = {
    "length": int,
    "keepers": dict,
    "overrideSpecial": str,
    "number": bool,
    **dict.fromkeys(_ALPHABETS, bool),
    **dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), int),
}
_BCRYPT: Final = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits


@dataclass(frozen=True, kw_only=True)
class _Kind:
    inputs: Mapping[str, type]
    required: str | None
    computed: tuple[str, ...]
    secret: frozenset[str]
    make: Callable[[Values], tuple[str, Values]]
    """The id and the computed outputs."""


def _text(inputs: Values) -> str:
    """`length` characters with at least the wanted number of each class, in random order."""
    alphabets = _ALPHABETS | ({"special": inputs["overrideSpecial"]} if inputs.get("overrideSpecial") else {})
    chosen = {name: letters for name, letters in alphabets.items() if _wanted(inputs, name)}
    drawn = [
        secrets.choice(letters)
        for name, letters in alphabets.items()
        for _ in range(inputs.get(f"min{name.capitalize()}", 0))
    ]
    drawn += [secrets.choice("".join(chosen.values())) for _ in range(inputs["length"] - len(drawn))]
    secrets.SystemRandom().shuffle(drawn)
    return "".join(drawn)


def _wanted(inputs: Values, name: str) -> bool:
    return bool(inputs.get(name, inputs.get("number", True) if name == "numeric" else True))


def _text_defaults(inputs: Values) -> Values:
    numeric = _wanted(inputs, "numeric")
    minimums = dict.fromkeys(("minLower", "minUpper", "minNumeric", "minSpecial"), 0)
    return {**minimums, **dict.fromkeys(_ALPHABETS, True), **inputs, "numeric": numeric, "number": numeric}


def _password(inputs: Values) -> tuple[str, Values]:
    # No bcrypt library is among the dependencies: this only has the form of a hash, and verifies nothing.
    hash_ = "$2a$10$" + "".join(secrets.choice(_BCRYPT) for _ in range(53))
    return "none", {**_text_defaults(inputs), "result": _text(inputs), "bcryptHash": hash_}


def _string(inputs: Values) -> tuple[str, Values]:
    result = _text(inputs)
    return result, {**_text_defaults(inputs), "result": result}


def _bytes(inputs: Values) -> tuple[str, Values]:
    drawn = secrets.token_bytes(inputs["length"])
    return "none", {"base64": base64.b64encode(drawn).decode(), "hex": drawn.hex()}


def _id(inputs: Values) -> tuple[str, Values]:
    drawn, prefix = secrets.token_bytes(inputs["byteLength"]), inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(drawn).decode(),
        "b64Url": prefix + url,
        "dec": f"{prefix}{int.from_bytes(drawn, 'big')}",
        "hex": prefix + drawn.hex(),
    }


def _uuid(_inputs: Values) -> tuple[str, Values]:
    drawn = str(uuid.uuid4())
    return drawn, {"result": drawn}


KINDS: Final = {
    "random:index/randomPassword:RandomPassword": _Kind(
        inputs=_TEXT_INPUTS,
        required="length",
        computed=("result", "bcryptHash"),
        secret=frozenset({"result", "bcryptHash"}),
        make=_password,
    ),
    "random:index/randomString:RandomString": _Kind(
        inputs=_TEXT_INPUTS, required="length", computed=("result",), secret=frozenset(), make=_string
    ),
    "random:index/randomBytes:RandomBytes": _Kind(
        inputs={"length": int, "keepers": dict},
        required="length",
        computed=("base64", "hex"),
        secret=frozenset({"base64", "hex"}),
        make=_bytes,
    ),
    "random:index/randomId:RandomId": _Kind(
        inputs={"byteLength": int, "keepers": dict, "prefix": str},
        required="byteLength",
        computed=("b64Std", "b64Url", "dec", "hex"),
        secret=frozenset(),
        make=_id,
    ),
    "random:index/randomUuid:RandomUuid": _Kind(
        inputs={"keepers": dict}, required=None, computed=("result",), secret=frozenset(), make=_uuid
    ),
}


class RandomStandIn:
    """Implements `sandbox.provider.Provider`."""

    def check(self, type_: str, name: str, news: Values) -> list[Failure]:
        kind = KINDS.get(type_)
        if kind is None:
            return [
                Failure("", f"the random stand-in knows no resource type {type_}: see sandbox/random_.py")
            ]
        given = {each: value for each, value in news.items() if value not in (None, UNKNOWN)}
        failures = [
            Failure(each, f"the random stand-in knows no property '{each}' of {type_}")
            for each in given
            if each not in kind.inputs
        ]
        failures += [
            Failure(each, f"'{each}' must be of kind {kind.inputs[each].__name__}, not {value!r}")
            for each, value in given.items()
            if each in kind.inputs and type(value) is not kind.inputs[each]
        ]
        if kind.required and kind.required not in news:
            failures.append(Failure(kind.required, f"missing required property '{kind.required}'"))
        return failures or _rules(kind, given)

    def diff(self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        names = sorted(old_inputs.keys() | news.keys())
        changed = tuple(name for name in names if old_inputs.get(name) != news.get(name))
        return Diff(changed=changed, replace=changed)

    def preview_create(self, type_: str, name: str, inputs: Values) -> Values:
        return {**inputs, **dict.fromkeys(_kind(type_).computed, UNKNOWN)}

    def create(self, type_: str, name: str, inputs: Values, timeout: float | None) -> tuple[str, Values]:
        id_, made = _kind(type_).make(inputs)
        return id_, {**inputs, **made}

    def read(self, type_: str, id_: str, inputs: Values) -> tuple[str, Values, Values] | None:
        """Without outputs: there is nothing to look at, so what the state records still holds."""
        return id_, inputs, {}

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        news: Values,
        preview: bool,
        timeout: float | None,
    ) -> Values:
        raise Refused("NothingToUpdate", f"every change of a {type_} replaces it")

    def delete(self, type_: str, id_: str, inputs: Values, outputs: Values, timeout: float | None) -> None:
        return None

    def invoke(self, token: str, args: Values) -> Values:
        raise Refused("UnknownFunction", f"the random provider has no function {token}")

    def secret_outputs(self, type_: str) -> set[str]:
        return set(KINDS[type_].secret) if type_ in KINDS else set()


def _kind(type_: str) -> _Kind:
    if type_ not in KINDS:
        raise Refused(
            "UnknownType", f"the random stand-in knows no resource type {type_}: see sandbox/random_.py"
        )
    return KINDS[type_]


def _rules(kind: _Kind, given: Values) -> list[Failure]:
    length = given.get(kind.required or "", math.inf)
    if length < 1:
        return [Failure(kind.required or "", f"'{kind.required}' must be at least 1, not {length}")]
    if kind.inputs is not _TEXT_INPUTS:
        return []
    minimum = sum(value for name, value in given.items() if name.startswith("min"))
    if minimum > length:
        return [Failure("length", f"'length' {length} is less than the sum of the minimums, {minimum}")]
    if not any(_wanted(given, name) for name in _ALPHABETS):
        return [Failure("", "at least one of lower, upper, numeric and special must be true")]
    return []
