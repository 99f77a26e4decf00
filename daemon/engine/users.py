"""Who a process runs as: `user[:group]` looked up in the container's own /etc/passwd and /etc/group."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from daemon.errors import DockerError, System
from daemon.fs.filesystem import Filesystem
from daemon.fs.nodes import Credentials

LARGEST = 2**31 - 1


class User(NamedTuple):
    """Who runs, and where home is."""

    credentials: Credentials
    home: str


class _Passwd(NamedTuple):
    name: str
    uid: int
    gid: int
    home: str


class _Group(NamedTuple):
    name: str
    gid: int
    members: list[str]


def find_user(
    fs: Filesystem,
    spec: str,
    extra_groups: Iterable[str] = (),
    refuse: Callable[[str], DockerError] = System,
) -> User:
    """The user that `spec` names; `refuse` makes the error, whose kind depends on who asks."""
    user_part, _, group_part = spec.partition(":")
    entry = _find_entry(fs, user_part, refuse)
    groups = _groups(fs)
    if group_part:
        gid = _gid(groups, group_part, refuse)
        others = []
    else:
        gid = entry.gid
        others = [group.gid for group in groups if entry.name and entry.name in group.members]
    others += [_gid(groups, name, refuse) for name in extra_groups]
    credentials = Credentials(entry.uid, gid, tuple(dict.fromkeys([gid, *others])))
    return User(credentials, entry.home or "/")


def file_owner(fs: Filesystem, spec: str) -> tuple[int, int]:
    """uid and gid of `user[:group]` as BuildKit's file operations read it: names that nobody has count for nothing,
    and a number stands for the group as well (solver/llbsolver/file/user_linux.go)."""
    user, colon, group = spec.partition(":")
    number = _number(user or "0")
    if number is None:
        found = (entry for entry in _passwd(fs) if entry.name == user)
        uid, gid = next(((entry.uid, entry.gid) for entry in found), (0, 0))
    else:
        uid = gid = number
    if colon and (group or "0").isdecimal():
        return uid, int(group or 0)
    return uid, next((one.gid for one in _groups(fs) if colon and one.name == group), gid)


def _find_entry(fs: Filesystem, wanted: str, refuse: Callable[[str], DockerError]) -> _Passwd:
    entries = _passwd(fs)
    number = _number(wanted) if wanted else 0
    for entry in entries:
        if wanted and entry.name == wanted:
            return entry
        if number is not None and entry.uid == number:
            return entry
    if not wanted:
        return _Passwd("", 0, 0, "/root")
    if number is None:
        raise refuse(f"unable to find user {wanted}: no matching entries in passwd file")
    return _Passwd("", _checked(number, refuse), 0, "/")


def _gid(groups: list[_Group], wanted: str, refuse: Callable[[str], DockerError]) -> int:
    number = _number(wanted)
    for group in groups:
        if wanted == group.name or number == group.gid:
            return group.gid
    if number is None:
        raise refuse(f"unable to find group {wanted}: no matching entries in group file")
    return _checked(number, refuse)


def _checked(number: int, refuse: Callable[[str], DockerError]) -> int:
    if not 0 <= number <= LARGEST:
        raise refuse(f"uids and gids must be in range 0-{LARGEST}")
    return number


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _fields(fs: Filesystem, path: str, count: int) -> list[list[str]]:
    """The lines of a file of colon-separated fields; a file that is not there has none."""
    try:
        return _split(fs.read_bytes(path), count)
    except OSError:
        return []


@lru_cache(maxsize=64)
def _split(data: bytes, count: int) -> list[list[str]]:
    """Images share few of these files, and every start reads two."""
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    split = [line.split(":") for line in lines if line and not line.startswith("#")]
    return [fields + [""] * (count - len(fields)) for fields in split]


def _passwd(fs: Filesystem) -> list[_Passwd]:
    return [
        _Passwd(name, _number(uid) or 0, _number(gid) or 0, home)
        for name, _, uid, gid, _, home, *_ in _fields(fs, "/etc/passwd", 7)
    ]


def _groups(fs: Filesystem) -> list[_Group]:
    return [
        _Group(name, _number(gid) or 0, members.split(","))
        for name, _, gid, members, *_ in _fields(fs, "/etc/group", 4)
    ]
