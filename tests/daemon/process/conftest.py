"""A container with a filesystem in RAM whose programs are the test's own coroutines."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from api_schema.simulated_binary import simulated_binary
from daemon.clock import ManualClock
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.ids import Ids
from daemon.process.accounts import Limits
from daemon.process.descriptions import Description
from daemon.process.machine import Machine
from daemon.process.process import Process
from daemon.process.status import ExitStatus, Program
from daemon.process.stdio import Output, Stdio
from daemon.process.tty import Terminal

Main = Callable[[Process], Awaitable[int]]


class Programs:
    """A program table that tests fill: `box.install(main)` puts a marked binary in the filesystem."""

    def __init__(self) -> None:
        self.table: dict[str, Program] = {}

    def lookup(self, program: str) -> Program | None:
        return self.table.get(program)


class Box:
    """A machine and what its processes have written."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = ManualClock()
        self.programs = Programs()
        self.fs = Filesystem(MemoryTree(Spool(), self.clock.now))
        for folder in ("/bin", "/dev", "/etc", "/tmp"):
            self.fs.mkdir(folder)
        self.machine = Machine(
            fs=self.fs, programs=self.programs, clock=self.clock, ids=Ids(1), limits=limits
        )
        self.stdout = bytearray()
        self.stderr = bytearray()

    def install(self, main: Main, name: str = "program", folder: str = "/bin") -> str:
        path = os.path.join(folder, name)
        self.programs.table[f"test/{name}"] = main
        self.fs.write_bytes(path, simulated_binary(f"test/{name}"), 0o755)
        return path

    async def start(
        self,
        main: Main | list[str],
        *,
        terminal: Terminal | None = None,
        stdin: Description | None = None,
        as_init: bool = True,
        **more: object,
    ) -> Process:
        argv = main if isinstance(main, list) else [self.install(main)]
        stdio = Stdio(stdin, Output(self.stdout.extend), Output(self.stderr.extend))
        if terminal is not None:
            stdio = Stdio(terminal.slave, terminal.slave, terminal.slave)
        settings = {"env": {"PATH": "/bin"}, "cwd": "/"} | more
        return await self.machine.start(
            argv, stdio=stdio, terminal=terminal, as_init=as_init, **settings
        )

    async def run(self, main: Main | list[str], **more: object) -> ExitStatus:
        return await self.machine.wait(await self.start(main, **more))

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until `condition` holds."""
        while not condition():  # noqa: ASYNC110  the condition is the program's own state
            await asyncio.sleep(0)

    async def run_child(self, main: Main) -> ExitStatus:
        """Run `main` as a child of a PID 1 that only waits: signals have their default effect on it."""

        async def init(proc: Process) -> int:
            child = proc.fork(main)
            _pid, status = await proc.wait(child.pid)
            self.child_status = status
            return 0

        await self.run(init)
        return self.child_status


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    box = Box()
    yield box
    await box.machine.close()


@pytest.fixture
async def boxes() -> AsyncIterator[Callable[..., Box]]:
    made: list[Box] = []

    def make(**more: object) -> Box:
        made.append(Box(**more))
        return made[-1]

    yield make
    for box in made:
        await box.machine.close()
