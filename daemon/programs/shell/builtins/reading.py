"""Builtins that read: read and mapfile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from daemon.programs.shell.builtins.base import is_name
from daemon.programs.shell.errors import ShellError

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


CHARACTER_COST = 16
"""What one character of an unfinished line is charged with."""


class ReadOptions(NamedTuple):
    """What the letters of `read` ask for."""

    raw: bool = False
    silent: bool = False
    prompt: str = ""
    delimiter: str = "\n"
    limit: int | None = None
    exactly: bool = False
    timeout: float | None = None
    fd: int = 0
    array: str = ""
    edit: str = ""


_KNOWN = {"ash": "rspntud", "dash": "rp", "bash": "rspntNudaei"}
_WITH_ARGUMENT = frozenset("pntNudai")


def _parse(shell: "Shell", args: list[str]) -> tuple[ReadOptions, list[str]]:
    found: dict[str, str] = {}
    known = _KNOWN[shell.flavour.name]
    while args and args[0].startswith("-") and len(args[0]) > 1:
        option = args[0][1:]
        args = args[1:]
        if option == "-":
            break
        while option:
            letter, option = option[0], option[1:]
            if letter not in known:
                raise ShellError("bad option", letter, status=2)
            if letter in _WITH_ARGUMENT:
                if not option and not args:
                    raise ShellError("option argument", letter, status=2)
                found[letter] = option or args[0]
                args = args if option else args[1:]
                option = ""
            else:
                found[letter] = ""
    return _options(shell, found), args


def _options(shell: "Shell", found: dict[str, str]) -> ReadOptions:
    count = found.get("n", found.get("N"))
    if count is not None and not count.isdigit():
        raise ShellError("read number", count, status=1 if shell.flavour.bash else 2)
    try:
        timeout = float(found["t"]) if "t" in found else None
    except ValueError:
        raise ShellError(
            "read timeout", found["t"], status=1 if shell.flavour.bash else 2
        ) from None
    return ReadOptions(
        raw="r" in found,
        silent="s" in found,
        prompt=found.get("p", ""),
        delimiter="" if "N" in found else (found["d"][:1] or "\0") if "d" in found else "\n",
        limit=int(count) if count is not None else None,
        exactly="N" in found,
        timeout=timeout,
        fd=int(found["u"]) if found.get("u", "").isdigit() else 0,
        array=found.get("a", ""),
        edit="e" if "e" in found else "",
    )


async def read(shell: "Shell", argv: list[str]) -> int:
    """`read [options] name...`: one line, split into the names; the last takes the rest."""
    options, names = _parse(shell, argv[1:])
    if not names and shell.flavour.name == "dash":
        raise ShellError("arg count", status=2)
    for name in names:
        if not is_name(name.partition("[")[0]):
            ash = shell.flavour.name == "ash"
            status = 2 if shell.flavour.name == "dash" else 1
            raise ShellError("bad read name" if ash else "bad name", name, status=status, bare=ash)
    if options.prompt and shell.proc.fds.get(options.fd) and shell.proc.isatty(options.fd):
        await shell.say(options.prompt)
    characters, complete, timed_out = await Reader(shell, options).read()
    _distribute(shell, options, names, characters)
    if timed_out:
        return 142 if shell.flavour.bash else 1
    return 0 if complete else 1


class Reader:
    """Reads characters one by one, so that nothing beyond the line is taken from the descriptor.

    A character is (text, escaped): an escaped one never splits.
    """

    def __init__(self, shell: "Shell", options: ReadOptions) -> None:
        self.shell = shell
        self.options = options
        self.characters: list[tuple[str, bool]] = []
        self._held = 0

    async def read(self) -> tuple[list[tuple[str, bool]], bool, bool]:
        """The characters, whether the line was complete, and whether time ran out."""
        deadline = None
        if self.options.timeout is not None:
            deadline = self.shell.proc.machine.clock.monotonic() + self.options.timeout
        try:
            with self._terminal():
                return await self._line(deadline)
        finally:
            self.shell.proc.uncharge(self._held)

    @contextmanager
    def _terminal(self) -> Iterator[None]:
        """-s reads without echo; -n and -d without waiting for the end of a line."""
        options, description = self.options, self.shell.proc.fds.get(self.options.fd)
        terminal = description.terminal if description else None
        by_key = options.limit is not None or options.delimiter != "\n"
        if terminal is None or not (options.silent or by_key):
            yield
            return
        before = terminal.attributes
        echo, icanon = before.echo and not options.silent, before.icanon and not by_key
        terminal.set_attributes(replace(before, echo=echo, icanon=icanon, vmin=1, vtime=0))
        try:
            yield
        finally:
            terminal.set_attributes(before)

    async def _line(self, deadline: float | None) -> tuple[list[tuple[str, bool]], bool, bool]:
        escaped = False
        while self.options.limit is None or len(self.characters) < self.options.limit:
            if len(self.characters) - self._held // CHARACTER_COST > 4096:
                self._held += 4096 * CHARACTER_COST
                self.shell.proc.charge(4096 * CHARACTER_COST)
            char = await self._character(deadline)
            if char is None:
                return self.characters, False, True
            if char == "":
                return self.characters, False, False
            if escaped:
                escaped = False
                if char != "\n":
                    self.characters.append((char, True))
            elif char == "\\" and not self.options.raw:
                escaped = True
            elif char == self.options.delimiter:
                return self.characters, True, False
            elif char != "\0":
                self.characters.append((char, False))
        return self.characters, True, False

    async def _character(self, deadline: float | None) -> str | None:
        """One character, "" at the end, None when time ran out."""
        data = await self._byte(deadline)
        if not data:
            return None if data is None else ""
        length = 1 + (data[0] >= 0xC0) + (data[0] >= 0xE0) + (data[0] >= 0xF0)
        while len(data) < length and (more := await self._byte(None)):
            data += more
        return os.fsdecode(data)

    async def _byte(self, deadline: float | None) -> bytes | None:
        proc = self.shell.proc
        while True:
            try:
                if deadline is not None:
                    left = max(0.0, deadline - proc.machine.clock.monotonic())
                    if not await proc.wait_readable([self.options.fd], left):
                        return None
                return await proc.read(self.options.fd, 1)
            except InterruptedError:
                await self.shell.interrupted()
            except OSError as error:
                raise ShellError(
                    "read error", str(self.options.fd), error.strerror or "", status=1
                ) from None


async def read_line(shell: "Shell", fd: int) -> tuple[str, bool]:
    """One raw line without its newline, and whether it had one."""
    characters, complete, _ = await Reader(shell, ReadOptions(raw=True, fd=fd)).read()
    return "".join(char for char, _ in characters), complete


def _distribute(
    shell: "Shell", options: ReadOptions, names: list[str], characters: list[tuple[str, bool]]
) -> None:
    ifs_value = shell.variables.get("IFS")
    ifs = " \t\n" if ifs_value is None else ifs_value
    if options.array:
        fields = split_fields(characters, ifs, None)
        shell.variables.unset(options.array)
        shell.variables.set_array(options.array, dict(enumerate(fields)))
        return
    if not names:
        shell.variables.set("REPLY", "".join(char for char, _ in characters))
        return
    if options.exactly:
        _assign(shell, names[0], "".join(char for char, _ in characters))
        fields = []
        names = names[1:]
    else:
        fields = split_fields(characters, ifs, len(names))
    for number, name in enumerate(names):
        _assign(shell, name, fields[number] if number < len(fields) else "")


def _assign(shell: "Shell", name: str, text: str) -> None:
    base, bracket, rest = name.partition("[")
    if bracket:
        key = shell.array_key(base, rest.removesuffix("]"))
        shell.variables.set_element(base, key, text)
    else:
        shell.variables.set(name, text)


def split_fields(characters: list[tuple[str, bool]], ifs: str, limit: int | None) -> list[str]:
    """Split by IFS into at most `limit` fields; the last one keeps what separates the rest."""
    blanks = {char for char in ifs if char in " \t\n"}
    others = set(ifs) - blanks
    pos, end = 0, len(characters)

    def is_in(where: int, group: set[str]) -> bool:
        return where < end and not characters[where][1] and characters[where][0] in group

    while is_in(pos, blanks):
        pos += 1
    fields: list[str] = []
    while pos < end:
        if limit is not None and len(fields) == limit - 1:
            fields.append(_last_field(characters, pos, blanks, others))
            break
        start = pos
        while pos < end and not is_in(pos, blanks) and not is_in(pos, others):
            pos += 1
        fields.append("".join(char for char, _ in characters[start:pos]))
        while is_in(pos, blanks):
            pos += 1
        if is_in(pos, others):
            pos += 1
            while is_in(pos, blanks):
                pos += 1
    return fields


def _last_field(
    characters: list[tuple[str, bool]], pos: int, blanks: set[str], others: set[str]
) -> str:
    """The rest of the line: without the blanks at its end, and without one separator if it is the only one."""
    rest = characters[pos:]
    while rest and not rest[-1][1] and rest[-1][0] in blanks:
        rest.pop()
    if rest and not rest[-1][1] and rest[-1][0] in others:
        inner = [char for char, escaped in rest[:-1] if not escaped]
        if not any(char in others or char in blanks for char in inner):
            rest.pop()
            while rest and not rest[-1][1] and rest[-1][0] in blanks:
                rest.pop()
    return "".join(char for char, _ in rest)


async def mapfile(shell: "Shell", argv: list[str]) -> int:
    """`mapfile [-t] [-n count] [-s skip] [-O origin] [-d delimiter] [-u fd] [array]`."""
    args = argv[1:]
    found: dict[str, str] = {}
    while args and args[0].startswith("-") and len(args[0]) > 1:
        letter, value = args[0][1], args[0][2:]
        args = args[1:]
        if letter == "t":
            found["t"] = ""
            continue
        if letter not in "nsOdu" or (not value and not args):
            raise ShellError("bad option", letter, status=2)
        found[letter] = value or args[0]
        args = args if value else args[1:]
    name = args[0] if args else "MAPFILE"
    delimiter = (found["d"][:1] or "\0") if "d" in found else "\n"
    options = ReadOptions(raw=True, fd=int(found.get("u", "0")), delimiter=delimiter)
    limit, skip = int(found.get("n", "0")), int(found.get("s", "0"))
    lines: list[str] = []
    while not limit or len(lines) < limit + skip:
        characters, complete, _ = await Reader(shell, options).read()
        text = "".join(char for char, _ in characters)
        if not complete and not text:
            break
        lines.append(text + ("" if "t" in found or not complete else delimiter))
        if not complete:
            break
    origin = int(found.get("O", "0"))
    if "O" not in found:
        shell.variables.set_array(name, {})
    for number, line in enumerate(lines[skip:]):
        shell.variables.set_element(name, origin + number, line)
    return 0
