"""The options of `--tmpfs PATH:OPTIONS`, as dockerd merges them with its own."""

import os
import re
from dataclasses import dataclass

from daemon.errors import System

_FLAGS = {
    "ro": "rw",
    "rw": "ro",
    "suid": "nosuid",
    "nosuid": "suid",
    "dev": "nodev",
    "nodev": "dev",
    "exec": "noexec",
    "noexec": "exec",
    "sync": "async",
    "async": "sync",
    "atime": "noatime",
    "noatime": "atime",
    "relatime": "norelatime",
    "norelatime": "relatime",
    "diratime": "nodiratime",
    "nodiratime": "diratime",
    "dirsync": "",
    "remount": "",
    "strictatime": "nostrictatime",
    "nostrictatime": "strictatime",
    "private": "",
    "rprivate": "",
    "slave": "",
    "rslave": "",
    "shared": "",
    "rshared": "",
    "bind": "",
    "rbind": "",
    "defaults": "",
}
_SEEN = ("sync", "dirsync", "nosuid", "nodev", "noexec", "noatime", "nodiratime")
"""What /proc/mounts shows of the flags, in its order, between `rw` and the values."""
_BASE = ("rw", "nosuid", "nodev", "noexec", "relatime")
_VALUES = ("size", "nr_inodes", "mode", "uid", "gid", "nr_blocks", "mpol")
_NUMBERS = {
    "size": re.compile(r"\d+[kmgt]?|\d+%", re.IGNORECASE),
    "nr_inodes": re.compile(r"\d+[kmg]?", re.IGNORECASE),
    "mode": re.compile(r"[0-7]+"),
    "uid": re.compile(r"\d+"),
    "gid": re.compile(r"\d+"),
}
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


@dataclass(frozen=True, slots=True)
class TmpfsOptions:
    """`text` is what /proc/mounts shows; size 0 means no limit of its own."""

    text: str
    size: int = 0
    mode: int = 0o1777
    uid: int = 0
    gid: int = 0
    readonly: bool = False
    refused: str = ""
    """What the kernel does not understand: the data as it is given to mount(2)."""


def parse_tmpfs(text: str) -> TmpfsOptions:
    """Flags replace their opposite, values are kept; anything else is refused when the container starts."""
    flags = list(_BASE)
    values: dict[str, str] = {}
    for word in text.split(",") if text else ():
        name, equals, value = word.partition("=")
        if equals and name in _VALUES:
            values[name] = value
        elif word in _FLAGS:
            flags = [flag for flag in flags if flag not in (word, _FLAGS[word])] + [word]
        else:
            raise System(f'invalid tmpfs option "{name}"')
    data = ",".join(f"{name}={value}" for name, value in values.items())
    if any(not _NUMBERS[name].fullmatch(values[name]) for name in _NUMBERS if name in values):
        return TmpfsOptions("", refused=data)
    size = _bytes(values.get("size", ""))
    return TmpfsOptions(
        ",".join([*_seen(flags), *_shown(values, size)]),
        size,
        int(values.get("mode", "1777"), 8),
        int(values.get("uid", "0")),
        int(values.get("gid", "0")),
        "ro" in flags,
    )


def _seen(flags: list[str]) -> list[str]:
    relative = not {"noatime", "strictatime", "norelatime"} & set(flags)
    return [
        "ro" if "ro" in flags else "rw",
        *(flag for flag in _SEEN if flag in flags),
        *(["relatime"] if relative else []),
    ]


def _shown(values: dict[str, str], size: int) -> list[str]:
    shown = dict(values)
    if size:
        shown["size"] = f"{size // 1024}k"
    if "mode" in shown:
        shown["mode"] = shown["mode"].lstrip("0") or "0"
    return [
        f"{name}={shown[name]}"
        for name in _VALUES
        if name in shown and not (name in ("uid", "gid") and int(shown[name]) == 0)
    ]


def _bytes(text: str) -> int:
    if text.endswith("%"):
        return os.sysconf("SC_PHYS_PAGES") * int(text[:-1]) // 100 * os.sysconf("SC_PAGE_SIZE")
    unit = text[-1:].lower() if text[-1:].isalpha() else ""
    return int(text.removesuffix(text[-1:]) if unit else text or 0) * _UNITS[unit]
