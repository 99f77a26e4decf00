"""A tree whose files are made by callbacks when they are looked at: /proc, /sys and the like."""

import errno
import itertools
import os
import stat as modes
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, Union

from daemon.fs.nodes import Change, Credentials, Stat, StatFs
from daemon.fs.tree import File, Tree, failure

Subject = TypeVar("Subject")


class _Synthetic:
    """What all kinds share; `ino` is given by the tree at first sight."""

    __slots__ = ("gid", "ino", "mode", "uid")
    rdev = 0

    def __init__(self, mode: int, uid: int = 0, gid: int = 0) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.ino = 0


class SyntheticFile(_Synthetic):
    """Content computed at open. `write` gets each write whole and may raise OSError; without it: EINVAL.

    stat says size 0, as in /proc, unless `sized`.
    """

    __slots__ = ("read", "sized", "write")

    def __init__(
        self,
        read: Callable[[], bytes],
        write: Callable[[bytes], None] | None = None,
        *,
        mode: int = 0o444,
        uid: int = 0,
        gid: int = 0,
        sized: bool = False,
    ) -> None:
        super().__init__(modes.S_IFREG | mode, uid, gid)
        self.read = read
        self.write = write
        self.sized = sized


class SyntheticLink(_Synthetic):
    """A symlink whose target is computed when it is read."""

    __slots__ = ("target",)

    def __init__(self, target: Callable[[], str], *, uid: int = 0, gid: int = 0) -> None:
        super().__init__(modes.S_IFLNK | 0o777, uid, gid)
        self.target = target


class SyntheticDevice(_Synthetic):
    """A device, FIFO or socket; `mode` has the type bits."""

    __slots__ = ("rdev",)

    def __init__(self, mode: int, rdev: int = 0, *, uid: int = 0, gid: int = 0) -> None:
        super().__init__(mode, uid, gid)
        self.rdev = rdev


class SyntheticFolder(_Synthetic):
    """A folder: `names` lists it, `find` gives a node or None."""

    __slots__ = ("find", "names")

    def __init__(
        self,
        names: Callable[[], Iterable[str]],
        find: Callable[[str], "SyntheticNode | None"],
        *,
        mode: int = 0o555,
        uid: int = 0,
        gid: int = 0,
    ) -> None:
        super().__init__(modes.S_IFDIR | mode, uid, gid)
        self.names = names
        self.find = find

    @classmethod
    def of(cls, entries: Mapping[str, "SyntheticNode"], *, mode: int = 0o555) -> "SyntheticFolder":
        """A folder that holds just `entries`; later changes of the mapping show."""
        return cls(lambda: list(entries), entries.get, mode=mode)

    @classmethod
    def made_for(
        cls, subject: Subject, makers: "Mapping[str, Callable[[Subject], SyntheticNode]]"
    ) -> "SyntheticFolder":
        """A folder each of whose entries is made when it is looked at for the first time: most never are."""
        made: dict[str, SyntheticNode] = {}

        def find(name: str) -> SyntheticNode | None:
            if name not in made and (make := makers.get(name)) is not None:
                made[name] = make(subject)
            return made.get(name)

        return cls(lambda: list(makers), find)


SyntheticNode = Union[SyntheticFile, SyntheticLink, SyntheticDevice, SyntheticFolder]  # noqa: UP007  # forward uses


class SyntheticTree(Tree[SyntheticNode]):
    """Read by callbacks; nothing can be made, moved or removed in it (with the errors of /proc)."""

    def __init__(
        self, root: SyntheticNode, now: Callable[[], int], *, fstype: str = "proc"
    ) -> None:
        self.root = root
        self.fstype = fstype
        self._now = now
        self._numbers = itertools.count(1)
        self._number(root)

    def lookup(self, folder: SyntheticNode, name: str) -> SyntheticNode | None:
        assert isinstance(folder, SyntheticFolder)
        node = folder.find(name)
        return self._number(node) if node is not None else None

    def names(self, folder: SyntheticNode) -> list[str]:
        assert isinstance(folder, SyntheticFolder)
        return list(folder.names())

    def stat(self, node: SyntheticNode, dev: int) -> Stat:
        now = self._now()
        size = len(node.read()) if isinstance(node, SyntheticFile) and node.sized else 0
        nlink = 2 if isinstance(node, SyntheticFolder) else 1
        identity = (node.mode, node.ino, dev, nlink, node.uid, node.gid)
        return Stat(*identity, size, node.rdev, now, now, now)

    def readlink(self, node: SyntheticNode) -> str:
        assert isinstance(node, SyntheticLink)
        return node.target()

    def open(self, node: SyntheticNode, flags: int) -> File:
        return _OpenSynthetic(self, node, flags)

    def statfs(self) -> StatFs:
        return StatFs(4096, 0, 0, 0, 0, 0, self.fstype)

    def create(
        self, folder: SyntheticNode, name: str, mode: int, who: Credentials, rdev: int = 0
    ) -> SyntheticNode:
        raise failure(errno.ENOENT)

    def symlink(
        self, folder: SyntheticNode, name: str, target: str, who: Credentials
    ) -> SyntheticNode:
        raise failure(errno.ENOENT)

    def remove(self, folder: SyntheticNode, name: str, node: SyntheticNode) -> None:
        raise failure(errno.EPERM)

    def change(self, node: SyntheticNode, change: Change) -> None:
        raise failure(errno.EPERM)

    def _number(self, node: SyntheticNode) -> SyntheticNode:
        if not node.ino:
            node.ino = next(self._numbers)
        return node


class _OpenSynthetic(File):
    """The content as it was at the first read."""

    __slots__ = ("_data", "_node", "_tree", "_writable")

    def __init__(self, tree: SyntheticTree, node: SyntheticNode, flags: int) -> None:
        super().__init__()
        self._tree = tree
        self._node = node
        self._writable = bool(flags & os.O_ACCMODE)
        self._data: bytes | None = None

    def pread(self, size: int, offset: int) -> bytes:
        if isinstance(self._node, SyntheticFolder):
            raise failure(errno.EISDIR)
        if not isinstance(self._node, SyntheticFile):
            raise failure(errno.EINVAL)
        if self._data is None or not offset:
            self._data = self._node.read()
        return self._data[offset : offset + size]

    def pwrite(self, data: bytes, offset: int) -> int:
        if not self._writable:
            raise failure(errno.EBADF)
        if not isinstance(self._node, SyntheticFile) or self._node.write is None:
            raise failure(errno.EINVAL)
        self._node.write(data)
        return len(data)

    def append(self, data: bytes) -> int:
        return self.pwrite(data, 0)

    def truncate(self, size: int) -> None:
        """Does nothing, as for files in /proc: `echo 1 > /proc/sys/...` opens with O_TRUNC."""

    def stat(self) -> Stat:
        return self._tree.stat(self._node, self.dev)

    def close(self) -> None:
        self._data = None
