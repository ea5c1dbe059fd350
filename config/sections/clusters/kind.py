"""What there is to say about a kind of cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.rule import Rule
from config.types import Section


@dataclass(frozen=True, kw_only=True)
class ClusterKind:
    """`section`: what a stack file says under `cluster`. `rules` are asked of stacks with this kind of cluster alone.

    `secrets`: the secret keys that such a stack needs, with what each is. One in `only_where` is needed only where the key named
    there has the value beside it, and refused elsewhere.
    """

    section: type[Section]
    rules: tuple[Rule, ...]
    secrets: Mapping[str, str]
    only_where: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def needed(self, values: Mapping[str, object]) -> list[str]:
        """The secret keys that a stack with these `values` (see `config.values`) needs for its cluster, as far as they tell."""
        return [key for key in self.secrets if self._wanted(key, values)]

    def _wanted(self, key: str, values: Mapping[str, object]) -> bool:
        where = self.only_where.get(key)
        return where is None or values.get(where[0]) in (None, where[1])
