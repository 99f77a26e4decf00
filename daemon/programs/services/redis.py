"""redis-server: one process that listens, keeps the data and answers every client, as the real one does."""

import errno
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.waiting import WaitQueue
from daemon.programs.services.kit import moment

if TYPE_CHECKING:
    from daemon.programs.services.redis_engine import Session

OUTPUT_LIMIT = 32 << 20
"""A client that lets this much pile up unread is dropped, as client-output-buffer-limit does."""


def version(proc: Process) -> str:
    """What the image was made from: the address of the sources is the only word on it in newer images."""
    found = re.search(r"(\d+\.\d+\.\d+)\.tar", proc.env.get("REDIS_DOWNLOAD_URL", ""))
    return proc.env.get("REDIS_VERSION") or (found[1] if found else "8.2.2")


async def server(proc: Process) -> int:
    words = proc.argv[1:]
    if words[:1] in (["--version"], ["-v"]):
        await proc.out(
            f"Redis server v={version(proc)} sha=00000000:1 malloc=jemalloc-5.3.0 bits=64 build=0\n"
        )
        return 0
    try:
        settings = _settings(proc, words)
    except OSError as error:
        await proc.err(f"Fatal error, can't open config file '{words[0]}': {error.strerror}\n")
        return 1
    return await Server(proc, settings).run(configured=bool(words))


def _settings(proc: Process, words: list[str]) -> dict[str, str]:
    """The configuration file, if the first word names one, and then `--name value` of the command line."""
    settings: dict[str, str] = {}
    if words and not words[0].startswith("-"):
        text = proc.machine.fs.read_bytes(words[0], who=proc.cred, cwd=proc.cwd)
        for line in text.decode("utf-8", "replace").splitlines():
            name, _, value = line.strip().partition(" ")
            if name and not name.startswith("#"):
                settings[name.lower()] = value.strip().strip('"')
    name = ""
    for word in words:
        if word.startswith("--"):
            name, _, value = word[2:].lower().partition("=")
            settings[name] = value
        elif name:
            settings[name] = f"{settings[name]} {word}".strip()
    return settings


class Server:
    """Connections and their sessions, served in turn by one process."""

    def __init__(self, proc: Process, settings: dict[str, str]) -> None:
        self.proc = proc
        self.settings = settings
        self.port = int(settings.get("port") or 6379)
        self.clients: dict[int, Session] = {}
        self.pushed = WaitQueue()
        self.stopping = False

    async def log(self, text: str, mark: str = "*", role: str = "M") -> None:
        stamp = moment(self.proc, "%d %b %Y %H:%M:%S.%f")[:-3]
        await self.proc.out(f"{self.proc.pid}:{role} {stamp} {mark} {text}\n")

    async def run(self, *, configured: bool) -> int:
        await self._say_start(configured)
        try:
            listener = await self.proc.listen(self.port, "::")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            await self.log(
                f"Warning: Could not create server TCP listening socket *:{self.port}: bind: {error.strerror}",
                "#",
            )
            await self.log(f"Failed listening on port {self.port} (tcp), aborting.", "#")
            return 1
        for signum in (Signal.SIGTERM, Signal.SIGINT):
            self.proc.on_signal(signum, self._stop)
        await self.log("Server initialized")
        await self.log("Ready to accept connections tcp")
        await self._serve(listener)
        await self._say_end()
        return 0

    async def _say_start(self, configured: bool) -> None:
        await self.log("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", role="C")
        await self.log(
            f"Redis version={version(self.proc)}, bits=64, commit=00000000, modified=0, pid={self.proc.pid}, just started",
            role="C",
        )
        if configured:
            await self.log("Configuration loaded", role="C")
        else:
            await self.log(
                "Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf",
                "#",
                "C",
            )
        await self.log("monotonic clock: POSIX clock_gettime")
        await self.log(f"Running mode=standalone, port={self.port}.")

    def _stop(self, _signum: int) -> None:
        self.stopping = True

    async def _say_end(self) -> None:
        await self.log("User requested shutdown...")
        await self.log("Saving the final RDB snapshot before exiting.")
        await self.log("DB saved on disk")
        await self.log("Redis is now ready to exit, bye bye...", "#")

    async def _serve(self, listener: int) -> None:
        from daemon.programs.services.redis_engine import Store

        self.store = Store(version(self.proc), self.settings.get("requirepass", ""))
        while not self.stopping:
            await self._wait(listener)
            if self.proc.description(listener).can_read():
                await self._welcome(listener)
            for fd in [fd for fd in self.clients if self.proc.description(fd).can_read()]:
                await self._hear(fd)
            for fd in list(self.clients):
                self._send(fd)

    async def _wait(self, listener: int) -> None:
        """Sleep until somebody connects, speaks or can take more, or a session has something to say."""
        await self.proc.checkpoint()
        if self.stopping or any(self._ready(listener)):
            return
        describe = self.proc.description
        queues = [describe(fd).readable for fd in (listener, *self.clients)]
        queues += [describe(fd).writable for fd, session in self.clients.items() if session.pending]
        await self.proc.wait_on(self.pushed, *queues)

    def _ready(self, listener: int) -> Iterator[bool]:
        for fd in (listener, *self.clients):
            yield self.proc.description(fd).can_read()
        for fd, session in self.clients.items():
            yield bool(session.pending) and self.proc.description(fd).can_write()

    async def _welcome(self, listener: int) -> None:
        from daemon.programs.services.redis_engine import Session

        fd = await self.proc.accept(listener)
        host, port = self.proc.getpeername(fd)
        self.clients[fd] = Session(self.store, f"{host}:{port}", self.pushed.wake)

    async def _hear(self, fd: int) -> None:
        session = self.clients[fd]
        try:
            data = await self.proc.read(fd)
        except ConnectionError:
            data = b""
        if not data:
            self._drop(fd)
            return
        try:
            session.sendall(_multibulk(data))
        except Exception as error:
            session.put_response(error)
        for coroutine in session.later:
            self.proc.machine.adopt(coroutine)
        session.later.clear()

    def _send(self, fd: int) -> None:
        """As much as the client takes now."""
        session = self.clients[fd]
        if not session.pending:
            return
        try:
            taken = self.proc.description(fd).try_write(bytes(session.pending[:65536]))
        except ConnectionError:
            self._drop(fd)
            return
        del session.pending[:taken]
        if len(session.pending) > OUTPUT_LIMIT:
            self._drop(fd)

    def _drop(self, fd: int) -> None:
        session = self.clients.pop(fd)
        session.close()
        self.proc.close(fd)


def _multibulk(data: bytes) -> bytes:
    """Inline commands, as typed into nc or telnet, become what clients send."""
    if data[:1] in (b"*", b"$") or not data.endswith(b"\n"):
        return data
    lines = [line.split() for line in data.splitlines() if line.strip()]
    if any(line[0][:1] in (b"*", b"$") for line in lines):
        return data
    from daemon.programs.services.redis_wire import command

    return b"".join(command(words) for words in lines)
