"""`docker top`: dockerd runs the host's ps with the client's options and keeps the container's processes.

It tells ps the processes that it wants; where the options do not go with that, it asks for all and picks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from daemon.clock import Clock
from daemon.engine.container import Live
from daemon.engine.ps.listing import NothingSelected, ps
from daemon.engine.ps.rows import Row, host_rows, rows_of
from daemon.engine.ps.words import PsError
from daemon.errors import System

DEFAULT = "-ef"
_TITLED_PID = re.compile(r"\s+(\S*)=\s*(PID\S*)")
"""A column that pretends to be the one by which dockerd knows the processes."""


def top(live: Live, arguments: str, clock: Clock) -> tuple[list[str], list[list[str]] | None]:
    """Titles and rows, None if no process is left."""
    arguments = arguments or DEFAULT
    for name, title in _TITLED_PID.findall(arguments):
        if name != "pid":
            raise System(f'specifying "{name}={title}" is not allowed')
    now = clock.now()
    own = list(rows_of(live, now, clock.monotonic()))
    rows = [*host_rows(now, live.host_pid(0)), *own]
    numbers = {row.pid for row in own}
    titles, *lines = _asked(arguments.split(" "), rows, numbers) or [[]]
    return titles, list(_kept(titles, lines, numbers)) or None


def _asked(words: list[str], rows: Sequence[Row], numbers: Iterable[int]) -> list[list[str]]:
    try:
        return ps([*words, "-q" + ",".join(map(str, numbers))], rows)
    except (PsError, NothingSelected):
        pass
    try:
        return ps(words, rows)
    except PsError as error:
        raise System(f"ps: {error}") from None
    except NothingSelected:
        raise System("ps: exit status 1") from None


def _kept(
    titles: list[str], lines: Iterable[list[str]], numbers: Iterable[int]
) -> Iterable[list[str]]:
    """The lines of the container's processes and threads; what overhangs is the last column's."""
    if "PID" not in titles:
        raise System("Couldn't find PID field in ps output")
    at, last, keeps_threads = titles.index("PID"), len(titles) - 1, False
    for line in lines:
        if line[at] == "-":
            wanted = keeps_threads
        else:
            wanted = keeps_threads = _number(line[at]) in numbers
        if wanted:
            yield [*line[:last], " ".join(line[last:])]


def _number(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text):
        raise System(f"Unexpected pid '{text}': strconv.Atoi: parsing \"{text}\": invalid syntax")
    return int(text)
