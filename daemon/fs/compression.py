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
ZSTD_INPUT = 256


def is_packed(head: bytes) -> bool:
    """Whether a stream that begins so is compressed."""
    return any(head.startswith(magic) for magic, _ in OPENERS)


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
    """The plain bytes, in chunks of bounded size however well they were packed.

    ArchiveError where they are corrupt, after all that could be read before; what is read of them may be enough.
    """
    head = b""
    while len(head) < MAGIC_SIZE and (more := stream.read(MAGIC_SIZE - len(head))):
        head += more
    source: Readable = _Rejoined(head, stream)
    for magic, opener in OPENERS:
        if head.startswith(magic):
            source = opener(cast(BinaryIO, source))
    while chunk := source.read(CHUNK):
        yield chunk


class _Gzip:
    """dockerd unpacks in a pipe and looks only at what comes out: neither its end nor its checksum must be right."""

    def __init__(self, stream: BinaryIO) -> None:
        self._reader = gzip.GzipFile(fileobj=stream)
        self._begun = False

    def read(self, size: int = -1, /) -> bytes:
        try:
            data = self._reader.read1(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            if not self._begun:
                raise ArchiveError("unexpected EOF") from error
            return b""
        self._begun = True
        return data


class _Bzip2:
    def __init__(self, stream: BinaryIO) -> None:
        self._reader = bz2.BZ2File(stream)

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._reader.read1(size)
        except EOFError as error:
            raise ArchiveError("unexpected EOF") from error
        except OSError as error:
            if error.errno is not None:
                raise
            # Go's reader mostly meets broken data at the magic number of a block.
            raise ArchiveError("bzip2 data invalid: bad magic value found") from error


class _Xz:
    """dockerd runs xz, and shows what it says."""

    def __init__(self, stream: BinaryIO) -> None:
        self._reader = lzma.LZMAFile(stream)  # noqa: SIM115 - it closes nothing

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._reader.read1(size)
        except EOFError as error:
            raise ArchiveError(_XZ.format("Unexpected end of input")) from error
        except lzma.LZMAError as error:
            raise ArchiveError(_XZ.format("Compressed data is corrupt")) from error


_XZ = "exit status 1: xz: (stdin): {}\n"


class _Zstd:
    """By a library that is loaded by the first who needs it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._library: Any = importlib.import_module("zstandard")
        self._stream = stream
        self._left = b""
        self._frame: Any = None

    def read(self, _size: int = -1, /) -> bytes:
        """However much comes out of a few bytes: of a bomb, some megabytes."""
        while packed := self._left or self._stream.read(ZSTD_INPUT):
            if self._frame is None:
                self._frame = self._library.ZstdDecompressor().decompressobj()
            try:
                data: bytes = self._frame.decompress(packed)
            except self._library.ZstdError as error:
                raise ArchiveError(_zstd_text(str(error))) from error
            self._left = b""
            if self._frame.eof:
                self._left, self._frame = self._frame.unused_data, None
            if data:
                return data
        if self._frame is not None:
            raise ArchiveError("unexpected EOF")
        return b""


def _zstd_text(text: str) -> str:
    """The Go package's words for the C library's."""
    for words, gos in _ZSTD_TEXTS:
        if words in text:
            return gos
    return "unexpected EOF"


_ZSTD_TEXTS = (
    ("Dictionary mismatch", "unknown dictionary"),
    ("too much memory", "decompressed size exceeds configured limit"),
)

OPENERS: tuple[tuple[bytes, Callable[[BinaryIO], Readable]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"BZh", _Bzip2),
    (b"\xfd7zXZ\0", _Xz),
    (b"\x28\xb5\x2f\xfd", _Zstd),
)
"""By their first bytes."""
