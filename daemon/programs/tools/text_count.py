"""Counting and checking: wc, checksums, cksum, sum, crc32."""

import functools
import hashlib
import os
import re
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields

from daemon.process.process import Process
from daemon.programs.tools.kit import (
    chunks,
    complain,
    either,
    is_gnu,
    name_of,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.options import Options


@dataclass(slots=True)
class _Counts:
    lines: int = 0
    words: int = 0
    chars: int = 0
    size: int = 0
    longest: int = 0

    def add(self, other: "_Counts") -> None:
        for field in fields(self):
            name = field.name
            mine, theirs = getattr(self, name), getattr(other, name)
            setattr(self, name, max(mine, theirs) if name == "longest" else mine + theirs)


@tool(
    "[-cmlwL] [FILE]...",
    "cmlwL",
    about="Count lines, words, and bytes for FILEs (or stdin)",
    long="bytes=c chars=m lines=l words=w max-line-length=L files0-from:=files0-from",
)
async def wc(proc: Process, options: Options) -> int:
    shown = [
        name
        for name, key in zip(("lines", "words", "chars", "size", "longest"), "lwmcL", strict=True)
        if key in options
    ] or ["lines", "words", "size"]
    rows: list[tuple[_Counts, str]] = []
    total = _Counts()
    code = 0
    for path in options.args or ["-"]:
        counts = _Counts()
        try:
            async with opened(proc, path) as fd:
                await _count(proc, fd, counts)
        except OSError as error:
            code = 1
            await complain(proc, f"{path}: {reason(error)}")
            if not isinstance(error, IsADirectoryError):
                continue
        total.add(counts)
        rows.append((counts, path if options.args else ""))
    if len(options.args) > 1:
        rows.append((total, "total"))
    width = _gnu_width(proc, options, rows, shown) if is_gnu(proc) else 0
    plain = len(options.args) < 2
    for counts, name in rows:
        await proc.out(_wc_line(counts, name, shown, width, plain))
    return code


_INVISIBLE = re.compile(rb"[^\t -~]+")
_PRINTABLE = re.compile(rb"[!-~]")
"""In the C locale a word has a printable ASCII character in it."""


async def _count(proc: Process, fd: int, counts: _Counts) -> None:
    in_word = False
    column = 0
    async for data in chunks(proc, fd):
        counts.size += len(data)
        counts.chars += len(data)
        counts.lines += data.count(b"\n")
        words = data.split()
        if not data.isascii():
            words = [word for word in words if _PRINTABLE.search(word)]
        counts.words += len(words) - (1 if in_word and words and not data[:1].isspace() else 0)
        in_word = not data[-1:].isspace()
        pieces = data.split(b"\n")
        for index, piece in enumerate(pieces):
            shown = piece if piece.isascii() else _INVISIBLE.sub(b"", piece)
            column = (column if index == 0 else 0) + len(shown.expandtabs(8))
            counts.longest = max(counts.longest, column)


def _gnu_width(
    proc: Process, options: Options, rows: list[tuple[_Counts, str]], shown: list[str]
) -> int:
    if len(shown) == 1 and len(options.args) <= 1:
        return 1
    if not options.args or "-" in options.args:
        return 7
    return max((len(str(counts.size)) for counts, _ in rows), default=1)


def _wc_line(counts: _Counts, name: str, shown: list[str], width: int, plain: bool) -> str:
    numbers = [getattr(counts, field) for field in shown]
    if width:
        text = " ".join(f"{number:{width}d}" for number in numbers)
    elif len(numbers) == 1 and plain:
        text = str(numbers[0])
    else:
        text = " ".join(f"{number:9d}" for number in numbers)
    return f"{text} {name}\n" if name else f"{text}\n"


_ALGORITHMS = {
    "md5sum": "md5",
    "sha1sum": "sha1",
    "sha224sum": "sha224",
    "sha256sum": "sha256",
    "sha384sum": "sha384",
    "sha512sum": "sha512",
    "sha3sum": "sha3_224",
    "b2sum": "blake2b",
}


@tool(
    "[-c[sw]] [FILE]...",
    "bctsw",
    about="Print or check checksums",
    gnu="z",
    long="binary=b check=c text=t status=s warn=w quiet=quiet ignore-missing=ignore-missing strict=strict "
    "zero=z tag=tag",
)
async def checksum(proc: Process, options: Options) -> int:
    algorithm = _ALGORITHMS.get(os.path.basename(proc.argv[0]), "md5")
    if "c" in options:
        code = 0
        for path in options.args or ["-"]:
            code |= await _check_list(proc, algorithm, path, options)
        return code
    code = 0
    for path in options.args or ["-"]:
        try:
            digest = await _digest(proc, algorithm, path)
        except OSError as error:
            code = 1
            quote = either(proc, path, f"can't open '{path}'")
            if isinstance(error, IsADirectoryError):
                quote = either(proc, path, f"can't read '{path}'")
            await complain(proc, f"{quote}: {reason(error)}")
            continue
        mark = "*" if "b" in options and is_gnu(proc) else " "
        line = f"{digest} {mark}{path}"
        if "tag" in options:
            line = f"{algorithm.upper()} ({path}) = {digest}"
        await proc.out(line + ("\0" if "z" in options else "\n"))
    return code


async def _digest(proc: Process, algorithm: str, path: str) -> str:
    made = hashlib.new(algorithm, usedforsecurity=False)
    async with opened(proc, path) as fd:
        async for data in chunks(proc, fd):
            made.update(data)
    return made.hexdigest()


_LISTED = re.compile(rb"\\?([0-9a-fA-F]+) [ *](.*)")


async def _check_list(proc: Process, algorithm: str, path: str, options: Options) -> int:
    async with opened(proc, path) as fd:
        lines = b"".join([data async for data in chunks(proc, fd)]).splitlines()
    bad = missing = seen = malformed = 0
    for line in lines:
        found = _LISTED.fullmatch(line)
        if not found:
            malformed += 1
            continue
        seen += 1
        name = os.fsdecode(found[2])
        try:
            same = await _digest(proc, algorithm, name) == found[1].decode().lower()
        except OSError as error:
            if "ignore-missing" not in options:
                missing += 1
                await _unreadable(proc, name, error)
            continue
        bad += not same
        if "s" not in options and (not same or "quiet" not in options):
            await proc.out(f"{name}: {'OK' if same else 'FAILED'}\n")
    return await _verdict(proc, path, bad, missing, seen, malformed, options)


async def _unreadable(proc: Process, name: str, error: OSError) -> None:
    quote = either(proc, name, f"can't open '{name}'")
    await complain(proc, f"{quote}: {reason(error)}")
    await proc.out(f"{name}: FAILED{' open or read' if is_gnu(proc) else ''}\n")


async def _verdict(
    proc: Process,
    path: str,
    bad: int,
    missing: int,
    seen: int,
    malformed: int,
    options: Options,
) -> int:
    if not is_gnu(proc):
        failed = bad + missing
        if failed and "s" not in options:
            await complain(proc, f"WARNING: {failed} of {seen} computed checksums did NOT match")
        return 1 if failed or not seen else 0
    if not seen:
        algorithm = name_of(proc).removesuffix("sum").upper()
        await complain(proc, f"{path}: no properly formatted {algorithm} checksum lines found")
        return 1
    for count, one, many in (
        (malformed, "line is improperly formatted", "lines are improperly formatted"),
        (missing, "listed file could not be read", "listed files could not be read"),
        (bad, "computed checksum did NOT match", "computed checksums did NOT match"),
    ):
        if count and "s" not in options:
            await complain(proc, f"WARNING: {count} {one if count == 1 else many}")
    return 1 if bad or missing else 0


def _crc_table() -> list[int]:
    table = []
    for index in range(256):
        crc = index << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        table.append(crc & 0xFFFFFFFF)
    return table


_posix_table = functools.cache(_crc_table)


def posix_crc(crc: int, data: bytes) -> int:
    """One step of the CRC that cksum(1) prints."""
    table = _posix_table()
    for byte in data:
        crc = ((crc << 8) & 0xFFFFFFFF) ^ table[(crc >> 24) ^ byte]
    return crc


def _finished(crc: int, size: int) -> int:
    while size:
        crc = posix_crc(crc, bytes([size & 0xFF]))
        size >>= 8
    return crc ^ 0xFFFFFFFF


async def _summed(
    proc: Process, options: Options, line: Callable[[int, str], Awaitable[str]]
) -> int:
    code = 0
    for path in options.args or ["-"]:
        try:
            async with opened(proc, path) as fd:
                text = await line(fd, path if options.args else "")
            await proc.out(text)
        except OSError as error:
            code = 1
            await complain(proc, f"{path}: {reason(error)}")
    return code


@tool(
    "[FILE]...",
    "",
    about="Calculate CRC32 checksum of FILEs",
    gnu="a:",
    long="algorithm:=a untagged",
)
async def cksum(proc: Process, options: Options) -> int:
    async def line(fd: int, path: str) -> str:
        crc = size = 0
        async for data in chunks(proc, fd, 8192):
            crc = posix_crc(crc, data)
            size += len(data)
        return f"{_finished(crc, size)} {size}{' ' + path if path else ''}\n"

    return await _summed(proc, options, line)


@tool("[FILE]...", "", about="Calculate CRC32 checksum of FILEs")
async def crc32(proc: Process, options: Options) -> int:
    async def line(fd: int, path: str) -> str:
        crc = 0
        async for data in chunks(proc, fd):
            crc = zlib.crc32(data, crc)
        return f"{crc:08x}{' ' + path if path else ''}\n"

    return await _summed(proc, options, line)


@tool("[-rs] [FILE]...", "rs", about="Checksum and count the blocks", long="sysv=s")
async def sum_(proc: Process, options: Options) -> int:
    async def line(fd: int, path: str) -> str:
        total = size = 0
        async for data in chunks(proc, fd, 8192):
            size += len(data)
            for byte in data:
                total = ((total >> 1) + ((total & 1) << 15) + byte) & 0xFFFF
        name = f" {path}" if path and (is_gnu(proc) or len(options.args) > 1) else ""
        return f"{total:05d} {-(-size // 1024):5d}{name}\n"

    return await _summed(proc, options, line)
