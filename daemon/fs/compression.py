"""Layer and context streams, decompressed chunk by chunk whatever they are packed with."""

import bz2
import importlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, BinaryIO, cast

from daemon.fs import bzip2
from daemon.fs.streams import Readable
from daemon.fs.tarread import ArchiveError

CHUNK = 1 << 18
MAGIC_SIZE = 6
ZSTD_INPUT = 256
REREAD_MAX = 4 << 20
"""How much of a broken bzip2 stream is read once more, a third of a megabyte a second."""
_GZIP = b"\x1f\x8b\x08"


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
    """As Go reads gzip: broken data is told by its offset, what was before it is given out; no checksum must be right.

    Members follow one another; what is no member behind them is the end.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._packed = b""
        self._first = True
        self._inflate: Any = None
        self._offset = 0
        self._broken = False
        """Has this member's data an error, so that it is read byte by byte up to there?"""

    def read(self, size: int = -1, /) -> bytes:
        size = size if size >= 0 else CHUNK
        while self._inflate is not None or self._begin():
            packed = self._packed or self._stream.read(CHUNK >> 2)
            if not packed:
                raise ArchiveError("unexpected EOF")
            self._packed = packed
            if data := self._step(size):
                return data
        return b""

    def _step(self, size: int) -> bytes:
        """Inflate some of what is there."""
        packed = self._packed[:1] if self._broken else self._packed
        before = None if self._broken else self._inflate.copy()
        try:
            data: bytes = self._inflate.decompress(packed, size)
        except zlib.error as error:
            if before is None:
                where = self._offset + 1
                raise ArchiveError(f"flate: corrupt input before offset {where}") from error
            self._inflate, self._broken = before, True
            return b""
        left = self._inflate.unconsumed_tail + self._inflate.unused_data
        self._offset += len(packed) - len(left)
        self._packed = left + self._packed[len(packed) :]
        if self._inflate.eof:
            self._take(8)  # the checksum and the length
            self._inflate = None
        return data

    def _begin(self) -> bool:
        """Read the head of a member; False if there is none, which is an error only for the first."""
        first, self._first = self._first, False
        head = self._take(10)
        if len(head) < 10 or not head.startswith(_GZIP) or not self._skip(head[3]):
            if first:
                raise ArchiveError("unexpected EOF")
            return False
        self._inflate, self._offset, self._broken = zlib.decompressobj(-zlib.MAX_WBITS), 0, False
        return True

    def _skip(self, flags: int) -> bool:
        """The optional fields of a head; False if they do not end."""
        if flags & 4:
            length = self._take(2)
            if len(self._take(int.from_bytes(length, "little"))) < int.from_bytes(length, "little"):
                return False
        for flag in (8, 16):
            while flags & flag and (char := self._take(1)) != b"\0":
                if not char:
                    return False
        return not flags & 2 or len(self._take(2)) == 2

    def _take(self, count: int) -> bytes:
        """So many bytes of the packed stream, or all that are left."""
        while len(self._packed) < count and (more := self._stream.read(CHUNK >> 2)):
            self._packed += more
        taken, self._packed = self._packed[:count], self._packed[count:]
        return taken


class _Bzip2:
    """The C library reads; when it meets what is wrong, all is read once more, to learn what that is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._reader = bz2.BZ2Decompressor()
        self._seen = b""
        """The packed bytes so far, while they are few."""
        self._given = 0
        self._careful: Iterator[bytes] | None = None

    def read(self, size: int = -1, /) -> bytes:
        while self._careful is None:
            try:
                data = self._step(size)
            except OSError:
                self._careful = self._read_again()
                break
            if data is not None:
                self._given += len(data)
                return data
        return next(self._careful, b"")

    def _step(self, size: int) -> bytes | None:
        """Some data, empty at the end; None if there is none yet. OSError if something is wrong."""
        if self._reader.eof:
            left = self._reader.unused_data or self._take()
            if not left:
                return b""
            self._reader = bz2.BZ2Decompressor()
            return self._reader.decompress(left, size) or None
        if not self._reader.needs_input:
            return self._reader.decompress(b"", size) or None
        packed = self._take()
        if not packed:
            raise ArchiveError("unexpected EOF")
        return self._reader.decompress(packed, size) or None

    def _take(self) -> bytes:
        packed = self._stream.read(CHUNK >> 4)
        if len(self._seen) <= REREAD_MAX:
            self._seen += packed
        return packed

    def _read_again(self) -> Iterator[bytes]:
        """What comes behind that which was given out."""
        if len(self._seen) > REREAD_MAX:
            raise ArchiveError("bzip2 data invalid: block checksum mismatch")
        skipped = self._given
        try:
            for data in bzip2.unpacked(chain(self._seen, self._rest())):
                start = min(skipped, len(data))
                skipped -= start
                if data[start:]:
                    yield data[start:]
        except (bzip2.Bzip2Error, EOFError) as error:
            raise ArchiveError(str(error) or "unexpected EOF") from error

    def _rest(self) -> Iterator[int]:
        while packed := self._stream.read(CHUNK >> 4):
            yield from packed


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
    (_GZIP, _Gzip),
    (b"BZh", _Bzip2),
    (b"\xfd7zXZ\0", _Xz),
    (b"\x28\xb5\x2f\xfd", _Zstd),
)
"""By their first bytes."""
