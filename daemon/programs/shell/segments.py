"""Segments of a half-expanded word, and how they are split into fields."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from daemon.programs.common import glob

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

# Text as written, text that means itself, the result of an unquoted expansion, the end of a field.
LITERAL, QUOTED, EXPANDED, BREAK = range(4)
Segment = tuple[int, str]

DEFAULT_IFS = " \t\n"


@lru_cache(maxsize=64)
def _delimiter(ifs: str) -> re.Pattern[str]:
    """What separates fields: runs of IFS white space around at most one other IFS character."""
    space = "".join(re.escape(char) for char in ifs if char in " \t\n")
    other = "".join(re.escape(char) for char in ifs if char not in " \t\n")
    blanks = f"[{space}]*" if space else ""
    choices = ([f"{blanks}[{other}]{blanks}"] if other else []) + ([f"[{space}]+"] if space else [])
    return re.compile("|".join(choices))


class Splitter:
    """Segments to fields."""

    def __init__(self, shell: "Shell", segments: list[Segment]) -> None:
        self.segments = segments
        ifs = shell.variables.get("IFS")
        self.ifs = DEFAULT_IFS if ifs is None else ifs
        self.globbing = "f" not in shell.options
        self.extended = "extglob" in shell.shopts
        self.current: list[Segment] = []
        self.out: list[tuple[str, str | None]] = []

    def fields(self) -> list[tuple[str, str | None]]:
        """Each field's text, and its pattern if it is one."""
        for kind, text in self.segments:
            if kind == BREAK:
                self._flush(force=False)
            elif kind == EXPANDED and self.ifs:
                self._split(text)
            elif kind == QUOTED or text:
                self.current.append((kind, text))
        self._flush(force=False)
        return self.out

    def _split(self, text: str) -> None:
        pos = 0
        for matched in _delimiter(self.ifs).finditer(text):
            if matched.start() > pos:
                self.current.append((EXPANDED, text[pos : matched.start()]))
            self._flush(force=not matched.group().isspace())
            pos = matched.end()
        if pos < len(text):
            self.current.append((EXPANDED, text[pos:]))

    def _flush(self, *, force: bool) -> None:
        if not self.current and not force:
            return
        text = "".join(piece for _, piece in self.current)
        magic = self.globbing and any(
            kind != QUOTED and glob.has_magic(piece, extended=self.extended)
            for kind, piece in self.current
        )
        pattern = None
        if magic:
            pattern = "".join(
                glob.escape(piece) if kind == QUOTED else piece for kind, piece in self.current
            )
        self.out.append((text, pattern))
        self.current = []
