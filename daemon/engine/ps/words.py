"""Lists behind the options of ps: process numbers, users, groups, terminals, command names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from daemon.engine.ps.rows import GROUPS, USERS

LARGEST_PID = 0x7FFFFFFF
COMMAND_LENGTH = 15
"""How much of a command's name the kernel keeps."""
_TTY = re.compile(r"(/dev/)?(pts/\d+|\?|-)")


class PsError(Exception):
    """ps prints this and exits with 1; `plain` without the word error before it."""

    def __init__(self, text: str, *, plain: bool = False) -> None:
        super().__init__(text if plain else f"error: {text}")


def _pid(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text):
        raise PsError("process ID list syntax error")
    if not 0 < int(text) <= LARGEST_PID:
        raise PsError("process ID out of range")
    return int(text)


def _named(names: dict[int, str], refusal: str) -> Callable[[str], int]:
    numbers = {name: number for number, name in names.items()}

    def read(text: str) -> int:
        if text.isdecimal():
            return int(text)
        if text not in numbers:
            raise PsError(refusal)
        return numbers[text]

    return read


def _leader(text: str) -> int:
    if not text.isdecimal():
        raise PsError("list of session leaders OR effective group IDs was invalid")
    return int(text)


def _tty(text: str) -> str:
    """A terminal of the host; those of containers are none of them."""
    if not _TTY.fullmatch(text) or "pts" in text:
        raise PsError("TTY could not be found")
    return "?"


@dataclass(frozen=True, slots=True)
class Kind:
    """One option with a list: which column it is about, how an item is read, what is said if there is none."""

    column: str
    item: Callable[[str], int | str]
    what: str

    @property
    def missing(self) -> str:
        return f"list of {self.what} must follow {{option}}"

    def read(self, text: str) -> list[int | str]:
        items = re.split(r"[,\s]", text)
        if not all(items):
            raise PsError("improper list")
        return [self.item(item) for item in items]


_PIDS = Kind("pid", _pid, "process IDs")
_PARENTS = Kind("ppid", _pid, "process IDs")
_SESSIONS = Kind("sid", _pid, "session IDs")
_LEADERS = Kind("sid", _leader, "session leaders OR effective group names")
_USERS = Kind("uid", _named(USERS, "user name does not exist"), "users")
_REAL_USERS = Kind("uid", _USERS.item, "real users")
_GROUPS = Kind("gid", _named(GROUPS, "group name does not exist"), "effective groups")
_REAL_GROUPS = Kind("gid", _GROUPS.item, "real groups")
_TTYS = Kind("tty", _tty, "terminals")
_NAMES = Kind("name", lambda text: text[:COMMAND_LENGTH], "command names")
LISTS: dict[str, Kind] = {
    **dict.fromkeys(("p", "-p", "--pid"), _PIDS),
    "--ppid": _PARENTS,
    **dict.fromkeys(("-s", "--sid"), _SESSIONS),
    "-g": _LEADERS,
    **dict.fromkeys(("-u", "U", "--user"), _USERS),
    **dict.fromkeys(("-U", "--User"), _REAL_USERS),
    "--group": _GROUPS,
    **dict.fromkeys(("-G", "--Group"), _REAL_GROUPS),
    **dict.fromkeys(("-t", "t", "--tty"), _TTYS),
    "-C": _NAMES,
}
