"""proxy_pass: the request goes on to another server, and its answer comes back as it arrives."""

import errno
import os
from collections.abc import AsyncIterator

from daemon.programs.net.http_client import Exchange, Head, ProtocolError, Url
from daemon.programs.services.http_server import Connection, Header, Reply
from daemon.programs.services.nginx_conf import Directive
from daemon.programs.services.nginx_pages import error_page
from daemon.programs.services.nginx_site import Visit

HOP_BY_HOP = frozenset(
    [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "date",
        "server",
    ]
)
DEFAULT_SECONDS = 60.0


class Proxy:
    """The upstream blocks, whose servers take turns."""

    def __init__(self, http: Directive, software: str) -> None:
        self.software = software
        self._groups = {
            block.words[0]: [
                server.words[0] for server in block.all("server") if "down" not in server.words
            ]
            for block in http.all("upstream")
            if block.words
        }
        self._turns: dict[str, int] = {}

    def members(self, url: Url) -> list[Url]:
        """The servers to try for a URL, the one whose turn it is first."""
        servers = self._groups.get(url.host)
        if not servers:
            return [url]
        turn = self._turns.get(url.host, 0)
        self._turns[url.host] = turn + 1
        turn %= len(servers)
        in_order = servers[turn:] + servers[:turn]
        return [Url.parse(f"{url.scheme}://{server}{url.target}") for server in in_order]

    def names(self) -> list[str]:
        return list(self._groups)

    async def forward(self, visit: Visit, target: str, http: Connection) -> Reply:
        """The upstream's answer, or 502 or 504 with a line in the error log."""
        url = Url.parse(target)
        body = b"".join([piece async for piece in http.body()])
        code = 502
        for member in self.members(url):
            try:
                fd = await visit.proc.connect(
                    member.host, member.port, timeout=_seconds(visit, "proxy_connect_timeout")
                )
            except OSError as error:
                number = error.errno if error.errno and error.errno > 0 else errno.EHOSTUNREACH
                visit.complain(
                    f"connect() failed ({number}: {os.strerror(number)}) while connecting to upstream"
                )
                code = 504 if number == errno.ETIMEDOUT else 502
                continue
            return await self._ask(visit, url, fd, body)
        return error_page(code, self.software)

    async def _ask(self, visit: Visit, url: Url, fd: int, body: bytes) -> Reply:
        clock = visit.proc.machine.clock
        exchange = Exchange(
            visit.proc, fd, clock.monotonic() + _seconds(visit, "proxy_read_timeout")
        )
        try:
            await exchange.send(
                visit.request.method, url.target, self._headers(visit, url, body), body
            )
            head = await exchange.head()
        except (OSError, ProtocolError) as error:
            visit.proc.close(fd)
            silent = isinstance(error, OSError) and error.errno == errno.ETIMEDOUT
            visit.complain(
                "upstream timed out (110: Connection timed out) while reading response header from upstream"
                if silent
                else "upstream prematurely closed connection while reading response header from upstream"
            )
            return error_page(504 if silent else 502, self.software)
        return self._reply(visit, head, exchange, fd)

    def _headers(self, visit: Visit, url: Url, body: bytes) -> list[Header]:
        headers = {
            name: value for name, value in visit.request.headers.items() if name not in HOP_BY_HOP
        }
        headers |= {"host": url.authority, "connection": "close"}
        for directive in visit.scope.all("proxy_set_header"):
            if len(directive.words) > 1:
                headers[directive.words[0].lower()] = visit.expand(directive.words[1])
        if headers["connection"].lower() in ("upgrade", ""):
            headers["connection"] = "close"
        if body:
            headers["content-length"] = str(len(body))
        return [(name.title(), value) for name, value in headers.items() if value]

    def _reply(self, visit: Visit, head: Head, exchange: Exchange, fd: int) -> Reply:
        headers = [(n, v) for n, v in head.headers if n.lower() not in HOP_BY_HOP]
        headers = [(n, self._moved(visit, v) if n.lower() == "location" else v) for n, v in headers]
        bodiless = visit.request.method == "HEAD" or head.status in (204, 304)
        if bodiless:
            visit.proc.close(fd)
            return Reply(head.status, head.reason, headers, b"", head.length or 0)
        return Reply(head.status, head.reason, headers, _body(visit, exchange, fd), head.length)

    def _moved(self, visit: Visit, location: str) -> str:
        """proxy_redirect default: what leads to the upstream leads to us."""
        upstream = visit.expand(visit.scope.value("proxy_pass"))
        if upstream and location.startswith(upstream):
            host = visit.request.headers.get("host") or visit.server_name
            return f"http://{host}/{location[len(upstream) :].lstrip('/')}"
        return location


async def _body(visit: Visit, exchange: Exchange, fd: int) -> AsyncIterator[bytes]:
    try:
        async for piece in exchange.body():
            yield piece
    finally:
        visit.proc.close(fd)


def _seconds(visit: Visit, name: str) -> float:
    text = visit.scope.value(name).removesuffix("s")
    return float(text) if text.replace(".", "").isdigit() else DEFAULT_SECONDS
