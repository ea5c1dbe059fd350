"""The Trustee operator with a KbsConfig: deployment, service, readiness, and the ConfigMaps it deletes on 1.2.

Behaviour read in trustee-operator at its tags v1.0.0 to v1.2.1: every named ConfigMap and Secret must exist or there is no
deployment, and no new one (the status then stays what it was); from 1.2 on pods roll when a ConfigMap changes; a ConfigMap without the
migration annotation is taken for one of Trustee 1.1, copied to `<name>.v1.1` and deleted. The first thing that is missing is named; before
there is a deployment the real operator does so in its log alone, here it is an event, so that a person sees it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.openshift.kinds import (
    CONFIG_MAP,
    CSV,
    DEPLOYMENT,
    KBS_CONFIG,
    NAMESPACE,
    SECRET,
    SERVICE,
    ObjectKind,
)
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
DEPLOYMENT_NAME = "trustee-deployment"
IMAGE = "sandbox.invalid/trustee"
"""Of the KBS and of the operator's own converter of keys. Nobody pulls it."""
PRIVILEGED = {f"pod-security.kubernetes.io/{level}": "privileged" for level in ("enforce", "audit", "warn")}
FINALIZER = "kbsconfig.confidentialcontainers.org/finalizer"
VERSIONS = "kbs.confidentialcontainers.org/configmap-versions"
_DELETED_UNLESS_MIGRATED = (
    "kbsConfigMapName",
    "kbsAttestationPolicyConfigMapName",
    "kbsGpuAttestationPolicyConfigMapName",
    "kbsResourcePolicyConfigMapName",
)
_REFERENCE_VALUES = "kbsRvpsRefValuesConfigMapName"
_CONFIG_MAPS = (*_DELETED_UNLESS_MIGRATED, _REFERENCE_VALUES)
_DOCUMENTS = {
    "kbsAttestationPolicyConfigMapName": "attestation-policy",
    "kbsGpuAttestationPolicyConfigMapName": "attestation-policy-gpu",
    "kbsResourcePolicyConfigMapName": "resource-policy",
    _REFERENCE_VALUES: "reference-values",
}
"""By field, the volume of a ConfigMap."""
_STAMPED = ("kbsConfigMapName", _REFERENCE_VALUES, *_DOCUMENTS)
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
    return effects + _privileged(objects)


def exits(objects: Objects, pod: Manifest) -> str | None:
    """With what the KBS in a pod that the operator itself has made would exit; None where it would serve, or the pod is no such one."""
    if map_in(pod["metadata"], "labels").get("app") != "kbs" or annotation(pod, EXITS) is not None:
        return None
    version = installed(objects, "trustee-operator")
    config = next(iter(objects.all(KBS_CONFIG, pod["metadata"]["namespace"])), None)
    return kbs.exits(objects, config, version) if config and version else None


def _privileged(objects: Objects) -> list[Effect]:
    """The operator labels its own namespace when it starts."""
    effects: list[Effect] = []
    for csv in objects.all(CSV):
        if csv["metadata"]["name"].startswith("trustee-operator.v"):
            namespace = objects.get(NAMESPACE, csv["metadata"]["namespace"])
            if namespace:
                metadata = namespace["metadata"]
                labels = {**metadata.get("labels", {}), **PRIVILEGED}
                effects += put_changed(namespace, {**namespace, "metadata": {**metadata, "labels": labels}})
    return effects


def _kbs_config(objects: Objects, config: Manifest, version: str) -> list[Effect]:
    if kbs.since(version, "1.2") and (effects := _migrate(objects, config)):
        return effects
    metadata, spec = config["metadata"], config["spec"]
    namespace = metadata["namespace"]
    running = objects.get(DEPLOYMENT, DEPLOYMENT_NAME, namespace)
    if "deletionTimestamp" in metadata:
        return _finalize(objects, config, running)
    problem = next(_missing(objects, config), "")
    reason = "DeploymentUpdateFailed" if running else "ReconcileError"
    effects = report(objects, config, "trustee-operator", reason, problem or None)
    if problem:
        return effects if running else effects + put_changed(config, with_status(config, isReady=False))
    wanted = _deployment(objects, config, version)
    effects += overlay(objects, wanted)
    if running is not None and FINALIZER not in metadata.get("finalizers", []):
        # It writes the whole object, with the empty structs of its type that the definition knows.
        written: Manifest = {"kbsLocalCertCacheSpec": {}, **spec}
        return [
            *effects,
            Put({**config, "spec": written, "metadata": {**metadata, "finalizers": [FINALIZER]}}),
        ]
    ports = [{"name": "kbs-port", "port": 8080, "targetPort": 8080, "protocol": "TCP"}]
    service = new(SERVICE, "kbs-service", namespace, owner=config)
    service["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = True
    service["spec"] = {
        "type": spec.get("kbsServiceType") or "ClusterIP",
        "selector": {"app": "kbs"},
        "ports": ports,
    }
    effects += overlay(objects, service)
    status = (running or {}).get("status", {})
    # Not whether the pods are those of the present template.
    ready = status.get("readyReplicas", 0) > 0 and status.get("readyReplicas") == status.get("replicas")
    return effects + put_changed(config, with_status(config, isReady=ready))


def _finalize(objects: Objects, config: Manifest, running: Manifest | None) -> list[Effect]:
    """It deletes the Deployment, and never ends where that is gone already: NotFound is an error to it."""
    if FINALIZER not in config["metadata"].get("finalizers", []):
        return []
    if running is None:
        message = f'deployments.apps "{DEPLOYMENT_NAME}" not found'
        return report(objects, config, "trustee-operator", "FinalizeError", message)
    released = {key: value for key, value in config["metadata"].items() if key != "finalizers"}
    return [Delete(ref_of(running)), Put({**config, "metadata": released})]


def _deployment(objects: Objects, config: Manifest, version: str) -> Manifest:
    namespace, spec = config["metadata"]["namespace"], config["spec"]
    maps = [
        objects.get(CONFIG_MAP, spec[field], namespace)
        for field in dict.fromkeys(_STAMPED)
        if spec.get(field)
    ]
    stamp = ",".join(
        f"{item['metadata']['name']}:{item['metadata'].get('resourceVersion', '')}" for item in maps if item
    )
    failure = kbs.exits(objects, config, version)
    wanted = deployment(
        DEPLOYMENT_NAME,
        namespace,
        image=f"trustee-{version}",
        replicas=map_in(spec, "KbsDeploymentSpec").get("replicas", 1),
        owner=config,
        annotations={**({VERSIONS: stamp} if kbs.since(version, "1.2") else {}), EXITS: failure or ""},
        volumes=list(_volumes(spec)),
    )
    labels = {"app": "kbs"}
    wanted["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = True
    del wanted["metadata"]["labels"]
    wanted["spec"] |= {
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
    }
    template = wanted["spec"]["template"]
    template["metadata"]["labels"] = labels
    variables = map_in(spec, "KbsEnvVars")
    template["spec"]["containers"] = [
        {
            "name": "kbs",
            "image": f"trustee-{version}",
            "env": [{"name": name, "value": variables[name]} for name in sorted(variables)],
        }
    ]
    template["spec"]["initContainers"] = [{"name": "secret-converter", "image": f"trustee-{version}"}]
    return wanted


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
    named: list[tuple[ObjectKind, str]] = [
        (CONFIG_MAP, spec[field]) for field in _CONFIG_MAPS if spec.get(field)
    ]
    named += [(SECRET, spec[field]) for field in (*_SECRETS, "kbsAuthSecretName") if spec.get(field)]
    named += [(SECRET, name) for name in list_in(spec, "kbsSecretResources")]
    cache = list_in(map_in(spec, "kbsLocalCertCacheSpec"), "secrets")
    named += [(SECRET, entry["secretName"]) for entry in cache]
    for kind, name in named:
        if objects.get(kind, name, namespace) is None:
            yield f'{kind.kind} "{name}" not found'
    for name in list_in(spec, "kbsSecretResources"):
        if problem := label_problem(name):
            yield f'kbsSecretResources: "{name}" becomes the name of a volume: {problem}'


def _volumes(spec: Manifest) -> Iterator[Manifest]:
    """One volume a named object; HTTPS and token pairs only where both halves are named."""
    yield {"name": "kbs-config", "configMap": {"name": spec["kbsConfigMapName"]}}
    for directory in (
        "base-storage-dir",
        "attestation-policy-dir",
        "resource-policy-dir",
        "repository-dir",
        "rvps-dir",
    ):
        yield {"name": directory, "emptyDir": {"medium": "Memory"}}
    for field, name in _DOCUMENTS.items():
        if spec.get(field):
            yield {"name": name, "configMap": {"name": spec[field]}}
    yield {"name": "auth-secret", "secret": {"secretName": spec["kbsAuthSecretName"]}}
    for directory, (key, certificate) in kbs.PAIRS.items():
        if spec.get(key) and spec.get(certificate):
            yield {"name": f"{directory}-key", "secret": {"secretName": spec[key]}}
            yield {"name": f"{directory}-cert", "secret": {"secretName": spec[certificate]}}
    for name in list_in(spec, "kbsSecretResources"):
        yield {"name": name, "secret": {"secretName": name}}
