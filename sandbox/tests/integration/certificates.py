"""What cert-manager made of a Certificate, without what is drawn anew each time: keys, serial numbers, moments."""

import base64
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

Manifest = dict[str, Any]
MOMENTS = ("notBefore", "notAfter", "renewalTime")
# Only the model notes in the Secret what it was issued for; cert-manager keeps its CertificateRequests for that.
OF_THE_MODEL = {"sandbox/certificate-request"}


def described(certificate: Manifest, secret: Manifest) -> dict[str, Any]:
    data = {key: base64.b64decode(value) for key, value in secret["data"].items()}
    chain = x509.load_pem_x509_certificates(data["tls.crt"])
    leaf, status = chain[0], certificate["status"]
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    hash_ = leaf.signature_hash_algorithm
    annotations = secret["metadata"]["annotations"]
    return {
        "length of the chain": len(chain),
        "subject": leaf.subject.rfc4514_string(),
        "issuer": leaf.issuer.rfc4514_string(),
        "key": (key.curve.name, data["tls.key"].splitlines()[0]),
        "signature": hash_ and hash_.name,
        "seconds": (leaf.not_valid_after_utc - leaf.not_valid_before_utc).total_seconds(),
        "extensions": [(one.oid.dotted_string, one.critical, _value(one)) for one in leaf.extensions],
        "data": sorted(data),
        "authority": x509.load_pem_x509_certificate(data["ca.crt"]).subject.rfc4514_string(),
        "type": secret["type"],
        "labels": secret["metadata"].get("labels"),
        "annotations": {name: text for name, text in annotations.items() if name not in OF_THE_MODEL},
        "status": {name: name in MOMENTS or value for name, value in status.items() if name != "conditions"},
        "conditions": conditions(certificate),
    }


def conditions(manifest: Manifest) -> list[Manifest]:
    return [
        {key: value for key, value in item.items() if key != "lastTransitionTime"}
        for item in manifest["status"]["conditions"]
    ]


def of_all(certificates: list[Manifest], secret: Callable[[str, str], Manifest]) -> dict[str, Any]:
    """By name; `secret` reads one by namespace and name."""
    return {
        one["metadata"]["name"]: described(
            one, secret(one["metadata"]["namespace"], one["spec"]["secretName"])
        )
        for one in certificates
    }


def _value(extension: Any) -> str:
    """Identifiers of keys are of keys that are drawn."""
    return "" if "KeyIdentifier" in type(extension.value).__name__ else str(extension.value)
