"""The options of `--tmpfs PATH:OPTIONS`, as dockerd merges them with its own."""

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
_VALUES = frozenset({"mode", "uid", "gid", "size", "nr_inodes", "nr_blocks", "mpol"})
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SIZE = re.compile(r"(\d+)([kmg]?)", re.IGNORECASE)
_BASE = ("rw", "nosuid", "nodev", "noexec", "relatime")


@dataclass(frozen=True, slots=True)
class TmpfsOptions:
    """`text` is what /proc/mounts shows; size 0 means no limit of its own."""

    text: str
    size: int = 0
    mode: int = 0o1777
    readonly: bool = False


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
            raise System(f'invalid tmpfs option "{word}"')
    size = _bytes(values.get("size", ""))
    shown = [f"size={size // 1024}k"] if size else []
    if "mode" in values:
        shown.append(f"mode={values['mode']}")
    mode = int(values.get("mode", "1777"), 8)
    return TmpfsOptions(",".join([*flags, *shown]), size, mode, "ro" in flags)


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNITS[match[2].lower()] if match else 0
