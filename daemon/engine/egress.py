"""The way out: where it is allowed, containers reach the host's loopback through their network's gateway."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable

from daemon.engine.ports import inwards, outwards
from daemon.process.sockets import Address, Connection
from daemon.tasks import Tasks

LOOPBACK = "127.0.0.1"


class Egress:
    """Opens real connections for containers. What lies beyond the host stays unreachable."""

    def __init__(self, is_gateway: Callable[[str], bool]) -> None:
        self._is_gateway = is_gateway
        self._tasks = Tasks("egress")

    async def open(self, address: str, port: int) -> Connection:
        """A connection to the host's loopback; OSError as connect(2) says it."""
        if not self._is_gateway(address):
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        near, far = Connection.pair(Address(), Address(address, port))
        self._tasks.spawn(self._bridge(reader, writer, far), f"egress to port {port}")
        return near

    async def _bridge(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, inside: Connection
    ) -> None:
        try:
            await asyncio.gather(inwards(reader, inside), outwards(inside, writer))
        except OSError:
            writer.transport.abort()
        finally:
            inside.close()
            writer.close()

    async def close(self) -> None:
        await self._tasks.close()
