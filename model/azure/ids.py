"""Ids of Azure resources, as the Resource Manager gives them."""

import re
from dataclasses import dataclass
from typing import Self

_ID = re.compile(
    "/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/(?P<provider>[^/]+)"
    "(?P<names>(?:/[^/]+/[^/]+)+)",
    re.IGNORECASE,  # Azure compares ids so
)


@dataclass(frozen=True, kw_only=True)
class AzureId:
    """A resource in a resource group. ``names``: types and names from the outermost on, such as
    ``(("virtualNetworks", "vnet"), ("subnets", "workers"))``.
    """

    subscription: str
    resource_group: str
    provider: str
    names: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for what is no id of a resource in a resource group."""
        found = _ID.fullmatch(text)
        if found is None:
            raise ValueError(
                f"{text} is no id of an Azure resource: /subscriptions/<id>/resourceGroups/<group>/providers/<provider>/..."
            )
        parts = found["names"].removeprefix("/").split("/")
        return cls(
            subscription=found["subscription"],
            resource_group=found["group"],
            provider=found["provider"],
            names=tuple(zip(parts[::2], parts[1::2], strict=True)),
        )

    def __str__(self) -> str:
        names = "".join(f"/{type_}/{name}" for type_, name in self.names)
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}/providers/{self.provider}{names}"
