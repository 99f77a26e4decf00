"""How archive requests name a file in a container, and what they say when it cannot be reached."""

import os
import posixpath

from daemon.fs.filesystem import Filesystem
from daemon.fs.namespace import Step
from daemon.fs.tarread import ArchiveError


def container_path(path: str) -> str:
    """Absolute and lexically clean; a trailing "/" or "/." is kept, since it asks for what a link leads to."""
    clean = posixpath.normpath("/" + path.lstrip("/"))
    if posixpath.basename(path.rstrip("/") or "/") == ".":
        clean = clean.rstrip("/") + "/."
    if path.endswith("/") and not clean.endswith("/"):
        clean += "/"
    return clean


def reach(fs: Filesystem, path: str) -> Step:
    """The node at a clean path, a symlink itself; FileNotFoundError, or dockerd's text for other errors."""
    try:
        return fs.reach(path, follow=False)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ArchiveError(f"lstat {path}: {os.strerror(error.errno or 0).lower()}") from error
