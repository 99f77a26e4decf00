"""What a mounted filesystem offers to the mount namespace: operations on its nodes, without paths."""

import errno
import os
import stat as modes
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from daemon.fs.nodes import Change, Credentials, Stat, StatFs

Quota = Callable[[int], None]
"""Told how many bytes are taken (positive) or given back; raises OSError(ENOSPC) to refuse."""


class Node(Protocol):
    """What path walking and permission checks need to know of a file."""

    @property
    def mode(self) -> int: ...

    @property
    def uid(self) -> int: ...

    @property
    def gid(self) -> int: ...


N = TypeVar("N", bound=Node)


def failure(number: int, path: str | None = None) -> OSError:
    """The OSError (of the subclass that Python gives it) for an errno."""
    return OSError(number, os.strerror(number), path)


def without_setuid(mode: int) -> int:
    """The permission bits without those that lend the owner's or the group's rights."""
    mode &= 0o7777 & ~modes.S_ISUID
    return mode & ~modes.S_ISGID if mode & modes.S_IXGRP else mode


class File(ABC):
    """An open file: no position, positions belong to descriptors.

    `unprivileged` is set when another than root may write: a write then takes the setuid bits away.
    """

    __slots__ = ("dev", "path", "unprivileged")

    def __init__(self) -> None:
        self.dev = 0
        self.path = ""
        self.unprivileged = False

    @abstractmethod
    def pread(self, size: int, offset: int) -> bytes: ...

    @abstractmethod
    def pwrite(self, data: bytes, offset: int) -> int:
        """Write at `offset`; returns how many bytes went in, fewer only when the space runs out."""

    @abstractmethod
    def append(self, data: bytes) -> int:
        """Write at the end, atomically."""

    @abstractmethod
    def truncate(self, size: int) -> None: ...

    @abstractmethod
    def stat(self) -> Stat: ...

    @abstractmethod
    def close(self) -> None:
        """Release it; closing twice does nothing."""


class Tree(ABC, Generic[N]):
    """One filesystem. Callers have checked types and permissions; a tree checks only what it alone knows.

    Everything that alters raises EROFS by default.
    """

    fstype = "none"
    root: N

    def key(self, node: N) -> Hashable:
        """What identifies a node while something refers to it."""
        return id(node)

    @abstractmethod
    def lookup(self, folder: N, name: str) -> N | None: ...

    @abstractmethod
    def names(self, folder: N) -> list[str]: ...

    @abstractmethod
    def stat(self, node: N, dev: int) -> Stat: ...

    @abstractmethod
    def readlink(self, node: N) -> str: ...

    @abstractmethod
    def open(self, node: N, flags: int) -> File: ...

    @abstractmethod
    def statfs(self) -> StatFs: ...

    def create(self, folder: N, name: str, mode: int, who: Credentials, rdev: int = 0) -> N:
        """A new file of any kind but symlink, owned by `who`; `mode` has the type bits."""
        raise failure(errno.EROFS)

    def symlink(self, folder: N, name: str, target: str, who: Credentials) -> N:
        raise failure(errno.EROFS)

    def link(self, node: N, folder: N, name: str) -> None:
        raise failure(errno.EROFS)

    def remove(self, folder: N, name: str, node: N) -> None:
        """unlink, or rmdir (ENOTEMPTY)."""
        raise failure(errno.EROFS)

    def rename(self, folder: N, name: str, node: N, to: N, new_name: str, over: N | None) -> None:
        """Move `node`; `over` is what it replaces, of the same kind (ENOTEMPTY if a full folder)."""
        raise failure(errno.EROFS)

    def change(self, node: N, change: Change) -> None:
        raise failure(errno.EROFS)
