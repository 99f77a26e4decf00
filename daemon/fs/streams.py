"""Adapters between chunks, file objects and content."""

import sys
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from daemon.fs.content import Content

SKIP = 1 << 18


@runtime_checkable
class Readable(Protocol):
    """Anything with read(size)."""

    def read(self, size: int = -1, /) -> bytes: ...


class ChunkReader:
    """A file object over chunks as they come."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = b""

    def read(self, size: int = -1, /) -> bytes:
        """Bytes of one chunk, at most `size`; all that is left if negative."""
        if size < 0:
            return self._left + b"".join(self._chunks)
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._left = chunk
        data, self._left = self._left[:size], self._left[size:]
        return data


class ContentReader:
    """A file object over content, from the start; it needs no closing."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._position = 0

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; all that is left if negative."""
        left = self._content.size - self._position
        data = self._content.pread(left if size < 0 else min(size, left), self._position)
        self._position += len(data)
        return data

    def __enter__(self) -> "ContentReader":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to do: the content belongs to a store."""


class ForwardContent:
    """A stream read as content: offsets may only grow, what lies between is skipped."""

    size = sys.maxsize
    allocated = 0

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._position = 0

    def pread(self, size: int, offset: int) -> bytes:
        """`size` bytes; fewer only at the end of the stream."""
        if offset < self._position:
            raise ValueError("a stream cannot be read backwards")
        while self._position < offset:
            if not self._take(min(SKIP, offset - self._position)):
                return b""
        data = self._take(size)
        while len(data) < size and (more := self._take(size - len(data))):
            data += more
        return data

    def _take(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._position += len(data)
        return data
