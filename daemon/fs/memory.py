"""A filesystem in RAM: tmpfs, volumes, and what overlays build on."""

import errno
import itertools
import os
import stat as modes
from collections.abc import Callable, Iterator
from typing import TypeVar

from daemon.fs.content import EMPTY, PAGE, Buffer, Content, Extent, Spool
from daemon.fs.nodes import (
    Change,
    Credentials,
    Directory,
    Inode,
    Regular,
    Special,
    Stat,
    StatFs,
    Symlink,
)
from daemon.fs.tree import File, Quota, Tree, failure, without_setuid

Kind = TypeVar("Kind", bound=Inode)

SETUID = modes.S_ISUID | modes.S_ISGID
DISK_PAGES = 64 << 20
"""What an unlimited tree says of its size: 256 GiB, like a developer's disk."""


class MemoryTree(Tree[Inode]):
    """Nodes in RAM, contents in RAM or in `spool`. `size` limits the bytes of contents (ENOSPC)."""

    def __init__(
        self,
        spool: Spool,
        now: Callable[[], int],
        *,
        fstype: str = "ext4",
        size: int | None = None,
        mode: int = 0o755,
        quota: Quota | None = None,
    ) -> None:
        self.spool = spool
        self.now = now
        self.fstype = fstype
        self.limit = size
        self.quota = quota
        self.used = 0
        self.numbers: Iterator[int] = itertools.count(2)
        self.root: Inode = Directory(next(self.numbers), mode, 0, 0, now())

    # Reading

    def lookup(self, folder: Inode, name: str) -> Inode | None:
        return _directory(folder).entries.get(name)

    def names(self, folder: Inode) -> list[str]:
        return list(_directory(folder).entries)

    def stat(self, node: Inode, dev: int = 0) -> Stat:
        if isinstance(node, Directory) and node.nlink:
            node.nlink = 1 if node.merged else 2 + node.subfolders
        return node.stat(dev)

    def readlink(self, node: Inode) -> str:
        assert isinstance(node, Symlink)
        return node.target

    def open(self, node: Inode, flags: int) -> File:
        if isinstance(node, Regular):
            if flags & os.O_ACCMODE:
                self.own(node)  # overlayfs copies up when a file is opened for writing
            if flags & os.O_TRUNC:
                self.truncate(node, 0)
            node.opens += 1
        return InodeFile(self, node, flags)

    def statfs(self) -> StatFs:
        total = DISK_PAGES if self.limit is None else -(-self.limit // PAGE)
        free = max(0, total - self.used // PAGE)
        files = total if self.limit is not None else total // 4
        return StatFs(PAGE, total, free, free, files, files, self.fstype)

    # Names

    def create(self, folder: Inode, name: str, mode: int, who: Credentials, rdev: int = 0) -> Inode:
        kind, now, number = modes.S_IFMT(mode), self.now(), next(self.numbers)
        made: Inode
        if kind == modes.S_IFDIR:
            made = Directory(number, mode, who.uid, who.gid, now)
        elif kind == modes.S_IFREG:
            made = Regular(number, mode, who.uid, who.gid, now, EMPTY)
        else:
            made = Special(number, mode, who.uid, who.gid, now, rdev)
        self.attach(folder, name, made)
        return made

    def symlink(self, folder: Inode, name: str, target: str, who: Credentials) -> Inode:
        made = Symlink(next(self.numbers), who.uid, who.gid, self.now(), target)
        self.attach(folder, name, made)
        return made

    def link(self, node: Inode, folder: Inode, name: str) -> None:
        self.own(node)
        node.nlink += 1
        node.ctime = self.now()
        self.attach(folder, name, node)

    def remove(self, folder: Inode, name: str, node: Inode) -> None:
        if isinstance(node, Directory) and self.names(node):
            raise failure(errno.ENOTEMPTY)
        self.detach(folder, name, node)
        self.drop_link(node)

    def rename(
        self,
        folder: Inode,
        name: str,
        node: Inode,
        to: Inode,
        new_name: str,
        over: Inode | None,
    ) -> None:
        self.own(node)
        if over is not None:
            self.remove(to, new_name, over)
        self.detach(folder, name, node)
        node.ctime = self.now()
        self.attach(to, new_name, node)

    def attach(self, folder: Inode, name: str, node: Inode) -> None:
        """Enter `node` in `folder` and date the folder."""
        home = self.own(_directory(folder))
        home.entries[name] = node
        home.subfolders += isinstance(node, Directory)
        home.mtime = home.ctime = self.now()

    def detach(self, folder: Inode, name: str, node: Inode) -> None:
        """Take `node` out of `folder` and date the folder."""
        home = self.own(_directory(folder))
        self.erase(home, name)
        home.subfolders -= isinstance(node, Directory)
        home.mtime = home.ctime = self.now()

    def erase(self, folder: Directory, name: str) -> None:
        """Make `name` be absent."""
        del folder.entries[name]

    def drop_link(self, node: Inode) -> None:
        """One name fewer; the content goes with the last name and the last open file."""
        node.nlink = 0 if isinstance(node, Directory) else node.nlink - 1
        node.ctime = self.now()
        self.free_if_gone(node)

    def free_if_gone(self, node: Inode) -> None:
        """Give back the content of a file that has neither a name nor an open file."""
        if isinstance(node, Regular) and not node.nlink and not node.opens:
            if self.is_charged(node):
                self.charge(-node.allocated)
            node.content = EMPTY

    def clear(self) -> None:
        """Let go of everything; only what is open can still be read."""
        _directory(self.root).entries.clear()

    # Attributes and contents

    def change(self, node: Inode, change: Change) -> None:
        self.own(node)
        if change.mode is not None:
            node.mode = modes.S_IFMT(node.mode) | change.mode & 0o7777
        node.uid = node.uid if change.uid is None else change.uid
        node.gid = node.gid if change.gid is None else change.gid
        node.atime = node.atime if change.atime is None else change.atime
        node.mtime = node.mtime if change.mtime is None else change.mtime
        node.ctime = self.now()

    def own(self, node: Kind) -> Kind:
        """Make `node` this tree's own before it is altered; in plain RAM it always is."""
        return node

    def is_charged(self, node: Inode) -> bool:
        """Whether the content of `node` counts as used here."""
        return True

    def charge(self, delta: int) -> None:
        """Account for `delta` bytes; ENOSPC when there is no room for them."""
        if delta > 0 and self.limit is not None and self.used + delta > self.limit:
            raise failure(errno.ENOSPC)
        if self.quota is not None and delta:
            self.quota(delta)
        self.used += delta

    def write(self, node: Regular, data: bytes, offset: int) -> int:
        """Write as much of `data` as there is room for (ENOSPC if none)."""
        if not data:
            return 0
        content = self._mutable(node, None)
        fits = self._fitting(content, len(data), offset)
        self.charge(content.growth(fits, offset))
        content.pwrite(data if fits == len(data) else data[:fits], offset)
        node.mtime = node.ctime = self.now()
        return fits

    def fill(self, node: Regular, content: Content) -> None:
        """Give a new file its content, which is shared if it cannot change."""
        kept = content if isinstance(content, Extent) else Buffer.copy_of(content, self.spool)
        self.charge(kept.allocated)
        node.content = kept

    def _fitting(self, content: Buffer, size: int, offset: int) -> int:
        """How much of a write there is room for; Linux writes whole pages until the space is gone."""
        if self.limit is None or content.growth(size, offset) <= self.limit - self.used:
            return size
        low, high = 0, size
        while low < high:
            middle = (low + high + 1) // 2
            if content.growth(middle, offset) <= self.limit - self.used:
                low = middle
            else:
                high = middle - 1
        if not low:
            raise failure(errno.ENOSPC)
        return low

    def truncate(self, node: Regular, size: int) -> None:
        """Set the length; bytes beyond the old end read as zeros and take no room."""
        content = self._mutable(node, size)
        before = content.allocated
        content.truncate(size)
        self.charge(content.allocated - before)
        node.mtime = node.ctime = self.now()

    def _mutable(self, node: Regular, keep: int | None) -> Buffer:
        """Content that may be written; of shared content the first `keep` bytes are copied."""
        self.own(node)
        content: Content = node.content
        if isinstance(content, Buffer):
            return content
        copy = Buffer.copy_of(content, self.spool, keep)
        self.charge(copy.allocated - content.allocated)
        node.content = copy
        return copy


class InodeFile(File):
    """An open node of a tree in RAM; regular files can be read and written, others only examined."""

    __slots__ = ("_access", "_closed", "_node", "_tree", "keeps_atime")

    def __init__(self, tree: MemoryTree, node: Inode, flags: int) -> None:
        super().__init__()
        self._tree = tree
        self._node = node
        self._access = flags & os.O_ACCMODE
        self._closed = False
        self.keeps_atime = False

    def pread(self, size: int, offset: int) -> bytes:
        if self._access == os.O_WRONLY:
            raise failure(errno.EBADF)
        node = self._regular()
        data = node.content.pread(size, offset)
        if node.atime <= node.mtime and node.place is None and not self.keeps_atime:
            node.atime = self._tree.now()
        return data

    def pwrite(self, data: bytes, offset: int) -> int:
        node = self._for_writing(len(data))
        return self._tree.write(node, data, offset)

    def append(self, data: bytes) -> int:
        node = self._for_writing(len(data))
        return self._tree.write(node, data, node.content.size)

    def truncate(self, size: int) -> None:
        self._tree.truncate(self._for_writing(1), size)

    def stat(self) -> Stat:
        return self._tree.stat(self._node, self.dev)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if isinstance(self._node, Regular):
            self._node.opens -= 1
            self._tree.free_if_gone(self._node)

    def _for_writing(self, size: int) -> Regular:
        if self._access == os.O_RDONLY:
            raise failure(errno.EBADF)
        node = self._regular()
        if size and self.unprivileged and node.mode & SETUID:
            self._tree.change(node, Change(mode=without_setuid(node.mode)))
        return node

    def _regular(self) -> Regular:
        if isinstance(self._node, Regular):
            return self._node
        raise failure(errno.EISDIR if isinstance(self._node, Directory) else errno.EINVAL)


def _directory(node: Inode) -> Directory:
    assert isinstance(node, Directory)
    return node
