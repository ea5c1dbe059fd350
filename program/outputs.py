"""What each role publishes as the outputs of its stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi

from model.attestation.profiles import MeasuredProfile
from trust.contract import Contract, Offer


class RoleOutputs(Protocol):
    """What ``declare()`` of a role returns."""

    def exports(self) -> dict[str, Any]:
        """The outputs of the stack, by name."""
        ...


@dataclass(frozen=True, kw_only=True)
class HubAccess:
    """What the pods of a spoke need of their hub. ``sealed``: by path, the sealed secret that stands for it."""

    kbs_url: pulumi.Output[str]
    profiles: pulumi.Output[Mapping[str, MeasuredProfile]]
    sealed: pulumi.Output[Mapping[str, str]]

    def initdata(self, profile: str) -> pulumi.Output[str]:
        """The initdata of a profile as a pod's annotation takes it."""
        return self.profiles.apply(lambda profiles: profiles[profile].encoded)


@dataclass(frozen=True, kw_only=True)
class HubOutputs:
    """The contract. ``offer`` is the part of it that a first preview can show."""

    contract: pulumi.Output[Contract]
    offer: Offer

    def exports(self) -> dict[str, Any]:
        published = self.contract.apply(Contract.published)
        known = self.offer.published()
        names = [str(field.alias) for field in Contract.model_fields.values()]
        return {name: known[name] if name in known else published[name] for name in names}


@dataclass(frozen=True, kw_only=True)
class SpokeOutputs:
    """For people: where to look."""

    console_url: pulumi.Output[str]
    kbs_url: pulumi.Output[str]
    default_profile: str
    egress_address: pulumi.Output[str] | None
    urls: Mapping[str, pulumi.Output[str]]

    def exports(self) -> dict[str, Any]:
        return {
            "consoleUrl": self.console_url,
            "kbsUrl": self.kbs_url,
            "defaultProfile": self.default_profile,
            "egressAddress": self.egress_address,
            "urls": dict(self.urls),
        }


@dataclass(frozen=True, kw_only=True)
class StandaloneOutputs:
    """Both zones on one cluster: whoever runs the pods also runs what attests them."""

    hub: HubOutputs
    spoke: SpokeOutputs

    def exports(self) -> dict[str, Any]:
        warning = "The trust zones are not separate: for a first trial only."
        return {**self.spoke.exports(), **self.hub.exports(), "warning": warning}
