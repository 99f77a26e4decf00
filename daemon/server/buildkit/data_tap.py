"""The DATA frames of chosen HTTP/2 streams, taken before h2 sees them: with it a frame takes longer than a file does.

What is taken is given back to the sender's windows here. h2 never counts it, so its own view of the windows holds.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct

Take = Callable[[bytes], None]

FRAME = Struct(">HBBBI")
"""A frame's head: its length in 24 bits, type, flags, stream."""
DATA, WINDOW_UPDATE = 0, 8
END_STREAM, PADDED = 1, 8
STREAM_BITS = 0x7FFF_FFFF
GIVE_BACK = 1 << 19
"""How many bytes may be taken before the sender hears of it; its windows are several times as large."""
MESSAGE_HEAD = 5
MESSAGE_MAX = 16 << 20


class DataTap:
    """Between a connection and its protocol. `takers` get the data of their streams, at once and in order."""

    def __init__(self, pass_on: Take, write: Take) -> None:
        self.takers: dict[int, Take] = {}
        self._pass_on = pass_on
        self._write = write
        self._rest = b""
        self._owed: dict[int, int] = {}

    def feed(self, data: bytes) -> None:
        """Bytes of the connection, cut anywhere."""
        if self._rest:
            data = self._rest + data
        at = passed = 0
        size, takers = len(data), self.takers
        while size - at >= FRAME.size:
            high, low, kind, flags, number = FRAME.unpack_from(data, at)
            end = at + FRAME.size + (high << 8 | low)
            if end > size:
                break
            if kind == DATA and (take := takers.get(number & STREAM_BITS)):
                if passed < at:
                    self._pass_on(data[passed:at])
                self._take(take, number & STREAM_BITS, flags, data[at + FRAME.size : end])
                passed = end
            at = end
        if passed < at:
            self._pass_on(data[passed:at] if passed or at < size else data)
        self._rest = data[at:]

    def _take(self, take: Take, number: int, flags: int, payload: bytes) -> None:
        self._owe(number, len(payload))
        if flags & PADDED and payload:
            payload = payload[1 : len(payload) - payload[0]]
        take(payload)
        if flags & END_STREAM:
            self._pass_on(FRAME.pack(0, 0, DATA, END_STREAM, number))

    def _owe(self, number: int, size: int) -> None:
        for window in (0, number):
            owed = self._owed[window] = self._owed.get(window, 0) + size
            if owed >= GIVE_BACK:
                del self._owed[window]
                self._write(FRAME.pack(0, 4, WINDOW_UPDATE, 0, window) + owed.to_bytes(4, "big"))

    def forget(self, number: int) -> None:
        """Nobody takes the stream's data any more."""
        self.takers.pop(number, None)
        self._owed.pop(number, None)


class Messages:
    """gRPC's messages, cut out of the data of a stream."""

    def __init__(self, each: Take) -> None:
        self._each = each
        self._rest = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> None:
        """ValueError for what is no plain message."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data = bytes(self._rest)
            self._rest.clear()
        at, size = 0, len(data)
        self._needed = MESSAGE_HEAD
        while size - at >= MESSAGE_HEAD:
            length = int.from_bytes(data[at + 1 : at + MESSAGE_HEAD], "big")
            if data[at] or length > MESSAGE_MAX:
                raise ValueError("a message is compressed or too large")
            end = at + MESSAGE_HEAD + length
            if end > size:
                self._needed = end - at
                break
            self._each(data[at + MESSAGE_HEAD : end])
            at = end
        self._rest += data[at:]


def packed(messages: list[bytes]) -> bytes:
    """Several messages as one piece of a stream's data."""
    return b"".join(b"\0" + len(message).to_bytes(4, "big") + message for message in messages)
