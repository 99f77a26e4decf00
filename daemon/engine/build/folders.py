"""WORKDIR in an image's files."""

from __future__ import annotations

import errno
import posixpath
import stat

from daemon.fs.filesystem import Filesystem


def make_folders(
    files: Filesystem, path: str, owner: tuple[int, int], time: int | None = None
) -> None:
    """The folders of `path` that are missing; a link to nothing leads to one. NotADirectoryError on a file.

    `time`, in nanoseconds, is theirs until something is made in them: so only the last one keeps it, as in BuildKit.
    """
    if files.isdir(path):
        return
    try:
        entry = files.stat(path, follow=False)
    except FileNotFoundError:
        above = posixpath.dirname(path)
        make_folders(files, above, owner, time)
        files.mkdir(path, 0o755)
        files.chown(path, *owner)
        if time is not None:
            files.utime(path, time, time)
        return
    if not stat.S_ISLNK(entry.mode):
        raise OSError(errno.ENOTDIR, "not a directory", path)
    target = posixpath.join(posixpath.dirname(path), files.readlink(path))
    make_folders(files, posixpath.normpath(target), owner, time)
