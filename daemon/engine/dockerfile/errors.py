"""What is wrong with a Dockerfile, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DockerfileError(Exception):
    """A mistake in the Dockerfile; `lines` is the first and last line it stands on, counted from 1, once known."""

    def __init__(self, message: str, lines: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.lines = lines


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """BuildKit's ` (did you mean X?)` for a near miss, else nothing."""
    close = difflib.get_close_matches(
        word.lower(), [c.lower() for c in candidates], n=1, cutoff=0.7
    )
    if not close:
        return ""
    found = next(c for c in candidates if c.lower() == close[0])
    return f" (did you mean {found}?)"
