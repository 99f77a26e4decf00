"""gRPC over a hijacked connection: the only file that knows grpclib's private names.

grpclib can only listen or dial; its server and client protocols are the same two classes, made here for a connection
that exists already. Private names used, pinned by tests/daemon/server/buildkit/test_transport.py:
`Server._protocol_factory`, `Server._handlers`, `Channel._protocol`, `Channel._protocol_factory`,
`Channel._create_connection`, `Connection._connection` (the h2 state machine), `client.Stream._stream` and `_wrapper`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from grpclib.client import Channel
from grpclib.client import Stream as Call
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.protocol import H2Protocol
from grpclib.server import Server

from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.data_tap import DataTap, Take, packed
from daemon.server.hijack import Duplex

# grpclib logs every cancelled call as if it were news.
logging.getLogger("grpclib").setLevel(logging.CRITICAL)

WRITE_AHEAD = 1024 * 1024
"""Bytes that may wait for the peer before HTTP/2 streams are told to pause."""


class ByteStream(Protocol):
    """What a connection is carried over: a hijacked one, or the messages of a gRPC call."""

    async def read(self) -> bytes:
        """At least one byte; b"" once the peer has ended its half."""

    async def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...


class DuplexTransport(asyncio.Transport):
    """A stream of bytes as the transport of an asyncio protocol."""

    def __init__(self, duplex: ByteStream) -> None:
        super().__init__()
        self._duplex = duplex
        self._out = bytearray()
        self._ready = asyncio.Event()
        self._closing = False
        self._paused = False
        self._protocol: asyncio.Protocol | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._out += data
        self._ready.set()
        if self._protocol and not self._paused and len(self._out) > WRITE_AHEAD:
            self._paused = True
            self._protocol.pause_writing()

    def close(self) -> None:
        self._closing = True
        self._ready.set()

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    async def run(self, protocol: asyncio.Protocol) -> None:
        """Carry bytes until either side is gone; `protocol` then hears connection_lost."""
        self._protocol = protocol
        protocol.connection_made(self)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(protocol))
                await self._read(protocol)
                writer.cancel()
        except* ConnectionError:
            pass
        finally:
            self.close()
            protocol.connection_lost(None)

    async def _read(self, protocol: asyncio.Protocol) -> None:
        while data := await self._duplex.read():
            protocol.data_received(data)

    async def _write(self, protocol: asyncio.Protocol) -> None:
        while True:
            await self._ready.wait()
            self._ready.clear()
            data, self._out = bytes(self._out), bytearray()
            if data:
                await self._duplex.write(data)
            if self._paused and len(self._out) < WRITE_AHEAD // 2:
                self._paused = False
                protocol.resume_writing()
            if self._closing and not self._out:
                self._duplex.write_eof()
                return


class DetailsCodec(StatusDetailsCodecBase):
    """rpc.Status details whose values are JSON under BuildKit's own type names, not protobuf messages."""

    def encode(self, status: Status, message: str | None, details: Any) -> bytes:  # noqa: ANN401
        found = [wire.Any(type_url=kind, value=value) for kind, value in details]
        return wire.RpcStatus(
            code=status.value, message=message or "", details=found
        ).SerializeToString()

    def decode(self, status: Status, message: str | None, data: bytes) -> list[tuple[str, bytes]]:
        parsed = wire.RpcStatus.FromString(data)
        return [(detail.type_url, detail.value) for detail in parsed.details]


async def serve(duplex: Duplex, handlers: Collection[Any]) -> None:
    """Answer gRPC calls on `duplex` until the client is gone; running calls are then cancelled and awaited."""
    server = Server(handlers, status_details_codec=DetailsCodec())
    protocol = server._protocol_factory()
    try:
        await DuplexTransport(duplex).run(_Plain(protocol))
    finally:
        for handler in server._handlers:
            handler.close()
        await asyncio.gather(*(handler.wait_closed() for handler in server._handlers))


class SessionChannel(Channel):
    """The daemon as client of a build's session: one connection that is never dialled again."""

    def __init__(self) -> None:
        super().__init__("session", 0, status_details_codec=DetailsCodec())
        self._made = asyncio.Event()
        self._gone = False
        self._tap: DataTap | None = None

    async def _create_connection(self) -> H2Protocol:
        await self._made.wait()
        if self._gone or not self._protocol:
            raise ConnectionError("the session is gone")
        return self._protocol

    async def run(self, duplex: ByteStream) -> None:
        """Carry the session until the client leaves; pending calls then fail."""
        self._protocol = self._protocol_factory()
        transport = DuplexTransport(duplex)
        self._tap = DataTap(self._protocol.data_received, transport.write)
        try:
            await transport.run(_Plain(self._protocol, self._made.set, self._tap.feed))
        finally:
            self._gone = True
            self.close()

    @contextmanager
    def taken(self, call: Call[Any, Any], take: Take) -> Iterator[None]:
        """Hand the data of a call, which has just been sent, to `take`; grpclib then sees nothing but its end."""
        number = call._stream.id
        assert number is not None
        assert self._tap is not None
        self._tap.takers[number] = take
        try:
            yield
        finally:
            self._tap.forget(number)

    async def send_all(self, call: Call[Any, Any], messages: list[bytes]) -> None:
        """Encoded messages, all at once as far as the peer takes them."""
        with call._wrapper:
            await call._stream.send_data(packed(messages))


class _Plain(asyncio.Protocol):
    """Passes everything on, and stops hpack from Huffman-coding headers: its coder is quadratic in a value's length."""

    def __init__(
        self,
        protocol: H2Protocol,
        on_made: Callable[[], None] = lambda: None,
        take: Take | None = None,
    ) -> None:
        self._protocol = protocol
        self._on_made = on_made
        self.take = take or protocol.data_received

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._protocol.connection_made(transport)
        encoder = self._protocol.connection._connection.encoder
        setattr(encoder, "encode", partial(encoder.encode, huffman=False))  # noqa: B010
        self._on_made()

    def data_received(self, data: bytes) -> None:
        self.take(data)

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)


def json_detail(name: str, text: bytes) -> tuple[str, bytes]:
    """One BuildKit error detail, for GRPCError's `details`."""
    return (f"github.com/moby/buildkit/{name}+json", text)
