"""The raw stream behind attach, exec and session: the connection once HTTP has let go of it.

Bytes pass in both directions with backpressure, and each direction ends on its own: our end of file is a half-close,
and the connection is released once the client has ended its half as well.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

READ_AHEAD = 64 * 1024
"""How much the client may send before somebody reads it; beyond that the transport pauses."""


Send = Callable[[bytes], Awaitable[None]]


class RawTransport(Protocol):
    """What a duplex needs of the connection below it."""

    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    async def taken(self) -> None: ...
    def half_close(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Duplex:
    """Both directions of a hijacked connection. One reader and any number of writers may use it at a time."""

    def __init__(self, transport: RawTransport) -> None:
        self._transport = transport
        self._send: Send = self._put
        self._buffer = bytearray()
        self._ended = False
        self._paused = False
        self._wakeup: asyncio.Event = asyncio.Event()
        self._gone = False
        self._write_ended = False
        self.on_gone: Callable[[], None] | None = None
        self.before_first_write: Callable[[], Awaitable[None]] | None = None
        self._first = asyncio.Lock()

    @property
    def closed(self) -> bool:
        """True once the client is gone in both directions."""
        return self._gone

    @property
    def unread(self) -> bool:
        """Has the client sent something that nobody has read yet?"""
        return bool(self._buffer)

    async def read(self, size: int = READ_AHEAD) -> bytes:
        """At least one byte, at most `size`; b"" once the client has ended its half."""
        while not self._buffer:
            if self._ended:
                return b""
            self._wakeup.clear()
            await self._wakeup.wait()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        if self._paused and len(self._buffer) < READ_AHEAD // 2:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        """All of `data`, once the client has taken enough of what came before; ConnectionError if it is gone."""
        if self.closed:
            raise ConnectionResetError("the client is gone")
        if self._write_ended:
            raise BrokenPipeError("this half is closed")
        if self.before_first_write is not None:
            async with self._first:
                if self.before_first_write is not None:
                    await self.before_first_write()
                    self.before_first_write = None
        if data:
            await self._send(data)

    async def _put(self, data: bytes) -> None:
        self._transport.write(data)
        await self._transport.drain()

    def stage(self, wrap: Callable[[Send], Send]) -> None:
        """Let what is written pass through `wrap`."""
        self._send = wrap(self._send)

    def write_eof(self) -> None:
        """Half-close: the client reads the end of the file and may still write."""
        if not self._write_ended and not self.closed:
            self._write_ended = True
            self._transport.half_close()

    async def taken(self) -> None:
        """Wait, a moment at most, until the client has read what was written."""
        if not self.closed:
            await self._transport.taken()

    async def discard(self) -> None:
        """Read and drop what the client still sends, until it ends its half."""
        while await self.read():
            pass

    # What the connection reports.

    def feed(self, data: bytes) -> None:
        """Bytes from the client."""
        self._buffer += data
        if not self._paused and len(self._buffer) >= READ_AHEAD:
            self._paused = True
            self._transport.pause_reading()
        self._wakeup.set()

    def feed_eof(self) -> None:
        """The client has ended its half."""
        self._ended = True
        self._wakeup.set()

    def feed_gone(self) -> None:
        """The connection is gone in both directions."""
        self.feed_eof()
        self._gone = True
        if self.on_gone:
            self.on_gone()
