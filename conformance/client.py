"""One HTTP request over a socket of its own, hijacked streams and half-closes included."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h11

CHUNK = 65536


@dataclass
class Call:
    """What to send. `send` and `half_close` come after the head of the answer."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    upgrade: bool = False
    send: list[bytes] = field(default_factory=list)
    half_close: bool = False
    stop_at: bytes = b""


@dataclass
class Reply:
    """What came back; `body` grows until the peer ends it."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Endpoint:
    """Where the daemon listens: unix:///path or tcp://host:port."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._url = urlsplit(host)
        if self._url.scheme not in ("unix", "tcp"):
            raise ValueError(f"unix://PATH or tcp://HOST:PORT, not {host!r}")

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._url.scheme == "unix":
            return await asyncio.open_unix_connection(self._url.path)
        return await asyncio.open_connection(self._url.hostname, self._url.port)


@asynccontextmanager
async def answering(endpoint: Endpoint, call: Call) -> AsyncIterator["Exchange"]:
    """An exchange whose head has arrived; the connection is closed at the end of the block."""
    reader, writer = await endpoint.open()
    try:
        exchange = Exchange(reader, writer, call)
        await exchange.head()
        yield exchange
    finally:
        writer.close()


class Exchange:
    """A request under way."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, call: Call
    ) -> None:
        self._reader, self._writer, self._call = reader, writer, call
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        self.reply = Reply(0, "", {})

    async def head(self) -> None:
        """Send the request, read the head of the answer, then send what the call has for a hijacked stream."""
        self._write(
            h11.Request(method=self._call.method, target=self._call.target, headers=self._headers())
        )
        if self._call.body:
            self._write(h11.Data(data=self._call.body))
        self._write(h11.EndOfMessage())
        event = await self._next()
        while isinstance(event, h11.InformationalResponse) and event.status_code != 101:
            event = await self._next()
        if not isinstance(event, h11.Response | h11.InformationalResponse):
            raise ConnectionError(f"no answer to {self._call.method} {self._call.target}")
        self.reply.status, self.reply.reason = event.status_code, event.reason.decode()
        self.reply.headers = {n.decode().title(): v.decode() for n, v in event.headers}
        for data in self._call.send:
            self._writer.write(data)
        if self._call.half_close:
            self._writer.write_eof()
        await self._writer.drain()

    async def read(self) -> Reply:
        """The whole body: to its end, or to the text at which the call hangs up."""
        pieces = self._raw() if self.reply.status == 101 else self._framed()
        async for piece in pieces:
            self.reply.body += piece
            if self._call.stop_at and self._call.stop_at in self.reply.body:
                break
        return self.reply

    def _headers(self) -> list[tuple[str, str]]:
        headers = {"Host": "docker"} | self._call.headers
        if self._call.upgrade:
            headers |= {"Connection": "Upgrade", "Upgrade": "tcp"}
        if self._call.body or self._call.method in ("POST", "PUT"):
            headers["Content-Length"] = str(len(self._call.body))
        return list(headers.items())

    def _write(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        if data := self._http.send(event):
            self._writer.write(data)

    async def _next(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(CHUNK))
        return event

    async def _framed(self) -> AsyncIterator[bytes]:
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _raw(self) -> AsyncIterator[bytes]:
        already, _ = self._http.trailing_data
        if already:
            yield already
        while data := await self._reader.read(CHUNK):
            yield data
