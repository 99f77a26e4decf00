"""Command-line options, read as getopt_long reads them: bundles, `--name=value`, prefixes, operands in between."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class OptionError(Exception):
    """The command line is wrong; the text is getopt's, without the program's name."""

    def __init__(self, text: str, musl: str) -> None:
        super().__init__(text)
        self.text = text
        self.musl = musl


class NumberError(Exception):
    """An option wants a number and got something else."""


class Long(NamedTuple):
    """A long option: the key it is stored under and whether it takes an argument ("", ":" or "?")."""

    key: str
    argument: str


@dataclass(slots=True)
class Options:
    """What was given: each option's values in order, and the operands."""

    given: list[tuple[str, str | None]] = field(default_factory=list)
    args: list[str] = field(default_factory=list)

    def __contains__(self, key: str) -> bool:
        return any(name == key for name, _ in self.given)

    def count(self, key: str) -> int:
        return sum(name == key for name, _ in self.given)

    def value(self, key: str, default: str = "") -> str:
        """The last value given for `key`; an option given without its optional value yields ""."""
        for name, value in reversed(self.given):
            if name == key:
                return value or ""
        return default

    def number(self, key: str, default: int = 0) -> int:
        """The value as a count; `default` without the option; NumberError for what is none."""
        text = self.value(key)
        if not text:
            return default
        if not text.lstrip("+-").isdigit():
            raise NumberError(text)
        return int(text)

    def values(self, key: str) -> list[str]:
        return [value or "" for name, value in self.given if name == key]

    def last_of(self, keys: str | tuple[str, ...], default: str = "") -> str:
        """Which of several options that exclude each other came last."""
        for name, _ in reversed(self.given):
            if name in keys:
                return name
        return default


def long_table(text: str) -> dict[str, Long]:
    """Read `name`, `name=KEY`, `name:=KEY` (needs a value) and `name?=KEY` (may have one), separated by spaces."""
    table: dict[str, Long] = {}
    for word in text.split():
        name, _, key = word.partition("=")
        argument = name[-1] if name[-1] in ":?" else ""
        name = name.rstrip(":?")
        table[name] = Long(key or name, argument)
    return table


def short_table(text: str) -> dict[str, str]:
    """Read a getopt string: `ab:c::` gives a: "", b: ":", c: "?"."""
    table: dict[str, str] = {}
    letters = iter(text.replace("::", "?"))
    last = ""
    for letter in letters:
        if letter in ":?":
            table[last] = letter
        else:
            table[letter] = ""
            last = letter
    return table


class Parser:
    """One program's options; parsing keeps no state, so that an instance may be shared."""

    def __init__(self, short: str, long: str = "", *, stop_at_operand: bool = False) -> None:
        self.short = short_table(short)
        self.long = long_table(long)
        self.stop_at_operand = stop_at_operand

    def parse(self, argv: list[str]) -> Options:
        """Parse what follows argv[0]."""
        found = Options()
        words = iter(argv)
        for word in words:
            if word == "--":
                found.args.extend(words)
            elif word.startswith("--"):
                self._long(word[2:], words, found)
            elif word.startswith("-") and len(word) > 1:
                self._bundle(word[1:], words, found)
            else:
                found.args.append(word)
                if self.stop_at_operand:
                    found.args.extend(words)
        return found

    def _bundle(self, letters: str, words: Iterator[str], found: Options) -> None:
        for index, letter in enumerate(letters):
            kind = self.short.get(letter)
            if kind is None:
                raise OptionError(f"invalid option -- '{letter}'", f"unrecognized option: {letter}")
            rest = letters[index + 1 :]
            if not kind:
                found.given.append((letter, None))
            elif rest or kind == "?":
                found.given.append((letter, rest or None))
                return
            else:
                found.given.append((letter, _next(words, letter)))

    def _long(self, word: str, words: Iterator[str], found: Options) -> None:
        name, equals, value = word.partition("=")
        name = self._complete(name)
        option = self.long[name]
        if equals and not option.argument:
            text = f"option '--{name}' doesn't allow an argument"
            raise OptionError(text, f"option does not take an argument: {name}")
        if option.argument == ":" and not equals:
            value = _next(words, name, long=True)
            equals = "="
        found.given.append((option.key, value if equals else None))

    def _complete(self, name: str) -> str:
        if name in self.long:
            return name
        names = [known for known in self.long if known.startswith(name)]
        if not names:
            raise OptionError(f"unrecognized option '--{name}'", f"unrecognized option: {name}")
        if len({self.long[known] for known in names}) > 1:
            listed = " ".join(f"'--{known}'" for known in names)
            text = f"option '--{name}' is ambiguous; possibilities: {listed}"
            raise OptionError(text, f"option is ambiguous: {name}")
        return names[0]


def _next(words: Iterator[str], name: str, *, long: bool = False) -> str:
    try:
        return next(words)
    except StopIteration:
        text = (
            f"option '--{name}' requires an argument"
            if long
            else f"option requires an argument -- '{name}'"
        )
        raise OptionError(text, f"option requires an argument: {name}") from None
