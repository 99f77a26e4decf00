"""Writing tar archives byte for byte as Go's archive/tar does for dockerd: ustar where it fits, else PAX."""

import os
import posixpath
import stat as modes

from daemon.fs.nodes import Stat
from daemon.fs.tarread import BLOCK, FILE_TYPES, FOLDER, HARD_LINK, REGULAR, SECOND, XATTR, Entry

NAME_SIZE = 100
PREFIX_SIZE = 155
END = bytes(2 * BLOCK)
OCTAL_7 = 1 << 21
OCTAL_11 = 1 << 33
MAGIC = b"ustar\x0000"

KINDS = {bits: kind for kind, bits in FILE_TYPES.items() if kind != HARD_LINK}
"""Type bits to tar's; sockets have none, dockerd leaves them out."""

CAPABILITY = "security.capability"
"""The only extended attribute that dockerd packs."""


class Members:
    """Makes the entries of one archive: whatever has several names is packed once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], str] = {}

    def entry(
        self, name: str, stat: Stat, target: str = "", xattrs: dict[str, bytes] | None = None
    ) -> Entry | None:
        """The entry for a file; None for a socket. Only a REGULAR one is followed by data."""
        kind = KINDS.get(modes.S_IFMT(stat.mode))
        if kind is None:
            return None
        if kind != FOLDER and stat.nlink > 1:
            first = self._seen.setdefault((stat.dev, stat.ino), name)
            if first is not name:
                kind, target = HARD_LINK, first
        kept = {CAPABILITY: xattrs[CAPABILITY]} if xattrs and CAPABILITY in xattrs else {}
        return Entry(
            name + "/" if kind == FOLDER and not name.endswith("/") else name,
            kind,
            stat.mode & 0o7777,
            stat.uid,
            stat.gid,
            stat.size if kind == REGULAR else 0,
            stat.mtime_ns,
            target,
            os.major(stat.rdev),
            os.minor(stat.rdev),
            0,
            kept,
        )


def header(entry: Entry) -> bytes:
    """All blocks that stand before the data of `entry`; its time is cut to whole seconds, as dockerd does."""
    name, target = os.fsencode(entry.name), os.fsencode(entry.target)
    seconds = entry.mtime // SECOND
    records = _pax_records(entry, name, target, seconds)
    prefix = b""
    if not records and len(name) > NAME_SIZE:
        prefix, name = _split(name)
    main = _block(
        _ascii(name),
        entry.kind,
        (entry.mode, entry.uid, entry.gid, entry.size, seconds),
        _ascii(target),
        _octal(entry.major, 8) + _octal(entry.minor, 8),
        prefix,
    )
    return _extension(name, records) + main if records else main


def padding(size: int) -> bytes:
    """What follows `size` bytes of data up to the next block."""
    return bytes(-size % BLOCK)


def _pax_records(entry: Entry, name: bytes, target: bytes, seconds: int) -> dict[str, bytes]:
    """What ustar cannot hold; empty if it can hold everything."""
    records = {XATTR + key: value for key, value in entry.xattrs.items()}
    needed = bool(records)
    for key, value, splittable in (("path", name, True), ("linkpath", target, False)):
        if len(value) > NAME_SIZE or not value.isascii():
            records[key] = value
            needed |= not (splittable and _split(value)[1])
    for key, number, limit in (
        ("uid", entry.uid, OCTAL_7),
        ("gid", entry.gid, OCTAL_7),
        ("size", entry.size, OCTAL_11),
        ("mtime", seconds, OCTAL_11),
    ):
        if not 0 <= number < limit:
            records[key] = b"%d" % number
            needed = True
    return records if needed else {}


def _split(name: bytes) -> tuple[bytes, bytes]:
    """ustar's prefix and name, both empty when it cannot be split."""
    if not name.isascii():
        return b"", b""
    length = len(name)
    if length > PREFIX_SIZE + 1:
        length = PREFIX_SIZE + 1
    elif name.endswith(b"/"):
        length -= 1
    cut = name.rfind(b"/", 0, length)
    rest = len(name) - cut - 1
    if cut <= 0 or not 0 < rest <= NAME_SIZE:
        return b"", b""
    return name[:cut], name[cut + 1 :]


def _extension(name: bytes, records: dict[str, bytes]) -> bytes:
    """The PAX header that precedes the main one."""
    data = b"".join(_record(key, records[key]) for key in sorted(records))
    folder, _, file = os.fsdecode(name).rpartition("/")
    at_root = "/" if name.startswith(b"/") and not folder else ""
    path = posixpath.normpath(at_root + posixpath.join(folder, "PaxHeaders.0", file))
    short = _ascii(os.fsencode(path))[:NAME_SIZE].rstrip(b"/")
    block = _block(short, "x", (0, 0, 0, len(data), 0), b"", bytes(16), b"")
    return block + data + padding(len(data))


def _record(key: str, value: bytes) -> bytes:
    """`length key=value`, where the length counts its own digits."""
    rest = b" " + key.encode() + b"=" + value + b"\n"
    length = len(rest)
    while (total := len(rest) + len(b"%d" % length)) != length:
        length = total
    return b"%d" % length + rest


def _block(
    name: bytes,
    kind: str,
    numbers: tuple[int, int, int, int, int],
    target: bytes,
    devices: bytes,
    prefix: bytes,
) -> bytes:
    mode, uid, gid, size, seconds = numbers
    head = name[:NAME_SIZE].ljust(NAME_SIZE, b"\0")
    head += (
        _octal(mode, 8) + _octal(uid, 8) + _octal(gid, 8) + _octal(size, 12) + _octal(seconds, 12)
    )
    tail = kind.encode() + target[:NAME_SIZE].ljust(NAME_SIZE, b"\0") + MAGIC + bytes(64) + devices
    tail += prefix.ljust(BLOCK - 345, b"\0")
    checksum = sum(head) + 8 * 32 + sum(tail)
    return head + b"%06o\0 " % checksum + tail


def _octal(number: int, width: int) -> bytes:
    """Zero-padded; what does not fit stands in the PAX header, and 0 here."""
    if not 0 <= number < 1 << 3 * (width - 1):
        number = 0
    return b"%0*o\0" % (width - 1, number)


def _ascii(name: bytes) -> bytes:
    return bytes(byte for byte in name if 0 < byte < 0x80) if not name.isascii() else name
