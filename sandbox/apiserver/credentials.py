"""Keys, certificates and tokens of one cluster, made once and kept in its folder for their owner only."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.openshift.reactions.certificates import issue, key_pem, new_key

ADMIN, OPERATORS = "admin", "cluster-operators"
"""Who the program is to the API server, and who plays OpenShift."""
_YEARS = "87600h"


@dataclass(frozen=True)
class Credentials:
    """PEM texts, and the bearer tokens of the two users."""

    ca: str
    certificate: str
    """For server and client, of everything on loopback that belongs to the cluster."""
    key: str
    service_account_key: str
    admin_token: str
    operators_token: str

    @classmethod
    def of(cls, folder: Path) -> Credentials:
        """Those of the cluster in `folder`, which are made when it has none."""
        path = folder / "credentials.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = _made()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, json.dumps(asdict(made)))
        tokens = {ADMIN: made.admin_token, OPERATORS: made.operators_token}
        lines = [f"{token},{user},{user},system:masters\n" for user, token in tokens.items()]
        write_private(folder / "tokens.csv", "".join(lines))
        write_private(folder / "ca.crt", made.ca)
        write_private(folder / "server.crt", made.certificate)
        write_private(folder / "server.key", made.key)
        write_private(folder / "service-accounts.key", made.service_account_key)
        return made


def _made() -> Credentials:
    elliptic = {"algorithm": "ECDSA"}
    ca_key = new_key(elliptic)
    # Another name than the server's: where subject and issuer are the same, TLS takes a certificate for self-signed.
    ca = issue({"commonName": "sandbox CA", "isCA": True, "duration": _YEARS}, ca_key, None)
    usages = ["digital signature", "server auth", "client auth"]
    names = {"dnsNames": ["localhost"], "ipAddresses": ["127.0.0.1"]}
    server = issue(
        {"commonName": "sandbox", "duration": _YEARS, "usages": usages, **names}, new_key(elliptic), ca
    )
    return Credentials(
        ca=ca.root,
        certificate=server.chain,
        key=server.key,
        service_account_key=key_pem(new_key({}), "PKCS1"),
        admin_token=secrets.token_urlsafe(32),
        operators_token=secrets.token_urlsafe(32),
    )


def write_private(path: Path, text: str) -> None:
    """For the owner's eyes only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
