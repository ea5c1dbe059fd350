"""Whether the KBS would start from what is mounted: its configuration, the files that names, policies, reference values.

The layouts are those of the operator's templates at 1.0, 1.1 and 1.2. The sandbox knows them by itself, so that it can
disagree with the program. Policies are looked at no further than their package.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from sandbox.openshift.apply import at
from sandbox.openshift.kinds import CONFIG_MAP, SECRET
from sandbox.openshift.objects import Manifest, Objects
from sandbox.shapes import is_list, is_map, list_in, map_in

PAIRS = {
    "https": ("kbsHttpsKeySecretName", "kbsHttpsCertSecretName"),
    "attestation": ("kbsAttestationKeySecretName", "kbsAttestationCertSecretName"),
}
_REFERENCE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def since(version: str, first: str) -> bool:
    numbers = [tuple(int(part) for part in text.split(".")[:2]) for text in (version, first)]
    return numbers[0] >= numbers[1]


def exits(objects: Objects, config: Manifest, version: str) -> str | None:
    """With what the KBS container would exit; None when it would serve."""
    return next(_problems(objects, config, version), None)


def _problems(objects: Objects, config: Manifest, version: str) -> Iterator[str]:
    spec, namespace = config["spec"], config["metadata"]["namespace"]

    def text(field: str, key: str) -> str | None:
        return at(objects.get(CONFIG_MAP, spec.get(field) or "", namespace) or {}, ("data", key))

    latest = since(version, "1.2")
    policy_key = "resource-policy.rego" if latest else "policy.rego"
    values_key = "reference_value" if latest else "reference-values.json"
    for field, key in (
        ("kbsConfigMapName", "kbs-config.toml"),
        ("kbsResourcePolicyConfigMapName", policy_key),
        ("kbsAttestationPolicyConfigMapName", "default_cpu.rego"),
        ("kbsRvpsRefValuesConfigMapName", values_key),
    ):
        if spec.get(field) and text(field, key) is None:
            yield f"{spec[field]} has no key {key}, which Trustee {version} mounts as a file"
    try:
        settings = tomllib.loads(text("kbsConfigMapName", "kbs-config.toml") or "")
    except tomllib.TOMLDecodeError as error:
        yield f"kbs-config.toml: {error}"
        return
    mounted = _files(objects, config)
    for where, path in _paths(settings):
        if path not in mounted:
            yield f"kbs-config.toml: {where} = {path}, but no such file is mounted"
    if map_in(settings, "http_server").get("insecure_http") is not True and not at(
        settings, ("http_server", "private_key")
    ):
        yield "kbs-config.toml: http_server needs private_key and certificate, or insecure_http = true"
    yield from _admin(settings, version)
    for field, key, package in (
        ("kbsResourcePolicyConfigMapName", policy_key, "policy"),
        ("kbsAttestationPolicyConfigMapName", "default_cpu.rego", "policy"),
    ):
        rego = text(field, key)
        if rego is not None and not re.search(rf"^\s*package\s+{package}\s*$", rego, re.MULTILINE):
            yield f"{key} does not declare package {package}"
    values = text("kbsRvpsRefValuesConfigMapName", values_key)
    if values is not None:
        yield from _reference_values(values, latest)


def _files(objects: Objects, config: Manifest) -> set[str]:
    """The files from Secrets: their names are the Secret's own keys."""
    spec, namespace = config["spec"], config["metadata"]["namespace"]
    mounts = {"/etc/auth-secret": spec.get("kbsAuthSecretName")}
    for directory, (key, certificate) in PAIRS.items():
        if spec.get(key) and spec.get(certificate):
            mounts[f"/etc/{directory}-key"] = spec[key]
            mounts[f"/etc/{directory}-cert"] = spec[certificate]
    for entry in list_in(map_in(spec, "kbsLocalCertCacheSpec"), "secrets"):
        mounts[entry["mountPath"]] = entry["secretName"]
    return {
        f"{directory}/{key}"
        for directory, name in mounts.items()
        for key in (map_in(objects.get(SECRET, name or "", namespace) or {}, "data"))
    }


def _paths(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every setting that names a file below /etc."""
    if is_map(value):
        for key, item in value.items():
            yield from _paths(item, f"{where}.{key}" if where else key)
    elif is_list(value):
        for item in value:
            yield from _paths(item, where)
    elif isinstance(value, str) and value.startswith("/etc/"):
        yield where, value


def _admin(settings: dict[str, Any], version: str) -> Iterator[str]:
    """The admin interface is set differently in each release, and an unknown form is refused at the start."""
    admin = map_in(settings, "admin")
    if since(version, "1.2"):
        wanted, allowed = "authorization_mode", ("DenyAll", "AuthenticatedAuthorization", "InsecureAllowAll")
    elif since(version, "1.1"):
        wanted, allowed = "type", ("DenyAll", "Simple", "InsecureAllowAll")
    else:
        return
    if admin.get(wanted) not in allowed:
        yield f"kbs-config.toml: admin.{wanted} must be one of {', '.join(allowed)} for Trustee {version}"


def _reference_values(text: str, latest: bool) -> Iterator[str]:
    try:
        document = json.loads(text)
        if not latest:
            entries = {entry["name"]: entry for entry in document}
        else:
            entries = {
                name: json.loads(base64.b64decode(value, validate=True)) for name, value in document.items()
            }
    except (ValueError, binascii.Error, KeyError, TypeError, AttributeError) as error:
        form = "an object of name -> base64(JSON)" if latest else "an array of {name, expiration, value}"
        yield f"reference values are not {form}: {error}"
        return
    for name, entry in entries.items():
        if entry.get("name") != name or not _REFERENCE_NAME.fullmatch(name):
            yield f"reference value {name} calls itself {entry.get('name')}"
        if not _EXPIRATION.fullmatch(str(entry.get("expiration"))):
            yield f"reference value {name}: expiration {entry.get('expiration')} is not of the form 2027-12-31T00:00:00Z"
        if "value" not in entry:
            yield f"reference value {name} has no value"
