"""A container's filesystem: a sparse writable layer over an immutable tree that all containers share.

It behaves as overlayfs does under dockerd (no index, no redirect_dir): a lower hard link breaks when it is
written, and a folder that exists below cannot be renamed (EXDEV; `mv` copies it).
"""

import errno
import itertools
import stat as modes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, TypeVar
from weakref import WeakValueDictionary

from daemon.fs.changes import Packing, changes
from daemon.fs.content import Spool
from daemon.fs.layer_tree import layer_size
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import Credentials, Directory, Inode, Place, Regular, Whiteout
from daemon.fs.tree import Quota, failure

Kind = TypeVar("Kind", bound=Inode)


@dataclass(frozen=True, slots=True)
class MergedTree:
    """The immutable result of stacking layers; `last_number` is above every inode number in it."""

    root: Directory
    chain_id: str
    last_number: int
    diff_ids: tuple[str, ...] = ()


class _Shown(WeakValueDictionary[tuple[Directory, str], Inode]):
    """The lower files that are in use, by place: one node each, so that all who hold it see a copy-up."""


class OverlayTree(MemoryTree):
    """`lower` with changes on top. Making one costs microseconds: nothing is copied before it is written."""

    def __init__(
        self,
        lower: MergedTree,
        spool: Spool,
        now: Callable[[], int],
        *,
        quota: Quota | None = None,
    ) -> None:
        super().__init__(spool, now, fstype="overlay", quota=quota)
        self.lower = lower
        self.numbers = itertools.count(lower.last_number + 1)
        self.root = lower.root.shadow(Place(lower.root, ""))
        self.root.place = None
        self._whiteout: Whiteout | None = None  # one inode for all, as in overlayfs
        self._shown: _Shown | None = None

    def lookup(self, folder: Inode, name: str) -> Inode | None:
        assert isinstance(folder, Directory)
        own = folder.entries.get(name)
        if own is not None:
            return None if isinstance(own, Whiteout) else own
        if folder.lower is None:
            return None
        return folder.shown.get(name) or self._show(folder, folder.lower, name)

    def _show(self, folder: Directory, lower: Directory, name: str) -> Inode | None:
        """The node for a lower entry: one and the same as long as anything refers to it."""
        below = lower.entries.get(name)
        if below is None:
            return None
        if isinstance(below, Directory):
            shown = folder.shown[name] = below.shadow(Place(folder, name))
            return shown
        if self._shown is None:
            self._shown = _Shown()
        known = self._shown.get((folder, name))
        if known is None:
            known = self._shown[(folder, name)] = below.shadow(Place(folder, name))
        return known

    def _hide(self, folder: Directory, name: str) -> None:
        folder.shown.pop(name, None)
        if self._shown is not None:
            self._shown.pop((folder, name), None)

    def names(self, folder: Inode) -> list[str]:
        assert isinstance(folder, Directory)
        if folder.lower is None:
            return list(folder.entries)
        if not folder.entries:
            return list(folder.lower.entries)
        own = folder.entries
        names = [name for name, node in own.items() if not isinstance(node, Whiteout)]
        names += [name for name in folder.lower.entries if name not in own]
        return names

    def own(self, node: Kind) -> Kind:
        """Copy up: the node enters the upper layer, and before it the folders above it."""
        if node.place is None:
            return node
        lower_folders: list[Inode] = [node]
        while (place := lower_folders[-1].place) and place.parent.place is not None:
            lower_folders.append(place.parent)
        while lower_folders:
            self._copy_up(lower_folders.pop())
        return node

    def _copy_up(self, node: Inode) -> None:
        assert node.place is not None
        parent, name = node.place
        if isinstance(node, Regular):
            self.charge(node.allocated)
        parent.entries[name] = node
        self._hide(parent, name)
        if isinstance(node, Directory):
            node.merged = True
        elif node.nlink > 1:
            node.nlink, node.ino = 1, next(self.numbers)
        node.place = None

    def is_charged(self, node: Inode) -> bool:
        return node.place is None

    def erase(self, folder: Directory, name: str) -> None:
        if folder.lower is not None and name in folder.lower.entries:
            if self._whiteout is None:
                self._whiteout = Whiteout(self.now())
            folder.entries[name] = self._whiteout
            self._hide(folder, name)
        else:
            del folder.entries[name]

    def create(self, folder: Inode, name: str, mode: int, who: Credentials, rdev: int = 0) -> Inode:
        if modes.S_ISCHR(mode) and rdev == 0:
            raise failure(errno.EPERM)  # overlayfs keeps that device for its whiteouts
        return super().create(folder, name, mode, who, rdev)

    def remove(self, folder: Inode, name: str, node: Inode) -> None:
        if node.opens:
            self.own(node)  # what is open lives on without a name
        super().remove(folder, name, node)

    def rename(
        self,
        folder: Inode,
        name: str,
        node: Inode,
        to: Inode,
        new_name: str,
        over: Inode | None,
    ) -> None:
        if isinstance(node, Directory) and node.lower is not None:
            raise failure(errno.EXDEV)
        super().rename(folder, name, node, to, new_name, over)

    def clear(self) -> None:
        """Folders and what they show hold each other: without this they would stay until somebody collects them."""
        todo: list[Inode] = [self.root]
        while todo:
            folder = todo.pop()
            if isinstance(folder, Directory):
                todo += folder.entries.values()
                if folder.lower is not None:
                    todo += folder.shown.values()
                    folder.shown = {}
        super().clear()

    def changes(self) -> list[tuple[int, str]]:
        """What `docker diff` lists: (0 modified, 1 added, 2 deleted; path)."""
        return changes(self._upper)

    def size_rw(self) -> int:
        """Bytes in the writable layer, as dockerd's SizeRw."""
        return layer_size(self._upper)

    def packing(self) -> Packing:
        """The layer that a commit makes."""
        return Packing(self._upper)

    def layer_tar(self) -> Iterator[bytes]:
        """Its uncompressed tar, chunk by chunk."""
        return self.packing().chunks()

    def write_layer_tar(self, out: BinaryIO) -> None:
        """The same, written to `out`."""
        for chunk in self.layer_tar():
            out.write(chunk)

    @property
    def _upper(self) -> Directory:
        assert isinstance(self.root, Directory)
        return self.root
