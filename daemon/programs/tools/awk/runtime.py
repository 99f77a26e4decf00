"""awk's running state: variables, the current record and its fields, files and pipes."""

import os
import re
from collections.abc import Awaitable, Callable

from daemon.process.process import Process
from daemon.process.status import ExitStatus
from daemon.programs.tools.awk.lexer import AwkError
from daemon.programs.tools.awk.values import UNSET, Array, Input, Value, number, regex, text
from daemon.programs.tools.lines import TURN, Output

FIELDS_MAX = 1 << 20
SPECIAL: dict[str, Value] = {
    "FS": " ",
    "OFS": " ",
    "ORS": "\n",
    "RS": "\n",
    "NR": 0.0,
    "FNR": 0.0,
    "FILENAME": "",
    "SUBSEP": "\x1c",
    "CONVFMT": "%.6g",
    "OFMT": "%.6g",
    "RSTART": 0.0,
    "RLENGTH": -1.0,
}


class RecordReader:
    """Records of one descriptor, split by RS as it is at the moment of reading."""

    def __init__(self, proc: Process, fd: int, before_read: Callable[[], Awaitable[None]]) -> None:
        self.proc = proc
        self.fd = fd
        self.held = b""
        self.ready: list[bytes] = []
        self.ready_by = ""
        self.ended = False
        self.before_read = before_read

    async def next(self, separator: str) -> str | None:
        """The next record, None at the end."""
        if self.ready:
            if separator == self.ready_by:
                if len(self.ready) % TURN == 0:
                    await self.proc.checkpoint()
                return self.ready.pop().decode("latin-1")
            self._take_back()
        while True:
            found = self._split(separator)
            if found is not None:
                record, self.held = found
                return record.decode("latin-1")
            if self.ended:
                return self._last(separator)
            await self.before_read()
            data = await self.proc.read(self.fd)
            if data:
                self.held += data
            else:
                self.ended = True

    def _split(self, separator: str) -> tuple[bytes, bytes] | None:
        if len(separator) == 1:
            return self._split_by_character(separator)
        if separator == "":
            return self._paragraph()
        match = regex(separator).search(self.held.decode("latin-1"))
        if not match or (match.end() == len(self.held) and not self.ended) or not match[0]:
            return None
        return self.held[: match.start()], self.held[match.end() :]

    def _split_by_character(self, separator: str) -> tuple[bytes, bytes] | None:
        """All records that are there are cut at once; the later ones wait in `ready`."""
        records = self.held.split(separator.encode("latin-1"))
        if len(records) == 1:
            return None
        rest = records.pop()
        records.reverse()
        first = records.pop()
        self.ready, self.ready_by = records, separator
        return first, rest

    def _take_back(self) -> None:
        """RS has changed: what was cut but not used is whole again."""
        mark = self.ready_by.encode("latin-1")
        self.held = b"".join(record + mark for record in reversed(self.ready)) + self.held
        self.ready = []

    def _paragraph(self) -> tuple[bytes, bytes] | None:
        held = self.held.lstrip(b"\n")
        found = re.search(rb"\n\n+", held)
        if not found or (found.end() == len(held) and not self.ended):
            return None
        return held[: found.start()], held[found.end() :]

    def _last(self, separator: str) -> str | None:
        held, self.held = self.held, b""
        if separator == "":
            held = held.strip(b"\n")
        elif separator != "\n" and len(separator) > 1:
            held = held.removesuffix(b"\n")
        return held.decode("latin-1") if held else None


class Runtime:
    """Everything that closures read and write while a program runs."""

    def __init__(self, proc: Process, names: list[str]) -> None:
        self.proc = proc
        self.slots = {name: index for index, name in enumerate(names)}
        self.globals: list[Value] = [SPECIAL.get(name, UNSET) for name in names]
        self.texts = {name: text(value) for name, value in SPECIAL.items()}
        self.arrays: dict[str, Array] = {}
        self.locals: list[Value | Array] = []
        self.record = ""
        self.fields: list[str] | None = []
        self.stale = False
        self.out = Output(proc)
        self.outputs: dict[str, tuple[Output, int, int]] = {}
        self.readers: dict[str, tuple[RecordReader, int]] = {}
        self.seed = 0.0
        self.state = 1
        self.steps = 0

    # --- variables

    def get(self, name: str) -> Value:
        return self.globals[self.slots[name]] if name in self.slots else SPECIAL.get(name, UNSET)

    def set(self, name: str, value: Value) -> None:
        if name == "NF":
            self.set_count(value)
        elif name in self.slots:
            self.globals[self.slots[name]] = value
            if name in self.texts:
                self.texts[name] = text(value)

    def text_of(self, name: str) -> str:
        """A special variable as a string."""
        return self.texts[name]

    def count_record(self) -> None:
        """NR and FNR go up; both are read as numbers far more often than as strings."""
        slots, values = self.slots, self.globals
        for name in ("NR", "FNR"):
            values[slots[name]] = number(values[slots[name]]) + 1

    def array(self, name: str) -> Array:
        return self.arrays.setdefault(name, {})

    # --- record and fields

    def set_record(self, record: str) -> None:
        self.record = record
        self.fields = None
        self.stale = False

    def current(self) -> str:
        if self.stale:
            self.record = self.text_of("OFS").join(self.fields or [])
            self.stale = False
        return self.record

    def split_fields(self) -> list[str]:
        if self.fields is None:
            self.fields = list(split(self.record, self.text_of("FS"), self.text_of("RS") == ""))
        return self.fields

    def field(self, index: float) -> Value:
        at = int(index)
        if at == 0:
            return Input(self.current())
        if at < 0:
            raise AwkError(f"access to negative field {at}")
        fields = self.split_fields()
        return Input(fields[at - 1]) if at <= len(fields) else UNSET

    def set_field(self, index: float, value: Value) -> None:
        at = int(index)
        shown = text(value, self.text_of("CONVFMT"))
        if at == 0:
            self.set_record(shown)
            return
        if at < 0 or at > FIELDS_MAX:
            raise AwkError(f"access to field {at}")
        fields = self.split_fields()
        while len(fields) < at:
            fields.append("")
        fields[at - 1] = shown
        self.stale = True

    def count(self) -> float:
        return float(len(self.split_fields()))

    def set_count(self, value: Value) -> None:
        wanted = max(0, min(FIELDS_MAX, int(number(value))))
        fields = self.split_fields()
        self.fields = [*fields[:wanted], *[""] * (wanted - len(fields))]
        self.stale = True

    # --- output

    async def output(self, name: str, mode: str) -> Output:
        """Where `print > name`, `>> name` or `| name` goes; opened once."""
        key = f"|{name}" if mode == "|" else name
        if key in self.outputs:
            return self.outputs[key][0]
        if mode == "|":
            made = await self._pipe_to(name)
        elif name in ("/dev/stdout", "-"):
            return self.out
        elif name == "/dev/stderr":
            made = (Output(self.proc, 2, 0), -1, 0)
        else:
            flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if mode == ">>" else os.O_TRUNC)
            fd = await self.proc.open(os.fsdecode(name.encode("latin-1")), flags, 0o666)
            made = (Output(self.proc, fd), fd, 0)
        self.outputs[key] = made
        return made[0]

    def shell_words(self, command: str) -> list[str]:
        return ["sh", "-c", os.fsdecode(command.encode("latin-1"))]

    async def _pipe_to(self, command: str) -> tuple[Output, int, int]:
        await self.flush()
        reading, writing = self.proc.pipe()
        child = await self.proc.spawn(
            self.shell_words(command), path="/bin/sh", fds={0: reading, 1: 1, 2: 2}
        )
        self.proc.close(reading)
        return Output(self.proc, writing), writing, child.pid

    async def flush(self) -> None:
        await self.out.flush()
        for output, _, _ in self.outputs.values():
            await output.flush()

    async def flush_stdout(self) -> None:
        await self.out.flush()

    # --- input from files and commands

    async def reader(self, name: str, mode: str) -> RecordReader | None:
        """The reader of a file or command, kept until close(); None if it cannot be opened."""
        key = f"|{name}" if mode == "|" else name
        if key in self.readers:
            return self.readers[key][0]
        pid = 0
        if mode == "|":
            await self.flush()
            reading, writing = self.proc.pipe()
            child = await self.proc.spawn(
                self.shell_words(name), path="/bin/sh", fds={0: 0, 1: writing, 2: 2}
            )
            self.proc.close(writing)
            fd, pid = reading, child.pid
        elif name in ("-", "/dev/stdin"):
            fd = 0
        else:
            try:
                fd = await self.proc.open(os.fsdecode(name.encode("latin-1")))
            except OSError:
                return None
        made = RecordReader(self.proc, fd, self.flush_stdout)
        self.readers[key] = (made, pid)
        return made

    async def close(self, name: str) -> float:
        """close(): -1 if nothing of that name is open, else the command's exit code."""
        result = -1.0
        for key in (name, f"|{name}"):
            if key in self.outputs:
                output, fd, pid = self.outputs.pop(key)
                await output.flush()
                result = await self._finish(fd, pid)
            if key in self.readers:
                reader, pid = self.readers.pop(key)
                result = await self._finish(reader.fd, pid)
        return result

    async def _finish(self, fd: int, pid: int) -> float:
        if fd > 2:
            self.proc.close(fd)
        if not pid:
            return 0.0
        _, status = await self.proc.wait(pid)
        return float(status.shell_code) if isinstance(status, ExitStatus) else 0.0

    async def close_all(self) -> None:
        await self.flush()
        for key in [*self.outputs, *self.readers]:
            await self.close(key.removeprefix("|"))


_WORD = re.compile(r"[^ \t\n]+")


def split(record: str, separator: str, paragraphs: bool = False) -> list[str]:
    """Fields by FS: blanks, one character, every character (empty FS) or a regular expression."""
    if separator == " ":
        # str.split would take latin-1's no-break space for a blank.
        return record.split() if record.isascii() else _WORD.findall(record)
    if not record:
        return []
    if separator == "":
        return list(record)
    if paragraphs:
        pattern = re.escape(separator) if len(separator) == 1 else regex(separator).pattern
        return re.split(f"\n|{pattern}", record)
    if len(separator) == 1 and separator != "\\":
        return record.split(separator)
    if separator == "\\":
        return record.split("\\")
    return split_by(record, regex(separator))


def split_by(record: str, pattern: re.Pattern[str]) -> list[str]:
    """Pieces between the non-empty matches."""
    pieces = []
    at = 0
    for found in pattern.finditer(record):
        if found[0]:
            pieces.append(record[at : found.start()])
            at = found.end()
    pieces.append(record[at:])
    return pieces
