"""attach over a WebSocket: the same bytes, in frames."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.server.hijack import READ_AHEAD, Duplex, RawTransport
from daemon.server.replies import Exchange, farewell

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0, 1, 2, 8, 9, 10
_FINAL, _MASKED = 0x80, 0x80
_NORMAL_CLOSURE = b"\x03\xe8"
_REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\nnot websocket protocol"


def frame(opcode: int, data: bytes) -> bytes:
    """One whole message, unmasked as a server's are."""
    size = len(data)
    if size < 126:
        head = bytes([_FINAL | opcode, size])
    elif size < 1 << 16:
        head = bytes([_FINAL | opcode, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([_FINAL | opcode, 127]) + size.to_bytes(8, "big")
    return head + data


def unmasked(mask: bytes, data: bytes) -> bytes:
    """A client's payload in clear."""
    repeated = mask * (len(data) // 4 + 1)
    key = int.from_bytes(repeated[: len(data)], "big")
    return (int.from_bytes(data, "big") ^ key).to_bytes(len(data), "big")


class WebSocketDuplex(Duplex):
    """Reads what the frames hold and writes each piece as a message."""

    def __init__(self, transport: RawTransport, opcode: int) -> None:
        super().__init__(transport)
        self._opcode = opcode
        self._raw = bytearray()
        self._clear = bytearray()
        self._end = False

    async def read(self, size: int = READ_AHEAD) -> bytes:
        while not self._clear and not self._end:
            kind, payload = await self._frame()
            if kind in (_CONTINUATION, _TEXT, _BINARY):
                self._clear += payload
            elif kind == _PING:
                await super().write(frame(_PONG, payload))
            elif kind == _CLOSE:
                self._end = True
        data = bytes(self._clear[:size])
        del self._clear[:size]
        return data

    async def _frame(self) -> tuple[int, bytes]:
        """The next frame; a connection that ends counts as closed."""
        try:
            first, second = await self._exactly(2)
            size = second & ~_MASKED
            if size >= 126:
                size = int.from_bytes(await self._exactly(2 if size == 126 else 8), "big")
            mask = await self._exactly(4) if second & _MASKED else b"\0\0\0\0"
            return first & 0x0F, unmasked(mask, await self._exactly(size))
        except EOFError:
            return _CLOSE, b""

    async def _exactly(self, size: int) -> bytes:
        while len(self._raw) < size:
            more = await super().read()
            if not more:
                raise EOFError
            self._raw += more
        data = bytes(self._raw[:size])
        del self._raw[:size]
        return data

    async def write(self, data: bytes) -> None:
        if data:
            await super().write(frame(self._opcode, data))

    def write_eof(self) -> None:
        """Say goodbye before the connection is half-closed."""
        if not self._write_ended and not self.closed:
            self._transport.write(frame(_CLOSE, _NORMAL_CLOSURE))
        super().write_eof()


@dataclass(slots=True)
class WebSocket:
    """The reply that turns the connection into a WebSocket."""

    callback: Callable[[Duplex], Awaitable[None]]
    binary: bool

    async def send(self, exchange: Exchange) -> None:
        key = exchange.request.headers.get("Sec-WebSocket-Key", "")
        if exchange.request.upgrade.lower() != "websocket" or not key:
            exchange.started = True
            exchange.reusable = False
            exchange.connection.write(_REFUSAL)
            return
        opcode = _BINARY if self.binary else _TEXT
        duplex = exchange.hijack(lambda raw: WebSocketDuplex(raw, opcode))
        exchange.connection.write(_handshake(key))
        await self.callback(duplex)
        await farewell(duplex, exchange.clock)


def _handshake(key: str) -> bytes:
    digest = hashlib.sha1(key.encode("utf-8", "surrogateescape") + _GUID, usedforsecurity=False)
    accept = base64.b64encode(digest.digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ).encode()
