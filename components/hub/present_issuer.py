"""A ClusterIssuer that somebody else keeps, in the place of an authority of the hub's own.

Guests pin the authority that the stack file names, not what the cluster says of it. Whoever that authority gives a certificate for
the KBS's name can pose as the KBS: to read what a guest asks for, not what the KBS has, and to hand guests secrets of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pulumi

from components.kubernetes import Observed


@dataclass(frozen=True, kw_only=True)
class PresentIssuerArgs:
    """``issuer`` is the ClusterIssuer's name; ``ca_certificate`` the one PEM block that its certificates chain up to."""

    issuer: str
    ca_certificate: str


class PresentIssuer(pulumi.ComponentResource):
    """``issuer`` may be used once the component is there. Raises RunError where the ClusterIssuer is not Ready."""

    issuer: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]
    # Such issuers decide by themselves, public ones for 90 days and shorter.
    certificate_life: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self, name: str, args: PresentIssuerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:hub:PresentIssuer", name, {}, opts)
        observed = Observed(
            f"{name}-issuer",
            api_version="cert-manager.io/v1",
            kind="ClusterIssuer",
            id=args.issuer,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.issuer = observed.status.apply(lambda status: ready(status, args.issuer))
        self.ca_certificate = pulumi.Output.from_input(args.ca_certificate)
        self.register_outputs({"issuer": self.issuer, "caCertificate": self.ca_certificate})


def ready(status: Mapping[str, Any] | None, issuer: str) -> str:
    """The name of a ClusterIssuer whose status says that it can sign. Raises RunError elsewhere."""
    found = [each for each in (status or {}).get("conditions", []) if each.get("type") == "Ready"]
    if not found or found[0].get("status") != "True":
        said = found[0].get("message", "") if found else "it has no condition Ready"
        raise pulumi.RunError(
            f"the ClusterIssuer {issuer} (trustee.issuer) cannot sign certificates: {said}. Look at `oc describe clusterissuer"
            f" {issuer}`, then run up again"
        )
    return issuer
