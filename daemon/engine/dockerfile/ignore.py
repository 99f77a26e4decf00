"""`.dockerignore`: its file format and its patterns, by the rules of moby's patternmatcher."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from daemon.engine.dockerfile.errors import DockerfileError

BAD_PATTERN = "syntax error in pattern"


def read_patterns(data: bytes) -> list[str]:
    """The patterns of an ignore file, cleaned and relative to the context, `!` kept."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return [
        _relative(line.strip())
        for line in text.split("\n")
        if line.strip() and not line.startswith("#")
    ]


def _relative(pattern: str) -> str:
    invert = "!" if pattern.startswith("!") else ""
    pattern = pattern.removeprefix("!").strip()
    if pattern:
        pattern = clean(pattern)
    if len(pattern) > 1:
        pattern = pattern.removeprefix("/")
    return invert + pattern


def clean(path: str) -> str:
    """Go's path.Clean: like normpath, but two leading slashes are one."""
    return re.sub("^//", "/", posixpath.normpath(path))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One compiled pattern; `keeps` for an exception (`!`), `text` without that mark."""

    keeps: bool
    text: str
    matches: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a path is left out, and which patterns matched it or a folder above: those below it start there."""

    excluded: bool
    matched: tuple[bool, ...] = ()


class Matcher:
    """Decides which paths of a context are left out: the last pattern that matches the path or a parent wins."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = [_pattern(p.strip()) for p in patterns if p.strip()]

    def excludes(self, path: str) -> bool:
        """Whether `path` (relative, with slashes) is left out."""
        parts = path.split("/")
        candidates = ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]
        for pattern in reversed(self.patterns):
            if any(pattern.matches(candidate) for candidate in candidates):
                return not pattern.keeps
        return False

    def walked(self, path: str, above: Verdict | None = None) -> Verdict:
        """The same on a walk, where clients look at what `above`, the folder's verdict, says and not at its name.

        A pattern that had nothing to change there counts as no match of the folder: here too, or file sets differ.
        """
        excluded, matched = False, []
        for number, pattern in enumerate(self.patterns):
            hit = bool(above and above.matched[number])
            if not hit and pattern.keeps == excluded:
                hit = pattern.matches(path)
            matched.append(hit)
            if hit:
                excluded = not pattern.keeps
        return Verdict(excluded, tuple(matched))

    def enters(self, folder: str) -> bool:
        """Whether a walk looks into a folder that is left out: only an exception's text can make it."""
        return any(p.keeps and f"{p.text}/".startswith(f"{folder}/") for p in self.patterns)

    @property
    def has_exceptions(self) -> bool:
        """Without exceptions an excluded folder need not be walked."""
        return any(pattern.keeps for pattern in self.patterns)


def _pattern(text: str) -> Pattern:
    text = clean(text)
    keeps = text.startswith("!")
    if text == "!":
        raise DockerfileError('illegal exclusion pattern: "!"')
    text = text.removeprefix("!")
    if not _is_well_formed(text):
        raise DockerfileError(BAD_PATTERN)
    return Pattern(keeps, text, _predicate(text))


_CLASS_MEMBER = r"(?:\\.|[^\]\\-])"
_CLASS = rf"\[(?:\^|(?!\^))(?:{_CLASS_MEMBER}(?:-{_CLASS_MEMBER})?)+\]"
_WELL_FORMED = re.compile(rf"(?:{_CLASS}|\\.|[^\[\\])*", re.S)
_ONE_CHARACTER = re.compile(rf"{_CLASS}|\\?.", re.S)
_CHUNK = re.compile(r"\**((?:\\.?|\[(?:\\.?|[^\]\\])*\]?|[^*\\\[])*)", re.S)
"""What stands between two stars that are in no class."""


def _is_well_formed(pattern: str) -> bool:
    """As far as patternmatcher finds out, by matching `.`: it reads no further than to the first chunk that differs."""
    left = "."
    for chunk in (found.group(1) for found in _CHUNK.finditer(pattern)):
        if not _WELL_FORMED.fullmatch(chunk):
            return False
        if not chunk:
            continue
        if not (left and _ONE_CHARACTER.fullmatch(chunk) and _could_be_a_dot(chunk)):
            return True
        left = ""
    return True


def _could_be_a_dot(chunk: str) -> bool:
    try:
        return re.fullmatch(_for_python(_expression(chunk)), ".") is not None
    except re.error:
        return False


_SPECIAL = re.compile(r"[*?\[\]\\]")


def _predicate(pattern: str) -> Callable[[str], bool]:
    """patternmatcher's short cuts do not say what its expressions would: `**x` is any name that ends in x."""
    if not _SPECIAL.search(pattern):
        return pattern.__eq__
    end, start = pattern.removeprefix("**"), pattern.removesuffix("**")
    if not _SPECIAL.search(end):
        return lambda path: path.endswith(end) or end == f"/{path}"
    if not _SPECIAL.search(start):
        return lambda path: path.startswith(start)
    try:
        expression = re.compile(_for_python(_expression(pattern)))
    except re.error:
        return _broken
    return lambda path: expression.fullmatch(path) is not None


def _broken(path: str) -> bool:
    """A pattern that passed the first look; it is an error where it is asked, and only there."""
    raise DockerfileError(BAD_PATTERN)


_TOKEN = re.compile(r"(?P<all>\*\*/?\Z)|(?P<deep>\*\*/?)|(?P<star>\*)|(?P<one>\?)|\\.|.", re.S)
_EXPRESSIONS = {"all": ".*", "deep": "(.*/)?", "star": "[^/]*", "one": "[^/]"}
_ESCAPED = ".+()|{}$"


def _expression(pattern: str) -> str:
    """In Go's syntax: `**` crosses slashes, `*` and `?` do not; brackets and what has a backslash stay as they are.

    This holds between brackets too, which makes a class with `*` in it another class than one would think.
    """
    return "".join(_written(token) for token in _TOKEN.finditer(pattern))


def _written(token: re.Match[str]) -> str:
    if token.lastgroup:
        return _EXPRESSIONS[token.lastgroup]
    text = token.group()
    return f"\\{text}" if text in _ESCAPED else text


def _for_python(expression: str) -> str:
    """Go's `\\z`, and its classes, in which Python wants some characters escaped."""
    out, inside = "", False
    for piece in re.findall(r"\\.|.", expression, re.S):
        if piece == r"\z":
            out += r"\Z"
        else:
            out += f"\\{piece}" if inside and piece in "[&~|" else piece
        inside = piece != "]" if inside else piece == "["
    return out
