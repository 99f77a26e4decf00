"""Bytes between a hijacked connection and a process: frames out, typed keys in, and who ends when."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from daemon.engine.detach_keys import DetachFilter
from daemon.engine.streams import STDERR, STDOUT, Attachment, Streams
from daemon.errors import DockerError
from daemon.server.error_responses import status_of
from daemon.server.hijack import Duplex
from daemon.server.replies import RAW_STREAM, Exchange, farewell
from daemon.tasks import Tasks

_HEADER = struct.Struct(">BxxxI")
_NUMBERS = {STDOUT: 1, STDERR: 2}


def frame(stream: str, data: bytes) -> bytes:
    """One frame of Docker's multiplexed stream."""
    return _HEADER.pack(_NUMBERS[stream], len(data)) + data


@dataclass(slots=True)
class Session:
    """One attached client. `multiplexed`: frames, else raw bytes."""

    streams: Streams
    attachment: Attachment | None
    multiplexed: bool
    stdin: bool = False
    close_stdin: bool = False
    """Does the end of the client's half end the process's input? Else it ends the client's output."""
    detach_keys: bytes = b""
    on_detach: Callable[[], bytes] | None = None
    """Called when the keys were typed; returns what the client still gets to read."""

    async def run(self, duplex: Duplex) -> None:
        """Until the output ends, the client detaches, or it is gone."""
        over = asyncio.Event()
        duplex.on_gone = over.set
        if duplex.closed:
            over.set()
        directions = Tasks("attach")
        directions.spawn(self._send(duplex, over))
        if self.stdin:
            directions.spawn(self._receive(duplex, over))
        try:
            await over.wait()
        finally:
            await directions.close()
            if duplex.closed and self.stdin and self.close_stdin:
                # A connection that broke has ended the client's half as well.
                self.streams.close_stdin()
            self.close()

    def close(self) -> None:
        """Let go of the output; what runs afterwards is not held up by this client."""
        if self.attachment is not None:
            self.attachment.close()

    async def _send(self, duplex: Duplex, over: asyncio.Event) -> None:
        """Everything that comes out, to its end, which is over once the client has read it."""
        if self.attachment is None:
            return
        try:
            while chunks := await self.attachment.read():
                await duplex.write(b"".join(self._framed(chunks)))
            duplex.write_eof()
            await duplex.taken()
        except ConnectionError:
            pass  # the client is gone; nobody is left to be told
        finally:
            over.set()

    def _framed(self, chunks: list[tuple[str, bytes]]) -> list[bytes]:
        if self.multiplexed:
            return [frame(stream, data) for stream, data in chunks]
        return [data for _, data in chunks]

    async def _receive(self, duplex: Duplex, over: asyncio.Event) -> None:
        """What the client types. Where its end is not the end of the process's input, it ends the output."""
        keys = DetachFilter(self.detach_keys)
        while data := await duplex.read():
            passed, detached = keys.feed(data)
            if passed and not await self._type(passed):
                return  # the process does not read any more; its output goes on
            if detached:
                await self._detach(duplex)
                over.set()
                return
        if self.close_stdin:
            self.streams.close_stdin()
        else:
            over.set()

    async def _type(self, data: bytes) -> bool:
        try:
            await self.streams.write_stdin(data)
        except OSError:
            return False
        return True

    async def _detach(self, duplex: Duplex) -> None:
        if self.attachment is not None:
            self.attachment.close()
        if self.on_detach is not None:
            await duplex.write(self.on_detach())


@dataclass(slots=True)
class RefusedHijack:
    """An attach that cannot be: dockerd has taken the connection over already, so it writes a bare head and the text."""

    error: DockerError

    async def send(self, exchange: Exchange) -> None:
        status = HTTPStatus(status_of(self.error))
        duplex = exchange.hijack()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {RAW_STREAM}\r\n\r\n"
        exchange.connection.write(f"{head}{self.error}\r\n".encode())
        await farewell(duplex, exchange.clock)
