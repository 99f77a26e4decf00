"""Where a path leads while its links stay below the root, whether or not there is anything at its end."""

from __future__ import annotations

import errno
import os
import posixpath
import stat as modes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.fs.filesystem import Filesystem

MAX_LINKS = 255


def in_scope(files: Filesystem, path: str) -> str:
    """`path` without links in it: a dangling one leads to where its target would be."""
    found, followed = "/", 0
    rest = path.split("/")[::-1]
    while rest:
        part = rest.pop()
        at = posixpath.normpath(posixpath.join(found, part))
        target = _link(files, at) if part not in ("", ".", "..") else None
        if target is None:
            found = at
            continue
        followed += 1
        if followed > MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            found = "/"
        rest += target.split("/")[::-1]
    return found


def _link(files: Filesystem, path: str) -> str | None:
    """What a symbolic link says; None for anything else, or for nothing."""
    try:
        if modes.S_ISLNK(files.stat(path, follow=False).mode):
            return files.readlink(path)
    except OSError:
        pass
    return None
