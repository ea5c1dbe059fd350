"""The External Secrets operator for Red Hat OpenShift: its operands, and secrets copied from vaults that do not exist.

All vaults together are one Secret, `VAULTS` in the operands' namespace. Its keys are `<host>.<key>` for an Azure Key Vault and
`<host>.<key>.<property>` for a HashiCorp Vault. A value that is asked for and not there is made up; an empty one stands for
a secret that the vault does not have. Whoever writes another value has rotated the secret (`python -m sandbox.vaults`), and
its copies change at once; the real operator updates them once in a refresh interval.

Behaviour read in openshift/external-secrets-operator 1.0 and external-secrets 0.19: a network policy denies the
operands all connections, until ExternalSecretsConfig allows the controller some.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import (
    DEPLOYMENT,
    EXTERNAL_SECRET,
    EXTERNAL_SECRETS_CONFIG,
    NAMESPACE,
    SECRET,
    SECRET_STORE,
    SERVICE_ACCOUNT,
)
from sandbox.openshift.objects import (
    Effect,
    Manifest,
    Objects,
    Put,
    condition,
    conditions,
    ensure,
    new,
    now,
    owner_reference,
    put_changed,
    short_hash,
    with_status,
)
from sandbox.openshift.reactions.olm import installed
from sandbox.openshift.reactions.workloads import deployment
from sandbox.shapes import map_in

OPERANDS = "external-secrets"
VAULTS = "sandbox-vaults"
FINALIZER = "externalsecretsconfigs.operator.openshift.io/external-secrets-controller"
_TEMPLATE = re.compile(r'\{\{ index \. "(?P<key>[^"]+)" \| toString \| sha256sum \}\}')


class _Failed(Exception):
    """The operator's message about an object that it cannot work with."""


def react(objects: Objects) -> list[Effect]:
    if not installed(objects, "openshift-external-secrets-operator"):
        return []
    effects: list[Effect] = []
    for config in objects.all(EXTERNAL_SECRETS_CONFIG):
        effects += _config(objects, config)
    controller = objects.get(DEPLOYMENT, OPERANDS, OPERANDS)
    if not controller or condition(controller, "Available") != "True":
        return effects
    for store in objects.all(SECRET_STORE):
        effects += _store(objects, store)
    for wanted in objects.all(EXTERNAL_SECRET):
        effects += _external_secret(objects, wanted)
    return effects


def _config(objects: Objects, config: Manifest) -> list[Effect]:
    """The operands stay when their configuration goes."""
    metadata = config["metadata"]
    if "deletionTimestamp" in metadata:
        return [Put({**config, "metadata": {**metadata, "finalizers": []}})]
    if FINALIZER not in metadata.get("finalizers", []):
        return [Put({**config, "metadata": {**metadata, "finalizers": [FINALIZER]}})]
    effects = ensure(objects, new(NAMESPACE, OPERANDS))
    for name in (OPERANDS, f"{OPERANDS}-webhook", f"{OPERANDS}-cert-controller"):
        effects += ensure(objects, deployment(name, OPERANDS, image="external-secrets"))
    done = conditions(config, ("Degraded", False, "Ready", ""), ("Ready", True, "Ready", "reconciled"))
    return effects + put_changed(config, with_status(config, conditions=done))


def _store(objects: Objects, store: Manifest) -> list[Effect]:
    try:
        _login(objects, store)
    except _Failed as failure:
        state = ("Ready", False, "InvalidProviderConfig", str(failure))
    else:
        state = ("Ready", True, "Valid", "store validated")
    return put_changed(
        store, with_status(store, capabilities="ReadWrite", conditions=conditions(store, state))
    )


def _login(objects: Objects, store: Manifest) -> None:
    """Raises _Failed when what a store names is not there, or its vault cannot be reached."""
    namespace, provider = store["metadata"]["namespace"], store["spec"]["provider"]
    if key_vault := provider.get("azurekv"):
        if key_vault.get("authType", "ServicePrincipal") != "ServicePrincipal" or not key_vault.get(
            "tenantId"
        ):
            raise _Failed("the sandbox knows azurekv with authType ServicePrincipal and a tenantId only")
        for part in ("clientId", "clientSecret"):
            reference: Manifest = at(key_vault, ("authSecretRef", part)) or {}
            name, key = reference.get("name", ""), reference.get("key", "")
            secret = objects.get(SECRET, name, namespace)
            if secret is None:
                raise _Failed(
                    f'cannot get Kubernetes secret "{name}" from namespace "{namespace}": not found'
                )
            if not map_in(secret, "data").get(key):
                raise _Failed(f'cannot find secret data for key: "{key}" in secret "{name}"')
    else:  # the schema of a SecretStore knows no third
        vault = provider["vault"]
        login: Manifest = at(vault, ("auth", "kubernetes")) or {}
        account = at(login, ("serviceAccountRef", "name")) or ""
        if not login.get("role") or not login.get("mountPath") or vault.get("version") != "v2":
            raise _Failed(
                "the sandbox knows vault with version v2 and auth.kubernetes, its role and mountPath only"
            )
        if objects.get(SERVICE_ACCOUNT, account, namespace) is None:
            raise _Failed(f'cannot request Kubernetes service account token for "{account}": not found')
    _reach(objects, store)


def _reach(objects: Objects, store: Manifest) -> None:
    address = urlsplit(_url(store))
    port = address.port or 443
    config = objects.get(EXTERNAL_SECRETS_CONFIG, "cluster") or {}
    policies: list[Manifest] = at(config, ("spec", "controllerConfig", "networkPolicies")) or []
    rules: list[Manifest] = [
        rule
        for policy in policies
        if policy["componentName"] == "ExternalSecretsCoreController"
        for rule in policy["egress"]
    ]
    if not any(
        port in [item.get("port") for item in rule.get("ports") or [{"port": port}]] for rule in rules
    ):
        raise _Failed(
            f"dial tcp {address.hostname}:{port}: i/o timeout: no network policy in ExternalSecretsConfig lets "
            f"ExternalSecretsCoreController out to port {port}"
        )


def _url(store: Manifest) -> str:
    provider = store["spec"]["provider"]
    return provider["azurekv"]["vaultUrl"] if "azurekv" in provider else provider["vault"]["server"]


def _external_secret(objects: Objects, wanted: Manifest) -> list[Effect]:
    try:
        effects, data = _fetched(objects, wanted)
        if effects:
            return effects
        copy = _copy(objects, wanted, data)
    except _Failed as failure:
        return _report(wanted, False, "SecretSyncedError", str(failure))
    return [*copy, *_report(wanted, True, "SecretSynced", "secret synced", refreshed=bool(copy))]


def _report(
    wanted: Manifest, ready: bool, reason: str, message: str, *, refreshed: bool = False
) -> list[Effect]:
    status: dict[str, Any] = {"conditions": conditions(wanted, ("Ready", ready, reason, message))}
    if ready:
        generation = wanted["metadata"].get("generation", 1)
        status["syncedResourceVersion"] = f"{generation}-{short_hash(_target(wanted))}"
    if refreshed:
        status |= {"refreshTime": now(), "binding": {"name": _target(wanted)}}
    return put_changed(wanted, with_status(wanted, **status))


def _target(wanted: Manifest) -> str:
    return at(wanted, ("spec", "target", "name")) or wanted["metadata"]["name"]


def _fetched(objects: Objects, wanted: Manifest) -> tuple[list[Effect], dict[str, str]]:
    """The values by key, in plain text; or what must be done to the vaults first."""
    spec, namespace = wanted["spec"], wanted["metadata"]["namespace"]
    reference = map_in(spec, "secretStoreRef")
    name = reference.get("name", "")
    if reference.get("kind", "SecretStore") != "SecretStore":
        raise _Failed("the sandbox fetches values from a SecretStore only")
    store = objects.get(SECRET_STORE, name, namespace)
    if store is None:
        raise _Failed(f'could not get SecretStore "{name}", not found')
    if condition(store, "Ready") != "True":
        raise _Failed(f'the desired SecretStore "{name}" is not ready')
    vaults = objects.get(SECRET, VAULTS, OPERANDS) or new(SECRET, VAULTS, OPERANDS, type="Opaque")
    kept: dict[str, str] = map_in(vaults, "data")
    made: dict[str, str] = {}
    data: dict[str, str] = {}
    for item in spec["data"]:
        place = _place(store, item["remoteRef"])
        if place not in kept:
            made[place] = _encoded(secrets.token_urlsafe(24))
        elif not kept[place]:
            raise _Failed(
                f"could not get secret data from provider: {item['remoteRef']['key']} of {_url(store)}: Secret does not exist"
            )
        else:
            data[item["secretKey"]] = base64.b64decode(kept[place]).decode()
    return ([Put({**vaults, "data": {**kept, **made}})] if made else []), data


def _place(store: Manifest, remote: Manifest) -> str:
    """Where a value is among those of all vaults."""
    parts = [urlsplit(_url(store)).hostname or "", remote["key"], remote.get("property")]
    return ".".join(part for part in parts if part)


def _copy(objects: Objects, wanted: Manifest, values: dict[str, str]) -> list[Effect]:
    """The target, unless it is right already."""
    target = map_in(wanted["spec"], "target")
    if target.get("creationPolicy", "Owner") != "Owner":
        raise _Failed("the sandbox knows creationPolicy Owner only")
    texts = _templated(target["template"], values) if "template" in target else values
    data = {key: _encoded(text) for key, text in texts.items()}
    name, namespace = _target(wanted), wanted["metadata"]["namespace"]
    live = objects.get(SECRET, name, namespace)
    if live is None:
        return [Put(new(SECRET, name, namespace, owner=wanted, type="Opaque", data=data))]
    mine, owners = owner_reference(wanted), live["metadata"].get("ownerReferences", [])
    if any(owner.get("controller") and owner["uid"] != mine["uid"] for owner in owners):
        raise _Failed(f'could not update Secret, target is owned by another: "{name}"')
    metadata = {**live["metadata"], "ownerReferences": owners if mine in owners else [*owners, mine]}
    return put_changed(live, {**live, "metadata": metadata, "data": data})


def _templated(template: Manifest, values: dict[str, str]) -> dict[str, str]:
    if template.keys() != {"data"}:
        raise _Failed("could not apply template: the sandbox knows template.data only")
    result: dict[str, str] = {}
    for key, text in template["data"].items():
        match = _TEMPLATE.fullmatch(text)
        if match is None:
            raise _Failed(
                f'could not apply template: the sandbox knows {{{{ index . "<key>" | toString | sha256sum }}}} only, not {text}'
            )
        result[key] = hashlib.sha256(values.get(match["key"], "").encode()).hexdigest()
    return result


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
