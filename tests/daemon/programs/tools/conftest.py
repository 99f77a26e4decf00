"""A simulated container in which the tools run, in both flavours."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest

from api_schema.simulated_binary import simulated_binary
from daemon.clock import Clock
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import Credentials
from daemon.ids import Ids
from daemon.process.machine import Machine
from daemon.process.process import Process
from daemon.process.status import ExitStatus, Program
from daemon.process.stdio import Output, Pipe, Stdio
from daemon.process.tty import Terminal
from daemon.programs import lookup
from daemon.programs.tools.table import PROGRAMS

PATIENCE = 5
"""Seconds after which a tool is taken to hang."""
PASSWD = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUP = "root:x:0:\nwheel:x:10:root,ann\nann:x:1000:\nnogroup:x:65534:\n"


class Programs:
    """The product's own table; a test may add its own program."""

    def __init__(self) -> None:
        self.extra: dict[str, Program] = {}

    def lookup(self, program: str) -> Program | None:
        if program in self.extra:
            return self.extra[program]
        return lookup(program)


@dataclass
class Result:
    """What a command left behind."""

    stdout: bytes
    stderr: bytes
    status: ExitStatus

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace")

    @property
    def complaint(self) -> str:
        return self.stderr.decode(errors="replace")

    @property
    def code(self) -> int:
        return self.status.shell_code


class Session:
    """Somebody at a terminal: types, and looks at what has appeared."""

    def __init__(self, box: "ToolBox", terminal: Terminal) -> None:
        self.box = box
        self.terminal = terminal
        self.process: Process
        self.screen = ""

    async def type(self, keys: str) -> None:
        await self.terminal.master_write(keys.encode())

    async def sees(self, text: str) -> None:
        """Wait until `text` has appeared since the last look; what came before it is forgotten."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.screen:
                data = await self.terminal.master_read()
                assert data, f"the screen ended before {text!r}: {self.screen[-300:]!r}"
                self.screen += data.decode(errors="replace")
        self.screen = self.screen.partition(text)[2]

    async def ends(self) -> int:
        async with asyncio.timeout(PATIENCE):
            while self.process.status is None:  # noqa: ASYNC110  the condition is the program's own state
                await asyncio.sleep(0.001)
        return self.process.status.shell_code


class ToolBox:
    """A machine whose /bin holds every tool of one flavour."""

    def __init__(self, flavour: str) -> None:
        self.flavour = flavour
        self.clock = Clock(speed=50)
        self.fs = Filesystem(MemoryTree(Spool(), self.clock.now))
        self.programs = Programs()
        for folder in ("/bin", "/dev", "/etc", "/proc", "/root", "/tmp", "/work"):
            self.fs.mkdir(folder)
        self.fs.mknod("/dev/null", 0o20666, 0x103)
        self.fs.mknod("/dev/tty", 0o20666, 0x500)
        self.fs.write_bytes("/etc/passwd", PASSWD.encode())
        self.fs.write_bytes("/etc/group", GROUP.encode())
        for key in PROGRAMS:
            family, _, name = key.partition("/")
            if family == flavour:
                self.fs.write_bytes(f"/bin/{name}", simulated_binary(key), 0o755)
        shell = "busybox/sh" if flavour == "busybox" else "shell/dash"
        self.fs.write_bytes("/bin/sh", simulated_binary(shell), 0o755)
        self.machine = Machine(
            fs=self.fs, programs=self.programs, clock=self.clock, ids=Ids(1), hostname="box"
        )

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, data in files.items():
            folder = f"/work/{path}".rpartition("/")[0]
            self.fs.makedirs(folder)
            if not path.endswith("/"):
                self.fs.write_bytes(
                    f"/work/{path}", data if isinstance(data, bytes) else data.encode()
                )

    def read(self, path: str) -> str:
        return self.fs.read_bytes(f"/work/{path}").decode()

    async def start(
        self,
        *argv: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cred: Credentials | None = None,
        out: bytearray | None = None,
        err: bytearray | None = None,
        pipe: Pipe | None = None,
    ) -> Process:
        """Start one command in /work; with `pipe` its stdin stays open."""
        given = pipe or Pipe(capacity=max(65536, len(stdin)))
        reader = given.reader()
        writer = given.writer().retain()
        if stdin:
            await writer.write(stdin)
        if pipe is None:
            writer.release()
        stdio = Stdio(
            reader,
            Output((out if out is not None else bytearray()).extend),
            Output((err if err is not None else bytearray()).extend),
        )
        return await self.machine.start(
            list(argv),
            env={"PATH": "/bin", "HOME": "/root", **(env or {})},
            cwd="/work",
            cred=cred or Credentials(),
            stdio=stdio,
            as_init=not self.machine.processes,
        )

    async def on_terminal(self, *argv: str, rows: int = 24, cols: int = 80) -> "Session":
        """Start one command in front of a screen."""
        session = Session(self, Terminal(rows, cols))
        session.process = await self.machine.start(
            list(argv),
            env={"PATH": "/bin", "HOME": "/root", "TERM": "xterm"},
            cwd="/work",
            stdio=Stdio(session.terminal.slave, session.terminal.slave, session.terminal.slave),
            terminal=session.terminal,
            as_init=not self.machine.processes,
        )
        return session

    async def run(self, *argv: str, stdin: bytes | str = b"", **more: object) -> Result:
        out, err = bytearray(), bytearray()
        data = stdin.encode() if isinstance(stdin, str) else stdin
        process = await self.start(*argv, stdin=data, out=out, err=err, **more)
        async with asyncio.timeout(PATIENCE):
            status = await self.machine.wait(process)
        return Result(bytes(out), bytes(err), status)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until `condition` holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110  the condition is the program's own state
                await asyncio.sleep(0.001)


@pytest.fixture
async def make_box() -> AsyncIterator[Callable[[str], ToolBox]]:
    boxes: list[ToolBox] = []

    def make(flavour: str) -> ToolBox:
        boxes.append(ToolBox(flavour))
        return boxes[-1]

    yield make
    for box in boxes:
        await box.machine.close()


@pytest.fixture
async def busybox(make_box: Callable[[str], ToolBox]) -> ToolBox:
    return make_box("busybox")


@pytest.fixture
async def gnu(make_box: Callable[[str], ToolBox]) -> ToolBox:
    return make_box("gnu")
