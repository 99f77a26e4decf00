"""The bytes of regular files: frozen ones shared by layers, mutable ones in RAM or in a spool file."""

import contextlib
import errno
import itertools
import os
import shutil
import tempfile
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import BinaryIO, Protocol

PAGE = 4096
RAM_LIMIT = 4 * PAGE
COPY_CHUNK = 1 << 20


class Content(Protocol):
    """Bytes that can be read at any offset."""

    @property
    def size(self) -> int: ...

    @property
    def allocated(self) -> int:
        """Bytes in use: whole pages, holes not counted."""

    def pread(self, size: int, offset: int) -> bytes:
        """At most `size` bytes from `offset`; fewer only at the end."""


class Source(Protocol):
    """Where frozen bytes are kept."""

    def pread(self, size: int, offset: int) -> bytes: ...


class Extent:
    """An immutable piece of a source, for example one file's bytes inside a layer's tar."""

    __slots__ = ("digest", "offset", "size", "source")

    def __init__(self, source: Source, offset: int, size: int, digest: bytes = b"") -> None:
        self.source = source
        self.offset = offset
        self.size = size
        self.digest = digest
        """The SHA-256 of the bytes, once somebody has found it out."""

    @property
    def allocated(self) -> int:
        return -(-self.size // PAGE) * PAGE

    def pread(self, size: int, offset: int) -> bytes:
        size = min(size, self.size - offset)
        return self.source.pread(size, self.offset + offset) if size > 0 else b""


class RamSource:
    """Frozen bytes in RAM."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def pread(self, size: int, offset: int) -> bytes:
        return self.data[offset : offset + size]


EMPTY = Extent(RamSource(b""), 0, 0)


def frozen(data: bytes) -> Extent:
    """`data` as immutable content."""
    return Extent(RamSource(data), 0, len(data)) if data else EMPTY


class Spool:
    """A private folder for what is too large for RAM; few of its files are open at any time. Threads may share it."""

    OPEN_AT_ONCE = 64

    def __init__(self, directory: str | None = None) -> None:
        self._parent = directory
        self._folder: str | None = None
        self._descriptors: dict[int, int] = {}  # least recently used first
        self._numbers = itertools.count(1)
        self._closed = False
        self._lock = threading.RLock()  # an SpoolFile may die, and be discarded, at any allocation

    def new(self) -> "SpoolFile":
        """A new empty file; it goes when nothing refers to it any more."""
        return SpoolFile(self, next(self._numbers))

    def path(self, number: int) -> str:
        """Where file `number` is; makes the folder at first use."""
        with self._lock:
            if self._closed:
                raise ValueError("the spool is closed")
            if self._folder is None:
                self._folder = tempfile.mkdtemp(prefix="mockerd-", dir=self._parent)
            return os.path.join(self._folder, str(number))

    @contextlib.contextmanager
    def opened(self, number: int) -> Iterator[int]:
        """A descriptor of file `number`, for as long as the block lasts."""
        with self._lock:
            found = self._descriptors.pop(number, None)
            if found is None:
                found = os.open(self.path(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._descriptors[number] = found
            if len(self._descriptors) > self.OPEN_AT_ONCE:
                os.close(self._descriptors.pop(next(iter(self._descriptors))))
            yield found

    def discard(self, number: int) -> None:
        """Delete file `number`; others need not wait for that."""
        with self._lock:
            opened = self._descriptors.pop(number, None)
            folder = None if self._closed else self._folder
        if opened is not None:
            os.close(opened)
        if folder is not None:
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, str(number)))

    def close(self) -> None:
        """Delete everything; the contents can no longer be read."""
        with self._lock:
            self._closed = True
            while self._descriptors:
                os.close(self._descriptors.popitem()[1])
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)


class SpoolFile:
    """One file of the spool, opened when needed."""

    __slots__ = ("_number", "_spool")

    def __init__(self, spool: Spool, number: int) -> None:
        self._spool = spool
        self._number = number

    @property
    def path(self) -> str:
        """For a writer that brings its own descriptor."""
        return self._spool.path(self._number)

    def pread(self, size: int, offset: int) -> bytes:
        with self._spool.opened(self._number) as descriptor:
            return os.pread(descriptor, size, offset)

    def pwrite(self, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of `data`."""
        view = memoryview(data)
        with self._spool.opened(self._number) as descriptor:
            while view:
                written = os.pwrite(descriptor, view, offset)
                view, offset = view[written:], offset + written

    def truncate(self, size: int) -> None:
        with self._spool.opened(self._number) as descriptor:
            os.ftruncate(descriptor, size)

    def length(self) -> int:
        """How many bytes it holds."""
        with self._spool.opened(self._number) as descriptor:
            return os.fstat(descriptor).st_size

    def __del__(self) -> None:
        self._spool.discard(self._number)


class Pages:
    """Which pages of a file hold data, as a flat sorted list of borders: [start, end, start, end, ...]."""

    __slots__ = ("count", "runs")

    def __init__(self, pages: int = 0) -> None:
        self.runs = [0, pages] if pages else []
        self.count = pages

    def growth(self, start: int, end: int) -> int:
        """How many pages of [start, end) are not there yet."""
        runs = self.runs
        missing = end - start
        index = max(0, (bisect_right(runs, start) - 1) & ~1)
        while index < len(runs) and runs[index] < end:
            missing -= max(0, min(end, runs[index + 1]) - max(start, runs[index]))
            index += 2
        return missing

    def add(self, start: int, end: int) -> None:
        """[start, end) hold data from now on."""
        self.count += self.growth(start, end)
        left, right = bisect_left(self.runs, start), bisect_right(self.runs, end)
        borders = [] if left % 2 else [start]
        if not right % 2:
            borders.append(end)
        self.runs[left:right] = borders

    def cut(self, end: int) -> None:
        """Nothing from page `end` on."""
        index = bisect_left(self.runs, end)
        self.runs[index:] = [end] if index % 2 else []
        self.count = sum(self.runs[1::2]) - sum(self.runs[::2])


class Buffer:
    """Mutable content: in RAM while small, then a sparse spool file."""

    __slots__ = ("_file", "_pages", "_ram", "_spool", "size")

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._ram = bytearray()
        self._file: SpoolFile | None = None
        self._pages = Pages()
        self.size = 0

    @classmethod
    def copy_of(cls, content: Content, spool: Spool, limit: int | None = None) -> "Buffer":
        """A mutable copy of the first `limit` bytes."""
        copy = cls(spool)
        copy.write_from(content, content.size if limit is None else min(limit, content.size), 0)
        return copy

    def write_from(self, content: Content, size: int, offset: int) -> None:
        """Write the first `size` bytes of `content` at `offset`."""
        for done in range(0, size, COPY_CHUNK):
            self.pwrite(content.pread(min(COPY_CHUNK, size - done), done), offset + done)

    @property
    def allocated(self) -> int:
        return self._pages.count * PAGE

    def growth(self, size: int, offset: int) -> int:
        """How many more bytes a write of `size` at `offset` would allocate."""
        return self._pages.growth(offset // PAGE, -(-(offset + size) // PAGE)) * PAGE

    def pread(self, size: int, offset: int) -> bytes:
        size = min(size, self.size - offset)
        if size <= 0:
            return b""
        if self._file is None:
            return bytes(self._ram[offset : offset + size])
        return self._file.pread(size, offset)

    def pwrite(self, data: bytes | memoryview, offset: int) -> None:
        """Write all of `data`; a gap before it becomes a hole."""
        end = offset + len(data)
        if not data:
            return
        if end > RAM_LIMIT and self._file is None:
            self._spill()
        if self._file is not None:
            self._file.pwrite(data, offset)
        else:
            if offset > self.size:
                self._ram.extend(bytes(offset - self.size))
            self._ram[offset:end] = data
        self.size = max(self.size, end)
        self._pages.add(offset // PAGE, -(-end // PAGE))

    def truncate(self, size: int) -> None:
        """Cut, or grow by a hole."""
        if size > RAM_LIMIT and self._file is None:
            self._spill()
        if self._file is not None:
            self._file.truncate(size)
        elif size < self.size:
            del self._ram[size:]
        else:
            self._ram.extend(bytes(size - self.size))
        if size < self.size:
            self._pages.cut(-(-size // PAGE))
        self.size = size

    def _spill(self) -> None:
        self._file = self._spool.new()
        self._file.pwrite(self._ram, 0)
        self._file.truncate(self.size)
        self._ram = bytearray()


class SpoolWriter:
    """Takes a stream in: small in RAM, large in a spool file of its own. It may run in another thread."""

    RAM_LIMIT = 1 << 16

    def __init__(self, spool: Spool, limit: int | None = None) -> None:
        self._spool = spool
        self._limit = limit
        self._ram = bytearray()
        self._file: SpoolFile | None = None
        self._output: BinaryIO | None = None
        self._size = 0

    def write(self, chunk: bytes) -> None:
        """Add `chunk`; ENOSPC beyond the limit."""
        self._size += len(chunk)
        if self._limit is not None and self._size > self._limit:
            self.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._output is not None:
            self._output.write(chunk)
            return
        self._ram += chunk
        if len(self._ram) > self.RAM_LIMIT:
            self._file = self._spool.new()
            self._output = open(self._file.path, "wb")  # noqa: SIM115  # closed by close()
            self._output.write(self._ram)
            self._ram = bytearray()

    def close(self) -> None:
        """End the writing."""
        if self._output is not None:
            self._output.close()

    def content(self) -> Extent:
        """Close, and hand over all that was written, frozen."""
        self.close()
        if self._file is None:
            return frozen(bytes(self._ram))
        return Extent(self._file, 0, self._size)
