"""A static program that waits for ever: what a sandbox's first container runs. The agent copies that one file alone into its root."""

from __future__ import annotations

import struct

_ADDRESS = 0x400000
_HEADERS = 64 + 56
# mov eax, 34 (pause); syscall; jmp back
_CODE = bytes.fromhex("b822000000 0f05 ebf7")


def pause() -> bytes:
    """An ELF file for Linux on x86-64."""
    size = _HEADERS + len(_CODE)
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", ident, 2, 62, 1, _ADDRESS + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _ADDRESS, _ADDRESS, size, size, 0x1000)
    return header + segment + _CODE
