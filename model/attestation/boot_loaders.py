"""PCR4: what the firmware and shim measure of the programs that boot an image, computed from these programs.

Event order: TCG PC Client Platform Firmware Profile, 3.3.4.5 (PCR 4): the action, the separator, then each image in the order of
loading. Digest of an image: Microsoft, "Windows Authenticode Portable Executable Signature Format", Calculating the PE Image Hash,
which leaves out the checksum and the signatures.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import Final

from model.digests import Pcr

_ACTION: Final = b"Calling EFI Application from Boot Option"
_SEPARATOR: Final = bytes(4)
_PE32, _PE32_PLUS = 0x10B, 0x20B
_CERTIFICATES: Final = 4  # place in the data directory


class BootLoaderError(ValueError):
    """A file is no EFI program; the message is one sentence for a person."""


def pcr04(programs: Sequence[bytes]) -> Pcr:
    """The register after `programs`, in the order in which the firmware and shim load them. Raises BootLoaderError."""
    if not programs:
        raise BootLoaderError(
            "PCR4 needs the EFI programs of the image: shim, the kernel image and its add-on, in this order."
        )
    register = bytes(32)
    for event in (
        hashlib.sha256(_ACTION).digest(),
        hashlib.sha256(_SEPARATOR).digest(),
        *map(authenticode, programs),
    ):
        register = hashlib.sha256(register + event).digest()
    return Pcr(register.hex())


def authenticode(program: bytes) -> bytes:
    """The SHA-256 that a signature of an EFI program is about. Raises BootLoaderError."""
    try:
        return _authenticode(program)
    except struct.error:
        raise BootLoaderError("The file is no EFI program: its headers are cut off.") from None


def _authenticode(program: bytes) -> bytes:
    if program[:2] != b"MZ":
        raise BootLoaderError("The file is no EFI program: it does not begin with MZ.")
    [header] = struct.unpack_from("<I", program, 0x3C)
    if program[header : header + 4] != b"PE\0\0":
        raise BootLoaderError("The file is no EFI program: it has no PE header.")
    [sections], [optional_size] = (struct.unpack_from("<H", program, header + at) for at in (6, 20))
    optional = header + 24
    [magic] = struct.unpack_from("<H", program, optional)
    if magic not in (_PE32, _PE32_PLUS):
        raise BootLoaderError(f"The file is no EFI program: its optional header is of kind {magic:#x}.")
    [headers] = struct.unpack_from("<I", program, optional + 60)
    checksum = optional + 64
    entry = optional + (96 if magic == _PE32 else 112) + 8 * _CERTIFICATES
    _, signatures = struct.unpack_from("<II", program, entry)
    digest = hashlib.sha256(program[:checksum])
    digest.update(program[checksum + 4 : entry])
    digest.update(program[entry + 8 : headers])
    done = headers
    for start, size in sorted(_section(program, optional + optional_size + 40 * n) for n in range(sections)):
        if start + size > len(program):
            raise BootLoaderError("The file is no whole EFI program: a section lies beyond its end.")
        digest.update(program[start : start + size])
        done += size
    rest = len(program) - signatures
    if done > rest:
        raise BootLoaderError(
            "The file is no whole EFI program: its sections and signatures are larger than it is."
        )
    digest.update(program[done:rest])
    return digest.digest()


def _section(program: bytes, at: int) -> tuple[int, int]:
    """Start and size of a section in the file; nothing where it has no data there."""
    size, start = struct.unpack_from("<II", program, at + 16)
    return (start, size) if size else (0, 0)
