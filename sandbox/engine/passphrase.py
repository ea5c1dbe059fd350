"""Secrets at rest, encrypted as Pulumi's passphrase secrets provider does (`pkg/secrets/passphrase` of
pulumi/pulumi).

A salt string `v1:<salt>:v1:<nonce>:<ciphertext of "pulumi">` and the passphrase give the key
(PBKDF2-HMAC-SHA256, a million rounds); a value is `v1:<nonce>:<ciphertext>` under AES-256-GCM. Every binary
part is base64. One salt serves all stacks of a sandbox, because deriving a key takes the better part of a
second.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox.engine.errors import SandboxError
from sandbox.files import understood

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENVIRONMENT: Final = "PULUMI_CONFIG_PASSPHRASE"
_ROUNDS: Final = 1_000_000
_CHECK: Final = "pulumi"


class PassphraseCipher:
    """Encrypts and decrypts under one salt; the key is derived in the background, and awaited at first use."""

    def __init__(self, passphrase: str, raw_salt: bytes, rounds: int | None = None) -> None:
        self._raw = raw_salt
        self._check: str | None = None
        self._sealed: dict[str, tuple[str, str]] = {}
        worker = ThreadPoolExecutor(1, thread_name_prefix="passphrase")
        self._key = worker.submit(
            hashlib.pbkdf2_hmac, "sha256", passphrase.encode(), raw_salt, rounds or _ROUNDS
        )
        worker.shutdown(wait=False)

    @cached_property
    def salt(self) -> str:
        """The salt string, as in `encryptionsalt` of a stack file and in a deployment's secrets provider."""
        return f"v1:{base64.b64encode(self._raw).decode()}:{self._check or self.encrypt(_CHECK)}"

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(self._key.result())
        try:
            if self._check and _open(cipher, self._check) != _CHECK:
                raise InvalidTag
        except InvalidTag:
            raise SandboxError(
                f"incorrect passphrase: what is encrypted here was encrypted under another one; set {ENVIRONMENT} to it"
            ) from None
        return cipher

    def expect(self, check: str) -> None:
        """Compare the passphrase, before anything is decrypted, with the last part of a salt string."""
        self._check = self._check or check

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, text.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, ciphertext: str) -> str:
        """Raises SandboxError when the ciphertext is malformed or was made under another key."""
        from cryptography.exceptions import InvalidTag

        try:
            return _open(self._cipher, ciphertext)
        except (InvalidTag, ValueError):
            raise SandboxError(
                f"this secret cannot be decrypted with the files passphrase (or {ENVIRONMENT}) and "
                "encryptionsalt of this sandbox: put back those that it was encrypted with"
            ) from None

    def seal(self, place: str, text: str) -> str:
        """The ciphertext for `place`: the one it had before, as long as the text stays the same."""
        known = self._sealed.get(place)
        if known is None or known[0] != text:
            known = self._sealed[place] = (text, self.encrypt(text))
        return known[1]

    def unseal(self, place: str, ciphertext: str) -> str:
        try:
            text = self.decrypt(ciphertext)
        except SandboxError as error:
            raise SandboxError(f"{place}: {error}") from None
        self._sealed[place] = (text, ciphertext)
        return text


def _open(cipher: AESGCM, ciphertext: str) -> str:
    version, nonce, sealed = ciphertext.split(":")
    if version != "v1":
        raise ValueError(version)
    return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()


class Keyring:
    """The passphrase of one sandbox, and the vaults opened with it."""

    def __init__(self, home: Path, rounds: int | None = None) -> None:
        """The passphrase is `PULUMI_CONFIG_PASSPHRASE`, else the file `passphrase` in `home`, made (0600)
        when missing. Raises FileUnusable. `rounds`: how many derive a key, where not Pulumi's million.
        """
        self._passphrase = os.environ.get(ENVIRONMENT) or _kept(
            home / "passphrase", secrets.token_urlsafe(32)
        )
        self._rounds = rounds
        self._vaults: dict[bytes, PassphraseCipher] = {}
        salt = home / "encryptionsalt"
        with understood(salt):
            self.default = self._vault(_kept(salt, base64.b64encode(os.urandom(8)).decode()))

    def vault(self, salt: str) -> PassphraseCipher:
        """The vault of a salt string; raises SandboxError when it is malformed."""
        try:
            version, raw, check = salt.split(":", 2)
            if version != "v1":
                raise ValueError(version)
            vault = self._vault(raw)
        except ValueError:
            raise SandboxError(
                f"encryption salt {salt!r} is not of the form v1:<salt>:v1:<nonce>:<ciphertext>"
            ) from None
        vault.expect(check)
        return vault

    def _vault(self, encoded: str) -> PassphraseCipher:
        raw = base64.b64decode(encoded, validate=True)
        if raw not in self._vaults:
            self._vaults[raw] = PassphraseCipher(self._passphrase, raw, self._rounds)
        return self._vaults[raw]


def _kept(path: Path, new: str) -> str:
    """What is in the file, which is made with `new` (readable by its owner alone) when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(new + "\n")
        fresh.replace(path)
    with understood(path):
        text = path.read_text("utf-8").strip()
        if not text:
            raise ValueError(path)
        return text
