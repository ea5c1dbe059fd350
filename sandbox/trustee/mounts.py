"""The files that the Trustee operator puts before a KBS, from a KbsConfig and the objects it names.

Paths are those of trustee-operator 1.2.1 (internal/controller/common.go and kbsconfig_controller.go, cmd/secret-converter),
whose KBS is the one that is built from source today.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.shapes import list_in

_T = TypeVar("_T")

CONFIG = "/etc/kbs-config/kbs-config.toml"
STORAGE = "/opt/confidential-containers/storage"
RESOURCE_POLICY = f"{STORAGE}/kbs/resource-policy.rego"
ATTESTATION_POLICY = f"{STORAGE}/attestation_service_policy/default_cpu.rego"
REFERENCE_VALUES = f"{STORAGE}/local_json/reference_value"
_FILES = {
    "kbsResourcePolicyConfigMapName": RESOURCE_POLICY,
    "kbsAttestationPolicyConfigMapName": ATTESTATION_POLICY,
    "kbsGpuAttestationPolicyConfigMapName": f"{STORAGE}/attestation_service_policy/default_gpu.rego",
    "kbsRvpsRefValuesConfigMapName": REFERENCE_VALUES,
}
"""By field, where the key of a ConfigMap that has the file's name is mounted."""
_PAIRS = (
    ("kbsHttpsKeySecretName", "/etc/https-key", "kbsHttpsCertSecretName", "/etc/https-cert"),
    (
        "kbsAttestationKeySecretName",
        "/etc/attestation-key",
        "kbsAttestationCertSecretName",
        "/etc/attestation-cert",
    ),
)


class MountError(ValueError):
    """The documents cannot be laid out; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class TrusteeDeployment:
    """What a KbsConfig and its namespace hold: `spec`, and by name the data of ConfigMaps and (decoded) of Secrets."""

    spec: Mapping[str, Any]
    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, bytes]]


def files(deployment: TrusteeDeployment) -> dict[str, bytes]:
    """Content by absolute path in the pod. Raises MountError when something that is named is not there."""
    return dict(_files(deployment))


def _files(deployment: TrusteeDeployment) -> Iterator[tuple[str, bytes]]:
    spec = deployment.spec

    def config_map(field: str) -> Mapping[str, str]:
        return _named(deployment.config_maps, "ConfigMap", field, spec.get(field))

    def secret(field: str, name: object) -> Mapping[str, bytes]:
        return _named(deployment.secrets, "Secret", field, name)

    for key, text in config_map("kbsConfigMapName").items():
        yield f"/etc/kbs-config/{key}", text.encode()
    for field, path in _FILES.items():
        if spec.get(field):
            key, data = path.rpartition("/")[2], config_map(field)
            if key not in data:
                raise MountError(
                    f"{field}: {spec[field]} has no key {key} but {', '.join(data) or 'none'}, and Trustee 1.2 mounts that key: "
                    "a KBS of today cannot run on the documents of an earlier Trustee"
                )
            yield path, data[key].encode()
    directories = {"/etc/auth-secret": "kbsAuthSecretName"}
    for key_field, key_directory, certificate_field, certificate_directory in _PAIRS:
        if spec.get(key_field) and spec.get(certificate_field):
            directories |= {key_directory: key_field, certificate_directory: certificate_field}
    for directory, field in directories.items():
        for key, value in secret(field, spec.get(field)).items():
            yield f"{directory}/{key}", value
    for name in list_in(spec, "kbsSecretResources"):
        for key, value in secret("kbsSecretResources", name).items():
            if not key.startswith("."):  # the operator's secret-converter passes over hidden files
                yield f"{STORAGE}/repository/default\\x2F{name}\\x2F{key}", value


def _named(objects: Mapping[str, _T], kind: str, field: str, name: object) -> _T:
    if not isinstance(name, str) or name not in objects:
        raise MountError(f"{field}: there is no {kind} {name or '(none named)'}")
    return objects[name]
