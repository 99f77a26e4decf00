"""Testcontainers' Ryuk: remembers filters as long as somebody is connected, then removes what carries them.

It talks to Docker through the socket that was bound into its container, as the real one does.
"""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, quote

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.net.http_client import Exchange
from daemon.programs.services.kit import moment

SOCKET = "/var/run/docker.sock"
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
KINDS = (
    ("container", "/containers/json?all=1&filters={}", "/containers/{}?force=1&v=1"),
    ("network", "/networks?filters={}", "/networks/{}"),
    ("volume", "/volumes?filters={}", "/volumes/{}?force=1"),
    ("image", "/images/json?filters={}", "/images/{}?force=1"),
)


def seconds(text: str, default: float) -> float:
    """A Go duration of one part: 10s, 1m, 500ms."""
    for unit in sorted(UNITS, key=len, reverse=True):
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdigit():
            return float(number) * UNITS[unit]
    return default


async def main(proc: Process) -> int:
    return await Ryuk(proc).run()


class Ryuk:
    """One process that listens, reads filters, and reaps."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        self.port = int(proc.env.get("RYUK_PORT") or 8080)
        self.first = seconds(proc.env.get("RYUK_CONNECTION_TIMEOUT", ""), 60.0)
        self.patience = seconds(proc.env.get("RYUK_RECONNECTION_TIMEOUT", ""), 10.0)
        self.filters: dict[str, dict[str, list[str]]] = {}
        self.clients: dict[int, bytes] = {}
        self.stopping = False

    async def log(self, text: str) -> None:
        await self.proc.err(f"{moment(self.proc, '%Y/%m/%d %H:%M:%S')} {text}\n")

    async def run(self) -> int:
        # Before anything else: testcontainers (PyPI) connects without waiting for the log, and loses what is refused.
        listener = await self.proc.listen(self.port, "::")
        await self.log("Pinging Docker...")
        try:
            await self._docker("GET", "/_ping")
        except OSError as error:
            await self.log(
                f"Cannot connect to the Docker daemon at unix://{SOCKET}. Is the docker daemon running? ({error})"
            )
            return 1
        await self.log("Docker daemon is available!")
        await self.log(f"Starting on port {self.port}...")
        for signum in (Signal.SIGTERM, Signal.SIGINT):
            self.proc.on_signal(signum, self._stop, restart=False)
        await self.log("Started!")
        if await self._listen(listener):
            await self._reap()
        return 0

    def _stop(self, _signum: int) -> None:
        self.stopping = True

    async def _listen(self, listener: int) -> bool:
        """Serve clients until the last has gone for long enough; False if nobody ever came."""
        came = False
        while True:
            patience = None if self.clients else (self.patience if came else self.first)
            try:
                ready = await self.proc.wait_readable([listener, *self.clients], patience)
            except InterruptedError:
                ready = []
            if self.stopping:
                return came
            if not ready:
                await self.log(
                    "Timed out waiting for re-connection"
                    if came
                    else "Timed out waiting for the first connection"
                )
                return came
            for fd in ready:
                if fd == listener:
                    came = True
                    await self._welcome(listener)
                else:
                    await self._hear(fd)

    async def _welcome(self, listener: int) -> None:
        fd = await self.proc.accept(listener)
        host, port = self.proc.getpeername(fd)
        self.clients[fd] = b""
        await self.log(f"New client connected: {host}:{port}")

    async def _hear(self, fd: int) -> None:
        try:
            data = await self.proc.read(fd)
        except ConnectionError:
            data = b""
        if not data:
            host, port = self.proc.getpeername(fd)
            await self.log(f"Client disconnected: {host}:{port}")
            del self.clients[fd]
            self.proc.close(fd)
            return
        *lines, self.clients[fd] = (self.clients[fd] + data).split(b"\n")
        for line in lines:
            await self._remember(line.decode("utf-8", "replace").strip())
            await self.proc.write(fd, b"ACK\n")

    async def _remember(self, line: str) -> None:
        """One line of filters, `label=a=b&label=c`: all of them together must match."""
        wanted: dict[str, list[str]] = {}
        for name, value in parse_qsl(line):
            wanted.setdefault(name, []).append(value)
        if wanted:
            self.filters[line] = wanted
            await self.log(f"Adding {json.dumps(wanted)}")

    async def _reap(self) -> None:
        removed = dict.fromkeys((kind for kind, _, _ in KINDS), 0)
        for wanted in self.filters.values():
            for kind, listing, removal in KINDS:
                async for name in self._found(listing.format(quote(json.dumps(wanted)))):
                    await self.log(f"Deleting {json.dumps(wanted)}")
                    status, _ = await self._docker("DELETE", removal.format(quote(name, safe="")))
                    removed[kind] += status < 300
        counts = ", ".join(f"{number} {kind}(s)" for kind, number in removed.items())
        await self.log(f"Removed {counts}")

    async def _found(self, path: str) -> AsyncIterator[str]:
        _, body = await self._docker("GET", path)
        listed = json.loads(body)
        for entry in (listed.get("Volumes") or []) if isinstance(listed, dict) else listed:
            # A reaper has the label of its session as well, and must live until all the rest is gone.
            if (entry.get("Labels") or {}).get("org.testcontainers.ryuk") != "true":
                yield entry.get("Id") or entry["Name"]

    async def _docker(self, method: str, path: str) -> tuple[int, bytes]:
        """One request to the daemon; OSError if it cannot be reached."""
        host = self.proc.env.get("DOCKER_HOST", f"unix://{SOCKET}")
        fd = await self.proc.connect_unix(host.removeprefix("unix://"))
        try:
            exchange = Exchange(self.proc, fd)
            await exchange.send(method, path, [("Host", "docker"), ("Connection", "close")])
            head = await exchange.head()
            body = b"".join([piece async for piece in exchange.body()])
        finally:
            self.proc.close(fd)
        return head.status, body
