"""Docker's archive semantics: what `docker cp` and `docker export` read out of a container."""

import os
import posixpath
import stat as modes
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from daemon.fs.archive_path import container_path, reach
from daemon.fs.extract import extract, extract_steps
from daemon.fs.filesystem import Filesystem
from daemon.fs.namespace import Step
from daemon.fs.nesting import Nested, flatten
from daemon.fs.nodes import Stat
from daemon.fs.scope import in_scope
from daemon.fs.tarread import REGULAR, SECOND, YEAR_1, YEAR_9999, ArchiveError
from daemon.fs.tarwrite import END, Members, header, padding

__all__ = ["PathStat", "container_path", "export", "extract", "extract_steps", "pack", "path_stat"]

CHUNK = 1 << 18
GO_TYPES = {
    modes.S_IFDIR: 1 << 31,
    modes.S_IFLNK: 1 << 27,
    modes.S_IFBLK: 1 << 26,
    modes.S_IFCHR: 1 << 26 | 1 << 21,
    modes.S_IFIFO: 1 << 25,
    modes.S_IFSOCK: 1 << 24,
}
GO_BITS = {modes.S_ISUID: 1 << 23, modes.S_ISGID: 1 << 22, modes.S_ISVTX: 1 << 20}
"""Go's os.FileMode, type and special bits."""


class PathStat(NamedTuple):
    """The X-Docker-Container-Path-Stat header; `mode` is Go's os.FileMode, `mtime` RFC 3339."""

    name: str
    size: int
    mode: int
    mtime: str
    linkTarget: str  # Docker's name


def path_stat(fs: Filesystem, path: str) -> PathStat:
    """What HEAD /archive tells; FileNotFoundError if there is nothing."""
    full = container_path(path)
    step = reach(fs, full)
    stat = step.mount.tree.stat(step.node, step.mount.dev)
    target = _link_target(fs, full) if modes.S_ISLNK(stat.mode) else ""
    return PathStat(_base(full), stat.size, go_mode(stat.mode), _rfc3339(stat.mtime_ns), target)


def pack(fs: Filesystem, path: str) -> Iterator[bytes]:
    """A tar of the file or folder, named after the last component of `path`; the errors of path_stat come at once."""
    full = container_path(path)
    return _archive(fs, reach(fs, full), _base(full))


def export(fs: Filesystem) -> Iterator[bytes]:
    """A tar of everything, as `docker export` gives it: names without a leading slash, no entry for the root."""
    yield from flatten(_contents(fs, fs.start, "", Members()))
    yield END


def go_mode(mode: int) -> int:
    """st_mode as Go's os.FileMode."""
    number = mode & 0o777 | GO_TYPES.get(modes.S_IFMT(mode), 0)
    return number | sum(there for here, there in GO_BITS.items() if mode & here)


def _base(path: str) -> str:
    return posixpath.basename(path.rstrip("/")) or "/"


def _link_target(fs: Filesystem, path: str) -> str:
    """Where a symlink leads in the end, as an absolute path, be there something or not."""
    try:
        return in_scope(fs, path)
    except OSError as error:
        raise ArchiveError(f"evalSymlinksInScope: too many links in {path}") from error


def _archive(fs: Filesystem, step: Step, name: str) -> Iterator[bytes]:
    members = Members()
    yield from _member(fs, step, name, members)
    if modes.S_ISDIR(step.node.mode):
        yield from flatten(_contents(fs, step, name.rstrip("/") + "/", members))
    yield END


def _contents(fs: Filesystem, folder: Step, prefix: str, members: Members) -> Nested[bytes]:
    """Everything inside `folder`, sorted by bytes, each folder before what is in it."""
    for name in sorted(folder.mount.tree.names(folder.node), key=os.fsencode):
        step = fs.child(folder, name)
        if step is None:
            continue  # gone since the folder was listed
        yield from _member(fs, step, prefix + name, members)
        if modes.S_ISDIR(step.node.mode):
            yield _contents(fs, step, f"{prefix}{name}/", members)


def _member(fs: Filesystem, step: Step, name: str, members: Members) -> Iterator[bytes]:
    tree, node = step.mount.tree, step.node
    stat: Stat = tree.stat(node, step.mount.dev)
    target = tree.readlink(node) if modes.S_ISLNK(stat.mode) else ""
    entry = members.entry(name, stat, target, getattr(node, "xattrs", None))
    if entry is None:
        return
    yield header(entry)
    if entry.kind != REGULAR:
        return
    file = tree.open(node, os.O_RDONLY)
    try:
        done = 0
        while done < stat.size:
            # A file that shrinks meanwhile is filled up: its header has promised the size.
            chunk = file.pread(min(CHUNK, stat.size - done), done) or bytes(stat.size - done)
            done += len(chunk)
            yield chunk
    finally:
        file.close()
    yield padding(stat.size)


def _rfc3339(nanoseconds: int) -> str:
    """Go's time.RFC3339Nano in UTC: no trailing zeros."""
    seconds, rest = divmod(nanoseconds, SECOND)
    seconds = min(max(seconds, YEAR_1), YEAR_9999)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{moment}{fraction}Z"
