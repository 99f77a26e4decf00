"""mysqladmin and mysql: whether the server is there, and one statement after the other."""

import os

from daemon.process.process import Process
from daemon.programs.services.mysql import PING, QUERY, SHUTDOWN, SOCKET, version
from daemon.programs.services.mysql_wire import Wire, login, proof_of, read_length
from daemon.programs.services.wire import Gone
from daemon.programs.tools.options import OptionError, Options, Parser

PARSER = Parser(
    "h:P:u:p::S:e:D:sBNtvVwi:f",
    "host:=h port:=P user:=u password?=p socket:=S execute:=e database:=D silent=s batch=B skip-column-names=N "
    "protocol:=protocol version=V wait?=w sleep:=i no-defaults=nd defaults-extra-file:=de connect-timeout:=ct connect_timeout:=ct table=t verbose=v "
    "force=f default-character-set:=dcs ssl-mode:=sm skip-ssl=ss",
)


class Refused(Exception):
    """The server is not there, or does not let us in."""


class Link:
    """A connection to a server, logged in."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.host = options.value("h") or "localhost"
        self.port = int(options.value("P") or 3306)
        self.user = options.value("u") or ("root" if proc.cred.uid == 0 else "mysql")
        self.password = options.value("p") or proc.env.get("MYSQL_PWD", "")

    async def open(self) -> None:
        self.wire = Wire(self.proc, await self._connect())
        try:
            hello = await self.wire.packet()
            await self._log_in(hello)
        except (Gone, ValueError) as error:
            raise Refused(
                "Lost connection to MySQL server at 'reading initial communication packet'"
            ) from error

    async def _connect(self) -> int:
        local = (
            self.host == "localhost"
            and "P" not in self.options
            and self.options.value("protocol").upper() != "TCP"
        )
        path = self.options.value("S") or SOCKET
        try:
            if local:
                return await self.proc.connect_unix(path)
            return await self.proc.connect(self.host, self.port)
        except OSError as error:
            number = error.errno if error.errno and error.errno > 0 else 2
            if local:
                raise Refused(
                    f"Can't connect to local MySQL server through socket '{path}' ({number})"
                ) from None
            raise Refused(
                f"Can't connect to MySQL server on '{self.host}:{self.port}' ({number})"
            ) from None

    async def _log_in(self, hello: bytes) -> None:
        end = hello.index(b"\0", 1)
        salt = hello[end + 5 : end + 13] + hello[end + 32 : end + 44]
        plugin = hello[end + 45 :].partition(b"\0")[0].decode()
        await self.wire.send(login(self.user, proof_of(self.password, salt, plugin), plugin))
        answer = await self.wire.packet()
        if answer[:1] == b"\x01":
            answer = await self.wire.packet()
        if answer[:1] == b"\xff":
            raise Refused(answer[9:].decode())

    async def ask(self, kind: int, text: str = "") -> bytes:
        self.wire.sequence = 0
        await self.wire.send(bytes([kind]) + text.encode())
        return await self.wire.packet()


async def _options(proc: Process) -> Options | None:
    try:
        return PARSER.parse(proc.argv[1:])
    except OptionError as error:
        name = os.path.basename(proc.argv[0])
        await proc.err(f"{name}: [ERROR] {name}: {error.text}.\n")
        return None


async def _warn(proc: Process, options: Options) -> None:
    if options.value("p") and "s" not in options:
        name = os.path.basename(proc.argv[0])
        await proc.err(
            f"{name}: [Warning] Using a password on the command line interface can be insecure.\n"
        )


async def mysqladmin(proc: Process) -> int:
    options = await _options(proc)
    if options is None:
        return 1
    await _warn(proc, options)
    link = Link(proc, options)
    verb = options.args[0] if options.args else ""
    try:
        await link.open()
    except Refused as refused:
        # A server that refuses the password is alive, and that is what ping asks.
        if verb == "ping" and "Access denied" in str(refused):
            await proc.out("mysqld is alive\n")
            return 0
        name = os.path.basename(proc.argv[0])
        await proc.err(f"{name}: connect to server at '{link.host}' failed\nerror: '{refused}'\n")
        return 1
    if verb == "ping":
        await link.ask(PING)
        await proc.out("mysqld is alive\n")
    elif verb == "shutdown":
        await link.ask(SHUTDOWN)
        path = options.value("S") or SOCKET
        while await _answers(proc, path):
            await proc.sleep(0.02)
    elif verb in ("status", "version"):
        await proc.out(f"Server version {version(proc)}\nUptime: 1  Threads: 1  Questions: 1\n")
    else:
        await proc.err(f"mysqladmin: Unknown command: '{verb}'\n")
        return 1
    return 0


async def _answers(proc: Process, path: str) -> bool:
    try:
        proc.close(await proc.connect_unix(path))
    except OSError:
        return False
    return True


async def mysql(proc: Process) -> int:
    options = await _options(proc)
    if options is None:
        return 1
    await _warn(proc, options)
    link = Link(proc, options)
    try:
        await link.open()
    except Refused as refused:
        number = 1045 if "denied" in str(refused) else 2002
        await proc.err(f"ERROR {number} (HY000): {refused}\n")
        return 1
    if text := options.value("e"):
        return await _statements(link, text)
    text = ""
    async for line in proc.lines():
        text += os.fsdecode(line)
    return await _statements(link, text)


async def _statements(link: Link, text: str) -> int:
    for statement in filter(None, (part.strip() for part in text.split(";"))):
        first = await link.ask(QUERY, statement)
        if first[:1] == b"\xff":
            number = int.from_bytes(first[1:3], "little")
            await link.proc.err(
                f"ERROR {number} ({first[4:9].decode()}) at line 1: {first[9:].decode()}\n"
            )
            return 1
        if first[:1] != b"\0":
            await _show(link, first[0])
    return 0


async def _show(link: Link, columns: int) -> None:
    """Tab-separated, as mysql prints where there is no terminal."""
    names = []
    for _ in range(columns):
        names.append(_fields(await link.wire.packet(), 5)[4])
    await link.wire.packet()
    if "N" not in link.options:
        await link.proc.out("\t".join(str(name) for name in names) + "\n")
    while (row := await link.wire.packet())[:1] != b"\xfe":
        cells = ("NULL" if value is None else value for value in _fields(row, columns))
        await link.proc.out("\t".join(cells) + "\n")


def _fields(body: bytes, count: int) -> list[str | None]:
    """The first length-encoded strings of a packet."""
    found: list[str | None] = []
    at = 0
    for _ in range(count):
        length, at = read_length(body, at)
        found.append(None if length is None else body[at : at + length].decode("utf-8", "replace"))
        at += length or 0
    return found


async def mysqldump(proc: Process) -> int:
    await proc.err("mysqldump: mockerd's MySQL keeps no data, mysqldump is not simulated\n")
    return 1
