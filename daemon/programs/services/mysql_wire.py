"""MySQL's protocol: packets, the greeting, replies to statements."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.programs.services import wire

CAPABILITIES = 0x00FFF7DF & ~0x0800 & ~0x0020  # no TLS, no compression
PLUGIN_AUTH = 0x00080000
CONNECT_WITH_DB = 0x00000008
LENENC_AUTH = 0x00200000
DEPRECATE_EOF = 0x01000000
AUTOCOMMIT = 2
PACKET_LIMIT = 1 << 24
VAR_STRING = 253
UTF8MB4 = 255


class Wire(wire.Wire):
    """Numbered packets on one connection."""

    def __init__(self, proc: Process, fd: int) -> None:
        super().__init__(proc, fd)
        self.sequence = 0

    async def packet(self) -> bytes:
        head = await self._take(4)
        self.sequence = (head[3] + 1) & 0xFF
        return await self._take(int.from_bytes(head[:3], "little"))

    async def send(self, *bodies: bytes) -> None:
        out = b""
        for body in bodies:
            out += len(body).to_bytes(3, "little") + bytes([self.sequence]) + body
            self.sequence = (self.sequence + 1) & 0xFF
        await self.proc.write(self.fd, out)


def length_encoded(value: int) -> bytes:
    if value < 251:
        return bytes([value])
    if value < 1 << 16:
        return b"\xfc" + value.to_bytes(2, "little")
    return b"\xfd" + value.to_bytes(3, "little")


def read_length(body: bytes, at: int) -> tuple[int | None, int]:
    """A length and where what follows begins; None is SQL's NULL."""
    first = body[at]
    if first == 251:
        return None, at + 1
    width = {252: 2, 253: 3, 254: 8}.get(first, 0)
    if not width:
        return first, at + 1
    return int.from_bytes(body[at + 1 : at + 1 + width], "little"), at + 1 + width


def text(value: str) -> bytes:
    data = value.encode()
    return length_encoded(len(data)) + data


def greeting(version: str, thread: int, salt: bytes, plugin: str) -> bytes:
    """The first packet of a server; `salt` has 20 bytes without a NUL."""
    capabilities = CAPABILITIES | PLUGIN_AUTH | LENENC_AUTH
    return (
        b"\x0a" + version.encode() + b"\0" + struct.pack("<I", thread) + salt[:8] + b"\0"
        + struct.pack("<HBHH", capabilities & 0xFFFF, UTF8MB4, AUTOCOMMIT, capabilities >> 16)
        + bytes([21]) + bytes(10) + salt[8:] + b"\0" + plugin.encode() + b"\0"
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Login:
    """The client's answer to the greeting."""

    user: str
    proof: bytes
    database: str
    plugin: str

    @classmethod
    def read(cls, body: bytes) -> "Login":
        (flags,) = struct.unpack("<I", body[:4])
        end = body.index(b"\0", 32)
        user, at = body[32:end].decode("utf-8", "replace"), end + 1
        size = body[at]
        proof, at = body[at + 1 : at + 1 + size], at + 1 + size
        database = plugin = ""
        if flags & CONNECT_WITH_DB and at < len(body):
            end = body.index(b"\0", at)
            database, at = body[at:end].decode("utf-8", "replace"), end + 1
        if flags & PLUGIN_AUTH and at < len(body):
            plugin = body[at:].partition(b"\0")[0].decode()
        return cls(user, proof, database, plugin)


def login(user: str, proof: bytes, plugin: str) -> bytes:
    """What a client sends: a user and the proof that it knows the password."""
    flags = 0x000FA285 | PLUGIN_AUTH
    flags &= ~CONNECT_WITH_DB
    head = struct.pack("<IIB", flags, PACKET_LIMIT, UTF8MB4) + bytes(23)
    return head + user.encode() + b"\0" + bytes([len(proof)]) + proof + plugin.encode() + b"\0"


def proof_of(password: str, salt: bytes, plugin: str) -> bytes:
    """That one knows the password, by either plugin; empty for an empty one."""
    if not password:
        return b""
    if plugin == "mysql_native_password":
        once = hashlib.sha1(password.encode()).digest()
        mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    else:
        once = hashlib.sha256(password.encode()).digest()
        twice = hashlib.sha256(once).digest()
        mask = hashlib.sha256(hashlib.sha256(twice).digest() + salt).digest()
    return bytes(a ^ b for a, b in zip(once, mask, strict=True))


OK = b"\x00\x00\x00" + struct.pack("<HH", AUTOCOMMIT, 0)
EOF = b"\xfe\x00\x00" + struct.pack("<H", AUTOCOMMIT)


def error(number: int, state: str, message: str) -> bytes:
    return b"\xff" + struct.pack("<H", number) + b"#" + state.encode() + message.encode()


def table(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> list[bytes]:
    """The packets of a text result."""
    out = [length_encoded(len(columns))]
    for name in columns:
        tail = struct.pack("<BHIBHBxx", 12, UTF8MB4, 1024, VAR_STRING, 0, 0)
        out.append(text("def") + text("") * 3 + text(name) * 2 + tail)
    out.append(EOF)
    for row in rows:
        out.append(b"".join(b"\xfb" if value is None else text(value) for value in row))
    return [*out, EOF]
