"""Text from nothing: seq, yes, true, false, factor, nproc, clear, reset, basenc's little relatives."""

import os
import re
from contextlib import suppress
from decimal import Decimal, InvalidOperation

from daemon.process.process import Process
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    either,
    extra_operand,
    is_gnu,
    missing_operand,
    opened,
    tool,
)
from daemon.programs.tools.lines import LineReader, Output
from daemon.programs.tools.options import Options


async def true(proc: Process) -> int:
    return 0


async def false(proc: Process) -> int:
    return 1


@tool("[STRING]", raw=True, about="Repeatedly print a line with all arguments or 'y' until killed")
async def yes(proc: Process, options: Options) -> int:
    line = os.fsencode(" ".join(options.args) or "y") + b"\n"
    block = line * max(1, 4096 // len(line))
    while True:
        await proc.write(1, block)


@tool(
    "[-w] [-s SEP] [FIRST [INC]] LAST",
    raw=True,
    about="Print numbers from FIRST to LAST, in steps of INC. FIRST, INC default to 1.",
)
async def seq(proc: Process, options: Options) -> int:
    asked = _SeqRequest(proc)
    first, step, last = asked.numbers()
    if asked.whole:
        await _whole_numbers(proc, asked, int(first), int(step), int(last))
        return 0
    out = Output(proc)
    current = first
    index = 0
    while current <= last if step > 0 else current >= last:
        text = asked.shown(current)
        await out.write(os.fsencode(text if not index else asked.separator + text))
        index += 1
        current = first + step * index
    if index:
        out.add(b"\n")
    await out.flush()
    return 0


async def _whole_numbers(
    proc: Process, asked: "_SeqRequest", first: int, step: int, last: int
) -> None:
    """The usual case, many numbers at a time."""
    numbers = range(first, last + (1 if step > 0 else -1), step)
    form = f"0{asked.width}d" if asked.pad else "d"
    for start in range(0, len(numbers), SEQ_BLOCK):
        text = asked.separator.join(format(n, form) for n in numbers[start : start + SEQ_BLOCK])
        ended = start + SEQ_BLOCK >= len(numbers)
        await proc.out(text + ("\n" if ended else asked.separator))


SEQ_BLOCK = 2000


class _SeqRequest:
    """seq's command line: numbers may be negative, which no option parser would let pass."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        self.separator = "\n"
        self.form = ""
        self.pad = False
        self.places = self.width = 0
        self.words: list[str] = []
        words = proc.argv[1:]
        while words:
            word = words.pop(0)
            if word in ("-w", "--equal-width"):
                self.pad = True
            elif word in ("-s", "-f"):
                if not words:
                    raise UsageError(f"option requires an argument -- '{word[1]}'")
                self._set(word[1], words.pop(0))
            elif found := re.match(r"-([sf])(.+)|--(separator|format)=(.*)", word):
                self._set((found[1] or found[3])[0], found[2] or found[4] or "")
            elif re.match(r"-[A-Za-z]", word) and not re.match(r"-(inf|nan)", word):
                raise UsageError(f"invalid option -- '{word[1]}'")
            elif word != "--":
                self.words.append(word)

    def _set(self, letter: str, value: str) -> None:
        if letter == "s":
            self.separator = value
        else:
            self.form = value

    def numbers(self) -> tuple[Decimal, Decimal, Decimal]:
        words = self.words
        if not words:
            raise missing_operand(self.proc)
        if len(words) > 3:
            raise extra_operand(self.proc, words[3])
        values = [self._number(word) for word in words]
        first = values[0] if len(values) > 1 else Decimal(1)
        step = values[1] if len(values) > 2 else Decimal(1)
        if not step:
            raise UsageError(
                f"invalid Zero increment value: '{words[1]}'" if is_gnu(self.proc) else ""
            )
        self.places = max(
            self._places(word)
            for word in (words[:2] if len(words) > 2 else words[:1] if len(words) > 1 else ["1"])
        )
        self.width = max(len(self._plain(first)), len(self._plain(values[-1])))
        return first, step, values[-1]

    @property
    def whole(self) -> bool:
        """Whether all numbers are integers, shown as they are."""
        return not self.form and all(re.fullmatch(r"-?\d+", word) for word in self.words)

    def _number(self, word: str) -> Decimal:
        try:
            return Decimal(word)
        except InvalidOperation:
            text = f"invalid floating point argument: '{word}'"
            raise UsageError(text if is_gnu(self.proc) else "") from None

    def _places(self, word: str) -> int:
        return len(word.partition(".")[2])

    def _plain(self, value: Decimal) -> str:
        return f"{value:.{self.places}f}"

    def shown(self, value: Decimal) -> str:
        if self.form:
            return str(self.form % float(value))
        text = self._plain(value)
        if not self.pad:
            return text
        return text.zfill(self.width)


def factors(number: int) -> list[int]:
    """The prime factors, smallest first."""
    out = []
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            out.append(divisor)
            number //= divisor
        divisor += 1 if divisor == 2 else 2
    return [*out, number] if number > 1 else out


@tool("[NUMBER]...", "", about="Print prime factors", gnu="h")
async def factor(proc: Process, options: Options) -> int:
    words = list(options.args)
    if not words:
        reader = LineReader(proc, 0)
        while (line := await reader.next()) is not None:
            words.extend(os.fsdecode(line).split())
    code = 0
    for word in words:
        if not word.isdigit():
            code = 1
            if not is_gnu(proc):
                raise UsageError()
            await complain(proc, f"'{word}' is not a valid positive integer")
            continue
        await proc.checkpoint()
        await proc.out(" ".join([f"{int(word)}:", *map(str, factors(int(word)))]) + "\n")
    return code


@tool(
    "[--all] [--ignore=N]",
    "",
    about="Print number of available CPUs",
    long="all=all ignore:=ignore",
    busybox_long="all=all ignore:=ignore",
)
async def nproc(proc: Process, options: Options) -> int:
    count = 0
    with suppress(FileNotFoundError):
        async with opened(proc, "/proc/cpuinfo") as fd:
            reader = LineReader(proc, fd)
            while (line := await reader.next()) is not None:
                count += line.startswith(b"processor")
    ignored = options.value("ignore", "0")
    if not ignored.isdigit():
        raise Failure(either(proc, f"invalid number: '{ignored}'", f"invalid number '{ignored}'"))
    await proc.out(f"{max(1, count - int(ignored))}\n")
    return 0


@tool("", "x", about="Clear screen", gnu="T:V")
async def clear(proc: Process, options: Options) -> int:
    await proc.out("\x1b[H\x1b[2J\x1b[3J" if is_gnu(proc) else "\x1b[H\x1b[J")
    return 0


@tool("", "", about="Reset terminal")
async def reset(proc: Process, options: Options) -> int:
    if proc.terminal is not None:
        proc.terminal.set_attributes(type(proc.terminal.attributes)())
    await proc.out("\x1bc\x1b(B\x1b[m\x1b[J\x1b[?25h")
    return 0
