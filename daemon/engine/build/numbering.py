"""The names that a client sees a stage's steps by: `[stage k/n] RUN …`."""

from __future__ import annotations

import contextlib
import math
from collections import ChainMap
from collections.abc import Iterable, Sequence

from daemon.engine.build import operations as ops
from daemon.engine.build.draft import Draft
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile import source as lines
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.words import Lexer

MAKES_FILES = ("ADD", "COPY", "RUN", "WORKDIR")
HIDDEN = "****"


class Numbering:
    """`[stage k/n]` in front of the names of what changes files."""

    def __init__(self, label: str, base: ops.Input, instructions: Iterable[i.Instruction]) -> None:
        self.label = label
        self.total = int(not isinstance(base, ops.Scratch | ops.FromStage))
        self.total += sum(instruction.keyword in MAKES_FILES for instruction in instructions)
        self.at = 0
        self.prefix = ""
        """What stands in front of an instruction that the base image triggers."""

    def count(self, triggers: Sequence[i.Instruction]) -> None:
        """All of them, of whatever kind, count once FROM has its number."""
        self.total += len(triggers)

    def vertex(self, text: str) -> str:
        self.at += 1
        width = int(1 + math.log10(self.total))
        label = f"{self.label} " if self.label else ""
        return f"[{label}{self.at:>{width}}/{self.total}] {text}"

    def step(self, draft: Draft, line: lines.Line, *, raw_quotes: bool, suffix: str = "") -> str:
        """The instruction as written, its known variables replaced."""
        text = line.original.strip() + suffix
        lexer = Lexer(draft.escape, keep_unset=raw_quotes, raw_quotes=raw_quotes)
        hidden = dict.fromkeys(_secret_names(line), HIDDEN)
        with contextlib.suppress(DockerfileError):
            text = lexer.word(text, ChainMap(hidden, draft.variables))
        keyword, space, rest = text.partition(" ")
        return self.vertex(f"{self.prefix}{keyword.upper()}{space}{rest}")


def _secret_names(line: lines.Line) -> list[str]:
    """Variables that hold secrets: `RUN --mount=type=secret,env=NAME`."""
    flags = [flag for flag in line.flags if flag.startswith("--mount=")]
    return [
        field.removeprefix("env=")
        for flag in flags
        if "type=secret" in flag
        for field in flag.split(",")
        if field.startswith("env=")
    ]
