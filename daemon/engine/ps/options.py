"""The options of ps, in the three styles that it mixes: `-ef`, `aux`, `--sort=pid`.

What cannot be read with its dashes is read once more without them, as procps does: that is what makes `-aux` work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from daemon.engine.ps.columns import AIX, COLUMNS, NOT_IN_FORMATS, Column
from daemon.engine.ps.selection import Selection
from daemon.engine.ps.words import LISTS, PsError


@dataclass(slots=True)
class Options:
    """What was asked for."""

    bsd: bool = False
    """Any option without a dash makes the defaults BSD's."""
    layouts: set[str] = field(default_factory=set)
    """Letters of the fixed formats, those with a dash keep it: `u`, `-f`."""
    columns: list[Column] = field(default_factory=list)
    """Chosen one by one."""
    more: list[Column] = field(default_factory=list)
    """Chosen with -O, in the middle of usual ones."""
    modifiers: set[str] = field(default_factory=set)
    sort: list[tuple[Column, bool]] = field(default_factory=list)
    """With each whether it descends."""
    selection: Selection = field(default_factory=Selection)
    quick: frozenset[int | str] | None = None
    """Only these processes, without a look at any other."""
    says: str = ""
    """Words that are printed instead of a list."""


def read(words: Sequence[str]) -> Options:
    """PsError with ps's words for what it does not understand."""
    try:
        options = _checked(_Reader(words, strict=True).read())
    except PsError as error:
        try:
            options = _checked(_Reader(words, strict=False).read())
        except PsError:
            raise error from None
    _check_quick(options)
    return options


def _checked(options: Options) -> Options:
    fixed = options.layouts
    bsd = {letter for letter in fixed if not letter.startswith("-")}
    own = bool(options.columns or options.more)
    if options.says and (fixed or own or options.modifiers or options.selection.listed):
        raise PsError("the option is exclusive")
    if len(bsd) > 1 or (bsd and fixed - bsd) or (own and fixed):
        raise PsError("conflicting format options")
    if {"-L", "-T"} <= options.modifiers:
        raise PsError("thread flags conflict; can't use both -L and -T")
    if own and options.modifiers & {"-P", "-y", "Z"}:
        raise PsError("can not use output modifiers with user-defined output")
    if "-y" in options.modifiers and "-l" not in fixed and not options.bsd:
        raise PsError("modifier -y without format -l makes no sense")
    return options


def _check_quick(options: Options) -> None:
    if options.quick is None:
        return
    conflict = (
        "be used together with forest type listings" if "forest" in options.modifiers
        else "be used together with sort options" if options.sort
        else "be used together with negation switches" if options.selection.negated
        else "be combined with other selection options" if options.selection.listed
        else ""
    )  # fmt: skip
    if conflict:
        raise PsError(f"q/-q/--quick-pid cannot {conflict}.", plain=True)


class _Reader:
    """One pass over the words; `strict` tells words with a dash from those without."""

    def __init__(self, words: Sequence[str], *, strict: bool) -> None:
        self._words = list(words)
        self._strict = strict
        self._options = Options()
        self._formats: list[tuple[str, str]] = []
        """Options and texts of formats and sort keys: ps looks at them when it has seen all words."""

    def read(self) -> Options:
        while self._words:
            self._word(self._words.pop(0))
        for option, text in self._formats:
            self._format(option, text)
        return self._options

    def _word(self, word: str) -> None:
        bare = word.lstrip("-")
        if not bare[:1].isalnum():
            raise PsError("garbage option")
        if word.startswith("--"):
            self._long(bare)
        elif bare[0].isdigit():
            self._list("-s" if word.startswith("-") else "p", bare)
        elif word.startswith("-") and self._strict:
            self._letters(bare, _SYSV, "-", "unsupported SysV option")
        else:
            self._options.bsd = True
            self._letters(bare, _BSD, "", "unsupported option (BSD syntax)")

    def _letters(self, text: str, table: dict[str, Action], dash: str, refusal: str) -> None:
        for position, letter in enumerate(text):
            action = table.get(letter)
            if action is None:
                raise PsError(refusal)
            if isinstance(action, Flag):
                action.apply(self._options)
                continue
            option = f"{dash}{letter}"
            rest = text[position + 1 :]
            if letter == "t" and not dash and not rest:
                rest = "?"  # our own terminal: dockerd's ps has none
            if not rest and not self._words:
                raise PsError(action.missing.format(option=option))
            self._take(option, rest or self._words.pop(0))
            return

    def _long(self, text: str) -> None:
        name, equals, value = text.replace(":", "=", 1).partition("=")
        action = _LONG.get(name)
        if action is None:
            raise PsError("unknown gnu long option")
        if isinstance(action, Flag):
            if equals:
                raise PsError(f"option --{name} does not take an argument")
            action.apply(self._options)
            return
        if not value and (equals or not self._words):
            raise PsError(action.missing.format(option=f"--{name}"))
        self._take(action.option or f"--{name}", value or self._words.pop(0))

    def _take(self, option: str, value: str) -> None:
        letter = option.lstrip("-")
        if letter in ("o", "O", "k", "sort"):
            self._options.bsd |= option == "O"
            self._formats.append((letter, value))
        elif letter == "cols":
            if not value.isdecimal() or not int(value):
                raise PsError("number of columns must follow --cols, --width, or --columns")
        elif letter == "rows":
            if not value.isdecimal() or not int(value):
                raise PsError("number of rows must follow --rows or --lines")
        else:
            self._list(option, value)

    def _format(self, letter: str, text: str) -> None:
        if letter == "o":
            self._options.columns += user_defined(text)
        elif letter == "O":
            self._options.more += user_defined(text)
        else:
            self._options.sort += sort_keys(text)

    def _list(self, option: str, value: str) -> None:
        if option in ("q", "-q", "--quick-pid"):
            if self._options.quick is not None:
                raise PsError("q/-q/--quick-pid can only be used once.", plain=True)
            self._options.quick = frozenset(LISTS["-p"].read(value))
            return
        self._options.bsd |= not option.startswith("-")
        kind = LISTS[option]
        self._options.selection.listed.append((kind.column, frozenset(kind.read(value))))


@dataclass(frozen=True, slots=True)
class Flag:
    """An option without an argument."""

    apply: Callable[[Options], None]


@dataclass(frozen=True, slots=True)
class Argument:
    """An option with one; `missing` is said if there is none."""

    missing: str
    option: str = ""


Action = Flag | Argument


def _nothing(_options: Options) -> None:
    """Known, and without a consequence for what dockerd shows."""


def _layout(letter: str) -> Flag:
    return Flag(lambda options: options.layouts.add(letter))


def _modifier(*letters: str) -> Flag:
    return Flag(lambda options: options.modifiers.update(letters))


def _select(word: str) -> Flag:
    def select(options: Options) -> None:
        options.selection.flags.add(word)

    return Flag(select)


def _negate(options: Options) -> None:
    options.selection.negated = True


def _says(text: str) -> Flag:
    def say(options: Options) -> None:
        options.says = text

    return Flag(say)


def _own_terminal(options: Options) -> None:
    options.selection.listed.append(("tty", frozenset({"?"})))


_FORMAT = Argument("format specification must follow {option}", "-o")
_SORT = Argument("long sort specification must follow {option}", "--sort")
_COLUMNS = Argument("number of columns must follow --cols, --width, or --columns", "--cols")
_ROWS = Argument("number of rows must follow --rows or --lines", "--rows")
_QUICK = Argument("List of process IDs must follow {option}.")
_MORE = Argument("format or sort specification must follow {option}")
_VERSION = _says("ps from procps-ng 4.0.2")
_LIST = _says("%cpu %CPU")

_SYSV: dict[str, Action] = {
    **dict.fromkeys("Ae", _select("all")),
    "a": _select("with tty, no leaders"),
    "d": _select("no leaders"),
    "N": Flag(_negate),
    **{letter: _layout(f"-{letter}") for letter in "fFlj"},
    **{letter: _modifier(f"-{letter}") for letter in "LTycP"},
    "M": _modifier("label"),
    "Z": _modifier("label", "Z"),
    "m": _modifier("threads"),
    "H": _modifier("forest"),
    "w": Flag(_nothing),
    "V": _VERSION,
    "o": _FORMAT,
    "O": _MORE,
    "q": _QUICK,
    **{letter: Argument(LISTS[f"-{letter}"].missing) for letter in "CGUgpstu"},
}
_BSD: dict[str, Action] = {
    "a": _select("a"),
    "x": _select("x"),
    "r": _select("running"),
    "T": Flag(_own_terminal),
    "g": Flag(_nothing),
    **{letter: _layout(letter) for letter in "jlsuvX"},
    "c": _modifier("c"),
    "e": _modifier("e"),
    "n": _modifier("n"),
    "f": _modifier("forest", "ascii"),
    "h": _modifier("no headers"),
    "m": _modifier("threads"),
    "M": _modifier("label"),
    "Z": _modifier("label", "Z"),
    **dict.fromkeys("HSw", Flag(_nothing)),
    "L": _LIST,
    "V": _VERSION,
    "k": Argument("long sort specification must follow 'k'"),
    "o": _FORMAT,
    "O": _MORE,
    "q": _QUICK,
    "t": Argument(""),
    **{letter: Argument(LISTS[letter].missing) for letter in "Up"},
}
_LONG: dict[str, Action] = {
    "deselect": Flag(_negate),
    "forest": _modifier("forest", "ascii"),
    **dict.fromkeys(("no-headers", "no-heading", "no-headings", "noheader", "noheaders", "noheading", "noheadings"), _modifier("no headers")),
    **dict.fromkeys(("headers", "heading", "headings", "header", "cumulative"), Flag(_nothing)),
    "context": _modifier("context"),
    "help": _says("Usage:"),
    "info": _says("ps from procps-ng 4.0.2"),
    "version": _VERSION,
    "format": _FORMAT,
    "sort": _SORT,
    **dict.fromkeys(("cols", "columns", "width"), _COLUMNS),
    **dict.fromkeys(("rows", "lines"), _ROWS),
    "quick-pid": _QUICK,
    **{name.lstrip("-"): Argument(kind.missing) for name, kind in LISTS.items() if name.startswith("--")},
}  # fmt: skip


def user_defined(text: str) -> list[Column]:
    """`pid,comm=NAME,user:20`, or `%p%c`."""
    if text.startswith("%"):
        return _aix(text)
    columns = []
    for item in _items(text, "improper format list"):
        spec, equals, title = item.partition("=")
        name, colon, width = spec.partition(":")
        if colon and (not width.isdecimal() or not int(width)):
            raise PsError("column widths must be unsigned decimal numbers")
        if "%" in name[:1] and name not in COLUMNS:
            raise PsError("improper AIX field descriptor")
        if name not in COLUMNS or name in NOT_IN_FORMATS:
            raise PsError(f'unknown user-defined format specifier "{name}"')
        column = COLUMNS[name]
        columns.append(replace(column, title=title) if equals else column)
    return columns


def _aix(text: str) -> list[Column]:
    if text in COLUMNS:
        return [COLUMNS[text]]
    columns = []
    for item in text.split("%")[1:]:
        if not item:
            raise PsError("missing AIX field descriptor")
        if item[1:].strip():
            raise PsError("improper AIX field descriptor")
        if item[0] not in AIX:
            raise PsError("unknown AIX field descriptor")
        columns.append(COLUMNS[AIX[item[0]]])
    return columns


def sort_keys(text: str) -> list[tuple[Column, bool]]:
    """`-pid,+user`."""
    keys = []
    for item in _items(text, "improper sort list"):
        name = item.lstrip("+-")
        if name not in COLUMNS or name in NOT_IN_FORMATS:
            raise PsError("unknown sort specifier")
        keys.append((COLUMNS[name], item.startswith("-")))
    return keys


def _items(text: str, refusal: str) -> list[str]:
    """Between commas or blanks, of which one at the end does no harm."""
    items = text.replace("\t", ",").replace(" ", ",").removesuffix(",").split(",")
    if not all(items):
        raise PsError(refusal)
    return items
