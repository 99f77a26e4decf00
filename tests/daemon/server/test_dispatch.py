"""Replies, errors, and clients that go away."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from daemon.app import Daemon
from daemon.clock import ManualClock
from daemon.config import Config
from daemon.errors import Conflict, NotModified
from daemon.server.replies import Empty, Json, JsonLines, Raw, Stream
from daemon.server.routing import Route

started, release, finished = asyncio.Event(), asyncio.Event(), asyncio.Event()


@pytest.fixture(autouse=True)
def fresh_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event belongs to the loop that first waited for it."""
    for name in ("started", "release", "finished"):
        monkeypatch.setitem(globals(), name, asyncio.Event())


async def slow(request, daemon):
    started.set()
    await release.wait()
    finished.set()
    return Empty()


async def waiting(request, daemon):
    async def chunks() -> AsyncIterator[bytes]:
        try:
            started.set()
            await release.wait()
            yield b"never"
        finally:
            finished.set()

    return Stream(chunks())


async def lines(request, daemon):
    async def messages() -> AsyncIterator[dict[str, str]]:
        if "early" in request.query:
            raise Conflict("too early")
        yield {"status": "working"}
        raise Conflict("it broke")

    return JsonLines(messages())


async def body(request, daemon):
    return Raw(await request.read(), "application/octet-stream")


async def broken(request, daemon):
    raise ZeroDivisionError("a bug")


async def unmodified(request, daemon):
    raise NotModified


async def large(request, daemon):
    return Json({"data": "x" * 5000})


async def header(request, daemon):
    return Empty(200, headers={"X-Name": "a\r\nX-Evil: 1"})


ROUTES = [
    Route("POST", "/slow", slow),
    Route("GET", "/waiting", waiting),
    Route("GET", "/lines", lines),
    Route("POST", "/body", body),
    Route("GET", "/broken", broken),
    Route("POST", "/unmodified", unmodified),
    Route("GET", "/large", large),
    Route("GET", "/header", header),
]


@pytest.fixture
async def daemon(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Daemon]:
    monkeypatch.setattr("daemon.app.all_routes", lambda: ROUTES)
    running = Daemon(Config(), ManualClock())
    await running.start()
    yield running
    await running.close()


@pytest.fixture
async def http(daemon: Daemon) -> AsyncIterator[aiohttp.ClientSession]:
    connector = aiohttp.UnixConnector(daemon.hosts[0].removeprefix("unix://"))
    async with aiohttp.ClientSession("http://d", connector=connector) as session:
        yield session


async def send(daemon: Daemon, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    path = daemon.hosts[0].removeprefix("unix://")
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(request)
    return reader, writer


async def test_a_change_is_finished_although_the_client_has_gone(daemon: Daemon) -> None:
    _reader, writer = await send(daemon, b"POST /slow HTTP/1.1\r\nHost: d\r\n\r\n")
    await started.wait()
    writer.transport.abort()
    release.set()
    async with asyncio.timeout(5):
        await finished.wait()


@pytest.mark.parametrize("half", [True, False])
async def test_a_stream_ends_when_its_client_goes(daemon: Daemon, half: bool) -> None:
    reader, writer = await send(daemon, b"GET /waiting HTTP/1.1\r\nHost: d\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in await reader.readuntil(b"\r\n\r\n")
    await started.wait()
    if half:
        writer.write_eof()
    else:
        writer.transport.abort()
    async with asyncio.timeout(5):
        await finished.wait()
    writer.close()


async def test_a_client_that_half_closed_is_answered(daemon: Daemon) -> None:
    reader, writer = await send(daemon, b"POST /slow HTTP/1.1\r\nHost: d\r\n\r\n")
    writer.write_eof()
    await started.wait()
    release.set()
    assert (await reader.read()).startswith(b"HTTP/1.1 204 No Content\r\n")
    writer.close()


async def test_an_error_before_the_first_message_has_a_status(http: aiohttp.ClientSession) -> None:
    async with http.get("/lines?early=1") as reply:
        assert (reply.status, await reply.json()) == (409, {"message": "too early"})


async def test_an_error_after_it_is_in_band(http: aiohttp.ClientSession) -> None:
    async with http.get("/lines") as reply:
        assert reply.status == 200
        first, second = (await reply.read()).split(b"\r\n")[:2]
    assert json.loads(first) == {"status": "working"}
    assert json.loads(second) == {"errorDetail": {"message": "it broke"}, "error": "it broke"}


async def test_a_bug_is_a_500_with_its_text(http: aiohttp.ClientSession) -> None:
    async with http.get("/broken") as reply:
        assert (reply.status, await reply.json()) == (500, {"message": "a bug"})


async def test_not_modified_has_no_body(http: aiohttp.ClientSession) -> None:
    async with http.post("/unmodified") as reply:
        assert (reply.status, await reply.read()) == (304, b"")
        assert "Content-Type" not in reply.headers


async def test_a_body_beyond_gos_buffer_is_chunked(http: aiohttp.ClientSession) -> None:
    async with http.get("/large") as reply:
        assert reply.headers["Transfer-Encoding"] == "chunked"
        assert len(await reply.read()) == 5012


async def test_http_1_0_gets_no_chunks(daemon: Daemon) -> None:
    reader, writer = await send(daemon, b"GET /lines HTTP/1.0\r\n\r\n")
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK")
    assert rest.startswith(b'{"status":"working"}\r\n')
    writer.close()


async def test_a_client_that_waits_for_it_is_told_to_continue(daemon: Daemon) -> None:
    head = b"POST /body HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    reader, writer = await send(daemon, head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await reader.readuntil(b"abc")).endswith(b"\r\n\r\nabc")
    writer.close()


async def test_a_long_query_and_a_long_header_are_taken(daemon: Daemon) -> None:
    query, value = b"a=" + b"x" * 500_000, b"y" * 500_000
    request = b"GET /large?" + query + b" HTTP/1.1\r\nHost: d\r\nX-Registry-Config: " + value
    reader, writer = await send(daemon, request + b"\r\n\r\n")
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def test_a_header_cannot_end_its_line(http: aiohttp.ClientSession) -> None:
    async with http.get("/header") as reply:
        assert reply.headers["X-Name"] == "a  X-Evil: 1"


async def test_the_date_follows_the_clock(daemon: Daemon, http: aiohttp.ClientSession) -> None:
    async with http.get("/large") as reply:
        first = reply.headers["Date"]
    daemon.clock.advance(1)
    async with http.get("/large") as reply:
        assert first == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert reply.headers["Date"] == "Tue, 14 Nov 2023 22:13:21 GMT"


async def test_requests_in_one_packet_are_answered_in_order(daemon: Daemon) -> None:
    reader, writer = await send(
        daemon, b"GET /nope HTTP/1.1\r\nHost: d\r\n\r\nGET /broken HTTP/1.1\r\nHost: d\r\n\r\n"
    )
    assert b"404" in await reader.readuntil(b"page not found")
    assert b"500" in await reader.readuntil(b"a bug")
    writer.close()


async def test_what_is_no_http_is_refused_and_nobody_else_suffers(
    daemon: Daemon, http: aiohttp.ClientSession
) -> None:
    reader, writer = await send(daemon, b"garbage\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.")
    writer.close()
    async with http.get("/large") as reply:
        assert reply.status == 200
