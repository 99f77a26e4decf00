"""The takeover of a connection: no byte is lost, each half ends on its own."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest

from daemon.app import Daemon
from daemon.config import Config
from daemon.server import routes
from daemon.server.hijack import Duplex
from daemon.server.replies import Hijack, Json
from daemon.server.routing import Route

UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"


async def echo(duplex: Duplex) -> None:
    while data := await duplex.read():
        await duplex.write(data)


async def attach(request, daemon):
    return Hijack(echo)


async def start(request, daemon):
    body = json.loads(await request.read())
    if body.get("Detach"):
        return Json({"Started": True})
    return Hijack(echo, with_common_headers=True)


async def flood(duplex: Duplex) -> None:
    while not duplex.closed:
        await duplex.write(b"x" * 65536)


async def session(request, daemon):
    return Hijack(flood)


@pytest.fixture
async def daemon(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Daemon]:
    own = [
        Route("POST", "/containers/{name}/attach", attach),
        Route("POST", "/exec/{id}/start", start),
        Route("POST", "/session", session),
    ]
    shared = [r for r in routes.all_routes() if (r.method, r.path) not in {(o.method, o.path) for o in own}]  # fmt: skip
    monkeypatch.setattr("daemon.app.all_routes", lambda: shared + own)
    running = Daemon(Config())
    await running.start()
    yield running
    await running.close()


async def open_raw(daemon: Daemon) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_unix_connection(daemon.hosts[0].removeprefix("unix://"))


def exec_start(body: dict[str, bool], headers: str = "") -> bytes:
    data = json.dumps(body)
    return (
        f"POST /v1.45/exec/e/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\n{headers}\r\n{data}"
    ).encode()


ATTACH = b"POST /containers/c/attach?stream=1 HTTP/1.1\r\nHost: d\r\n\r\n"


@pytest.mark.parametrize("headers", ["", UPGRADE])
@pytest.mark.parametrize("split", [0, 1, 7])
async def test_bytes_behind_the_request_reach_the_stream(
    daemon: Daemon, headers: str, split: int
) -> None:
    """In the same packet, byte by byte, or in odd pieces, and with the half-close at once."""
    reader, writer = await open_raw(daemon)
    sent = exec_start({}, headers) + b"POST /x HTTP/1.1\r\n\r\nnot http\n"
    for at in range(0, len(sent), split or len(sent)):
        writer.write(sent[at : at + (split or len(sent))])
        await writer.drain()
    writer.write_eof()
    answer = await reader.read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 UPGRADED" if headers else b"HTTP/1.1 200 OK")
    assert b"Api-Version: 1.51" in head
    assert body == b"POST /x HTTP/1.1\r\n\r\nnot http\n"
    writer.close()


async def test_two_hundred_half_closed_echoes_lose_nothing(daemon: Daemon) -> None:
    async def once(number: int) -> bytes:
        reader, writer = await open_raw(daemon)
        upgrade = UPGRADE if number % 2 else ""
        writer.write(ATTACH.replace(b"Host: d\r\n", f"Host: d\r\n{upgrade}".encode()))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"%d\n" % number * 1000)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        return answer

    answers = await asyncio.gather(*(once(number) for number in range(200)))
    assert answers == [b"%d\n" % number * 1000 for number in range(200)]


async def test_what_follows_a_request_that_was_not_hijacked_is_the_next_request(
    daemon: Daemon,
) -> None:
    reader, writer = await open_raw(daemon)
    writer.write(exec_start({"Detach": True}, UPGRADE) + b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
    first = await reader.readuntil(b"}\n")
    assert first.startswith(b"HTTP/1.1 200 OK")
    second = await reader.readuntil(b"\r\n\r\nOK")
    assert second.startswith(b"HTTP/1.1 200 OK")
    writer.close()


async def test_an_unread_stream_stops_its_writer(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = await open_raw(daemon)
    writer.write(b"POST /session HTTP/1.1\r\nHost: d\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    connection = next(iter(daemon._listener._connections.values()))
    paused = asyncio.Event()
    pause_writing = connection.pause_writing

    def note() -> None:
        pause_writing()
        paused.set()

    monkeypatch.setattr(connection, "pause_writing", note)
    async with asyncio.timeout(10):
        await paused.wait()
    assert connection.transport is not None
    assert connection.transport.get_write_buffer_size() < 1_000_000
    writer.close()


async def test_an_unread_request_stops_its_client(daemon: Daemon) -> None:
    """What the stream's owner does not read is not taken from the client beyond a bound."""
    reader, writer = await open_raw(daemon)
    writer.write(b"POST /session HTTP/1.1\r\nHost: d\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"y" * 10_000_000)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await writer.drain()
    writer.transport.abort()


async def test_the_first_output_never_shares_a_read_with_the_head(daemon: Daemon) -> None:
    """docker-py reads the head through a buffer, and loses what is in it beyond the head (docker-py#3332)."""
    loop = asyncio.get_running_loop()
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as client:
            client.setblocking(False)
            await loop.sock_connect(client, daemon.hosts[0].removeprefix("unix://"))
            await loop.sock_sendall(client, exec_start({}, UPGRADE) + b"output")
            head = await loop.sock_recv(client, 65536)
            assert head.endswith(b"\r\n\r\n")
            assert await loop.sock_recv(client, 65536) == b"output"
