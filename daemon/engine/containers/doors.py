"""The ways out of a container that are not networks: Docker's own socket, if it was bound, and a registry's store.

A connection through such a door is a real one to a Unix socket of this process, bridged to the container's end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from daemon.engine.container import Container
from daemon.engine.containers.rootfs import SOCKET_PATHS, Rootfs
from daemon.engine.ports import inwards, outwards
from daemon.process.sockets import Address, Connection
from daemon.tasks import Tasks

if TYPE_CHECKING:
    from daemon.engine.registry_backend import RegistryBackend
    from daemon.process.machine import Machine


class Doors:
    """Opens them. `own_socket` is the path of a socket that this daemon answers on, `folder` a private one."""

    def __init__(
        self, rootfs: Rootfs, own_socket: Callable[[], str | None], folder: Callable[[], str]
    ) -> None:
        self._rootfs = rootfs
        self._own_socket = own_socket
        self._folder = folder
        self._registries: dict[str, RegistryBackend] = {}
        self._tasks = Tasks("doors")

    def give(self, machine: Machine, container: Container) -> None:
        """Let a container's programs use them."""

        async def docker(path: str) -> Connection | None:
            socket = self._own_socket()
            # A client may bind the place where Docker's socket usually is, or the one where it found ours.
            ours = {*SOCKET_PATHS, socket}
            bound = [m.destination for m in container.mounts if m.source in ours]
            if socket is None or path not in [machine.fs.realpath(place) for place in bound]:
                return None
            return await _bridged(machine, socket)

        async def backend(_name: str) -> Connection:
            return await _bridged(machine, await self._registry(container))

        machine.unix_door = docker
        machine.backend = backend

    async def _registry(self, container: Container) -> str:
        """The socket of the registry that keeps its blobs in this container, started at the first connection."""
        from daemon.engine.registry_backend import RegistryBackend

        found = self._registries.get(container.id)
        if found is None:
            path = os.path.join(self._folder(), f"registry-{container.id[:12]}.sock")
            found = RegistryBackend(lambda: self._rootfs.namespace(container), path)
            self._registries[container.id] = found
        return await found.socket()

    def forget(self, container: Container) -> None:
        """The container is no more."""
        if (registry := self._registries.pop(container.id, None)) is not None:
            self._tasks.spawn(registry.close())

    async def close(self) -> None:
        await self._tasks.close()
        for registry in self._registries.values():
            await registry.close()
        self._registries.clear()


async def _bridged(machine: Machine, path: str) -> Connection:
    reader, writer = await asyncio.open_unix_connection(path)
    inside, outside = Connection.pair(Address(), Address(path))
    machine.adopt(_bridge(reader, writer, outside))
    return inside


async def _bridge(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, outside: Connection
) -> None:
    try:
        await asyncio.gather(inwards(reader, outside), outwards(outside, writer))
    except OSError:
        writer.transport.abort()
    finally:
        outside.close()
        writer.close()
