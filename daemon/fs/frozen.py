"""An image's files to be read as they are: nobody can alter them, and nothing is kept of who has looked at what."""

import errno
from collections.abc import Callable
from typing import TypeVar

from daemon.fs.content import Spool
from daemon.fs.memory import InodeFile, MemoryTree
from daemon.fs.nodes import Inode
from daemon.fs.overlay import MergedTree
from daemon.fs.tree import failure

Kind = TypeVar("Kind", bound=Inode)


class FrozenTree(MemoryTree):
    """The nodes of `merged` themselves, which containers share."""

    def __init__(self, merged: MergedTree, spool: Spool, now: Callable[[], int]) -> None:
        super().__init__(spool, now, fstype="overlay")
        self.merged = merged
        self.root = merged.root

    def own(self, node: Kind) -> Kind:
        raise failure(errno.EROFS)

    def open(self, node: Inode, flags: int) -> InodeFile:
        opened = super().open(node, flags)
        assert isinstance(opened, InodeFile)
        opened.keeps_atime = True
        return opened
