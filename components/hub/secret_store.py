"""Secrets that live in Azure Key Vault or HashiCorp Vault and are served by Trustee, copied by the External Secrets operator.

Their values never pass through this program. What it reads are fingerprints, made inside the cluster, so that the next update
notices a rotated value and rolls Trustee's pods: they copy served secrets only when they start.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.dry_run import dry_run
from components.in_cluster import JobArgs, job
from components.kubernetes import custom_resource, once
from components.scripts import script

API = "external-secrets.io/v1"
AWAIT_COPIES = script("hub/await_copies.sh")


@dataclass(frozen=True, kw_only=True)
class KeyVault:
    """An Azure Key Vault, read as a service principal. A key of a secret is there under the name ``<secret>-<key>``."""

    url: str
    tenant_id: str
    client_id: str
    client_secret: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A HashiCorp Vault with a KV version 2 engine at ``mount``, read by Kubernetes authentication as ``role``.

    A secret is there at ``<secret>``, with its keys as fields.
    """

    url: str
    mount: str
    role: str


@dataclass(frozen=True, kw_only=True)
class SecretStoreArgs:
    """``secrets``: the keys of each secret by its name. ``refresh``: how often values are fetched, for example ``1h``.

    ``operator`` is the version of the operator that copies them.
    """

    namespace: pulumi.Input[str]
    source: KeyVault | Vault
    secrets: Mapping[str, Sequence[str]]
    refresh: str
    operator: str


class SecretStore(pulumi.ComponentResource):
    """``names`` are Kubernetes secrets that exist once the component is there; ``fingerprints`` is secret, by name."""

    names: list[str]
    fingerprints: pulumi.Output[dict[str, dict[str, str]]]

    def __init__(self, name: str, args: SecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("coco:hub:SecretStore", name, {}, opts)
        self._name, self._args = name, args
        provider, needed = self._read_from(args.source)
        taken = dry_run(
            f"{name}-dry-run",
            job_name=f"try-{name}",
            namespace=args.namespace,
            api_version=API,
            kind="SecretStore",
            plural="secretstores",
            spec={"provider": provider},
            operator=args.operator,
            parent=self,
            after=needed,
        )
        store = custom_resource(
            f"{name}-store",
            api_version=API,
            kind="SecretStore",
            object_name=name,
            namespace=args.namespace,
            spec={"provider": provider},
            wait_for=["condition=Ready"],
            # Another vault makes another store: `Ready` of the same one would still be about the vault before.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[taken], replace_on_changes=["spec"], delete_before_replace=True
            ),
        )
        self.names = sorted(args.secrets)
        copies = {secret: self._copied(secret, store) for secret in self.names}
        copied = self._await_copies([one for pair in copies.values() for one in pair], provider)
        self.fingerprints = pulumi.Output.secret(
            pulumi.Output.all(
                **{secret: self._fingerprint(secret, copies[secret][1], copied) for secret in self.names}
            )
        )
        self.register_outputs({"names": self.names})

    def _copied(
        self, secret: str, store: pulumi.Resource
    ) -> tuple[k8s.apiextensions.CustomResource, k8s.apiextensions.CustomResource]:
        """The secret itself, and beside it one of the hashes of its values: only that one is read."""
        keys = self._args.secrets[secret]
        copy = self._external_secret(secret, keys, {}, [store])
        # Not `.key`: a Go template takes a hyphen or a dot in it for something else.
        hashes = {"data": {key: f'{{{{ index . "{key}" | toString | sha256sum }}}}' for key in keys}}
        return copy, self._external_secret(
            f"{secret}-fingerprint", keys, {"template": hashes}, [copy], of=secret
        )

    def _await_copies(self, made: Sequence[pulumi.Resource], provider: Mapping[str, Any]) -> k8s.batch.v1.Job:
        """A copy that is changed stays `Ready` until it is made anew: this waits for the operator's word about the present one."""
        names = [name for secret in self.names for name in (secret, f"{secret}-fingerprint")]
        return job(
            f"{self._name}-copies",
            f"{self._name}-copies-account",
            JobArgs(
                name=f"await-{self._name}",
                namespace=self._args.namespace,
                account=f"await-{self._name}",
                script=AWAIT_COPIES,
                environment={
                    "COPIES": " ".join(names),
                    "ASKED": json.dumps(
                        [dict(self._args.secrets), self._args.refresh, provider], default=list
                    ),
                },
                patience=600,
                rules=[
                    {
                        "api_groups": ["external-secrets.io"],
                        "resources": ["externalsecrets"],
                        "verbs": ["get", "list"],
                    }
                ],
            ),
            parent=self,
            after=made,
        )

    def _fingerprint(
        self, secret: str, made: pulumi.CustomResource, copied: pulumi.Resource
    ) -> pulumi.Output[Mapping[str, str]]:
        read = k8s.core.v1.Secret.get(
            f"{self._name}-{secret}-fingerprint-read",
            once(made, pulumi.Output.format("{0}/{1}-fingerprint", self._args.namespace, secret)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[copied]),
        )
        return read.data

    def _external_secret(
        self,
        object_name: str,
        keys: Sequence[str],
        target: dict[str, Any],
        after: list[pulumi.Resource],
        of: str | None = None,
    ) -> k8s.apiextensions.CustomResource:
        return custom_resource(
            f"{self._name}-{object_name}",
            api_version=API,
            kind="ExternalSecret",
            object_name=object_name,
            namespace=self._args.namespace,
            spec={
                "refreshInterval": self._args.refresh,
                "secretStoreRef": {"kind": "SecretStore", "name": self._name},
                "target": {"name": object_name, "creationPolicy": "Owner", **target},
                "data": [
                    {"secretKey": key, "remoteRef": self._remote_ref(of or object_name, key)} for key in keys
                ],
            },
            wait_for=["condition=Ready"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )

    def _remote_ref(self, secret: str, key: str) -> dict[str, str]:
        if isinstance(self._args.source, KeyVault):
            return {"key": f"{secret}-{key}"}
        return {"key": secret, "property": key}

    def _read_from(self, source: KeyVault | Vault) -> tuple[dict[str, Any], list[pulumi.Resource]]:
        account, child = f"{self._name}-reader", pulumi.ResourceOptions(parent=self)
        metadata: k8s.meta.v1.ObjectMetaArgsDict = {"name": account, "namespace": self._args.namespace}
        if isinstance(source, KeyVault):
            credentials = k8s.core.v1.Secret(
                f"{self._name}-credentials",
                metadata=metadata,
                string_data={"clientId": source.client_id, "clientSecret": source.client_secret},
                opts=child,
            )
            reference = {
                "clientId": {"name": account, "key": "clientId"},
                "clientSecret": {"name": account, "key": "clientSecret"},
            }
            return {
                "azurekv": {
                    "vaultUrl": source.url,
                    "tenantId": source.tenant_id,
                    "authType": "ServicePrincipal",
                    "authSecretRef": reference,
                }
            }, [credentials]
        reader = k8s.core.v1.ServiceAccount(f"{self._name}-reader", metadata=metadata, opts=child)
        login = {"mountPath": "kubernetes", "role": source.role, "serviceAccountRef": {"name": account}}
        return {
            "vault": {
                "server": source.url,
                "path": source.mount,
                "version": "v2",
                "auth": {"kubernetes": login},
            }
        }, [reader]
