"""The trusted zone on a cluster: cert-manager, Trustee, the secrets it serves, and what the hub decides about its guests."""

from dataclasses import dataclass, replace

import pulumi

from components.cluster.operator import OperatorSubscription
from components.cluster.present_operator import PresentOperator
from components.hub.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from components.hub.present_issuer import PresentIssuer, PresentIssuerArgs
from components.hub.trustee import Trustee, TrusteeArgs
from config.roles import TrustedStack
from program import catalogue, object_store, served
from program.outputs import HubAccess, HubOutputs
from program.place import Place, own_gateway, own_network
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
    config = stack.config
    return Inputs(
        zone=config,
        policies=stack.policies,
        reference_values=stack.reference_values,
        platform=stack.platform,
        workloads=stack.workloads,
        kbs_visibility=config.cluster.visibility,
        azure_subscription=config.azure.subscription_id if config.azure else None,
        network=own_network(stack),
        gateway=own_gateway(stack),
    )


def _authority(
    stack: LoadedStack[TrustedStack], place: Place, cert_manager: OperatorSubscription | PresentOperator
) -> CertificateAuthority | PresentIssuer:
    """What signs the KBS's certificate: an authority of this stack's own, or an issuer that is there already."""
    issuer = stack.config.trustee.issuer
    if issuer is not None:
        assert stack.kbs_ca is not None, "config.authority refuses an issuer without its certificate"
        return PresentIssuer(
            "kbs-ca",
            PresentIssuerArgs(issuer=issuer.name, ca_certificate=stack.kbs_ca),
            place.on_cluster(cert_manager),
        )
    return CertificateAuthority(
        "kbs-ca",
        CertificateAuthorityArgs(
            common_name=f"coco {stack.name} KBS",
            operator_namespace=cert_manager.namespace,
            operator=cert_manager.csv,
            protect=place.protect,
        ),
        place.on_cluster(cert_manager),
    )


def declare(stack: LoadedStack[TrustedStack], place: Place, earlier: Earlier) -> TrustedZoneOutputs:
    config = stack.config
    # Only what is connected is a path: a network that is not there yet waits for a later update.
    says = replace(inputs(stack), peers=place.network.connected if place.network else ())
    operator = place.operator(catalogue.TRUSTEE, config.trustee.version)
    cert_manager = place.operator_or_present(
        catalogue.CERT_MANAGER, config.operators.cert_manager, beside=operator
    )
    authority = _authority(stack, place, cert_manager)
    store = object_store.declare(stack, place, says)
    secrets = served.declare(stack, place, operator, says, store)
    kbs_host = pulumi.Output.from_input(
        config.trustee.host or pulumi.Output.format("kbs.{0}", place.cluster.apps_domain)
    )
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
            certificate_life=authority.certificate_life,
            resource_policy=decision.apply(lambda decided: decided.resource_policy),
            attestation_policy=says.attestation_policy,
            reference_values=decision.apply(lambda decided: decided.reference_values),
            served_secrets=secrets.names,
            served_digest=secrets.digest,
            token_minutes=config.trustee.token_minutes,
        ),
        place.on_cluster(operator, authority, *secrets.components),
    )
    # A spoke must not use a profile before the pods of Trustee accept it.
    accepted = pulumi.Output.all(decision, trustee.kbs_url, trustee.running).apply(lambda ready: ready[0])
    contract = pulumi.Output.all(accepted, secrets.sealed, place.cluster.console_url).apply(
        lambda ready: ready[0].contract(sealed=ready[1], console_url=ready[2])
    )
    return TrustedZoneOutputs(
        published=HubOutputs(
            contract=contract,
            offer=says.offer,
            vpn_address=place.network.vpn_address if place.network else None,
        ),
        access=HubAccess(
            profile_names=tuple(config.profiles),
            workload_names=tuple(name for name, spokes in says.spokes.items() if stack.name in spokes),
            kbs_url=trustee.kbs_url,
            profiles=accepted.apply(lambda decided: decided.profiles),
            workloads=accepted.apply(lambda decided: decided.workloads),
            sealed=secrets.sealed,
        ),
    )
