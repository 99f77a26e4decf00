"""sed's script, read into commands: addresses, blocks, labels, substitutions, text."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.programs.common.regex import RegexError, compile_posix


class SedError(Exception):
    """The script is wrong; GNU's words and busybox's."""

    def __init__(self, gnu: str, busybox: str = "", code: int = 1) -> None:
        super().__init__(gnu)
        self.gnu = gnu
        self.busybox = busybox or gnu
        self.code = code


@dataclass(frozen=True, slots=True)
class Address:
    """One address; an empty `pattern` with `is_regex` means the last regex used.

    kinds: "line" n, "last", "regex", "step" n~m, and as a second address "plus" +n and "multiple" ~n.
    """

    kind: str
    number: int = 0
    step: int = 0
    pattern: re.Pattern[bytes] | None = None


@dataclass(slots=True)
class Substitution:
    """What s/// is to do; `parts` of the replacement are literals, group numbers and case switches."""

    pattern: re.Pattern[bytes] | None
    parts: list[bytes | int | str]
    every: bool = False
    nth: int = 1
    show: bool = False
    file: str = ""


@dataclass(slots=True)
class Command:
    """A command with its addresses; `jump` is an index into the flat list of commands."""

    name: str
    first: Address | None = None
    second: Address | None = None
    negated: bool = False
    text: bytes = b""
    label: str = ""
    number: int | None = None
    substitution: Substitution | None = None
    table: bytes = b""
    jump: int = -1
    active_until: int | None = None
    active: bool = False
    opened: bool = False


@dataclass(slots=True)
class Script:
    """The commands in order; `quiet` if the script began with #n."""

    commands: list[Command] = field(default_factory=list)
    quiet: bool = False


_NO_ADDRESS = ":}"
_GNU_ONLY = "zQRWFe"
GNU_PANIC = 4
_CASES = b"LUluE"
_SPECIAL = b"&.*[]^$+?(){}|"
"""Delimiters that keep their backslash: without it they would be operators."""


class _Reader:
    def __init__(self, text: bytes, extended: bool, gnu: bool) -> None:
        self.text = text
        self.extended = extended
        self.gnu = gnu
        self.at = 0
        self.script = Script()
        self.blocks: list[int] = []

    def peek(self, count: int = 1) -> bytes:
        return self.text[self.at : self.at + count]

    def take(self) -> bytes:
        char = self.peek()
        self.at += 1
        return char

    def skip(self, chars: bytes = b" \t") -> None:
        while self.peek() and self.peek() in chars:
            self.at += 1

    def run(self) -> Script:
        if self.text[:3] == b"#n\n" or self.text == b"#n":
            self.script.quiet = True
        while True:
            self.skip(b" \t\n;\r")
            if not self.peek():
                break
            if self.peek() == b"#":
                self._line()
                continue
            self._command()
        if self.blocks and self.gnu:
            raise SedError("-e expression #1, char 0: unmatched `{'")
        while self.blocks:
            self.script.commands[self.blocks.pop()].jump = len(self.script.commands)
        self._resolve()
        return self.script

    def _line(self) -> bytes:
        """The rest of the line, without its newline."""
        end = self.text.find(b"\n", self.at)
        end = len(self.text) if end < 0 else end
        line = self.text[self.at : end]
        self.at = min(end + 1, len(self.text))
        return line

    def _error(self, gnu: str, busybox: str = "") -> SedError:
        at = min(self.at, len(self.text))
        return SedError(f"-e expression #1, char {at}: {gnu}", busybox or gnu)

    def _command(self) -> None:
        command = Command("")
        command.first = self._address(first=True)
        self.skip()
        if command.first and self.peek() == b",":
            self.at += 1
            self.skip()
            command.second = self._address(first=False)
            if command.second is None:
                raise self._error("unexpected `,'", "no address after comma")
        self.skip()
        while self.peek() == b"!":
            self.at += 1
            command.negated = True
            self.skip()
        name = self.take()
        if not name or name in b"\n":
            raise self._error("missing command", "missing command")
        command.name = name.decode("latin-1")
        if command.second and command.name in "qQ" and self.gnu:
            raise self._error("command only uses one address")
        if command.first and command.name in _NO_ADDRESS:
            what = (
                ": doesn't want any addresses" if name == b":" else "} doesn't want any addresses"
            )
            raise self._error(what)
        self._arguments(command)
        self.script.commands.append(command)

    def _address(self, *, first: bool) -> Address | None:
        char = self.peek()
        if char.isdigit():
            return self._number_address()
        if char == b"$":
            self.at += 1
            return Address("last")
        if char == b"/" or char == b"\\":
            self.at += 1
            delimiter = self.take() if char == b"\\" else b"/"
            body = self._delimited(delimiter, regex=True, what="unterminated address regex")
            return Address("regex", pattern=self._regex(body, self._regex_flags()))
        if not first and char in (b"+", b"~") and char:
            self.at += 1
            return Address("plus" if char == b"+" else "multiple", self._number())
        return None

    def _number_address(self) -> Address:
        number = self._number()
        if self.peek() == b"~" and self.gnu:
            self.at += 1
            return Address("step", number, self._number())
        return Address("line", number)

    def _number(self) -> int:
        start = self.at
        while self.peek().isdigit():
            self.at += 1
        return int(self.text[start : self.at] or b"0")

    def _regex_flags(self) -> bytes:
        flags = b""
        while self.peek() and self.peek() in b"IM":
            flags += self.take()
        return flags

    def _regex(self, body: bytes, flags: bytes) -> re.Pattern[bytes] | None:
        if not body:
            return None
        try:
            return compile_posix(
                _control_characters(body),
                extended=self.extended,
                ignore_case=b"I" in flags or b"i" in flags,
                multiline=b"M" in flags or b"m" in flags,
            )
        except RegexError as error:
            raise self._error(str(error), f"bad regex '{os.fsdecode(body)}': {error}") from error

    def _delimited(self, delimiter: bytes, *, regex: bool, what: str) -> bytes:
        """Up to the delimiter, which an escape or (in a regex) brackets may hide."""
        out = bytearray()
        while True:
            char = self.take()
            if not char or (char == b"\n" and regex and not out.endswith(b"\\")):
                raise self._error(what, "unmatched '/'" if regex else what)
            if char == delimiter:
                return bytes(out)
            if char == b"\\":
                following = self.take()
                plain = following == delimiter and delimiter not in _SPECIAL
                out += following if plain else b"\\" + following
            elif char == b"[" and regex:
                out += self._bracket()
            else:
                out += char

    def _bracket(self) -> bytes:
        """A bracket expression as it stands; [ alone if it never closes."""
        found = re.match(
            rb"\^?\]?(?:\[:\w+:\]|\[\.[^.]+\.\]|\[=[^=]+=\]|[^\]\n])*\]", self.text[self.at :]
        )
        if not found:
            return b"["
        self.at += found.end()
        return b"[" + found[0]

    def _arguments(self, command: Command) -> None:
        """What follows the command's letter."""
        name = command.name
        known = self.gnu or name not in _GNU_ONLY
        for letters, read in self._readers():
            if name in letters and known:
                read(command)
                return
        raise self._error(f"unknown command: `{name}'", f"unsupported command {name}")

    def _readers(self) -> tuple[tuple[str, Callable[[Command], None]], ...]:
        return (
            ("{", self._open_block),
            ("}", self._close_block),
            ("s", self._substitution),
            ("y", self._transliteration),
            ("aic", self._text),
            (":btT", self._label),
            ("rRwW", self._filename),
            ("qQlL", self._optional_number),
            ("=dDgGhHnNpPxzF", self._end),
        )

    def _open_block(self, command: Command) -> None:
        self.blocks.append(len(self.script.commands))

    def _close_block(self, command: Command) -> None:
        if not self.blocks:
            if self.gnu:
                raise self._error("unexpected `}'")
            return
        self.script.commands[self.blocks.pop()].jump = len(self.script.commands)
        self._end(command)

    def _optional_number(self, command: Command) -> None:
        self.skip()
        if self.gnu and self.peek().isdigit():
            command.number = self._number()
        if self.gnu:
            self._end(command)

    def _end(self, command: Command) -> None:
        self.skip(b" \t\r")
        char = self.peek()
        if char == b"}" or char == b"#":
            return
        if char and char not in b";\n":
            raise self._error("extra characters after command", "extra characters after command")
        self.at += 1

    def _label(self, command: Command) -> None:
        self.skip()
        stop = b";\n"
        start = self.at
        while self.peek() and self.peek() not in stop:
            if command.name != ":" and self.peek() == b"}":
                break
            self.at += 1
        command.label = self.text[start : self.at].decode("latin-1").strip()
        if command.name == ":" and not command.label:
            raise self._error('":" lacks a label')

    def _filename(self, command: Command) -> None:
        self.skip()
        command.label = os.fsdecode(self._line())
        if not command.label:
            raise self._error("missing filename in r/R/w/W commands", "empty filename")

    def _text(self, command: Command) -> None:
        """The text of a, i and c: after `\\` and a newline, or (GNU, busybox) on the same line."""
        self.skip()
        if self.peek() == b"\\":
            self.at += 1
            after = self.at
            self.skip()
            if self.peek() == b"\n":
                self.at += 1
            else:
                self.at = after
        elif not self.peek():
            raise self._error("expected \\ after `a', `c' or `i'")
        out = bytearray()
        while self.peek():
            char = self.take()
            if char == b"\\":
                following = self.take()
                out += (
                    {b"t": b"\t"}.get(following, following)
                    if self.gnu or following != b"n"
                    else b"\n"
                )
            elif char == b"\n":
                break
            else:
                out += char
        command.text = bytes(out) + b"\n"

    def _transliteration(self, command: Command) -> None:
        delimiter = self.take()
        sides = []
        for _ in range(2):
            body = self._delimited(delimiter, regex=False, what="unterminated `y' command")
            sides.append(
                re.sub(
                    rb"\\(.)",
                    lambda found: {b"n": b"\n", b"t": b"\t"}.get(found[1], found[1]),
                    body,
                    flags=re.S,
                )
            )
        if len(sides[0]) != len(sides[1]):
            raise self._error(
                "strings for `y' command are different lengths",
                "y/// strings have different lengths",
            )
        command.table = bytes.maketrans(sides[0], sides[1])
        self._end(command)

    def _substitution(self, command: Command) -> None:
        delimiter = self.take()
        if not delimiter or delimiter in b"\n\\":
            raise self._error("unterminated `s' command", "bad format in substitution expression")
        body = self._delimited(delimiter, regex=True, what="unterminated `s' command")
        replacement = self._delimited(delimiter, regex=False, what="unterminated `s' command")
        made = Substitution(None, replacement_parts(replacement, cases=self.gnu))
        flags = self._substitution_flags(made)
        made.pattern = self._regex(body, flags)
        groups = made.pattern.groups if made.pattern else 9
        wanted = max((part for part in made.parts if isinstance(part, int)), default=0)
        if wanted > groups:
            raise self._error(f"invalid reference \\{wanted} on `s' command's RHS")
        command.substitution = made
        if not made.file:
            self._end(command)

    def _substitution_flags(self, made: Substitution) -> bytes:
        flags = b""
        while True:
            char = self.peek()
            if char.isdigit():
                made.nth = self._number()
                if not made.nth:
                    raise self._error("number option to `s' command may not be zero")
                continue
            if not char or char not in b"gpiIMmew":
                if char and char not in b" \t\r;\n}#":
                    self.at += 1
                    raise self._error(
                        "unknown option to `s'", "bad option in substitution expression"
                    )
                return flags
            self.at += 1
            if char == b"g":
                made.every = True
                made.nth = made.nth if self.gnu else 1
            elif char == b"p":
                made.show = True
            elif char == b"w":
                self.skip()
                made.file = os.fsdecode(self._line())
                return flags
            else:
                flags += char

    def _resolve(self) -> None:
        commands = self.script.commands
        labels = {
            command.label: index for index, command in enumerate(commands) if command.name == ":"
        }
        for command in commands:
            if command.name in "btT":
                if command.label and command.label not in labels:
                    name = command.label
                    raise SedError(
                        f"can't find label for jump to `{name}'",
                        f"can't find label for jump to '{name}'",
                        GNU_PANIC if self.gnu else 1,
                    )
                command.jump = labels.get(command.label, len(commands))


def _control_characters(pattern: bytes) -> bytes:
    """\\t and its like stand for themselves in a sed pattern, unlike in grep's."""
    letters = {b"t": b"\t", b"f": b"\f", b"v": b"\v", b"r": b"\r", b"a": b"\a"}
    return re.sub(rb"\\(.)", lambda found: letters.get(found[1], found[0]), pattern, flags=re.S)


def replacement_parts(text: bytes, *, cases: bool = True) -> list[bytes | int | str]:
    """Literals, group numbers (0 is &) and the case switches L U l u E."""
    parts: list[bytes | int | str] = []
    literal = bytearray()
    at = 0

    def close() -> None:
        if literal:
            parts.append(bytes(literal))
            literal.clear()

    while at < len(text):
        char = text[at : at + 1]
        at += 1
        if char == b"&":
            close()
            parts.append(0)
        elif char == b"\\" and at < len(text):
            following = text[at : at + 1]
            at += 1
            if following.isdigit():
                close()
                parts.append(int(following))
            elif following in _CASES and cases:
                close()
                parts.append(following.decode())
            else:
                literal += {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(following, following)
        else:
            literal += char
    close()
    return parts


def parse_script(text: bytes, *, extended: bool = False, gnu: bool = True) -> Script:
    """Read a whole script (fragments joined by newlines)."""
    return _Reader(text, extended, gnu).run()
