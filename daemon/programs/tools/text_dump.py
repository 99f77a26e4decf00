"""Bytes made visible: od, hexdump, hd, xxd, strings."""

import os
import re
import struct
from collections.abc import AsyncIterator

from daemon.process.process import Process
from daemon.programs.tools.kit import Failure, chunks, is_gnu, opened, tool
from daemon.programs.tools.lines import Inputs
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import parse_size

ROW = 16
_NAMES = [
    "nul",
    "soh",
    "stx",
    "etx",
    "eot",
    "enq",
    "ack",
    "bel",
    "bs",
    "ht",
    "nl",
    "vt",
    "ff",
    "cr",
    "so",
    "si",
]
_NAMES += [
    "dle",
    "dc1",
    "dc2",
    "dc3",
    "dc4",
    "nak",
    "syn",
    "etb",
    "can",
    "em",
    "sub",
    "esc",
    "fs",
    "gs",
    "rs",
    "us",
    "sp",
]
_ESCAPED = {0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}


class _Format:
    """One of od's output types: how many bytes a cell takes, how wide it is, how it reads."""

    def __init__(self, kind: str, size: int) -> None:
        self.kind = kind
        self.size = size
        self.width = {
            "c": 3,
            "a": 3,
            "x": size * 2,
            "o": {1: 3, 2: 6, 4: 11, 8: 22}[size],
            "d": {1: 4, 2: 6, 4: 11, 8: 20}[size],
            "u": {1: 3, 2: 5, 4: 10, 8: 20}[size],
            "f": {4: 15, 8: 24}.get(size, 24),
        }[kind]

    def cell(self, data: bytes) -> str:
        if self.kind == "c":
            byte = data[0]
            return _ESCAPED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"{byte:03o}")
        if self.kind == "a":
            byte = data[0] & 0x7F
            return "del" if byte == 127 else _NAMES[byte] if byte <= 32 else chr(byte)
        data = data.ljust(self.size, b"\0")
        if self.kind == "f":
            return f"{struct.unpack('<f' if self.size == 4 else '<d', data)[0]:.8g}"
        number = int.from_bytes(data, "little", signed=self.kind == "d")
        if self.kind in "du":
            return str(number)
        return f"{number:0{self.width}{self.kind}}"

    def row(self, data: bytes) -> str:
        cells = [self.cell(data[i : i + self.size]) for i in range(0, len(data), self.size)]
        return "".join(f" {cell:>{self.width}}" for cell in cells)


_TRADITIONAL = {
    "a": ("a", 1),
    "b": ("o", 1),
    "c": ("c", 1),
    "d": ("u", 2),
    "o": ("o", 2),
    "x": ("x", 2),
    "s": ("d", 2),
    "i": ("d", 4),
    "l": ("d", 8),
    "f": ("f", 4),
    "h": ("x", 2),
    "D": ("u", 4),
    "O": ("o", 4),
    "X": ("x", 4),
    "H": ("x", 4),
}
_SIZES = {"": 4, "C": 1, "S": 2, "I": 4, "L": 8, "1": 1, "2": 2, "4": 4, "8": 8}


@tool(
    "[-abcdfhilovxs] [-t TYPE] [-A RADIX] [-N SIZE] [-j SKIP] [-w WIDTH] [FILE]...",
    "abcdDfhHilLoOsvxXBt:A:N:j:S:w::",
    about="Print FILEs (or stdin) unambiguously, as octal bytes by default",
    long="address-radix:=A endian:=endian skip-bytes:=j read-bytes:=N strings?=S format:=t "
    "output-duplicates=v width?=w traditional",
)
async def od(proc: Process, options: Options) -> int:
    formats = _od_formats(proc, options)
    inputs = Inputs(proc, options.args)
    await _dump(proc, inputs, options, formats)
    return inputs.code


def _od_formats(proc: Process, options: Options) -> list[_Format]:
    formats = []
    for key, value in options.given:
        if key == "t":
            formats.extend(_typed(proc, value or ""))
        elif key in _TRADITIONAL:
            formats.append(_Format(*_TRADITIONAL[key]))
    return formats or [_Format("o", 2)]


def _typed(proc: Process, text: str) -> list[_Format]:
    made = []
    for kind, size, _ in re.findall(r"([acdfoux])([1248CSIL]?)(z?)", text):
        default = {"a": 1, "c": 1, "f": 8}.get(kind, 4)
        made.append(_Format(kind, _SIZES[size] if size else default))
    if not made:
        raise Failure(f"invalid type string '{text}'")
    return made


class _Offsets:
    """The first column, in od's radix."""

    def __init__(self, radix: str) -> None:
        self.form = {"o": "{:07o}", "d": "{:07d}", "x": "{:06x}", "n": ""}.get(radix[:1], "{:07o}")

    def show(self, offset: int) -> str:
        return self.form.format(offset) if self.form else ""


async def _dump(proc: Process, inputs: Inputs, options: Options, formats: list[_Format]) -> None:
    width = options.number("w", 32) if "w" in options else ROW
    skip = parse_size(options.value("j", "0")) or 0
    limit = parse_size(options.value("N")) if "N" in options else None
    offsets = _Offsets(options.value("A", "o"))
    cell = max(format_.width * 1.0 / format_.size for format_ in formats)
    offset = skip
    previous = b""
    starred = False
    async for row in _rows(inputs, proc, width, skip, limit):
        if row == previous and len(row) == width and "v" not in options:
            if not starred:
                await proc.out("*\n")
            starred = True
        else:
            starred = False
            await proc.out(_od_row(offsets.show(offset), row, formats, cell))
        previous = row
        offset += len(row)
    end = offsets.show(offset)
    if end:
        await proc.out(end + "\n")


def _od_row(offset: str, row: bytes, formats: list[_Format], cell: float) -> str:
    lines = []
    for index, form in enumerate(formats):
        head = offset if not index else " " * len(offset)
        lines.append(head + form.row(row))
    return "\n".join(lines) + "\n"


async def _rows(
    inputs: Inputs, proc: Process, width: int, skip: int, limit: int | None
) -> AsyncIterator[bytes]:
    """Rows of `width` bytes from all inputs; the last may be shorter."""
    held = b""
    async for fd in inputs.descriptors():
        try:
            async for data in chunks(proc, fd):
                if skip:
                    skipped = min(skip, len(data))
                    data = data[skipped:]
                    skip -= skipped
                if limit is not None:
                    data = data[:limit]
                    limit -= len(data)
                held += data
                whole = len(held) // width * width
                for start in range(0, whole, width):
                    yield held[start : start + width]
                held = held[whole:]
                if limit == 0:
                    break
        except OSError as error:
            await inputs.fail(error)
    if held:
        yield held


@tool(
    "[-bcdoxCv] [-n LEN] [-s OFS] [-e FMT] [FILE]...",
    "bcdoxCvn:s:e:f:R",
    about="Display FILEs (or stdin) in a user specified format",
    long="canonical=C length:=n skip:=s no-squeezing=v",
    package="util-linux 2.38.1)",
)
async def hexdump(proc: Process, options: Options) -> int:
    canonical = "C" in options or os.path.basename(proc.argv[0]) == "hd"
    inputs = Inputs(proc, options.args)
    skip = parse_size(options.value("s", "0")) or 0
    limit = parse_size(options.value("n")) if "n" in options else None
    kind = options.last_of("bcdox", "x")
    offset = skip
    previous = b""
    starred = False
    async for row in _rows(inputs, proc, ROW, skip, limit):
        if row == previous and len(row) == ROW and "v" not in options:
            if not starred:
                await proc.out("*\n")
            starred = True
        else:
            starred = False
            text = _canonical_row(row) if canonical else _hexdump_row(row, kind)
            await proc.out(f"{offset:0{8 if canonical else 7}x}{text}\n")
        previous = row
        offset += len(row)
    if offset > skip:
        await proc.out(f"{offset:0{8 if canonical else 7}x}\n")
    return inputs.code


def _printable(row: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)


def _canonical_row(row: bytes) -> str:
    halves = [" ".join(f"{byte:02x}" for byte in row[i : i + 8]) for i in (0, 8)]
    return f"  {halves[0]:<23}  {halves[1]:<23}  |{_printable(row)}|"


_HEXDUMP = {
    "b": ("o", 1, 3),
    "c": ("c", 1, 3),
    "d": ("u", 2, 5),
    "o": ("o", 2, 6),
    "x": ("x", 2, 4),
}


def _hexdump_row(row: bytes, kind: str) -> str:
    letter, size, width = _HEXDUMP[kind]
    form = _Format(letter, size)
    cells = [form.cell(row[i : i + size]) for i in range(0, len(row), size)]
    gap = " " if kind == "x" else "  " if kind in "o" else "   " if kind == "d" else " "
    text = "".join(
        gap + (cell.rjust(width, "0") if kind in "dox" else cell.rjust(width)) for cell in cells
    )
    return text.ljust((width + len(gap)) * (ROW // size))


@tool(
    "[-pri] [-g N] [-c N] [-l LEN] [-s OFS] [-o OFS] [FILE]",
    "prig:c:l:s:o:ub",
    about="Hex dump FILE (or stdin)",
    package="2022-01-14)",
)
async def xxd(proc: Process, options: Options) -> int:
    path = options.args[0] if options.args else "-"
    if "r" in options:
        return await _xxd_back(proc, path, "p" in options)
    plain = "p" in options
    width = options.number("c", 30 if plain else 16)
    group = options.number("g", 2)
    inputs = Inputs(proc, [path])
    skip = parse_size(options.value("s", "0")) or 0
    limit = parse_size(options.value("l")) if "l" in options else None
    offset = skip
    async for row in _rows(inputs, proc, width, skip, limit):
        text = row.hex().upper() if "u" in options else row.hex()
        if plain:
            await proc.out(text + "\n")
        elif "i" in options:
            await proc.out("  " + ", ".join(f"0x{byte:02x}" for byte in row) + ",\n")
        else:
            size = group * 2 or width * 2
            cells = " ".join(text[i : i + size] for i in range(0, len(text), size))
            full = width * 2 + -(-width // (group or width)) - 1
            await proc.out(f"{offset:08x}: {cells:<{full}}  {_printable(row)}\n")
        offset += len(row)
    return inputs.code


async def _xxd_back(proc: Process, path: str, plain: bool) -> int:
    async with opened(proc, path) as fd:
        text = b"".join([data async for data in chunks(proc, fd)]).decode(errors="replace")
    for line in text.splitlines():
        body = line
        if not plain:
            body = line.partition(": ")[2].partition("  ")[0]
        digits = re.match(r"[0-9a-fA-F\s]*", body)
        clean = re.sub(r"\s", "", digits[0]) if digits else ""
        await proc.out(bytes.fromhex(clean[: len(clean) // 2 * 2]))
    return 0


@tool(
    "[-fo] [-t o|d|x] [-n LEN] [FILE]...",
    "fon:t:a",
    about="Display printable strings in a binary file",
    long="all=a print-file-name=f bytes:=n radix:=t",
    package="GNU Binutils for Debian) 2.40",
)
async def strings(proc: Process, options: Options) -> int:
    least = options.number("n", 4)
    radix = options.value("t", "o" if "o" in options else "")
    pattern = re.compile(rb"[\t\x20-\x7e]{%d,}" % least)
    inputs = Inputs(proc, options.args, gnu="'{path}': No such file" if is_gnu(proc) else "")
    async for fd in inputs.descriptors():
        offset = 0
        held = b""
        async for data in chunks(proc, fd):
            held += data
            tail = re.search(rb"[\t\x20-\x7e]*\Z", held)
            end = tail.start() if tail else len(held)
            await _show_strings(proc, inputs, options, pattern, held[:end], offset, radix)
            offset += end
            held = held[end:]
        await _show_strings(proc, inputs, options, pattern, held, offset, radix)
    return inputs.code


async def _show_strings(
    proc: Process,
    inputs: Inputs,
    options: Options,
    pattern: re.Pattern[bytes],
    data: bytes,
    offset: int,
    radix: str,
) -> None:
    for found in pattern.finditer(data):
        head = f"{inputs.path}: " if "f" in options else ""
        if radix:
            head += f"{offset + found.start():7{radix}} "
        await proc.out(os.fsencode(head) + found[0] + b"\n")
