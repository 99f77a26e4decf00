"""postgres and the commands around it: a server that starts, accepts, authenticates and answers what needs no data."""

import errno
import os
import re

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.programs.services.kit import moment, user_ids
from daemon.programs.services.postgres_sql import Session, SqlError
from daemon.programs.services.postgres_wire import (
    CANCEL,
    GSS,
    PROTOCOL_3,
    READY,
    SSL,
    Result,
    Wire,
    authentication,
    error,
    packed,
    parameter,
)
from daemon.programs.services.wire import Gone, accept_until

SOCKET_FOLDER = "/var/run/postgresql"
SETTINGS = {
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "Etc/UTC",
    "integer_datetimes": "on",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "is_superuser": "on",
    "in_hot_standby": "off",
    "default_transaction_read_only": "off",
    "application_name": "",
}
SHUTDOWNS = {Signal.SIGTERM: "smart", Signal.SIGINT: "fast", Signal.SIGQUIT: "immediate"}
LOCAL = ("127.0.0.1", "::1", "")


def version(proc: Process) -> str:
    """PG_VERSION is what Debian's package calls it: 17.6-1.pgdg12+1."""
    return proc.env.get("PG_VERSION", "18.1").partition("-")[0]


def data_folder(proc: Process, settings: dict[str, str]) -> str:
    return settings.get("data_directory") or proc.env.get("PGDATA") or "/var/lib/postgresql/data"


def banner(proc: Process) -> str:
    return f"PostgreSQL {version(proc)} on x86_64-pc-linux-gnu, compiled by gcc (Debian 14.2.0-19) 14.2.0, 64-bit"


async def server(proc: Process) -> int:
    words = proc.argv[1:]
    if words[:1] in (["--version"], ["-V"]):
        await proc.out(f"postgres (PostgreSQL) {version(proc)}\n")
        return 0
    # The image's entrypoint steps down from root before it starts the server.
    proc.cred = user_ids(proc, "postgres") or proc.cred
    return await Server(proc, _settings(words)).run()


def _settings(words: list[str]) -> dict[str, str]:
    """-p PORT and -c name=value."""
    settings: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word.startswith("-D"):
            settings["data_directory"] = word[2:] or next(rest, "")
        elif word.startswith("-p"):
            settings["port"] = word[2:] or next(rest, "")
        elif word.startswith("-c"):
            name, _, value = (word[2:] or next(rest, "")).partition("=")
            settings[name] = value
        elif word.startswith("--") and "=" in word:
            name, _, value = word[2:].partition("=")
            settings[name.replace("-", "_")] = value
    return settings


class Server:
    """The postmaster: one child for each connection."""

    def __init__(self, proc: Process, settings: dict[str, str]) -> None:
        self.proc = proc
        self.settings = settings
        self.port = int(settings.get("port") or proc.env.get("PGPORT") or 5432)
        self.socket_path = f"{SOCKET_FOLDER}/.s.PGSQL.{self.port}"
        self.signals: list[int] = []

    async def log(self, text: str, pid: int | None = None, level: str = "LOG") -> None:
        stamp = moment(self.proc, "%Y-%m-%d %H:%M:%S.%f")[:-3]
        await self.proc.err(f"{stamp} UTC [{pid or self.proc.pid}] {level}:  {text}\n")

    async def run(self) -> int:
        proc = self.proc
        await self.log(f"starting {banner(proc)}")
        listeners = await self._listen()
        if listeners is None:
            return 1
        for signum in SHUTDOWNS:
            proc.on_signal(signum, self.signals.append, restart=False)
        proc.on_signal(Signal.SIGCHLD, IGNORE)
        stamp = moment(proc, "%Y-%m-%d %H:%M:%S")
        await self.log(f"database system was shut down at {stamp} UTC", proc.pid + 3)
        await self.log("database system is ready to accept connections")
        self._write_pid_file()
        await accept_until(
            self.signals,
            proc,
            listeners,
            lambda fd: Backend(self, fd).run,
            title="postgres: client backend",
        )
        await self._shut_down()
        return 0

    def _write_pid_file(self) -> None:
        """postmaster.pid, by which pg_ctl finds the server."""
        fs, folder = self.proc.machine.fs, data_folder(self.proc, self.settings)
        if fs.isdir(folder):
            fs.write_bytes(f"{folder}/postmaster.pid", f"{self.proc.pid}\n{folder}\n".encode())

    async def _listen(self) -> list[int] | None:
        listeners = []
        if self.settings.get("listen_addresses", "*") != "":
            for host, family in (("0.0.0.0", "IPv4"), ("::", "IPv6")):
                try:
                    listeners.append(await self.proc.listen(self.port, host, only_v6=":" in host))
                except OSError as failure:
                    await self._refused(host, family, failure)
                    return None
                await self.log(f'listening on {family} address "{host}", port {self.port}')
        self.proc.machine.fs.makedirs(SOCKET_FOLDER)
        if self.proc.machine.fs.exists(self.socket_path):
            self.proc.machine.fs.unlink(self.socket_path)
        listeners.append(await self.proc.listen_unix(self.socket_path))
        await self.log(f'listening on Unix socket "{self.socket_path}"')
        return listeners

    async def _refused(self, host: str, family: str, failure: OSError) -> None:
        reason = os.strerror(failure.errno or errno.EADDRINUSE)
        await self.log(f'could not bind {family} address "{host}": {reason}')
        await self.log("could not create any TCP/IP sockets", level="FATAL")

    async def _shut_down(self) -> None:
        kind = SHUTDOWNS[Signal(self.signals[0])]
        await self.log(f"received {kind} shutdown request")
        if kind == "fast":
            await self.log("aborting any active transactions")
        for child in list(self.proc.children.values()):
            if child.status is None:
                self.proc.kill(child.pid, Signal.SIGTERM)
        await self.log("shutting down", self.proc.pid + 1)
        self.proc.unlink(self.socket_path)
        pid_file = f"{data_folder(self.proc, self.settings)}/postmaster.pid"
        if self.proc.machine.fs.exists(pid_file):
            self.proc.machine.fs.unlink(pid_file)
        await self.log("database system is shut down")


class Backend:
    """One client, from its greeting to its goodbye."""

    def __init__(self, server: Server, fd: int) -> None:
        self.server = server
        self.fd = fd
        self.prepared: dict[bytes, str] = {}
        self.portals: dict[bytes, Result | None] = {}
        self.failed = False

    async def run(self, proc: Process) -> int:
        self.wire = Wire(proc, self.fd)
        try:
            if (session := await self._greet(proc)) is not None:
                await self._talk(session)
        except (Gone, ConnectionError):
            return 0
        return 0

    async def _greet(self, proc: Process) -> Session | None:
        code, parameters = await self.wire.startup()
        while code in (SSL, GSS):
            await self.wire.send(b"N")
            code, parameters = await self.wire.startup()
        if code == CANCEL:
            return None
        if code >> 16 != PROTOCOL_3 >> 16:
            text = f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: server supports 3.0 to 3.2"
            await self.wire.send(error("0A000", text, "FATAL"))
            return None
        user = parameters.get("user", "")
        if (refusal := await self._refusal(proc, user)) is not None:
            await self.server.log(refusal[1], proc.pid, "FATAL")
            await self.wire.send(error(*refusal, "FATAL"))
            return None
        settings = self._settings(proc, parameters)
        await self.wire.send(
            authentication(0),
            *(parameter(name, value) for name, value in settings.items()),
            packed(b"K", proc.pid.to_bytes(4, "big") + b"\0\0\0\1"),
            READY,
        )
        shown = {name.lower(): value for name, value in settings.items()}
        return Session(user, parameters.get("database", user), shown, banner(proc))

    async def _refusal(self, proc: Process, user: str) -> tuple[str, str] | None:
        """None for who is let in: everybody from inside the container, others with the password."""
        superuser = proc.env.get("POSTGRES_USER") or "postgres"
        if (
            proc.env.get("POSTGRES_HOST_AUTH_METHOD") != "trust"
            and proc.getpeername(self.fd).host not in LOCAL
        ):
            await self.wire.send(authentication(3))
            _, body = await self.wire.message()
            given = body.rstrip(b"\0").decode("utf-8", "replace")
            if user != superuser or given != proc.env.get("POSTGRES_PASSWORD", ""):
                return "28P01", f'password authentication failed for user "{user}"'
        if user != superuser:
            return "28000", f'role "{user}" does not exist'
        return None

    def _settings(self, proc: Process, parameters: dict[str, str]) -> dict[str, str]:
        own = {"server_version": version(proc), "session_authorization": parameters.get("user", "")}
        asked = {k: v for k, v in parameters.items() if k in SETTINGS}
        return SETTINGS | own | asked

    async def _talk(self, session: Session) -> None:
        while True:
            kind, body = await self.wire.message()
            if kind == b"X":
                return
            if kind == b"Q":
                await self._simple(session, body.rstrip(b"\0").decode("utf-8", "replace"))
            elif kind == b"S":
                self.failed = False
                await self.wire.send(READY)
            elif not self.failed:
                await self._extended(session, kind, body)

    async def _simple(self, session: Session, text: str) -> None:
        out = b""
        try:
            for statement in _statements(text):
                result = session.run(statement)
                if result is None:
                    continue
                out += result.description() if result.columns else b""
                out += result.data()
        except SqlError as refusal:
            await self.server.log(refusal.text, self.wire.proc.pid, "ERROR")
            out += error(refusal.state, refusal.text, hint=refusal.hint)
        await self.wire.send(out or packed(b"I"), READY)

    async def _extended(self, session: Session, kind: bytes, body: bytes) -> None:
        try:
            await self.wire.send(self._step(session, kind, body))
        except SqlError as refusal:
            self.failed = True
            await self.server.log(refusal.text, self.wire.proc.pid, "ERROR")
            await self.wire.send(error(refusal.state, refusal.text, hint=refusal.hint))

    def _step(self, session: Session, kind: bytes, body: bytes) -> bytes:
        """Parse, Bind, Describe, Execute and Close of the extended protocol."""
        first, _, rest = body.partition(b"\0")
        if kind == b"P":
            self.prepared[first] = rest.partition(b"\0")[0].decode("utf-8", "replace")
            session.run(self.prepared[first])
            return packed(b"1")
        if kind == b"B":
            self.portals[first] = session.run(self.prepared.get(rest.partition(b"\0")[0], ""))
            return packed(b"2")
        if kind == b"D":
            name = body[1:].rstrip(b"\0")
            statement = body[:1] == b"S"
            result = (
                session.run(self.prepared.get(name, "")) if statement else self.portals.get(name)
            )
            head = packed(b"t", b"\0\0") if statement else b""
            return head + (result.description() if result else packed(b"n"))
        if kind == b"E":
            result = self.portals.get(first)
            return result.data() if result else packed(b"I")
        return packed(b"3") if kind == b"C" else b""


def _statements(text: str) -> list[str]:
    """A query string's statements; a semicolon inside quotes separates nothing."""
    parts = re.findall(r"(?:'(?:[^']|'')*'|\"[^\"]*\"|[^;'\"])+", text)
    return [part for part in parts if part.strip()]
