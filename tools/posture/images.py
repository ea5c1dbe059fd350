"""Which images may run under a profile, as the guest's image policy decides it (format: containers-policy.json(5))."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from tools.posture.deployment import PostureError, table

UNKNOWN = "not known"
_ANY, _NONE = "any", "none"


def power(uri: str | None, images: Mapping[str, Any]) -> str:
    """What an administrator of the spoke can swap an image for: `any`, `none`, or `only ...`.

    `uri` is what the initdata names; without it the guest asks nothing. `images` is the hub's output of that name: the policy
    itself as `document`, or what it is called, as `policy` and `repositories`.
    """
    if uri is None:
        return _ANY
    if document := images.get("document"):
        return decided(str(document))
    repositories = ", ".join(images.get("repositories") or ())
    match images.get("policy"):
        case "insecure":
            return _ANY
        case "reject":
            return _NONE
        case "signed":
            return f"only signed ones of {repositories}" if repositories else _NONE
        case _:
            return UNKNOWN


def decided(policy: str) -> str:
    """What a containers-policy.json lets run. Raises PostureError where it is none."""
    try:
        document = cast(dict[str, Any], json.loads(policy))
        default = _requirement(document["default"])
        scopes = {
            name: _requirement(requirements)
            for transport in table(document, "transports").values()
            for name, requirements in table(transport).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PostureError(f"The image policy is no containers-policy.json ({error!r}).") from error
    if default == _ANY:
        return _ANY  # what a narrower scope asks for, another repository does without
    allowed = [_words(what, name) for name, what in scopes.items() if what != _NONE]
    if default != _NONE:
        allowed.insert(0, _words(default, "any repository"))
    return f"only {'; '.join(allowed)}" if allowed else _NONE


def keys(images: Mapping[str, Any]) -> Iterator[str]:
    """The public keys that the image policy names, as it names them: `kbs:///default/<secret>/<key>`."""
    try:
        document = json.loads(str(images.get("document") or "{}"))
    except ValueError:
        return
    for transport in table(document, "transports").values():
        for requirements in table(transport).values():
            for one in requirements:
                yield str(table(one).get("keyPath", ""))


def _requirement(requirements: Any) -> str:
    """All requirements of a scope must hold, so one that rejects decides, and one that takes anything adds nothing."""
    asked = [
        one for one in cast(list[dict[str, Any]], requirements) if one["type"] != "insecureAcceptAnything"
    ]
    if any(one["type"] == "reject" for one in asked):
        return _NONE
    if not asked:
        return _ANY
    return "signed by " + " and ".join(str(one.get("keyPath") or one["type"]) for one in asked)


def _words(requirement: str, scope: str) -> str:
    return f"any image of {scope}" if requirement == _ANY else f"images of {scope} {requirement}"
