"""containerd's filter expressions: `field==value,other~=/expression/`, read and refused as containerd does it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from daemon.errors import InvalidParameter

OPERATORS = ("==", "!=", "~=")
MATCHES = "~="
_FIELD, _OPERATOR, _VALUE = (re.compile(text) for text in (r"\w+", r"[=!~]+", r"[^,\s]+"))
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))")
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
QUOTES = '/|"'


@dataclass(frozen=True, slots=True)
class Term:
    """`operator` is empty where a field alone asks whether there is one."""

    field: str
    operator: str = ""
    value: str = ""


def parse(text: str) -> list[Term]:
    """The terms that must all hold; InvalidParameter in containerd's words."""
    return _Parser(text).terms() if text else []


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def terms(self) -> list[Term]:
        found = [self._term()]
        while self._next:
            if self._next != ",":
                raise self._wrong(self._at, f"unexpected input: {self._next}")
            self._at += 1
            found.append(self._term())
        return found

    @property
    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _term(self) -> Term:
        field = self._field()
        if self._next in ("", ","):
            return Term(field)
        self._skip()
        operator = self._take(_OPERATOR)
        if not operator:
            raise self._wrong(self._at, 'expected an operator ("=="|"!="|"~=")')
        if operator not in OPERATORS:
            raise self._wrong(self._at - len(operator), f'unsupported operator "{operator}"')
        return Term(field, operator, self._value(any_quotes=operator == MATCHES))

    def _field(self) -> str:
        parts = [self._part()]
        while self._next == ".":
            self._at += 1
            parts.append(self._part())
        return ".".join(parts)

    def _part(self) -> str:
        self._skip()
        if self._next and self._next in QUOTES:
            return self._quoted(any_quotes=False)
        found = self._take(_FIELD)
        if not found:
            raise self._wrong(self._at, "expected field or quoted")
        return found

    def _value(self, *, any_quotes: bool) -> str:
        self._skip()
        if self._next and self._next in QUOTES:
            return self._quoted(any_quotes=any_quotes)
        found = "" if self._next in (",", ".") else self._take(_VALUE)
        if not found:
            raise self._wrong(self._at, "expected value or quoted")
        return found

    def _quoted(self, *, any_quotes: bool) -> str:
        start, quote = self._at, self._next
        whole = re.compile(rf"{re.escape(quote)}((?:\\.|[^\\\n])*?){re.escape(quote)}")
        match = whole.match(self._text, start)
        if match is None:
            raise self._wrong(start, "quoted literal not terminated")
        if quote != '"' and not any_quotes:
            raise self._wrong(start, "invalid quote encountered")
        self._at = match.end()
        return _ESCAPE.sub(lambda escape: self._character(escape, quote, start), match[1])

    def _character(self, escape: re.Match[str], quote: str, start: int) -> str:
        *hexadecimal, octal, other = escape.groups()
        if number := next(filter(None, hexadecimal), None):
            return chr(int(number, 16))
        if octal:
            return chr(int(octal, 8))
        if other != quote and other not in _NAMED:
            raise self._wrong(start, "illegal escape sequence")
        return _NAMED.get(other, other)

    def _take(self, what: re.Pattern[str]) -> str:
        match = what.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match[0] if match else ""

    def _skip(self) -> None:
        self._take(re.compile(r"\s+"))

    def _wrong(self, at: int, why: str) -> InvalidParameter:
        text = self._text
        place = f"[{text[:at]} >|{text[at]}|< {text[at + 1 :]}]" if at < len(text) else f"[{text}]"
        return InvalidParameter(f"filters: parse error: {place}: {why}: invalid argument")
