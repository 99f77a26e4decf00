"""The data types of SSH (RFC 4251): numbers and strings behind their length."""

import struct


class Malformed(Exception):
    """There is less than was promised."""


def string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class Reader:
    """Takes one value after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def rest(self) -> bytes:
        return self._data[self._at :]

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        if len(taken) < size:
            raise Malformed
        self._at += size
        return taken

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        return self.string().decode("utf-8", "replace")
