"""Paths below a root, as dockerd's unpacking resolves them: symlinks lead inside, and only absolute ones may seem to leave."""

import errno
import os
import posixpath
from collections.abc import Callable

from daemon.fs.tarread import ArchiveError
from daemon.fs.tree import failure

LINKS_MAX = 8
"""How many symlinks Go's os.Root follows."""
PASSES_LINKS_MAX = 255

Look = Callable[[str], str | bool]
"""Of a path below the root: a symlink's target, or whether it is a folder. Raises OSError, as lstat does."""


class Escapes(OSError):
    """What os.Root says of a symlink that leads out, or is absolute."""


def reason(error: OSError) -> str:
    """In the words of Go's errors."""
    if isinstance(error, Escapes):
        return "path escapes from parent"
    return os.strerror(error.errno or 0).lower()


class Rooted:
    """`name` is where the root is itself; errors name it."""

    def __init__(self, look: Look, name: str = "/") -> None:
        self._look = look
        self._name = name

    def real(self, path: str) -> str:
        """What `path` leads to, without symlinks, as os.Root finds it. Raises OSError."""
        at: list[str] = []
        todo, links = path.split("/")[::-1], 0
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if not at:
                    raise Escapes
                at.pop()
                continue
            found = self._look("/".join([*at, name]))
            if not isinstance(found, str):
                if not found and todo:
                    raise failure(errno.ENOTDIR, path)
                at.append(name)
                continue
            links += 1
            if links > LINKS_MAX:
                raise failure(errno.ELOOP, path)
            if found.startswith("/"):
                raise Escapes
            todo += found.split("/")[::-1]
        return "/".join(at)

    def folder(self, path: str) -> tuple[str, str]:
        """Where a folder is that need not be there yet, without symlinks; and the path that errors call it by."""
        try:
            return self.real(path), path
        except (FileNotFoundError, Escapes) as error:
            resolved = self._in_root(path, error)
            return resolved, resolved
        except OSError as error:
            raise ArchiveError(f"statat {path}: {reason(error)}") from error

    def _in_root(self, path: str, error: OSError) -> str:
        """As in a chroot; but a relative symlink that leads out is still refused."""
        walk = _Walk(self._look, self._name)
        resolved = walk.all(path)
        if isinstance(error, Escapes) and (walk.escaped or not walk.absolute):
            raise ArchiveError(f"statat {path}: {reason(error)}") from error
        return resolved


class _Walk:
    """Replaces symlinks by their targets, from left to right, until none is left."""

    def __init__(self, look: Look, name: str) -> None:
        self._look = look
        self._name = name
        self._links = 0
        self.absolute = False
        self.escaped = False
        """Did a relative symlink lead out before there was an absolute one?"""

    def all(self, path: str) -> str:
        links = -1
        while links != self._links:
            links = self._links
            path = self._once(path)
        return path

    def _once(self, path: str) -> str:
        at = ""
        for name in path.split("/"):
            at = self._step(_joined(at, name))
        return at

    def _step(self, path: str) -> str:
        if self._links > PASSES_LINKS_MAX:
            raise ArchiveError("too many links")
        if not path:
            return path
        try:
            target = self._look(path)
        except FileNotFoundError:
            return path
        except OSError as error:
            place = posixpath.join(self._name, path)
            raise ArchiveError(f"lstat {place}: {reason(error)}") from error
        if not isinstance(target, str):
            return path
        self._links += 1
        if target.startswith("/"):
            self.absolute = True
            return _joined(target)
        folder = posixpath.dirname(path)
        if not self.absolute and posixpath.normpath(posixpath.join(folder, target)).startswith(
            ".."
        ):
            self.escaped = True
        return _joined(folder, target)


def _joined(*parts: str) -> str:
    """Clean, relative to the root and never above it."""
    return posixpath.normpath("/" + "/".join(parts)).lstrip("/")
