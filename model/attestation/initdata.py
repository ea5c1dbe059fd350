"""Initdata: the document that tells a pod VM whom to trust and what its agent may be asked to do.

One TOML file holds `aa.toml` (attestation agent), `cdh.toml` (confidential data hub) and `policy.rego` (agent
policy). The guest measures the raw TOML into PCR8, so a different byte is a different workload identity: everything
here is deterministic, and `decode` gives back exactly what `render` was given. Format: initdata specification of
confidential-containers/trustee (kbs/docs/initdata.md), version 0.1.0.
"""

import base64
import binascii
import hashlib
import json
import re
import tomllib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from model.attestation import pinned
from model.attestation.image_pull import ImagePull, ImagePullError
from model.attestation.pinned import InitdataError
from model.digests import Pcr

VERSION: Final = "0.1.0"
ALGORITHMS: Final = ("sha256", "sha384", "sha512")
# Azure's userData holds 64 KB and is base64 once more, over text that is base64 already.
MAX_ENCODED_BYTES: Final = 64 * 1024 * 3 // 4
# For all but the agent policy: the KBS's address and its CA, each a few hundred bytes.
_ROOM_BESIDE_POLICY: Final = 4096
_MAX_TOML_BYTES: Final = 1024 * 1024
_NOTHING_ABOUT_IMAGES: Final = ImagePull()
_DOCUMENTS: Final = ("aa.toml", "cdh.toml", "policy.rego")
# RFC 1952: deflate, no name, no time, best compression, unknown operating system. gzip.compress writes another OS
# byte from Python 3.13 on, and every changed byte would roll every pod.
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"

_AA: Final = '''\
[token_configs.coco_as]
url = "{url}"

[token_configs.kbs]
url = "{url}"
cert = """
{ca}"""
'''
_CDH: Final = '''\
socket = "unix:///run/confidential-containers/cdh.sock"
credentials = []

[kbc]
name = "cc_kbc"
url = "{url}"
kbs_cert = """
{ca}"""
'''
_TOML: Final = """\
algorithm = "{algorithm}"
version = "{version}"

[data]
"aa.toml" = {aa}
"cdh.toml" = {cdh}
"policy.rego" = {policy}
"""


@dataclass(frozen=True, kw_only=True)
class Initdata:
    """One rendered document: `toml` is measured, `encoded` (base64 of gzip) travels, `digest` and `pcr8` are hex."""

    toml: str
    encoded: str
    algorithm: str
    digest: str
    pcr8: Pcr


@dataclass(frozen=True, kw_only=True)
class Documents:
    """The three inner documents as text, and what the guest reads from them."""

    aa: str
    cdh: str
    policy: str
    kbs_url: str
    kbs_ca: str
    image_pull: ImagePull


def check_size(agent_policy: str) -> None:
    """Raises InitdataError for a policy that no initdata could hold: before the KBS and its CA are there to render one."""
    size, limit = len(_packed(agent_policy)), MAX_ENCODED_BYTES - _ROOM_BESIDE_POLICY
    if size > limit:
        raise InitdataError(
            f"The agent policy packs to {size} bytes, and Azure's 64 KB of userData have {limit} for it: shorten it."
        )


def render(
    *,
    kbs_url: str,
    kbs_ca: str,
    agent_policy: str,
    image_pull: ImagePull = _NOTHING_ABOUT_IMAGES,
    algorithm: str = "sha256",
) -> Initdata:
    """The initdata that pins the KBS at `kbs_url` (https, no path) behind the CA `kbs_ca` (one PEM certificate).

    The CA and not the leaf is pinned, so that a renewed leaf changes no PCR8. Raises InitdataError.
    """
    url, ca = pinned.kbs_url(kbs_url), pinned.ca_certificate(kbs_ca)
    if algorithm not in ALGORITHMS:
        raise InitdataError(f"The initdata algorithm {algorithm!r} is none of {', '.join(ALGORITHMS)}.")
    if not agent_policy.strip():
        raise InitdataError("The initdata needs an agent policy: render one from the settings of a profile.")
    if re.search(r"[\ud800-\udfff]", agent_policy):
        raise InitdataError("The agent policy holds half a surrogate pair, which is not UTF-8 text.")
    aa = _AA.format(url=url, ca=ca)
    cdh = _CDH.format(url=url, ca=ca) + image_pull.toml()
    toml = _TOML.format(
        algorithm=algorithm,
        version=VERSION,
        aa=_literal(aa),
        cdh=_literal(cdh),
        policy=_literal(agent_policy),
    )
    wanted = Documents(aa=aa, cdh=cdh, policy=agent_policy, kbs_url=url, kbs_ca=ca, image_pull=image_pull)
    if documents(toml) != wanted:
        raise InitdataError(
            "The rendered initdata does not read back as it was written: this is a defect, report it."
        )
    return _measured(toml, _encode(toml))


def of_toml(toml: str) -> Initdata:
    """The initdata whose document is `toml`, which must be one that a guest can read. Raises InitdataError."""
    documents(toml)
    return _measured(toml, _encode(toml))


def pcr8_of(toml: str) -> Pcr:
    """PCR8 of a guest with the document `toml`; cheaper than `of_toml`. Raises InitdataError."""
    algorithm, _ = _parsed(toml)
    return pcr8(hashlib.new(algorithm, toml.encode("utf-8")).digest())


def decode(encoded: str) -> Initdata:
    """The exact inverse of `render`'s `encoded`. InitdataError on anything truncated, altered or appended."""
    try:
        packed = base64.b64decode(encoded.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise InitdataError(
            f"The encoded initdata is not base64 ({error}): it was altered or cut."
        ) from error
    unpacker = zlib.decompressobj(wbits=31)
    try:
        raw = unpacker.decompress(packed, _MAX_TOML_BYTES)
    except zlib.error as error:
        raise InitdataError(f"The encoded initdata is not gzip ({error}): it was altered or cut.") from error
    if unpacker.unconsumed_tail:
        raise InitdataError(
            f"The initdata unpacks to more than {_MAX_TOML_BYTES} bytes: no guest takes that."
        )
    if not unpacker.eof:
        raise InitdataError("The encoded initdata ends too early: it was cut.")
    if unpacker.unused_data:
        raise InitdataError(f"The encoded initdata is followed by {len(unpacker.unused_data)} foreign bytes.")
    try:
        toml = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InitdataError(f"The initdata is not UTF-8 text ({error}).") from error
    return _measured(toml, encoded)


def documents(toml: str) -> Documents:
    """The inner documents of an initdata TOML. InitdataError where a key the guest needs is missing or contradicts."""
    _, data = _parsed(toml)
    aa, cdh = _table(data["aa.toml"], "aa.toml"), _table(data["cdh.toml"], "cdh.toml")
    url, ca = _text(cdh, "cdh.toml", "kbc", "url"), _text(cdh, "cdh.toml", "kbc", "kbs_cert")
    agent = (
        _text(aa, "aa.toml", "token_configs", "kbs", "url"),
        _text(aa, "aa.toml", "token_configs", "kbs", "cert"),
    )
    if agent != (url, ca):
        raise InitdataError(
            "The aa.toml and cdh.toml of the initdata name different KBS addresses or certificates."
        )
    try:
        image_pull = ImagePull.read(cdh)
    except ImagePullError as error:
        raise InitdataError(str(error)) from error
    return Documents(
        aa=data["aa.toml"],
        cdh=data["cdh.toml"],
        policy=data["policy.rego"],
        kbs_url=url,
        kbs_ca=ca,
        image_pull=image_pull,
    )


def pcr8(digest: bytes) -> Pcr:
    """PCR8 in hex after the guest extended it once with `digest`; longer digests are cut to the bank's 32 bytes."""
    return Pcr(hashlib.sha256(bytes(32) + digest[:32]).hexdigest())


def _measured(toml: str, encoded: str) -> Initdata:
    algorithm, _ = _parsed(toml)
    digest = hashlib.new(algorithm, toml.encode("utf-8")).digest()
    return Initdata(toml=toml, encoded=encoded, algorithm=algorithm, digest=digest.hex(), pcr8=pcr8(digest))


def _encode(toml: str) -> str:
    encoded = _packed(toml)
    if len(encoded) > MAX_ENCODED_BYTES:
        raise InitdataError(
            f"The encoded initdata has {len(encoded)} bytes and Azure's 64 KB of userData take {MAX_ENCODED_BYTES}: "
            "shorten the agent policy."
        )
    return encoded


def _packed(text: str) -> str:
    raw = text.encode("utf-8")
    deflate = zlib.compressobj(level=9, wbits=-15)
    body = deflate.compress(raw) + deflate.flush()
    trailer = zlib.crc32(raw).to_bytes(4, "little") + len(raw).to_bytes(4, "little")
    return base64.b64encode(_GZIP_HEADER + body + trailer).decode("ascii")


def _parsed(toml: str) -> tuple[str, dict[str, str]]:
    table = _table(toml, "initdata")
    if (version := table.get("version")) != VERSION:
        raise InitdataError(f"The initdata has version {version!r}, and guests read {VERSION!r}.")
    algorithm, data = table.get("algorithm"), table.get("data")
    if algorithm not in ALGORITHMS:
        raise InitdataError(f"The initdata algorithm {algorithm!r} is none of {', '.join(ALGORITHMS)}.")
    entries = cast(dict[str, object], data) if isinstance(data, dict) else {}
    for name in _DOCUMENTS:
        if not isinstance(entries.get(name), str):
            raise InitdataError(f"The initdata has no text {name!r} in its [data] table.")
    return str(algorithm), {name: str(entries[name]) for name in _DOCUMENTS}


def _table(text: str, what: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InitdataError(f"The {what} is not TOML: {error}.") from error


def _text(table: Mapping[str, object], what: str, *keys: str) -> str:
    value: object = table
    for key in keys:
        value = cast(Mapping[str, object], value).get(key) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value:
        raise InitdataError(f"The {what} of the initdata has no text at {'.'.join(keys)}.")
    return value


def _literal(text: str) -> str:
    """A TOML string that reads as `text`: a literal block where TOML allows one, else an escaped line.

    A parser drops the newline after the opening quotes and may turn CRLF into LF, hence the conditions.
    """
    if (
        "'''" not in text
        and not text.endswith("'")
        and not re.search(r"[^\t\n\x20-\x7e\x80-\U0010ffff]", text)
    ):
        return f"'''\n{text}'''"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
