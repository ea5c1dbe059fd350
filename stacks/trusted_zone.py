"""The trusted zone on a cluster: cert-manager, Trustee, the secrets it serves, and the initdata that pods must show.

Everything Trustee decides by is made of three things: what the KBS is (URL and CA), what the profiles allow, and who may read
which secret. From the first two come the profiles' PCR8 values; from those the reference values and the resource policy.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pulumi

from components.cluster.operator import OperatorSubscription, OperatorSubscriptionArgs
from components.confidential import agent_policy, profiles
from components.confidential.profiles import Profile, ProfileSpec
from components.trustee import attestation_policy, documents, reference_values, resource_policy
from components.trustee.cert_manager import CertManager, CertManagerArgs
from components.trustee.resource_policy import Release
from components.trustee.served_secrets import ServedSecrets, ServedSecretsArgs
from components.trustee.trustee import NAMESPACE, Trustee, TrusteeArgs
from stacks.config import HubConfig, StandaloneConfig
from stacks.contracts import CONTRACT_VERSION, HubOutputs
from stacks.place import Place
from stacks.program import LoadedStack


def declare(
    config: HubConfig | StandaloneConfig,
    stack: LoadedStack,
    place: Place,
    earlier: Mapping[str, Sequence[str]],
) -> HubOutputs:
    """``earlier``: the PCR8 values that the last update accepted, by profile."""
    layout = documents.layout(config.trustee.version)
    kbs_host = pulumi.Output.format("kbs.{0}", place.apps_domain)

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
        "kbs-ca", CertManagerArgs(common_name=f"coco {stack.name} KBS"), place.on_cluster(cert_manager)
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
    rendered = pulumi.Output.all(host=kbs_host, ca=authority.ca_certificate).apply(
        lambda kbs: profiles.render(
            _profile_specs(config, stack),
            kbs_url=f"https://{kbs['host']}",
            kbs_ca=kbs["ca"],
            image_policy_uri=None,
            earlier=earlier,
            keep=config.trustee.accepted_previous,
        )
    )
    accepted_images = [stack.reference_values[version] for version in config.trustee.osc_versions]
    secrets = ServedSecrets(
        "served-secrets", _served_secrets(config, stack, operator), place.on_cluster(operator)
    )
    trustee = Trustee(
        "trustee",
        TrusteeArgs(
            layout=layout,
            namespace=operator.namespace,
            kbs_host=kbs_host,
            issuer=authority.issuer,
            resource_policy=rendered.apply(lambda by_name: resource_policy.render(releases(config, by_name))),
            attestation_policy=attestation_policy.render(
                layout,
                tees=config.trustee.tees,
                hardware=sorted({name for images in accepted_images for name in images.hardware.values()}),
                tcb_minimum=[minimum for images in accepted_images for minimum in images.tcb_minimum],
            ),
            reference_values=rendered.apply(
                lambda by_name: documents.reference_values(
                    layout,
                    reference_values.merge(
                        accepted_images,
                        {name: profile.accepted for name, profile in by_name.items()},
                        config.trustee.tees,
                    ),
                    min(images.expires for images in accepted_images),
                )
            ),
            served_secrets=secrets.names,
            served_digest=secrets.digest,
            token_minutes=config.trustee.token_minutes,
        ),
        place.on_cluster(operator, authority, secrets),
    )
    return HubOutputs(
        kbs_url=trustee.kbs_url,
        kbs_ca=authority.ca_certificate,
        # A spoke must not take up a profile before Trustee accepts it.
        profiles=pulumi.Output.all(rendered, trustee.kbs_url).apply(
            lambda ready: {name: asdict(profile) for name, profile in ready[0].items()}
        ),
        osc_versions=pulumi.Output.from_input(list(config.trustee.osc_versions)),
        resources=pulumi.Output.from_input(readers(config)),
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


def _served_secrets(
    config: HubConfig | StandaloneConfig, stack: LoadedStack, operator: OperatorSubscription
) -> ServedSecretsArgs:
    def value(secret: str, key: str) -> pulumi.Output[str]:
        return stack.secrets["secretValues"].apply(lambda text: json.loads(text)[secret][key])

    return ServedSecretsArgs(
        namespace=operator.namespace,
        generated={
            name: secret.keys for name, secret in config.secrets.items() if secret.source == "generated"
        },
        given={
            name: {key: value(name, key) for key in secret.keys}
            for name, secret in config.secrets.items()
            if secret.source == "config"
        },
    )


def readers(config: HubConfig | StandaloneConfig) -> dict[str, list[str]]:
    """By path ``default/<secret>/<key>``, the profiles that may read it."""
    return {
        f"default/{name}/{key}": list(secret.readable_by)
        for name, secret in config.secrets.items()
        for key in secret.keys
    }


def promises(config: HubConfig | StandaloneConfig) -> dict[str, Any]:
    """What the contract will say that is known before anything is declared."""
    return {
        "contractVersion": CONTRACT_VERSION,
        "kbsUrl": "decided by the cluster",
        "kbsCa": "made by cert-manager",
        "oscVersions": list(config.trustee.osc_versions),
        "profiles": dict(config.profiles),
        "resources": readers(config),
    }


def releases(config: HubConfig | StandaloneConfig, by_name: Mapping[str, Profile]) -> list[Release]:
    """What the resource policy lets out: each path to the accepted measurements of its profiles, and nothing else."""
    return [
        Release(
            path=("default", path.split("/")[1], path.split("/", 2)[2]),
            pcr8=tuple(value for name in names for value in by_name[name].accepted),
            profiles=tuple(names),
        )
        for path, names in readers(config).items()
    ]
