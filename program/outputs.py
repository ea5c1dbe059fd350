"""What each role publishes as the outputs of its stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi

from model.attestation.profiles import MeasuredProfile
from model.attestation.workload_documents import MeasuredWorkload
from trust.contract import Contract, Offer


class RoleOutputs(Protocol):
    """What ``declare()`` of a role returns."""

    def exports(self) -> dict[str, Any]:
        """The outputs of the stack, by name."""
        ...


@dataclass(frozen=True, kw_only=True)
class PodDocument:
    """``initdata`` as a pod's annotation takes it, and the PCR8 that it gives."""

    initdata: pulumi.Output[str]
    pcr8: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class HubAccess:
    """What the pods of a spoke need of their hub. ``sealed``: by path, the sealed secret that stands for it.

    ``profile_names`` and ``workload_names``: those that a pod of this spoke may run under.
    """

    profile_names: tuple[str, ...]
    workload_names: tuple[str, ...]
    kbs_url: pulumi.Output[str]
    profiles: pulumi.Output[Mapping[str, MeasuredProfile]]
    workloads: pulumi.Output[Mapping[str, MeasuredWorkload]]
    sealed: pulumi.Output[Mapping[str, str]]

    def initdata(self, profile: str) -> pulumi.Output[str]:
        """The initdata of a profile as a pod's annotation takes it."""
        return self.profiles.apply(lambda profiles: profiles[profile].encoded)

    def workload_initdata(self, workload: str, spoke: str) -> pulumi.Output[str]:
        """The same of a workload on ``spoke``."""
        return self.workloads.apply(lambda workloads: workloads[workload].document(spoke).encoded)

    def documents(self, spoke: str) -> dict[str, PodDocument]:
        """By the name of each profile and workload, what its pods are given on ``spoke``."""

        def of_workload(name: str) -> PodDocument:
            made = self.workloads.apply(lambda workloads: workloads[name].document(spoke))
            return PodDocument(
                initdata=made.apply(lambda it: it.encoded), pcr8=made.apply(lambda it: it.pcr8)
            )

        def of_profile(name: str) -> PodDocument:
            pcr8 = self.profiles.apply(lambda profiles: profiles[name].pcr8)
            return PodDocument(initdata=self.initdata(name), pcr8=pcr8)

        return {
            **{name: of_profile(name) for name in self.profile_names},
            **{name: of_workload(name) for name in self.workload_names},
        }


def _vpn(address: pulumi.Output[str] | None) -> dict[str, Any]:
    """What the devices of sites have to know of the stack's VPN gateway."""
    return {} if address is None else {"vpnAddress": address}


@dataclass(frozen=True, kw_only=True)
class HubOutputs:
    """The contract. ``offer`` is the part of it that a first preview can show. ``vpn_address``: see ``OwnNetwork``."""

    contract: pulumi.Output[Contract]
    offer: Offer
    vpn_address: pulumi.Output[str] | None = None

    def exports(self) -> dict[str, Any]:
        published = self.contract.apply(Contract.published)
        known = self.offer.published()
        names = [str(field.alias) for field in Contract.model_fields.values()]
        contract = {name: known[name] if name in known else published[name] for name in names}
        return contract | _vpn(self.vpn_address)


@dataclass(frozen=True, kw_only=True)
class ContractOutputs:
    """What the hub publishes, unchanged."""

    contract: Contract

    def exports(self) -> dict[str, Any]:
        return self.contract.published()


@dataclass(frozen=True, kw_only=True)
class BegunSpokeOutputs:
    """Of a spoke without its confidential part, which waits for the stack ``hub``."""

    hub: str
    console_url: pulumi.Output[str]
    egress_address: pulumi.Output[str] | None
    vpn_address: pulumi.Output[str] | None

    def exports(self) -> dict[str, Any]:
        return {
            "waitsFor": self.hub,
            "consoleUrl": self.console_url,
            "egressAddress": self.egress_address,
            **_vpn(self.vpn_address),
        }


@dataclass(frozen=True, kw_only=True)
class SpokeOutputs:
    """Where to look, and what other pipelines need to deploy confidential pods here.

    ``documents`` by the name of a profile or workload.
    """

    runtime_class: pulumi.Output[str]
    documents: Mapping[str, PodDocument]
    console_url: pulumi.Output[str]
    kbs_url: pulumi.Output[str]
    default_profile: str
    egress_address: pulumi.Output[str] | None
    vpn_address: pulumi.Output[str] | None
    urls: Mapping[str, pulumi.Output[str]]

    def exports(self) -> dict[str, Any]:
        return {
            "consoleUrl": self.console_url,
            "kbsUrl": self.kbs_url,
            "defaultProfile": self.default_profile,
            "egressAddress": self.egress_address,
            **_vpn(self.vpn_address),
            "runtimeClass": self.runtime_class,
            "documents": {
                name: {"initdata": made.initdata, "pcr8": made.pcr8} for name, made in self.documents.items()
            },
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
