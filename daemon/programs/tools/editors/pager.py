"""less and more: a page at a time on a terminal, cat everywhere else."""

import os
import re
from collections.abc import AsyncIterator

from daemon.process.process import Process
from daemon.programs.tools.editors.screen import Keyboard, clipped, raw_keyboard, size_of
from daemon.programs.tools.kit import chunks, complain, is_gnu, opened, reason, tool
from daemon.programs.tools.lines import LineReader
from daemon.programs.tools.options import Options

_LESS = "[-EFIMmNSRh~] [FILE]..."


@tool(
    _LESS,
    "EFIMmNSRh~eiKqQsuwXrnx:p:",
    about="View FILE (or stdin) one screenful at a time",
    gnu="acCdfgGJLUVWj:k:o:P:t:T:y:z:",
    package="less 590",
)
async def less(proc: Process, options: Options) -> int:
    if not options.args and proc.isatty(0):
        await proc.err(
            'Missing filename ("less --help" for help)\n'
            if is_gnu(proc)
            else "less: missing filename\n"
        )
        return 0 if is_gnu(proc) else 1
    if not proc.isatty(1):
        return await _copy(proc, options)
    lines, code = await _all_lines(proc, options)
    if code:
        return code
    pager = Pager(proc, lines, options)
    if "F" in options and len(lines) < size_of(proc)[0]:
        await proc.out("".join(f"{line}\n" for line in lines))
        return 0
    async with raw_keyboard(proc) as keyboard:
        await pager.run(keyboard)
    return 0


async def _copy(proc: Process, options: Options) -> int:
    code = 0
    for path in options.args or ["-"]:
        try:
            async with opened(proc, path) as fd:
                async for data in chunks(proc, fd):
                    await proc.write(1, data)
        except BrokenPipeError:
            raise
        except OSError as error:
            code = 1
            await _cannot_open(proc, path, error)
    return code


async def _cannot_open(proc: Process, path: str, error: OSError) -> None:
    if is_gnu(proc):
        await proc.err(f"{path}: {reason(error)}\n")
    else:
        await complain(proc, f"can't open '{path}': {reason(error)}")


async def _all_lines(proc: Process, options: Options) -> tuple[list[str], int]:
    lines: list[str] = []
    for path in options.args or ["-"]:
        try:
            async with opened(proc, path) as fd:
                reader = LineReader(proc, fd)
                while batch := await reader.batch():
                    proc.charge(sum(map(len, batch)))
                    lines += [os.fsdecode(line.rstrip(b"\n")) for line in batch]
        except OSError as error:
            await _cannot_open(proc, path, error)
            return [], 1
    return lines, 0


class Pager:
    """less's screen: where its top is, and what the keys do."""

    def __init__(self, proc: Process, lines: list[str], options: Options) -> None:
        self.proc = proc
        self.lines = lines
        self.name = options.args[0] if options.args else ""
        self.numbers = "N" in options
        self.top = 0
        self.left = 0
        self.search = ""
        self.message = self.name
        self.done = False

    @property
    def height(self) -> int:
        return size_of(self.proc)[0] - 1

    @property
    def last_top(self) -> int:
        return max(0, len(self.lines) - self.height)

    async def run(self, keyboard: Keyboard) -> None:
        while not self.done:
            await self.draw()
            key = await keyboard.key()
            if not key:
                break
            self.message = ""
            if key in "/?" and len(key) == 1:
                await self._search(keyboard, key)
            else:
                self._take(key)
        rows, _ = size_of(self.proc)
        await self.proc.out(f"\x1b[{rows};1H\x1b[K")

    async def draw(self) -> None:
        _, columns = size_of(self.proc)
        shown = []
        for row in range(self.top, self.top + self.height):
            if row >= len(self.lines):
                shown.append("~\x1b[K")
                continue
            number = f"{row + 1:7d} " if self.numbers else ""
            shown.append(
                number
                + self._marked(clipped(self.lines[row], self.left, columns - len(number)))
                + "\x1b[K"
            )
        await self.proc.out("\x1b[H" + "\r\n".join([*shown, f"{self._prompt()}\x1b[K"]))

    def _marked(self, text: str) -> str:
        if not self.search:
            return text
        return re.sub(f"({self.search})", "\x1b[7m\\1\x1b[m", text)

    def _prompt(self) -> str:
        if self.message:
            return f"\x1b[7m{self.message}\x1b[m"
        return "\x1b[7m(END)\x1b[m" if self.top >= self.last_top else ":"

    def _take(self, key: str) -> None:
        page = self.height
        steps = {
            " ": page, "f": page, "\x06": page, "page down": page, "z": page,
            "b": -page, "\x02": -page, "page up": -page, "w": -page,
            "d": page // 2, "\x04": page // 2, "u": -(page // 2), "\x15": -(page // 2),
            "j": 1, "e": 1, "\r": 1, "\n": 1, "down": 1, "\x0e": 1,
            "k": -1, "y": -1, "up": -1, "\x10": -1,
            "g": -len(self.lines), "<": -len(self.lines), "home": -len(self.lines),
            "G": len(self.lines), ">": len(self.lines), "end": len(self.lines),
        }  # fmt: skip
        if key in ("q", "Q", "\x03"):
            self.done = True
        elif key in steps:
            self.top = max(0, min(self.top + steps[key], self.last_top))
        elif key in ("right", "left"):
            self.left = max(0, self.left + (40 if key == "right" else -40))
        elif key in ("n", "N"):
            self._find(key == "n")
        elif key == "=":
            self.message = f"{self.name} lines {self.top + 1}-{min(len(self.lines), self.top + page)}/{len(self.lines)}"

    async def _search(self, keyboard: Keyboard, mark: str) -> None:
        typed = ""
        rows, _ = size_of(self.proc)
        while True:
            await self.proc.out(f"\x1b[{rows};1H{mark}{typed}\x1b[K")
            key = await keyboard.key()
            if key in ("\r", "\n"):
                break
            if key in ("escape", "\x03", ""):
                return
            typed = typed[:-1] if key in ("\x7f", "\x08") else typed + key
        try:
            re.compile(typed)
            self.search = typed or self.search
        except re.error:
            self.search = re.escape(typed)
        self._find(mark == "/", here=True)

    def _find(self, forward: bool, *, here: bool = False) -> None:
        if not self.search:
            self.message = "No previous regular expression"
            return
        start = self.top if here else self.top + (1 if forward else -1)
        rows = range(start, len(self.lines)) if forward else range(start, -1, -1)
        for row in rows:
            if re.search(self.search, self.lines[row]):
                self.top = min(row, self.last_top) if row < self.last_top else self.last_top
                return
        self.message = "Pattern not found"


@tool("[FILE]...", "", about="View FILE (or stdin) one screenful at a time", gnu="dlfpcsun:")
async def more(proc: Process, options: Options) -> int:
    if not proc.isatty(1) or proc.terminal is None:
        return await _copy(proc, options)
    if not options.args and proc.isatty(0):
        await complain(proc, "bad usage")
        return 1
    async with raw_keyboard(proc, opost=True) as keyboard:
        room = size_of(proc)[0] - 1
        shown = 0
        total = _total(proc, options)
        async for line in _stream(proc, options):
            if room <= 0:
                room = await _ask(proc, keyboard, shown, total)
                if room < 0:
                    return 0
            await proc.out(line)
            shown += len(line)
            room -= 1
    return 0


def _total(proc: Process, options: Options) -> int:
    total = 0
    for path in options.args:
        try:
            total += proc.stat(path).size
        except OSError:
            continue
    return total


async def _stream(proc: Process, options: Options) -> AsyncIterator[bytes]:
    for path in options.args or ["-"]:
        try:
            async with opened(proc, path) as fd:
                reader = LineReader(proc, fd)
                while (line := await reader.next()) is not None:
                    yield line
        except OSError as error:
            await _cannot_open(proc, path, error)


async def _ask(proc: Process, keyboard: Keyboard, shown: int, total: int) -> int:
    """How many lines more; -1 to stop."""
    share = f" ({shown * 100 // total}% of {total} bytes)" if total else " "
    if is_gnu(proc):
        share = f"({shown * 100 // total}%)" if total else ""
    await proc.out(f"\x1b[7m--More--{share}\x1b[m" if is_gnu(proc) else f"--More--{share}")
    key = await keyboard.key()
    await proc.out("\r\x1b[K")
    if key in ("q", "Q", "\x03", ""):
        return -1
    return 1 if key in ("\r", "\n") else size_of(proc)[0] - 1
