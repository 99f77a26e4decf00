"""Layer and context streams, decompressed chunk by chunk whatever they are packed with."""

import bz2
import gzip
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

from daemon.fs.streams import Readable
from daemon.fs.tarread import ArchiveError

CHUNK = 1 << 18
MAGIC_SIZE = 6


class _Rejoined:
    """A stream whose head was read to recognize it."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        self._head = head
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        if self._head:
            if size < 0:
                size = len(self._head)
            head, self._head = self._head[:size], self._head[size:]
            return head
        return self._stream.read(size)


def decompressed(stream: Readable) -> Iterator[bytes]:
    """The plain bytes, in chunks of bounded size however well they were packed; ArchiveError if corrupt."""
    head = b""
    while len(head) < MAGIC_SIZE and (more := stream.read(MAGIC_SIZE - len(head))):
        head += more
    source: Readable = _Rejoined(head, stream)
    for magic, opener in OPENERS:
        if head.startswith(magic):
            source = opener(cast(BinaryIO, source))
    while chunk := _read(source):
        yield chunk


def _read(source: Readable) -> bytes:
    """dockerd unpacks in a pipe and looks only at what comes out: corrupt data is an early end to it."""
    try:
        return source.read(CHUNK)
    except gzip.BadGzipFile as error:
        if "CRC" in str(error):
            return b""  # all data has come; the checksum is not looked at
        raise ArchiveError("unexpected EOF") from error
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise ArchiveError("unexpected EOF") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # So bz2 tells that its data is broken; Go's reader mostly meets it at the magic number of a block.
        raise ArchiveError("bzip2 data invalid: bad magic value found") from error


def _open_zstd(stream: BinaryIO) -> Readable:
    """By the package zstandard, which is optional; reading errors are made EOFError's equals here."""
    try:
        zstandard: Any = importlib.import_module("zstandard")
    except ImportError as error:
        text = "a zstd stream: install the Python package zstandard to read it"
        raise ArchiveError(text) from error
    return _Zstd(zstandard, stream)


class _Zstd:
    """A zstd reader whose errors are ArchiveErrors."""

    def __init__(self, zstandard: Any, stream: BinaryIO) -> None:  # noqa: ANN401  # an optional module
        self._error = zstandard.ZstdError
        reader = zstandard.ZstdDecompressor().stream_reader
        self._reader = reader(stream, read_across_frames=True, closefd=False)

    def read(self, size: int = -1, /) -> bytes:
        try:
            return bytes(self._reader.read(size))
        except self._error as error:
            raise ArchiveError("unexpected EOF") from error


OPENERS: tuple[tuple[bytes, Callable[[BinaryIO], Readable]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", lambda stream: bz2.BZ2File(stream)),
    (b"\xfd7zXZ\0", lzma.LZMAFile),  # its reader closes nothing
    (b"\x28\xb5\x2f\xfd", _open_zstd),
)
"""By their first bytes."""
