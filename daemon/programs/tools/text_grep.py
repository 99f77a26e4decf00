"""grep, egrep, fgrep: lines that match, with context, counts, names and colours."""

import os
import re
import stat
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from daemon.process.process import Process
from daemon.programs.common.regex import RegexError, translate
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    is_gnu,
    opened,
    read_all,
    reason,
    tool,
)
from daemon.programs.tools.lines import LineReader
from daemon.programs.tools.options import Options

_LONG = (
    "extended-regexp=E fixed-strings=F basic-regexp=G perl-regexp=P regexp:=e file:=f ignore-case=i "
    "no-ignore-case=no-i word-regexp=w line-regexp=x null-data=z no-messages=s invert-match=v max-count:=m "
    "byte-offset=b line-number=n line-buffered=u with-filename=H no-filename=h label:=label only-matching=o "
    "quiet=q silent=q binary-files:=binary text=a recursive=r dereference-recursive=R include:=include "
    "exclude:=exclude exclude-dir:=exclude-dir files-without-match=L files-with-matches=l count=c "
    "initial-tab=T null=Z before-context:=B after-context:=A context:=C color?=color colour?=color"
)
_COLOURS = {"match": "01;31", "name": "35", "number": "32", "separator": "36"}


async def grep(proc: Process) -> int:
    if os.path.basename(proc.argv[0]) == "rgrep":
        proc.argv.insert(1, "-r")
    for index, word in enumerate(proc.argv[1:], start=1):
        if re.fullmatch(r"-\d+", word):
            proc.argv[index] = f"-C{word[1:]}"
        elif word == "--" or not word.startswith("-"):
            break
    return await _grep(proc)


@tool(
    "[-HhnlLoqvsrRiwFEz] [-m N] [-A|B|C N] { PATTERN | -e PATTERN... | -f FILE... } [FILE]...",
    "HhnlLoqvsriwFEzRm:A:B:C:e:f:cxyI",
    about="Search for PATTERN in FILEs (or stdin)",
    gnu="abGPTUuZd:D:",
    long=_LONG,
    busybox_long="color?=color",
    trouble=(2, 2),
    package="GNU grep) 3.8",
)
async def _grep(proc: Process, options: Options) -> int:
    words = list(options.args)
    patterns = await _patterns(proc, options, words)
    try:
        search = _Search(proc, options, _compile(proc, options, patterns))
    except RegexError as error:
        raise Failure(_bad_pattern(proc, patterns, str(error)), 2) from error
    recursive = "r" in options or "R" in options
    paths = words or (["."] if recursive else ["-"])
    named = options.last_of("Hh")
    search.named = named == "H" or (not named and (len(paths) > 1 or recursive))
    async for path in _files(proc, options, paths, search):
        await search.file(path)
        if search.found and "q" in options:
            break
    quiet_success = search.found and "q" in options
    return 2 if search.failed and not quiet_success else 0 if search.found else 1


def _bad_pattern(proc: Process, patterns: list[bytes], why: str) -> str:
    if is_gnu(proc):
        return "Invalid regular expression" if why.startswith("Unmatched [") else why
    return f"bad regex '{os.fsdecode(patterns[0])}'"


async def _patterns(proc: Process, options: Options, words: list[str]) -> list[bytes]:
    texts = [os.fsencode(text) for text in options.values("e")]
    for path in options.values("f"):
        try:
            data = await read_all(proc, path)
        except OSError as error:
            raise Failure(f"{path}: {reason(error)}", 2) from error
        texts.extend(data.removesuffix(b"\n").split(b"\n") if data else [])
    if "e" not in options and "f" not in options:
        if not words:
            raise UsageError("Usage: grep [OPTION]... PATTERNS [FILE]..." if is_gnu(proc) else "")
        texts.append(os.fsencode(words.pop(0)))
    return [part for text in texts for part in text.split(b"\n")]


def _kind(proc: Process, options: Options) -> str:
    chosen = options.last_of("EFGP")
    applet = os.path.basename(proc.argv[0])
    return chosen or {"egrep": "E", "fgrep": "F"}.get(applet, "G")


def _compile(proc: Process, options: Options, patterns: list[bytes]) -> re.Pattern[bytes] | None:
    if not patterns:
        return None
    kind = _kind(proc, options)
    if kind == "F":
        parts = [re.escape(pattern) for pattern in sorted(patterns, key=len, reverse=True)]
    elif kind == "P":
        parts = patterns
    else:
        parts = [translate(pattern, extended=kind == "E") for pattern in patterns]
    body = b"|".join(b"(?:" + part + b")" for part in parts) if len(parts) > 1 else parts[0]
    if "x" in options:
        body = rb"\A(?:" + body + rb")\Z"
    elif "w" in options:
        body = rb"(?<![A-Za-z0-9_])(?:" + body + rb")(?![A-Za-z0-9_])"
    ignore = options.last_of(("i", "y", "no-i")) in ("i", "y")
    try:
        return re.compile(body, re.IGNORECASE if ignore else 0)
    except re.error as error:
        raise RegexError(f"Invalid regular expression: {error}") from error


async def _files(
    proc: Process, options: Options, paths: list[str], search: "_Search"
) -> AsyncIterator[str]:
    recursive = "r" in options or "R" in options
    for path in paths:
        if not recursive or path == "-":
            yield path
            continue
        async for found in _below(proc, options, path, search, operand=True):
            yield found


async def _below(
    proc: Process, options: Options, path: str, search: "_Search", *, operand: bool = False
) -> AsyncIterator[str]:
    try:
        info = proc.stat(path, follow=operand or "R" in options)
    except OSError as error:
        await search.fail(path, error)
        return
    base = os.path.basename(path)
    if not stat.S_ISDIR(info.mode):
        if _wanted(options, base) and (operand or stat.S_ISREG(info.mode)):
            yield path
        return
    if not operand and any(fnmatchcase(base, p) for p in options.values("exclude-dir")):
        return
    await proc.checkpoint()
    shown = "" if path == "." and not options.args[1:] and is_gnu(proc) and operand else path
    try:
        names = proc.listdir(path)
    except OSError as error:
        await search.fail(path, error)
        return
    for name in names:
        child = f"{shown.rstrip('/')}/{name}" if shown else name
        async for found in _below(proc, options, child, search):
            yield found


def _wanted(options: Options, base: str) -> bool:
    if any(fnmatchcase(base, pattern) for pattern in options.values("exclude")):
        return False
    included = options.values("include")
    return not included or any(fnmatchcase(base, pattern) for pattern in included)


@dataclass(slots=True)
class _Progress:
    """Where one file's search stands."""

    path: str
    number: int = 0
    offset: int = 0
    matches: int = 0
    after: int = 0
    last_shown: int = 0
    before: deque[tuple[int, int, bytes]] = field(default_factory=deque)
    out: list[bytes] = field(default_factory=list)


class _Search:
    def __init__(self, proc: Process, options: Options, pattern: re.Pattern[bytes] | None) -> None:
        self.proc = proc
        self.options = options
        self.pattern = pattern
        self.invert = "v" in options
        self.only = "o" in options
        self.limit = self._number("m", -1)
        self.before = self._number("B", self._number("C", 0))
        self.after = self._number("A", self._number("C", 0))
        self.listing = options.last_of("lL")
        self.counting = "c" in options
        self.silent = "q" in options
        self.numbered = "n" in options
        self.end = b"\0" if "z" in options else b"\n"
        self.named = False
        self.found = False
        self.failed = False
        self.group_shown = False
        self.colour = self._colour()

    def _number(self, key: str, default: int) -> int:
        text = self.options.value(key)
        if not text:
            return default
        if not text.isdigit():
            raise Failure(
                "invalid context length argument"
                if is_gnu(self.proc)
                else f"invalid number '{text}'",
                2,
            )
        return int(text)

    def _colour(self) -> bool:
        if "color" not in self.options:
            return False
        when = self.options.value("color") or "auto"
        return when == "always" or (when == "auto" and self.proc.isatty(1))

    async def fail(self, path: str, error: OSError) -> None:
        self.failed = True
        if "s" not in self.options:
            await complain(self.proc, f"{path}: {reason(error)}")

    async def file(self, path: str) -> None:
        """Search one file and print what is to be printed of it."""
        at = _Progress(self.options.value("label", "(standard input)") if path == "-" else path)
        try:
            if self._is_folder(path):
                if is_gnu(self.proc):
                    self.failed = True
                    await complain(self.proc, f"{path}: Is a directory")
                return
            async with opened(self.proc, path) as fd:
                await self._lines(fd, at)
        except BrokenPipeError:
            raise
        except OSError as error:
            await self.fail(path, error)
            return
        await self._summary(at)

    def _is_folder(self, path: str) -> bool:
        return path != "-" and stat.S_ISDIR(self.proc.stat(path).mode)

    async def _lines(self, fd: int, at: _Progress) -> None:
        reader = LineReader(self.proc, fd, self.end)
        binary: bool | None = None
        while batch := await reader.batch():
            if binary is None:
                binary = self._looks_binary(batch[0])
            for line in batch:
                if self._line(line, at, binary):
                    await self._flush(at)
                    return
            await self._flush(at)

    def _looks_binary(self, start: bytes) -> bool:
        asked = "a" in self.options or self.options.value("binary") == "text"
        return is_gnu(self.proc) and not asked and self.end == b"\n" and b"\0" in start

    async def _flush(self, at: _Progress) -> None:
        if at.out:
            data = b"".join(at.out)
            at.out.clear()
            await self.proc.out(data)

    def _line(self, line: bytes, at: _Progress, binary: bool) -> bool:
        """Take one line; whether the file is done with."""
        at.number += 1
        body = line.removesuffix(self.end)
        hit = self._hit(body) != self.invert
        if hit:
            at.matches += 1
            self.found = self.found or self.listing != "L" or is_gnu(self.proc)
            if self.silent or self.listing:
                return True
            if binary and not self.counting:
                at.out.append(f"grep: {at.path}: binary file matches\n".encode())
                return True
            if not self.counting:
                self._show_match(body, at)
        elif not self.counting and not self.listing:
            self._context(body, at)
        at.offset += len(line)
        return hit and at.matches == self.limit and (not at.after or not is_gnu(self.proc))

    def _hit(self, body: bytes) -> bool:
        return self.pattern is not None and self.pattern.search(body) is not None

    def _show_match(self, body: bytes, at: _Progress) -> None:
        context = self.before or self.after
        if context and not self.only:
            first = at.before[0][0] if at.before else at.number
            if (self.group_shown and at.last_shown + 1 < first) or (
                self.group_shown and not at.last_shown
            ):
                at.out.append(self._painted(b"--", "separator") + b"\n")
            while at.before:
                number, offset, text = at.before.popleft()
                self._emit(text, at, number, offset, "-")
            self.group_shown = True
        if self.only:
            self._emit_parts(body, at)
        else:
            self._emit(self._highlighted(body), at, at.number, at.offset, ":")
        at.after = self.after

    def _context(self, body: bytes, at: _Progress) -> None:
        if at.after > 0 and not self.only:
            at.after -= 1
            self._emit(body, at, at.number, at.offset, "-")
        elif self.before:
            at.before.append((at.number, at.offset, body))
            if len(at.before) > self.before:
                at.before.popleft()

    def _emit_parts(self, body: bytes, at: _Progress) -> None:
        if self.invert or self.pattern is None:
            return
        for found in self.pattern.finditer(body):
            if found[0]:
                self._emit(
                    self._painted(found[0], "match"), at, at.number, at.offset + found.start(), ":"
                )

    def _emit(self, text: bytes, at: _Progress, number: int, offset: int, mark: str) -> None:
        at.last_shown = number
        separator = self._painted(mark.encode(), "separator")
        head = b""
        if self.named:
            name = self._painted(os.fsencode(at.path), "name")
            head += name + (b"\0" if "Z" in self.options else separator)
        if self.numbered:
            head += self._painted(str(number).encode(), "number") + separator
        if "b" in self.options:
            head += self._painted(str(offset).encode(), "number") + separator
        if "T" in self.options and head:
            head += b"\t"
        at.out.append(head + text + self.end)

    def _highlighted(self, body: bytes) -> bytes:
        if not self.colour or self.pattern is None or self.invert:
            return body
        return self.pattern.sub(
            lambda found: self._painted(found[0], "match") if found[0] else b"", body
        )

    def _painted(self, text: bytes, what: str) -> bytes:
        if not self.colour:
            return text
        return b"\x1b[%bm\x1b[K%b\x1b[m\x1b[K" % (_COLOURS[what].encode(), text)

    async def _summary(self, at: _Progress) -> None:
        end = "\0" if "Z" in self.options else "\n"
        if self.silent:
            return
        if self.listing == "l" and at.matches:
            await self.proc.out(at.path + end)
        elif self.listing == "L" and not at.matches:
            self.found = self.found or is_gnu(self.proc) is False
            await self.proc.out(at.path + end)
        elif self.counting and not self.listing:
            name = f"{at.path}:" if self.named else ""
            await self.proc.out(f"{name}{at.matches}\n")
