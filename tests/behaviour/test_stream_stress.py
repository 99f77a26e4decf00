"""Many streams at once, and clients that vanish: nothing is lost, and nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client

FOLLOWERS = 300


@pytest.fixture
async def ticking(docker: Client) -> str:
    """A container that says something when it is told to."""
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    body = {"Image": "busybox", "Cmd": ["cat"], "OpenStdin": True}
    await docker.post("/containers/create?name=ticking", body)
    await docker.post("/containers/ticking/start")
    return "ticking"


class Follower:
    """A client that reads a stream for as long as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, mock: MockDaemon, request: str) -> "Follower":
        reader, writer = await asyncio.open_unix_connection(mock.socket_path)
        writer.write(f"{request} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        return cls(reader, writer)

    def vanish(self) -> None:
        self.writer.transport.abort()


async def settled(mock: MockDaemon, connections: int) -> None:
    """Wait until the daemon has forgotten everybody else."""
    listener = mock.daemon._listener
    async with asyncio.timeout(10):
        while len(listener._connections) > connections:
            forgotten = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.call_later(0.01, forgotten.set)
            await forgotten.wait()


@pytest.fixture
async def quiet(mock: MockDaemon, docker: Client, ticking: str) -> AsyncIterator[None]:
    """The test must end with as many tasks as it began with."""
    await docker.get("/_ping")
    before = len(asyncio.all_tasks())
    yield
    await settled(mock, 1)
    assert len(asyncio.all_tasks()) <= before + 1


async def say(mock: MockDaemon, text: bytes) -> None:
    writer = await Follower.open(mock, "POST /containers/ticking/attach?stream=1&stdin=1")
    writer.writer.write(text)
    writer.writer.write_eof()
    await writer.reader.read()
    writer.writer.close()


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /containers/ticking/logs?follow=1&stdout=1&tail=0",
        "POST /containers/ticking/attach?stream=1&stdout=1",
    ],
)
async def test_every_follower_gets_every_line(
    mock: MockDaemon, quiet: None, request_line: str
) -> None:
    followers = await asyncio.gather(*(Follower.open(mock, request_line) for _ in range(FOLLOWERS)))
    await say(mock, b"one\ntwo\n")
    async with asyncio.timeout(20):
        for follower in followers:
            got = b""
            while b"two\n" not in got:
                got += await follower.reader.read(1000)
            assert got.index(b"one\n") < got.index(b"two\n")
    for follower in followers:
        follower.vanish()
    # Who only listens to an attach is missed when there is something to tell, as with dockerd.
    await say(mock, b"anybody?\n")


async def test_every_listener_hears_every_event_and_is_forgotten(
    mock: MockDaemon, docker: Client, quiet: None
) -> None:
    listeners = await asyncio.gather(
        *(Follower.open(mock, "GET /events") for _ in range(FOLLOWERS))
    )
    assert mock.daemon.events.listener_count == FOLLOWERS
    await docker.post("/volumes/create", {"Name": "v1"})
    async with asyncio.timeout(20):
        for listener in listeners:
            await listener.reader.readuntil(b'"ID":"v1"')
    for listener in listeners:
        listener.vanish()
    await settled(mock, 1)
    assert mock.daemon.events.listener_count == 0


@pytest.mark.parametrize("at", range(0, 120, 7))
async def test_a_client_may_vanish_at_any_byte(mock: MockDaemon, quiet: None, at: int) -> None:
    body = b'{"AttachStdout":true,"Cmd":["echo"]}'
    request = (
        b"POST /containers/ticking/exec HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    )
    _reader, writer = await asyncio.open_unix_connection(mock.socket_path)
    writer.write(request[:at])
    await writer.drain()
    writer.transport.abort()


async def test_an_upload_may_break_off(mock: MockDaemon, quiet: None) -> None:
    _reader, writer = await asyncio.open_unix_connection(mock.socket_path)
    writer.write(
        b"PUT /containers/ticking/archive?path=/ HTTP/1.1\r\nHost: d\r\n"
        b"Content-Length: 5000\r\n\r\nhalf an archive"
    )
    await writer.drain()
    writer.transport.abort()
