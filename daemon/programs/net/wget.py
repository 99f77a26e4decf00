"""wget, as busybox and as GNU have it: fetch by HTTP into a file or to standard output."""

import base64
import errno
import os

from daemon.process.process import Process
from daemon.programs.net.addresses import bracketed, lookup
from daemon.programs.net.http_client import BadUrl, Exchange, Head, ProtocolError, Url
from daemon.programs.net.wget_talk import BusyboxTalk, GnuTalk, Problem, Talk
from daemon.programs.tools.kit import is_gnu, tool
from daemon.programs.tools.options import Options

REDIRECTS = (301, 302, 303, 307, 308)
REDIRECT_LIMIT = {True: 20, False: 5}
DEFAULT_TIMEOUT = 900.0
LONG = (
    "quiet=q output-document:=O output-file:=o spider server-response=S continue=c timeout:=T tries:=t "
    "header: post-data: post-file: user-agent:=U no-check-certificate directory-prefix:=P no-verbose=nv "
    "user: password: max-redirect: method: body-data: content-on-error no-cache progress: show-progress "
    "timestamping=N no-clobber=nc debug=d verbose=v proxy:=Y no-proxy no-hsts retry-connrefused waitretry: "
    "connect-timeout:=T read-timeout:=T dns-timeout: inet4-only=4 inet6-only=6 input-file:=i background=b"
)
BUSYBOX_LONG = (
    "quiet=q output-document:=O output-file:=o spider server-response=S continue=c timeout:=T tries:=t header: "
    "post-data: post-file: user-agent:=U no-check-certificate directory-prefix:=P no-clobber proxy:=Y"
)


@tool(
    "[-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR] [--post-data STR | --post-file FILE] "
    "[-Y on/off] [-P DIR] [-U AGENT] [-T SEC] URL...",
    "cqSO:o:P:U:T:t:Y:",
    gnu="N46bdvi:n:",
    long=LONG,
    busybox_long=BUSYBOX_LONG,
    about="Retrieve files via HTTP",
    trouble=(2, 1),
    package="GNU Wget 1.21.4",
)
async def wget(proc: Process, options: Options) -> int:
    talk: Talk = (
        GnuTalk(proc, quiet="q" in options, brief=options.value("n") == "v" or "nv" in options)
        if is_gnu(proc)
        else BusyboxTalk(proc, quiet="q" in options)
    )
    if not options.args:
        return await talk.no_url()
    code = 0
    for text in options.args:
        try:
            await Fetch(proc, options, talk).run(text)
        except Problem as problem:
            await talk.problem(problem)
            code = problem.code
            if not is_gnu(proc):
                break
    return code


class Fetch:
    """One URL, its redirections included."""

    def __init__(self, proc: Process, options: Options, talk: Talk) -> None:
        self.proc = proc
        self.options = options
        self.talk = talk
        self.timeout = float(options.value("T") or DEFAULT_TIMEOUT)

    async def run(self, text: str) -> None:
        try:
            url = Url.parse(text)
        except BadUrl:
            raise Problem("url", text) from None
        if url.scheme not in ("http", "https"):
            raise Problem("scheme", text)
        method, body = self._method(), self._body()
        left = REDIRECT_LIMIT[is_gnu(self.proc)]
        while True:
            fd = await self._connect(url)
            try:
                exchange = Exchange(self.proc, fd, self._deadline())
                head = await self._ask(exchange, url, method, body)
                if head.status in REDIRECTS and head.get("Location"):
                    if not left:
                        raise Problem("redirects", text)
                    left -= 1
                    url = await self._redirect(url, head)
                    method, body = ("GET", b"") if head.status < 307 else (method, body)
                    continue
                await self._take(exchange, url, head)
                return
            except (ProtocolError, ConnectionError) as error:
                raise Problem("reply", url.host, error) from error
            finally:
                self.proc.close(fd)

    def _method(self) -> str:
        if "spider" in self.options:
            return "HEAD" if is_gnu(self.proc) else "GET"
        if given := self.options.value("method"):
            return given
        posting = "post-data" in self.options or "post-file" in self.options
        return "POST" if posting else "GET"

    def _body(self) -> bytes:
        if path := self.options.value("post-file"):
            return self.proc.machine.fs.read_bytes(path, who=self.proc.cred, cwd=self.proc.cwd)
        data = self.options.value("post-data") or self.options.value("body-data")
        return os.fsencode(data)

    def _deadline(self) -> float:
        return self.proc.machine.clock.monotonic() + self.timeout

    async def _connect(self, url: Url) -> int:
        await self.talk.resolving(url)
        addresses = await lookup(self.proc, url.host)
        if not addresses:
            raise Problem("name", url.host)
        await self.talk.connecting(url, addresses[0])
        try:
            fd = await self.proc.connect(addresses[0], url.port, timeout=self.timeout)
        except TimeoutError as error:
            raise Problem("timeout", addresses[0], error) from error
        except OSError as error:
            raise Problem("connect", bracketed(addresses[0]), error) from error
        if url.scheme == "https":
            self.proc.close(fd)
            raise Problem("tls", url.host)
        await self.talk.connected()
        return fd

    async def _ask(self, exchange: Exchange, url: Url, method: str, body: bytes) -> Head:
        headers = self._headers(url)
        if body:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            headers["Content-Length"] = str(len(body))
        try:
            await exchange.send(method, url.target, list(headers.items()), body)
            head = await exchange.head()
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                raise Problem("timeout", url.host, error) from error
            raise
        await self.talk.answered(head, show="S" in self.options)
        return head

    def _headers(self, url: Url) -> dict[str, str]:
        agent = "Wget/1.21.4" if is_gnu(self.proc) else "Wget"
        headers = {"Host": url.authority, "User-Agent": self.options.value("U") or agent}
        if is_gnu(self.proc):
            headers |= {"Accept": "*/*", "Accept-Encoding": "identity"}
        headers["Connection"] = "close"
        user = url.user or self._user()
        if user:
            headers["Authorization"] = f"Basic {base64.b64encode(os.fsencode(user)).decode()}"
        for line in self.options.values("header"):
            name, _, value = line.partition(":")
            headers = {n: v for n, v in headers.items() if n.lower() != name.lower()}
            headers[name] = value.strip()
        return headers

    def _user(self) -> str:
        user = self.options.value("user")
        return f"{user}:{self.options.value('password')}" if user else ""

    async def _redirect(self, url: Url, head: Head) -> Url:
        location = head.get("Location") or ""
        await self.talk.redirected(location)
        try:
            return url.joined(location)
        except BadUrl:
            raise Problem("url", location) from None

    async def _take(self, exchange: Exchange, url: Url, head: Head) -> None:
        if head.status >= 400 and "content-on-error" not in self.options:
            raise Problem("status", head.line, head=head)
        if "spider" in self.options:
            await self.talk.exists(url, head)
            return
        if head.status == 204:
            return
        name = self._target(url)
        await self.talk.saving(name, head)
        total = await self._save(exchange, name)
        await self.talk.saved(url, name, total, head)

    def _target(self, url: Url) -> str:
        if name := self.options.value("O"):
            return name
        name = os.path.join(self.options.value("P"), url.file_name or "index.html")
        if not is_gnu(self.proc) or "c" in self.options:
            return name
        number, free = 1, name
        while self.proc.machine.fs.exists(free, cwd=self.proc.cwd):
            free = f"{name}.{number}"
            number += 1
        return free

    async def _save(self, exchange: Exchange, name: str) -> int:
        fd = 1 if name == "-" else await self._create(name)
        total = 0
        try:
            async for piece in exchange.body():
                await self.proc.write(fd, piece)
                total += len(piece)
        except TimeoutError as error:
            raise Problem("timeout", name, error) from error
        finally:
            if fd != 1:
                self.proc.close(fd)
        return total

    async def _create(self, name: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        # busybox does not overwrite a file unless its name was given with -O.
        if not is_gnu(self.proc) and "O" not in self.options:
            flags |= os.O_EXCL
        try:
            return await self.proc.open(name, flags)
        except OSError as error:
            raise Problem("open", name, error) from error
