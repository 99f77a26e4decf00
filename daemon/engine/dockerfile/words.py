"""Words of a Dockerfile: quotes, escapes and `${variable}` forms, as BuildKit's shell lexer reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from daemon.engine.dockerfile.errors import DockerfileError

SPECIAL = frozenset("$<'\"")
"""A text with none of these, and no escape, means itself."""
SPECIAL_PARAMETERS = "@*#?-$!0"
_NAME = re.compile(r"\d+|[@*#?\-$!]|\w+")
END = ""
NO_CHARACTER = "\ufffd"
"""How Go prints the end of a text as a character."""


class Lexer:
    """Expands variables and splits words.

    `keep_unset` leaves references to unknown names as they stand; `raw_quotes` and `raw_escapes` keep quote and
    escape characters in the result; with `plain_quotes` a quote is like any other character. After a call, `matched` and `unmatched` name the variables that were asked for.
    """

    def __init__(
        self,
        escape: str = "\\",
        *,
        keep_unset: bool = False,
        raw_quotes: bool = False,
        raw_escapes: bool = False,
        plain_quotes: bool = False,
    ) -> None:
        self.escape = escape
        self.keep_unset = keep_unset
        self.raw_quotes = raw_quotes
        self.raw_escapes = raw_escapes
        self.plain_quotes = plain_quotes
        self.matched: set[str] = set()
        self.unmatched: set[str] = set()

    def word(self, text: str, env: Mapping[str, str]) -> str:
        """`text` with every reference replaced; spaces stay."""
        return self._scan(text, env).text

    def words(self, text: str, env: Mapping[str, str]) -> list[str]:
        """`text` expanded first and then split at unquoted white space."""
        return self._scan(text, env).words

    def _scan(self, text: str, env: Mapping[str, str]) -> _Scan:
        self.matched, self.unmatched = set(), set()
        scan = _Scan(self, text, env)
        if SPECIAL.isdisjoint(text) and self.escape not in text:
            scan.text, scan.words = text, text.split()
            return scan
        try:
            scan.run(END, raw_escapes=self.raw_escapes)
        except DockerfileError as problem:
            raise DockerfileError(
                f'failed to process "{go_escape(text)}": {problem.message}'
            ) from None
        return scan


class _Scan:
    """One pass over one text."""

    def __init__(self, lexer: Lexer, text: str, env: Mapping[str, str]) -> None:
        self.lexer = lexer
        self.source = text
        self.env = env
        self.at = 0
        self.text = ""
        self.words: list[str] = []

    def peek(self) -> str:
        return self.source[self.at : self.at + 1]

    def next(self) -> str:
        char = self.peek()
        self.at += len(char)
        return char

    def run(self, stop: str, *, raw_escapes: bool) -> str:
        """Read up to `stop` (which is consumed) or the end; leaves the words found in `words`."""
        result: list[str] = []
        words = _Words()
        while (char := self.peek()) != END:
            if char == stop:
                self.next()
                self.words = words.finish()
                return "".join(result)
            piece = self._piece(char, raw_escapes, words)
            result.append(piece)
        if stop != END:
            raise DockerfileError(f"unexpected end of statement while looking for matching {stop}")
        self.text, self.words = "".join(result), words.finish()
        return self.text

    def _piece(self, char: str, raw_escapes: bool, words: _Words) -> str:
        if char == "$":
            return words.split(self._dollar())
        if char == "'" and not self.lexer.plain_quotes:
            return words.add(self._single_quoted())
        if char == '"' and not self.lexer.plain_quotes:
            return words.add(self._double_quoted(raw_escapes))
        if char == "<":
            return words.add(self._less())
        self.next()
        if char != self.lexer.escape:
            return words.split(char)
        escaped = self.next()
        return words.add((char if raw_escapes else "") + escaped)

    def _less(self) -> str:
        """`<`, or `<<` with the white space behind it: a here-document's operator is one word with its name."""
        match = re.compile(r"<<\s*|<").match(self.source, self.at)
        assert match
        self.at = match.end()
        return match.group()

    def _single_quoted(self) -> str:
        end = self.source.find("'", self.at + 1)
        if end < 0:
            raise DockerfileError(
                "unexpected end of statement while looking for matching single-quote"
            )
        inner = self.source[self.at + 1 : end]
        self.at = end + 1
        return f"'{inner}'" if self.lexer.raw_quotes else inner

    def _double_quoted(self, raw_escapes: bool) -> str:
        quote = '"' if self.lexer.raw_quotes else ""
        result = [quote]
        self.next()
        while (char := self.peek()) != '"':
            if char == END:
                raise DockerfileError(
                    "unexpected end of statement while looking for matching double-quote"
                )
            if char == "$":
                result.append(self._dollar())
                continue
            self.next()
            if char == self.lexer.escape:
                char = self._escaped_in_quotes(raw_escapes)
            result.append(char)
        self.next()
        return "".join(result) + quote

    def _escaped_in_quotes(self, raw_escapes: bool) -> str:
        """Within double quotes only `"`, `$` and the escape itself can be escaped."""
        escape = self.lexer.escape
        kept = escape if raw_escapes else ""
        if self.peek() in ('"', "$", escape):
            return kept + self.next()
        return kept if self.peek() == END else kept + escape

    def _name(self) -> str:
        match = _NAME.match(self.source, self.at)
        if not match:
            return ""
        self.at = match.end()
        return match.group()

    def _value(self, name: str) -> str | None:
        value = self.env.get(name)
        (self.lexer.unmatched if value is None else self.lexer.matched).add(name)
        return value

    def _dollar(self) -> str:
        self.next()
        if self.peek() == "{":
            self.next()
            return self._braced()
        name = self._name()
        if not name:
            return "$"
        value = self._value(name)
        if value is None:
            return f"${name}" if self.lexer.keep_unset else ""
        return value

    def _braced(self) -> str:
        if self.peek() == END:
            raise DockerfileError("syntax error: missing '}'")
        if self.peek() in "{}:":
            raise DockerfileError("syntax error: bad substitution")
        name, operator = self._name(), self.next()
        if operator == "}":
            value = self._value(name)
            if value is None:
                return f"${{{name}}}" if self.lexer.keep_unset else ""
            return value
        if operator == "/":
            return self._replace(name)
        colon = operator == ":"
        if colon:
            operator = self.next()
        spelled = f":{operator}" if colon else operator
        if operator == END or operator not in "+-?#%" or (colon and operator in "#%"):
            written = spelled if operator else f"{spelled}{NO_CHARACTER}"
            raise DockerfileError(f"unsupported modifier ({written}) in substitution")
        word = self._operand("}", raw_escapes=operator in "#%")
        value = self._value(name)
        if value is None and self.lexer.keep_unset:
            return f"${{{name}{spelled}{word}}}"
        return _modify(name, value, operator, word, empty_is_unset=colon)

    def _operand(self, stop: str, *, raw_escapes: bool) -> str:
        words = self.words
        try:
            return self.run(stop, raw_escapes=raw_escapes)
        except DockerfileError:
            if self.peek() == END:
                missing = "missing '/' in ${}" if stop == "/" else "missing '}'"
                raise DockerfileError(f"syntax error: {missing}") from None
            raise
        finally:
            self.words = words

    def _replace(self, name: str) -> str:
        everywhere = self.peek() == "/"
        if everywhere:
            self.next()
        pattern = self._operand("/", raw_escapes=True)
        replacement = self._operand("}", raw_escapes=True)
        value = self._value(name)
        if value is None and self.lexer.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        regex = glob_regex(pattern, greedy=True)
        return re.sub(regex, lambda _: replacement, value or "", count=0 if everywhere else 1)


class _Words:
    """Collects words while text arrives as quoted or splittable pieces."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.current = ""

    def add(self, text: str) -> str:
        self.current += text
        return text

    def split(self, text: str) -> str:
        for char in text:
            if not char.isspace():
                self.current += char
            elif self.current:
                self.found.append(self.current)
                self.current = ""
        return text

    def finish(self) -> list[str]:
        return [*self.found, self.current] if self.current else self.found


def _modify(name: str, value: str | None, operator: str, word: str, *, empty_is_unset: bool) -> str:
    missing = value is None or (empty_is_unset and not value)
    match operator:
        case "-":
            return word if missing else value or ""
        case "+":
            return "" if missing else word
        case "?":
            if not missing:
                return value or ""
            why = "unset" if value is None else "empty"
            raise DockerfileError(f"{name}: {word or f'is not allowed to be {why}'}")
    return _trim(value or "", operator, word)


def _trim(value: str, operator: str, pattern: str) -> str:
    """`#` and `%`: the shortest, doubled the longest, match of the pattern goes."""
    greedy = pattern.startswith(operator)
    pattern = pattern[1:] if greedy else pattern
    if operator == "#":
        match = re.match(glob_regex(pattern, greedy=greedy), value, re.S)
        return value[match.end() :] if match else value
    regex = re.compile(glob_regex(pattern, greedy=True), re.S)
    starts = range(len(value) + 1) if greedy else range(len(value), -1, -1)
    return next((value[:at] for at in starts if regex.fullmatch(value, at)), value)


def glob_regex(pattern: str, *, greedy: bool) -> str:
    """A regular expression for `*`, `?` and backslash escapes; other characters stand for themselves."""
    out = []
    chars = iter(pattern)
    for char in chars:
        if char == "*":
            out.append(".*" if greedy else ".*?")
        elif char == "?":
            out.append(".")
        else:
            out.append(re.escape(_escaped(chars, pattern) if char == "\\" else char))
    return "".join(out)


def _escaped(chars: Iterator[str], pattern: str) -> str:
    """What a backslash in a pattern is in front of; only what is special can be."""
    char = next(chars, NO_CHARACTER)
    if char in "*?\\/}":
        return char
    raise DockerfileError(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{char}'")


def go_escape(text: str) -> str:
    """The inside of Go's %q for the characters that a Dockerfile line may hold."""
    out = text.replace("\\", "\\\\").replace('"', '\\"')
    return out.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def split_quoted(text: str, escape: str) -> list[str]:
    """Words at unquoted white space, quotes and escapes kept: the first step of ENV, LABEL and ARG."""
    words: list[str] = []
    word, quote, started, at = "", "", False, 0
    while at < len(text):
        char = text[at]
        if not quote and char.isspace():
            if started:
                words.append(word)
            word, started = "", False
        elif char == escape and quote != "'":
            # an escape at the very end is dropped
            word += text[at : at + 2] if at + 1 < len(text) else ""
            started = started or at + 1 < len(text)
            at += 1
        else:
            if char == quote:
                quote = ""
            elif not quote and char in "'\"":
                quote = char
            word, started = word + char, True
        at += 1
    return [*words, word] if started else words
