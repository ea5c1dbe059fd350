"""The trusted zone on a cluster: cert-manager, Trustee, the secrets it serves, and what the hub decides about its guests."""

from dataclasses import dataclass

import pulumi

from components.hub.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from components.hub.trustee import NAMESPACE, Trustee, TrusteeArgs
from config.roles import TrustedStack
from program import object_store, served
from program.outputs import HubAccess, HubOutputs
from program.place import Place
from program.stack import LoadedStack
from trust.decision import Earlier, Kbs, decide
from trust.inputs import Inputs


@dataclass(frozen=True, kw_only=True)
class TrustedZoneOutputs:
    """What the hub publishes, and the same for pods on the very cluster."""

    published: HubOutputs
    access: HubAccess


def inputs(stack: LoadedStack[TrustedStack]) -> Inputs:
    """What the stack file decides, with the files that it names."""
    return Inputs(
        zone=stack.config,
        policies=stack.policies,
        reference_values=stack.reference_values,
        platform=stack.platform,
        workloads=stack.workloads,
        kbs_visibility=stack.config.cluster.visibility,
    )


def declare(stack: LoadedStack[TrustedStack], place: Place, earlier: Earlier) -> TrustedZoneOutputs:
    config, says = stack.config, inputs(stack)
    cert_manager = place.operator(
        "cert-manager-operator",
        namespace="cert-manager-operator",
        package="openshift-cert-manager-operator",
        csv="cert-manager-operator",
        channel="stable-v1",
        version=config.operators.cert_manager,
        operands=("cert-manager/cert-manager", "cert-manager/cert-manager-webhook"),
    )
    authority = CertificateAuthority(
        "kbs-ca",
        CertificateAuthorityArgs(common_name=f"coco {stack.name} KBS", protect=place.protect),
        place.on_cluster(cert_manager),
    )
    operator = place.operator(
        "trustee-operator", namespace=NAMESPACE, package="trustee-operator", version=config.trustee.version
    )
    store = object_store.declare(stack, place, says)
    secrets = served.declare(stack, place, operator, says, store)
    kbs_host = pulumi.Output.format("kbs.{0}", place.cluster.apps_domain)
    decision = pulumi.Output.all(host=kbs_host, ca=authority.ca_certificate).apply(
        lambda kbs: decide(says, Kbs(url=f"https://{kbs['host']}", ca=kbs["ca"]), earlier)
    )
    trustee = Trustee(
        "trustee",
        TrusteeArgs(
            layout=says.layout,
            namespace=operator.namespace,
            kbs_host=kbs_host,
            issuer=authority.issuer,
            resource_policy=decision.apply(lambda decided: decided.resource_policy),
            attestation_policy=says.attestation_policy,
            reference_values=decision.apply(lambda decided: decided.reference_values),
            served_secrets=secrets.names,
            served_digest=secrets.digest,
            token_minutes=config.trustee.token_minutes,
        ),
        place.on_cluster(operator, authority, *secrets.components),
    )
    # A spoke must not use a profile before Trustee accepts it.
    accepted = pulumi.Output.all(decision, trustee.kbs_url).apply(lambda ready: ready[0])
    contract = pulumi.Output.all(accepted, secrets.sealed, place.cluster.console_url).apply(
        lambda ready: ready[0].contract(sealed=ready[1], console_url=ready[2])
    )
    return TrustedZoneOutputs(
        published=HubOutputs(contract=contract, offer=says.offer),
        access=HubAccess(
            profile_names=tuple(config.profiles),
            workload_names=tuple(name for name, spokes in says.spokes.items() if stack.name in spokes),
            kbs_url=trustee.kbs_url,
            profiles=accepted.apply(lambda decided: decided.profiles),
            workloads=accepted.apply(lambda decided: decided.workloads),
            sealed=secrets.sealed,
        ),
    )
