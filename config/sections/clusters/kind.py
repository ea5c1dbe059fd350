"""What there is to say about a kind of cluster."""

from collections.abc import Mapping
from dataclasses import dataclass

from config.rule import Rule
from config.types import Section


@dataclass(frozen=True, kw_only=True)
class ClusterKind:
    """`section`: what a stack file says under `cluster`. `rules` are asked of stacks with this kind of cluster alone.

    `secrets`: the secret keys that such a stack needs, with what each is.
    """

    section: type[Section]
    rules: tuple[Rule, ...]
    secrets: Mapping[str, str]
