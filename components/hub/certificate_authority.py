"""The hub's private certificate authority, kept by cert-manager.

Initdata pins this authority, not the KBS's certificate: the certificate can be renewed without changing the measurement of
any pod. The authority is therefore long-lived, and its key is never rotated by itself.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from components.certificate import certificate
from components.dry_run import dry_run
from components.kubernetes import custom_resource, once

# cert-manager looks for the secret of a ClusterIssuer here.
NAMESPACE = "cert-manager"
TEN_YEARS = "87600h"


@dataclass(frozen=True, kw_only=True)
class CertificateAuthorityArgs:
    """``common_name`` is what a person sees in the certificate; ``issuer`` names the ClusterIssuer that others refer to.

    ``operator_namespace`` and ``operator`` (its version) are those of cert-manager's operator.
    ``protect`` keeps the authority from being deleted: another one changes the measurement of every pod.
    """

    common_name: str
    operator_namespace: pulumi.Input[str]
    operator: pulumi.Input[str]
    issuer: str = "kbs-ca"
    protect: bool = False


class CertificateAuthority(pulumi.ComponentResource):
    """``ca_certificate`` is one PEM block, public; ``issuer`` may be used once the component is there."""

    issuer: pulumi.Output[str]
    ca_certificate: pulumi.Output[str]
    # Renewed four months before it ends, because only an ``up`` brings a renewed one to the KBS.
    certificate_life: ClassVar[Mapping[str, str]] = {"duration": "8760h", "renewBefore": "2920h"}

    def __init__(
        self, name: str, args: CertificateAuthorityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:hub:CertificateAuthority", name, {}, opts)
        # An Issuer, and in the operator's namespace, so that the account of this step needs no right in the whole cluster: one
        # webhook answers for issuers of both kinds.
        taken = dry_run(
            f"{name}-dry-run",
            job_name="try-issuer",
            namespace=args.operator_namespace,
            api_version="cert-manager.io/v1",
            kind="Issuer",
            plural="issuers",
            spec={"selfSigned": {}},
            operator=args.operator,
            parent=self,
        )
        self_signed = _cluster_issuer(
            f"{name}-self-signed",
            f"{args.issuer}-self-signed",
            {"selfSigned": {}},
            pulumi.ResourceOptions(parent=self, depends_on=[taken]),
        )
        authority = certificate(
            f"{name}-ca",
            object_name=args.issuer,
            namespace=NAMESPACE,
            spec={
                "isCA": True,
                "commonName": args.common_name,
                "duration": TEN_YEARS,
                "privateKey": {"algorithm": "ECDSA", "size": 384, "rotationPolicy": "Never"},
                "issuerRef": {"kind": "ClusterIssuer", "name": f"{args.issuer}-self-signed"},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self_signed], protect=args.protect),
        )
        issuer = _cluster_issuer(
            f"{name}-issuer",
            args.issuer,
            {"ca": {"secretName": args.issuer}},
            pulumi.ResourceOptions(parent=self, depends_on=[authority]),
        )
        # Reading the authority's own secret would put its private key in the state of this stack. The secret of any
        # certificate it issued names it as well, and the key of this one gives no access to anything.
        witness = certificate(
            f"{name}-ca-witness",
            object_name=f"{args.issuer}-witness",
            namespace=NAMESPACE,
            spec={
                "dnsNames": ["witness.invalid"],
                "duration": TEN_YEARS,
                "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
                "issuerRef": {"kind": "ClusterIssuer", "name": args.issuer},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[issuer]),
        )
        secret = k8s.core.v1.Secret.get(
            f"{name}-ca-certificate",
            once(witness, f"{NAMESPACE}/{args.issuer}-witness"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[witness]),
        )
        self.issuer = issuer.id.apply(lambda _: args.issuer)
        self.ca_certificate = pulumi.Output.unsecret(secret.data.apply(authority_of))
        self.register_outputs({"issuer": self.issuer, "caCertificate": self.ca_certificate})


def authority_of(data: Mapping[str, str] | None) -> str:
    """The authority that a Secret of cert-manager names, as PEM. Raises RunError where it names none."""
    encoded = (data or {}).get("ca.crt")
    if not encoded:
        raise pulumi.RunError(
            "cert-manager issued a certificate without naming its authority (ca.crt in the Secret of the witness): look at `oc describe"
            f" certificate -n {NAMESPACE}`, then run up again"
        )
    return base64.b64decode(encoded).decode()


def _cluster_issuer(
    name: str, object_name: str, spec: dict[str, object], opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    return custom_resource(
        name,
        api_version="cert-manager.io/v1",
        kind="ClusterIssuer",
        object_name=object_name,
        spec=spec,
        wait_for=["condition=Ready"],
        opts=opts,
    )
