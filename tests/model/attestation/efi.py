"""A small EFI program: headers, two sections out of order, and a signature or none."""

import struct


def program(
    code: bytes, *, checksum: int = 0, signature: bytes = b"", trailing: bytes = b"", magic: int = 0x20B
) -> bytes:
    """PE32+ (or PE32) with `code` in its first section, `trailing` bytes behind the sections, and `signature` at its end."""
    first, second = code.ljust(512, b"\0"), b"data".ljust(512, b"\0")
    optional_size = 240 if magic == 0x20B else 224
    directories = 112 if magic == 0x20B else 96
    end = 1024 + len(first) + len(second) + len(trailing)
    raw = bytearray(1024)
    raw[0:2] = b"MZ"
    struct.pack_into("<I", raw, 0x3C, 128)
    raw[128:132] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", raw, 132, 0x8664, 2, 0, 0, 0, optional_size, 0x22)
    optional = 152
    struct.pack_into("<H", raw, optional, magic)
    struct.pack_into("<I", raw, optional + 60, 1024)
    struct.pack_into("<I", raw, optional + 64, checksum)
    struct.pack_into("<II", raw, optional + directories + 32, end if signature else 0, len(signature))
    table = optional + optional_size
    # The second section comes first in the table: what counts is the place in the file.
    struct.pack_into("<8sIIII", raw, table, b".data", 512, 0x3000, 512, 1536)
    struct.pack_into("<8sIIII", raw, table + 40, b".text", 512, 0x2000, 512, 1024)
    return bytes(raw) + first + second + trailing + signature
