"""RESP, Redis's protocol: replies written as version 2 or 3, commands and replies read."""

from collections.abc import Iterator
from typing import Any

CRLF = b"\r\n"
Value = Any
"""What RESP carries: bytes, int, float, bool, None, lists, dicts, sets, Status and Failure."""


class Status(str):
    """A simple string: +OK."""


class Failure(str):
    """An error: -ERR …"""


def encode(value: Value, protocol: int = 2) -> bytes:
    """One reply. What version 2 has no type for is sent as what it has."""
    if value is None:
        return b"_\r\n" if protocol == 3 else b"$-1\r\n"
    if isinstance(value, Status | Failure):
        mark = b"+" if isinstance(value, Status) else b"-"
        return mark + value.encode() + CRLF
    if isinstance(value, bool):
        return (b"#t\r\n" if value else b"#f\r\n") if protocol == 3 else b":%d\r\n" % value
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, float):
        text = f"{value:.17g}".encode()
        return b",%b\r\n" % text if protocol == 3 else bulk(text)
    if isinstance(value, bytes | str):
        return bulk(value if isinstance(value, bytes) else value.encode())
    return _aggregate(value, protocol)


def _aggregate(value: Value, protocol: int) -> bytes:
    if isinstance(value, dict):
        items = [item for pair in value.items() for item in pair]
        head = b"%%%d\r\n" % len(value) if protocol == 3 else b"*%d\r\n" % len(items)
    else:
        items = list(value)
        set_in_3 = protocol == 3 and isinstance(value, set | frozenset)
        head = (b"~%d\r\n" if set_in_3 else b"*%d\r\n") % len(items)
    return head + b"".join(encode(item, protocol) for item in items)


def bulk(data: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(data), data)


def command(words: list[bytes]) -> bytes:
    """A command as every client sends it."""
    return b"*%d\r\n" % len(words) + b"".join(bulk(word) for word in words)


class Reader:
    """Takes bytes as they come, gives whole values."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Value]:
        """The values that are complete now."""
        self._buffer += data
        while (found := self._value(0)) is not None:
            value, end = found
            del self._buffer[:end]
            yield value

    def _value(self, at: int) -> tuple[Value, int] | None:
        line_end = self._buffer.find(CRLF, at)
        if line_end < 0:
            return None
        mark, text = bytes(self._buffer[at : at + 1]), self._buffer[at + 1 : line_end].decode()
        at = line_end + 2
        if mark == b"$":
            return self._bulk(int(text), at)
        if mark in (b"*", b"~", b">", b"%"):
            return self._list(int(text) * (2 if mark == b"%" else 1), at)
        return _scalar(mark, text), at

    def _bulk(self, length: int, at: int) -> tuple[Value, int] | None:
        if length < 0:
            return None if length < -1 else (None, at)
        if len(self._buffer) < at + length + 2:
            return None
        return bytes(self._buffer[at : at + length]), at + length + 2

    def _list(self, count: int, at: int) -> tuple[Value, int] | None:
        if count < 0:
            return None if count < -1 else (None, at)
        items = []
        for _ in range(count):
            if (found := self._value(at)) is None:
                return None
            value, at = found
            items.append(value)
        return items, at


def _scalar(mark: bytes, text: str) -> Value:
    if mark == b":":
        return int(text)
    if mark == b"-":
        return Failure(text)
    if mark == b"_":
        return None
    return Status(text)
