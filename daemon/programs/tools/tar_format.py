"""What tar's reader and writer share: the request, member names, how members are listed."""

import stat
import tarfile
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from daemon.programs.tools import dates
from daemon.programs.tools.modes import mode_string

BLOCK = 512
RECORD = 20 * BLOCK
_KINDS = {
    tarfile.DIRTYPE: stat.S_IFDIR,
    tarfile.SYMTYPE: stat.S_IFLNK,
    tarfile.CHRTYPE: stat.S_IFCHR,
    tarfile.BLKTYPE: stat.S_IFBLK,
    tarfile.FIFOTYPE: stat.S_IFIFO,
}


@dataclass(slots=True)
class TarRequest:
    """What tar was asked to do."""

    mode: str
    archive: str
    names: list[tuple[str, str]]
    """(folder given by -C before it, name)."""
    compression: str
    verbose: int = 0
    folder: str = "."
    exclude: list[str] = field(default_factory=list)
    strip: int = 0
    to_stdout: bool = False
    keep_old: bool = False
    touch: bool = False
    follow: bool = False
    own: bool = True
    permissions: bool = False
    absolute: bool = False
    numeric: bool = False
    recurse: bool = True
    remove: bool = False
    owner: str = ""
    group: str = ""


def excluded(name: str, patterns: list[str]) -> bool:
    """Whether a pattern matches the name, or what comes after one of its slashes, or a folder above it."""
    parts = name.rstrip("/").split("/")
    for pattern in patterns:
        pattern = pattern.rstrip("/")
        for end in range(1, len(parts) + 1):
            for start in range(end):
                if fnmatchcase("/".join(parts[start:end]), pattern):
                    return True
    return False


def long_line(member: tarfile.TarInfo, gnu: bool) -> str:
    """`tar tv`: mode, owner, size, time, name."""
    mode = _KINDS.get(member.type, stat.S_IFREG) | member.mode
    shown = mode_string(mode)
    if member.islnk():
        shown = ("h" if gnu else "-") + shown[1:]
    owner = f"{member.uname or member.uid}/{member.gname or member.gid}"
    when = dates.from_ns(int(member.mtime) * dates.NS)
    size = (
        f"{member.devmajor},{member.devminor}"
        if member.isdev() and not member.isfifo()
        else str(member.size)
    )
    link = " -> " + member.linkname if member.issym() else ""
    if member.islnk():
        link = (" link to " if gnu else " -> ") + member.linkname
    if gnu:
        width = max(18 - len(owner), len(size))
        return f"{shown} {owner} {size:>{width}} {when:%Y-%m-%d %H:%M} {shown_name(member)}{link}"
    return f"{shown} {owner} {size:>9} {when:%Y-%m-%d %H:%M:%S} {shown_name(member)}{link}"


def shown_name(member: tarfile.TarInfo) -> str:
    return member.name + "/" if member.isdir() and not member.name.endswith("/") else member.name
