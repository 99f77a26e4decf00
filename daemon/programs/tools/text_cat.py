"""Whole files to stdout: cat, tac, rev, nl, tee."""

import os
from collections.abc import Callable

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.programs.common.regex import RegexError, compile_posix
from daemon.programs.tools.kit import Failure, chunks, complain, is_gnu, opened, reason, tool
from daemon.programs.tools.lines import Inputs, LineReader
from daemon.programs.tools.options import Options


@tool(
    "[-nbvteA] [FILE]...",
    "nbvteAus",
    about="Print FILEs to stdout",
    gnu="ET",
    long="show-all=A number-nonblank=b show-ends=E number=n squeeze-blank=s show-tabs=T show-nonprinting=v",
)
async def cat(proc: Process, options: Options) -> int:
    plain = not any(key in options for key in "nbvteAETs")
    view = _View(options)
    code = 0
    for path in options.args or ["-"]:
        try:
            async with opened(proc, path) as fd:
                if plain:
                    async for data in chunks(proc, fd):
                        await proc.write(1, data)
                else:
                    await view.show(proc, fd)
        except BrokenPipeError:
            raise
        except OSError as error:
            code = 1
            await complain(proc, _cat_error(proc, path, error))
    return code


def _cat_error(proc: Process, path: str, error: OSError) -> str:
    if is_gnu(proc):
        return f"{path}: {reason(error)}"
    if isinstance(error, IsADirectoryError):
        return f"read error: {reason(error)}"
    return f"can't open '{path}': {reason(error)}"


class _View:
    """cat's decorations; line numbers run on over all operands."""

    def __init__(self, options: Options) -> None:
        self.ends = any(key in options for key in "eEA")
        self.tabs = any(key in options for key in "tTA")
        self.codes = any(key in options for key in "vetA")
        self.number = "n" in options and "b" not in options
        self.number_full = "b" in options
        self.squeeze = "s" in options
        self.line = 0
        self.blank = False

    async def show(self, proc: Process, fd: int) -> None:
        reader = LineReader(proc, fd)
        while batch := await reader.batch():
            await proc.out(b"".join(self._decorated(line) for line in batch))

    def _decorated(self, line: bytes) -> bytes:
        blank = line == b"\n"
        if blank and self.blank and self.squeeze:
            return b""
        self.blank = blank
        body, newline = (line[:-1], b"\n") if line.endswith(b"\n") else (line, b"")
        if self.codes:
            body = b"".join(visible(byte) for byte in body)
        if self.tabs:
            body = body.replace(b"\t", b"^I")
        if self.number or (self.number_full and not blank):
            self.line += 1
            body = b"%6d\t%b" % (self.line, body)
        return body + (b"$" if self.ends and newline else b"") + newline


def visible(byte: int) -> bytes:
    """^X and M-x notation; tabs and newlines stay."""
    if byte >= 128:
        return b"M-" + (b"^I" if byte == 137 else b"^J" if byte == 138 else visible(byte - 128))
    if byte == 127:
        return b"^?"
    return bytes([byte]) if byte >= 32 or byte in b"\t\n" else bytes([94, byte + 64])


async def _whole_lines(proc: Process, inputs: Inputs) -> list[bytes]:
    lines: list[bytes] = []
    async for batch in inputs.batches():
        proc.charge(sum(map(len, batch)))
        lines.extend(batch)
    return lines


@tool("[FILE]...", "", about="Print FILEs in reverse", gnu="bs:r", long="before=b separator:=s")
async def tac(proc: Process, options: Options) -> int:
    inputs = Inputs(proc, options.args, gnu="failed to open '{path}' for reading: {reason}")
    separator = os.fsencode(options.value("s")) or b"\n"
    parts = []
    async for fd in inputs.descriptors():
        data = b"".join([piece async for piece in chunks(proc, fd)])
        proc.charge(len(data))
        parts.append(_reversed_records(data, separator))
    await proc.out(b"".join(parts))
    return inputs.code


def _reversed_records(data: bytes, separator: bytes) -> bytes:
    records = data.split(separator)
    last = records.pop()
    ended = [record + separator for record in records]
    return b"".join(reversed([*ended, last]))


@tool("[FILE]...", "", about="Reverse lines of FILE", package="util-linux 2.38.1)")
async def rev(proc: Process, options: Options) -> int:
    inputs = Inputs(proc, options.args, gnu="cannot open {path}: {reason}")
    async for batch in inputs.batches():
        await proc.out(b"".join(_mirrored(line) for line in batch))
    return inputs.code


def _mirrored(line: bytes) -> bytes:
    newline = b"\n" if line.endswith(b"\n") else b""
    text = line.removesuffix(b"\n").decode(errors="surrogateescape")
    return text[::-1].encode(errors="surrogateescape") + newline


@tool(
    "[-b STYLE] [-i N] [-s STR] [-v N] [-w N] [FILE]...",
    "b:i:s:v:w:n:",
    about="Write FILEs to standard output with line numbers added",
    gnu="d:f:h:l:p",
    long="body-numbering:=b line-increment:=i number-separator:=s starting-line-number:=v number-width:=w "
    "number-format:=n",
)
async def nl(proc: Process, options: Options) -> int:
    style = options.value("b", "t")
    if style[0] not in "atnp":
        raise Failure(f"invalid body numbering style: '{style}'")
    wanted = _numbered_lines(style)
    number = options.number("v", 1)
    step = options.number("i", 1)
    width = options.number("w", 6)
    separator = options.value("s", "\t") if "s" in options else "\t"
    form = {"ln": "<", "rn": ">", "rz": "0>"}.get(options.value("n", "rn"), ">")
    pad = b" " * (width + len(separator))
    inputs = Inputs(proc, options.args)
    async for batch in inputs.batches():
        out = []
        for line in batch:
            if wanted(line):
                out.append(f"{number:{form}{width}}{separator}".encode() + line)
                number += step
            else:
                out.append(pad + line)
        await proc.out(b"".join(out))
    return inputs.code


def _numbered_lines(style: str) -> Callable[[bytes], bool]:
    if style == "a":
        return lambda line: True
    if style == "n":
        return lambda line: False
    if style == "t":
        return lambda line: line != b"\n"
    try:
        pattern = compile_posix(os.fsencode(style[1:]))
    except RegexError as error:
        raise Failure(str(error)) from error
    return lambda line: pattern.search(line.rstrip(b"\n")) is not None


@tool(
    "[-ai] [FILE]...",
    "ai",
    about="Copy stdin to each FILE, and also to stdout",
    gnu="p",
    long="append=a ignore-interrupts=i output-error?=p",
)
async def tee(proc: Process, options: Options) -> int:
    if "i" in options:
        proc.on_signal(Signal.SIGINT, IGNORE)
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if "a" in options else os.O_TRUNC)
    sinks = [1]
    code = 0
    for path in options.args:
        try:
            sinks.append(await proc.open(path, flags, 0o666))
        except OSError as error:
            code = 1
            await complain(proc, f"{path}: {reason(error)}")
    async for data in chunks(proc, 0):
        for fd in sinks:
            await proc.write(fd, data)
    return code
