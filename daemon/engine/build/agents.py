"""The sockets of `RUN --mount=type=ssh`: whoever connects to one inside is connected to the client's agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from stat import S_IFSOCK
from typing import TYPE_CHECKING

from daemon.engine.build.client import AgentStream
from daemon.engine.dockerfile.mounts import Mount
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.process.sockets import BACKLOG, Address, Connection, Listener
from daemon.tasks import Tasks

if TYPE_CHECKING:
    from daemon.process.machine import Machine

SOCKET = "/agent"
"""The socket in the tree of an ssh mount."""
MODE = 0o600
CHUNK = 32 << 10

Agent = Callable[[], AbstractAsyncContextManager[AgentStream]]
"""Makes a connection to an agent; ConnectionError at once only if the client itself is gone."""


def put_socket(tree: MemoryTree, mount: Mount) -> None:
    """The socket file, as the mount wants it."""
    files = Filesystem(tree)
    files.mknod(SOCKET, S_IFSOCK | MODE)
    files.chmod(SOCKET, MODE if mount.mode is None else mount.mode)
    files.chown(SOCKET, mount.uid or 0, mount.gid or 0)


@asynccontextmanager
async def forwarded(machine: Machine, agents: Iterable[tuple[str, Agent]]) -> AsyncIterator[None]:
    """Somebody listens at the sockets at those paths, and all connections end with the context."""
    tasks, listeners = Tasks("agents"), []
    try:
        for path, agent in agents:
            listeners.append(_listener(machine, path))
            tasks.spawn(_accept(listeners[-1], agent, tasks))
        yield
    finally:
        await tasks.close()
        for listener in listeners:
            listener.release()


def _listener(machine: Machine, path: str) -> Listener:
    stat = machine.fs.stat(path)
    listener = Listener(Address(path), None, BACKLOG).retain()
    machine.unix_listeners[stat.dev, stat.ino] = listener
    return listener


async def _accept(listener: Listener, agent: Agent, tasks: Tasks) -> None:
    """Until the client is gone: from then on nobody accepts, as in BuildKit, and who connects waits."""
    is_there = True
    while is_there:
        while (connection := listener.take()) is None:
            await listener.readable.wait()
        begun = asyncio.get_running_loop().create_future()
        tasks.spawn(_carry(connection, agent, begun))
        is_there = await begun


async def _carry(connection: Connection, agent: Agent, begun: asyncio.Future[bool]) -> None:
    try:
        async with agent() as stream:
            begun.set_result(True)
            async with asyncio.TaskGroup() as group:
                group.create_task(_from_agent(stream, connection))
                group.create_task(_to_agent(connection, stream))
    except* ConnectionError:
        pass  # the agent, the client or the process is gone: whoever is left sees the connection close
    finally:
        connection.close()
        if not begun.done():
            begun.set_result(False)


async def _from_agent(stream: AgentStream, connection: Connection) -> None:
    while data := await stream.read():
        await connection.write(data)
    connection.write_eof()


async def _to_agent(connection: Connection, stream: AgentStream) -> None:
    while data := await connection.read(CHUNK):
        await stream.write(data)
    await stream.write_eof()
