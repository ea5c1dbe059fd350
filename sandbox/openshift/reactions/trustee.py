"""The Trustee operator with a KbsConfig: deployment, service, readiness, and the ConfigMaps it deletes on 1.2.

Behaviour read in trustee-operator 1.2.1: every named ConfigMap and Secret must exist or there is no deployment; a
ConfigMap without the migration annotation is taken for one of Trustee 1.1, copied to `<name>.v1.1` and deleted.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.openshift.kinds import CONFIG_MAP, DEPLOYMENT, KBS_CONFIG, SECRET, SERVICE, ObjectKind
from sandbox.openshift.metadata_rules import label_problem
from sandbox.openshift.objects import (
    Delete,
    Effect,
    Manifest,
    Objects,
    Put,
    annotation,
    new,
    overlay,
    put_changed,
    ref_of,
    report,
    with_annotations,
    with_status,
)
from sandbox.openshift.reactions import kbs
from sandbox.openshift.reactions.olm import installed
from sandbox.openshift.reactions.pods import EXITS
from sandbox.openshift.reactions.workloads import deployment
from sandbox.shapes import list_in, map_in

MIGRATED = "kbs.confidentialcontainers.org/migrated-from-v1.1.0"
VERSIONS = "kbs.confidentialcontainers.org/configmap-versions"
_DELETED_UNLESS_MIGRATED = (
    "kbsConfigMapName",
    "kbsAttestationPolicyConfigMapName",
    "kbsGpuAttestationPolicyConfigMapName",
    "kbsResourcePolicyConfigMapName",
)
_REFERENCE_VALUES = "kbsRvpsRefValuesConfigMapName"
_CONFIG_MAPS = (*_DELETED_UNLESS_MIGRATED, _REFERENCE_VALUES)
_SECRETS = (
    "kbsHttpsKeySecretName",
    "kbsHttpsCertSecretName",
    "kbsAttestationKeySecretName",
    "kbsAttestationCertSecretName",
)


def react(objects: Objects) -> list[Effect]:
    version = installed(objects, "trustee-operator")
    if version is None:
        return []
    effects: list[Effect] = []
    for config in objects.all(KBS_CONFIG):
        effects += _kbs_config(objects, config, version)
    return effects


def _kbs_config(objects: Objects, config: Manifest, version: str) -> list[Effect]:
    if kbs.since(version, "1.2") and (effects := _migrate(objects, config)):
        return effects
    problem = "; ".join(_missing(objects, config))
    effects = report(objects, config, "trustee-operator", "ReconcileError", problem or None)
    if problem:
        return effects + put_changed(config, with_status(config, isReady=False))
    namespace, spec = config["metadata"]["namespace"], config["spec"]
    maps = [objects.get(CONFIG_MAP, spec[field], namespace) for field in _CONFIG_MAPS if spec.get(field)]
    stamp = ",".join(
        f"{item['metadata']['name']}={item['metadata'].get('resourceVersion', '')}" for item in maps if item
    )
    failure = kbs.exits(objects, config, version)
    replicas = map_in(spec, "KbsDeploymentSpec").get("replicas", 1)
    wanted = deployment(
        "trustee-deployment",
        namespace,
        image=f"trustee-{version}",
        replicas=replicas,
        owner=config,
        annotations={VERSIONS: stamp, EXITS: failure or ""},
        volumes=list(_volumes(spec)),
    )
    labels = {"app": "kbs"}
    wanted["spec"] |= {"selector": {"matchLabels": labels}}
    wanted["spec"]["template"]["metadata"]["labels"] = labels
    effects += overlay(objects, wanted)
    ports = [{"name": "kbs-port", "port": 8080, "targetPort": 8080, "protocol": "TCP"}]
    service = new(SERVICE, "kbs-service", namespace, owner=config)
    service["spec"] = {"type": spec.get("kbsServiceType") or "ClusterIP", "selector": labels, "ports": ports}
    effects += overlay(objects, service)
    running = objects.get(DEPLOYMENT, "trustee-deployment", namespace)
    status = (running or {}).get("status", {})
    ready = status.get("updatedReplicas", 0) > 0 and status.get("updatedReplicas") == status.get("replicas")
    return effects + put_changed(config, with_status(config, isReady=ready and failure is None))


def _migrate(objects: Objects, config: Manifest) -> list[Effect]:
    namespace, spec = config["metadata"]["namespace"], config["spec"]
    effects: list[Effect] = []
    for field in _DELETED_UNLESS_MIGRATED:
        live = objects.get(CONFIG_MAP, spec.get(field) or "", namespace)
        if live and annotation(live, MIGRATED) is None:
            backup = new(CONFIG_MAP, f"{live['metadata']['name']}.v1.1", namespace, data=map_in(live, "data"))
            effects += [Put(backup), Delete(ref_of(live))]
    values = objects.get(CONFIG_MAP, spec.get(_REFERENCE_VALUES) or "", namespace)
    if (
        values
        and annotation(values, MIGRATED) is None
        and "reference-values.json" not in map_in(values, "data")
    ):
        effects.append(Put(with_annotations(values, {MIGRATED: "v1.2.0"})))
    return effects


def _missing(objects: Objects, config: Manifest) -> Iterator[str]:
    """What stops the operator before it makes a deployment."""
    spec, namespace = config["spec"], config["metadata"]["namespace"]
    if not spec.get("kbsConfigMapName"):
        yield "kbsConfigMapName is empty"
    if not spec.get("kbsAuthSecretName"):
        yield "kbsAuthSecretName is empty: the Secret is mounted even where the admin interface is closed"
    named: list[tuple[ObjectKind, str, str]] = [
        (CONFIG_MAP, field, spec[field]) for field in _CONFIG_MAPS if spec.get(field)
    ]
    named += [(SECRET, field, spec[field]) for field in (*_SECRETS, "kbsAuthSecretName") if spec.get(field)]
    named += [(SECRET, "kbsSecretResources", name) for name in list_in(spec, "kbsSecretResources")]
    cache = list_in(map_in(spec, "kbsLocalCertCacheSpec"), "secrets")
    named += [(SECRET, "kbsLocalCertCacheSpec", entry["secretName"]) for entry in cache]
    for kind, field, name in named:
        if objects.get(kind, name, namespace) is None:
            yield f"{field}: {kind.kind} {name} not found in namespace {namespace}"
    for name in list_in(spec, "kbsSecretResources"):
        if problem := label_problem(name):
            yield f'kbsSecretResources: "{name}" becomes the name of a volume: {problem}'


def _volumes(spec: Manifest) -> Iterator[Manifest]:
    """One volume a named object; HTTPS and token pairs only where both halves are named."""
    for field in _CONFIG_MAPS:
        if spec.get(field):
            yield {"name": field.removesuffix("ConfigMapName").lower(), "configMap": {"name": spec[field]}}
    yield {"name": "auth-secret", "secret": {"secretName": spec["kbsAuthSecretName"]}}
    for directory, (key, certificate) in kbs.PAIRS.items():
        if spec.get(key) and spec.get(certificate):
            yield {"name": f"{directory}-key", "secret": {"secretName": spec[key]}}
            yield {"name": f"{directory}-cert", "secret": {"secretName": spec[certificate]}}
    for name in list_in(spec, "kbsSecretResources"):
        yield {"name": name, "secret": {"secretName": name}}
