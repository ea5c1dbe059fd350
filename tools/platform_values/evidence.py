"""Evidence, wherever it is: in files that a guest or the vTPM's tools wrote, and in the KBS's log.

Forms: the evidence of az-snp-vtpm and az-tdx-vtpm, versions 0 to 2 (confidential-containers/trustee, deps/verifier/src/az_snp_vtpm and
az_tdx_vtpm, compat.rs), by itself or anywhere in the JSON of a log; HCL data as tpm2_nvread writes it; the answers of Azure's instance
metadata service with certificates (/metadata/THIM/amd/certification) and with a quote (/acc/tdquote).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from cryptography import x509

from tools.platform_values import certificates, hcl
from tools.platform_values.certificates import base64_any
from tools.platform_values.hcl import HclData
from tools.platform_values.refused import EvidenceRefused


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """`source`: the file. `tpm_quote`: message and signature, where the guest asked its vTPM for a quote. `vcek`: None where AMD's
    service has to be asked. `td_quote`: of TDX.
    """

    source: str
    hcl: HclData
    tpm_quote: tuple[bytes, bytes] | None = None
    vcek: x509.Certificate | None = None
    td_quote: bytes | None = None


def read(files: Sequence[Path]) -> list[Evidence]:
    """All the evidence in `files`. HCL data goes with the certificate and the quote among them. Raises EvidenceRefused."""
    found: list[Evidence] = []
    data: list[tuple[str, HclData]] = []
    vceks: list[x509.Certificate] = []
    quotes: list[bytes] = []
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            raise EvidenceRefused(f"{file} cannot be read: {error.strerror}.") from error
        if raw.startswith(hcl.SIGNATURE):
            data.append((file.name, hcl.read(raw)))
        elif raw.lstrip().startswith(b"-----BEGIN"):
            vceks.append(certificates.load(raw)[0])
        else:
            before = len(found) + len(vceks) + len(quotes)
            for one in _objects(_text(file, raw)):
                if "vcekCert" in one:
                    vceks.append(certificates.load(str(one["vcekCert"]).encode())[0])
                elif "quote" in one and isinstance(one["quote"], str):
                    quotes.append(base64_any(one["quote"]))
                else:
                    found.append(_evidence(file.name, one))
            if len(found) + len(vceks) + len(quotes) == before:
                raise EvidenceRefused(
                    f"{file} holds no evidence: give the evidence of an az-snp-vtpm or az-tdx-vtpm guest as JSON, a log of the KBS with"
                    " RUST_LOG=debug, or HCL data with the answers of the metadata service (docs/operations.md)."
                )
    found += [_with(source, one, vceks, quotes) for source, one in data]
    if not found:
        raise EvidenceRefused("There is a certificate or a quote, and no HCL data that it belongs to.")
    return found


def _with(source: str, data: HclData, vceks: Sequence[x509.Certificate], quotes: Sequence[bytes]) -> Evidence:
    if data.kind == "snp":
        return Evidence(source=source, hcl=data, vcek=vceks[0] if vceks else None)
    if not quotes:
        raise EvidenceRefused(f"{source} is of a TDX guest: give the answer of /acc/tdquote as well.")
    return Evidence(source=source, hcl=data, td_quote=quotes[0])


def _text(file: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise EvidenceRefused(f"{file} is neither HCL data nor text.") from None


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The objects with evidence in any JSON in `text`, each once."""
    decoder, at, seen = json.JSONDecoder(), text.find("{"), set[str]()
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        for one in _inside(value):
            key = json.dumps(one, sort_keys=True)
            if key not in seen:
                seen.add(key)
                yield one
        at = text.find("{", end)


def _inside(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        table = cast(dict[str, Any], value)
        if (
            "hcl_report" in table
            or {"report", "vcek"} <= table.keys()
            or "vcekCert" in table
            or (isinstance(table.get("quote"), str) and table.keys() <= {"quote"})
        ):
            yield table
        else:
            for inner in table.values():
                yield from _inside(inner)
    elif isinstance(value, list):
        for inner in cast(list[object], value):
            yield from _inside(inner)
    elif isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            yield from _inside(json.loads(value))
        except (ValueError, RecursionError):
            return


def _evidence(source: str, table: Mapping[str, Any]) -> Evidence:
    try:
        data = hcl.read(_bytes(table.get("hcl_report", table.get("report"))))
        quote = table.get("tpm_quote", table.get("quote"))
        vcek = table.get("vcek")
        td_quote = table.get("td_quote")
        return Evidence(
            source=source,
            hcl=data,
            tpm_quote=(_octets(quote["message"]), _octets(quote["signature"])),
            vcek=None if vcek is None else _certificate(vcek),
            td_quote=None if td_quote is None else _bytes(td_quote),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise EvidenceRefused(
            f"The evidence in {source} has another form than az-snp-vtpm or az-tdx-vtpm, version 0 to 2 ({type(error).__name__})."
        ) from error


def _bytes(value: object) -> bytes:
    """Base64 (versions 1 and 2) or a list of numbers (version 0)."""
    return base64_any(value) if isinstance(value, str) else _numbers(value)


def _octets(value: object) -> bytes:
    """Hex (versions 1 and 2) or a list of numbers (version 0)."""
    return bytes.fromhex(value) if isinstance(value, str) else _numbers(value)


def _numbers(value: object) -> bytes:
    if not isinstance(value, list):
        raise TypeError
    return bytes(cast(list[int], value))


def _certificate(text: str) -> x509.Certificate:
    pem = text.lstrip().startswith("-----BEGIN")
    return certificates.load(text.encode() if pem else base64_any(text))[0]
