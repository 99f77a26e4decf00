"""Tar and gzip whose bytes are the same on every machine: fixed order and times, stored blocks."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

BLOCK = 512
RECORD = 10240
_STORED_MAX = 0xFFFF


@dataclass(slots=True)
class Entry:
    """One member; `kind` is tar's type flag (0 file, 1 hard link, 2 symlink, 3 character device, 5 directory)."""

    path: str
    kind: str = "0"
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    data: bytes = b""
    target: str = ""
    device: tuple[int, int] = (0, 0)


def tar(entries: list[Entry], mtime: int) -> bytes:
    """A POSIX ustar archive of `entries` in the given order."""
    parts: list[bytes] = []
    for entry in entries:
        parts.append(_header(entry, mtime))
        if entry.data:
            parts.append(entry.data)
            parts.append(bytes(-len(entry.data) % BLOCK))
    parts.append(bytes(2 * BLOCK))
    data = b"".join(parts)
    return data + bytes(-len(data) % RECORD)


def _header(entry: Entry, mtime: int) -> bytes:
    name = entry.path.lstrip("/") + ("/" if entry.kind == "5" else "")
    prefix, short = _split(name.encode())
    target = entry.target.lstrip("/") if entry.kind == "1" else entry.target
    major, minor = entry.device
    fields = (
        short.ljust(100, b"\0"),
        b"%07o\0%07o\0%07o\0" % (entry.mode, entry.uid, entry.gid),
        b"%011o\0%011o\0" % (len(entry.data), mtime),
        b" " * 8,
        entry.kind.encode(),
        target.encode().ljust(100, b"\0"),
        b"ustar\x0000" + bytes(64),
        b"%07o\0%07o\0" % (major, minor),
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    header = bytearray().join(fields)
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def _split(name: bytes) -> tuple[bytes, bytes]:
    """ustar's prefix and name; raises ValueError for what does not fit."""
    if len(name) <= 100:
        return b"", name
    cut = name.find(b"/", len(name) - 101)
    if not 0 < cut <= 155:
        raise ValueError(f"too long for ustar: {name!r}")
    return name[:cut], name[cut + 1 :]


def stored_gzip(data: bytes) -> bytes:
    """A gzip file that compresses nothing: compressors differ between machines, stored blocks do not."""
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for start in range(0, max(1, len(data)), _STORED_MAX):
        chunk = data[start : start + _STORED_MAX]
        last = start + _STORED_MAX >= len(data)
        parts.append(struct.pack("<BHH", last, len(chunk), len(chunk) ^ 0xFFFF))
        parts.append(chunk)
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)
