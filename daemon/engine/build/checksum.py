"""The checksum of files that decides whether a COPY is cached: names, kinds, modes, owners, contents; never times."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat as modes
from collections.abc import Iterable

from daemon.engine.build.selection import EVERYTHING, Entry, Selection, below
from daemon.fs.filesystem import Filesystem

CHUNK = 1024 * 1024


def checksum(files: Filesystem, paths: Iterable[str], selection: Selection = EVERYTHING) -> str:
    """One digest over files, and over what is selected of folders, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        real = files.realpath(path)
        digest.update(posixpath.basename(path).encode("utf-8", "surrogateescape") + b"\0")
        status = files.stat(real, follow=False)
        _add(digest, files, Entry(real, "", status))
        if modes.S_ISDIR(status.mode):
            for entry in below(files, real, selection):
                _add(digest, files, entry)
    return digest.hexdigest()


def total_size(files: Filesystem, paths: Iterable[str]) -> int:
    """The bytes in files and whole folders: whether it takes long to read them."""
    size = 0
    for path in paths:
        status = files.stat(path, follow=False)
        if modes.S_ISDIR(status.mode):
            size += total_size(files, (posixpath.join(path, name) for name in files.listdir(path)))
        else:
            size += status.size
    return size


def _add(digest: hashlib._Hash, files: Filesystem, entry: Entry) -> None:
    status = entry.status
    head = f"{entry.relative}\0{status.mode:o}\0{status.uid}\0{status.gid}\0"
    digest.update(head.encode("utf-8", "surrogateescape"))
    if modes.S_ISLNK(status.mode):
        digest.update(files.readlink(entry.path).encode("utf-8", "surrogateescape"))
    elif modes.S_ISREG(status.mode):
        digest.update(b"%d:" % status.size)
        _add_content(digest, files, entry.path)
    elif not modes.S_ISDIR(status.mode):
        digest.update(b"%d" % status.rdev)


def _add_content(digest: hashlib._Hash, files: Filesystem, path: str) -> None:
    file = files.open(path, os.O_RDONLY)
    try:
        at = 0
        while chunk := file.pread(CHUNK, at):
            digest.update(chunk)
            at += len(chunk)
    finally:
        file.close()
