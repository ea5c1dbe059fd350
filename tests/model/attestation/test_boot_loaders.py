"""PCR4 from the programs that boot an image: the hash that firmware takes of each, and the order of events."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.attestation.boot_loaders import BootLoaderError, authenticode, pcr04
from tests.model.attestation.efi import program


def test_the_hash_is_of_all_but_checksum_and_signatures():
    """For a program without either, that is the whole file but twelve bytes of its header."""
    plain = program(b"code", trailing=b"behind the sections")
    checksum, entry = 152 + 64, 152 + 112 + 32
    left_out = plain[:checksum] + plain[checksum + 4 : entry] + plain[entry + 8 :]
    assert authenticode(plain) == hashlib.sha256(left_out).digest()


@given(st.integers(0, 2**32 - 1), st.binary(max_size=64).map(lambda raw: raw * 8))
def test_signing_a_program_does_not_change_its_hash(checksum, signature):
    assert authenticode(program(b"code", checksum=checksum, signature=signature)) == authenticode(
        program(b"code")
    )


@pytest.mark.parametrize("magic", [0x10B, 0x20B], ids=["PE32", "PE32+"])
def test_any_other_change_does(magic):
    plain = program(b"code", trailing=b"!", magic=magic)
    checksum, entry = 152 + 64, 152 + (112 if magic == 0x20B else 96) + 32
    skipped = {*range(checksum, checksum + 4), *range(entry, entry + 8)}
    for place in (70, 160, 1000, 1024, 1536, len(plain) - 1):
        assert place not in skipped
        changed = bytearray(plain)
        changed[place] ^= 1
        assert authenticode(bytes(changed)) != authenticode(plain), place


def test_the_register_is_the_action_the_separator_and_each_program_in_order():
    def extend(register: bytes, event: bytes) -> bytes:
        return hashlib.sha256(register + hashlib.sha256(event).digest()).digest()

    begun = extend(extend(bytes(32), b"Calling EFI Application from Boot Option"), bytes(4))
    shim, kernel = program(b"shim"), program(b"kernel")
    once = hashlib.sha256(begun + authenticode(shim)).digest()
    assert pcr04([shim]) == once.hex()
    assert pcr04([shim, kernel]) == hashlib.sha256(once + authenticode(kernel)).hexdigest()
    assert pcr04([shim, kernel]) != pcr04([kernel, shim])


@pytest.mark.parametrize(
    ("programs", "sentence"),
    [
        ([], "needs the EFI programs"),
        ([b""], "does not begin with MZ"),
        ([b"MZ"], "headers are cut off"),
        ([b"MZ" + bytes(62)], "no PE header"),
        ([program(b"x", magic=0x107)], "kind 0x107"),
        ([program(b"x")[:1500]], "a section lies beyond its end"),
        ([program(b"x", signature=b"s" * 8)[:-1200] + bytes(1000)], "larger than it is|beyond its end"),
        ([program(b"x")[:200]], "cut off"),
    ],
)
def test_what_is_no_program_is_refused(programs, sentence):
    with pytest.raises(BootLoaderError, match=sentence):
        pcr04(programs)
