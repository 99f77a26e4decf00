"""What wget says on standard error: busybox in few words, GNU in many."""

import os
import posixpath
from typing import Protocol

from daemon.process.process import Process
from daemon.programs.net.addresses import bracketed, is_address
from daemon.programs.net.http_client import Head, Url
from daemon.programs.services.kit import moment

GNU_CODES = {"name": 4, "connect": 4, "timeout": 4, "reply": 4, "tls": 5, "status": 8, "open": 3}


class Problem(Exception):
    """Why a URL could not be fetched: a kind, what it is about, and the error or answer behind it."""

    def __init__(
        self, kind: str, about: str, cause: Exception | None = None, head: Head | None = None
    ) -> None:
        super().__init__(kind, about)
        self.kind = kind
        self.about = about
        self.cause = cause
        self.head = head
        self.code = 1

    @property
    def reason(self) -> str:
        number = self.cause.errno if isinstance(self.cause, OSError) else None
        return os.strerror(number) if number else "Connection reset by peer"


class Talk(Protocol):
    """The moments of a fetch at which something may be said."""

    async def no_url(self) -> int: ...
    async def resolving(self, url: Url) -> None: ...
    async def connecting(self, url: Url, address: str) -> None: ...
    async def connected(self) -> None: ...
    async def answered(self, head: Head, *, show: bool) -> None: ...
    async def redirected(self, location: str) -> None: ...
    async def exists(self, url: Url, head: Head) -> None: ...
    async def saving(self, name: str, head: Head) -> None: ...
    async def saved(self, url: Url, name: str, total: int, head: Head) -> None: ...
    async def problem(self, problem: Problem) -> None: ...


class BusyboxTalk:
    """busybox's wget; -q silences all but errors."""

    def __init__(self, proc: Process, *, quiet: bool) -> None:
        self.proc = proc
        self.quiet = quiet

    async def _say(self, text: str) -> None:
        if not self.quiet:
            await self.proc.err(text)

    async def no_url(self) -> int:
        await self.proc.err("wget: URL missing\n")
        return 1

    async def resolving(self, url: Url) -> None:
        """Says nothing."""

    async def connecting(self, url: Url, address: str) -> None:
        where = f"{bracketed(address)}:{url.port}"
        await self._say(f"Connecting to {url.authority} ({where})\n")

    async def connected(self) -> None:
        """Says nothing."""

    async def answered(self, head: Head, *, show: bool) -> None:
        if show:
            lines = [head.line, *(f"{name}: {value}" for name, value in head.headers)]
            await self.proc.err("".join(f"  {line}\n" for line in lines))

    async def redirected(self, location: str) -> None:
        """Says nothing until it connects there."""

    async def exists(self, url: Url, head: Head) -> None:
        await self._say("remote file exists\n")

    async def saving(self, name: str, head: Head) -> None:
        await self._say("writing to stdout\n" if name == "-" else f"saving to '{name}'\n")

    async def saved(self, url: Url, name: str, total: int, head: Head) -> None:
        label = posixpath.basename(name)[:20].ljust(20)
        bar = f"{label} 100% |{'*' * 32}| {total:5d}  0:00:00 ETA\n"
        end = "written to stdout\n" if name == "-" else f"'{name}' saved\n"
        await self._say(f"\r{bar}{end}")

    async def problem(self, problem: Problem) -> None:
        texts = {
            "url": f"not an http or ftp url: {problem.about}",
            "scheme": f"not an http or ftp url: {problem.about}",
            "name": f"bad address '{problem.about}'",
            "connect": f"can't connect to remote host ({problem.about}): {problem.reason}",
            "timeout": "download timed out",
            "reply": f"error getting response: {problem.reason}",
            "redirects": "too many redirections",
            "status": f"server returned error: {problem.about}",
            "open": f"can't open '{problem.about}': {problem.reason}",
            "tls": "error getting response: Connection reset by peer",
        }
        if problem.kind == "tls":
            await self.proc.err("ssl_client: TLS is not simulated, use http\n")
        await self.proc.err(f"wget: {texts[problem.kind]}\n")


class GnuTalk:
    """GNU's wget; `brief` is -nv."""

    def __init__(self, proc: Process, *, quiet: bool, brief: bool) -> None:
        self.proc = proc
        self.quiet = quiet
        self.brief = brief

    async def _say(self, text: str) -> None:
        if not self.quiet and not self.brief:
            await self.proc.err(text)

    def _now(self) -> str:
        return moment(self.proc, "%Y-%m-%d %H:%M:%S")

    async def no_url(self) -> int:
        await self.proc.err(
            "wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n"
        )
        return 1

    async def resolving(self, url: Url) -> None:
        await self._say(f"--{self._now()}--  {url.text}\n")

    async def connecting(self, url: Url, address: str) -> None:
        if not is_address(url.host):
            await self._say(f"Resolving {url.host} ({url.host})... {address}\n")
            name = f"{url.host} ({url.host})|{address}|"
        else:
            name = url.host
        await self._say(f"Connecting to {name}:{url.port}... ")

    async def connected(self) -> None:
        await self._say("connected.\nHTTP request sent, awaiting response... ")

    async def answered(self, head: Head, *, show: bool) -> None:
        if show:
            lines = [head.line, *(f"{name}: {value}" for name, value in head.headers)]
            await self._say("\n" + "".join(f"  {line}\n" for line in lines))
        else:
            await self._say(f"{head.status} {head.reason}\n")

    async def redirected(self, location: str) -> None:
        await self._say(f"Location: {location} [following]\n")

    def _length(self, head: Head) -> str:
        kind = (head.get("Content-Type") or "").partition(";")[0]
        size = "unspecified" if head.length is None else str(head.length)
        return f"Length: {size}{f' [{kind}]' if kind else ''}\n"

    async def exists(self, url: Url, head: Head) -> None:
        await self._say(f"{self._length(head)}Remote file exists.\n\n")

    async def saving(self, name: str, head: Head) -> None:
        target = "STDOUT" if name == "-" else f"'{name}'"
        await self._say(f"{self._length(head)}Saving to: {target}\n\n")

    async def saved(self, url: Url, name: str, total: int, head: Head) -> None:
        size = f"[{total}/{head.length}]" if head.length is not None else f"[{total}]"
        if self.brief and not self.quiet:
            sizes = size.strip("[]") if head.length is not None else str(total)
            await self.proc.err(f'{self._now()} URL:{url.text} [{sizes}] -> "{name}" [1]\n')
            return
        verb = "written to stdout" if name == "-" else f"'{name}' saved"
        await self._say(f"     0K {'.' * 10:<55}100% 9.99M=0s\n\n")
        await self._say(f"{self._now()} (9.99 MB/s) - {verb} {size}\n\n")

    async def problem(self, problem: Problem) -> None:
        problem.code = GNU_CODES.get(problem.kind, 1)
        texts = {
            "url": f"{problem.about}: Invalid host name.\n",
            "scheme": f"{problem.about}: Unsupported scheme.\n",
            "name": f"wget: unable to resolve host address '{problem.about}'\n",
            "connect": f"failed: {problem.reason}.\n",
            "timeout": "failed: Connection timed out.\nGiving up.\n\n",
            "reply": "No data received.\nGiving up.\n\n",
            "redirects": "20 redirections exceeded.\n",
            "open": f"{problem.about}: {problem.reason}\n",
            "tls": "wget: TLS is not simulated, use http\n",
        }
        if problem.head is not None:
            text = f"{self._now()} ERROR {problem.head.status}: {problem.head.reason}.\n\n"
        else:
            text = texts[problem.kind]
        if not self.quiet:
            await self.proc.err(text)
