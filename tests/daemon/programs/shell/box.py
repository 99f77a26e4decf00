"""A container with a shell in it and a handful of plain programs, for the shell's tests."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from api_schema.simulated_binary import simulated_binary
from daemon.clock import Clock
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.ids import Ids
from daemon.process.accounts import Limits
from daemon.process.machine import Machine
from daemon.process.process import Process
from daemon.process.status import ExitStatus
from daemon.process.stdio import Output, Pipe, Stdio
from daemon.process.tty import Terminal
from daemon.programs import lookup

SHELLS = {
    "ash": ("/bin/sh", "busybox/sh"),
    "dash": ("/bin/dash", "shell/dash"),
    "bash": ("/bin/bash", "shell/bash"),
}
Main = Callable[[Process], Awaitable[int]]


async def args(proc: Process) -> int:
    await proc.out("".join(f"[{word}]" for word in proc.argv[1:]) + "\n")
    return 0


async def sleep(proc: Process) -> int:
    await proc.sleep(float(proc.argv[1]))
    return 0


PLAIN: dict[str, Main] = {"args": args, "sleep": sleep}
"""Programs of the tests' own."""
BUSYBOX = (
    *("cat", "chmod", "echo", "env", "false", "find", "grep", "head", "id", "ls", "mkdir", "rm"),
    *("sed", "sort", "true", "wc"),
)
"""What the tests take from the tools."""


class Programs:
    """Our shells, and the plain programs of this file."""

    def lookup(self, program: str) -> Main | None:
        family, _, name = program.partition("/")
        return PLAIN.get(name) if family == "test" else lookup(program)


class Box:
    """A machine with the three shells in /bin; what they wrote is kept."""

    def __init__(self, *, folder: str = "/work", memory: int = 0) -> None:
        self.clock = Clock()
        self.fs = Filesystem(MemoryTree(Spool(), self.clock.now))
        for path in ("/bin", "/dev", "/etc", "/tmp", "/root", "/work"):
            self.fs.mkdir(path)
        self.fs.write_bytes("/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        self.fs.write_bytes("/etc/hostname", b"host\n")
        self.fs.mknod("/dev/null", 0o20666, os.makedev(1, 3))
        for path, program in SHELLS.values():
            self.fs.write_bytes(path, simulated_binary(program), 0o755)
        self.fs.symlink("/bin/sh", "/bin/ash")
        for name in BUSYBOX:
            self.fs.write_bytes(f"/bin/{name}", simulated_binary(f"busybox/{name}"), 0o755)
        for name in PLAIN:
            self.install(name)
        self.folder = folder
        self.machine = Machine(
            fs=self.fs,
            programs=Programs(),
            clock=self.clock,
            ids=Ids(1),
            hostname="host",
            limits=Limits(memory=memory),
        )
        self.stdout = bytearray()
        self.stderr = bytearray()

    def install(self, name: str) -> None:
        """Put one of the plain programs into /bin."""
        self.fs.write_bytes(f"/bin/{name}", simulated_binary(f"test/{name}"), 0o755)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until `condition` holds."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  the condition is the processes' own state
                await asyncio.sleep(0)

    async def start(
        self,
        argv: list[str],
        *,
        stdin: Pipe | None = None,
        terminal: Terminal | None = None,
        env: dict[str, str] | None = None,
        as_init: bool = True,
    ) -> Process:
        stdio = Stdio(
            stdin.reader() if stdin else None,
            Output(self.stdout.extend),
            Output(self.stderr.extend),
        )
        if terminal is not None:
            stdio = Stdio(terminal.slave, terminal.slave, terminal.slave)
        environment = {"PATH": "/bin", "HOME": "/root"} | (env or {})
        return await self.machine.start(
            argv, env=environment, cwd=self.folder, stdio=stdio, terminal=terminal, as_init=as_init
        )

    async def run(self, argv: list[str], *, stdin: bytes = b"", **more: object) -> ExitStatus:
        pipe = Pipe(1 << 20)
        pipe.try_write(stdin)
        process = await self.start(argv, stdin=pipe, **more)  # type: ignore[arg-type]
        pipe.close_write()
        async with asyncio.timeout(20):
            return await self.machine.wait(process)

    async def shell(
        self, flavour: str, script: str, *args: str, stdin: bytes = b""
    ) -> tuple[str, str, int]:
        """Run `sh -c script args`: stdout, stderr and exit code; beside bash, sh is dash."""
        if flavour != "ash":
            self.fs.write_bytes("/bin/sh", simulated_binary("shell/dash"), 0o755)
        name = "sh" if flavour == "ash" else flavour
        status = await self.run([name, "-c", script, *([name, *args] if args else [])], stdin=stdin)
        return (*self.take(), status.shell_code)

    def take(self) -> tuple[str, str]:
        """What was written since the last time."""
        out, err = os.fsdecode(bytes(self.stdout)), os.fsdecode(bytes(self.stderr))
        self.stdout.clear()
        self.stderr.clear()
        return out, err

    async def close(self) -> None:
        await self.machine.close()
