"""What a handler may answer with; each kind knows how it goes over the connection."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from api_schema import go_json
from daemon.clock import Clock
from daemon.errors import DockerError
from daemon.faults import Faults
from daemon.server import codec
from daemon.server.connection import Connection
from daemon.server.heads import JSON, Headers, Heads, ending
from daemon.server.hijack import Duplex, RawTransport
from daemon.server.request import Request
from daemon.server.staging import CONTROL, Staging

RAW_STREAM = "application/vnd.docker.raw-stream"
MULTIPLEXED_STREAM = "application/vnd.docker.multiplexed-stream"
# How long a client that was told the end of a hijacked stream may take to end its own half.
_FAREWELL_SECONDS = 10.0


@dataclass(slots=True)
class Exchange:
    """A request, and the connection its reply goes to."""

    connection: Connection
    heads: Heads
    clock: Clock
    faults: Faults
    request: Request
    keep_alive: bool
    http10: bool
    reusable: bool = True
    """May the connection carry another request after this reply?"""
    started: bool = False
    """Is a head out already, so that an error can no longer have a status?"""

    def head(self, start: bytes) -> bytes:
        """From the start of a head to the end of its Date; a closing connection says so."""
        self.started = True
        if self.http10:
            start = start.replace(b"HTTP/1.1", b"HTTP/1.0", 1)
        if self.keep_alive:
            return start + self.heads.date()
        self.reusable = False
        return start + self.heads.date() + (b"" if self.http10 else b"\r\nConnection: close")

    def write_whole(self, start: bytes, status: int, body: bytes) -> None:
        """Head and body as one run of bytes."""
        if self.request.method == "HEAD":
            self.connection.write(self.head(start) + b"\r\nContent-Length: 0\r\n\r\n")
            return
        end = ending(status, body, without_chunks=self.http10)
        self.connection.write(self.head(start) + end)

    @property
    def is_staged(self) -> bool:
        """Is any fault armed that this reply may meet?"""
        return bool(self.faults) and not self.request.path.startswith(CONTROL)

    def staging(self) -> Staging:
        """What may befall the reply."""
        return Staging(self.faults, self.connection, self.request.method, self.request.path)

    async def write_staged(self, start: bytes, status: int, body: bytes) -> None:
        """As write_whole, but head and body are two things that something may happen to."""
        staging = self.staging()
        if self.request.method == "HEAD":
            body = b""
        whole = self.head(start) + ending(status, body, without_chunks=True)
        size = len(whole) - len(body)
        self.connection.write(whole[:size])
        await staging.after_head()
        if whole[size:]:
            await staging.body(self._put)(whole[size:])

    async def _put(self, data: bytes) -> None:
        self.connection.write(data)
        await self.connection.drain()

    def hijack(self, make: Callable[[RawTransport], Duplex] = Duplex) -> Duplex:
        """Take the connection over: it will carry no other request."""
        self.started = True
        self.reusable = False
        duplex = self.connection.hijack(make)
        duplex.stage(self.staging().body)
        return duplex


class Reply(Protocol):
    async def send(self, exchange: Exchange) -> None:
        """Write the whole reply; ConnectionError if the client goes away."""


@dataclass(slots=True)
class Raw:
    """A body that is rendered already."""

    body: bytes
    content_type: str = JSON
    status: int = HTTPStatus.OK
    headers: Headers | None = None

    async def send(self, exchange: Exchange) -> None:
        start = exchange.heads.start(self.status, self.content_type, self.headers)
        if exchange.is_staged:
            await exchange.write_staged(start, self.status, self.body)
        else:
            exchange.write_whole(start, self.status, self.body)
        await exchange.connection.drain()


@dataclass(slots=True)
class Json:
    """A model, or plain JSON types whose model is named, as the request's API version knows it."""

    value: Any
    status: int = HTTPStatus.OK
    model: str = ""
    headers: Headers | None = None

    async def send(self, exchange: Exchange) -> None:
        body = codec.render(self.value, exchange.request.version, self.model)
        await Raw(body, JSON, self.status, self.headers).send(exchange)


@dataclass(slots=True)
class Empty:
    """No body: 204, 304, or a status with a length of 0."""

    status: int = HTTPStatus.NO_CONTENT
    headers: Headers | None = None

    async def send(self, exchange: Exchange) -> None:
        await Raw(b"", "", self.status, self.headers).send(exchange)


class _ChunkedWriter:
    """A body of unknown length: chunks for HTTP/1.1, until the connection closes for HTTP/1.0."""

    def __init__(self, exchange: Exchange, start: bytes) -> None:
        self._exchange = exchange
        self._start = start
        self._staging = exchange.staging()
        self._send = self._staging.body(self._chunk)

    async def begin(self) -> None:
        exchange = self._exchange
        if exchange.http10:
            exchange.keep_alive = False
        framing = b"" if exchange.http10 else b"\r\nTransfer-Encoding: chunked"
        exchange.connection.write(exchange.head(self._start) + framing + b"\r\n\r\n")
        await self._staging.after_head()

    async def write(self, data: bytes) -> None:
        """One chunk, once the client has taken enough of the earlier ones."""
        if data:
            await self._send(data)

    async def _chunk(self, data: bytes) -> None:
        whole = data if self._exchange.http10 else b"%x\r\n%b\r\n" % (len(data), data)
        self._exchange.connection.write(whole)
        await self._exchange.connection.drain()

    def end(self) -> None:
        if not self._exchange.http10:
            self._exchange.connection.write(b"0\r\n\r\n")


async def _close(iterator: AsyncIterator[Any]) -> None:
    close = getattr(iterator, "aclose", None)
    if close:
        with contextlib.suppress(RuntimeError):
            await close()


@dataclass(slots=True)
class Stream:
    """Bytes as they come. The head goes out before the first of them, so an error after that cuts the connection."""

    chunks: AsyncIterator[bytes]
    content_type: str = JSON
    status: int = HTTPStatus.OK
    headers: Headers | None = None

    async def send(self, exchange: Exchange) -> None:
        start = exchange.heads.start(self.status, self.content_type, self.headers)
        writer = _ChunkedWriter(exchange, start)
        await writer.begin()
        try:
            with exchange.connection.streaming():
                async for chunk in self.chunks:
                    await writer.write(chunk)
            writer.end()
        finally:
            await _close(self.chunks)


@dataclass(slots=True)
class JsonLines:
    """Progress messages, one a line. An error before the first of them has a status, any later one is a message.

    Their members stay in the order of Go's JSONMessage, which the messages are made in.
    """

    messages: AsyncIterator[dict[str, Any]]

    async def send(self, exchange: Exchange) -> None:
        try:
            with exchange.connection.streaming():
                await self._send(exchange)
        finally:
            await _close(self.messages)

    async def _send(self, exchange: Exchange) -> None:
        start = exchange.heads.start(HTTPStatus.OK, JSON, None)
        writer = _ChunkedWriter(exchange, start)
        try:
            async for message in self.messages:
                if not exchange.started:
                    await writer.begin()
                await writer.write(progress_line(message))
        except DockerError as error:
            if not exchange.started:
                raise
            await writer.write(progress_line(_in_band(str(error))))
        if exchange.started:
            writer.end()
        else:
            exchange.write_whole(start, HTTPStatus.OK, b"")


def _in_band(message: str) -> dict[str, Any]:
    return {"errorDetail": {"message": message}, "error": message}


@dataclass(slots=True)
class Hijack:
    """The connection itself: the callback gets both directions, and its return ends ours.

    `content_type` is that of an upgraded stream; without an Upgrade header the head says 200 and raw-stream.
    """

    callback: Callable[[Duplex], Awaitable[None]]
    content_type: str = RAW_STREAM
    with_common_headers: bool = False
    """Exec's head carries what every reply does, attach's does not."""

    async def send(self, exchange: Exchange) -> None:
        duplex = exchange.hijack()
        exchange.connection.write(self._head(exchange))
        await exchange.staging().after_head()
        duplex.before_first_write = exchange.connection.taken
        await self.callback(duplex)
        await farewell(duplex, exchange.clock)

    def _head(self, exchange: Exchange) -> bytes:
        lines = ["HTTP/1.1 200 OK", f"Content-Type: {RAW_STREAM}"]
        if exchange.request.upgrade:
            lines = ["HTTP/1.1 101 UPGRADED", f"Content-Type: {self.content_type}"]
            lines += ["Connection: Upgrade", "Upgrade: tcp"]
        if self.with_common_headers:
            lines += [f"{name}: {value}" for name, value in exchange.heads.common.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(slots=True)
class SwitchProtocols:
    """A takeover by another protocol, such as h2c for /grpc and /session."""

    callback: Callable[[Duplex], Awaitable[None]]
    protocol: str

    async def send(self, exchange: Exchange) -> None:
        duplex = exchange.hijack()
        head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\n"
        exchange.connection.write(head.format(self.protocol).encode())
        await self.callback(duplex)
        await farewell(duplex, exchange.clock)


async def farewell(duplex: Duplex, clock: Clock) -> None:
    """End our half and wait for the client to end its own; a reset would cost it bytes that it has not read yet."""
    duplex.write_eof()
    with contextlib.suppress(TimeoutError):
        async with clock.timeout(_FAREWELL_SECONDS):
            await duplex.discard()


def stream_content_type(*, tty: bool, multiplexed_type_known: bool) -> str:
    """The type of an attached stream; versions without a type for multiplexed streams call both raw."""
    return RAW_STREAM if tty or not multiplexed_type_known else MULTIPLEXED_STREAM


def progress_line(message: dict[str, Any]) -> bytes:
    """One message of a progress stream."""
    return go_json.marshal(message) + b"\r\n"
