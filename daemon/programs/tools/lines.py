"""Reading lines from descriptors in bounded memory, and collecting output until the input would be waited for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from daemon.process.process import Process
from daemon.programs.tools.kit import complain, either, opened, reason

BATCH = 500
"""Lines that a tool gets at a time, so that others have their turn in between."""
TURN = 32
"""The same for tools that take lines one by one and do more with each."""


class LineReader:
    """Lines of one descriptor, each with its separator; only the last may lack it.

    A line longer than a buffer is charged to the container while it is held.
    """

    def __init__(
        self,
        proc: Process,
        fd: int,
        separator: bytes = b"\n",
        before_read: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._proc = proc
        self._fd = fd
        self._separator = separator
        self._before_read = before_read
        self._ready: list[bytes] = []
        self._partial: list[bytes] = []
        self._charged = 0
        self._ended = False

    async def batch(self) -> list[bytes]:
        """Complete lines, as many as a read brought and at most BATCH; [] at the end."""
        if self._ready:
            await self._proc.checkpoint()
        else:
            await self._fill()
        ready = self._ready[-BATCH:]
        del self._ready[-BATCH:]
        ready.reverse()
        return ready

    async def next(self) -> bytes | None:
        """The next line, or None at the end."""
        if not self._ready:
            await self._fill()
        elif len(self._ready) % TURN == 0:
            await self._proc.checkpoint()
        return self._ready.pop() if self._ready else None

    async def _fill(self) -> None:
        while not self._ready and not self._ended:
            if self._before_read:
                await self._before_read()
            data = await self._proc.read(self._fd)
            if not data:
                self._ended = True
                self._take([b"".join(self._partial)] if self._partial else [])
                return
            self._split(data)

    def _split(self, data: bytes) -> None:
        if self._separator not in data:
            self._partial.append(data)
            self._proc.charge(len(data))
            self._charged += len(data)
            return
        self._partial.append(data)
        pieces = b"".join(self._partial).split(self._separator)
        rest = pieces.pop()
        self._take([piece + self._separator for piece in pieces])
        self._partial = [rest] if rest else []

    def _take(self, lines: list[bytes]) -> None:
        lines.reverse()
        self._ready = lines
        self._proc.uncharge(self._charged)
        self._charged = 0


class Output:
    """Bytes for a descriptor, written when there are many or when `flush` says so."""

    def __init__(self, proc: Process, fd: int = 1, limit: int = 16384) -> None:
        self._proc = proc
        self._fd = fd
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)

    async def write(self, data: bytes) -> None:
        self.add(data)
        if self._size >= self._limit:
            await self.flush()

    async def flush(self) -> None:
        if self._parts:
            data = b"".join(self._parts)
            self._parts.clear()
            self._size = 0
            await self._proc.write(self._fd, data)


class Inputs:
    """The operands of a filter, one after the other; what cannot be read is complained about and remembered."""

    def __init__(
        self,
        proc: Process,
        paths: Iterable[str],
        *,
        separator: bytes = b"\n",
        gnu: str = "{path}: {reason}",
        busybox: str = "{path}: {reason}",
    ) -> None:
        self._proc = proc
        self._paths = list(paths) or ["-"]
        self._separator = separator
        self._wording = either(proc, gnu, busybox)
        self.failed = False
        self.path = "-"

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """The lines, as many at a time as a read brings."""
        async for reader in self.readers():
            try:
                while batch := await reader.batch():
                    yield batch
            except OSError as error:
                await self.fail(error)

    async def readers(self) -> AsyncIterator[LineReader]:
        """A reader for each operand; a failure while reading ends that operand only."""
        async for fd in self.descriptors():
            yield LineReader(self._proc, fd, self._separator)

    async def descriptors(self) -> AsyncIterator[int]:
        for path in self._paths:
            self.path = path
            try:
                async with opened(self._proc, path) as fd:
                    yield fd
            except OSError as error:
                await self.fail(error)

    async def fail(self, error: OSError) -> None:
        self.failed = True
        await complain(self._proc, self._wording.format(path=self.path, reason=reason(error)))

    @property
    def code(self) -> int:
        return 1 if self.failed else 0
