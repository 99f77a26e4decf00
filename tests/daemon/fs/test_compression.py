"""Compressed streams are read as Go reads them: what was before an error comes out, and the error is in its words."""

import gzip
import io
import zlib

import pytest

from daemon.fs.compression import decompressed
from tests.daemon.fs.streams import read

TEXT = b"".join(b"%d " % number for number in range(20_000))
PACKED = gzip.compress(TEXT, mtime=0)


def member(flags: int, fields: bytes) -> bytes:
    """A gzip member with optional fields in its head."""
    deflate = zlib.compressobj(wbits=-15)
    data = deflate.compress(b"data") + deflate.flush()
    return b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + fields + data + bytes(8)


def flipped(at: int) -> bytes:
    broken = bytearray(PACKED)
    broken[at] ^= 4
    return bytes(broken)


def test_gzip_members_follow_one_another_and_junk_ends_them() -> None:
    assert read(PACKED + PACKED + b"junk") == (TEXT * 2, "")


def test_no_checksum_must_be_right() -> None:
    assert read(PACKED[:-8] + bytes(8)) == (TEXT, "")


def test_what_was_cut_off_comes_out_as_far_as_it_goes() -> None:
    out, why = read(PACKED[: len(PACKED) // 2])
    assert TEXT.startswith(out)
    assert len(out) > len(TEXT) // 3
    assert why == "unexpected EOF"


@pytest.mark.parametrize("flags", [0, 2, 4, 8, 16, 30])
def test_optional_fields_are_skipped(flags: int) -> None:
    fields = b""
    fields += b"\x03\x00abc" if flags & 4 else b""
    fields += b"name\0" if flags & 8 else b""
    fields += b"comment\0" if flags & 16 else b""
    fields += b"\1\2" if flags & 2 else b""
    assert read(member(flags, fields)) == (b"data", "")


def test_another_method_is_no_gzip() -> None:
    assert read(flipped(2)) == (flipped(2), "")


def test_a_head_that_does_not_end_is_all_there_is() -> None:
    assert read(flipped(3)) == (b"", "unexpected EOF")


@pytest.mark.parametrize(("at", "offset"), [(10, 5), (12, 9)])
def test_a_broken_beginning_is_told_by_its_offset(at: int, offset: int) -> None:
    assert read(flipped(at)) == (b"", f"flate: corrupt input before offset {offset}")


def test_a_bomb_comes_out_in_pieces() -> None:
    chunks = list(decompressed(io.BytesIO(gzip.compress(bytes(64 << 20), mtime=0))))
    assert sum(map(len, chunks)) == 64 << 20
    assert max(map(len, chunks)) <= 1 << 18
