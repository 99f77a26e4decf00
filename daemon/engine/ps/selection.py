"""Which processes ps lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.engine.ps.rows import Row

_FLAGS: dict[str, Callable[[Row], bool]] = {
    "all": lambda _row: True,
    "with tty, no leaders": lambda row: row.tty != "?" and not row.is_leader,
    "no leaders": lambda row: not row.is_leader,
}


@dataclass(slots=True)
class Selection:
    """What a process has to be; whatever one option lets in is in."""

    flags: set[str] = field(default_factory=set)
    listed: list[tuple[str, frozenset[int | str]]] = field(default_factory=list)
    """Fields of a row with the values that are wanted."""
    negated: bool = False

    def includes(self, row: Row, *, bsd: bool) -> bool:
        if "running" in self.flags and row.state not in ("R", "D"):
            return False
        return self._wanted(row, bsd=bsd) != self.negated

    def _wanted(self, row: Row, *, bsd: bool) -> bool:
        if any(getattr(row, name) in values for name, values in self.listed):
            return True
        flags = [flag for name, flag in _FLAGS.items() if name in self.flags]
        if flags:
            return any(flag(row) for flag in flags)
        if self.listed:
            return False
        return self._by_default(row, bsd=bsd)

    def _by_default(self, row: Row, *, bsd: bool) -> bool:
        """dockerd's ps runs as root and has no terminal: what has one is another's, and BSD wants one."""
        if bsd:
            return ("a" in self.flags or row.uid == 0) and ("x" in self.flags or row.tty != "?")
        return row.uid == 0 and row.tty == "?"
