"""How the rules of a pod are written: for each field a check, or the sentence that refuses it; any other field is refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches

from model.workloads.problems import Field

Check = Callable[[Field], None]
Refusal = tuple[str, str]
"""The rule and the fix."""


def fields(
    at: Field, allowed: Mapping[str, Check], refused: Mapping[str, Refusal] | None = None
) -> dict[str, Field]:
    """The fields of ``at``, each checked. A refused field may be there with a value that asks for nothing."""
    inner = at.mapping()
    for key, field in inner.items():
        if key in allowed:
            allowed[key](field)
        elif refused is not None and key in refused:
            if field.value is not False and field.value not in ("", [], {}):
                field.refuse(*refused[key])
        else:
            near = get_close_matches(key, allowed, n=1, cutoff=0.8)
            fix = f"did you mean {near[0]}?" if near else "remove it"
            field.refuse("is not a field that the pod of a workload may have", fix, show=False)
    return inner


def anything(field: Field) -> None:
    """What decides nothing about what runs in the guest."""


def only(values: Collection[object], fix: str) -> Check:
    def check(field: Field) -> None:
        if not any(field.value is value or field.value == value for value in values):
            listed = " or ".join("true" if v is True else "false" if v is False else str(v) for v in values)
            field.refuse(f"must be {listed}", fix)

    return check


def text(field: Field) -> None:
    field.text()


def flag(field: Field) -> None:
    field.flag()


def identity(field: Field) -> None:
    """A user id: not root's."""
    number = field.whole()
    if number is not None and number < 1:
        field.refuse(
            "must not be root", "leave it out, so that OpenShift chooses one, or write an id from 1000"
        )


def group(field: Field) -> None:
    number = field.whole()
    if number is not None and number < 0:
        field.refuse("must be a group id", "write a number from 0")


def groups(field: Field) -> None:
    for element in field.sequence():
        group(element)


def seccomp(field: Field) -> None:
    for key, inner in field.mapping().items():
        if key != "type" or inner.value != "RuntimeDefault":
            inner.refuse("must be type: RuntimeDefault", "write seccompProfile: {type: RuntimeDefault}")
