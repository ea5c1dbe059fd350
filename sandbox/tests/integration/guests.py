"""What a guest brings to a real KBS: an attestation token, signed as the KBS's own attestation service signs them, with a key to
encrypt the answer to; or the guest's client itself.
"""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwe, jwt
from joserfc.jwk import ECKey

from sandbox.trustee.client import Answer, KbsClient
from sandbox.trustee.process import Running, running
from sandbox.trustee.source import DeployedTrustee
from tests.model.attestation import evidence
from tests.rego import token

ROOT = Path(__file__).parents[3]
HUB = "dev-hub"
GOOD = {"executables": 3, "hardware": 2, "configuration": 2}
"""What the attestation policy says of a guest that it affirms."""
TEE_KEY = ECKey.generate_key("P-256")
_JWE = ["ECDH-ES+A256KW", "A256GCM"]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"the program {program} is not on PATH")


def signed(bearer: Mapping[str, Any], pair: Mapping[str, bytes], *, expires: float = 300) -> str:
    """`bearer` (its `submods`) as a JWT. `pair` holds `tls.key` and `tls.crt` in PEM, `expires` is in seconds from now."""
    key = ECKey.import_key(pair["tls.key"].decode())
    leaf = x509.load_pem_x509_certificate(pair["tls.crt"]).public_bytes(Encoding.DER)
    submods = {name: dict(submod) for name, submod in bearer["submods"].items()}
    public = {**TEE_KEY.as_dict(private=False), "alg": "ECDH-ES+A256KW"}
    submods["cpu0"]["ear.veraison.annotated-evidence"] = {
        **submods["cpu0"]["ear.veraison.annotated-evidence"],
        "runtime_data_claims": {"tee-pubkey": public},
    }
    header = {
        "alg": "ES256",
        "typ": "JWT",
        "jwk": {
            **key.as_dict(private=False),
            "alg": "ES256",
            "x5c": [base64.b64encode(leaf).decode()],
        },
    }
    now = int(time.time())
    return jwt.encode(header, {"submods": submods, "iat": now, "exp": now + int(expires)}, key)


@contextmanager
def started(trustee: DeployedTrustee, log: Path) -> Iterator[Running]:
    """Its KBS; what that prints goes to the file `log`."""
    with log.open("wb") as file, running(trustee, log=file) as kbs:
        yield kbs


def client_of(trustee: DeployedTrustee, kbs: Running) -> KbsClient:
    return KbsClient(host=trustee.host, address=("127.0.0.1", kbs.port), ca=trustee.ca)


def guest(trustee: DeployedTrustee, pcr8: str, vector: dict[str, int] = GOOD, **options: Any) -> str:
    """A token as the hub's attestation service would sign it for a guest that measured `pcr8`."""
    pair = trustee.deployment.secrets["kbs-attestation-token"]
    return signed(token(vector, {**evidence.MILAN, "init_data": pcr8}), pair, **options)


def with_document(trustee: DeployedTrustee, config_map: str, key: str, text: str) -> DeployedTrustee:
    maps = {**trustee.deployment.config_maps, config_map: {key: text}}
    return replace(trustee, deployment=replace(trustee.deployment, config_maps=maps))


def bearing(client: KbsClient, jwt: str) -> KbsClient:
    return replace(client, headers={"Authorization": f"Bearer {jwt}"})


def opened(answer: Answer) -> bytes:
    """The resource in an answer that was encrypted to TEE_KEY."""
    assert answer.status == 200, answer
    assert isinstance(answer.body, dict)
    plaintext = jwe.decrypt_json(answer.body, TEE_KEY, algorithms=_JWE).plaintext  # pyright: ignore[reportArgumentType]
    assert plaintext is not None
    return plaintext


def attester(url: str, proxy: str, ca: Path, path: str, initdata: str | None = None) -> bytes | None:
    """What the guest's client gets for kbs:///`path` with the evidence of no TEE; None where it is refused."""
    command = [
        "trustee-attester",
        "--url",
        url,
        "--cert-file",
        str(ca),
        "get-resource",
        "--path",
        f"kbs:///{path}",
    ]
    if initdata is not None:
        command += ["--initdata", initdata]
    environment = {**os.environ, "HTTPS_PROXY": proxy, "NO_PROXY": "", "RUST_LOG": "off"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    if done.returncode == 0:
        return base64.b64decode(done.stdout)
    assert b"request unauthorized" in done.stderr, done.stderr.decode()
    return None


def claims_of(jwt: str) -> dict[str, Any]:
    """The content of a JWT, unverified."""
    body = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
