"""Pipes, and the standard streams that the engine gives to a container's or exec's process."""

import errno
import os
import stat as stat_bits
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daemon.fs.nodes import Stat
from daemon.process.descriptions import Description, anonymous_stat
from daemon.process.status import os_error
from daemon.process.waiting import Outside, WaitQueue

PIPE_CAPACITY: Final = 65536
PIPE_BUF: Final = 4096

Charge = Callable[[int], None]


def _uncharged(_nbytes: int) -> None:
    """The account of pipes that belong to no container."""


class Pipe(Outside):
    """Bytes in order, at most `capacity` of them, with an end for readers and one for writers.

    Each end belongs to the maker until `reader()` or `writer()` hands it out (a FIFO is not `held`). A write of PIPE_BUF bytes or less
    is never split.
    """

    def __init__(
        self, capacity: int = PIPE_CAPACITY, charge: Charge = _uncharged, *, held: bool = True
    ) -> None:
        self.capacity = capacity
        self.readers = self.writers = int(held)
        self.reader_opens = self.writer_opens = 0
        self.readable = WaitQueue()
        self.writable = WaitQueue()
        self._charge = charge
        self._buffer = bytearray()
        self._kept = {os.O_RDONLY, os.O_WRONLY} if held else set()

    @property
    def size(self) -> int:
        """How many bytes wait to be read."""
        return len(self._buffer)

    def reader(self) -> "PipeEnd":
        return PipeEnd(self, os.O_RDONLY)

    def writer(self) -> "PipeEnd":
        return PipeEnd(self, os.O_WRONLY)

    def opened(self, access: int) -> None:
        """Count an end that is handed out."""
        if access != os.O_WRONLY:
            self.reader_opens += 1
            self.readers += os.O_RDONLY not in self._kept
            self._kept.discard(os.O_RDONLY)
            self.writable.wake()
        if access != os.O_RDONLY:
            self.writer_opens += 1
            self.writers += os.O_WRONLY not in self._kept
            self._kept.discard(os.O_WRONLY)
            self.readable.wake()

    def closed(self, access: int) -> None:
        if access != os.O_WRONLY:
            self.readers -= 1
            if not self.readers:
                self._drop()
                self.writable.wake()
        if access != os.O_RDONLY:
            self.writers -= 1
            if not self.writers:
                self.readable.wake()

    def close_read(self) -> None:
        """Give up the maker's reading end; the last such close breaks the pipe."""
        if os.O_RDONLY in self._kept:
            self._kept.discard(os.O_RDONLY)
            self.closed(os.O_RDONLY)

    def close_write(self) -> None:
        """Give up the maker's writing end; the last such close is the end of the data."""
        if os.O_WRONLY in self._kept:
            self._kept.discard(os.O_WRONLY)
            self.closed(os.O_WRONLY)

    def close(self) -> None:
        self.close_read()
        self.close_write()

    def try_read(self, size: int) -> bytes | None:
        buffer = self._buffer
        if not buffer:
            return None if self.writers and size else b""
        data = bytes(buffer[:size])
        del buffer[:size]
        self._charge(-len(data))
        self.writable.wake()
        return data

    def try_write(self, data: bytes | memoryview) -> int:
        if not self.readers:
            raise os_error(errno.EPIPE)
        room = self.capacity - len(self._buffer)
        if len(data) > room:
            if room <= 0 or len(data) <= PIPE_BUF <= self.capacity:
                return 0
            data = data[:room]
        if data:
            self._charge(len(data))
            self._buffer += data
            self.readable.wake()
        return len(data)

    def can_read(self) -> bool:
        return bool(self._buffer) or not self.writers

    def can_write(self) -> bool:
        return not self.readers or self.capacity - len(self._buffer) >= min(PIPE_BUF, self.capacity)

    def _drop(self) -> None:
        self._charge(-len(self._buffer))
        self._buffer.clear()


class PipeEnd(Description):
    """One end of a pipe, as a descriptor sees it."""

    def __init__(self, pipe: Pipe, flags: int, path: str = "") -> None:
        super().__init__(path, flags)
        self.pipe = pipe
        pipe.opened(flags & os.O_ACCMODE)
        self.readable = pipe.readable
        self.writable = pipe.writable

    def try_read(self, size: int) -> bytes | None:
        if self.flags & os.O_ACCMODE == os.O_WRONLY:
            raise os_error(errno.EBADF)
        return self.pipe.try_read(size)

    def try_write(self, data: bytes | memoryview) -> int:
        if self.flags & os.O_ACCMODE == os.O_RDONLY:
            raise os_error(errno.EBADF)
        return self.pipe.try_write(data)

    def can_read(self) -> bool:
        return self.pipe.can_read()

    def can_write(self) -> bool:
        return self.pipe.can_write()

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFIFO | 0o600, ino=id(self.pipe) & 0xFFFFFF)

    def on_last_close(self) -> None:
        self.pipe.closed(self.flags & os.O_ACCMODE)


class Output(Description):
    """A stream that the engine consumes at once: logs and attached clients, without a task in between.

    `hold` makes writers wait (a client that does not read), `release_writers` lets them go on; `closed` is called
    when the last process that could write to it has gone.
    """

    def __init__(
        self, deliver: Callable[[bytes], None], closed: Callable[[], None] | None = None
    ) -> None:
        super().__init__("", os.O_WRONLY)
        self._deliver = deliver
        self._closed = closed
        self._held = False

    def hold(self) -> None:
        self._held = True

    def release_writers(self) -> None:
        self._held = False
        self.writable.wake()

    def try_write(self, data: bytes | memoryview) -> int:
        if self._held:
            return 0
        self._deliver(bytes(data[:PIPE_CAPACITY]))
        return min(len(data), PIPE_CAPACITY)

    def can_write(self) -> bool:
        return not self._held

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFIFO | 0o600, ino=id(self) & 0xFFFFFF)

    def on_last_close(self) -> None:
        if self._closed is not None:
            self._closed()


class NullDevice(Description):
    """/dev/null: always at its end, and takes everything."""

    def __init__(self, path: str = "/dev/null", flags: int = os.O_RDWR) -> None:
        super().__init__(path, flags)

    def try_read(self, size: int) -> bytes:
        return b""

    def try_write(self, data: bytes | memoryview) -> int:
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        return 0

    def truncate(self, size: int) -> None:
        """Nothing to cut."""

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFCHR | 0o666, rdev=os.makedev(1, 3))


@dataclass(slots=True)
class Stdio:
    """Descriptors 0, 1 and 2 of a new container or exec; /dev/null where the engine gives none.

    Typical: `Stdio(stdin=pipe.reader(), stdout=Output(log), stderr=Output(log))`, or a terminal's slave three times.
    """

    stdin: Description | None = None
    stdout: Description | None = None
    stderr: Description | None = None

    def table(self) -> dict[int, Description]:
        streams = (self.stdin, self.stdout, self.stderr)
        return {fd: (stream or NullDevice()).retain() for fd, stream in enumerate(streams)}
