"""Go's path.Match as a regular expression: stars and question marks stop at slashes."""

from __future__ import annotations

import functools
import re

from daemon.errors import System

_TOKEN = re.compile(r"\*|\?|\[(\^?)((?:\\.|[^\\\]])+)\]|\\(.)|([^*?\[\\])", re.DOTALL)
_IN_CLASS = re.compile(r"\\(.)|(.)", re.DOTALL)


@functools.lru_cache(maxsize=128)
def compiled(pattern: str) -> re.Pattern[str]:
    """Raises System with Go's text, as dockerd answers 500 to a bad pattern."""
    parts, position = [], 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise System("syntax error in pattern")
        parts.append(_expression(token))
        position = token.end()
    return re.compile("".join(parts), re.DOTALL)


def _expression(token: re.Match[str]) -> str:
    if token[0] == "*":
        return "[^/]*"
    if token[0] == "?":
        return "[^/]"
    if token[2] is not None:
        return f"[{token[1]}{_IN_CLASS.sub(_member, token[2])}]"
    return re.escape(token[3] or token[4])


def _member(match: re.Match[str]) -> str:
    """A dash between characters stays a range; anything that Python's classes treat specially is escaped."""
    if match[1] is not None:
        return re.escape(match[1])
    return match[2] if match[2] == "-" else re.escape(match[2])
