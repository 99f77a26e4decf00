"""grpclib over a hijacked connection, both as server and as client."""

import asyncio

import pytest
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Stream

from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.transport import SessionChannel, json_detail, serve
from daemon.server.hijack import Duplex

ECHO = "/test.Echo/Echo"


class Wire:
    """The transport below one of two duplexes: what it writes, the other is fed."""

    def __init__(self) -> None:
        self.peer: Duplex | None = None
        self.reading = asyncio.Event()
        self.reading.set()
        self.other: Wire | None = None

    def write(self, data: bytes) -> None:
        assert self.peer
        self.peer.feed(data)

    async def drain(self) -> None:
        assert self.other
        await self.other.reading.wait()

    async def taken(self) -> None: ...

    def half_close(self) -> None:
        assert self.peer
        self.peer.feed_eof()

    def pause_reading(self) -> None:
        self.reading.clear()

    def resume_reading(self) -> None:
        self.reading.set()


def pair() -> tuple[Duplex, Duplex]:
    wires = Wire(), Wire()
    ends = Duplex(wires[0]), Duplex(wires[1])
    wires[0].peer, wires[1].peer = ends[1], ends[0]
    wires[0].other, wires[1].other = wires[1], wires[0]
    return ends


class Echo:
    """Sends back what it gets, or fails with a BuildKit detail when asked to."""

    def __mapping__(self) -> dict[str, Handler]:
        return {ECHO: Handler(self.echo, Cardinality.STREAM_STREAM, wire.Bytes, wire.Bytes)}

    async def echo(self, stream: Stream[wire.Bytes, wire.Bytes]) -> None:
        async for message in stream:
            if message.data == b"fail":
                detail = json_detail("errdefs.Source", b"x" * 40_000)
                raise GRPCError(Status.UNKNOWN, "no such thing", [detail])
            await stream.send_message(message)


async def call(channel: SessionChannel, messages: list[bytes]) -> list[bytes]:
    request = channel.request(ECHO, Cardinality.STREAM_STREAM, wire.Bytes, wire.Bytes)
    async with request as stream:
        got = []
        for data in messages:
            await stream.send_message(wire.Bytes(data=data))
            reply = await stream.recv_message()
            got.append(reply.data if reply else b"")
        await stream.end()
    return got


async def test_messages_of_every_size_pass_both_ways() -> None:
    one, other = pair()
    channel = SessionChannel()
    async with asyncio.TaskGroup() as group:
        server = group.create_task(serve(one, [Echo()]))
        client = group.create_task(channel.run(other))
        sent = [b"", b"a", b"b" * 70_000, b"c" * 3_000_000]
        assert await call(channel, sent) == sent
        one.feed_gone()
        other.feed_gone()
        await asyncio.gather(server, client)


async def test_a_large_error_detail_arrives() -> None:
    one, other = pair()
    channel = SessionChannel()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(one, [Echo()]))
        group.create_task(channel.run(other))
        with pytest.raises(GRPCError) as failure:
            await call(channel, [b"fail"])
        assert failure.value.message == "no such thing"
        one.feed_gone()
        other.feed_gone()


async def test_a_lost_session_is_never_dialled_again() -> None:
    one, other = pair()
    channel = SessionChannel()
    async with asyncio.TaskGroup() as group:
        group.create_task(serve(one, [Echo()]))
        client = group.create_task(channel.run(other))
        await call(channel, [b"x"])
        one.feed_gone()
        other.feed_gone()
        await client
    with pytest.raises(ConnectionError):
        await call(channel, [b"x"])
