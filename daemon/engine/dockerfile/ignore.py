"""`.dockerignore`: its file format and its patterns, by the rules of moby's patternmatcher."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
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
    """One compiled pattern; `keeps` for an exception (`!`)."""

    keeps: bool
    regex: re.Pattern[str]


class Matcher:
    """Decides which paths of a context are left out: the last pattern that matches the path or a parent wins."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = [_pattern(p.strip()) for p in patterns if p.strip()]

    def excludes(self, path: str) -> bool:
        """Whether `path` (relative, with slashes) is left out."""
        parts = path.split("/")
        candidates = ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]
        for pattern in reversed(self.patterns):
            if any(pattern.regex.fullmatch(candidate) for candidate in candidates):
                return not pattern.keeps
        return False

    @property
    def has_exceptions(self) -> bool:
        """Without exceptions an excluded folder need not be walked."""
        return any(pattern.keeps for pattern in self.patterns)


def _pattern(text: str) -> Pattern:
    text = clean(text)
    keeps = text.startswith("!")
    if text == "!":
        raise DockerfileError('illegal exclusion pattern: "!"')
    try:
        return Pattern(keeps, re.compile(_regex(text.removeprefix("!")), re.S))
    except re.error:
        raise DockerfileError(BAD_PATTERN) from None


def _regex(pattern: str) -> str:
    """`**` crosses slashes, `*` and `?` do not, brackets are classes, a backslash takes the next character as it is."""
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            at += 3 if pattern.startswith("/", at + 2) else 2
            out += ".*" if at >= len(pattern) else "(?:.*/)?"
            continue
        if char == "[":
            end = _class_end(pattern, at)
            out += _class(pattern[at + 1 : end])
            at = end + 1
            continue
        if char == "\\":
            at += 1
            if at == len(pattern):
                raise DockerfileError(BAD_PATTERN)
        out += _SINGLE.get(char) or re.escape(pattern[at])
        at += 1
    return out


_SINGLE = {"*": "[^/]*", "?": "[^/]"}


def _class_end(pattern: str, at: int) -> int:
    first = at + 2 if pattern.startswith("^", at + 1) else at + 1
    end = first
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    if end >= len(pattern) or end == first:
        raise DockerfileError(BAD_PATTERN)
    return end


def _class(body: str) -> str:
    negated = "^" if body.startswith("^") else ""
    return f"[{negated}{body.removeprefix('^').replace('[', chr(92) + '[')}]"
