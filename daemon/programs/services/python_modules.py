"""The modules that simulated Python code may import: those of everyday one-liners, on the simulated kernel."""

import json
import math
from collections.abc import Callable

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.services import python_sockets
from daemon.programs.services.kit import NANOSECONDS, moment
from daemon.programs.services.python_values import Namespace, PyError, Value, shown

BUFFER = 8192


class Output:
    """stdout or stderr as Python buffers them: by lines on a terminal, by blocks elsewhere."""

    def __init__(self, proc: Process, fd: int, *, unbuffered: bool) -> None:
        self.proc = proc
        self.fd = fd
        self.limit = 1 if unbuffered or proc.isatty(fd) or fd == 2 else BUFFER
        self.pending = ""

    async def write(self, text: str) -> int:
        self.pending += text
        if len(self.pending) >= self.limit:
            await self.flush()
        return len(text)

    async def flush(self) -> None:
        text, self.pending = self.pending, ""
        if text:
            await self.proc.write(self.fd, text.encode("utf-8", "surrogateescape"))

    @property
    def object(self) -> Namespace:
        name = {1: "stdout", 2: "stderr"}[self.fd]
        return Namespace(
            name,
            {
                "write": self.write,
                "flush": self.flush,
                "fileno": lambda: self.fd,
                "isatty": lambda: self.proc.isatty(self.fd),
            },
        )


class Library:
    """Makes modules when they are imported."""

    def __init__(self, proc: Process, argv: list[str], version: str, *, unbuffered: bool) -> None:
        self.proc = proc
        self.argv = argv
        self.version = version
        self.out = Output(proc, 1, unbuffered=unbuffered)
        self.err = Output(proc, 2, unbuffered=True)
        self.stdin = b""
        self._made: dict[str, Namespace] = {}

    def module(self, name: str) -> Namespace | None:
        if name not in self._made and name in MODULES:
            self._made[name] = Namespace(name, MODULES[name](self))
        return self._made.get(name)

    # --- builtins with effects

    async def print(
        self,
        *values: Value,
        sep: str = " ",
        end: str = "\n",
        file: Namespace | None = None,
        flush: bool = False,
    ) -> None:
        target = self.err if file is not None and file.name == "stderr" else self.out
        await target.write(sep.join(shown(value) for value in values) + end)
        if flush:
            await target.flush()

    async def input(self, prompt: str = "") -> str:
        await self.out.write(prompt)
        await self.out.flush()
        line = await self.readline()
        if not line:
            raise PyError("EOFError", "EOF when reading a line")
        return line.removesuffix("\n")

    async def readline(self) -> str:
        while b"\n" not in self.stdin:
            data = await self.proc.read(0)
            if not data:
                break
            self.stdin += data
        line, newline, self.stdin = self.stdin.partition(b"\n")
        return (line + newline).decode("utf-8", "surrogateescape")

    async def read(self) -> str:
        while data := await self.proc.read(0):
            self.stdin += data
        text, self.stdin = self.stdin, b""
        return text.decode("utf-8", "surrogateescape")

    async def readlines(self) -> list[str]:
        return (await self.read()).splitlines(keepends=True)

    async def open(self, path: str, mode: str = "r", **_more: Value) -> Namespace:
        """A small file, whole in memory; what was written is there after close()."""
        fs = self.proc.machine.fs
        data = b""
        try:
            if "r" in mode or "a" in mode:
                data = fs.read_bytes(path, who=self.proc.cred, cwd=self.proc.cwd)
            else:
                fs.write_bytes(path, b"", who=self.proc.cred, cwd=self.proc.cwd)
        except OSError as error:
            raise _os_error(error, path) from None
        return self._file(path, mode, data)

    def _file(self, path: str, mode: str, data: bytes) -> Namespace:
        held = [data]

        def read() -> Value:
            text, held[0] = held[0], b""
            return text if "b" in mode else text.decode("utf-8", "surrogateescape")

        def write(text: Value) -> int:
            held[0] += text if isinstance(text, bytes) else str(text).encode()
            self.proc.machine.fs.write_bytes(path, held[0], who=self.proc.cred, cwd=self.proc.cwd)
            return len(text)

        members: dict[str, Value] = {"close": lambda: None, "flush": lambda: None}
        if "r" in mode:
            members |= {"read": read, "readlines": lambda: read().splitlines(keepends=True)}
        else:
            members["write"] = write
        return Namespace("file", members)

    async def leave(self, code: Value = None) -> None:
        raise PyError("SystemExit", code)


def _os_error(error: OSError, path: str) -> PyError:
    kind = {2: "FileNotFoundError", 13: "PermissionError"}.get(error.errno or 0, "OSError")
    return PyError(kind, f"[Errno {error.errno}] {error.strerror}: '{path}'")


def _sys(library: Library) -> dict[str, Value]:
    number = tuple(int(part) for part in library.version.split(".")[:3])
    stdin = Namespace(
        "stdin",
        {
            "read": library.read,
            "readline": library.readline,
            "readlines": library.readlines,
            "isatty": lambda: library.proc.isatty(0),
        },
    )
    return {
        "argv": library.argv,
        "exit": library.leave,
        "executable": "/usr/local/bin/python3",
        "platform": "linux",
        "version": f"{library.version} (main, Oct 21 2025, 02:04:36) [GCC 14.2.0]",
        "version_info": (*number, "final", 0),
        "path": ["", "/usr/local/lib/python3"],
        "maxsize": 2**63 - 1,
        "stdin": stdin,
        "stdout": library.out.object,
        "stderr": library.err.object,
    }


def _os(library: Library) -> dict[str, Value]:
    proc = library.proc
    files = _Files(proc)
    return {
        "environ": dict(proc.env),
        "getenv": lambda name, default=None: proc.env.get(name, default),
        "getcwd": lambda: proc.cwd,
        "getpid": lambda: proc.pid,
        "getppid": lambda: proc.ppid,
        "getuid": lambda: proc.cred.uid,
        "getgid": lambda: proc.cred.gid,
        "listdir": files.listdir,
        "path": Namespace(
            "posixpath",
            {
                "exists": files.exists,
                "isfile": files.isfile,
                "isdir": files.isdir,
                "join": lambda *parts: "/".join(parts),
                "basename": lambda path: path.rpartition("/")[2],
            },
        ),
        "sep": "/",
        "linesep": "\n",
        "name": "posix",
        "cpu_count": lambda: 2,
        "kill": lambda pid, signum: proc.kill(pid, signum),
        "_exit": _exit,
    }


def _exit(code: int) -> None:
    raise ProcessExit(code)


class _Files:
    """The questions of os and os.path."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc

    def listdir(self, path: str = ".") -> list[str]:
        try:
            return self.proc.listdir(path)
        except OSError as error:
            raise _os_error(error, path) from None

    def exists(self, path: str) -> bool:
        return self.proc.machine.fs.exists(path, who=self.proc.cred, cwd=self.proc.cwd)

    def isdir(self, path: str) -> bool:
        return self.proc.machine.fs.isdir(path, who=self.proc.cred, cwd=self.proc.cwd)

    def isfile(self, path: str) -> bool:
        return self.exists(path) and not self.isdir(path)


def _time(library: Library) -> dict[str, Value]:
    clock = library.proc.machine.clock
    return {
        "sleep": library.proc.sleep,
        "time": lambda: clock.now() / NANOSECONDS,
        "monotonic": clock.monotonic,
        "perf_counter": clock.monotonic,
        "strftime": lambda layout: moment(library.proc, layout),
    }


def _json(library: Library) -> dict[str, Value]:
    def loads(text: str) -> Value:
        try:
            return json.loads(text)
        except ValueError as error:
            raise PyError("ValueError", str(error)) from None

    return {
        "loads": loads,
        "dumps": lambda value, indent=None, sort_keys=False: json.dumps(
            value, indent=indent, sort_keys=sort_keys
        ),
    }


def _socket(library: Library) -> dict[str, Value]:
    return python_sockets.members(library.proc)


def _math(library: Library) -> dict[str, Value]:
    return {
        name: getattr(math, name)
        for name in (
            "pi",
            "e",
            "sqrt",
            "floor",
            "ceil",
            "log",
            "log2",
            "log10",
            "sin",
            "cos",
            "tan",
            "gcd",
            "inf",
        )
    }


def _signal(library: Library) -> dict[str, Value]:
    return {"pause": library.proc.pause, **{signal.name: int(signal) for signal in Signal}}


def _platform(library: Library) -> dict[str, Value]:
    answers = {
        "python_version": library.version,
        "system": "Linux",
        "machine": "x86_64",
        "node": library.proc.machine.hostname,
        "python_implementation": "CPython",
    }
    return {name: (lambda text=text: text) for name, text in answers.items()}


def _random(library: Library) -> dict[str, Value]:
    draw = library.proc.machine.ids.random
    return {"random": draw.random, "randint": draw.randint, "choice": draw.choice}


Maker = Callable[[Library], dict[str, Value]]
MODULES: dict[str, Maker] = {
    "sys": _sys,
    "os": _os,
    "os.path": lambda library: _os(library)["path"].members,
    "time": _time,
    "json": _json,
    "socket": _socket,
    "math": _math,
    "signal": _signal,
    "platform": _platform,
    "random": _random,
}
