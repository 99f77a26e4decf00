"""Reading tar archives as Go's archive/tar does: ustar, PAX, GNU; sizes bounded, errors in its words."""

import os
import posixpath
import stat as modes
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NoReturn

from daemon.errors import System
from daemon.fs.content import Content

BLOCK = 512
ZERO = bytes(BLOCK)
CUT = "unexpected EOF"
EXTENSION_MAX = 1 << 20
"""How long a PAX record block or a GNU long name may be, as in Go."""
SECOND = 1_000_000_000
PATH_MAX = 4096
ID_LIMIT = 1 << 32
SIZE_LIMIT = 1 << 63
YEAR_1, YEAR_9999 = -62_135_596_800, 253_402_300_799
XATTR = "SCHILY.xattr."

REGULAR, HARD_LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, FOLDER, FIFO = "0123456"
GLOBAL, EXTENDED, LONG_NAME, LONG_LINK, GNU_SPARSE = "gxLKS"
FILE_TYPES = {
    REGULAR: modes.S_IFREG,
    HARD_LINK: modes.S_IFREG,
    SYMLINK: modes.S_IFLNK,
    CHARACTER: modes.S_IFCHR,
    BLOCK_DEVICE: modes.S_IFBLK,
    FOLDER: modes.S_IFDIR,
    FIFO: modes.S_IFIFO,
}


class ArchiveError(System):
    """A tar that cannot be read or must not be extracted; the text is Docker's."""


@dataclass(slots=True)
class Entry:
    """One member; its data is `size` bytes at `offset` of the archive, unless `sparse` maps it."""

    name: str
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    target: str
    major: int
    minor: int
    offset: int
    xattrs: dict[str, bytes] = field(default_factory=dict)
    sparse: list[tuple[int, int]] | None = None

    @property
    def file_mode(self) -> int:
        """Mode with type bits."""
        return FILE_TYPES[self.kind] | self.mode & 0o7777

    def pieces(self) -> list[tuple[int, int]]:
        """Offset and length in the file of the data that stands in the archive, one after the other."""
        if self.sparse is None:
            return [(0, self.size)] if self.size else []
        end = 0
        for offset, length in self.sparse:
            if offset < end or length < 0:
                _bad_header()
            end = offset + length
        if end > self.size:
            _bad_header()
        return self.sparse


def entry_path(entry: Entry, root: str = "") -> str:
    """Where the entry goes below `root`, relative and clean ("." is the root itself); it must not lead out."""
    path = posixpath.normpath(entry.name.lstrip("/") or ".")
    if path == ".." or path.startswith("../"):
        raise ArchiveError(f'invalid entry name "{entry.name}"')
    if len(path) > PATH_MAX // 4:
        _check_length(path, root)
    if not (0 <= entry.uid < ID_LIMIT and 0 <= entry.gid < ID_LIMIT):
        raise ArchiveError(f"lchown {path}: invalid argument")
    return path


def _check_length(path: str, root: str) -> None:
    """The folders on the way are made by their whole names, the last step is made from where it stands."""
    folder = root
    for name in path.split("/")[:-1]:
        folder += "/" + name
        if len(os.fsencode(folder)) >= PATH_MAX:
            raise ArchiveError(f"lstat {folder}: file name too long")


def link_path(entry: Entry) -> str:
    """What a hard link names, relative and clean; never the root itself."""
    path = posixpath.normpath(entry.target.lstrip("/") or ".")
    if path in (".", "..") or path.startswith("../"):
        raise ArchiveError(f'invalid hardlink target "{entry.target}"')
    return path


def device_number(major: int, minor: int) -> int:
    """As makedev(3), for any value a tar may hold."""
    major, minor = major & 0xFFFFFFFF, minor & 0xFFFFFFFF
    return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFF) << 12 | (major & ~0xFFF) << 32


def read_entries(archive: Content) -> Generator[Entry, None, int]:
    """The members in order; what PAX and GNU headers say is applied, global ones are skipped. Returns where they end."""
    position = 0
    pax: dict[str, str] = {}
    long_name = long_link = ""
    while (header := _header(archive, position)) is not None:
        entry = _parse(header, position + BLOCK)
        position = entry.offset + -(-entry.size // BLOCK) * BLOCK
        if entry.kind in (EXTENDED, GLOBAL):
            records = _pax_records(_extension(archive, entry))
            pax = records if entry.kind == EXTENDED else pax
        elif entry.kind == LONG_NAME:
            long_name = _until_nul(_extension(archive, entry))
        elif entry.kind == LONG_LINK:
            long_link = _until_nul(_extension(archive, entry))
        else:
            entry.name = long_name or entry.name
            entry.target = long_link or entry.target
            if pax:
                _apply(pax, entry)
                position = entry.offset + -(-entry.size // BLOCK) * BLOCK
            if entry.kind == GNU_SPARSE or "GNU.sparse.major" in pax or "GNU.sparse.map" in pax:
                position = _read_sparse_map(archive, header, entry, pax)
            if entry.sparse is None and entry.offset + entry.size > archive.size:
                raise ArchiveError(CUT)
            pax, long_name, long_link = {}, "", ""
            yield entry
    return position


def has_end(archive: Content) -> bool:
    """Whether there are zeros behind the last member, and not nothing."""
    entries = read_entries(archive)
    while True:
        try:
            next(entries)
        except StopIteration as end:
            return archive.pread(BLOCK, end.value) == ZERO


def _header(archive: Content, position: int) -> bytes | None:
    """The block at `position`, or None at the end: two zero blocks, or nothing more."""
    block = archive.pread(BLOCK, position)
    if not block:
        return None
    if len(block) < BLOCK:
        raise ArchiveError(CUT)
    if block == ZERO:
        following = archive.pread(BLOCK, position + BLOCK)
        if following and following != ZERO:
            _bad_header()
        return None
    return block


def _parse(block: bytes, offset: int) -> Entry:
    total = sum(block) - sum(block[148:156]) + 8 * 32
    if _number(block[148:156]) != total:
        _bad_header()
    name, kind = _until_nul(block[:100]), chr(block[156])
    major = minor = 0
    magic = block[257:263]
    if magic in (b"ustar\0", b"ustar "):
        if kind in (CHARACTER, BLOCK_DEVICE):
            major, minor = _number(block[329:337]), _number(block[337:345])
        if magic == b"ustar\0" and block[345]:
            name = _until_nul(block[345:500]) + "/" + name
    if kind == "\0":
        kind = FOLDER if name.endswith("/") else REGULAR
    size = _number(block[124:136])
    if not 0 <= size < SIZE_LIMIT:
        _bad_header()
    if kind in (HARD_LINK, SYMLINK, CHARACTER, BLOCK_DEVICE, FOLDER, FIFO):
        size = 0
    return Entry(
        name,
        kind,
        _number(block[100:108]),
        _number(block[108:116]),
        _number(block[116:124]),
        size,
        _time(_number(block[136:148])),
        _until_nul(block[157:257]) if kind in (HARD_LINK, SYMLINK) else "",
        major,
        minor,
        offset,
    )


def _number(digits: bytes) -> int:
    """Octal, or binary when the top bit is set (GNU)."""
    if digits[0] & 0x80:
        value = int.from_bytes(digits, "big") & ~(0x80 << 8 * (len(digits) - 1))
        if digits[0] & 0x40:
            value -= 1 << (8 * len(digits) - 1)
        return value
    text = digits.strip(b" \0").split(b"\0", 1)[0]
    try:
        return int(text, 8) if text else 0
    except ValueError:
        _bad_header()


def _until_nul(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def _extension(archive: Content, entry: Entry) -> bytes:
    if entry.size > EXTENSION_MAX:
        raise ArchiveError("archive/tar: header field too long")
    data = archive.pread(entry.size, entry.offset)
    if len(data) < entry.size:
        raise ArchiveError(CUT)
    return data


def _pax_records(data: bytes) -> dict[str, str]:
    """Lines of `length key=value`."""
    records = {}
    while data:
        length, space, _ = data.partition(b" ")
        if not space or not length.isdigit() or len(length) > 20:
            _bad_header()
        line, data = data[len(length) + 1 : int(length)], data[int(length) :]
        key, equals, value = line[:-1].partition(b"=")
        if line[-1:] != b"\n" or not equals or not key:
            _bad_header()
        records[_until_nul(key)] = value.decode("utf-8", "surrogateescape")
    return records


def _apply(pax: dict[str, str], entry: Entry) -> None:
    entry.name = pax.get("GNU.sparse.name") or pax.get("path") or entry.name
    entry.target = pax.get("linkpath") or entry.target
    try:
        entry.uid, entry.gid = int(pax.get("uid", entry.uid)), int(pax.get("gid", entry.gid))
        if entry.kind in (REGULAR, GNU_SPARSE):
            entry.size = int(pax.get("size", entry.size))
        if "mtime" in pax:
            entry.mtime = _pax_time(pax["mtime"])
    except ValueError:
        _bad_header()
    if not 0 <= entry.size < SIZE_LIMIT or "\0" in entry.name + entry.target:
        _bad_header()
    for key, value in pax.items():
        if key.startswith(XATTR):
            entry.xattrs[key[len(XATTR) :]] = value.encode("utf-8", "surrogateescape")


def _pax_time(text: str) -> int:
    """Decimal seconds, exactly, in nanoseconds."""
    seconds, _, fraction = text.partition(".")
    nanoseconds = int((fraction + "000000000")[:9]) if fraction else 0
    return _time(int(seconds)) + (-nanoseconds if seconds.startswith("-") else nanoseconds)


def _time(seconds: int) -> int:
    """In nanoseconds; what no calendar has is cut to the years 1 and 9999."""
    return min(max(seconds, YEAR_1), YEAR_9999) * SECOND


def _read_sparse_map(archive: Content, header: bytes, entry: Entry, pax: dict[str, str]) -> int:
    """Fill in `sparse` (offset and length of each piece) and the real size; returns what follows."""
    end = entry.offset + -(-entry.size // BLOCK) * BLOCK
    numbers: list[int] = []
    try:
        if entry.kind == GNU_SPARSE:
            numbers = _old_gnu_map(archive, header, entry)
            stored, real = entry.size, _number(header[483:495])
            end = entry.offset + -(-stored // BLOCK) * BLOCK
        elif "GNU.sparse.map" in pax:
            numbers = [int(part) for part in pax["GNU.sparse.map"].split(",") if part]
            real = int(pax["GNU.sparse.size"])
        else:
            numbers = _pax_1_map(archive, entry)
            real = int(pax["GNU.sparse.realsize"])
    except (ValueError, KeyError):
        _bad_header()
    entry.kind = REGULAR
    entry.sparse = list(zip(numbers[::2], numbers[1::2], strict=False))
    entry.size = real
    if not 0 <= real < SIZE_LIMIT:
        _bad_header()
    return end


def _old_gnu_map(archive: Content, header: bytes, entry: Entry) -> list[int]:
    numbers: list[int] = []
    block, table, slots, more = header, 386, 4, 482
    while True:
        for index in range(slots):
            piece = block[table + 24 * index : table + 24 * index + 24]
            if piece[0]:
                numbers += [_number(piece[:12]), _number(piece[12:])]
        if not block[more]:
            return numbers
        block, table, slots, more = archive.pread(BLOCK, entry.offset), 0, 21, 504
        if len(block) < BLOCK:
            raise ArchiveError(CUT)
        entry.offset += BLOCK


def _pax_1_map(archive: Content, entry: Entry) -> list[int]:
    """The map stands in decimal lines before the data, padded to whole blocks."""
    text = b""
    wanted: int | None = None
    while wanted is None or text.count(b"\n") < wanted:
        block = archive.pread(BLOCK, entry.offset)
        if len(block) < BLOCK or len(text) > EXTENSION_MAX:
            _bad_header()
        text += block
        entry.offset += BLOCK
        if wanted is None and b"\n" in text:
            wanted = 1 + 2 * int(text.split(b"\n", 1)[0])
    return [int(line) for line in text.split(b"\n")[1:wanted]]


def _bad_header() -> NoReturn:
    raise ArchiveError("archive/tar: invalid tar header")
