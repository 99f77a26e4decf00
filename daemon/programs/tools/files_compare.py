"""Files compared: cmp and diff (normal, unified, context, brief, recursive)."""

import difflib
import os
import stat
from collections.abc import Iterator

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.tools import dates
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    either,
    is_gnu,
    opened,
    read_all,
    reason,
    tool,
)
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import parse_size


@tool(
    "[-ls] [-n NUM] FILE1 [FILE2 [SKIP1 [SKIP2]]]",
    "lsn:b",
    about="Compare FILE1 with FILE2 (or stdin)",
    gnu="i:v",
    long="verbose=l quiet=s silent=s bytes:=n ignore-initial:=i print-bytes=b",
    trouble=(2, 2),
    package="GNU diffutils) 3.8",
)
async def cmp(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError("missing operand after 'cmp'" if is_gnu(proc) else "")
    one, two = [*options.args, "-"][:2]
    limit = parse_size(options.value("n")) if "n" in options else None
    for path in (one, two):
        if path != "-" and not _exists(proc, path):
            raise Failure(f"{path}: No such file or directory", 2)
    async with opened(proc, one) as left, opened(proc, two) as right:
        return await _compare_bytes(proc, options, (one, two), (left, right), limit)


def _exists(proc: Process, path: str) -> bool:
    try:
        proc.stat(path)
    except OSError:
        return False
    return True


async def _compare_bytes(
    proc: Process,
    options: Options,
    paths: tuple[str, str],
    fds: tuple[int, int],
    limit: int | None,
) -> int:
    at, line, differs = 0, 1, False
    held = [b"", b""]
    ended = [False, False]
    while True:
        for side in (0, 1):
            if not held[side] and not ended[side]:
                held[side] = await proc.read(fds[side])
                ended[side] = not held[side]
        size = min(len(held[0]), len(held[1]))
        if limit is not None:
            size = min(size, limit - at)
        if held[0][:size] != held[1][:size]:
            differs = True
            if await _show_differences(proc, options, paths, held, size, at, line):
                return 1
        line += held[0].count(b"\n", 0, size)
        at += size
        if limit is not None and at >= limit:
            return int(differs)
        held = [held[0][size:], held[1][size:]]
        if ended[0] or ended[1]:
            return await _at_end(proc, options, paths, held, at, line) or int(differs)


async def _show_differences(
    proc: Process,
    options: Options,
    paths: tuple[str, str],
    held: list[bytes],
    size: int,
    at: int,
    line: int,
) -> bool:
    """Say where two blocks differ; True when that is all that was asked for."""
    for index in range(size):
        a, b = held[0][index], held[1][index]
        if a == b:
            continue
        if "s" in options:
            return True
        if "l" not in options:
            lines = line + held[0].count(b"\n", 0, index)
            what = "byte" if "b" in options else "char"
            await proc.out(f"{paths[0]} {paths[1]} differ: {what} {at + index + 1}, line {lines}\n")
            return True
        await proc.out(f"{at + index + 1} {a:3o} {b:3o}\n")
    return False


async def _at_end(
    proc: Process,
    options: Options,
    paths: tuple[str, str],
    held: list[bytes],
    at: int,
    line: int,
) -> int:
    if not held[0] and not held[1]:
        return 0
    shorter = paths[0] if not held[0] else paths[1]
    if "s" in options:
        return 1
    where = f" after byte {at}" if "l" in options else f" after byte {at}, line {line}"
    if is_gnu(proc) and not at:
        where = " which is empty"
    await proc.err(f"cmp: EOF on {shorter}{where if is_gnu(proc) else ''}\n")
    return 1


_LONG = (
    "brief=q report-identical-files=s unified?=U context?=C recursive=r new-file=N ignore-case=i "
    "ignore-space-change=b ignore-all-space=w ignore-blank-lines=B text=a minimal=d label:=L side-by-side=y "
    "width:=W color?=color strip-trailing-cr=Z exclude:=x normal=normal expand-tabs=t starting-file:=S"
)


@tool(
    "[-abBdiNqrTstw] [-L LABEL] [-S FILE] [-U LINES] FILE1 FILE2",
    "abBdiNqrTstwL:S:U:u",
    about="Compare files line by line and output the differences between them",
    gnu="cC:yW:x:nepF:I:EZ",
    long=_LONG,
    trouble=(2, 2),
    package="GNU diffutils) 3.8",
)
async def diff(proc: Process, options: Options) -> int:
    if len(options.args) != 2:
        if not is_gnu(proc):
            raise UsageError()
        last = options.args[-1] if options.args else "diff"
        raise UsageError(
            f"missing operand after '{last}'"
            if len(options.args) < 2
            else f"extra operand '{options.args[2]}'"
        )
    differ = _Diff(proc, options)
    return await differ.pair(*options.args)


class _Diff:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        # busybox has the unified form only.
        self.unified = "u" in options or "U" in options or not is_gnu(proc)
        self.context = 3
        for key in ("U", "C"):
            if options.value(key):
                self.context = options.number(key)
        self.copied = "c" in options or "C" in options

    async def pair(self, one: str, two: str, *, below: bool = False) -> int:
        try:
            left, right = self._stat(one), self._stat(two)
        except OSError as error:
            gnu = f"{error.filename}: {reason(error)}"
            busybox = f"can't stat '{error.filename}': {reason(error)}"
            await complain(self.proc, either(self.proc, gnu, busybox))
            return 2
        if _is_folder(left) and _is_folder(right):
            return await self._folders(one, two, below)
        if _is_folder(left):
            return await self.pair(f"{one.rstrip('/')}/{os.path.basename(two)}", two)
        if _is_folder(right):
            return await self.pair(one, f"{two.rstrip('/')}/{os.path.basename(one)}")
        return await self._files(one, two, left, right, below)

    def _stat(self, path: str) -> Stat | None:
        if path == "-":
            return None
        try:
            return self.proc.stat(path)
        except FileNotFoundError as error:
            if "N" in self.options:
                return None
            raise FileNotFoundError(error.errno, "No such file or directory", path) from error

    async def _content(self, path: str, info: Stat | None) -> bytes:
        if path != "-" and info is None:
            return b""
        return await read_all(self.proc, path)

    async def _files(
        self, one: str, two: str, left: Stat | None, right: Stat | None, below: bool
    ) -> int:
        a, b = await self._content(one, left), await self._content(two, right)
        options = self.options
        first, second = a.splitlines(keepends=True), b.splitlines(keepends=True)
        keys = [self._key(line) for line in first], [self._key(line) for line in second]
        if a == b or keys[0] == keys[1]:
            if "s" in options:
                await self.proc.out(f"Files {one} and {two} are identical\n")
            return 0
        if "q" in options:
            await self.proc.out(f"Files {one} and {two} differ\n")
            return 1
        if b"\0" in a[:4096] + b[:4096] and "a" not in options:
            await self.proc.out(f"Binary files {one} and {two} differ\n")
            return 1
        if below and is_gnu(self.proc):
            words = " ".join(w for w in self.proc.argv[1:] if w.startswith("-"))
            await self.proc.out(f"diff {words} {one} {two}\n")
        groups = _changes(keys[0], keys[1])
        if self.unified:
            await self.proc.out(
                self._header(one, left, "---", 0) + self._header(two, right, "+++", 1)
            )
            for chunk in unified_hunks(first, second, groups, self.context):
                await self.proc.out(chunk)
        elif self.copied:
            await self.proc.out(
                self._header(one, left, "***", 0) + self._header(two, right, "---", 1)
            )
            await self.proc.out(_context_text(first, second, self.context))
        else:
            for chunk in normal_hunks(first, second, groups):
                await self.proc.out(chunk)
        return 1

    def _key(self, line: bytes) -> bytes:
        options = self.options
        if "w" in options:
            line = b"".join(line.split())
        elif "b" in options:
            line = (
                b" ".join(line.split())
                if line[:1] not in (b" ", b"\t")
                else b" " + b" ".join(line.split())
            )
        return line.lower() if "i" in options else line

    def _header(self, path: str, info: Stat | None, mark: str, side: int) -> str:
        labels = self.options.values("L")
        if side < len(labels):
            return f"{mark} {labels[side]}\n"
        if not is_gnu(self.proc):
            return f"{mark} {path}\n"
        ns = info.mtime_ns if info else 0
        when = dates.strftime("%Y-%m-%d %H:%M:%S.%N %z", dates.from_ns(ns), ns % dates.NS)
        return f"{mark} {path}\t{when}\n"

    async def _folders(self, one: str, two: str, below: bool) -> int:
        if below and "r" not in self.options:
            await self.proc.out(f"Common subdirectories: {one} and {two}\n")
            return 0
        left, right = set(self.proc.listdir(one)), set(self.proc.listdir(two))
        code = 0
        for name in sorted(left | right):
            a, b = f"{one.rstrip('/')}/{name}", f"{two.rstrip('/')}/{name}"
            if (name in left and name in right) or "N" in self.options:
                code = max(code, await self.pair(a, b, below=True))
            else:
                await self.proc.out(f"Only in {one if name in left else two}: {name}\n")
                code = max(code, 1)
        return code


def _is_folder(info: Stat | None) -> bool:
    return info is not None and stat.S_ISDIR(info.mode)


Change = tuple[int, int, int, int]


def _changes(first: list[bytes], second: list[bytes]) -> list[Change]:
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    return [(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _line(mark: bytes, line: bytes) -> bytes:
    if line.endswith(b"\n"):
        return mark + line
    return mark + line + b"\n\\ No newline at end of file\n"


def _span(start: int, end: int) -> str:
    return f"{start + 1},{end}" if end - start > 1 else f"{end if end > start else start}"


def normal_hunks(first: list[bytes], second: list[bytes], changes: list[Change]) -> Iterator[bytes]:
    """`2c2`, `< old`, `---`, `> new`."""
    for a, b, c, d in changes:
        letter = "a" if a == b else "d" if c == d else "c"
        yield f"{_span(a, b)}{letter}{_span(c, d)}\n".encode()
        yield b"".join(_line(b"< ", line) for line in first[a:b])
        if letter == "c":
            yield b"---\n"
        yield b"".join(_line(b"> ", line) for line in second[c:d])


def _joined(changes: list[Change], context: int) -> list[list[Change]]:
    groups: list[list[Change]] = []
    for change in changes:
        if groups and change[0] - groups[-1][-1][1] <= 2 * context:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def unified_hunks(
    first: list[bytes], second: list[bytes], changes: list[Change], context: int
) -> Iterator[bytes]:
    """`@@ -1,3 +1,4 @@` and its lines."""
    for group in _joined(changes, context):
        start, end = max(0, group[0][0] - context), min(len(first), group[-1][1] + context)
        other = max(0, group[0][2] - (group[0][0] - start))
        other_end = group[-1][3] + (end - group[-1][1])
        yield f"@@ -{_range(start, end)} +{_range(other, other_end)} @@\n".encode()
        at = start
        for a, b, c, d in group:
            yield b"".join(_line(b" ", line) for line in first[at:a])
            yield b"".join(_line(b"-", line) for line in first[a:b])
            yield b"".join(_line(b"+", line) for line in second[c:d])
            at = b
        yield b"".join(_line(b" ", line) for line in first[at:end])


def _range(start: int, end: int) -> str:
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"


def _context_text(first: list[bytes], second: list[bytes], context: int) -> bytes:
    made = difflib.context_diff(
        [line.decode("latin-1") for line in first],
        [line.decode("latin-1") for line in second],
        n=context,
    )
    return "".join(list(made)[2:]).encode("latin-1")
