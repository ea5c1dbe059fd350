"""Evidence made for tests, signed by throw-away vendors: right in every part, or wrong in one."""

import base64
import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tools.platform_values.judging import Vendors

NOW = datetime(2026, 11, 26, tzinfo=UTC)
KEY = bytes.fromhex("94" * 48)
CHIP = bytes(range(64))
AMD = "1.3.6.1.4.1.3704.1"
TCB = {"bootloader": 4, "tee": 0, "snp": 24, "microcode": 219}
QUOTING_ENCLAVE = bytes.fromhex("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5")


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(
    subject: str,
    key: Any,
    issuer: str,
    issuer_key: Any,
    extensions: Mapping[str, bytes] = {},
    *,
    days: int = 3650,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=365))
        .not_valid_after(NOW + timedelta(days=days))
    )
    for oid, value in extensions.items():
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical=False
        )
    if isinstance(issuer_key, rsa.RSAPrivateKey):
        scheme = padding.PSS(mgf=padding.MGF1(SHA384()), salt_length=48)
        return builder.sign(issuer_key, SHA384(), rsa_padding=scheme)
    return builder.sign(issuer_key, SHA256())


@dataclass(frozen=True)
class Keys:
    """One throw-away vendor of each kind, and the machine's own."""

    ark: Any
    ask: Any
    vcek: Any
    intel: Any
    platform: Any
    pck: Any
    quote: Any
    ak: Any


@cache
def keys() -> Keys:
    def on_curve(curve: Any) -> Any:
        return ec.generate_private_key(curve())

    def of_rsa() -> Any:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    p256 = ec.SECP256R1
    return Keys(
        ark=of_rsa(),
        ask=of_rsa(),
        vcek=on_curve(ec.SECP384R1),
        intel=on_curve(p256),
        platform=on_curve(p256),
        pck=on_curve(p256),
        quote=on_curve(p256),
        ak=of_rsa(),
    )


@cache
def amd_chain() -> tuple[x509.Certificate, x509.Certificate]:
    made = keys()
    ark = certificate("ARK-Milan", made.ark, "ARK-Milan", made.ark)
    return certificate("SEV-Milan", made.ask, "ARK-Milan", made.ark), ark


@cache
def intel_root() -> x509.Certificate:
    return certificate("Intel SGX Root CA", keys().intel, "Intel SGX Root CA", keys().intel)


def vendors(fetched: bytes | None = None) -> Vendors:
    def fetch(address: str) -> bytes:
        if fetched is None:
            raise OSError(f"no way to {address.partition('?')[0][:30]}")
        return fetched

    return Vendors(amd={"milan": amd_chain()}, intel=intel_root(), fetch=fetch)


def der_integer(number: int) -> bytes:
    raw = number.to_bytes((number.bit_length() + 8) // 8 or 1)
    return bytes([2, len(raw)]) + raw


def vcek(
    chip: bytes = CHIP, tcb: Mapping[str, int] = TCB, *, issuer_key: Any = None, days: int = 3650
) -> x509.Certificate:
    numbers = {"bootloader": "3.1", "tee": "3.2", "snp": "3.3", "microcode": "3.8"}
    extensions = {f"{AMD}.{oid}": der_integer(tcb[part]) for part, oid in numbers.items()} | {
        f"{AMD}.4": chip
    }
    return certificate("SEV-VCEK", keys().vcek, "SEV-Milan", issuer_key or keys().ask, extensions, days=days)


def runtime(ak: Any = None) -> bytes:
    numbers = (ak or keys().ak).public_key().public_numbers()

    def text(number: int) -> str:
        return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode().rstrip("=")

    key = {"kid": "HCLAkPub", "kty": "RSA", "e": text(numbers.e), "n": text(numbers.n)}
    return json.dumps({"keys": [key], "vm-configuration": {"secure-boot": True}}).encode()


@dataclass(frozen=True, kw_only=True)
class Snp:
    """The fields of a report, all right unless said otherwise."""

    version: int = 3
    guest_svn: int = 12
    policy: int = 0x3001F
    vmpl: int = 0
    key_info: int = 0
    measurement: bytes = b"m" * 48
    id_key_digest: bytes = KEY
    tcb: Mapping[str, int] = field(default_factory=lambda: TCB)
    cpu: tuple[int, int] = (0x19, 0x01)
    chip: bytes = CHIP
    report_data: bytes | None = None

    def report(self, runtime_data: bytes, key: Any = None) -> bytes:
        raw = bytearray(1184)
        struct.pack_into("<IIQ", raw, 0, self.version, self.guest_svn, self.policy)
        struct.pack_into("<I", raw, 0x30, self.vmpl)
        struct.pack_into("<I", raw, 0x48, self.key_info)
        raw[0x50:0x90] = self.report_data or hashlib.sha256(runtime_data).digest() + bytes(32)
        raw[0x90:0xC0] = self.measurement
        raw[0xE0:0x110] = self.id_key_digest
        raw[0x180:0x188] = bytes(
            [self.tcb["bootloader"], self.tcb["tee"], 0, 0, 0, 0, self.tcb["snp"], self.tcb["microcode"]]
        )
        raw[0x188:0x18A] = bytes(self.cpu)
        raw[0x1A0:0x1E0] = self.chip
        r, s = decode_dss_signature((key or keys().vcek).sign(bytes(raw[:0x2A0]), ec.ECDSA(SHA384())))
        raw[0x2A0 : 0x2A0 + 144] = r.to_bytes(72, "little") + s.to_bytes(72, "little")
        return bytes(raw)


def hcl(report: bytes, runtime_data: bytes, kind: int = 2) -> bytes:
    header = b"HCLA" + struct.pack("<7I", 2, 1184, 2, 0, 0, 0, 0)
    body = report.ljust(1184, b"\0")
    return (
        header
        + body
        + struct.pack("<5I", len(runtime_data) + 20, 1, kind, 1, len(runtime_data))
        + runtime_data
    )


def tpm_quote(key: Any = None) -> dict[str, str]:
    message = b"a quote of the vTPM"
    return {
        "message": message.hex(),
        "signature": (key or keys().ak).sign(message, padding.PKCS1v15(), SHA256()).hex(),
    }


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def snp_evidence(
    report: Snp = Snp(),
    *,
    certificate: x509.Certificate | None = None,
    signer: Any = None,
    quoter: Any = None,
) -> dict[str, Any]:
    data = runtime()
    return {
        "version": 1,
        "tpm_quote": tpm_quote(quoter),
        "hcl_report": b64(hcl(report.report(data, signer), data)),
        "vcek": b64((certificate or vcek()).public_bytes(Encoding.DER)),
    }


@dataclass(frozen=True, kw_only=True)
class Td:
    """The fields of a TDX quote, all right unless said otherwise."""

    version: int = 4
    mrsigner_seam: bytes = bytes(48)
    attributes: int = 0
    mr_td: bytes = b"\x02" * 48
    enclave_signer: bytes = QUOTING_ENCLAVE
    enclave_flags: int = 0x15
    bound: bool = True
    root: x509.Certificate | None = None
    report_data: bytes | None = None
    fmspc: bytes = bytes.fromhex("00806f050000")

    def quote(self, runtime_data: bytes, key: Any = None, pck: Any = None) -> bytes:
        made = keys()
        body = bytearray(584)
        body[64:112] = self.mrsigner_seam
        body[120:128] = self.attributes.to_bytes(8, "little")
        body[136:184] = self.mr_td
        body[520:584] = self.report_data or hashlib.sha256(runtime_data).digest() + bytes(32)
        vendor = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
        signed = struct.pack("<HHI", self.version, 2, 0x81) + bytes(4) + vendor + bytes(20) + bytes(body)
        public = made.quote.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        enclave = bytearray(384)
        enclave[48] = self.enclave_flags
        enclave[128:160] = self.enclave_signer
        extra = b"authentication data"
        enclave[320:352] = hashlib.sha256(public + (extra if self.bound else b"")).digest()
        sgx = bytes.fromhex("060a2a864886f84d010d0104" + "0406") + self.fmspc
        leaf = certificate(
            "Intel SGX PCK Certificate",
            made.pck,
            "Intel SGX PCK Platform CA",
            made.platform,
            {"1.2.840.113741.1.13.1": sgx},
        )
        platform = certificate("Intel SGX PCK Platform CA", made.platform, "Intel SGX Root CA", made.intel)
        chain = b"".join(
            one.public_bytes(Encoding.PEM) for one in (leaf, platform, self.root or intel_root())
        )
        inner = (
            bytes(enclave)
            + raw_signature(pck or made.pck, bytes(enclave))
            + struct.pack("<H", len(extra)) + extra
            + struct.pack("<HI", 5, len(chain)) + chain
        )  # fmt: skip
        tail = raw_signature(key or made.quote, signed) + public + struct.pack("<HI", 6, len(inner)) + inner
        return signed + struct.pack("<I", len(tail)) + tail


def raw_signature(key: Any, data: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def tdx_evidence(quote: Td = Td(), **signers: Any) -> dict[str, Any]:
    data = runtime()
    return {
        "version": 1,
        "tpm_quote": tpm_quote(),
        "hcl_report": b64(hcl(b"", data, kind=4)),
        "td_quote": b64(quote.quote(data, **signers)),
    }
