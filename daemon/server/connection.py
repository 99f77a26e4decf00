"""One client connection: stands before aiohttp's HTTP parser, so that a hijack loses no byte.

aiohttp would parse, or drop, what a client sends behind a request that turns into a raw stream. So a request that may
be hijacked is passed to the parser alone, to its last byte, and what follows is held here until the handler has
decided: a raw stream gets it, or else the parser.
"""

import asyncio
import contextlib
import fcntl
import re
import select
import termios
from collections.abc import Callable, Iterator
from typing import cast

from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from daemon.server.hijack import READ_AHEAD, Duplex, RawTransport

HEAD_LIMIT = 1024 * 1024
"""Longest request line and longest header: build arguments travel in the query."""

# Seconds after a client's half-close in which what it sent before must have become a request; that takes the loop
# three turns, which come before any timer.
_BEGIN_WITHIN = 0.05
# How often a half-closed client is looked at.
_HANG_UP_SECONDS = 1.0

SHORT_PAUSE, LONG_PAUSE, PATIENCE = 0.0003, 0.01, 2.0
"""Seconds: how the output of a stream waits for a client that has not read the head yet."""

_MAY_HIJACK = re.compile(
    rb"(?:GET /[^ \r\n]*/attach/ws|POST /[^ \r\n]*(?:/attach|exec/[^/ ]+/start|session|grpc))"
    rb"(?:\?[^ \r\n]*)? HTTP/1\.[01]\r\n"
)
_METHOD = b"POST /"
_WEBSOCKET = b"/attach/ws"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]+)[^\r\n]*\r\n")


def end_of_request(data: bytes) -> int | None:
    """Where a whole request at the start of `data` ends, or None while a part of it is missing."""
    head = data.find(_END_OF_HEAD)
    if head < 0:
        return None
    start = head + len(_END_OF_HEAD)
    if _CHUNKED.search(data, 0, start):
        return _end_of_chunks(data, start)
    length = _LENGTH.search(data, 0, start)
    end = start + (int(length.group(1)) if length else 0)
    return end if end <= len(data) else None


def _end_of_chunks(data: bytes, position: int) -> int | None:
    while size := _CHUNK_SIZE.match(data, position):
        position = size.end() + int(size.group(1), 16) + 2
        if int(size.group(1), 16) == 0:
            return position if position <= len(data) else None
    return None


class Connection(asyncio.Protocol):
    """Passes bytes to aiohttp's protocol or, once hijacked, to a Duplex."""

    def __init__(self, http: RequestHandler, on_end: Callable[["Connection"], None]) -> None:
        self.http = http
        self.transport: asyncio.Transport | None = None
        self.over_tcp = False
        self.in_request = False
        self._body: StreamReader | None = None
        self._on_end = on_end
        self._duplex: Duplex | None = None
        self._at_head = True
        self._holding = False
        self._held = b""
        self._eof = False
        self._streaming: asyncio.Task[object] | None = None
        self._shielded = False
        self._lost: list[Exception | None] = []
        self._can_write = asyncio.Event()
        self._can_write.set()

    # What the event loop reports.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.over_tcp = isinstance(transport.get_extra_info("sockname"), tuple)
        self.http.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._duplex:
            self._duplex.feed(data)
        elif self._holding:
            self._held += data
            if len(self._held) >= READ_AHEAD:
                self.pause_reading()
        elif self._at_head:
            self._examine(self._held + data)
        else:
            self.http.data_received(data)

    def eof_received(self) -> bool:
        """Keep our half open while a reply is due: a client may half-close as soon as it has asked."""
        self._eof = True
        if self._duplex:
            self._duplex.feed_eof()
            self._look_for_hang_up()
        elif self._streaming:
            self._streaming.cancel()
        elif self._body is not None and not self._body.is_eof():
            return False  # the rest of the request will never come
        elif self._at_head and not self._holding and not self.in_request:
            return False
        elif not self.in_request:
            # A request may be with the parser already, its handler not yet begun.
            asyncio.get_running_loop().call_later(_BEGIN_WITHIN, self._close_unless_in_request)
        return True

    def _look_for_hang_up(self) -> None:
        """A Unix socket tells a client that has gone from one that has only ended its half, if it is asked."""
        if self.transport is None or self._duplex is None or self.over_tcp:
            return
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), 0)
        if poll.poll(0) and not self._duplex.unread:
            self.transport.abort()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(_HANG_UP_SECONDS, self._look_for_hang_up)

    def _close_unless_in_request(self) -> None:
        if not self.in_request and self._duplex is None:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._can_write.set()
        if self._shielded:
            self._lost.append(exc)
            assert self._body is not None
            self._body.set_exception(exc or ConnectionResetError("the client is gone"))
        else:
            self._end(exc)

    def _end(self, exc: Exception | None) -> None:
        """Cancel the handler and be forgotten."""
        self.http.connection_lost(exc)
        if self._duplex:
            self._duplex.feed_gone()
        self._on_end(self)

    def pause_writing(self) -> None:
        self._can_write.clear()
        self.http.pause_writing()

    def resume_writing(self) -> None:
        self._can_write.set()
        self.http.resume_writing()

    # The gate before the parser.

    def _examine(self, data: bytes) -> None:
        """Pass `data` on, unless it is, or may turn out to be, the start of a request that is hijacked."""
        if data[: len(_METHOD)] != _METHOD[: len(data)] and _WEBSOCKET not in data:
            self._pass(data)
        elif b"\r\n" not in data:
            self._hold_or_pass(data)
        elif not _MAY_HIJACK.match(data):
            self._pass(data)
        elif (end := end_of_request(data)) is None:
            self._hold_or_pass(data)
        else:
            self._at_head = False
            self._holding = True
            self._held = data[end:]
            self.http.data_received(data[:end])

    def _hold_or_pass(self, data: bytes) -> None:
        if len(data) > 2 * HEAD_LIMIT:
            self._pass(data)
        else:
            self._held = data

    def _pass(self, data: bytes) -> None:
        self._at_head = False
        self._held = b""
        self.http.data_received(data)

    # What the dispatcher and the replies use.

    def begin_request(self, body: StreamReader) -> None:
        self.in_request = True
        self._body = body
        if self._eof and not body.is_eof():
            self.close()

    def end_request(self, *, body_read: bool) -> None:
        """The reply is out and was no hijack: give the parser what was held back."""
        self.in_request = False
        self._body = None
        self._at_head = body_read
        if self._holding:
            self._holding = False
            held, self._held = self._held, b""
            self.resume_reading()
            if held:
                self.data_received(held)
        if self._eof and self.transport:
            self.transport.close()

    @contextlib.contextmanager
    def streaming(self) -> Iterator[None]:
        """Inside, a client that ends its half is taken to be gone, as Go takes it, and the task is cancelled."""
        if self._eof:
            raise ConnectionResetError("the client is gone")
        self._streaming = asyncio.current_task()
        try:
            yield
        finally:
            self._streaming = None

    @contextlib.contextmanager
    def shielding(self) -> Iterator[None]:
        """Inside, a handler runs to its end even if the client goes away meanwhile; only its body has an error."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
            if self._lost:
                self._end(self._lost.pop())

    def write(self, data: bytes) -> None:
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the client is gone")
        self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has read enough for the next write."""
        await self._can_write.wait()
        if self.transport is None:
            raise ConnectionResetError("the client is gone")

    async def taken(self) -> None:
        """Wait, a moment at most, until the client has read what was written.

        The first output of a fast process would share a packet with the head, and docker-py loses what does
        (docker-py#3332). Real processes are never that fast.
        """
        pause, waited = SHORT_PAUSE, 0.0
        while waited < PATIENCE and self.transport and self._unread():
            await asyncio.sleep(pause)  # noqa: TID251  the kernel tells nobody, and it is a client's time
            waited += PATIENCE if self.over_tcp else pause
            pause = min(pause * 1.5, LONG_PAUSE)

    def _unread(self) -> bool:
        """Whether the peer of a Unix socket has bytes of ours to read; over TCP nobody can tell, and it may."""
        assert self.transport
        number = self.transport.get_extra_info("socket").fileno()
        if self.over_tcp or number < 0:
            return self.over_tcp
        return any(fcntl.ioctl(number, termios.TIOCOUTQ, bytes(4)))

    def half_close(self) -> None:
        if self.transport and self.transport.can_write_eof():
            self.transport.write_eof()

    def pause_reading(self) -> None:
        if self.transport:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.transport and not self.transport.is_closing():
            self.transport.resume_reading()

    def hijack(self, make: Callable[[RawTransport], Duplex] = Duplex) -> Duplex:
        """Take the connection over, with every byte that followed the request."""
        duplex = make(self)
        self._duplex = duplex
        held, self._held = self._held, b""
        self._holding = False
        if len(held) >= READ_AHEAD:
            self.resume_reading()
        if held:
            duplex.feed(held)
        if self._eof:
            duplex.feed_eof()
        return duplex

    def abort(self) -> None:
        """Cut the connection and end what its handler does: what was promised cannot be kept."""
        self._shielded = False
        if self._lost:
            self._end(self._lost.pop())
        if self.transport:
            self.transport.abort()

    def close(self) -> None:
        if self.transport:
            self.transport.close()
