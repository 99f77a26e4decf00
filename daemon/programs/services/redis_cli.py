"""redis-cli: one command, or a line of input after the other."""

import os
import shlex

from daemon.process.process import Process
from daemon.programs.services.redis import version
from daemon.programs.services.redis_wire import Failure, Reader, Status, Value, command
from daemon.programs.tools.options import OptionError, Options, Parser

PARSER = Parser(
    "h:p:a:n:u:x3ser:i:d:D:",
    "raw no-raw csv no-auth-warning pass:=a user: version=V help tls scan pattern: latency stat bigkeys askpass quoted-input json",
    stop_at_operand=True,
)


async def cli(proc: Process) -> int:
    try:
        options = PARSER.parse(proc.argv[1:])
    except OptionError as error:
        await proc.err(f"Unrecognized option or bad number of args for: {error.text}\n")
        return 1
    if "V" in options:
        await proc.out(f"redis-cli {version(proc)}\n")
        return 0
    return await Cli(proc, options).run()


class Cli:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.host = options.value("h") or "127.0.0.1"
        self.port = int(options.value("p") or 6379)
        self.reader = Reader()
        self.ready: list[Value] = []
        self.fd = -1
        self.raw = "raw" in options or not ("no-raw" in options or proc.isatty(1))

    async def run(self) -> int:
        password = self.options.value("a") or self.proc.env.get("REDISCLI_AUTH", "")
        try:
            self.fd = await self.proc.connect(self.host, self.port)
        except OSError as error:
            reason = (
                os.strerror(error.errno)
                if error.errno and error.errno > 0
                else "Name or service not known"
            )
            await self.proc.err(
                f"Could not connect to Redis at {self.host}:{self.port}: {reason}\n"
            )
            return 1
        if "a" in self.options and "no-auth-warning" not in self.options:
            await self.proc.err(
                "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n"
            )
        if password:
            user = self.options.value("user")
            await self._prepare(["AUTH", *([user] if user else []), password])
        if number := self.options.value("n"):
            await self._prepare(["SELECT", number])
        if self.options.args:
            return await self._command_line()
        return await self._lines()

    async def _prepare(self, words: list[str]) -> None:
        reply = await self._ask(words)
        if isinstance(reply, Failure):
            await self.proc.err(f"{words[0]} failed: {reply}\n")

    async def _command_line(self) -> int:
        words = list(self.options.args)
        if "x" in self.options:
            data = b""
            while piece := await self.proc.read(0):
                data += piece
            words.append(os.fsdecode(data))
        for _ in range(int(self.options.value("r") or 1)):
            reply = await self._ask(words)
            await self._show(reply)
            if words[0].upper() in ("SUBSCRIBE", "PSUBSCRIBE", "MONITOR"):
                while True:
                    await self._show(await self._reply())
            if seconds := float(self.options.value("i") or 0):
                await self.proc.sleep(seconds)
        return 1 if isinstance(reply, Failure) and "e" in self.options else 0

    async def _lines(self) -> int:
        prompt = f"{self.host}:{self.port}> " if self.proc.isatty(0) else ""
        await self.proc.out(prompt)
        async for line in self.proc.lines():
            words = self._words(os.fsdecode(line))
            if words and words[0].lower() in ("quit", "exit"):
                return 0
            if words:
                await self._show(await self._ask(words))
            await self.proc.out(prompt)
        return 0

    def _words(self, line: str) -> list[str]:
        try:
            return shlex.split(line)
        except ValueError:
            return line.split()

    async def _ask(self, words: list[str]) -> Value:
        await self.proc.write(self.fd, command([os.fsencode(word) for word in words]))
        return await self._reply()

    async def _reply(self) -> Value:
        while not self.ready:
            data = await self.proc.read(self.fd)
            if not data:
                return Failure("Server closed the connection")
            self.ready += self.reader.feed(data)
        return self.ready.pop(0)

    async def _show(self, reply: Value) -> None:
        await self.proc.out(_raw(reply) + b"\n" if self.raw else f"{_pretty(reply)}\n".encode())


def _raw(reply: Value) -> bytes:
    if reply is None:
        return b""
    if isinstance(reply, list):
        return b"\n".join(_raw(item) for item in reply)
    return reply if isinstance(reply, bytes) else str(reply).encode()


def _pretty(reply: Value, indent: str = "") -> str:
    if reply is None:
        return "(nil)"
    if isinstance(reply, Status):
        return str(reply)
    if isinstance(reply, Failure):
        return f"(error) {reply}"
    if isinstance(reply, int):
        return f"(integer) {reply}"
    if isinstance(reply, bytes):
        return '"' + "".join(_escaped(byte) for byte in reply) + '"'
    if not reply:
        return "(empty array)"
    width = len(str(len(reply)))
    rows = []
    for number, item in enumerate(reply, 1):
        mark = f"{number:{width}d}) "
        rows.append(
            ("" if number == 1 else indent) + mark + _pretty(item, indent + " " * len(mark))
        )
    return "\n".join(rows)


def _escaped(byte: int) -> str:
    known = {10: "\\n", 13: "\\r", 9: "\\t", 7: "\\a", 8: "\\b", 34: '\\"', 92: "\\\\"}
    return known.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
