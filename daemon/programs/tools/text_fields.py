"""Columns and characters: cut, paste, join, tr, fold, fmt, expand, unexpand, column."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.programs.common.regex import CLASSES
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
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

FAR = 1 << 60
Ranges = list[tuple[int, int]]


def parse_list(text: str) -> Ranges:
    """`1,3-5,7-` as sorted pairs, 1-based and inclusive; ValueError with what is wrong."""
    ranges = []
    for part in re.split(r"[, ]", text):
        found = re.fullmatch(r"(\d*)(-?)(\d*)", part)
        if not found or not (found[1] or found[3]):
            raise ValueError("invalid range with no endpoint: -" if part == "-" else part)
        low = int(found[1] or 1)
        high = int(found[3]) if found[3] else FAR if found[2] else low
        if low < 1:
            raise ValueError("numbered from 1")
        if high < low:
            raise ValueError("invalid decreasing range")
        ranges.append((low, high))
    merged: Ranges = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def complement(ranges: Ranges) -> Ranges:
    """Everything that `ranges` leaves out."""
    out: Ranges = []
    start = 1
    for low, high in ranges:
        if low > start:
            out.append((start, low - 1))
        start = high + 1
    if start < FAR:
        out.append((start, FAR))
    return out


@tool(
    "{-b|c LIST | -f LIST [-d SEP] [-s]} [FILE]...",
    "b:c:f:d:sn",
    about="Print selected fields from FILEs to stdout",
    gnu="z",
    long="bytes:=b characters:=c fields:=f delimiter:=d only-delimited=s complement=complement "
    "output-delimiter:=output-delimiter zero-terminated=z",
    busybox_long="output-delimiter:=output-delimiter",
)
async def cut(proc: Process, options: Options) -> int:
    kinds = [key for key in "bcf" if key in options]
    if len(kinds) != 1:
        text = (
            "only one type of list may be specified"
            if kinds
            else either(
                proc,
                "you must specify a list of bytes, characters, or fields",
                "expected a list of bytes, characters, or fields",
            )
        )
        raise UsageError(text) if is_gnu(proc) else Failure(text)
    delimiter = os.fsencode(options.value("d", "\t"))
    if "d" in options and len(delimiter) != 1:
        raise _bad_delimiter(proc)
    ranges = _ranges(proc, options, kinds[0])
    end = b"\0" if "z" in options else b"\n"
    joiner = (
        os.fsencode(options.value("output-delimiter"))
        if "output-delimiter" in options
        else delimiter
    )
    select = (
        _field_selector(ranges, delimiter, joiner, "s" in options)
        if kinds[0] == "f"
        else _byte_selector(ranges, joiner if "output-delimiter" in options else b"")
    )
    inputs = Inputs(proc, options.args, separator=end)
    async for batch in inputs.batches():
        cuts = (select(line.removesuffix(end)) for line in batch)
        await proc.out(b"".join(piece + end for piece in cuts if piece is not None))
    return inputs.code


def _bad_delimiter(proc: Process) -> Failure:
    text = "the delimiter must be a single character"
    return UsageError(text) if is_gnu(proc) else Failure(text)


def _ranges(proc: Process, options: Options, kind: str) -> Ranges:
    text = options.value(kind)
    try:
        ranges = parse_list(text)
    except ValueError as error:
        raise _bad_list(proc, str(error), kind) from error
    return complement(ranges) if "complement" in options else ranges


def _bad_list(proc: Process, what: str, kind: str) -> Failure:
    if not is_gnu(proc):
        return Failure(f"invalid range {what}")
    noun = "fields" if kind == "f" else "byte/character positions"
    if what == "numbered from 1":
        return UsageError(f"{noun} are numbered from 1")
    if what.startswith("invalid"):
        return UsageError(what)
    noun = "field value" if kind == "f" else "byte/character position"
    return UsageError(f"invalid {noun} '{what}'")


Selector = Callable[[bytes], bytes | None]


def _byte_selector(ranges: Ranges, joiner: bytes) -> Selector:
    return lambda line: joiner.join(
        line[low - 1 : high] for low, high in ranges if low <= len(line)
    )


def _field_selector(ranges: Ranges, delimiter: bytes, joiner: bytes, strict: bool) -> Selector:
    def select(line: bytes) -> bytes | None:
        if delimiter not in line:
            return None if strict else line
        fields = line.split(delimiter)
        return joiner.join(
            field for low, high in ranges for field in fields[low - 1 : min(high, len(fields))]
        )

    return select


@tool(
    "[-d LIST] [-s] [FILE]...",
    "d:sz",
    about="Paste lines from each input file together using tabs",
    long="delimiters:=d serial=s zero-terminated=z",
)
async def paste(proc: Process, options: Options) -> int:
    delimiters = _paste_delimiters(options.value("d", "\t"))
    end = b"\0" if "z" in options else b"\n"
    readers = []
    shared = LineReader(proc, 0, end)
    for path in options.args or ["-"]:
        try:
            fd = 0 if path == "-" else await proc.open(path)
        except OSError as error:
            await complain(proc, f"{path}: {reason(error)}")
            return 1
        readers.append(shared if path == "-" else LineReader(proc, fd, end))
    if "s" in options:
        for reader in readers:
            await _paste_serial(proc, reader, delimiters, end)
        return 0
    while True:
        pieces = [await reader.next() for reader in readers]
        if all(piece is None for piece in pieces):
            return 0
        row = b""
        for index, piece in enumerate(pieces):
            row += (piece or b"").removesuffix(end)
            if index < len(pieces) - 1:
                row += delimiters[index % len(delimiters)]
        await proc.out(row + end)


def _paste_delimiters(text: str) -> list[bytes]:
    escapes = {"n": b"\n", "t": b"\t", "0": b"", "\\": b"\\"}
    found = re.findall(r"\\(.)|(.)", text, re.S)
    return [
        escapes.get(esc, esc.encode()) if esc else os.fsencode(char) for esc, char in found
    ] or [b""]


async def _paste_serial(
    proc: Process, reader: LineReader, delimiters: list[bytes], end: bytes
) -> None:
    index = 0
    previous = await reader.next()
    out = previous.removesuffix(end) if previous is not None else b""
    while (line := await reader.next()) is not None:
        out += delimiters[index % len(delimiters)] + line.removesuffix(end)
        index += 1
    await proc.out(out + end)


_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}


def tr_set(text: str) -> list[int]:
    """The bytes that a tr operand stands for, in order: escapes, ranges, classes."""
    data = os.fsencode(text)
    out: list[int] = []
    at = 0
    while at < len(data):
        if named := re.match(rb"\[:(\w+):\]", data[at:]):
            out.extend(_class_bytes(named[1]))
            at += named.end()
        elif repeated := re.match(rb"\[(.)\*(\d*)\]", data[at:], re.S):
            digits = repeated[2].decode() or "0"
            count = int(digits, 8 if digits.startswith("0") else 10)
            out.extend([repeated[1][0]] * (count or 256))
            at += repeated.end()
        elif same := re.match(rb"\[=(.)=\]", data[at:], re.S):
            out.append(same[1][0])
            at += same.end()
        else:
            low, at = _tr_char(data, at)
            if data[at : at + 1] == b"-" and at + 1 < len(data):
                high, at = _tr_char(data, at + 1)
                if high < low:
                    raise ValueError(
                        f"range-endpoints of '{chr(low)}-{chr(high)}' are in reverse collating sequence order"
                    )
                out.extend(range(low, high + 1))
            else:
                out.append(low)
    return out


def _class_bytes(name: bytes) -> list[int]:
    if name not in CLASSES:
        raise ValueError(f"invalid character class '{name.decode()}'")
    matches = re.compile(b"[" + CLASSES[name] + b"]").match
    return [byte for byte in range(256) if matches(bytes([byte]))]


def _tr_char(data: bytes, at: int) -> tuple[int, int]:
    if data[at] != 0x5C or at + 1 == len(data):
        return data[at], at + 1
    if octal := re.match(rb"[0-7]{1,3}", data[at + 1 :]):
        return int(octal[0], 8) & 0xFF, at + 1 + octal.end()
    letter = chr(data[at + 1])
    return _ESCAPES.get(letter, data[at + 1]), at + 2


@tool(
    "[-cds] STRING1 [STRING2]",
    "cCdst",
    about="Translate, squeeze, or delete characters from stdin, writing to stdout",
    long="complement=c delete=d squeeze-repeats=s truncate-set1=t",
    stop_at_operand=True,
)
async def tr(proc: Process, options: Options) -> int:
    translate, delete, squeeze = _tr_plan(proc, options)
    last = -1
    async for data in chunks(proc, 0):
        if delete:
            data = data.translate(None, bytes(delete))
        if translate:
            data = data.translate(translate)
        if squeeze:
            data, last = _squeezed(data, squeeze, last)
        if data:
            await proc.write(1, data)
    return 0


def _tr_plan(proc: Process, options: Options) -> tuple[bytes, set[int], set[int]]:
    words = options.args
    needed = 1 if ("d" in options) != ("s" in options) else 2
    if not words:
        raise missing_operand(proc)
    if len(words) < needed and is_gnu(proc):
        text = "Two strings must be given when both deleting and squeezing repeats."
        if "d" not in options:
            text = "Two strings must be given when translating."
        raise UsageError(f"missing operand after '{words[0]}'\n{text}")
    try:
        sets = [tr_set(word) for word in words[:2]]
    except ValueError as error:
        raise Failure(str(error)) from error
    first = sets[0]
    if "c" in options or "C" in options:
        first = [byte for byte in range(256) if byte not in set(first)]
    second = sets[1] if len(sets) > 1 else []
    squeeze = set(second or first) if "s" in options else set()
    if "d" in options:
        return b"", set(first), squeeze
    if not second:
        return b"", set(), squeeze
    return _tr_table(first, second, options), set(), squeeze


def _tr_table(first: list[int], second: list[int], options: Options) -> bytes:
    if "t" in options:
        first = first[: len(second)]
    table = bytearray(range(256))
    for index, byte in enumerate(first):
        table[byte] = second[min(index, len(second) - 1)]
    return bytes(table)


def _squeezed(data: bytes, squeeze: set[int], last: int) -> tuple[bytes, int]:
    out = bytearray()
    for byte in data:
        if byte != last or byte not in squeeze:
            out.append(byte)
        last = byte
    return bytes(out), last


@tool(
    "[-bs] [-w WIDTH] [FILE]...",
    "bsw:",
    about="Wrap input lines in FILEs (or stdin), writing to stdout",
    long="bytes=b spaces=s width:=w",
)
async def fold(proc: Process, options: Options) -> int:
    for index, word in enumerate(proc.argv[1:], start=1):
        if re.fullmatch(r"-\d+", word):
            proc.argv[index] = f"-w{word[1:]}"
    text = options.value("w", "80")
    if not text.isdigit() or not int(text):
        raise Failure(
            either(proc, f"invalid number of columns: '{text}'", f"invalid number '{text}'")
        )
    inputs = Inputs(proc, options.args)
    async for batch in inputs.batches():
        await proc.out(b"".join(folded(line, int(text), "s" in options) for line in batch))
    return inputs.code


def folded(line: bytes, width: int, at_spaces: bool) -> bytes:
    """The line in pieces of at most `width` columns."""
    newline = b"\n" if line.endswith(b"\n") else b""
    rest = line.removesuffix(b"\n")
    pieces = []
    while len(rest) > width:
        cut_at = width
        if at_spaces:
            space = rest.rfind(b" ", 0, width)
            cut_at = space + 1 if space >= 0 else width
        pieces.append(rest[:cut_at])
        rest = rest[cut_at:]
    return b"\n".join([*pieces, rest]) + newline


@tool("[-w WIDTH] [FILE]...", "w:", about="Fill paragraphs", gnu="csutp:g:", long="width:=w")
async def fmt(proc: Process, options: Options) -> int:
    width = options.number("w", 75)
    inputs = Inputs(proc, options.args)
    words: list[bytes] = []
    async for batch in inputs.batches():
        for line in batch:
            if line.strip():
                words.extend(line.split())
            else:
                await proc.out(_filled(words, width) + b"\n")
                words = []
    await proc.out(_filled(words, width))
    return inputs.code


def _filled(words: list[bytes], width: int) -> bytes:
    lines: list[bytes] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += b" " + word
        else:
            lines.append(word)
    return b"".join(line + b"\n" for line in lines)


@tool("[-fit] [FILE]...", "it:f", about="Convert tabs to spaces", long="initial=i tabs:=t")
async def expand(proc: Process, options: Options) -> int:
    width = options.number("t", 8)
    inputs = Inputs(proc, options.args)
    async for batch in inputs.batches():
        await proc.out(b"".join(_expanded(line, width, "i" in options) for line in batch))
    return inputs.code


def _expanded(line: bytes, width: int, initial: bool) -> bytes:
    if not initial:
        return line.expandtabs(width)
    rest = line.lstrip(b" \t")
    return line[: len(line) - len(rest)].expandtabs(width) + rest


@tool(
    "[-fa] [-t N] [FILE]...",
    "aft:",
    about="Convert spaces to tabs",
    long="all=a first-only=f tabs:=t",
)
async def unexpand(proc: Process, options: Options) -> int:
    width = options.number("t", 8)
    everywhere = ("a" in options or "t" in options) and "f" not in options
    inputs = Inputs(proc, options.args)
    async for batch in inputs.batches():
        await proc.out(b"".join(_tabbed(line, width, everywhere) for line in batch))
    return inputs.code


def _tabbed(line: bytes, width: int, everywhere: bool) -> bytes:
    plain = line.expandtabs(width)
    lead = len(plain) - len(plain.lstrip(b" "))
    end = len(plain) if everywhere else lead
    out = bytearray()
    for start in range(0, len(plain), width):
        piece = plain[start : start + width]
        bare = piece.rstrip(b" ")
        blanks = len(piece) - len(bare)
        worth = blanks > 1 or (blanks == 1 and (not bare or plain[start + width :][:1] == b" "))
        if len(piece) == width and start + width <= end and worth:
            out += bare + b"\t"
        else:
            out += piece
    return bytes(out)


@dataclass(slots=True)
class _Side:
    """One input of join: its reader, its key field and the current line."""

    reader: LineReader
    field: int
    fields: list[bytes] | None = None

    @property
    def key(self) -> bytes:
        fields = self.fields or []
        return fields[self.field - 1] if self.field <= len(fields) else b""

    async def advance(self, separator: bytes | None) -> None:
        line = await self.reader.next()
        self.fields = None if line is None else line.removesuffix(b"\n").split(separator)

    def rest(self) -> list[bytes]:
        fields = self.fields or []
        return fields[: self.field - 1] + fields[self.field :]


@tool(
    "[-t CHAR] [-1 N] [-2 N] [-a N] [-v N] FILE1 FILE2",
    "t:1:2:j:a:v:e:o:i",
    about="Join lines of two sorted files on a common field",
    long="ignore-case=i check-order nocheck-order header",
)
async def join(proc: Process, options: Options) -> int:
    if len(options.args) != 2:
        raise missing_operand(proc, *options.args[:1])
    separator = os.fsencode(options.value("t")) or None
    common = options.number("j", 1)
    async with opened(proc, options.args[0]) as one, opened(proc, options.args[1]) as two:
        left = _Side(LineReader(proc, one), options.number("1", common))
        right = _Side(LineReader(proc, two), options.number("2", common))
        await _join(proc, options, left, right, separator)
    return 0


async def _join(
    proc: Process, options: Options, left: _Side, right: _Side, separator: bytes | None
) -> None:
    glue = separator or b" "
    unpaired = set(options.values("a") + options.values("v"))
    paired = "v" not in options

    async def show(fields: list[bytes]) -> None:
        await proc.out(glue.join(fields) + b"\n")

    await left.advance(separator)
    await right.advance(separator)
    while left.fields is not None or right.fields is not None:
        if right.fields is None or (left.fields is not None and left.key < right.key):
            if "1" in unpaired:
                await show([left.key, *left.rest()])
            await left.advance(separator)
        elif left.fields is None or right.key < left.key:
            if "2" in unpaired:
                await show([right.key, *right.rest()])
            await right.advance(separator)
        else:
            key = left.key
            group = []
            while right.fields is not None and right.key == key:
                group.append(right.rest())
                await right.advance(separator)
            while left.fields is not None and left.key == key:
                for rest in group if paired else []:
                    await show([key, *left.rest(), *rest])
                await left.advance(separator)


@tool(
    "[-t] [-s SEP] [FILE]...",
    "ts:nc:",
    about="Format lists into columns",
    long="table=t separator:=s",
)
async def column(proc: Process, options: Options) -> int:
    separator = os.fsencode(options.value("s")) or None
    inputs = Inputs(proc, options.args)
    rows: list[list[bytes]] = []
    async for batch in inputs.batches():
        rows.extend(line.removesuffix(b"\n").split(separator) for line in batch if line.strip())
    if "t" not in options:
        await proc.out(b"".join(b"\t".join(row) + b"\n" for row in rows))
        return inputs.code
    count = max((len(row) for row in rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(count)]
    for row in rows:
        padded = [cell.ljust(widths[i]) for i, cell in enumerate(row[:-1])] + row[-1:]
        await proc.out(b"  ".join(padded) + b"\n")
    return inputs.code
