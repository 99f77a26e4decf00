"""The ways out: the host's loopback through a network's gateway, where allowed, and servers that stand in for a port."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Callable

from daemon.engine.ports import inwards, outwards
from daemon.process.sockets import Address, Connection
from daemon.process.status import os_error
from daemon.tasks import Tasks

log = logging.getLogger(__name__)

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
        return await self._bridged(LOOPBACK, port, Address(address, port))

    async def forward(self, host: str, port: int) -> Connection:
        """A connection to a server that stands in for a container's port."""
        try:
            return await self._bridged(host, port, Address())
        except OSError as error:
            log.warning("no forwarding to %s:%d: %s", host, port, error)
            raise os_error(errno.ECONNREFUSED) from error

    async def _bridged(self, host: str, port: int, shown: Address) -> Connection:
        """A real connection to a server, which appears inside at the address `shown`."""
        reader, writer = await asyncio.open_connection(host, port)
        near, far = Connection.pair(Address(), shown)
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
