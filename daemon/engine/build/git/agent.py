"""A socket on this machine for git's ssh: whoever connects to it is connected to the client's agent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator

from daemon.engine.build.client import AgentStream, BuildClient
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.tasks import Tasks

CHUNK = 32 << 10


class AgentRefused(DockerfileError):
    """In the client's words, which nothing is added to."""


@contextlib.asynccontextmanager
async def agent_socket(client: BuildClient, id: str) -> AsyncIterator[str]:
    """Its path, for as long as the context lasts. AgentRefused if the client forwards no such agent."""
    try:
        await client.check_ssh(id)
    except LookupError as refusal:
        raise AgentRefused(str(refusal.args[0])) from None
    tasks = Tasks("ssh agents of git")

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.spawn(_carry(client, id, reader, writer))

    with tempfile.TemporaryDirectory(prefix="mockerd-") as folder:
        path = os.path.join(folder, "agent")
        server = await asyncio.start_unix_server(connected, path)
        try:
            yield path
        finally:
            server.close()
            await tasks.close()


async def _carry(
    client: BuildClient, id: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        async with client.ssh_agent(id) as agent, asyncio.TaskGroup() as group:
            group.create_task(_from_agent(agent, writer))
            group.create_task(_to_agent(reader, agent))
    except* ConnectionError:
        pass  # the agent, the client or ssh is gone: whoever is left sees the connection close
    finally:
        writer.close()


async def _from_agent(agent: AgentStream, writer: asyncio.StreamWriter) -> None:
    while data := await agent.read():
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def _to_agent(reader: asyncio.StreamReader, agent: AgentStream) -> None:
    while data := await reader.read(CHUNK):
        await agent.write(data)
    await agent.write_eof()
