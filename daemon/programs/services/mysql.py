"""mysqld and mariadbd: a server that starts, accepts, authenticates and answers what needs no data."""

import os
import re
from collections.abc import Awaitable, Callable

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.programs.services.kit import moment, user_ids
from daemon.programs.services.mysql_wire import (
    EOF,
    OK,
    Login,
    Wire,
    error,
    greeting,
    proof_of,
    table,
)
from daemon.programs.services.wire import Gone, accept_until

SOCKET = "/var/run/mysqld/mysqld.sock"
NATIVE, SHA2 = "mysql_native_password", "caching_sha2_password"
QUIT, INIT_DB, QUERY, PING, SHUTDOWN = 1, 2, 3, 14, 8
SILENT_OK = frozenset(
    [
        "SET",
        "BEGIN",
        "START",
        "COMMIT",
        "ROLLBACK",
        "USE",
        "SAVEPOINT",
        "RELEASE",
        "FLUSH",
        "LOCK",
        "UNLOCK",
    ]
)
NOT_SUPPORTED, ACCESS_DENIED = 1235, 1045
VARIABLES = {
    "autocommit": "1",
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_results": "utf8mb4",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_0900_ai_ci",
    "collation_connection": "utf8mb4_0900_ai_ci",
    "init_connect": "",
    "interactive_timeout": "28800",
    "lower_case_table_names": "0",
    "max_allowed_packet": "67108864",
    "net_write_timeout": "60",
    "port": "3306",
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
    "system_time_zone": "UTC",
    "time_zone": "SYSTEM",
    "transaction_isolation": "REPEATABLE-READ",
    "tx_isolation": "REPEATABLE-READ",
    "transaction_read_only": "0",
    "wait_timeout": "28800",
    "license": "GPL",
    "performance_schema": "0",
    "query_cache_size": "0",
    "query_cache_type": "OFF",
    "auto_increment_increment": "1",
}


def is_maria(proc: Process) -> bool:
    return "MARIADB_VERSION" in proc.env or proc.program.endswith("mariadbd")


def version(proc: Process) -> str:
    """What the server calls itself; the image's variable has the package's suffix."""
    if is_maria(proc):
        text = proc.env.get("MARIADB_VERSION", "12.0.2").rpartition(":")[2].partition("+")[0]
        return f"{text}-MariaDB-ubu2404"
    return proc.env.get("MYSQL_VERSION", "9.5.0").partition("-")[0]


async def server(proc: Process) -> int:
    words = proc.argv[1:]
    if {"--version", "-V"} & set(words):
        await proc.out(f"{proc.argv[0]}  Ver {version(proc)} for Linux on x86_64\n")
        return 0
    proc.cred = user_ids(proc, "mysql") or proc.cred
    settings = {
        w[2:].partition("=")[0].replace("_", "-"): w.partition("=")[2]
        for w in words
        if w.startswith("--")
    }
    running = Server(proc, settings)
    if "daemonize" not in settings:
        return await running.run()
    child = proc.fork(running.in_background)
    while child.status is None and not running.ready:
        await proc.sleep(0.02)
    return 0 if running.ready else 1


class Server:
    """The listening process: one child for each connection."""

    def __init__(self, proc: Process, settings: dict[str, str]) -> None:
        self.proc = proc
        self.settings = settings
        self.port = int(settings.get("port") or 3306)
        self.socket = settings.get("socket") or SOCKET
        self.signals: list[int] = []
        self.ready = False
        self.threads = 7

    async def in_background(self, proc: Process) -> int:
        self.proc = proc
        proc.setsid()
        return await self.run()

    async def log(self, code: str, part: str, text: str, level: str = "System") -> None:
        if is_maria(self.proc):
            stamp = moment(self.proc, "%Y-%m-%d %H:%M:%S")
            await self.proc.err(f"{stamp} 0 [{'Note' if level == 'System' else 'ERROR'}] {text}\n")
        else:
            stamp = moment(self.proc, "%Y-%m-%dT%H:%M:%S.%fZ")
            await self.proc.err(f"{stamp} 0 [{level}] [{code}] [{part}] {text}\n")

    async def run(self) -> int:
        proc, name = self.proc, self.proc.argv[0]
        path = name if name.startswith("/") else f"/usr/sbin/{name}"
        if is_maria(proc):
            await self.log(
                "",
                "",
                f"Starting MariaDB {version(proc)} source revision  server_uid  as process {proc.pid}",
            )
        else:
            await self.log("MY-015015", "Server", "MySQL Server - start.")
            await self.log(
                "MY-010116",
                "Server",
                f"{path} (mysqld {version(proc)}) starting as process {proc.pid}",
            )
            await self.log("MY-013576", "InnoDB", "InnoDB initialization has started.")
            await self.log("MY-013577", "InnoDB", "InnoDB initialization has ended.")
        try:
            listeners = await self._listen()
        except OSError as failure:
            reason = os.strerror(failure.errno or 0)
            await self.log(
                "MY-010262", "Server", f"Can't start server: Bind on TCP/IP port: {reason}", "ERROR"
            )
            await self.log("MY-010119", "Server", "Aborting", "ERROR")
            return 1
        for signum in (Signal.SIGTERM, Signal.SIGINT, Signal.SIGUSR1):
            proc.on_signal(signum, self.signals.append, restart=False)
        proc.on_signal(Signal.SIGCHLD, IGNORE)
        kind = (
            "mariadb.org binary distribution" if is_maria(proc) else "MySQL Community Server - GPL."
        )
        port = 0 if "skip-networking" in self.settings else self.port
        await self.log(
            "MY-010931",
            "Server",
            f"{path}: ready for connections.{'' if is_maria(proc) else f' Version: {version(proc)!r}  socket: {self.socket!r}  port: {port}  {kind}'}",
        )
        if is_maria(proc):
            await proc.err(
                f"Version: '{version(proc)}'  socket: '{self.socket}'  port: {port}  {kind}\n"
            )
        self.ready = True
        await accept_until(self.signals, proc, listeners, self._client)
        await self._say_end(path)
        return 0

    async def _listen(self) -> list[int]:
        listeners = []
        if "skip-networking" not in self.settings:
            listeners.append(await self.proc.listen(self.port, "::"))
        fs = self.proc.machine.fs
        fs.makedirs(os.path.dirname(self.socket))
        if fs.exists(self.socket):
            fs.unlink(self.socket)
        return [*listeners, await self._listen_unix()]

    async def _listen_unix(self) -> int:
        who, self.proc.cred = self.proc.cred, self.proc.cred._replace(uid=0)
        try:
            return await self.proc.listen_unix(self.socket)
        finally:
            self.proc.cred = who

    def _client(self, fd: int) -> Callable[[Process], Awaitable[int]]:
        self.threads += 1
        return Client(self, fd, self.threads).run

    async def _say_end(self, path: str) -> None:
        if is_maria(self.proc):
            await self.log("", "", f"{path} (initiated by: unknown): Normal shutdown")
            await self.log("", "", f"{path}: Shutdown complete")
            return
        by = "<via user signal>" if Signal.SIGTERM in self.signals else "root"
        await self.log(
            "MY-013172",
            "Server",
            f"Received SHUTDOWN from user {by}. Shutting down mysqld (Version: {version(self.proc)}).",
        )
        await self.log(
            "MY-010910",
            "Server",
            f"{path}: Shutdown complete (mysqld {version(self.proc)})  MySQL Community Server - GPL.",
        )
        await self.log("MY-015016", "Server", "MySQL Server - end.")


class Client:
    """One connection."""

    def __init__(self, server: Server, fd: int, thread: int) -> None:
        self.server = server
        self.fd = fd
        self.thread = thread
        self.user = self.host = self.database = ""

    async def run(self, proc: Process) -> int:
        self.proc = proc
        self.wire = Wire(proc, self.fd)
        self.host = proc.getpeername(self.fd).host or "localhost"
        try:
            if await self._greet():
                await self._talk()
        except (Gone, ConnectionError, ValueError, IndexError):
            return 0
        return 0

    async def _greet(self) -> bool:
        plugin = NATIVE if is_maria(self.proc) else SHA2
        draw = self.proc.machine.ids.random.randrange
        salt = bytes(draw(33, 127) for _ in range(20))
        await self.wire.send(greeting(version(self.proc), self.thread, salt, plugin))
        login = Login.read(await self.wire.packet())
        self.user, self.database, proof = login.user, login.database, login.proof
        if login.plugin not in ("", plugin):
            await self.wire.send(b"\xfe" + plugin.encode() + b"\0" + salt + b"\0")
            proof = await self.wire.packet()
        if not self._knows(proof, salt, plugin):
            used = "YES" if proof else "NO"
            text = f"Access denied for user '{self.user}'@'{self.host}' (using password: {used})"
            await self.wire.send(error(ACCESS_DENIED, "28000", text))
            return False
        # A password that was proven by hash is fast authentication, which is announced first.
        await self.wire.send(*([b"\x01\x03"] if plugin == SHA2 and proof else []), OK)
        return True

    def _knows(self, proof: bytes, salt: bytes, plugin: str) -> bool:
        env = self.proc.env
        root = env.get("MYSQL_ROOT_PASSWORD") or env.get("MARIADB_ROOT_PASSWORD") or ""
        user = env.get("MYSQL_USER") or env.get("MARIADB_USER") or ""
        own = env.get("MYSQL_PASSWORD") or env.get("MARIADB_PASSWORD") or ""
        passwords = {"root": root, **({user: own} if user else {})}
        return self.user in passwords and proof == proof_of(passwords[self.user], salt, plugin)

    async def _talk(self) -> None:
        while True:
            packet = await self.wire.packet()
            kind, body = packet[0], packet[1:].decode("utf-8", "replace")
            if kind == QUIT:
                return
            if kind == SHUTDOWN:
                await self.wire.send(EOF)
                self.proc.kill(self.server.proc.pid, Signal.SIGUSR1)
                return
            if kind == INIT_DB:
                self.database = body
            if kind in (INIT_DB, PING):
                await self.wire.send(OK)
            elif kind == QUERY:
                await self.wire.send(*self._answer(body))
            else:
                await self.wire.send(error(1047, "08S01", "Unknown command"))

    def _answer(self, text: str) -> list[bytes]:
        statement = (
            re.sub(r"/\*.*?\*/|--\s[^\n]*", " ", text, flags=re.DOTALL).strip().rstrip(";").strip()
        )
        word = statement.partition(" ")[0].upper()
        if word in SILENT_OK:
            return [OK]
        if word == "SELECT" and (found := self._select(statement[6:])):
            return table(*found)
        if match := re.fullmatch(
            r"(?i)show\s+(?:session\s+|global\s+)?variables(?:\s+like\s+'([^']*)')?", statement
        ):
            pattern = re.escape(match[1] or "%").replace("%", ".*")
            rows = [(n, v) for n, v in VARIABLES.items() if re.fullmatch(pattern, n)]
            return table(("Variable_name", "Value"), rows)
        if re.fullmatch(r"(?i)show\s+(databases|schemas)", statement):
            names = ("information_schema", "mysql", "performance_schema", "sys")
            return table(("Database",), [(name,) for name in names])
        text = f"{word or 'An empty statement'} is not simulated: mockerd's MySQL keeps no data; forward the port to a real server"
        return [error(NOT_SUPPORTED, "42000", text)]

    def _select(self, text: str) -> tuple[list[str], list[list[str]]] | None:
        names, row = [], []
        for item in text.split(","):
            expression, _, alias = re.sub(
                r"(?i)\s+as\s+", "\0", re.sub(r"(?i)\s+limit\s+\d+$", "", item.strip())
            ).partition("\0")
            value = self._constant(expression.strip())
            if value is None:
                return None
            names.append(alias.strip("` '\"") or expression.strip().strip("'"))
            row.append(value)
        return names, [row]

    def _constant(self, text: str) -> str | None:
        if re.fullmatch(r"-?\d+", text):
            return text
        if match := re.fullmatch(r"'([^']*)'", text):
            return match[1]
        if match := re.fullmatch(r"@@(?:session\.|global\.)?(\w+)", text):
            known = VARIABLES | {
                "version": version(self.proc),
                "version_comment": "MySQL Community Server - GPL",
            }
            return known.get(match[1].lower())
        function = re.sub(r"\(\s*\)$", "", text).upper()
        return FUNCTIONS[function](self) if function in FUNCTIONS else None


FUNCTIONS: dict[str, Callable[[Client], str]] = {
    "VERSION": lambda client: version(client.proc),
    "DATABASE": lambda client: client.database,
    "USER": lambda client: f"{client.user}@{client.host}",
    "CURRENT_USER": lambda client: f"{client.user}@%",
    "CONNECTION_ID": lambda client: str(client.thread),
    "NOW": lambda client: moment(client.proc, "%Y-%m-%d %H:%M:%S"),
}
