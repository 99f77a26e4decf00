"""`docker top`: dockerd runs the host's ps with the client's options and keeps the container's processes.

Columns are a table; options are read in ps's three styles as far as people use them with Docker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from daemon.clock import NANOSECONDS, Clock
from daemon.engine.container import Live
from daemon.errors import System
from daemon.process.process import Process

PAGE_KIB: Final = 4
PROGRAM_KIB: Final = 1600
"""What a small static binary has resident before it allocates anything."""
_HOST_USERS = {0: "root", 1: "daemon", 33: "www-data", 65534: "nobody"}


@dataclass(frozen=True, slots=True)
class Row:
    """One process, seen from the host."""

    process: Process
    live: Live
    now: int
    started: int

    @property
    def pid(self) -> int:
        return self.live.host_pid(self.process.pid)

    @property
    def ppid(self) -> int:
        """The parent of what the host started is the shim, just before our processes."""
        return self.live.host_pid(self.process.ppid)

    @property
    def user(self) -> str:
        uid = self.process.cred.uid
        return _HOST_USERS.get(uid, str(uid))

    @property
    def tty(self) -> str:
        terminal = self.process.terminal
        return f"pts/{terminal.number or 0}" if terminal else "?"

    @property
    def command(self) -> str:
        return " ".join(self.process.argv) or f"[{self.process.name}]"

    @property
    def rss(self) -> int:
        return PROGRAM_KIB + self.process.memory // 1024

    @property
    def cpu(self) -> int:
        return int(self.process.cpu_seconds)

    @property
    def age(self) -> int:
        return (self.now - self.started) // NANOSECONDS

    @property
    def load(self) -> float:
        return 100 * self.process.cpu_seconds / max(1, self.age)


def _clock(seconds: int, hours: bool = True) -> str:
    minutes, seconds = divmod(seconds, 60)
    if not hours:
        return f"{minutes}:{seconds:02d}"
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def _elapsed(seconds: int) -> str:
    text = _clock(seconds)
    return text.removeprefix("00:") if seconds < 3600 else text


def _start(row: Row, pattern: str = "%H:%M") -> str:
    return datetime.fromtimestamp(row.started // NANOSECONDS, UTC).strftime(pattern)


def _stat(row: Row) -> str:
    leader = "s" if row.process.sid == row.process.pid else ""
    terminal = row.process.terminal
    foreground = "+" if terminal and terminal.foreground == row.process.pgid else ""
    return f"{row.process.state}{leader}{foreground}"


Column = tuple[str, Callable[[Row], str]]
COLUMNS: dict[str, Column] = {
    "pid": ("PID", lambda r: str(r.pid)),
    "label": ("LABEL", lambda _row: "-"),
    "ppid": ("PPID", lambda r: str(r.ppid)),
    "pgid": ("PGID", lambda r: str(r.live.host_pid(r.process.pgid))),
    "sid": ("SID", lambda r: str(r.live.host_pid(r.process.sid))),
    "user": ("USER", lambda r: r.user),
    "uname": ("USER", lambda r: r.user),
    "euser": ("EUSER", lambda r: r.user),
    "ruser": ("RUSER", lambda r: r.user),
    "uid": ("UID", lambda r: str(r.process.cred.uid)),
    "gid": ("GID", lambda r: str(r.process.cred.gid)),
    "UID": ("UID", lambda r: r.user),
    "comm": ("COMMAND", lambda r: r.process.name),
    "ucmd": ("CMD", lambda r: r.process.name),
    "args": ("COMMAND", lambda r: r.command),
    "command": ("COMMAND", lambda r: r.command),
    "cmd": ("CMD", lambda r: r.command),
    "c": ("C", lambda r: str(int(r.load))),
    "pcpu": ("%CPU", lambda r: f"{r.load:.1f}"),
    "%cpu": ("%CPU", lambda r: f"{r.load:.1f}"),
    "pmem": ("%MEM", lambda r: "0.0"),
    "%mem": ("%MEM", lambda r: "0.0"),
    "vsz": ("VSZ", lambda r: str(r.rss + 668)),
    "rss": ("RSS", lambda r: str(r.rss)),
    "sz": ("SZ", lambda r: str((r.rss + 668) // PAGE_KIB)),
    "tty": ("TTY", lambda r: r.tty),
    "tt": ("TT", lambda r: r.tty),
    "tname": ("TTY", lambda r: r.tty),
    "stat": ("STAT", _stat),
    "s": ("S", lambda r: r.process.state),
    "state": ("S", lambda r: r.process.state),
    "start": ("STARTED", lambda r: _start(r, "%H:%M:%S")),
    "start_time": ("START", _start),
    "stime": ("STIME", _start),
    "lstart": ("STARTED", lambda r: _start(r, "%a %b %e %H:%M:%S %Y")),
    "time": ("TIME", lambda r: _clock(r.cpu)),
    "bsdtime": ("TIME", lambda r: _clock(r.cpu, hours=False)),
    "etime": ("ELAPSED", lambda r: _elapsed(r.age)),
    "etimes": ("ELAPSED", lambda r: str(r.age)),
    "ni": ("NI", lambda r: "0"),
    "nice": ("NI", lambda r: "0"),
    "pri": ("PRI", lambda r: "80"),
    "psr": ("PSR", lambda r: "0"),
    "f": ("F", lambda r: "4"),
    "addr": ("ADDR", lambda r: "-"),
    "wchan": ("WCHAN", lambda r: "-"),
    "nlwp": ("NLWP", lambda r: "1"),
    "lwp": ("LWP", lambda r: str(r.pid)),
}
SHORT = ("pid", "tty", "time", "ucmd")
FULL = ("UID", "pid", "ppid", "c", "stime", "tty", "time", "cmd")
EXTRA_FULL = ("UID", "pid", "ppid", "c", "sz", "rss", "psr", "stime", "tty", "time", "cmd")
LONG = ("f", "s", "uid", "pid", "ppid", "c", "pri", "ni", "addr", "sz", "wchan", "tty", "time", "ucmd")  # fmt: skip
BSD = ("pid", "tty", "stat", "bsdtime", "args")
BSD_USER = (
    "user", "pid", "%cpu", "%mem", "vsz", "rss", "tty", "stat", "start_time", "bsdtime", "args",
)  # fmt: skip
_UNIX_FORMATS = {"f": FULL, "F": EXTRA_FULL, "l": LONG}
_UNIX_SELECTION = frozenset("eAadNHcLTjMywV")
_BSD_SELECTION = frozenset("axgrTwhceSnv")


def top(live: Live, arguments: str, clock: Clock) -> tuple[list[str], list[list[str]]]:
    """Titles and rows."""
    columns = parse_options(arguments)
    titles = [title for title, _ in columns]
    if "PID" not in titles:
        raise System("Couldn't find PID field in ps output")
    processes = sorted(live.machine.own_processes, key=lambda process: process.pid)
    now, elapsed = clock.now(), clock.monotonic()
    rows = [
        Row(process, live, now, now - int((elapsed - process.started_at) * NANOSECONDS))
        for process in processes
    ]
    return titles, [[show(row) for _, show in columns] for row in rows]


def parse_options(arguments: str) -> list[Column]:
    """The columns that ps shows for these options; its errors for those it does not know."""
    words = arguments.split() or ["-ef"]
    chosen: list[Column] = []
    formats: list[tuple[str, ...]] = []
    while words:
        word = words.pop(0)
        if word.startswith("-") and "x" not in word.partition("o")[0]:
            _unix_word(word[1:], words, chosen, formats)
        else:
            # procps reads what it does not know with a dash, such as -x, as if there were none.
            _bsd_word(word.removeprefix("-"), words, chosen, formats)
    if chosen:
        return chosen
    labelled = ["label"] if _shows_labels(arguments) else []
    return [COLUMNS[name] for name in (*labelled, *(formats[-1] if formats else SHORT))]


def _shows_labels(arguments: str) -> bool:
    return any(word.startswith("-") and "Z" in word for word in arguments.split())


def _unix_word(
    letters: str, words: list[str], chosen: list[Column], formats: list[tuple[str, ...]]
) -> None:
    for position, letter in enumerate(letters):
        if letter == "o":
            chosen += _user_defined(letters[position + 1 :] or (words.pop(0) if words else ""))
            return
        if letter in _UNIX_FORMATS:
            formats.append(_UNIX_FORMATS[letter])
        elif letter not in _UNIX_SELECTION and letter != "Z":
            raise System("ps: error: unsupported SysV option")


def _bsd_word(
    letters: str, words: list[str], chosen: list[Column], formats: list[tuple[str, ...]]
) -> None:
    for position, letter in enumerate(letters):
        if letter == "o":
            chosen += _user_defined(letters[position + 1 :] or (words.pop(0) if words else ""))
            return
        if letter == "u":
            formats.append(BSD_USER)
        elif letter in "fl" or letter in _BSD_SELECTION:
            formats[:] = formats or [BSD]
        else:
            raise System("ps: error: unsupported option (BSD syntax)")


def _user_defined(text: str) -> list[Column]:
    """`pid,comm=NAME`: what follows an equals sign is the title of all the rest."""
    columns = []
    names, equals, title = text.partition("=")
    for name in names.split(","):
        if name not in COLUMNS:
            raise System(f'ps: error: unknown user-defined format specifier "{name}"')
        columns.append(COLUMNS[name])
    if equals and columns:
        columns[-1] = (title, columns[-1][1])
    return columns
