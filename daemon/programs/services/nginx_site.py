"""Which server and which location of an nginx configuration answer a request, and what they answer."""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.services.http_files import file_reply, is_folder, safe_path
from daemon.programs.services.http_server import Body, Header, Reply, Request
from daemon.programs.services.nginx_conf import Directive
from daemon.programs.services.nginx_pages import error_page, listing, redirect

DEFAULT_ROOT = "/etc/nginx/html"
REDIRECT_LIMIT = 10


@dataclass(slots=True)
class Scope:
    """The blocks around a directive, the innermost first: http, server, location."""

    blocks: list[Directive]

    def one(self, name: str) -> Directive | None:
        for block in self.blocks:
            if (found := block.one(name)) is not None:
                return found
        return None

    def value(self, name: str, default: str = "") -> str:
        found = self.one(name)
        return found.words[0] if found and found.words else default

    def all(self, name: str) -> list[Directive]:
        """Those of the innermost block that has any: that is how nginx inherits lists."""
        return next((found for block in self.blocks if (found := block.all(name))), [])


@dataclass(slots=True)
class Visit:
    """One request on its way: what log lines and variables are made of."""

    proc: Process
    request: Request
    peer: str
    scope: Scope
    uri: str = "/"
    number: int = 1
    port: int = 80
    body: Body = b""
    captures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    internal: bool = False

    @property
    def server_name(self) -> str:
        return self.scope.value("server_name") or "localhost"

    def expand(self, text: str) -> str:
        """Put variables in."""
        return VARIABLE.sub(lambda m: self.variable(m[1] or m[2]), text)

    def variable(self, name: str) -> str:
        if name in self.captures:
            return self.captures[name]
        headers = self.request.headers
        if name.startswith("http_"):
            return headers.get(name[5:].replace("_", "-"), "")
        if name.startswith("arg_"):
            pairs = (pair.partition("=") for pair in self.query.split("&"))
            return next((value for key, _, value in pairs if key == name[4:]), "")
        return VARIABLES[name](self) if name in VARIABLES else ""

    @property
    def query(self) -> str:
        return self.request.target.partition("?")[2]

    def complain(self, text: str) -> None:
        """One line for the error log; who and what is added there."""
        self.errors.append(text)


VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
VARIABLES: dict[str, Callable[[Visit], str]] = {
    "uri": lambda v: v.uri,
    "document_uri": lambda v: v.uri,
    "request_uri": lambda v: v.request.target,
    "request": lambda v: v.request.line,
    "request_method": lambda v: v.request.method,
    "args": lambda v: v.query,
    "query_string": lambda v: v.query,
    "is_args": lambda v: "?" if v.query else "",
    "host": lambda v: v.request.host or v.server_name,
    "hostname": lambda v: v.proc.machine.hostname,
    "remote_addr": lambda v: v.peer,
    "remote_user": lambda v: "-",
    "scheme": lambda v: "http",
    "server_name": lambda v: v.server_name,
    "server_port": lambda v: str(v.port),
    "server_protocol": lambda v: f"HTTP/{v.request.http_version}",
    "document_root": lambda v: v.scope.value("root", DEFAULT_ROOT),
    "content_type": lambda v: v.request.headers.get("content-type", ""),
    "content_length": lambda v: v.request.headers.get("content-length", ""),
    "proxy_add_x_forwarded_for": lambda v: ", ".join(
        filter(None, [v.request.headers.get("x-forwarded-for", ""), v.peer])
    ),
    "pid": lambda v: str(v.proc.pid),
    "connection": lambda v: str(v.number),
    "http_host": lambda v: v.request.headers.get("host", ""),
}


class Forward(Exception):
    """The location hands the request to another server: proxy_pass with its URL."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def choose_server(servers: list[Directive], host: str, port: int) -> Directive:
    """By server_name among those that listen on the port; the default one if none matches."""
    here = [server for server in servers if port in ports_of(server)] or servers
    for server in here:
        if any(
            _name_matches(name, host) for names in server.all("server_name") for name in names.words
        ):
            return server
    chosen = [
        s for s in here if any("default_server" in listen.words for listen in s.all("listen"))
    ]
    return (chosen or here)[0]


def ports_of(server: Directive) -> list[int]:
    """The ports of its listen directives; 80 without one."""
    ports = []
    for listen in server.all("listen"):
        port = listen.words[0].rpartition(":")[2] if listen.words else ""
        if port.isdigit():
            ports.append(int(port))
        elif not port.startswith("unix"):
            ports.append(80)
    return ports if server.all("listen") else [80]


def _name_matches(name: str, host: str) -> bool:
    name, host = name.lower(), host.lower()
    if name.startswith("~"):
        return re.search(name[1:], host) is not None
    if name.startswith("*."):
        return host.endswith(name[1:])
    if name.endswith(".*"):
        return host.startswith(name[:-1])
    return name == host or (name.startswith(".") and (host.endswith(name) or host == name[1:]))


def choose_location(blocks: list[Directive], visit: Visit) -> Directive | None:
    """Exact, then the longest prefix if it is ^~, then the first regular expression, then the longest prefix."""
    best: Directive | None = None
    for location in blocks:
        mark, path = _pattern(location)
        if mark == "=" and path == visit.uri:
            return location
        longest = len(_pattern(best)[1]) if best else -1
        if mark in ("", "^~") and visit.uri.startswith(path) and len(path) > longest:
            best = location
    if best is not None and _pattern(best)[0] == "^~":
        return best
    for location in blocks:
        mark, path = _pattern(location)
        if mark in ("~", "~*"):
            match = re.search(path, visit.uri, re.IGNORECASE if mark == "~*" else 0)
            if match:
                visit.captures |= {str(n): text or "" for n, text in enumerate(match.groups(), 1)}
                visit.captures |= {name: text or "" for name, text in match.groupdict().items()}
                return location
    return best


def _pattern(location: Directive) -> tuple[str, str]:
    words = location.words
    return (words[0], words[1]) if len(words) > 1 else ("", words[0] if words else "/")


class Site:
    """A configuration at work."""

    def __init__(self, http: Directive, software: str) -> None:
        self.http = http
        self.software = software
        self.servers = http.all("server")

    def scope_for(self, host: str, port: int) -> Scope:
        return Scope([choose_server(self.servers, host, port), self.http])

    def answer(self, visit: Visit) -> Reply:
        """The reply to one request. Forward if another server is to answer."""
        uri = safe_path(visit.request.path)
        if uri is None:
            return self._error(visit, 400)
        visit.uri = uri
        return self._finished(visit, self._located(visit, REDIRECT_LIMIT))

    def _located(self, visit: Visit, left: int) -> Reply:
        if not left:
            visit.complain(
                f'rewrite or internal redirection cycle while internally redirecting to "{visit.uri}"'
            )
            return self._error(visit, 500)
        server = visit.scope.blocks[-2]
        location = choose_location(server.all("location"), visit)
        visit.scope = Scope([*([location] if location else []), server, self.http])
        if location is not None and location.all("internal") and not visit.internal:
            return self._error(visit, 404)
        if (moved := self._rewritten(visit)) is not None:
            return moved if isinstance(moved, Reply) else self._located(visit, left - 1)
        if location is not None and (target := location.value("proxy_pass")):
            raise Forward(self._upstream_url(visit, location, target))
        if (tries := visit.scope.one("try_files")) is not None:
            return self._try(visit, tries.words, left)
        return self._file(visit, left)

    def _rewritten(self, visit: Visit) -> Reply | str | None:
        """What return and rewrite make of it: a reply, the new URI to be located again, or nothing."""
        for block in visit.scope.blocks[:-1]:
            for directive in block.block or []:
                if directive.name == "return":
                    return self._returned(visit, directive.words)
                if directive.name == "rewrite" and (found := self._rewrite(visit, directive.words)):
                    return found
        return None

    def _returned(self, visit: Visit, words: list[str]) -> Reply:
        code = int(words[0]) if words and words[0].isdigit() else 302
        text = visit.expand(words[-1]) if len(words) > 1 or not words[0].isdigit() else ""
        if code in (301, 302, 303, 307, 308):
            return redirect(code, self._absolute(visit, text), self.software)
        if not text:
            return self._error(visit, code)
        kind = visit.scope.value("default_type", "text/plain")
        return Reply(code, REASONS.get(code, ""), [("Content-Type", kind)], text.encode())

    def _rewrite(self, visit: Visit, words: list[str]) -> Reply | str | None:
        match = re.search(words[0], visit.uri) if len(words) > 1 else None
        if match is None:
            return None
        visit.captures |= {str(n): text or "" for n, text in enumerate(match.groups(), 1)}
        target, flag = visit.expand(words[1]), words[2] if len(words) > 2 else ""
        if flag in ("permanent", "redirect") or target.startswith("http"):
            return redirect(
                301 if flag == "permanent" else 302, self._absolute(visit, target), self.software
            )
        if target.partition("?")[0] == visit.uri:
            return None
        visit.uri = target.partition("?")[0]
        return None if flag == "break" else visit.uri

    def _absolute(self, visit: Visit, target: str) -> str:
        if not target.startswith("/"):
            return target
        return f"http://{visit.request.headers.get('host') or visit.server_name}{target}"

    def _upstream_url(self, visit: Visit, location: Directive, target: str) -> str:
        """With a path of its own, the location's part of the URI is replaced by it."""
        target = visit.expand(target)
        scheme, _, rest = target.partition("://")
        authority, slash, path = rest.partition("/")
        query = f"?{visit.query}" if visit.query else ""
        mark, prefix = _pattern(location)
        if not slash or mark in ("~", "~*"):
            uri = quote(visit.uri) + query if visit.internal else visit.request.target
            return f"{scheme}://{authority}{uri}"
        return f"{scheme}://{authority}/{path}{quote(visit.uri[len(prefix) :])}{query}"

    # --- files

    def _path_of(self, visit: Visit, uri: str) -> str:
        location = visit.scope.blocks[0]
        if location.name == "location" and (alias := location.value("alias")):
            return visit.expand(alias) + uri[len(_pattern(location)[1]) :]
        root = visit.expand(visit.scope.value("root", DEFAULT_ROOT))
        return posixpath.join("/etc/nginx", root).rstrip("/") + uri

    def _try(self, visit: Visit, words: list[str], left: int) -> Reply:
        for word in words[:-1]:
            uri = visit.expand(word)
            stat = _stat(visit.proc, self._path_of(visit, uri))
            if stat is not None and is_folder(stat) == uri.endswith("/"):
                visit.uri = uri
                return self._file(visit, left)
        last = visit.expand(words[-1])
        if last.startswith("="):
            return self._error(visit, int(last[1:]))
        if last.startswith("@"):
            named = [b for b in visit.scope.blocks[-2].all("location") if b.words == [last]]
            if named and (target := named[0].value("proxy_pass")):
                visit.scope = Scope([named[0], *visit.scope.blocks[-2:]])
                raise Forward(self._upstream_url(visit, named[0], target))
            return self._error(visit, 500)
        visit.uri, visit.internal = last.partition("?")[0], True
        return self._located(visit, left - 1)

    def _file(self, visit: Visit, left: int) -> Reply:
        if visit.request.method not in ("GET", "HEAD"):
            return self._error(visit, 405)
        path = self._path_of(visit, visit.uri)
        try:
            stat = visit.proc.stat(path)
            if is_folder(stat):
                return self._folder(visit, path, left)
            if visit.uri.endswith("/"):
                raise NotADirectoryError(20, "Not a directory")
            etag = f'"{stat.mtime_ns // 1_000_000_000:x}-{stat.size:x}"'
            headers = [("Content-Type", self._type(visit, path))]
            return file_reply(visit.proc, visit.request, path, stat, etag, headers)
        except OSError as error:
            visit.complain(f'open() "{path}" failed ({error.errno}: {error.strerror})')
            return self._error(visit, 403 if isinstance(error, PermissionError) else 404, left)

    def _folder(self, visit: Visit, path: str, left: int) -> Reply:
        if not visit.uri.endswith("/"):
            return redirect(301, self._absolute(visit, quote(visit.uri) + "/"), self.software)
        index = visit.scope.one("index")
        for name in index.words if index else ["index.html"]:
            if _stat(visit.proc, posixpath.join(path, name)) is not None:
                visit.uri, visit.internal = posixpath.join(visit.uri, name), True
                return self._located(visit, left - 1)
        if visit.scope.value("autoindex") == "on":
            return listing(visit.proc, visit.uri, path)
        visit.complain(f'directory index of "{path}" is forbidden')
        return self._error(visit, 403, left)

    def _type(self, visit: Visit, path: str) -> str:
        """The configuration's own types; without a types block, nginx has three."""
        ending = path.rpartition(".")[2].lower()
        for block in visit.scope.blocks:
            if types := block.one("types"):
                return next(
                    (row.name for row in types.block or [] if ending in row.words),
                    self._default_type(visit),
                )
        return {"html": "text/html", "gif": "image/gif", "jpg": "image/jpeg"}.get(
            ending, self._default_type(visit)
        )

    def _default_type(self, visit: Visit) -> str:
        return visit.scope.value("default_type", "text/plain")

    # --- errors and headers

    def _error(self, visit: Visit, code: int, left: int = 0) -> Reply:
        for page in visit.scope.all("error_page"):
            if str(code) in page.words[:-1] and left > 1:
                visit.uri, visit.internal = page.words[-1], True
                inner = Request("GET", visit.request.target, {})
                outer, visit.request = visit.request, inner
                reply = self._located(visit, left - 1)
                visit.request = outer
                if reply.status == 200:
                    new = next((w[1:] for w in page.words if w.startswith("=")), str(code))
                    reply.status = int(new or 200)
                    reply.reason = REASONS.get(reply.status, "")
                    return reply
        return error_page(code, self.software)

    def _finished(self, visit: Visit, reply: Reply) -> Reply:
        always = reply.status in (200, 201, 204, 206, 301, 302, 303, 304, 307, 308)
        for header in visit.scope.all("add_header"):
            if len(header.words) > 1 and (always or "always" in header.words[2:]):
                reply.headers.append((header.words[0], visit.expand(header.words[1])))
        reply.headers += self._expiry(visit) if reply.status in (200, 206, 304) else []
        return reply

    def _expiry(self, visit: Visit) -> list[Header]:
        text = visit.scope.value("expires")
        match = re.fullmatch(r"(\d+)([smhdwy]?)", text)
        if not match:
            return []
        unit = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}[match[2]]
        return [("Cache-Control", f"max-age={int(match[1]) * unit}")]


REASONS = {
    200: "OK",
    201: "Created",
    204: "No Content",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Not Allowed",
    410: "Gone",
    418: "",
    429: "Too Many Requests",
    444: "",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}


def _stat(proc: Process, path: str) -> Stat | None:
    try:
        return proc.stat(path)
    except OSError:
        return None
