"""Reads what somebody else, or another stack, has in Azure. It may be in another subscription, or not there yet."""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import pulumi
from pulumi_azure_native import Provider

from model.azure.ids import AzureId

_FoundT = TypeVar("_FoundT")
# Microsoft.Network answers the bare code for what is missing inside a network. That of a subscription says nothing of a network.
_ABSENT = re.compile(r"\b(?:Resource|ResourceGroup|ParentResource)?NotFound\b")


class Elsewhere:
    """What the configuration names under ``key`` by ``ids``, for the component ``parent``, which is called ``name`` and lives in
    ``subscription_id``. ``right``: what whoever runs the stack needs there, in words.
    """

    def __init__(
        self,
        name: str,
        ids: Iterable[str],
        *,
        key: str,
        right: str,
        subscription_id: str,
        tenant_id: str,
        parent: pulumi.Resource,
    ) -> None:
        self._key, self._right, self._parent = key, right, parent
        self._providers = {
            each: Provider(
                f"{name}-{each}",
                subscription_id=each,
                tenant_id=tenant_id,
                opts=pulumi.ResourceOptions(parent=parent),
            )
            for each in sorted({AzureId.parse(id_).subscription for id_ in ids} - {subscription_id})
        }

    def options(self, id_: str) -> pulumi.InvokeOptions:
        """Those of a function that reads ``id_`` or what is beside it."""
        subscription = AzureId.parse(id_).subscription
        return pulumi.InvokeOptions(parent=self._parent, provider=self._providers.get(subscription))

    def found(self, id_: str, read: Callable[[], _FoundT]) -> _FoundT | None:
        """What ``read`` finds for ``id_``, None for what is not there; RunError where that cannot be told."""
        try:
            return read()
        except Exception as error:  # the SDK raises nothing narrower
            if _ABSENT.search(str(error)):
                return None
            raise pulumi.RunError(f"{self._key}: {id_} cannot be read: {self._right} ({error})") from None
