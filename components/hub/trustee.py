"""Trustee: the KBS, the attestation service and the reference values, run by the Trustee operator.

A raw KbsConfig with ConfigMaps of our own, not a TrusteeConfig: that one copies the TLS secret once and never again, so a
renewed certificate would not reach the KBS. Every ConfigMap carries the operator's migration mark from its creation;
operator 1.2 takes one without it for a leftover of 1.1 and deletes it.

The operator rolls the pods when a ConfigMap changes (from 1.2 on) and never when a Secret does, and its ``isReady`` stays true while
they roll. So one variable of theirs is a digest of all that they read: a change of anything rolls them, and a Job waits until they run
with that digest. It is the only variable: before 1.2.1 the operator puts several in an order of chance, each time another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

from components.certificate import certificate, issued_at
from components.in_cluster import JobArgs, job
from components.kubernetes import custom_resource
from components.scripts import script
from model import digests
from model.trustee import auth_key, documents

NAMESPACE = "trustee-operator-system"
HTTPS_SECRET = "kbs-https"  # noqa: S105 -- the name of a Secret
TOKEN_SECRET = "kbs-attestation-token"  # noqa: S105 -- the name of a Secret
AUTH_SECRET = "kbs-auth"  # noqa: S105 -- the name of a Secret
MARK = "COCO_RENDERED"
AWAIT_PODS = script("hub/await_pods.sh")


@dataclass(frozen=True, kw_only=True)
class TrusteeArgs:
    """Documents arrive rendered, so that a reader of the role sees what they are made of.

    ``kbs_host`` is the name the router serves the KBS under, and the one name in its certificate. ``certificate_life``: what is asked of
    the issuer (``duration`` and ``renewBefore`` of a Certificate), where it does not decide by itself.
    ``served_secrets`` must exist; ``served_digest`` changes when a value in them does, and rolls the pods.
    ``reference_values`` maps a name of the attestation policy to its accepted values.
    """

    layout: documents.Layout
    namespace: pulumi.Input[str]
    kbs_host: pulumi.Output[str]
    issuer: pulumi.Input[str]
    certificate_life: Mapping[str, str]
    resource_policy: pulumi.Input[str]
    attestation_policy: pulumi.Input[str]
    reference_values: pulumi.Input[str]
    served_secrets: Sequence[str]
    served_digest: pulumi.Output[str]
    token_minutes: int


class Trustee(pulumi.ComponentResource):
    """The KBS answers at ``kbs_url`` once the component is there.

    ``running`` is known when its pods run what was rendered. A preview rolls nothing, so there it is known at once.
    """

    kbs_url: pulumi.Output[str]
    running: pulumi.Output[str]

    def __init__(self, name: str, args: TrusteeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:hub:Trustee", name, {}, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        layout = args.layout

        https = self._https_certificate()
        token = self._token_certificate()
        auth = self._auth_secret()
        kbs_config = documents.kbs_config(layout, token_minutes=args.token_minutes)
        mounted = [
            self._config_map("kbs-config", layout.kbs_config_key, kbs_config),
            self._config_map("resource-policy", layout.resource_policy_key, args.resource_policy),
            self._config_map("attestation-policy", layout.attestation_policy_key, args.attestation_policy),
            self._config_map("reference-values", layout.reference_values_key, args.reference_values),
            auth,
        ]
        rendered = pulumi.Output.all(
            kbs_config,
            args.resource_policy,
            args.attestation_policy,
            args.reference_values,
            args.served_digest,
            self._issued_at("https", https),
            self._issued_at("token", token),
        ).apply(digests.of_texts)

        kbs = custom_resource(
            f"{name}-kbs",
            api_version="confidentialcontainers.org/v1alpha1",
            kind="KbsConfig",
            object_name="kbs",
            namespace=args.namespace,
            wait_for=["jsonpath={.status.isReady}=true"],
            # Else its Deployment goes first, and the operator then looks for it in vain before it lets the KbsConfig go.
            delete_in_background=True,
            spec={
                "kbsDeploymentType": "AllInOneDeployment",
                "kbsServiceType": "ClusterIP",
                "kbsConfigMapName": "kbs-config",
                "kbsResourcePolicyConfigMapName": "resource-policy",
                "kbsAttestationPolicyConfigMapName": "attestation-policy",
                "kbsRvpsRefValuesConfigMapName": "reference-values",
                "kbsAuthSecretName": AUTH_SECRET,
                "kbsHttpsKeySecretName": HTTPS_SECRET,
                "kbsHttpsCertSecretName": HTTPS_SECRET,
                "kbsAttestationKeySecretName": TOKEN_SECRET,
                "kbsAttestationCertSecretName": TOKEN_SECRET,
                "kbsSecretResources": list(args.served_secrets),
                "KbsEnvVars": {MARK: rendered},
                "KbsDeploymentSpec": {"replicas": 1},
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[https, token, *mounted],
                custom_timeouts=pulumi.CustomTimeouts(create="15m", update="15m"),
            ),
        )
        route = custom_resource(
            f"{name}-route",
            api_version="route.openshift.io/v1",
            kind="Route",
            object_name="kbs",
            namespace=args.namespace,
            spec={
                "host": args.kbs_host,
                "to": {"kind": "Service", "name": "kbs-service", "weight": 100},
                "port": {"targetPort": "kbs-port"},
                # Only the KBS itself ends the TLS session: the router must not be able to read a released secret.
                "tls": {"termination": "passthrough", "insecureEdgeTerminationPolicy": "None"},
                "wildcardPolicy": "None",
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[kbs]),
        )
        self.kbs_url = pulumi.Output.all(args.kbs_host, route.id).apply(lambda parts: f"https://{parts[0]}")
        pods = self._await_pods(rendered, kbs)
        self.running = pulumi.Output.from_input("") if pulumi.runtime.is_dry_run() else pods.id
        self.register_outputs({"kbsUrl": self.kbs_url})

    def _await_pods(self, rendered: pulumi.Output[str], kbs: pulumi.Resource) -> k8s.batch.v1.Job:
        return job(
            f"{self._name}-pods",
            f"{self._name}-pods-account",
            JobArgs(
                name="await-kbs",
                namespace=self._args.namespace,
                account="await-kbs",
                script=AWAIT_PODS,
                environment={"RENDERED": rendered},
                patience=900,
                rules=[
                    {
                        "api_groups": ["apps"],
                        "resources": ["deployments"],
                        "resource_names": ["trustee-deployment"],
                        "verbs": ["get"],
                    },
                    {"api_groups": [""], "resources": ["events"], "verbs": ["list"]},
                ],
            ),
            parent=self,
            after=[kbs],
        )

    def _config_map(self, what: str, key: str, text: pulumi.Input[str]) -> k8s.core.v1.ConfigMap:
        return k8s.core.v1.ConfigMap(
            f"{self._name}-{what}",
            metadata={
                "name": what,
                "namespace": self._args.namespace,
                "annotations": self._args.layout.migrated_annotation,
            },
            data={key: text},
            opts=self._child,
        )

    def _https_certificate(self) -> k8s.apiextensions.CustomResource:
        """Renewed long before it ends: the KBS serves the new one from the next ``up`` on, not earlier."""
        return self._certificate(
            "https",
            HTTPS_SECRET,
            {
                "dnsNames": [self._args.kbs_host],
                **self._args.certificate_life,
                "usages": ["server auth", "digital signature"],
                "privateKey": {
                    "algorithm": "ECDSA",
                    "encoding": "PKCS8",
                    "size": 256,
                    "rotationPolicy": "Always",
                },
                "issuerRef": {"kind": "ClusterIssuer", "name": self._args.issuer},
            },
            self._child,
        )

    def _token_certificate(self) -> k8s.apiextensions.CustomResource:
        """Signs and verifies attestation tokens; only the KBS itself ever checks it, so it is its own authority."""
        self_signed = custom_resource(
            f"{self._name}-token-issuer",
            api_version="cert-manager.io/v1",
            kind="Issuer",
            object_name="attestation-token",
            namespace=self._args.namespace,
            wait_for=["condition=Ready"],
            spec={"selfSigned": {}},
            opts=self._child,
        )
        return self._certificate(
            "token",
            TOKEN_SECRET,
            {
                "commonName": "kbs-attestation-token",
                "duration": "8760h",
                "renewBefore": "2920h",
                "privateKey": {
                    "algorithm": "ECDSA",
                    "encoding": "PKCS8",
                    "size": 256,
                    "rotationPolicy": "Always",
                },
                "issuerRef": {"kind": "Issuer", "name": "attestation-token"},
            },
            pulumi.ResourceOptions(parent=self, depends_on=[self_signed]),
        )

    def _certificate(
        self, what: str, secret: str, spec: Mapping[str, object], opts: pulumi.ResourceOptions
    ) -> k8s.apiextensions.CustomResource:
        return certificate(
            f"{self._name}-{what}-certificate",
            object_name=secret,
            namespace=self._args.namespace,
            spec=spec,
            opts=opts,
        )

    def _issued_at(self, what: str, made: pulumi.CustomResource) -> pulumi.Output[str]:
        return issued_at(
            f"{self._name}-{what}-issued",
            made,
            namespace=NAMESPACE,
            object_name=HTTPS_SECRET if what == "https" else TOKEN_SECRET,
            opts=self._child,
        )

    def _auth_secret(self) -> k8s.core.v1.Secret:
        seed = random.RandomBytes(f"{self._name}-auth-seed", length=32, opts=self._child)
        return k8s.core.v1.Secret(
            f"{self._name}-auth",
            metadata={"name": AUTH_SECRET, "namespace": self._args.namespace},
            string_data={"publicKey": seed.base64.apply(auth_key.public_key)},
            opts=self._child,
        )
