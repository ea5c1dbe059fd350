"""Whether the API server takes an object: its kind's rules, CRD schemas, and the webhooks of installed operators."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from sandbox.openshift import kind_rules, metadata_rules, schemas
from sandbox.openshift.kinds import (
    CERTIFICATE,
    CLUSTER_ISSUER,
    DEPLOYMENT,
    ISSUER,
    KATA_CONFIG,
    NAMESPACE,
    ObjectKind,
)
from sandbox.openshift.objects import Manifest, Objects, condition
from sandbox.openshift.reactions.certificates import go_duration
from sandbox.provider import Refused
from sandbox.shapes import list_in, map_in


def admit(kind: ObjectKind, manifest: Manifest, live: Manifest | None, objects: Objects) -> None:
    """Raises Refused with the API server's answer. `live` is what the object is so far, `objects` the cluster as it is."""
    name, namespace = manifest["metadata"]["name"], manifest["metadata"].get("namespace", "")
    if unknown := schemas.unknown_fields(kind, manifest):
        fields = ", ".join(f'unknown field "{field}"' for field in unknown)
        raise Refused(
            "BadRequest", f'{kind.kind} "{name}": strict decoding error: {fields} ({schemas.hint(kind)})'
        )
    found = problems(kind, manifest)
    if live:
        found += kind_rules.immutable_problems(kind, live, manifest)
    if found:
        text = found[0] if len(found) == 1 else f"[{', '.join(found)}]"
        full = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        raise Refused("Invalid", f'{full} "{name}" is invalid: {text}')
    if kind.namespaced and objects.get(NAMESPACE, namespace) is None:
        raise Refused("NotFound", f'namespaces "{namespace}" not found')
    if kind in _CERT_MANAGER and (answer := _untrusted(objects)):
        raise Refused("InternalError", answer)
    if answer := denial(kind, manifest, objects):
        raise Refused("Forbidden", answer)


def problems(kind: ObjectKind, manifest: Manifest) -> list[str]:
    """What is wrong with an object whatever else the cluster holds, as `<path>: <reason>`.

    The rules of a kind come last: they may rely on the types that the schema holds.
    """
    found = list(schemas.problems(kind, manifest))
    if found:
        return found
    return [*metadata_rules.problems(kind, manifest), *kind_rules.problems(kind, manifest)]


def _untrusted(objects: Objects) -> str | None:
    """The webhook of cert-manager answers before the cainjector has told the API server its authority."""
    injector = objects.get(DEPLOYMENT, "cert-manager-cainjector", "cert-manager")
    if injector is None or condition(injector, "Available") == "True":
        return None
    return (
        'failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post '
        '"https://cert-manager-webhook.cert-manager.svc:443/validate?timeout=30s": tls: failed to verify certificate: x509: '
        "certificate signed by unknown authority"
    )


def denial(kind: ObjectKind, manifest: Manifest, objects: Objects) -> str | None:
    """The answer of a validating webhook that refuses the object. `objects` is the cluster without this change."""
    if kind is KATA_CONFIG:
        others = [item["metadata"]["name"] for item in objects.all(KATA_CONFIG)]
        if others and manifest["metadata"]["name"] not in others:
            return (
                'admission webhook "vkataconfig.kb.io" denied the request: a KataConfig instance already exists '
                f"({others[0]}), refusing to create a duplicate"
            )
    webhook = objects.get(DEPLOYMENT, "cert-manager-webhook", "cert-manager")
    if webhook and (rule := _CERT_MANAGER.get(kind)) and (problem := next(rule(manifest["spec"]), None)):
        return f'admission webhook "webhook.cert-manager.io" denied the request: {problem}'
    return None


def _certificate(spec: Manifest) -> Iterator[str]:
    names = (
        "commonName",
        "dnsNames",
        "uris",
        "ipAddresses",
        "emailAddresses",
        "otherNames",
        "literalSubject",
    )
    if not any(spec.get(name) for name in names):
        yield f"spec: Invalid value: at least one of {', '.join(names)} must be set"
    if len((spec.get("commonName") or "").encode()) > 64:
        yield f'spec.commonName: Too long: "{spec["commonName"]}" has more than 64 bytes'
    if not spec.get("secretName"):
        yield "spec.secretName: Required value: must be specified"
    for place, address in enumerate(list_in(spec, "ipAddresses")):
        if not _is_address(address):
            yield f'spec.ipAddresses[{place}]: Invalid value: "{address}": invalid IP address'
    try:
        duration = go_duration(spec.get("duration") or "2160h")
        before = go_duration(spec["renewBefore"]) if spec.get("renewBefore") else None
    except ValueError as error:
        yield f"spec.duration: Invalid value: {error}"
        return
    if duration < go_duration("1h"):
        yield f"spec.duration: Invalid value: {spec['duration']}: certificate duration must be greater than 1h0m0s"
    if before and before >= duration:
        yield f"spec.renewBefore: Invalid value: {spec['renewBefore']}: must be shorter than the duration"
    key = map_in(spec, "privateKey")
    algorithm, size = key.get("algorithm") or "RSA", key.get("size")
    if algorithm == "RSA" and size and not 2048 <= size <= 8192:
        yield f"spec.privateKey.size: Invalid value: {size}: must be between 2048 and 8192 for rsa keyAlgorithm"
    if algorithm == "ECDSA" and size and size not in (256, 384, 521):
        yield f"spec.privateKey.size: Unsupported value: {size}: supported values: 256, 384, 521"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _issuer(spec: Manifest) -> Iterator[str]:
    kinds = [name for name in ("acme", "ca", "selfSigned", "vault", "venafi") if name in spec]
    if len(kinds) != 1:
        yield f"spec: Required value: exactly one issuer type must be configured, found {', '.join(kinds) or 'none'}"


_CERT_MANAGER: dict[ObjectKind, Callable[[Manifest], Iterator[str]]] = {
    CERTIFICATE: _certificate,
    ISSUER: _issuer,
    CLUSTER_ISSUER: _issuer,
}
