"""The query string as Docker's handlers read it."""

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from daemon.errors import InvalidParameter, System
from daemon.filters import Filters
from daemon.server.filters import parse_filters

_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_FALSE = frozenset({"", "0", "no", "false", "none"})


class Query:
    """Decoded once; a broken escape refuses the request as Go's ParseForm does."""

    def __init__(self, text: str = "") -> None:
        self._values: dict[str, list[str]] = {}
        for part in text.split("&") if text else ():
            if part:
                self._add(part)

    def _add(self, part: str) -> None:
        if ";" in part:
            raise InvalidParameter("invalid semicolon separator in query")
        if bad := _BAD_ESCAPE.search(part):
            raise InvalidParameter(f'invalid URL escape "{bad.group()}"')
        key, _, value = part.partition("=")
        # The form of os.fsdecode: what is not UTF-8 in a path survives.
        self._values.setdefault(unquote_plus(key), []).append(
            unquote_plus(value, errors="surrogateescape")
        )

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, default: str = "") -> str:
        values = self._values.get(name)
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def flag(self, name: str, default: bool = False) -> bool:
        """Docker's BoolValue: only these spellings are false, anything else is true."""
        if name not in self._values:
            return default
        return self._values[name][0].strip().lower() not in _FALSE

    def int(self, name: str, default: int = 0, function: str = "Atoi") -> int:
        """A decimal number; Docker answers 500 to anything else, in the words of strconv's `function`."""
        text = self.get(name)
        if not text:
            return default
        problem = f'strconv.{function}: parsing "{text}": '
        if not _INTEGER.fullmatch(text):
            raise System(problem + "invalid syntax")
        if not -(1 << 63) <= int(text) < 1 << 63:
            raise System(problem + "value out of range")
        return int(text)

    def filters(self, accepted: Iterable[str] | None) -> Filters:
        return parse_filters(self.get("filters"), accepted)
