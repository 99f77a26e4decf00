"""The session of a build from the client's side: what the daemon asks for, the test answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from daemon.server.buildkit.transport import serve

HEAD = (
    "POST /session HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    "X-Docker-Expose-Session-Uuid: {id}\r\nX-Docker-Expose-Session-Name: test\r\n"
    "X-Docker-Expose-Session-Sharedkey: test\r\n{methods}\r\n"
)
METHOD = "X-Docker-Expose-Session-Grpc-Method: {}\r\n"


class Wire:
    """A connected socket as a stream of bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def read(self) -> bytes:
        return await self._reader.read(1 << 16)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def write_eof(self) -> None:
        if not self.writer.is_closing():
            self.writer.write_eof()


@asynccontextmanager
async def session(
    socket: str, handlers: Collection[Any], id: str = "one"
) -> AsyncIterator[asyncio.StreamWriter]:
    """A session of that id which serves the handlers' methods, until the context ends or the writer is closed."""
    methods = [path for handler in handlers for path in handler.__mapping__()]
    reader, writer = await asyncio.open_unix_connection(socket)
    lines = "".join(METHOD.format(path) for path in methods)
    writer.write(HEAD.format(id=id, methods=lines).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    wire: Any = Wire(reader, writer)
    serving = asyncio.get_running_loop().create_task(serve(wire, handlers))
    try:
        yield writer
    finally:
        writer.close()
        await serving
