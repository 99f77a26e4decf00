"""bzip2, read as Go reads it: the same bytes as the C library's, and errors by what is wrong. Asked of Engine 28.5.2."""

import bz2
import random

import pytest

from daemon.fs.bzip2 import Bzip2Error, unpacked
from tests.daemon.fs.streams import read

TEXT = b"".join(b"%d " % number for number in range(3000))
PACKED = bz2.compress(TEXT)


def flipped(at: int, bit: int) -> bytes:
    broken = bytearray(PACKED)
    broken[at] ^= 1 << bit
    return bytes(broken)


@pytest.mark.parametrize(
    "text",
    [b"", b"a", b"a" * 1000, b"ab" * 500 + b"c" * 259, TEXT, random.Random(5).randbytes(3000)],
)
def test_streams_come_out_as_they_went_in(text: bytes) -> None:
    assert b"".join(unpacked(iter(bz2.compress(text) * 2))) == text * 2


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (b"BX" + PACKED[2:], "bad magic value"),
        (b"BZ0" + PACKED[3:], "non-Huffman entropy encoding"),
        (b"BZh0" + PACKED[4:], "invalid compression level"),
        (flipped(5, 0), "bad magic value found"),
        (flipped(10, 0), "block checksum mismatch"),
        (flipped(14, 7), "deprecated randomized files"),
        (flipped(14, 2), "origPtr out of bounds"),
        (PACKED[:-4] + b"abcd", "file checksum mismatch"),
        (PACKED + b"junk", "bad magic value in continuation file"),
        (flipped(24, 0), "Huffman length out of range"),
    ],
)
def test_what_is_wrong_is_named(packed: bytes, why: str) -> None:
    with pytest.raises(Bzip2Error) as refused:
        for _ in unpacked(iter(packed)):
            pass
    assert str(refused.value) == f"bzip2 data invalid: {why}"


def test_a_cut_is_an_end() -> None:
    with pytest.raises(EOFError):
        list(unpacked(iter(PACKED[:-20])))


def test_a_block_comes_out_whose_checksum_is_wrong() -> None:
    assert read(flipped(10, 0)) == (TEXT, "bzip2 data invalid: block checksum mismatch")


def test_blocks_before_a_broken_one_come_out() -> None:
    text = random.Random(6).randbytes(250_000)
    packed = bytearray(bz2.compress(text, 1))
    packed[-3000] ^= 1
    out, why = read(bytes(packed))
    assert out[:199_000] == text[:199_000]
    assert why.startswith("bzip2 data invalid: ")
