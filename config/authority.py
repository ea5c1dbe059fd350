"""The file with the authority of the KBS's certificate, where a ClusterIssuer that is there already signs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from config.files import reason
from config.rule import Mistake, Rule
from config.sections import IssuerSection
from model.attestation import pinned


@dataclass(kw_only=True)
class Authority:
    """``pem`` is there once the rules were asked of a stack that names such a file. `now` decides whether it has expired."""

    root: Path
    now: datetime
    pem: str | None = None

    def rules(self) -> tuple[Rule, ...]:
        return (Rule(keys=("trustee.issuer",), check=self._read),)

    def _read(self, issuer: IssuerSection | None) -> Iterator[Mistake]:
        if issuer is None:
            return
        key = "trustee.issuer.ca"
        try:
            pem = pinned.ca_certificate((self.root / issuer.ca).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            rule, fix = (
                "must be a text file in the project",
                f"correct the path, which is relative to the project's root ({reason(error)})",
            )
            yield Mistake(key=key, value=issuer.ca, rule=rule, fix=fix)
            return
        except pinned.InitdataError as error:
            yield Mistake(
                key=key, value=issuer.ca, rule="must hold the CA certificate that guests pin", fix=str(error)
            )
            return
        end = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
        if end <= self.now:
            yield Mistake(
                key=key,
                value=issuer.ca,
                rule=f"must hold a certificate that is valid, and this one ended on {end:%Y-%m-%d}",
                fix="take the authority's present certificate; it changes what every pod measures (docs/clusters.md)",
            )
        else:
            self.pem = pem
