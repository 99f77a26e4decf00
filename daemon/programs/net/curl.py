"""curl: transfer by HTTP, with the options that scripts and healthchecks use, and curl's own exit codes."""

import base64
import errno
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from daemon.process.process import Process
from daemon.programs.net.addresses import is_address, lookup
from daemon.programs.net.http_client import (
    BadUrl,
    EmptyReply,
    Exchange,
    Head,
    ProtocolError,
    Url,
)
from daemon.programs.tools.options import OptionError, Options, Parser

VERSION = "8.14.1"
ABOUT = f"""curl {VERSION} (x86_64-pc-linux-gnu) libcurl/{VERSION}
Release-Date: 2025-06-04
Protocols: http
Features: IPv6 UnixSockets
"""
HELP = """Usage: curl [options...] <url>
 -d, --data <data>          HTTP POST data
 -f, --fail                 Fail fast with no output on HTTP errors
 -h, --help <subject>       Get help for commands
 -o, --output <file>        Write to file instead of stdout
 -O, --remote-name          Write output to file named as remote file
 -i, --show-headers         Show response headers in output
 -s, --silent               Silent mode
 -T, --upload-file <file>   Transfer local FILE to destination
 -u, --user <user:password> Server user and password
 -A, --user-agent <name>    Send User-Agent <name> to server
 -v, --verbose              Make the operation more talkative
 -V, --version              Show version number and quit
"""
PARSER = Parser(
    "sSfiIo:Ow:X:d:H:Lkm:u:A:vVGT:e:b:c:x:hJ#g46NZF:D:r:q",
    "silent=s show-error=S fail=f fail-with-body=fail-with-body include=i show-headers=i head=I output:=o remote-name=O "
    "write-out:=w request:=X data:=d data-raw:=raw data-binary:=binary data-ascii:=d data-urlencode:=encode json:=json header:=H location=L "
    "insecure=k max-time:=m connect-timeout:=ct retry:=retry retry-delay:=rd retry-max-time:=rm retry-connrefused=rc "
    "retry-all-errors=ra user:=u user-agent:=A verbose=v version=V get=G upload-file:=T referer:=e cookie:=b "
    "cookie-jar:=c proxy:=x noproxy:=noproxy help?=h compressed=compressed progress-bar=# globoff=g ipv4=4 ipv6=6 no-buffer=N no-progress-meter=np "
    "unix-socket:=unix url:=url max-redirs:=mr create-dirs=cd output-dir:=od form:=F dump-header:=D range:=r http1.1=h1 "
    "http1.0=h0 http2=h2 tlsv1.2=t cacert:=cacert resolve:=resolve connect-to:=cto stderr:=stderr disable=q parallel=Z path-as-is=pai fail-early=fe",
)
MESSAGES = {
    errno.ECONNREFUSED: "Could not connect to server",
    errno.EHOSTUNREACH: "Could not connect to server",
    errno.ENETUNREACH: "Could not connect to server",
}
RETRIED = (408, 429, 500, 502, 503, 504)
DEFAULT_CONNECT_SECONDS = 300.0


class CurlError(Exception):
    """A failed transfer: curl's exit code and what it says."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(slots=True)
class Result:
    """What --write-out may ask about."""

    url: str = ""
    effective_url: str = ""
    method: str = "GET"
    status: int = 0
    size: int = 0
    sent: int = 0
    redirects: int = 0
    redirect_url: str = ""
    content_type: str = ""
    address: str = ""
    port: int = 0
    started: float = 0.0
    ended: float = 0.0
    exit_code: int = 0
    error: str = ""
    connects: int = 0
    header_lines: list[tuple[str, str]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return self.ended - self.started


async def main(proc: Process) -> int:
    try:
        options = PARSER.parse(proc.argv[1:])
    except OptionError as error:
        text = _option_error(error.text)
        await proc.err(f"curl: {text}\ncurl: try 'curl --help' for more information\n")
        return 2
    if "V" in options or "h" in options:
        await proc.out(ABOUT if "V" in options else HELP)
        return 0
    urls = [*options.args, *options.values("url")]
    if not urls:
        await proc.err("curl: (2) no URL specified\ncurl: try 'curl --help' for more information\n")
        return 2
    code = 0
    outputs = iter(options.values("o"))
    for url in urls:
        code = await Transfer(proc, options, url, next(outputs, "")).run()
    return code


def _option_error(text: str) -> str:
    """getopt's complaint in curl's words."""
    missing = re.fullmatch(
        r"option (?:requires an argument -- )?'?-*(\S+?)'?(?: requires an argument)?", text
    )
    if missing and "requires" in text:
        name = missing[1]
        return f"option {'-' if len(name) == 1 else '--'}{name}: requires parameter"
    name = text.rpartition("'")[0].rpartition("'")[2].lstrip("-")
    return f"option {'-' if len(name) == 1 else '--'}{name}: is unknown"


class Transfer:
    """One URL, with its retries and redirections."""

    def __init__(self, proc: Process, options: Options, url: str, output: str) -> None:
        self.proc = proc
        self.options = options
        self.result = Result(url=url)
        self.output = output
        self.fd = -1

    async def run(self) -> int:
        left = int(self.options.value("retry") or 0)
        wait = 1.0
        while True:
            code = await self._once()
            if not left or not self._worth_another_try(code):
                break
            left -= 1
            seconds = float(self.options.value("rd") or wait)
            await self._warn(
                f"Problem : {self._trouble()}. Will retry in {seconds:.0f} second. {left} retries left."
            )
            await self.proc.sleep(seconds)
            wait = min(600.0, wait * 2)
        if layout := self.options.value("w"):
            await self._write_out(layout)
        return code

    def _worth_another_try(self, code: int) -> bool:
        if "ra" in self.options:
            return code != 0
        if code == 7:
            return "rc" in self.options
        return code == 28 or self.result.status in RETRIED

    def _trouble(self) -> str:
        return "HTTP error" if self.result.status >= 400 else "connection refused"

    async def _warn(self, text: str) -> None:
        if "s" not in self.options:
            await self.proc.err(f"Warning: {text}\n")

    async def _once(self) -> int:
        clock = self.proc.machine.clock
        self.result = Result(url=self.result.url, started=clock.monotonic())
        try:
            await self._transfer()
        except CurlError as error:
            self.result.exit_code, self.result.error = error.code, error.text
            if "s" not in self.options or "S" in self.options:
                await self.proc.err(f"curl: ({error.code}) {error.text}\n")
        finally:
            self.result.ended = clock.monotonic()
            self._hang_up()
        return self.result.exit_code

    def _hang_up(self) -> None:
        if self.fd >= 0:
            self.proc.close(self.fd)
            self.fd = -1

    # --- one request after the other

    async def _transfer(self) -> None:
        url = self._url(self.result.url)
        method, body = self._method(), self._body()
        if "G" in self.options and body:
            joint = "&" if "?" in url.target else "?"
            url = Url.parse(f"{url.text}{joint}{os.fsdecode(body)}")
            method, body = self.options.value("X") or "GET", b""
        while True:
            self.result.effective_url, self.result.method = url.text, method
            exchange, head = await self._ask(url, method, body)
            location = head.get("Location")
            if location and 300 <= head.status < 400:
                self.result.redirect_url = url.joined(location).text
            if not (self.result.redirect_url and "L" in self.options):
                await self._take(exchange, head, url)
                return
            await self._show_head(head)
            if self.result.redirects >= int(self.options.value("mr") or 50):
                raise CurlError(47, f"Maximum ({self.result.redirects}) redirects followed")
            self.result.redirects += 1
            url = self._url(self.result.redirect_url)
            self.result.redirect_url = ""
            if head.status in (301, 302, 303) and method == "POST" and "X" not in self.options:
                method, body = "GET", b""
            self._hang_up()

    def _url(self, text: str) -> Url:
        try:
            url = Url.parse(text)
        except BadUrl:
            raise CurlError(3, "URL rejected: Malformed input to a URL function") from None
        if url.scheme not in ("http", "https"):
            raise CurlError(1, f'Protocol "{url.scheme}" not supported')
        return url

    def _method(self) -> str:
        if given := self.options.value("X"):
            return given
        if "I" in self.options:
            return "HEAD"
        if "T" in self.options:
            return "PUT"
        return "POST" if self._posts() else "GET"

    def _posts(self) -> bool:
        return any(key in self.options for key in ("d", "raw", "binary", "encode", "json", "F"))

    def _body(self) -> bytes:
        if path := self.options.value("T"):
            return self._file(path)
        pieces = []
        for key, value in self.options.given:
            if key in ("d", "raw", "binary", "json"):
                pieces.append(self._data(key, value or ""))
            elif key in ("encode", "F"):
                name, equals, text = (value or "").partition("=")
                pieces.append(f"{name}{equals}{quote_plus(text)}".encode())
        return (b"" if "json" in self.options else b"&").join(pieces)

    def _data(self, key: str, value: str) -> bytes:
        if not value.startswith("@") or key == "raw":
            return os.fsencode(value)
        data = self._file(value[1:])
        return data.replace(b"\r", b"").replace(b"\n", b"") if key == "d" else data

    def _file(self, path: str) -> bytes:
        try:
            return self.proc.machine.fs.read_bytes(path, who=self.proc.cred, cwd=self.proc.cwd)
        except OSError:
            raise CurlError(
                26, f"Failed to open/read local data from file/application: {path}"
            ) from None

    def _headers(self, url: Url, body: bytes) -> list[tuple[str, str]]:
        headers = {"Host": url.authority}
        user = self.options.value("u") or url.user
        if user:
            headers["Authorization"] = f"Basic {base64.b64encode(os.fsencode(user)).decode()}"
        headers["User-Agent"] = self.options.value("A") or f"curl/{VERSION}"
        headers["Accept"] = "application/json" if "json" in self.options else "*/*"
        for key, name in (("e", "Referer"), ("b", "Cookie")):
            if value := self.options.value(key):
                headers[name] = value
        if span := self.options.value("r"):
            headers["Range"] = f"bytes={span}"
        if body or self._posts() or "T" in self.options:
            headers["Content-Length"] = str(len(body))
        if self._posts():
            kind = (
                "application/json"
                if "json" in self.options
                else "application/x-www-form-urlencoded"
            )
            headers["Content-Type"] = kind
        for line in self.options.values("H"):
            name, colon, value = line.partition(":")
            headers = {n: v for n, v in headers.items() if n.lower() != name.lower()}
            if value.strip() or (not colon and line.endswith(";")):
                headers[name.rstrip(";")] = value.strip()
        return list(headers.items())

    async def _ask(self, url: Url, method: str, body: bytes) -> tuple[Exchange, Head]:
        await self._connect(url)
        exchange = Exchange(self.proc, self.fd, self._deadline())
        headers = self._headers(url, body)
        await self._trace(
            ">", [f"{method} {url.target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers), ""]
        )
        self.result.sent = len(body)
        try:
            await exchange.send(method, url.target, headers, body)
            head = await exchange.head()
        except EmptyReply:
            raise CurlError(52, "Empty reply from server") from None
        except ProtocolError:
            raise CurlError(1, "Received HTTP/0.9 when not allowed") from None
        except OSError as error:
            raise self._broken(error) from None
        self.result.status = head.status
        self.result.content_type = head.get("Content-Type") or ""
        self.result.header_lines = list(head.headers)
        await self._trace("<", [head.line, *(f"{n}: {v}" for n, v in head.headers), ""])
        return exchange, head

    def _deadline(self) -> float | None:
        limit = self.options.value("m")
        return self.result.started + float(limit) if limit else None

    def _broken(self, error: OSError) -> CurlError:
        if error.errno == errno.ETIMEDOUT:
            waited = int(self._seconds() * 1000)
            return CurlError(
                28,
                f"Operation timed out after {waited} milliseconds with {self.result.size} bytes received",
            )
        return CurlError(56, f"Recv failure: {os.strerror(error.errno or errno.ECONNRESET)}")

    def _seconds(self) -> float:
        return self.proc.machine.clock.monotonic() - self.result.started

    async def _connect(self, url: Url) -> None:
        addresses = await self._addresses(url)
        self.result.address, self.result.port = addresses[0], url.port
        limits = [float(self.options.value(key)) for key in ("m", "ct") if key in self.options]
        limit = min([DEFAULT_CONNECT_SECONDS, *limits])
        await self._trace("*", [f"  Trying {addresses[0]}:{url.port}..."])
        try:
            self.fd = await self.proc.connect(addresses[0], url.port, timeout=limit)
        except OSError as error:
            waited = int(self._seconds() * 1000)
            if error.errno == errno.ETIMEDOUT or isinstance(error, TimeoutError):
                raise CurlError(28, f"Connection timed out after {waited} milliseconds") from None
            text = MESSAGES.get(error.errno or 0, "Could not connect to server")
            raise CurlError(
                7, f"Failed to connect to {url.host} port {url.port} after {waited} ms: {text}"
            ) from None
        self.result.connects += 1
        await self._trace("*", [f"Connected to {url.host} ({addresses[0]}) port {url.port}"])
        if url.scheme == "https":
            raise CurlError(35, "TLS connect error: TLS is not simulated, use http")

    async def _addresses(self, url: Url) -> list[str]:
        for entry in self.options.values("resolve"):
            name, _, rest = entry.lstrip("+").partition(":")
            port, _, address = rest.partition(":")
            if name == url.host and port == str(url.port):
                return [address.strip("[]")]
        found = [url.host] if is_address(url.host) else list(await lookup(self.proc, url.host))
        if not found:
            raise CurlError(6, f"Could not resolve host: {url.host}")
        return found

    async def _trace(self, mark: str, lines: list[str]) -> None:
        if "v" in self.options:
            await self.proc.err("".join(f"{mark} {line}\n" for line in lines))

    # --- what came back

    async def _take(self, exchange: Exchange, head: Head, url: Url) -> None:
        if head.status >= 400 and "f" in self.options:
            raise CurlError(22, f"The requested URL returned error: {head.status}")
        out = await self._open(url)
        try:
            await self._show_head(head, out)
            await self._copy(exchange, head, out)
        finally:
            if out != 1:
                self.proc.close(out)
        if head.status >= 400 and "fail-with-body" in self.options:
            raise CurlError(22, f"The requested URL returned error: {head.status}")

    async def _open(self, url: Url) -> int:
        name = self.output or (url.file_name if "O" in self.options else "-")
        if not name:
            raise CurlError(23, "Remote filename has no length")
        if name == "-":
            return 1
        try:
            return await self.proc.open(
                os.path.join(self.options.value("od"), name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            )
        except OSError as error:
            raise CurlError(
                23, f"client returned ERROR on write, {name}: {error.strerror}"
            ) from None

    async def _show_head(self, head: Head, out: int = 1) -> None:
        text = "\r\n".join([head.line, *(f"{n}: {v}" for n, v in head.headers), "", ""])
        if "i" in self.options or "I" in self.options:
            await self.proc.write(out, text.encode("latin-1"))
        if target := self.options.value("D"):
            fd = (
                1
                if target == "-"
                else await self.proc.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            )
            await self.proc.write(fd, text.encode("latin-1"))

    async def _copy(self, exchange: Exchange, head: Head, out: int) -> None:
        async for piece in self._pieces(exchange):
            self.result.size += len(piece)
            await self.proc.write(out, piece)
        if "s" not in self.options and "np" not in self.options and not self.proc.isatty(out):
            await self.proc.err(self._meter(head))

    async def _pieces(self, exchange: Exchange) -> AsyncIterator[bytes]:
        try:
            async for piece in exchange.body():
                yield piece
        except ProtocolError:
            raise CurlError(18, "end of response with bytes missing") from None
        except OSError as error:
            raise self._broken(error) from None

    def _meter(self, head: Head) -> str:
        size = self.result.size
        speed = int(size / max(self._seconds(), 0.001))
        total = head.length if head.length is not None else size
        return (
            "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n"
            "                                 Dload  Upload   Total   Spent    Left  Speed\n"
            f"\r100 {total:5d}  100 {size:5d}    0     0 {speed:6d}      0 --:--:-- --:--:-- --:--:-- {speed:5d}\n"
        )

    async def _write_out(self, layout: str) -> None:
        if layout.startswith("@"):
            layout = os.fsdecode(self._file(layout[1:]))
        result = self.result
        values = {
            "http_code": f"{result.status:03d}",
            "response_code": f"{result.status:03d}",
            "size_download": result.size,
            "size_upload": result.sent,
            "num_redirects": result.redirects,
            "num_connects": result.connects,
            "redirect_url": result.redirect_url,
            "url": result.url,
            "url_effective": result.effective_url,
            "content_type": result.content_type,
            "remote_ip": result.address,
            "remote_port": result.port,
            "method": result.method,
            "exitcode": result.exit_code,
            "errormsg": result.error,
            "http_version": "1.1" if result.status else "0",
            "scheme": result.effective_url.partition(":")[0],
        }

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("time_") or name == "speed_download":
                return f"{result.seconds:.6f}"
            return str(values.get(name, ""))

        text = re.sub(r"%\{(\w+)\}", value, layout)
        for escape, char in (("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("%%", "%")):
            text = text.replace(escape, char)
        await self.proc.out(text)
