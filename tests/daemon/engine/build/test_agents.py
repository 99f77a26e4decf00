"""The sockets of ssh mounts: what passes between a process and the client's agent, and how a connection ends."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from api_schema.simulated_binary import simulated_binary
from daemon.clock import ManualClock
from daemon.engine.build.agents import SOCKET, forwarded, put_socket
from daemon.engine.dockerfile.mounts import Mount
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import Credentials
from daemon.ids import Ids
from daemon.process.machine import Machine
from daemon.process.process import Process
from daemon.process.status import Program
from daemon.process.stdio import Stdio

PATH = "/run/agent"


class Agent:
    """An agent of the test's own: what it hears, what it is to say, and whether the client is there at all."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.news = asyncio.Event()
        self.answers: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self.half_closed = asyncio.Event()
        self.connections = 0
        self.is_there = True

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Agent"]:
        if not self.is_there:
            raise ConnectionRefusedError
        self.connections += 1
        try:
            yield self
        finally:
            self.connections -= 1

    async def read(self) -> bytes:
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def write(self, data: bytes) -> None:
        self.heard += data
        self.news.set()

    async def write_eof(self) -> None:
        self.half_closed.set()


class Programs:
    def __init__(self, main: Program) -> None:
        self.main = main

    def lookup(self, program: str) -> Program:
        return self.main


class Box:
    """A machine with the socket of an ssh mount, at which `agent` is."""

    def __init__(self, **mount: int) -> None:
        self.agent = Agent()
        self.clock = ManualClock()
        self.fs = Filesystem(MemoryTree(Spool(), self.clock.now))
        tree = MemoryTree(Spool(), self.clock.now)
        put_socket(tree, Mount("ssh", **mount))
        self.fs.write_bytes("/main", simulated_binary("test/main"), 0o755)
        self.fs.mkdir("/run")
        self.fs.mount(PATH, tree, subpath=SOCKET)

    async def run(self, main: Callable[[Process], Awaitable[int]], uid: int = 0) -> int:
        machine = Machine(fs=self.fs, programs=Programs(main), clock=self.clock, ids=Ids(1))
        try:
            async with forwarded(machine, [(PATH, self.agent.connection)]):
                process = await machine.start(
                    ["/main"], env={}, cred=Credentials(uid, uid), stdio=Stdio(None, None, None)
                )
                return (await machine.wait(process)).shell_code
        finally:
            await machine.close()


@pytest.fixture
def box() -> Box:
    return Box()


async def test_bytes_pass_both_ways_and_both_ends_can_be_closed(box: Box) -> None:
    async def main(proc: Process) -> int:
        fd = await proc.connect_unix(PATH)
        await proc.write(fd, b"who is there")
        await proc.block(box.agent.news.wait())
        box.agent.answers.put_nowait(b"nobody")
        assert await proc.read(fd) == b"nobody"
        proc.shutdown(fd)
        await proc.block(box.agent.half_closed.wait())
        box.agent.answers.put_nowait(b"bye")
        box.agent.answers.put_nowait(b"")
        assert await proc.read(fd) == b"bye"
        assert await proc.read(fd) == b""
        return 0

    assert await box.run(main) == 0
    assert box.agent.heard == b"who is there"


async def test_every_connection_is_one_of_its_own(box: Box) -> None:
    async def main(proc: Process) -> int:
        fds = [await proc.connect_unix(PATH) for _ in range(3)]
        while box.agent.connections < 3:
            await proc.sleep(0)
        proc.close(fds[0])
        await proc.block(box.agent.half_closed.wait())
        return 0

    assert await box.run(main) == 0
    assert box.agent.connections == 0


async def test_megabytes_wait_for_their_reader(box: Box) -> None:
    size = 3 << 20

    async def main(proc: Process) -> int:
        fd = await proc.connect_unix(PATH)
        box.agent.answers.put_nowait(b"x" * size)
        box.agent.answers.put_nowait(b"")
        await proc.write(fd, b"y" * size)
        got = 0
        while data := await proc.read(fd):
            got += len(data)
        return got != size

    assert await box.run(main) == 0
    assert box.agent.heard == b"y" * size


async def test_an_agent_that_breaks_off_ends_the_connection(box: Box) -> None:
    async def main(proc: Process) -> int:
        fd = await proc.connect_unix(PATH)
        box.agent.answers.put_nowait(ConnectionResetError())
        assert await proc.read(fd) == b""
        with pytest.raises(BrokenPipeError):
            await proc.write(fd, b"x")
        return 0

    assert await box.run(main) == 0


async def test_after_the_client_has_gone_nobody_accepts(box: Box) -> None:
    async def main(proc: Process) -> int:
        fd = await proc.connect_unix(PATH)
        assert await proc.read(fd) == b""
        fd = await proc.connect_unix(PATH)
        for _ in range(20):
            await proc.sleep(0)
        return len(await proc.wait_readable([fd], 0))

    box.agent.is_there = False
    assert await box.run(main) == 0


async def test_who_may_not_write_to_the_socket_may_not_connect() -> None:
    async def main(proc: Process) -> int:
        try:
            await proc.connect_unix(PATH)
        except OSError as error:
            return error.errno or 1
        return 0

    assert await Box().run(main, uid=5) == errno.EACCES
    assert await Box(uid=5).run(main, uid=5) == 0
    assert await Box(mode=0o666).run(main, uid=5) == 0


async def test_connections_end_with_the_run(box: Box) -> None:
    async def main(proc: Process) -> int:
        await proc.connect_unix(PATH)
        while not box.agent.connections:
            await proc.sleep(0)
        return 3

    before = len(asyncio.all_tasks())
    assert await box.run(main) == 3
    assert box.agent.connections == 0
    assert len(asyncio.all_tasks()) == before
