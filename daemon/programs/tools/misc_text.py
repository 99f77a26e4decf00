"""Smaller text tools: envsubst, numfmt, tree, dos2unix, unix2dos, tsort, ts, iconv, shred."""

import os
import re
import stat

from daemon.process.process import Process
from daemon.programs.tools import dates
from daemon.programs.tools.files_list import name_key
from daemon.programs.tools.kit import (
    Failure,
    chunks,
    complain,
    is_gnu,
    missing_operand,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.lines import Inputs, LineReader
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import parse_size

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


@tool(
    "[OPTION] [SHELL-FORMAT]",
    "v",
    about="Substitute the values of environment variables",
    long="variables=v",
    package="GNU gettext-runtime) 0.21",
)
async def envsubst(proc: Process, options: Options) -> int:
    allowed = None
    if options.args:
        allowed = {a or b for a, b in _VARIABLE.findall(options.args[0])}
    if "v" in options:
        await proc.out(
            "".join(
                f"{a or b}\n" for a, b in _VARIABLE.findall(options.args[0] if options.args else "")
            )
        )
        return 0

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        return found[0] if allowed is not None and name not in allowed else proc.env.get(name, "")

    reader = LineReader(proc, 0)
    while batch := await reader.batch():
        text = b"".join(batch).decode(errors="surrogateescape")
        await proc.out(_VARIABLE.sub(value, text))
    return 0


@tool(
    "[-adfL] [-L LEVEL] [DIR]...",
    "adfpL:CFhsI:P:",
    about="List the contents of directories in a tree",
    long="noreport=noreport dirsfirst=dirsfirst",
    package="v2.1.0",
)
async def tree(proc: Process, options: Options) -> int:
    walker = _Tree(proc, options)
    for path in options.args or ["."]:
        await walker.show(path)
    if "noreport" not in options:
        files = "" if "d" in options else f", {walker.files} file{'s' if walker.files != 1 else ''}"
        noun = "directory" if walker.folders == 1 else "directories"
        await proc.out(f"\n{walker.folders} {noun}{files}\n")
    return 0


class _Tree:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.depth = options.number("L", 1 << 30)
        self.folders = self.files = 0

    async def show(self, path: str) -> None:
        try:
            folder = stat.S_ISDIR(self.proc.stat(path).mode)
        except OSError:
            folder = False
        if not folder:
            await self.proc.out(f"{path} [error opening dir]\n")
            return
        await self.proc.out(f"{path}\n")
        self.folders += is_gnu(self.proc)
        await self._below(path, "", 1)

    async def _below(self, path: str, indent: str, level: int) -> None:
        if level > self.depth:
            return
        await self.proc.checkpoint()
        names = sorted(self.proc.listdir(path), key=name_key)
        shown = [name for name in names if "a" in self.options or not name.startswith(".")]
        rows = [(name, self.proc.stat(f"{path}/{name}", follow=False)) for name in shown]
        if "d" in self.options:
            rows = [row for row in rows if stat.S_ISDIR(row[1].mode)]
        for index, (name, info) in enumerate(rows):
            last = index == len(rows) - 1
            folder = stat.S_ISDIR(info.mode)
            self.folders += folder
            self.files += not folder
            arrow = f" -> {self.proc.readlink(f'{path}/{name}')}" if stat.S_ISLNK(info.mode) else ""
            label = f"{path}/{name}" if "f" in self.options else name
            await self.proc.out(f"{indent}{'└── ' if last else '├── '}{label}{arrow}\n")
            if folder:
                await self._below(
                    f"{path}/{name}", indent + ("    " if last else "│   "), level + 1
                )


@tool("[-ud] [FILE]", "ud", about="Convert FILE in-place between DOS and Unix line ends", gnu="kno")
async def dos2unix(proc: Process, options: Options) -> int:
    to_dos = os.path.basename(proc.argv[0]) == "unix2dos"
    if "d" in options or "u" in options:
        to_dos = "d" in options
    for path in options.args or ["-"]:
        async with opened(proc, path) as fd:
            data = b"".join([piece async for piece in chunks(proc, fd)])
        plain = data.replace(b"\r\n", b"\n")
        changed = plain.replace(b"\n", b"\r\n") if to_dos else plain
        if path == "-":
            await proc.out(changed)
            continue
        async with opened(proc, path, os.O_WRONLY | os.O_TRUNC) as fd:
            await proc.write(fd, changed)
    return 0


@tool("[FILE]", "", about="Topological sort")
async def tsort(proc: Process, options: Options) -> int:
    async with opened(proc, options.args[0] if options.args else "-") as fd:
        words = os.fsdecode(b"".join([piece async for piece in chunks(proc, fd)])).split()
    if len(words) % 2:
        raise Failure(
            f"{options.args[0] if options.args else '-'}: input contains an odd number of tokens"
        )
    before: dict[str, set[str]] = {word: set() for word in words}
    for first, second in zip(words[::2], words[1::2], strict=True):
        if first != second:
            before[second].add(first)
    code = 0
    while before:
        ready = [word for word in before if not before[word]]
        if not ready:
            code = 1
            await complain(
                proc, f"{options.args[0] if options.args else '-'}: input contains a loop:"
            )
            ready = [next(iter(before))]
        for word in ready:
            await proc.out(f"{word}\n")
            del before[word]
        for waiting in before.values():
            waiting.difference_update(ready)
    return code


@tool("[-is] [STRFTIME]", "is", about="Prepend a timestamp to every line of stdin")
async def ts(proc: Process, options: Options) -> int:
    form = options.args[0] if options.args else "%b %d %H:%M:%S"
    reader = LineReader(proc, 0)
    while batch := await reader.batch():
        now = proc.machine.clock.now()
        stamp = dates.strftime(form, dates.from_ns(now), now % dates.NS).encode()
        await proc.out(b"".join(stamp + b" " + line for line in batch))
    return 0


_UNITS = "KMGTPE"


@tool(
    "[OPTION]... [NUMBER]...",
    "d:z",
    about="Reformat NUMBER(s)",
    long="from:=from to:=to suffix:=suffix padding:=padding format:=format field:=field round:=round header?=header delimiter:=d grouping=grouping invalid:=invalid from-unit:=from-unit to-unit:=to-unit",
    trouble=(1, 1),
)
async def numfmt(proc: Process, options: Options) -> int:
    words = list(options.args)
    if not words:
        reader = LineReader(proc, 0)
        while (line := await reader.next()) is not None:
            words += os.fsdecode(line).split()
    for word in words:
        await proc.out(_reformatted(word, options) + "\n")
    return 0


def _reformatted(word: str, options: Options) -> str:
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)([KMGTPE]?)(i?)B?", word)
    if not found:
        raise Failure(f"invalid number: '{word}'", 2)
    base = 1000 if options.value("from") == "si" else 1024
    number = float(found[1]) * (base ** (_UNITS.index(found[2]) + 1) if found[2] else 1)
    target = options.value("to")
    if not target or target == "none":
        text = f"{number:g}" if number != int(number) else str(int(number))
    else:
        text = _scaled(number, 1000 if target == "si" else 1024, "i" if target == "iec-i" else "")
    text += options.value("suffix")
    return text.rjust(options.number("padding", 0))


def _scaled(number: float, base: int, tail: str) -> str:
    power = 0
    while abs(number) >= base and power < len(_UNITS):
        number /= base
        power += 1
    if not power:
        return f"{number:g}"
    shown = -(-number * 10 // 1) / 10 if number < 10 else -(-number // 1)
    return (
        f"{shown:.1f}{_UNITS[power - 1]}{tail}"
        if number < 10
        else f"{shown:.0f}{_UNITS[power - 1]}{tail}"
    )


@tool(
    "[-f FROM] [-t TO] [FILE]...",
    "f:t:clo:s",
    about="Convert the encoding of FILEs",
    long="from-code:=f to-code:=t list=l output:=o",
    package="Debian GLIBC 2.36-9+deb12u13) 2.36",
)
async def iconv(proc: Process, options: Options) -> int:
    source, target = (options.value(key, "utf-8").partition("//")[0] for key in "ft")
    lenient = "//" in options.value("t") or "c" in options
    inputs = Inputs(proc, options.args)
    async for batch in inputs.batches():
        try:
            text = b"".join(batch).decode(source)
            await proc.out(text.encode(target, "ignore" if lenient else "strict"))
        except (UnicodeError, LookupError) as error:
            raise Failure(
                f"conversion from `{source}' to `{target}' is not possible: {error}"
            ) from error
    return inputs.code


@tool(
    "[-n N] [-uz] FILE...",
    "fn:uzvxs:",
    about="Overwrite FILEs, and optionally remove them",
    long="force=f iterations:=n remove?=u zero=z verbose=v size:=s",
)
async def shred(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    for path in options.args:
        try:
            size = parse_size(options.value("s")) if "s" in options else proc.stat(path).size
            async with opened(proc, path, os.O_WRONLY) as fd:
                left = size or 0
                while left > 0:
                    piece = min(left, 65536)
                    await proc.write(fd, proc.machine.ids.random.randbytes(piece))
                    left -= piece
            if "u" in options:
                proc.unlink(path)
        except OSError as error:
            raise Failure(f"{path}: failed to open for writing: {reason(error)}") from error
    return 0
