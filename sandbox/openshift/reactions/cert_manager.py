"""The cert-manager Operator for Red Hat OpenShift: its operands, issuers of type selfSigned and ca, real certificates.

A certificate is issued again when its Secret is gone, when what it asks for has changed, when its renewal time has come, or
when its condition Issuing is True (which is what `cmctl renew` sets).
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

from sandbox.openshift.kinds import (
    CERTIFICATE,
    CLUSTER_ISSUER,
    DEPLOYMENT,
    ISSUER,
    NAMESPACE,
    SECRET,
    SERVICE,
)
from sandbox.openshift.objects import (
    Effect,
    Manifest,
    Objects,
    Put,
    annotation,
    condition,
    conditions,
    ensure,
    new,
    put_changed,
    with_status,
)
from sandbox.openshift.reactions.certificates import (
    Pair,
    go_duration,
    is_ca,
    issue,
    load_key,
    new_key,
    validity,
)
from sandbox.openshift.reactions.olm import installed
from sandbox.openshift.reactions.workloads import deployment
from sandbox.shapes import list_in, map_in

PACKAGE = "openshift-cert-manager-operator"
OPERANDS = "cert-manager"
REQUEST = "sandbox/certificate-request"
"""Annotation on the Secret: what the certificate in it was issued for, so that a change is noticed."""
_NOT_IN_REQUEST = {
    "secretTemplate",
    "renewBefore",
    "renewBeforePercentage",
    "revisionHistoryLimit",
    "secretName",
}


def react(objects: Objects) -> list[Effect]:
    effects = operands(objects)
    controller = objects.get(DEPLOYMENT, "cert-manager", OPERANDS)
    if not installed(objects, PACKAGE) or not controller or condition(controller, "Available") != "True":
        return effects
    for kind in (ISSUER, CLUSTER_ISSUER):
        for issuer in objects.all(kind):
            effects += _issuer(objects, issuer)
    for certificate in objects.all(CERTIFICATE):
        effects += _certificate(objects, certificate)
    return effects


def operands(objects: Objects) -> list[Effect]:
    """What the operator makes."""
    if not installed(objects, PACKAGE):
        return []
    effects = ensure(objects, new(NAMESPACE, OPERANDS))
    for name in ("cert-manager", "cert-manager-cainjector", "cert-manager-webhook"):
        effects += ensure(objects, deployment(name, OPERANDS, image="cert-manager"))
    ports = [{"name": "https", "port": 443, "targetPort": 10250}]
    service = {"selector": {"app": "cert-manager-webhook"}, "ports": ports}
    return effects + ensure(objects, new(SERVICE, "cert-manager-webhook", OPERANDS, spec=service))


def _issuer(objects: Objects, issuer: Manifest) -> list[Effect]:
    ready, reason, message = _issuer_state(objects, issuer)
    return put_changed(
        issuer, with_status(issuer, conditions=_ready_conditions(issuer, ready, reason, message))
    )


def _ready_conditions(live: Manifest, ready: bool, reason: str, message: str) -> list[Manifest]:
    """Ready and the conditions beside it; it says of which generation it is, and nothing where there is nothing to say."""
    return [
        {key: value for key, value in item.items() if value != ""}
        | ({"observedGeneration": live["metadata"]["generation"]} if item["type"] == "Ready" else {})
        for item in conditions(live, ("Ready", ready, reason, message))
    ]


def _issuer_state(objects: Objects, issuer: Manifest) -> tuple[bool, str, str]:
    spec = map_in(issuer, "spec")
    if "selfSigned" in spec:
        return True, "IsReady", ""
    if "ca" not in spec:
        return False, "NotInSandbox", "the sandbox issues from selfSigned and ca only"
    namespace = issuer["metadata"].get("namespace", OPERANDS)
    name = spec["ca"].get("secretName", "")
    secret = objects.get(SECRET, name, namespace)
    if secret is None:
        return (
            False,
            "ErrGetKeyPair",
            f'Error getting keypair for CA issuer: secrets "{name}" not found',
        )
    if not is_ca(_pair(secret).chain):
        return (
            False,
            "ErrInvalidKeyPair",
            f'Error getting keypair for CA issuer: certificate in "{name}" is not a CA',
        )
    return True, "KeyPairVerified", "Signing CA verified"


def _certificate(objects: Objects, certificate: Manifest) -> list[Effect]:
    metadata, spec = certificate["metadata"], certificate["spec"]
    secret = objects.get(SECRET, spec["secretName"], metadata["namespace"])
    if secret and not _due(certificate, secret):
        # None for a certificate that found its Secret: the revision counts what was issued for this object.
        return put_changed(
            certificate, _ready(certificate, secret, certificate.get("status", {}).get("revision"))
        )
    reference = spec["issuerRef"]
    kind = CLUSTER_ISSUER if reference.get("kind") == "ClusterIssuer" else ISSUER
    namespace = metadata["namespace"] if kind is ISSUER else ""
    issuer = objects.get(kind, reference["name"], namespace)
    if issuer is None or condition(issuer, "Ready") != "True":
        why = "not found" if issuer is None else "not ready"
        message = f'Referenced "{kind.kind}" {why}: "{reference["name"]}"'
        waiting = _ready_conditions(certificate, False, "DoesNotExist", message)
        return put_changed(certificate, with_status(certificate, conditions=waiting))
    ca = None
    if "ca" in issuer["spec"]:
        holder = objects.get(SECRET, issuer["spec"]["ca"]["secretName"], namespace or OPERANDS)
        if holder is None:
            return []
        ca = _pair(holder)
    fresh = _issued(certificate, secret, ca)
    revision = certificate.get("status", {}).get("revision", 0) + 1
    return [Put(fresh), Put(_ready(certificate, fresh, revision))]


def _due(certificate: Manifest, secret: Manifest) -> bool:
    if condition(certificate, "Issuing") == "True" or annotation(secret, REQUEST) != _request(certificate):
        return True
    renewal = certificate.get("status", {}).get("renewalTime")
    return bool(renewal) and renewal <= _text(datetime.now(UTC))


def _request(certificate: Manifest) -> str:
    wanted = {key: value for key, value in certificate["spec"].items() if key not in _NOT_IN_REQUEST}
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()


def _issued(certificate: Manifest, secret: Manifest | None, ca: Pair | None) -> Manifest:
    metadata, spec = certificate["metadata"], certificate["spec"]
    wanted_key = map_in(spec, "privateKey")
    # Since 1.18 a new key comes with every certificate unless the policy says Never.
    keep = wanted_key.get("rotationPolicy") == "Never" and secret is not None
    pair = issue(spec, load_key(_pair(secret).key) if keep and secret else new_key(wanted_key), ca)
    template = map_in(spec, "secretTemplate")
    content = {"tls.crt": pair.chain, "tls.key": pair.key, "ca.crt": pair.root}
    annotations = {
        **map_in(template, "annotations"),
        "cert-manager.io/certificate-name": metadata["name"],
        "cert-manager.io/issuer-name": spec["issuerRef"]["name"],
        "cert-manager.io/issuer-kind": spec["issuerRef"].get("kind", "Issuer"),
        "cert-manager.io/issuer-group": spec["issuerRef"].get("group", ""),
        "cert-manager.io/common-name": spec.get("commonName", ""),
        "cert-manager.io/alt-names": ",".join(list_in(spec, "dnsNames")),
        "cert-manager.io/ip-sans": ",".join(list_in(spec, "ipAddresses")),
        "cert-manager.io/uri-sans": ",".join(list_in(spec, "uris")),
        REQUEST: _request(certificate),
    }
    fresh = new(
        SECRET,
        spec["secretName"],
        metadata["namespace"],
        labels={**map_in(template, "labels"), "controller.cert-manager.io/fao": "true"},
        annotations=annotations,
        type="kubernetes.io/tls",
        data={name: base64.b64encode(text.encode()).decode() for name, text in content.items()},
    )
    if secret is None:
        return fresh
    return {**secret, "data": fresh["data"], "metadata": {**secret["metadata"], "annotations": annotations}}


def _ready(certificate: Manifest, secret: Manifest, revision: int | None) -> Manifest:
    """The certificate with the status that follows from its Secret; the revision counts what was issued."""
    start, end = validity(_pair(secret).chain)
    before = certificate["spec"].get("renewBefore")
    renewal = end - (go_duration(before) if before else (end - start) / 3)
    words = "Certificate is up to date and has not expired"
    ready = _ready_conditions(certificate, True, "Ready", words)
    return with_status(
        certificate,
        conditions=[item for item in ready if item["type"] != "Issuing"],
        notBefore=_text(start),
        notAfter=_text(end),
        renewalTime=_text(renewal),
        **({"revision": revision} if revision else {}),
    )


def _pair(secret: Manifest) -> Pair:
    data = {name: base64.b64decode(value).decode() for name, value in map_in(secret, "data").items()}
    return Pair(
        chain=data.get("tls.crt", ""),
        key=data.get("tls.key", ""),
        root=data.get("ca.crt") or data.get("tls.crt", ""),
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
