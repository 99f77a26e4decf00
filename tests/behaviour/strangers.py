"""Clients of a few bytes, which may read, stall or vanish at any of them."""

from __future__ import annotations

import asyncio

from mockerd import MockDaemon


def asking(request: str, headers: str = "") -> bytes:
    """The bytes of a request without a body: `GET /events`."""
    return f"{request} HTTP/1.1\r\nHost: d\r\n{headers}\r\n".encode()


class Stranger:
    """One connection to the daemon."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def arrive(cls, mock: MockDaemon, data: bytes) -> Stranger:
        """Connected, with `data` said; nothing is read yet."""
        reader, writer = await asyncio.open_unix_connection(mock.socket_path)
        writer.write(data)
        return cls(reader, writer)

    @classmethod
    async def follow(cls, mock: MockDaemon, request: str) -> Stranger:
        """At the first byte of the reply's body."""
        stranger = await cls.arrive(mock, asking(request))
        await stranger.head()
        return stranger

    async def head(self) -> None:
        async with asyncio.timeout(30):
            await self.reader.readuntil(b"\r\n\r\n")

    def vanish(self) -> None:
        self.writer.transport.abort()
