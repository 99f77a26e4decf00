"""Containers on a network of the test's own, with the real programs and a filesystem in RAM."""

import asyncio
import importlib
import itertools
from collections.abc import Callable
from types import TracebackType
from typing import Self

from api_schema.simulated_binary import simulated_binary
from daemon.clock import Clock
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.ids import Ids
from daemon.process.fabric import Fabric
from daemon.process.machine import Machine
from daemon.process.net import NetNamespace
from daemon.process.process import Process
from daemon.process.status import Program
from daemon.process.stdio import Output, Pipe, Stdio
from daemon.programs.net import table as net_table
from daemon.programs.services import table as services_table

PROGRAMS = net_table.PROGRAMS | services_table.PROGRAMS
SUBNET = "10.9.0"


class Programs:
    """The table of these families; `extra` are a test's own."""

    def __init__(self) -> None:
        self.extra: dict[str, Program] = {}

    def lookup(self, program: str) -> Program | None:
        if program in self.extra:
            return self.extra[program]
        if program not in PROGRAMS:
            return None
        module, _, function = PROGRAMS[program].partition(":")
        found: Program = getattr(importlib.import_module(module), function)
        return found


class Running:
    """A process and what it has written so far."""

    def __init__(self, container: "Container") -> None:
        self.container = container
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.changed = asyncio.Event()
        self.process: Process

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()

    def sink(self, buffer: bytearray) -> Output:
        def deliver(data: bytes) -> None:
            buffer.extend(data)
            self.changed.set()

        return Output(deliver)

    async def said(self, text: str) -> Self:
        """Wait until the text has been written to either stream."""
        async with asyncio.timeout(10):
            while text not in self.out + self.err:
                self.changed.clear()
                await self.changed.wait()
        return self

    async def ended(self) -> int:
        """Wait for the end; the code that Docker would show."""
        async with asyncio.timeout(10):
            return (await self.container.machine.wait(self.process)).shell_code


class Container:
    """One machine on the network. `programs` are paths and program strings."""

    def __init__(self, lan: "Lan", name: str, address: str, programs: dict[str, str]) -> None:
        self.lan = lan
        self.address = address
        self.programs = Programs()
        self.fs = Filesystem(MemoryTree(Spool(), lan.clock.now))
        for folder in ("/bin", "/dev", "/etc", "/tmp", "/proc", "/var/run"):
            self.fs.makedirs(folder)
        self.fs.write_bytes("/etc/hosts", f"127.0.0.1\tlocalhost\n{address}\t{name}\n".encode())
        for path, program in programs.items():
            self.add(path, program)
        net = NetNamespace(clock=lan.clock, fabric=lan.fabric)
        net.attach(
            "lan", addresses=[f"{address}/24"], mac="02:42:0a:09:00:02", gateway=f"{SUBNET}.1"
        )
        net.resolver = lambda wanted: [c.address for n, c in lan.containers.items() if n == wanted]
        self.machine = Machine(
            fs=self.fs, programs=self.programs, clock=lan.clock, ids=Ids(1), net=net, hostname=name
        )
        self.started = False

    def add(self, path: str, program: str) -> None:
        """Put a simulated binary there."""
        self.fs.makedirs(path.rpartition("/")[0] or "/")
        self.fs.write_bytes(path, simulated_binary(program), 0o755)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        self.fs.makedirs(path.rpartition("/")[0] or "/")
        self.fs.write_bytes(path, text.encode(), mode)

    def install(self, path: str, main: Callable[..., object]) -> None:
        """Make the test's own coroutine a program."""
        program = f"test/{path.rpartition('/')[2]}"
        self.programs.extra[program] = main  # type: ignore[assignment]
        self.fs.write_bytes(path, simulated_binary(program), 0o755)

    async def start(self, *argv: str, stdin: bytes | None = None, **env: str) -> Running:
        """Start as main process, or beside it. With `stdin` the process reads that and then its end."""
        if not self.started:
            self.install("/bin/waits", _wait_for_ever)
            await self.machine.start(["/bin/waits"], env={}, stdio=Stdio())
            self.started = True
        running = Running(self)
        reader = None
        if stdin is not None:
            pipe = Pipe()
            reader = pipe.reader()
            await pipe.write(stdin)
            pipe.close_write()
        stdio = Stdio(reader, running.sink(running.stdout), running.sink(running.stderr))
        running.process = await self.machine.start(
            argv, env={"PATH": "/bin", **env}, cwd="/", stdio=stdio, as_init=False
        )
        return running

    async def run(self, *argv: str, stdin: bytes | None = None, **env: str) -> tuple[int, str, str]:
        """Run to the end: exit code, standard output, standard error."""
        running = await self.start(*argv, stdin=stdin, **env)
        code = await running.ended()
        return code, running.out, running.err


async def _wait_for_ever(proc: Process) -> int:
    while True:
        await proc.pause()


class Lan:
    """A network; its clock runs fast, so that time-outs do not keep a test waiting."""

    def __init__(self) -> None:
        self.clock = Clock(speed=20)
        self.fabric = Fabric()
        self.fabric.add_network("lan", subnets=[f"{SUBNET}.0/24"], gateways=[f"{SUBNET}.1"])
        self.containers: dict[str, Container] = {}
        self._numbers = itertools.count(2)

    def container(self, name: str, **programs: str) -> Container:
        """A container whose files are `path=program`, written with underscores: bin_wget="busybox/wget"."""
        files = {"/" + path.replace("_", "/"): program for path, program in programs.items()}
        address = f"{SUBNET}.{next(self._numbers)}"
        self.containers[name] = Container(self, name, address, files)
        return self.containers[name]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for container in self.containers.values():
            await container.machine.close()
