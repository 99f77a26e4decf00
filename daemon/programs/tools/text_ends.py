"""The beginnings and ends of files: head, tail (also following)."""

import errno
import os
import re
import stat
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.programs.tools.kit import (
    Failure,
    chunks,
    complain,
    either,
    is_gnu,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.lines import LineReader
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import parse_size

POLL_SECONDS = 0.25
"""How soon a follower notices; busybox and GNU poll once a second, or hear of it by inotify."""


def _old_style(proc: Process, flag: str) -> None:
    """`head -5` and `tail +3` are spelled out."""
    for index, word in enumerate(proc.argv[1:], start=1):
        if word == "--":
            return
        found = re.fullmatch(r"-(\d+)([cfqv]*)", word)
        if found:
            proc.argv[index : index + 1] = [
                f"-{flag}{found[1]}",
                *(f"-{c}" for c in found[2] if c != "c"),
            ]
        if not word.startswith("-") or word in ("-n", "-c"):
            return


@dataclass(frozen=True, slots=True)
class _Amount:
    """How much: `sign` "-" is counted from the other end, "+" from the start (tail)."""

    unit: str
    count: int
    sign: str = ""


def _amount(proc: Process, options: Options) -> _Amount:
    unit = options.last_of(("n", "c"), "n")
    text = options.value(unit, "10")
    sign = text[0] if text[:1] in ("-", "+") else ""
    count = parse_size(text[len(sign) :])
    if count is None:
        what = "bytes" if unit == "c" else "lines"
        gnu = f"invalid number of {what}: '{text}'"
        raise Failure(either(proc, gnu, f"invalid number '{text}'"))
    return _Amount(unit, count, sign)


class _Headers:
    """`==> name <==` between files."""

    def __init__(self, proc: Process, options: Options) -> None:
        verbose = options.last_of("qv") == "v"
        self.proc = proc
        self.shown = verbose or (len(options.args) > 1 and options.last_of("qv") != "q")
        self.first = True
        self.current = ""

    async def show(self, path: str) -> None:
        if not self.shown or self.current == path:
            return
        name = "standard input" if path == "-" else path
        await self.proc.out(f"{'' if self.first else chr(10)}==> {name} <==\n")
        self.first = False
        self.current = path


_LONG = "lines:=n bytes:=c quiet=q silent=q verbose=v zero-terminated=z"


async def head(proc: Process) -> int:
    _old_style(proc, "n")
    return await _head(proc)


@tool(
    "[-n N] [-c N] [-qv] [FILE]...",
    "n:c:qv",
    about="Print first 10 lines of FILEs",
    gnu="z",
    long=_LONG,
)
async def _head(proc: Process, options: Options) -> int:
    amount = _amount(proc, options)
    headers = _Headers(proc, options)
    separator = b"\0" if "z" in options else b"\n"
    code = 0
    for path in options.args or ["-"]:
        try:
            async with opened(proc, path) as fd:
                await headers.show(path)
                await _show_start(proc, fd, amount, separator)
        except BrokenPipeError:
            raise
        except OSError as error:
            code = 1
            headers.first = headers.first and is_gnu(proc)
            await complain(proc, _head_error(proc, path, error))
    return code


def _head_error(proc: Process, path: str, error: OSError) -> str:
    if not is_gnu(proc):
        return f"{path}: {'Input/output error' if error.errno == errno.EISDIR else reason(error)}"
    if error.errno == errno.EISDIR:
        return f"error reading '{path}': {reason(error)}"
    return f"cannot open '{path}' for reading: {reason(error)}"


async def _show_start(proc: Process, fd: int, amount: _Amount, separator: bytes) -> None:
    left = amount.count
    if amount.sign == "-":
        await _all_but_last(proc, fd, amount, separator)
    elif amount.unit == "c":
        while left and (data := await proc.read(fd, min(left, 65536))):
            await proc.write(1, data)
            left -= len(data)
    else:
        await _first_lines(proc, fd, left, separator)


async def _first_lines(proc: Process, fd: int, left: int, separator: bytes) -> None:
    while left and (data := await proc.read(fd, 8192)):
        end = 0
        while left:
            at = data.find(separator, end)
            if at < 0:
                end = len(data)
                break
            end = at + 1
            left -= 1
        await proc.write(1, data[:end])
        if not left and end < len(data):
            _give_back(proc, fd, len(data) - end)


def _give_back(proc: Process, fd: int, count: int) -> None:
    """What was read too far, so that the next reader of the same open file sees it."""
    try:
        proc.seek(fd, -count, os.SEEK_CUR)
    except OSError:
        return


async def _all_but_last(proc: Process, fd: int, amount: _Amount, separator: bytes) -> None:
    if amount.unit == "c":
        held = b""
        async for data in chunks(proc, fd):
            held += data
            await proc.write(1, held[: max(0, len(held) - amount.count)])
            held = held[max(0, len(held) - amount.count) :]
        return
    kept: deque[bytes] = deque()
    reader = LineReader(proc, fd, separator)
    while batch := await reader.batch():
        kept.extend(batch)
        ready = [kept.popleft() for _ in range(max(0, len(kept) - amount.count))]
        await proc.out(b"".join(ready))


async def tail(proc: Process) -> int:
    if proc.argv[1:2] and re.fullmatch(r"\+\d+", proc.argv[1]):
        proc.argv[1] = f"-n{proc.argv[1]}"
    _old_style(proc, "n")
    return await _tail(proc)


@tool(
    "[-n N] [-c N] [-qvfF] [-s SEC] [FILE]...",
    "n:c:qvfFs:",
    about="Print last 10 lines of FILEs",
    gnu="z",
    long=f"{_LONG} follow?=f sleep-interval:=s retry=retry pid:=pid",
)
async def _tail(proc: Process, options: Options) -> int:
    amount = _amount(proc, options)
    headers = _Headers(proc, options)
    separator = b"\0" if "z" in options else b"\n"
    by_name = "F" in options or options.value("f") == "name"
    follow = by_name or "f" in options
    followed: list[_Followed] = []
    code = 0
    for path in options.args or ["-"]:
        file = _Followed(proc, path, by_name)
        try:
            await file.open()
            await headers.show(path)
            await _show_end(proc, file.fd, amount, separator)
        except BrokenPipeError:
            raise
        except OSError as error:
            code = 1
            await complain(proc, _tail_error(proc, path, error))
        if by_name or file.fd >= 0:
            followed.append(file)
    if not followed:
        if not is_gnu(proc):
            await complain(proc, "no files")
        elif follow:
            await complain(proc, "no files remaining")
        return 1
    if follow:
        await _follow(proc, followed, headers)
    return code


def _tail_error(proc: Process, path: str, error: OSError) -> str:
    if not is_gnu(proc):
        return f"can't open '{path}': {reason(error)}"
    return _head_error(proc, path, error)


class _Followed:
    """A file that is followed, by descriptor or (after rotation) by name."""

    def __init__(self, proc: Process, path: str, by_name: bool) -> None:
        self.proc = proc
        self.path = path
        self.by_name = by_name
        self.fd = -1

    async def open(self) -> None:
        self.fd = 0 if self.path == "-" else await self.proc.open(self.path)

    async def news(self) -> bytes:
        """What came since the last look; a file that shrank is read from its beginning."""
        if self.by_name:
            await self._reopen_if_replaced()
        if self.fd < 0:
            return b""
        info = self.proc.fstat(self.fd)
        if stat.S_ISREG(info.mode):
            at = self.proc.seek(self.fd, 0, os.SEEK_CUR)
            if at > info.size:
                name = either(self.proc, f"{self.path}: file truncated", f"{self.path}: truncated")
                await complain(self.proc, name)
                self.proc.seek(self.fd, 0, os.SEEK_SET)
        return await self.proc.read(self.fd)

    async def _reopen_if_replaced(self) -> None:
        try:
            now = self.proc.stat(self.path)
        except OSError:
            return
        if self.fd >= 0:
            was = self.proc.fstat(self.fd)
            if (was.dev, was.ino) == (now.dev, now.ino):
                return
            self.proc.close(self.fd)
        self.fd = await self.proc.open(self.path)
        text = f"'{self.path}' has been replaced;  following new file"
        await complain(
            self.proc,
            either(self.proc, text, f"{self.path} has appeared; following end of new file"),
        )


async def _follow(proc: Process, files: list[_Followed], headers: _Headers) -> None:
    regular = [file for file in files if _worth_following(proc, file)]
    while regular:
        quiet = True
        for file in regular:
            data = await file.news()
            if data:
                quiet = False
                await headers.show(file.path)
                await proc.write(1, data)
        if quiet:
            await proc.sleep(POLL_SECONDS)


def _worth_following(proc: Process, file: _Followed) -> bool:
    if file.fd < 0:
        return file.by_name
    return file.path != "-" or stat.S_ISREG(proc.fstat(file.fd).mode)


async def _show_end(proc: Process, fd: int, amount: _Amount, separator: bytes) -> None:
    if amount.sign == "+":
        await _from_position(proc, fd, amount, separator)
    elif amount.unit == "c":
        kept = b""
        async for data in chunks(proc, fd):
            kept = (kept + data)[-amount.count :] if amount.count else b""
        await proc.out(kept)
    else:
        lines: deque[bytes] = deque(maxlen=amount.count)
        async for batch in _batches(proc, fd, amount, separator):
            lines.extend(batch)
        await proc.out(b"".join(lines))


TAIL_BLOCK = 1 << 16


async def _batches(
    proc: Process, fd: int, amount: _Amount, separator: bytes
) -> AsyncIterator[list[bytes]]:
    """All lines of a pipe; of a long regular file only those near its end."""
    info = proc.fstat(fd)
    if stat.S_ISREG(info.mode) and info.size > 4 * TAIL_BLOCK:
        start = info.size
        found = 0
        while start > 0 and found <= amount.count:
            start = max(0, start - TAIL_BLOCK)
            proc.seek(fd, start, os.SEEK_SET)
            found += (await proc.read(fd, TAIL_BLOCK)).count(separator)
        proc.seek(fd, start, os.SEEK_SET)
    reader = LineReader(proc, fd, separator)
    while batch := await reader.batch():
        yield batch


async def _from_position(proc: Process, fd: int, amount: _Amount, separator: bytes) -> None:
    skip = max(0, amount.count - 1)
    async for data in chunks(proc, fd):
        if not skip:
            await proc.write(1, data)
        elif amount.unit == "c":
            await proc.out(data[skip:])
            skip = max(0, skip - len(data))
        else:
            at = 0
            while skip and (found := data.find(separator, at)) >= 0:
                at = found + 1
                skip -= 1
            await proc.out(b"" if skip else data[at:])
