"""What servers of databases share: exact reads from one connection, and a loop that accepts connections."""

from collections.abc import Awaitable, Callable, Sequence

from daemon.process.process import Process


class Gone(Exception):
    """The peer has closed the connection, or speaks something else."""


class Wire:
    """One connection of a process, for either side."""

    def __init__(self, proc: Process, fd: int) -> None:
        self.proc = proc
        self.fd = fd
        self._buffer = bytearray()

    async def _take(self, count: int) -> bytes:
        """Exactly `count` bytes; Gone if the peer ends before."""
        while len(self._buffer) < count:
            try:
                data = await self.proc.read(self.fd)
            except ConnectionError:
                raise Gone from None
            if not data:
                raise Gone
            self._buffer += data
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


async def accept_until(
    signals: Sequence[int],
    proc: Process,
    listeners: list[int],
    client: Callable[[int], Callable[[Process], Awaitable[int]]],
    title: str = "",
) -> None:
    """Fork a child for each connection, which runs what `client` makes of the descriptor, until a signal has come."""
    while not signals:
        try:
            ready = await proc.wait_readable(listeners)
        except InterruptedError:
            continue
        for listener in ready:
            fd = await proc.accept(listener)
            child = proc.fork(client(fd))
            if title:
                child.argv = [title]
            proc.close(fd)
