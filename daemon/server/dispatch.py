"""From a parsed HTTP request to its reply: version, route, handler, and one place where errors become replies."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from api_schema.version import ApiVersion
from daemon.errors import DockerError
from daemon.faults import FaultPoint
from daemon.server.connection import Connection
from daemon.server.error_responses import PAGE_NOT_FOUND, error_body, status_of
from daemon.server.heads import JSON, PLAIN_TEXT, Heads, bare_start
from daemon.server.query import Query
from daemon.server.replies import Exchange, Reply
from daemon.server.request import Request
from daemon.server.routing import Route, RouteTable, split_version

if TYPE_CHECKING:
    from daemon.app import Daemon

log = logging.getLogger("mockerd.server")
_DOUBLE_SLASH = re.compile(r"//|/\.{1,2}(/|$)")
_FROM_A_WEB_PAGE = "requests of web pages are refused: any page could control this daemon"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _AlreadyWritten(StreamResponse):
    """What aiohttp gets back: the reply is on the wire, and only the fate of the connection is left to it."""

    def __init__(self, *, keep: bool) -> None:
        super().__init__()
        self._keep = keep

    @property
    def keep_alive(self) -> bool | None:
        return self._keep

    async def prepare(self, request: BaseRequest) -> None:
        """Nothing is left to send."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


class _Body:
    """The request's bytes, asked for with 100-continue where the client waits for that."""

    def __init__(self, raw: BaseRequest, connection: Connection) -> None:
        self._raw = raw
        self._connection = connection

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._raw.headers.get("Expect", "").lower() == "100-continue":
            self._connection.write(_CONTINUE)
        async for chunk in self._raw.content.iter_any():
            yield chunk


class Dispatcher:
    """Answers every request of one daemon."""

    def __init__(self, daemon: Daemon, routes: Iterable[Route]) -> None:
        self._daemon = daemon
        self._routes = RouteTable(routes)
        self._heads = Heads(daemon.profile, daemon.clock)
        self._newest = ApiVersion.parse(daemon.profile.api_version)
        self._oldest = ApiVersion.parse(daemon.profile.min_api_version)
        self._versions: dict[str, ApiVersion] = {}
        self._keep = _AlreadyWritten(keep=True)
        self._drop = _AlreadyWritten(keep=False)

    async def answer(self, raw: BaseRequest, connection: Connection) -> StreamResponse:
        """Handle one request; the reply has been written when this returns."""
        connection.begin_request(raw.content)
        exchange = self._exchange(raw, connection)
        try:
            await self._answer(raw, exchange)
        except ConnectionError:
            exchange.reusable = False
        except Exception:
            # A reply that broke in the middle: the client must see that it is not whole.
            log.exception("%s %s failed", raw.method, raw.raw_path)
            exchange.reusable = False
            connection.abort()
        finally:
            connection.end_request(body_read=raw.content.is_eof())
        return self._keep if exchange.reusable else self._drop

    def _exchange(self, raw: BaseRequest, connection: Connection) -> Exchange:
        request = Request(
            raw.method, "", {}, Query(), self._newest, raw.headers, _Body(raw, connection)
        )
        request.over_tcp = connection.over_tcp
        http10 = raw.version.minor == 0
        return Exchange(
            connection,
            self._heads,
            self._daemon.clock,
            self._daemon.faults,
            request,
            raw.keep_alive and not http10,
            http10,
        )

    async def _answer(self, raw: BaseRequest, exchange: Exchange) -> None:
        if exchange.connection.over_tcp and "Origin" in raw.headers:
            return self._send_error(exchange, HTTPStatus.FORBIDDEN, _FROM_A_WEB_PAGE)
        target, _, query = raw.raw_path.partition("?")
        path = unquote(target, errors="surrogateescape") if "%" in target else target
        exchange.request.path = path
        if _DOUBLE_SLASH.search(path):
            return self._redirect(exchange, path, query)
        number, path = split_version(path)
        found = self._routes.find(raw.method, path)
        if found is None:
            return self._unrouted(raw, exchange, path)
        if refusal := self._refusal(number, exchange):
            return exchange.write_whole(*refusal)
        request = exchange.request
        route, request.vars = found
        request.path = path
        try:
            if query:
                request.query = Query(query)
            await self._reply(route, exchange)
        except DockerError as error:
            self._send_error(exchange, status_of(error), str(error))
        except ConnectionError:
            raise
        except Exception as error:
            if exchange.started:
                raise
            log.exception("%s %s failed", raw.method, raw.raw_path)
            self._send_error(exchange, HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    async def _reply(self, route: Route, exchange: Exchange) -> None:
        if not exchange.is_staged or await self._is_spared(exchange):
            reply = await self._handle(route, exchange)
            await reply.send(exchange)

    async def _is_spared(self, exchange: Exchange) -> bool:
        """Whether no armed fault stands between the request and its handler."""
        request = exchange.request
        fault = await self._daemon.faults.strike(method=request.method, path=request.path)
        if fault is None:
            return True
        if fault.point is FaultPoint.ERROR_STATUS:
            self._send_error(exchange, fault.status, fault.message)
            return False
        if fault.point is FaultPoint.SHUTDOWN:
            self._daemon.go_away(fault.seconds)
        exchange.reusable = False
        exchange.connection.close()
        return False

    async def _handle(self, route: Route, exchange: Exchange) -> Reply:
        """A handler that changes things runs to its end even if the client goes away meanwhile."""
        if not route.is_shielded:
            return await route.handler(exchange.request, self._daemon)
        with exchange.connection.shielding():
            return await route.handler(exchange.request, self._daemon)

    def _send_error(self, exchange: Exchange, status: int, message: str) -> None:
        if exchange.started:
            raise ConnectionResetError("too late for a status")
        body = b"" if status == HTTPStatus.NOT_MODIFIED else error_body(message)
        start = exchange.heads.start(status, JSON if body else "")
        exchange.write_whole(start, status, body)

    def _refusal(self, number: str | None, exchange: Exchange) -> tuple[bytes, int, bytes] | None:
        """Settle the request's version, or say what to answer to one that we do not speak."""
        if number is None:
            return None
        version = self._versions.get(number)
        if version is None:
            version = self._versions[number] = ApiVersion.parse(number)
        exchange.request.version = version
        common = {k: v for k, v in self._heads.common.items() if k != "Docker-Experimental"}
        status = HTTPStatus.BAD_REQUEST
        if version > self._newest:
            text = f"client version {number} is too new. Maximum supported API version is {self._newest}"
            return bare_start(status, {**common, "Content-Type": JSON}), status, error_body(text)
        if version < self._oldest:
            text = (
                f"client version {number} is too old. Minimum supported API version is {self._oldest}, "
                "please upgrade your client to a newer version"
            )
            common["X-Content-Type-Options"] = "nosniff"
            start = bare_start(status, {**common, "Content-Type": PLAIN_TEXT})
            return start, status, text.encode() + b"\n"
        return None

    def _unrouted(self, raw: BaseRequest, exchange: Exchange, path: str) -> None:
        if raw.method == "OPTIONS":
            exchange.write_whole(self._heads.start(HTTPStatus.OK, ""), HTTPStatus.OK, b"")
            return
        self._daemon.reports.note_call(raw.method, path)
        status = HTTPStatus.NOT_FOUND
        exchange.write_whole(
            bare_start(status, {"Content-Type": JSON}), status, error_body(PAGE_NOT_FOUND)
        )

    def _redirect(self, exchange: Exchange, path: str, query: str) -> None:
        """Go's router sends a path with empty or dotted words to its clean form."""
        status = HTTPStatus.MOVED_PERMANENTLY
        location = _clean(path) + (f"?{query}" if query else "")
        exchange.write_whole(bare_start(status, {"Location": location}), status, b"")


def _clean(path: str) -> str:
    words: list[str] = []
    for word in path.split("/"):
        if word == "..":
            del words[-1:]
        elif word not in ("", "."):
            words.append(word)
    return "/" + "/".join(words) + ("/" if path.endswith("/") and words else "")
