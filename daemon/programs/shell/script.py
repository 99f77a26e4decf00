"""Scripts whose whole text is known, parsed line by line as they run and cached."""

from collections.abc import Mapping
from functools import lru_cache

from daemon.programs.shell.errors import ShellSyntaxError
from daemon.programs.shell.flavour import Flavour
from daemon.programs.shell.parser import Parser
from daemon.programs.shell.syntax import List

_CACHED_LENGTH = 65536


class Script:
    """The lines of a text. Line `number` is parsed when it is first asked for, so what precedes an error runs."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._lines: list[List] = []
        self._last = False
        self._error: ShellSyntaxError | None = None

    def line(self, number: int, aliases: Mapping[str, str], *, extglob: bool) -> List | None:
        """The commands of line `number`, None after the last; blank lines are skipped."""
        while len(self._lines) <= number and not self._last:
            if self._error is not None:
                raise self._error
            self._parser.aliases, self._parser.extglob = aliases, extglob
            self._parse_more()
        return self._lines[number] if number < len(self._lines) else None

    def is_last(self, number: int) -> bool:
        """Whether nothing but blanks follows line `number`, which has been parsed."""
        parser = self._parser
        return number == len(self._lines) - 1 and not parser.text[parser.pos :].strip()

    def _parse_more(self) -> None:
        try:
            parsed = self._parser.parse_line()
        except ShellSyntaxError as error:
            self._error = error
            raise
        except RecursionError:
            self._error = ShellSyntaxError("too deep")
            raise self._error from None
        if parsed is None:
            self._last = True
        elif parsed.commands:
            self._lines.append(parsed)


@lru_cache(maxsize=256)
def _cached(text: str, flavour: Flavour, extglob: bool, line: int) -> Script:
    return Script(Parser(text, flavour, line=line))


def script_of(
    text: str, flavour: Flavour, *, aliases: Mapping[str, str], extglob: bool, line: int = 1
) -> Script:
    """The script `text`; shared with everyone who runs the same text, unless aliases may change it."""
    if aliases or "alias" in text or len(text) > _CACHED_LENGTH:
        return Script(Parser(text, flavour, line=line))
    return _cached(text, flavour, extglob, line)
