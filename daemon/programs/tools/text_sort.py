"""Order: sort with keys, uniq, comm, shuf."""

import functools
import heapq
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daemon.process.process import Process
from daemon.programs.tools.files_list import version_key
from daemon.programs.tools.kit import (
    Failure,
    chunks,
    complain,
    either,
    is_gnu,
    missing_operand,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.lines import Inputs, LineReader
from daemon.programs.tools.options import Options


@dataclass(frozen=True, slots=True)
class SortKey:
    """A -k definition: from field.char to field.char, and the ordering letters that it has of its own."""

    start: tuple[int, int]
    end: tuple[int, int]
    flags: str


def parse_key(text: str) -> SortKey | None:
    """Read `F[.C][OPTS][,F[.C][OPTS]]`; None if it is none."""
    found = re.fullmatch(r"(\d+)(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)(?:\.(\d+))?([a-zA-Z]*))?", text)
    if not found or found[1] == "0":
        return None
    start = (int(found[1]), int(found[2] or 1))
    end = (int(found[4] or 0), int(found[5] or 0))
    return SortKey(start, end, found[3] + (found[6] or ""))


def key_bytes(line: bytes, key: SortKey, separator: bytes, skip_blanks: bool) -> bytes:
    """What `key` compares of a line."""
    fields = _fields(line, separator)
    field, char = key.start
    if field > len(fields):
        return b""
    start = fields[field - 1][0]
    if skip_blanks or "b" in key.flags:
        while start < len(line) and line[start : start + 1] in b" \t":
            start += 1
    start += char - 1
    end = len(line)
    if key.end[0]:
        index = min(key.end[0], len(fields)) - 1
        begin, stop = fields[index]
        if key.end[0] > len(fields):
            end = len(line)
        elif key.end[1]:
            if "b" in key.flags:
                while begin < stop and line[begin : begin + 1] in b" \t":
                    begin += 1
            end = min(begin + key.end[1], stop)
        else:
            end = stop
    return line[start:end]


def _fields(line: bytes, separator: bytes) -> list[tuple[int, int]]:
    """Where each field begins and ends; without a separator, leading blanks belong to the field."""
    if separator:
        spans = []
        at = 0
        for piece in line.split(separator):
            spans.append((at, at + len(piece)))
            at += len(piece) + 1
        return spans
    return [found.span() for found in re.finditer(rb"[ \t]*[^ \t]+|[ \t]+$", line)] or [
        (0, len(line))
    ]


_NUMBER = re.compile(rb"\s*(-?)(\d*)(\.\d*)?")
_MONTHS = b"JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()


def _numeric(text: bytes) -> float | int:
    found = _NUMBER.match(text)
    if not found or not (found[2] or (found[3] and len(found[3]) > 1)):
        return 0
    body = found[1] + (found[2] or b"0")
    return float(body + found[3]) if found[3] and len(found[3]) > 1 else int(body)


def _general(text: bytes) -> tuple[int, float]:
    found = re.match(
        rb"\s*[-+]?(\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|inf|nan)", text, re.I
    )
    return (1, float(found[0])) if found else (0, 0.0)


def _human(text: bytes) -> tuple[int, int, float]:
    found = re.match(rb"\s*(-?)(\d*\.?\d*)([KkMGTPEZY]?)", text)
    if not found or not found[2].strip(b"."):
        return (0, 0, 0.0)
    sign = -1 if found[1] else 1
    power = b"KMGTPEZY".find(found[3].upper()) + 1 if found[3] else 0
    return (sign, sign * power, sign * float(found[2]))


def _month(text: bytes) -> int:
    name = text.strip()[:3].upper()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _version(text: bytes) -> list[tuple[int, int, str]]:
    return version_key(text.decode("latin-1"))


_ORDERS: dict[str, Callable[[bytes], object]] = {
    "n": _numeric,
    "g": _general,
    "h": _human,
    "M": _month,
    "V": _version,
}


def _transformed(text: bytes, flags: str) -> object:
    for letter in flags:
        if letter in _ORDERS:
            return _ORDERS[letter](text)
    if "d" in flags:
        text = re.sub(rb"[^A-Za-z0-9 \t]", b"", text)
    elif "i" in flags:
        text = re.sub(rb"[^ -~]", b"", text)
    return text.upper() if "f" in flags else text


class Ordering:
    """How lines are compared, as the options say."""

    def __init__(self, options: Options, keys: list[SortKey]) -> None:
        self.flags = "".join(key for key in "bdfghiMnrV" if key in options)
        self.keys = keys
        self.separator = os.fsencode(options.value("t"))
        if self.separator == b"\\0":
            self.separator = b"\0"
        self.stable = "s" in options
        self.unique = "u" in options
        self.last_resort = not (self.stable or self.unique)

    def key(self, line: bytes) -> tuple[Any, ...]:
        """What lines are compared by, without the last resort."""
        if not self.keys:
            text = line.lstrip(b" \t") if "b" in self.flags else line
            return (_directed(_transformed(text, self.flags), "r" in self.flags),)
        out = []
        for key in self.keys:
            flags = key.flags or self.flags
            text = key_bytes(line, key, self.separator, "b" in flags)
            out.append(_directed(_transformed(text, flags), "r" in flags))
        return tuple(out)

    def full_key(self, line: bytes) -> tuple[Any, ...]:
        """The key, and where that is equal the whole line, unless -s or -u was given."""
        if not self.last_resort or (not self.keys and not self.flags.strip("r")):
            return self.key(line)
        return (*self.key(line), _directed(line, "r" in self.flags))

    async def sort(self, proc: Process, lines: list[bytes]) -> list[bytes]:
        """Sorted, and without duplicates if -u was given; others have their turn while a long list is sorted."""
        runs: list[list[tuple[tuple[Any, ...], bytes]]] = []
        for start in range(0, len(lines), RUN):
            run = [(self.full_key(line), line) for line in lines[start : start + RUN]]
            run.sort(key=_first)
            runs.append(run)
            await proc.checkpoint()
        merged = heapq.merge(*runs, key=_first) if len(runs) > 1 else iter(runs[0] if runs else [])
        out: list[bytes] = []
        last: object = None
        for index, (key, line) in enumerate(merged):
            if not self.unique or not out or key != last:
                out.append(line)
            last = key
            if index % RUN == 0:
                await proc.checkpoint()
        return out

    def compare(self, left: bytes, right: bytes) -> int:
        a, b = self.full_key(left), self.full_key(right)
        return (b < a) - (a < b)


RUN = 1000
"""Lines that are sorted at a time, and then merged."""


def _first(row: tuple[tuple[Any, ...], bytes]) -> tuple[Any, ...]:
    return row[0]


@functools.total_ordering
class _Backwards:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:  # noqa: ANN401
        self.value = value

    def __lt__(self, other: "_Backwards") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(self.value)


def _directed(value: Any, backwards: bool) -> Any:  # noqa: ANN401
    if not backwards:
        return value
    return -value if isinstance(value, int | float) else _Backwards(value)


_SORT_LONG = (
    "ignore-leading-blanks=b dictionary-order=d ignore-case=f general-numeric-sort=g ignore-nonprinting=i "
    "month-sort=M human-numeric-sort=h numeric-sort=n reverse=r version-sort=V check?=c key:=k merge=m "
    "output:=o stable=s field-separator:=t unique=u zero-terminated=z parallel:=parallel buffer-size:=S "
    "temporary-directory:=T random-sort=R sort:=sort"
)


@tool(
    "[-nrughMcszbdfiokt] [-o FILE] [-k START[.OFS][OPTS][,END[.OFS][OPTS]] [-t CHAR] [FILE]...",
    "nrughMcszbdfimVo:k:t:S:T:",
    about="Sort lines of text",
    gnu="CR",
    long=_SORT_LONG,
    trouble=(2, 1),
)
async def sort(proc: Process, options: Options) -> int:
    keys = [_key(proc, text) for text in options.values("k")]
    ordering = Ordering(options, keys)
    if len(ordering.separator) > 1:
        raise Failure(
            either(proc, f"multi-character tab '{options.value('t')}'", "bad -t parameter"), 2
        )
    end = b"\0" if "z" in options else b"\n"
    inputs = Inputs(
        proc,
        options.args,
        separator=end,
        gnu="cannot read: {path}: {reason}",
    )
    lines: list[bytes] = []
    async for batch in inputs.batches():
        if inputs.failed:
            return 2
        proc.charge(sum(map(len, batch)))
        lines.extend(line.removesuffix(end) for line in batch)
    if inputs.failed:
        return 2
    if "c" in options or "C" in options:
        return await _check(proc, options, ordering, lines)
    await _write_sorted(
        proc, options, b"".join(line + end for line in await ordering.sort(proc, lines))
    )
    return 0


def _key(proc: Process, text: str) -> SortKey:
    key = parse_key(text)
    if key is None:
        what = (
            "field number is zero"
            if re.match(r"0", text)
            else f"invalid number at field start: invalid count at start of '{text}'"
        )
        raise Failure(either(proc, what, "bad field specification" if text else "bad field"), 2)
    return key


async def _check(proc: Process, options: Options, ordering: Ordering, lines: list[bytes]) -> int:
    for index in range(1, len(lines)):
        order = ordering.compare(lines[index - 1], lines[index])
        if order > 0 or (order == 0 and ordering.unique):
            if "C" not in options:
                path = options.args[0] if options.args else "-"
                text = os.fsdecode(lines[index])
                if is_gnu(proc):
                    await complain(proc, f"{path}:{index + 1}: disorder: {text}")
                else:
                    await proc.err(f"Check line {index}\n")
            return 1
    return 0


async def _write_sorted(proc: Process, options: Options, data: bytes) -> None:
    path = options.value("o")
    if not path:
        await proc.out(data)
        return
    async with opened(proc, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as fd:
        await proc.write(fd, data)


class _Sameness:
    """What uniq compares: fields and characters skipped, a width, case or not."""

    def __init__(self, options: Options) -> None:
        self.fields = options.number("f", 0)
        self.chars = options.number("s", 0)
        self.width = options.number("w", 0)
        self.fold = "i" in options

    def of(self, line: bytes) -> bytes:
        for _ in range(self.fields):
            line = re.sub(rb"^[ \t]*[^ \t]*", b"", line)
        line = line[self.chars :]
        if self.width:
            line = line[: self.width]
        return line.lower() if self.fold else line


@tool(
    "[-cduiz] [-f,s,w N] [FILE [OUTFILE]]",
    "cdDuizf:s:w:",
    about="Discard duplicate lines",
    long="count=c repeated=d all-repeated?=D skip-fields:=f ignore-case=i skip-chars:=s unique=u "
    "zero-terminated=z check-chars:=w",
)
async def uniq(proc: Process, options: Options) -> int:
    paths = options.args
    same = _Sameness(options)
    end = b"\0" if "z" in options else b"\n"
    try:
        source = 0 if not paths or paths[0] == "-" else await proc.open(paths[0])
    except OSError as error:
        quote = either(proc, paths[0], f"can't open '{paths[0]}'")
        raise Failure(f"{quote}: {reason(error)}") from error
    target = 1
    if len(paths) > 1 and paths[1] != "-":
        target = await proc.open(paths[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    reader = LineReader(proc, source, end)
    group: list[bytes] = []
    key = b""
    count = 0
    while batch := await reader.batch():
        out: list[bytes] = []
        for line in batch:
            text = line.removesuffix(end)
            own = same.of(text)
            if count and own == key:
                count += 1
                if "D" in options:
                    group.append(text)
            else:
                out.extend(_shown(group, count, options, is_gnu(proc)))
                group, key, count = [text], own, 1
        await proc.write(target, b"".join(piece + end for piece in out))
    rest = _shown(group, count, options, is_gnu(proc))
    await proc.write(target, b"".join(piece + end for piece in rest))
    return 0


def _shown(group: list[bytes], count: int, options: Options, gnu: bool) -> list[bytes]:
    if not count:
        return []
    if "D" in options:
        return group if count > 1 else []
    if ("d" in options and count == 1) or ("u" in options and count > 1):
        return []
    return [b"%7d " % count + group[0]] if "c" in options else group[:1]


@tool(
    "[-123] FILE1 FILE2",
    "123",
    about="Compare FILE1 with FILE2",
    gnu="z",
    long="check-order nocheck-order output-delimiter:=output-delimiter total=total",
)
async def comm(proc: Process, options: Options) -> int:
    if len(options.args) != 2:
        raise missing_operand(proc, *options.args[:1])
    tab = os.fsencode(options.value("output-delimiter", "\t"))
    shown = [key not in options for key in "123"]
    prefix = [b"", tab * shown[0], tab * (shown[0] + shown[1])]
    order = _OrderCheck(proc, "nocheck-order" not in options)
    async with opened(proc, options.args[0]) as one, opened(proc, options.args[1]) as two:
        readers = (LineReader(proc, one), LineReader(proc, two))
        left, right = await readers[0].next(), await readers[1].next()
        while left is not None or right is not None:
            a, b = (_bare(left), _bare(right))
            column = 0 if b is None or (a is not None and a < b) else 1 if a is None or b < a else 2
            text = a if column != 1 else b
            if shown[column]:
                await proc.out(prefix[column] + (text or b"") + b"\n")
            if column != 1:
                left = await order.passed(1, left, await readers[0].next())
            if column != 0:
                right = await order.passed(2, right, await readers[1].next())
    return await order.code()


class _OrderCheck:
    """comm expects sorted files, and says so once for each that is not."""

    def __init__(self, proc: Process, wanted: bool) -> None:
        self.proc = proc
        self.wanted = wanted and is_gnu(proc)
        self.blamed: set[int] = set()

    async def passed(self, file: int, before: bytes | None, line: bytes | None) -> bytes | None:
        if self.wanted and before and line and line < before and file not in self.blamed:
            self.blamed.add(file)
            await complain(self.proc, f"file {file} is not in sorted order")
        return line

    async def code(self) -> int:
        if self.blamed:
            await complain(self.proc, "input is not in sorted order")
        return 1 if self.blamed else 0


def _bare(line: bytes | None) -> bytes | None:
    return None if line is None else line.removesuffix(b"\n")


@tool(
    "[-n NUM] [-o FILE] [-z] [FILE | -e [ARG...] | -i L-H]",
    "n:o:zei:",
    about="Write a random permutation of the input lines to stdout",
    gnu="r",
    long="echo=e input-range:=i head-count:=n output:=o repeat=r zero-terminated=z random-source:=random-source",
)
async def shuf(proc: Process, options: Options) -> int:
    end = b"\0" if "z" in options else b"\n"
    if "e" in options:
        lines = [os.fsencode(word) for word in options.args]
    elif "i" in options:
        found = re.fullmatch(r"(\d+)-(\d+)", options.value("i"))
        if not found or int(found[1]) > int(found[2]):
            raise Failure(
                f"invalid input range: '{options.value('i')}'"
                if is_gnu(proc)
                else f"bad range '{options.value('i')}'"
            )
        lines = [str(number).encode() for number in range(int(found[1]), int(found[2]) + 1)]
    else:
        lines = await _all_lines(proc, options, end)
    random = proc.machine.ids.random
    wanted = options.number("n", len(lines))
    if "r" in options and lines:
        drawn = [random.choice(lines) for _ in range(wanted)]
    else:
        random.shuffle(lines)
        drawn = lines[:wanted]
    await _write_sorted(proc, options, b"".join(line + end for line in drawn))
    return 0


async def _all_lines(proc: Process, options: Options, end: bytes) -> list[bytes]:
    async with opened(proc, options.args[0] if options.args else "-") as fd:
        data = b"".join([piece async for piece in chunks(proc, fd)])
    proc.charge(len(data))
    return data.removesuffix(end).split(end) if data else []
