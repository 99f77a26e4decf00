"""The client's side of HTTP over a simulated connection, for wget, curl and their like."""

import errno
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import h11

from daemon.process.process import Process
from daemon.process.status import os_error

READ_SIZE = 65536
PORTS = {"http": 80, "https": 443, "ftp": 21}


class BadUrl(Exception):
    """The text is no URL."""


class ProtocolError(Exception):
    """The peer does not speak HTTP."""


class EmptyReply(ProtocolError):
    """The peer closed the connection without a word."""


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL that a client needs."""

    scheme: str
    host: str
    port: int
    target: str
    user: str = ""

    @classmethod
    def parse(cls, text: str, default_scheme: str = "http") -> "Url":
        """Read a URL; without a scheme it is the default one. BadUrl if it is none."""
        whole = text if "://" in text else f"{default_scheme}://{text}"
        try:
            parts = urlsplit(whole)
            port = parts.port
        except ValueError as error:
            raise BadUrl(text) from error
        if not parts.hostname or any(ord(char) <= 32 for char in whole):
            raise BadUrl(text)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        user = parts.netloc.rpartition("@")[0]
        scheme = parts.scheme.lower()
        return cls(scheme, parts.hostname, port or PORTS.get(scheme, 80), target, user)

    @property
    def authority(self) -> str:
        """Host and, if it is not the scheme's own, port: what a Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if PORTS.get(self.scheme) == self.port else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def file_name(self) -> str:
        """The last part of the path, which may be empty."""
        return self.target.partition("?")[0].rpartition("/")[2]

    def joined(self, location: str) -> "Url":
        """Where a Location header leads from here."""
        return Url.parse(urljoin(self.text, location))


@dataclass(slots=True)
class Head:
    """The head of a response, header names as they were sent."""

    status: int
    reason: str
    headers: Sequence[tuple[str, str]]
    http_version: str

    @property
    def line(self) -> str:
        return f"HTTP/{self.http_version} {self.status} {self.reason}"

    def get(self, name: str) -> str | None:
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def length(self) -> int | None:
        text = self.get("Content-Length")
        return int(text) if text and text.isdigit() else None


class Exchange:
    """One request and its response on a connected descriptor. TimeoutError once the deadline has passed."""

    def __init__(self, proc: Process, fd: int, deadline: float | None = None) -> None:
        self.proc = proc
        self.fd = fd
        self.deadline = deadline
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=READ_SIZE)
        self._heard = False

    async def send(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> None:
        """Send the whole request. `headers` has Host, and Content-Length if there is a body."""
        request = h11.Request(method=method, target=target, headers=list(headers))
        data = self._http.send(request) or b""
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        await self.proc.write(self.fd, data)

    async def head(self) -> Head:
        """The head of the response; what came before it (100 Continue) is passed over."""
        event = await self._next()
        while isinstance(event, h11.InformationalResponse):
            event = await self._next()
        if not isinstance(event, h11.Response):
            raise EmptyReply
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in event.headers.raw_items()]
        return Head(
            event.status_code, event.reason.decode("latin-1"), headers, event.http_version.decode()
        )

    async def body(self) -> AsyncIterator[bytes]:
        """The body in pieces."""
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _next(self) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                await self._wait()
                data = await self.proc.read(self.fd, READ_SIZE)
                if not data and not self._heard:
                    raise EmptyReply
                self._heard = True
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise ProtocolError(str(error)) from error
        return event

    async def _wait(self) -> None:
        if self.deadline is None:
            return
        left = self.deadline - self.proc.machine.clock.monotonic()
        if left <= 0 or not await self.proc.wait_readable([self.fd], left):
            raise os_error(errno.ETIMEDOUT)
