"""The documents Trustee reads, in the form each version of its operator mounts them.

One table row per version. Sources: the Restricted templates of openshift/trustee-operator at the tags v1.0.0, v1.1.0 and
v1.2.1, and the configuration structures of confidential-containers/trustee v0.15, v0.17 and v0.21, which those
operators run. Secrets are mounted as cert-manager writes them: `tls.key` and `tls.crt`.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

AZURE_COLLATERAL_SERVICE: Final = "https://global.acccache.azure.net/sgx/certification/v4/"
"""Azure's cache of Intel's certification service, for TDX quotes of Azure hosts."""

_MIGRATED: Final = {"kbs.confidentialcontainers.org/migrated-from-v1.1.0": "v1.2.0"}

_SERVER: Final = """\
[http_server]
sockets = ["0.0.0.0:8080"]
insecure_http = false
private_key = "/etc/https-key/tls.key"
certificate = "/etc/https-cert/tls.crt"
worker_count = 4

[admin]
{admin}

[attestation_token]
{embedded_key} = false
attestation_token_type = "CoCo"
trusted_certs_paths = ["/etc/attestation-cert/tls.crt"]

[attestation_service]
type = "coco_as_builtin"
"""
_SIGNER: Final = """
[attestation_service.attestation_token_broker.signer]
key_path = "/etc/attestation-key/tls.key"
cert_path = "/etc/attestation-cert/tls.crt"

[attestation_service.rvps_config]
type = "BuiltIn"
"""
# The templates set duration_min in a table attestation_token_config that no version reads; the broker's own does work.
_UNTIL_1_1: Final = (
    _SERVER
    + """\
work_dir = "/opt/confidential-containers/attestation-service"
policy_engine = "opa"

[attestation_service.attestation_token_broker]
type = "Ear"
duration_min = {token_minutes}
policy_dir = "/opt/confidential-containers/attestation-service/policies"
"""
    + _SIGNER
    + """
[attestation_service.rvps_config.storage]
type = "LocalJson"
file_path = "/opt/confidential-containers/rvps/reference-values/reference-values.json"
"""
)
_VERIFIERS: Final = """
[attestation_service.verifier_config.snp_verifier]
vcek_sources = [{{ type = "OfflineStore" }}, {{ type = "KDS" }}]

[attestation_service.verifier_config.nvidia_verifier]
type = "Remote"
"""
_RESOURCES_UNTIL_1_1: Final = """
[[plugins]]
name = "resource"
type = "LocalFs"
dir_path = "/opt/confidential-containers/kbs/repository"

[policy_engine]
policy_path = "/opt/confidential-containers/opa/policy.rego"
"""
_FROM_1_2: Final = (
    _SERVER
    + """
[attestation_service.attestation_token_broker]
duration_min = {token_minutes}
"""
    + _SIGNER
    + """\
storage_type = "LocalJson"
"""
    + _VERIFIERS
    + """
[attestation_service.verifier_config.dcap_verifier]
collateral_service = "{collateral_service}"

[storage_backend]
storage_type = "LocalFs"

[storage_backend.backends.local_fs]
dir_path = "/opt/confidential-containers/storage"

[storage_backend.backends.local_json]
file_dir_path = "/opt/confidential-containers/storage/local_json"

[[plugins]]
name = "resource"
storage_backend_type = "kvstorage"
"""
)


class UnknownTrusteeVersion(ValueError):
    """No row of the table: the documents of that version are not known."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One Trustee version: the ConfigMap keys, the names of claims, and the form of each document.

    `migrated_annotation` keeps operator 1.2 from taking our ConfigMaps for leftovers of 1.1 and deleting them. They have it
    from the first version on: an upgraded operator looks at them before the program can rewrite them.
    `qcnl_key` is the ConfigMap key of the TDX collateral configuration where that is a document of its own.
    """

    version: str
    kbs_config_key: str = "kbs-config.toml"
    reference_values_key: str
    resource_policy_key: str
    attestation_policy_key: str = "default_cpu.rego"
    qcnl_key: str | None = None
    migrated_annotation: Mapping[str, str] = field(default_factory=lambda: dict(_MIGRATED))
    reference_values_are_data: bool = False
    """Whether a policy finds reference values in `data.reference`; later versions call `query_reference_value`."""
    hyphenated_claims: bool = True
    """Whether claims are rooted at `az-snp-vtpm`; up to 1.0 it is `azsnpvtpm`."""
    reference_values_are_encoded: bool = False
    """Whether reference values are an object of base64 texts; before, a list."""
    template: str
    admin: str
    embedded_key: str
    """The setting that would let a token bring its own verification key; always false."""

    def claim_root(self, tee: str) -> str:
        """The key under which an attestation policy's input holds the claims of `tee` (`az-snp-vtpm`, ...)."""
        return tee if self.hyphenated_claims else tee.replace("-", "")


_LAYOUTS: Final = {
    "1.0": Layout(
        version="1.0",
        reference_values_key="reference-values.json",
        resource_policy_key="policy.rego",
        qcnl_key="sgx_default_qcnl.conf",
        reference_values_are_data=True,
        hyphenated_claims=False,
        template=_UNTIL_1_1 + _RESOURCES_UNTIL_1_1,
        admin='insecure_api = false\nauth_public_key = "/etc/auth-secret/publicKey"',
        embedded_key="insecure_key",
    ),
    "1.1": Layout(
        version="1.1",
        reference_values_key="reference-values.json",
        resource_policy_key="policy.rego",
        qcnl_key="sgx_default_qcnl.conf",
        template=_UNTIL_1_1 + _VERIFIERS + _RESOURCES_UNTIL_1_1,
        admin='type = "DenyAll"',
        embedded_key="insecure_key",
    ),
    "1.2": Layout(
        version="1.2",
        reference_values_key="reference_value",
        resource_policy_key="resource-policy.rego",
        reference_values_are_encoded=True,
        template=_FROM_1_2,
        admin='authorization_mode = "DenyAll"',
        embedded_key="insecure_header_jwk",
    ),
}


def layout(minor: str) -> Layout:
    """The row for a release line such as `1.2` (`Version.minor`). Raises UnknownTrusteeVersion."""
    row = _LAYOUTS.get(minor)
    if row is None:
        raise UnknownTrusteeVersion(f"Trustee {minor!r} is not known; known are {', '.join(_LAYOUTS)}.")
    return row


def kbs_config(layout: Layout, *, token_minutes: int) -> str:
    """The KBS's own TOML."""
    return layout.template.format(
        admin=layout.admin,
        embedded_key=layout.embedded_key,
        token_minutes=token_minutes,
        collateral_service=AZURE_COLLATERAL_SERVICE,
    )


def qcnl(layout: Layout) -> str | None:
    """Where the TDX verifier gets its collateral, for `layout.qcnl_key`; None where `kbs_config` says it."""
    if layout.qcnl_key is None:
        return None
    return json.dumps({"collateral_service": AZURE_COLLATERAL_SERVICE}, indent=2) + "\n"


def reference_values(layout: Layout, values: Mapping[str, Sequence[str]], expiration: datetime) -> str:
    """The reference values as JSON; `expiration` must know its time zone.

    Only 1.0 looks at the expiration itself: later versions hand out expired values all the same, so the program
    refuses them before it comes to this (`ReferenceValues.problems`).
    """
    if expiration.tzinfo is None:
        raise ValueError(f"The expiration {expiration} has no time zone.")
    ends = expiration.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    entries = [
        {"version": "0.1.0", "name": name, "expiration": ends, "value": list(values[name])}
        for name in sorted(values)
    ]
    if not layout.reference_values_are_encoded:
        return json.dumps(entries, indent=2) + "\n"
    encoded = {
        str(entry["name"]): base64.urlsafe_b64encode(json.dumps(entry).encode("ascii")).decode("ascii")
        for entry in entries
    }
    return json.dumps(encoded, indent=2) + "\n"
