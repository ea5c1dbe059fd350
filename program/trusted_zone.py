"""The trusted zone on a cluster: cert-manager, Trustee, the secrets it serves, and the initdata that pods must show.

Everything Trustee decides by is made of three things: what the KBS is (URL and CA), what the profiles allow, and who may read
which secret. From the first two come the profiles' PCR8 values; from those the reference values and the resource policy.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

import pulumi

from components.cluster.operator import OperatorSubscription, OperatorSubscriptionArgs
from components.hub.certificate_authority import CertManager, CertManagerArgs
from components.hub.sealing import Sealing, SealingArgs
from components.hub.served_secrets import ServedSecrets, ServedSecretsArgs
from components.hub.trustee import NAMESPACE, Trustee, TrusteeArgs
from config.roles import HubConfig, StandaloneConfig
from model.attestation import attestation_policy, profiles, reference_values
from model.attestation.profiles import Profile, ProfileSpec
from model.policy import agent_policy, image_policy, resource_policy
from model.trustee import documents, sealed_secrets
from program import external_secrets
from program.contracts import HubOutputs, LastUpdate
from program.place import Place
from program.stack import LoadedStack
from trust import serving

Served = dict[str, dict[str, pulumi.Output[str]]]


def declare(
    config: HubConfig | StandaloneConfig,
    stack: LoadedStack,
    place: Place,
    earlier: LastUpdate,
) -> HubOutputs:
    cert_manager = OperatorSubscription(
        "cert-manager-operator",
        OperatorSubscriptionArgs(
            namespace="cert-manager-operator",
            package="openshift-cert-manager-operator",
            channel="stable-v1",
            csv=f"cert-manager-operator.v{config.operators.cert_manager}",
            source=config.operators.source,
            operands=["cert-manager/cert-manager", "cert-manager/cert-manager-webhook"],
        ),
        place.on_cluster(),
    )
    authority = CertManager(
        "kbs-ca",
        CertManagerArgs(common_name=f"coco {stack.name} KBS", protect=place.protect),
        place.on_cluster(cert_manager),
    )
    operator = OperatorSubscription(
        "trustee-operator",
        OperatorSubscriptionArgs(
            namespace=NAMESPACE,
            package="trustee-operator",
            csv=f"trustee-operator.v{config.trustee.version}",
            source=config.operators.source,
        ),
        place.on_cluster(),
    )
    sealing = Sealing("sealing", SealingArgs(paths=serving.sealed_paths(config)))
    external = external_secrets.declare(config, stack, place, operator)
    secrets = ServedSecrets(
        "served-secrets",
        ServedSecretsArgs(
            namespace=operator.namespace,
            generated={name: s.keys for name, s in config.secrets.items() if s.source == "generated"},
            given=_from_config(config, stack) | _own_documents(config, sealing),
            elsewhere=external.fingerprints,
        ),
        place.on_cluster(operator),
    )
    kbs_host = pulumi.Output.format("kbs.{0}", place.apps_domain)
    rendered = pulumi.Output.all(host=kbs_host, ca=authority.ca_certificate).apply(
        lambda kbs: profiles.render(
            _profile_specs(config, stack),
            kbs_url=f"https://{kbs['host']}",
            kbs_ca=kbs["ca"],
            image_policy_uri=None if config.trustee.image_policy == "insecure" else image_policy.URI,
            earlier=earlier.accepted,
            keep=config.trustee.accepted_previous,
        )
    )
    releases = rendered.apply(lambda by_name: serving.releases(config, by_name, earlier.released))
    trustee = Trustee(
        "trustee",
        TrusteeArgs(
            layout=documents.layout(config.trustee.version.minor),
            namespace=operator.namespace,
            kbs_host=kbs_host,
            issuer=authority.issuer,
            resource_policy=releases.apply(resource_policy.render),
            attestation_policy=_attestation_policy(config, stack),
            reference_values=rendered.apply(lambda by_name: _reference_values(config, stack, by_name)),
            served_secrets=sorted([*secrets.names, *external.names]),
            served_digest=secrets.digest,
            token_minutes=config.trustee.token_minutes,
        ),
        place.on_cluster(operator, authority, secrets, *external.components),
    )
    return HubOutputs(
        kbs_url=trustee.kbs_url,
        kbs_ca=authority.ca_certificate,
        # A spoke must not take up a profile before Trustee accepts it.
        profiles=pulumi.Output.all(rendered, trustee.kbs_url).apply(
            lambda ready: {name: asdict(profile) for name, profile in ready[0].items()}
        ),
        osc_versions=pulumi.Output.from_input(list(config.trustee.osc_versions)),
        tees=pulumi.Output.from_input(list(config.trustee.tees)),
        resources=pulumi.Output.from_input(serving.readers(config)),
        released=releases.apply(lambda let_out: {str(each.path): list(each.pcr8) for each in let_out}),
        sealed=sealing.sealed,
        images=pulumi.Output.from_input(serving.images(config)),
        console_url=place.console_url,
    )


def _profile_specs(config: HubConfig | StandaloneConfig, stack: LoadedStack) -> dict[str, ProfileSpec]:
    return {
        name: ProfileSpec(
            agent_policy=stack.policies.get(name)
            or agent_policy.render(
                agent_policy.AgentSettings(
                    exec_commands=profile.exec_commands,
                    exec=profile.exec,
                    read_logs=profile.read_logs,
                    write_stdin=profile.write_stdin,
                    set_policy=profile.set_policy,
                )
            ),
            algorithm=profile.algorithm,
        )
        for name, profile in config.profiles.items()
    }


def _from_config(config: HubConfig | StandaloneConfig, stack: LoadedStack) -> Served:
    def value(secret: str, key: str) -> pulumi.Output[str]:
        return stack.secrets["secretValues"].apply(lambda text: json.loads(text)[secret][key])

    return {
        name: {key: value(name, key) for key in secret.keys}
        for name, secret in config.secrets.items()
        if secret.source == "config"
    }


def _own_documents(config: HubConfig | StandaloneConfig, sealing: Sealing) -> Served:
    """Served as resources like any other, though nobody has to keep them secret."""
    served: Served = {}
    if config.trustee.image_policy != "insecure":
        policy = image_policy.render(serving.signed_images(config))
        served[image_policy.SECRET] = {image_policy.KEY: pulumi.Output.from_input(policy)}
    if serving.sealed_paths(config):
        key = sealed_secrets.KEY_PATH
        served[key.secret] = {key.key: sealing.public_jwk}
    return served


def _attestation_policy(config: HubConfig | StandaloneConfig, stack: LoadedStack) -> str:
    images = [stack.reference_values[version] for version in config.trustee.osc_versions]
    return attestation_policy.render(
        documents.layout(config.trustee.version.minor),
        tees=config.trustee.tees,
        hardware=sorted({name for image in images for name in image.hardware.values()}),
        tcb_minimum=[minimum for image in images for minimum in image.tcb_minimum],
    )


def _reference_values(
    config: HubConfig | StandaloneConfig, stack: LoadedStack, by_name: Mapping[str, Profile]
) -> str:
    images = [stack.reference_values[version] for version in config.trustee.osc_versions]
    measured = {name: profile.accepted for name, profile in by_name.items()}
    return documents.reference_values(
        documents.layout(config.trustee.version.minor),
        reference_values.merge(images, measured, config.trustee.tees),
        min(image.expires for image in images),
    )
