"""gzip that compresses nothing, so that a pushed layer has the same digest on every machine."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
BLOCK = 0xFFFF


def stored_gzip(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The gzip form of what `read(size)` gives, block by block. Compressors differ, stored blocks do not."""
    yield HEADER
    checksum, size = 0, 0
    block = _full_block(read)
    while True:
        following = _full_block(read) if len(block) == BLOCK else b""
        last = not following
        yield struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block
        checksum = zlib.crc32(block, checksum)
        size += len(block)
        if last:
            break
        block = following
    yield struct.pack("<II", checksum, size & 0xFFFFFFFF)


def _full_block(read: Callable[[int], bytes]) -> bytes:
    data = bytearray()
    while len(data) < BLOCK and (more := read(BLOCK - len(data))):
        data += more
    return bytes(data)
