"""The checksum of files that decides whether a COPY is cached: names, kinds, modes, owners, contents; never times."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat as modes
from collections.abc import Iterable

from daemon.engine.build.selection import EVERYTHING, Entry, Selection, below, status_of
from daemon.engine.images.threads import IN_MEMORY
from daemon.fs.content import Extent
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Followed
from daemon.fs.namespace import Step
from daemon.fs.nodes import Regular

CHUNK = 1024 * 1024
PAGE = 4096


def checksum(files: Filesystem, paths: Iterable[str], selection: Selection = EVERYTHING) -> str:
    """One digest over files, and over what is selected of folders, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(posixpath.basename(path).encode("utf-8", "surrogateescape") + b"\0")
        step = files.reach(path)
        status = status_of(step)
        _add(digest, Entry(step, "", status))
        if modes.S_ISDIR(status.mode):
            for entry in below(files, path, selection):
                _add(digest, entry)
    return digest.hexdigest()


def total_size(files: Filesystem, paths: Iterable[str]) -> int:
    """How much work files and whole folders are: their bytes, and a page for each. Much is as good as more."""
    size, todo = 0, [files.reach(path, follow=False) for path in paths]
    while todo and size <= IN_MEMORY:
        step = todo.pop()
        size += PAGE
        if modes.S_ISDIR(step.node.mode):
            names = step.mount.tree.names(step.node)
            todo += (child for name in names if (child := files.child(step, name)))
        else:
            size += status_of(step).size
    return size


def _add(digest: hashlib._Hash, entry: Entry) -> None:
    status, node = entry.status, entry.step.node
    mode = node.first_mode if isinstance(node, Followed) else status.mode
    head = f"{entry.relative}\0{mode:o}\0{status.uid}\0{status.gid}\0"
    digest.update(head.encode("utf-8", "surrogateescape"))
    if modes.S_ISREG(mode):
        digest.update(b"%d:" % status.size)
        digest.update(_content(entry.step))
    elif modes.S_ISLNK(mode):
        target: str = entry.step.mount.tree.readlink(node)
        digest.update(target.encode("utf-8", "surrogateescape"))
    elif not modes.S_ISDIR(mode):
        digest.update(b"%d" % status.rdev)


def _content(step: Step) -> bytes:
    """The digest of a file's bytes, found out once for what cannot change."""
    frozen = step.node.content if isinstance(step.node, Regular) else None
    if not isinstance(frozen, Extent):
        return _read(step)
    if not frozen.digest:
        frozen.digest = _read(step)
    return frozen.digest


def _read(step: Step) -> bytes:
    digest, at = hashlib.sha256(), 0
    file = step.mount.tree.open(step.node, os.O_RDONLY)
    try:
        while chunk := file.pread(CHUNK, at):
            digest.update(chunk)
            at += len(chunk)
    finally:
        file.close()
    return digest.digest()
