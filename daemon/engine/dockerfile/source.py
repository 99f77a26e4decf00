"""From a Dockerfile's bytes to its logical lines: directives, comments, continuations, here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.words import Lexer

DIRECTIVES = ("syntax", "escape", "check")
TAKES_HEREDOC = ("add", "copy", "run")
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_HEREDOC = re.compile(r"(\d*)<<(-?)\s*([^<]*)")
_SPACE = re.compile(r"[\t\v\f\r ]+")


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: `name` ended it, `expand` unless any part of the name was quoted, `chomp` for `<<-`."""

    name: str
    expand: bool
    chomp: bool
    content: str = ""

    @property
    def text(self) -> str:
        """The content, without leading tabs for `<<-`."""
        return re.sub(r"(?m)^\t+", "", self.content) if self.chomp else self.content


@dataclass(frozen=True, slots=True)
class Line:
    """One instruction as written: `start` and `end` count from 1, here-documents included."""

    keyword: str
    flags: tuple[str, ...]
    rest: str
    original: str
    start: int
    end: int
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[str, ...] = ()
    escape: str = "\\"
    newest: bool = False
    """A `# syntax=` line asked for a newer language than the engine's own."""


@dataclass(slots=True)
class Source:
    """A whole Dockerfile as lines. `warnings` holds (text, line) of empty continuation lines."""

    lines: list[Line] = field(default_factory=list)
    escape: str = "\\"
    directives: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, int]] = field(default_factory=list)


def read(data: bytes) -> Source:
    """The logical lines of a Dockerfile; DockerfileError with the line where it goes wrong."""
    return _Reader(data).read()


def split_instruction(text: str, escape: str) -> tuple[str, tuple[str, ...], str]:
    """Keyword, --flags and the rest of one logical line."""
    keyword, *rest = _SPACE.split(text.strip(), maxsplit=1)
    flags, remaining = _take_flags(rest[0] if rest else "", escape)
    return keyword, flags, remaining.strip()


def heredoc(word: str) -> Heredoc | None:
    """What a word like `<<-"EOF"` announces, or None for any other word."""
    match = _HEREDOC.fullmatch(word)
    if not match or not match.group(3):
        return None
    names = Lexer(keep_unset=True).words(match.group(3), {})
    if len(names) != 1:
        return None
    raw = Lexer(keep_unset=True, raw_quotes=True).words(match.group(3), {})
    return Heredoc(names[0], expand=raw == names, chomp=bool(match.group(2)))


class _Reader:
    def __init__(self, data: bytes) -> None:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
        self.physical = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.at = 0
        self.source = Source()
        self.directives_over = False

    def read(self) -> Source:
        comments: list[str] = []
        while self.at < len(self.physical):
            line = self._next().strip("\r\n").lstrip()
            if line.startswith("#"):
                comments = self._comment(line, comments)
                continue
            self.directives_over = True
            if line:
                self._instruction(line, tuple(comments))
                comments = []
        if not self.source.lines:
            raise DockerfileError("file with no instructions", (self.at, self.at))
        return self.source

    def _next(self) -> str:
        self.at += 1
        line: str = self.physical[self.at - 1]
        return line

    def _comment(self, line: str, comments: list[str]) -> list[str]:
        if not self.directives_over and self._directive(line):
            return comments
        said = line[1:].strip()
        return [*comments, said] if said else []

    def _directive(self, line: str) -> bool:
        match = _DIRECTIVE.match(line)
        name = match.group(1).lower() if match else ""
        if not match or name not in DIRECTIVES:
            self.directives_over = True
            return False
        if name in self.source.directives:
            raise DockerfileError(f"only one {name} parser directive can be used", (1, 1))
        value = self.source.directives[name] = match.group(2)
        if name == "escape":
            if value not in ("`", "\\"):
                raise DockerfileError(f"invalid escape token '{value}' does not match ` or \\")
            self.source.escape = value
        return True

    def _instruction(self, first: str, comments: tuple[str, ...]) -> None:
        start = self.at
        text = self._joined(first)
        if not text.strip():
            return
        try:
            keyword, flags, rest = split_instruction(text, self.source.escape)
            bodies = tuple(self._heredocs(keyword, text))
        except DockerfileError as problem:
            raise DockerfileError(problem.message, (start, self.at)) from None
        line = Line(
            keyword,
            flags,
            rest,
            text,
            start,
            self.at,
            bodies,
            comments,
            self.source.escape,
            "syntax" in self.source.directives,
        )
        self.source.lines.append(line)

    def _joined(self, line: str) -> str:
        """The line with its continuations, their leading space kept, comments and blank lines between left out."""
        whole, more = self._continued(line)
        blank = False
        while more and self.at < len(self.physical):
            following = self._next().rstrip("\r\n")
            if following.lstrip().startswith("#"):
                continue
            if not following.strip():
                blank = True
                continue
            piece, more = self._continued(following)
            whole += piece
        if blank:
            self.source.warnings.append((whole, self.at))
        return whole

    def _continued(self, line: str) -> tuple[str, bool]:
        body = line.rstrip(" \t")
        escape = self.source.escape
        if body.endswith(escape) and not body.endswith(escape * 2):
            return body[:-1], True
        return line, False

    def _heredocs(self, keyword: str, text: str) -> Iterator[Heredoc]:
        words = text.split()
        takes = keyword.lower()
        if takes == "onbuild" and len(words) > 1:
            takes = words[1].lower()
        if takes not in TAKES_HEREDOC or "<<" not in text:
            return
        lexer = Lexer(keep_unset=True, raw_quotes=True, raw_escapes=True)
        try:
            found = lexer.words(text, {})
        except DockerfileError:
            return
        for word in found:
            if announced := heredoc(word):
                yield self._body(announced)

    def _body(self, announced: Heredoc) -> Heredoc:
        content: list[str] = []
        while self.at < len(self.physical):
            line = self._next()
            end = line.rstrip("\r\n")
            if (end.lstrip("\t") if announced.chomp else end) == announced.name:
                return Heredoc(announced.name, announced.expand, announced.chomp, "".join(content))
            content.append(line)
        raise DockerfileError("unterminated heredoc")


def _take_flags(text: str, escape: str) -> tuple[tuple[str, ...], str]:
    flags: list[str] = []
    rest = text.lstrip()
    while rest.startswith("--"):
        word, rest = _flag_word(rest, escape)
        if word == "--":
            return tuple(flags), rest
        flags.append(word)
        rest = rest.lstrip()
    return tuple(flags), rest


def _flag_word(text: str, escape: str) -> tuple[str, str]:
    """One flag with its quotes and escapes resolved, and what follows it."""
    word, quote, at = "", "", 0
    while at < len(text):
        char = text[at]
        if char == escape:
            at += 1
            word += text[at : at + 1]
        elif quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in "'\"":
            quote = char
        elif char.isspace():
            break
        else:
            word += char
        at += 1
    return word, text[at:]
