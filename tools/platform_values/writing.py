"""Findings into the text of platform-values/azure.yaml. The head of the file, its comments, stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from model.attestation import platform_values
from model.attestation.platform_values import (
    SNP,
    TDX,
    PlatformValues,
    SnpGeneration,
    SnpParavisor,
    TdxGeneration,
    TdxParavisor,
)
from tools.platform_values.judging import Finding


class _Indented(yaml.SafeDumper):
    """Lists are indented below their key, as the project's YAML is."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, False)


def from_source(found: Finding, source: str) -> Finding:
    """The same with another source."""
    return replace(found, paravisor=found.paravisor.model_copy(update={"source": source}))


def merge(before: str, known: PlatformValues, found: Sequence[Finding]) -> str:
    """The file with `found`: a paravisor that it has is seen again, a new one comes first, a new generation is added.

    A new generation takes its minimum of firmware and of guest_svn from the first host that showed it.
    """
    generations = dict(known.generations)
    for one in found:
        generations[one.generation] = _with(generations.get(one.generation), one)
    after = known.model_copy(update={"generations": generations})
    head = before[: before.index("\nmaxAgeDays:") + 1]
    text = head + yaml.dump(_plain(after), Dumper=_Indented, sort_keys=False, width=1000)
    platform_values.read(text)
    return text if after != known else before


def _with(before: SnpGeneration | TdxGeneration | None, found: Finding) -> SnpGeneration | TdxGeneration:
    match before, found.paravisor:
        case SnpGeneration(), SnpParavisor() as one:
            return before.model_copy(update={"paravisors": _seen(before.paravisors, one)})
        case TdxGeneration(), TdxParavisor() as one:
            return before.model_copy(update={"paravisors": _seen(before.paravisors, one)})
        case _, SnpParavisor() as one:
            return SnpGeneration.model_validate(
                {
                    "tee": SNP,
                    "tcb_minimum": found.tcb,
                    "minimum_guest_svn": one.guest_svn,
                    "paravisors": (one,),
                }
            )
        case _, one:
            return TdxGeneration.model_validate({"tee": TDX, "paravisors": (one,)})


def _seen(
    before: Sequence[SnpParavisor] | Sequence[TdxParavisor], one: SnpParavisor | TdxParavisor
) -> tuple[SnpParavisor | TdxParavisor, ...]:
    if any(each.root == one.root and each.seen >= one.seen for each in before):
        return tuple(before)
    others = [each for each in before if each.root != one.root]
    return (one, *others)


def _plain(values: PlatformValues) -> Mapping[str, Any]:
    document: dict[str, Any] = values.model_dump(mode="json", by_alias=True, exclude_none=True)
    if not document["hosts"]:
        del document["hosts"]
    return document
