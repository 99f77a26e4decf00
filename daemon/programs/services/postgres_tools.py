"""The commands beside the server: initdb, pg_ctl, pg_isready, psql and those that say what is not simulated."""

import os
from collections.abc import Iterable

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.services.kit import user_ids
from daemon.programs.services.postgres import SOCKET_FOLDER, data_folder, version
from daemon.programs.services.postgres_wire import (
    PROTOCOL_3,
    Wire,
    cells_of,
    columns_of,
    cstring,
    error_fields,
    packed,
)
from daemon.programs.services.wire import Gone
from daemon.programs.tools.options import OptionError, Options, Parser

PARSER = Parser(
    "h:p:U:d:c:f:tAqXlwWv:1aeEnP:o:F:D:m:sN:Vb",
    "host:=h port:=p username:=U dbname:=d command:=c file:=f tuples-only=t no-align=A quiet=q no-psqlrc=X list=l no-password=w "
    "password=W set:=v variable:=v timeout:=timeout version=V help pgdata:=D mode:=m silent=s options:=o wait=w field-separator:=F "
    "single-transaction=1 echo-all=a pwfile:=pwfile auth:=auth auth-local:=al auth-host:=ah encoding:=enc locale:=locale data-checksums=k",
)


async def initdb(proc: Process) -> int:
    """Makes the files by which the entrypoint knows a cluster, and says so."""
    options = await _options(proc)
    if options is None:
        return 1
    folder = options.value("D") or data_folder(proc, {})
    proc.cred = user_ids(proc, "postgres") or proc.cred
    fs = proc.machine.fs
    fs.makedirs(folder)
    fs.write_bytes(f"{folder}/PG_VERSION", f"{version(proc).partition('.')[0]}\n".encode())
    fs.write_bytes(f"{folder}/postgresql.conf", b"listen_addresses = '*'\n")
    fs.write_bytes(
        f"{folder}/pg_hba.conf", b"local all all trust\nhost all all all scram-sha-256\n"
    )
    await proc.out(
        'The files belonging to this database system will be owned by user "postgres".\n'
        "This user must also own the server process.\n\n"
        f"fixing permissions on existing directory {folder} ... ok\ncreating subdirectories ... ok\n"
        "running bootstrap script ... ok\nperforming post-bootstrap initialization ... ok\nsyncing data to disk ... ok\n\n\n"
        f"Success. You can now start the database server using:\n\n    pg_ctl -D {folder} -l logfile start\n\n"
    )
    return 0


async def pg_ctl(proc: Process) -> int:
    """start waits until the server accepts, stop until it has gone."""
    options = await _options(proc)
    if options is None:
        return 1
    verb = options.args[0] if options.args else ""
    if verb == "start":
        return await _start(proc, options)
    server = _server(proc, options)
    if verb == "status":
        running = f"pg_ctl: server is running (PID: {server.pid})" if server else ""
        await proc.out(f"{running or 'pg_ctl: no server running'}\n")
        return 0 if server else 3
    if verb != "stop" or server is None:
        await proc.err(
            f"pg_ctl: {'no server running' if verb == 'stop' else 'no operation specified'}\n"
        )
        return 1
    await proc.out("waiting for server to shut down....")
    proc.kill(server.pid, Signal.SIGINT)
    while server.status is None:
        await proc.sleep(0.05)
    await proc.out(" done\nserver stopped\n")
    return 0


def _server(proc: Process, options: Options) -> Process | None:
    """Who postmaster.pid names, if it lives."""
    folder = options.value("D") or data_folder(proc, {})
    try:
        pid = int(proc.machine.fs.read_bytes(f"{folder}/postmaster.pid").split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return proc.machine.processes.get(pid)


async def _start(proc: Process, options: Options) -> int:
    await proc.out("waiting for server to start....")
    child = await proc.spawn(["postgres", *options.value("o").replace("'", "").split()])
    while child.status is None and await _connected(proc, options) is None:
        await proc.sleep(0.05)
    if child.status is not None:
        await proc.out(" stopped waiting\n")
        return 1
    await proc.out(" done\nserver started\n")
    return 0


async def pg_isready(proc: Process) -> int:
    options = await _options(proc)
    if options is None:
        return 3
    fd = await _connected(proc, options)
    host, port = _where(proc, options)
    if "q" not in options:
        word = "accepting connections" if fd is not None else "no response"
        await proc.out(f"{host}:{port} - {word}\n")
    return 0 if fd is not None else 2


async def psql(proc: Process) -> int:
    options = await _options(proc)
    if options is None:
        return 1
    if "V" in options:
        await proc.out(f"psql (PostgreSQL) {version(proc)}\n")
        return 0
    return await Client(proc, options).run()


async def quiet_success(proc: Process) -> int:
    """createdb, createuser and their like change nothing that anybody could see: they need a server, that is all."""
    options = await _options(proc)
    if options is None:
        return 1
    if await _connected(proc, options) is None:
        await proc.err(_refused(proc, options))
        return 1
    return 0


async def not_simulated(proc: Process) -> int:
    name = os.path.basename(proc.argv[0])
    await proc.err(f"{name}: error: mockerd's PostgreSQL keeps no data, {name} is not simulated\n")
    return 1


async def _options(proc: Process) -> Options | None:
    try:
        return PARSER.parse(proc.argv[1:])
    except OptionError as failure:
        name = os.path.basename(proc.argv[0])
        await proc.err(
            f'{name}: {failure.text}\n{name}: hint: Try "{name} --help" for more information.\n'
        )
        return None


def _where(proc: Process, options: Options) -> tuple[str, int]:
    host = options.value("h") or proc.env.get("PGHOST") or SOCKET_FOLDER
    return host, int(options.value("p") or proc.env.get("PGPORT") or 5432)


async def _connected(proc: Process, options: Options) -> int | None:
    host, port = _where(proc, options)
    try:
        if host.startswith("/"):
            return await proc.connect_unix(f"{host}/.s.PGSQL.{port}")
        return await proc.connect(host, port)
    except OSError:
        return None


def _refused(proc: Process, options: Options) -> str:
    host, port = _where(proc, options)
    name = os.path.basename(proc.argv[0])
    if host.startswith("/"):
        return (
            f'{name}: error: connection to server on socket "{host}/.s.PGSQL.{port}" failed: No such file or directory\n'
            "\tIs the server running locally and accepting connections on that socket?\n"
        )
    return (
        f'{name}: error: connection to server at "{host}", port {port} failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n"
    )


class Client:
    """psql, as far as scripts use it: -c, -f and statements on standard input."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        env = proc.env
        self.user = options.value("U") or env.get("PGUSER") or self._user_name()
        words = options.args
        self.database = (
            options.value("d") or (words[0] if words else env.get("PGDATABASE")) or self.user
        )

    def _user_name(self) -> str:
        return "root" if self.proc.cred.uid == 0 else "postgres"

    async def run(self) -> int:
        fd = await _connected(self.proc, self.options)
        if fd is None:
            await self.proc.err(_refused(self.proc, self.options))
            return 2
        self.wire = Wire(self.proc, fd)
        try:
            if not await self._log_in():
                return 2
            return await self._run_all()
        except Gone:
            await self.proc.err("psql: error: server closed the connection unexpectedly\n")
            return 2

    async def _log_in(self) -> bool:
        pairs = ["user", self.user, "database", self.database, "application_name", "psql"]
        body = PROTOCOL_3.to_bytes(4, "big") + b"".join(cstring(word) for word in pairs) + b"\0"
        await self.wire.send((len(body) + 4).to_bytes(4, "big") + body)
        while True:
            kind, body = await self.wire.message()
            if kind == b"E":
                host, port = _where(self.proc, self.options)
                where = (
                    f'on socket "{host}/.s.PGSQL.{port}"'
                    if host.startswith("/")
                    else f'at "{host}", port {port}'
                )
                await self.proc.err(
                    f"psql: error: connection to server {where} failed: FATAL:  {error_fields(body)['M']}\n"
                )
                return False
            if kind == b"R" and body == b"\0\0\0\3":
                await self.wire.send(packed(b"p", cstring(self.proc.env.get("PGPASSWORD", ""))))
            if kind == b"Z":
                return True

    async def _run_all(self) -> int:
        code = 0
        if commands := self.options.values("c"):
            for command in commands:
                code = await self._statement(command) or code
            return code
        path = self.options.value("f")
        fd = await self.proc.open(path) if path and path != "-" else 0
        stop = "ON_ERROR_STOP=1" in self.options.values("v")
        pending = ""
        async for line in self.proc.lines(fd):
            pending += os.fsdecode(line)
            if pending.lstrip().startswith("\\"):
                pending = ""
            if pending.rstrip().endswith(";"):
                if await self._statement(pending) and stop:
                    return 3
                pending = ""
        if pending.strip() and await self._statement(pending) and stop:
            return 3
        return 0

    async def _statement(self, text: str) -> int:
        await self.wire.send(packed(b"Q", cstring(text)))
        names: list[str] = []
        rows: list[list[str | None]] = []
        code = 0
        while True:
            kind, body = await self.wire.message()
            if kind == b"T":
                names, rows = columns_of(body), []
            elif kind == b"D":
                rows.append(cells_of(body))
            elif kind == b"C":
                tag = body.rstrip(b"\0").decode()
                await self.proc.out(self._table(names, rows) if names else f"{tag}\n")
                names = []
            elif kind == b"E":
                said = error_fields(body)
                hint = f"\nHINT:  {said['H']}" if "H" in said else ""
                await self.proc.err(f"ERROR:  {said['M']}{hint}\n")
                code = 1
            elif kind == b"Z":
                return code

    def _table(self, names: list[str], rows: list[list[str | None]]) -> str:
        cells = [[value or "" for value in row] for row in rows]
        bare = "t" in self.options
        if "A" in self.options:
            lines = cells if bare else [names, *cells]
            foot = "" if bare else f"({len(rows)} row{'s' * (len(rows) != 1)})\n"
            return "".join(f"{self._joined(line)}\n" for line in lines) + foot
        widths = [max(len(text) for text in column) for column in zip(names, *cells, strict=True)]
        body = "".join(f"{_padded(row, widths)}\n" for row in cells)
        if bare:
            return f"{body}\n"
        head = "|".join(
            f" {name.center(width)} " for name, width in zip(names, widths, strict=True)
        )
        rule = "+".join("-" * (width + 2) for width in widths)
        return f"{head.rstrip() if len(names) == 1 else head}\n{rule}\n{body}({len(rows)} row{'s' * (len(rows) != 1)})\n\n"

    def _joined(self, row: Iterable[str]) -> str:
        return (self.options.value("F") or "|").join(row)


def _padded(row: list[str], widths: list[int]) -> str:
    cells = [
        f" {text.rjust(width) if text.lstrip('-').isdigit() else text.ljust(width)} "
        for text, width in zip(row, widths, strict=True)
    ]
    return "|".join(cells).rstrip()
