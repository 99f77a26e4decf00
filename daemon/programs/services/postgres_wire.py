"""PostgreSQL's protocol, version 3: messages read and written."""

import struct
from dataclasses import dataclass, field

from daemon.programs.services import wire
from daemon.programs.services.wire import Gone

PROTOCOL_3 = 196608
CANCEL, SSL, GSS = 80877102, 80877103, 80877104
MESSAGE_LIMIT = 1 << 24
TEXT, INT4, BOOL = 25, 23, 16


class Wire(wire.Wire):
    """Whole messages on one connection."""

    async def startup(self) -> tuple[int, dict[str, str]]:
        """The first message: a code, and for PROTOCOL_3 the parameters."""
        (length,) = struct.unpack(">i", await self._take(4))
        if not 8 <= length <= 10000:
            raise Gone
        body = await self._take(length - 4)
        (code,) = struct.unpack(">i", body[:4])
        words = body[4:].rstrip(b"\0").decode("utf-8", "replace").split("\0")
        return code, dict(zip(words[::2], words[1::2], strict=False))

    async def message(self) -> tuple[bytes, bytes]:
        """Kind and body."""
        kind, length = struct.unpack(">ci", await self._take(5))
        if not 4 <= length <= MESSAGE_LIMIT:
            raise Gone
        return kind, await self._take(length - 4)

    async def send(self, *messages: bytes) -> None:
        await self.proc.write(self.fd, b"".join(messages))


def packed(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack(">i", len(body) + 4) + body


def cstring(text: str) -> bytes:
    return text.encode() + b"\0"


def authentication(code: int) -> bytes:
    """0 is OK, 3 asks for a password in clear text."""
    return packed(b"R", struct.pack(">i", code))


def parameter(name: str, value: str) -> bytes:
    return packed(b"S", cstring(name) + cstring(value))


READY = packed(b"Z", b"I")


def error(state: str, text: str, severity: str = "ERROR", hint: str = "") -> bytes:
    fields = {"S": severity, "V": severity, "C": state, "M": text} | ({"H": hint} if hint else {})
    body = b"".join(key.encode() + cstring(value) for key, value in fields.items())
    return packed(b"E", body + b"\0")


def error_fields(body: bytes) -> dict[str, str]:
    """What an ErrorResponse or NoticeResponse says."""
    parts = body.rstrip(b"\0").split(b"\0")
    return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in parts if part}


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a statement: columns with their types, rows as text, and the command's tag."""

    tag: str
    columns: tuple[tuple[str, int], ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)

    def description(self) -> bytes:
        if not self.columns:
            return packed(b"n")
        body = struct.pack(">h", len(self.columns))
        for name, kind in self.columns:
            size = {INT4: 4, BOOL: 1}.get(kind, -1)
            body += cstring(name) + struct.pack(">ihihih", 0, 0, kind, size, -1, 0)
        return packed(b"T", body)

    def data(self) -> bytes:
        out = b""
        for row in self.rows:
            cells = (
                b"\xff\xff\xff\xff"
                if v is None
                else struct.pack(">i", len(v.encode())) + v.encode()
                for v in row
            )
            out += packed(b"D", struct.pack(">h", len(row)) + b"".join(cells))
        return out + packed(b"C", cstring(self.tag))


def columns_of(body: bytes) -> list[str]:
    """The names in a RowDescription."""
    (count,) = struct.unpack(">h", body[:2])
    names, at = [], 2
    for _ in range(count):
        end = body.index(b"\0", at)
        names.append(body[at:end].decode())
        at = end + 19
    return names


def cells_of(body: bytes) -> list[str | None]:
    """The values in a DataRow."""
    (count,) = struct.unpack(">h", body[:2])
    cells: list[str | None] = []
    at = 2
    for _ in range(count):
        (length,) = struct.unpack(">i", body[at : at + 4])
        at += 4
        cells.append(None if length < 0 else body[at : at + length].decode("utf-8", "replace"))
        at += max(0, length)
    return cells
