"""A tree that follows another one, whose owner tells it file by file and sends what has changed (fsutil's receiver)."""

import errno
import stat as modes
from collections.abc import Callable, Iterator
from typing import NamedTuple

from daemon.fs.content import EMPTY, Spool
from daemon.fs.memory import MemoryTree
from daemon.fs.nodes import Directory, Inode, Regular, Special, Symlink
from daemon.fs.packs import repack
from daemon.fs.tree import failure

NO_NAMES = ("", ".", "..")


class Sent(NamedTuple):
    """What is told of a file. `target` is where a symlink leads, or the path that another file is a hard link to."""

    path: str
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    target: str
    rdev: int


class Followed(Directory):
    """A folder of a mirror. `first_mode` is the one that it came with: BuildKit's checksums never learn of another."""

    __slots__ = ("first_mode",)

    def __init__(self, ino: int, mode: int, uid: int, gid: int, now: int) -> None:
        super().__init__(ino, mode, uid, gid, now)
        self.first_mode = self.mode


class MirrorTree(MemoryTree):
    """What was there in the last round that was concluded."""

    def __init__(self, spool: Spool, now: Callable[[], int]) -> None:
        super().__init__(spool, now)
        self.root = Followed(self.root.ino, self.root.mode, 0, 0, now())
        self.links: dict[str, str] = {}
        """Paths of hard links, and of what they are links to."""

    def clear(self) -> None:
        """Let go of everything, but for those who have it in hand."""
        self.root = Followed(self.root.ino, self.root.mode, 0, 0, self.now())
        self.links, self.used = {}, 0

    def files(self) -> Iterator[Regular]:
        """Every regular file, once."""
        todo, seen = [self.root], set[int]()
        while todo:
            node = todo.pop()
            if isinstance(node, Directory):
                todo += node.entries.values()
            elif isinstance(node, Regular) and node.ino not in seen:
                if node.nlink > 1:
                    seen.add(node.ino)
                yield node


class Mirror:
    """One round of following: `add` every file, each behind the folder that it is in, then `conclude`.

    The tree shows nothing of it before that; if the round breaks off, it is spoilt. Without `keep` everything is
    asked for, as if nothing were there.
    """

    def __init__(self, tree: MirrorTree, *, keep: bool = True) -> None:
        self.tree = tree
        self.size = 0
        """The bytes in all files so far, those with several names counted once."""
        self.count = 0
        """How many files so far."""
        self._changed = False
        self._keep = keep
        self._links: dict[str, str] = {}
        old = tree.root
        self._root = Followed(old.ino, old.mode, old.uid, old.gid, old.mtime)
        self._place = ""
        self._folder: Directory = self._root
        self._known: dict[str, Inode] = self._entries(old)

    def _entries(self, old: Inode | None) -> dict[str, Inode]:
        return old.entries if self._keep and isinstance(old, Directory) else {}

    def add(self, sent: Sent) -> Regular | None:
        """The file whose content is wanted, if it is; OSError for a path that cannot be."""
        self.count += 1
        place, _, name = sent.path.rpartition("/")
        if place != self._place:
            self._enter(place)
        if name in self._folder.entries or name in NO_NAMES:
            raise failure(errno.EINVAL, sent.path)
        if not modes.S_ISREG(sent.mode):
            self._put(name, self._other(name, sent))
        elif sent.target:
            self._link(name, sent)
        else:
            return self._file(name, sent)
        return None

    def _enter(self, place: str) -> None:
        folder, known = self._root, self._entries(self.tree.root)
        for name in place.split("/") if place else ():
            inner = folder.entries.get(name)
            if not isinstance(inner, Followed):
                raise failure(errno.ENOENT, place)
            folder, known = inner, self._entries(known.get(name))
        self._place, self._folder, self._known = place, folder, known

    def _put(self, name: str, node: Inode) -> None:
        self._folder.entries[name] = node

    def _file(self, name: str, sent: Sent) -> Regular | None:
        self.size += sent.size
        old = self._known.get(name)
        if isinstance(old, Regular) and self._is_same(old, sent):
            old.nlink = 1
            self._put(name, old)
            return None
        self._changed = True
        _, mode, uid, gid, _, mtime, _, _ = sent
        node = Regular(next(self.tree.numbers), mode, uid, gid, mtime, EMPTY)
        self._put(name, node)
        return node

    def _is_same(self, old: Regular, sent: Sent) -> bool:
        """As fsutil compares, which takes a file for another one as soon as its name was a hard link's."""
        return (
            old.mtime == sent.mtime
            and old.content.size == sent.size
            and (old.mode, old.uid, old.gid) == (sent.mode, sent.uid, sent.gid)
            and sent.path not in self.tree.links
        )

    def _link(self, name: str, sent: Sent) -> None:
        above, _, first = sent.target.rpartition("/")
        folder: Inode | None = self._root
        for part in above.split("/") if above else ():
            folder = folder.entries.get(part) if isinstance(folder, Directory) else None
        node = folder.entries.get(first) if isinstance(folder, Directory) else None
        if not isinstance(node, Regular):
            raise failure(errno.ENOENT, sent.target)
        node.nlink += 1
        self._links[sent.path] = sent.target
        self._put(name, node)

    def _other(self, name: str, sent: Sent) -> Inode:
        number = next(self.tree.numbers)
        if modes.S_ISDIR(sent.mode):
            folder = Followed(number, sent.mode, sent.uid, sent.gid, sent.mtime)
            old = self._known.get(name)
            if isinstance(old, Followed):
                folder.first_mode = old.first_mode
            self._folder.subfolders += 1
            return folder
        if modes.S_ISLNK(sent.mode):
            self.size += len(sent.target.encode())
            return Symlink(number, sent.uid, sent.gid, sent.mtime, sent.target)
        return Special(number, sent.mode, sent.uid, sent.gid, sent.mtime, sent.rdev)

    def abandon(self) -> None:
        """Let go of what was added: the frames of a transfer that was cut off would keep it."""
        self._root.entries.clear()
        self._folder, self._known = self._root, {}

    def conclude(self) -> None:
        """From now on the tree shows what was added, and nothing else. It may take long: not for the event loop."""
        tree, had = self.tree, self.tree.used
        tree.root, tree.links, tree.used = self._root, self._links, self.size
        if had and (self._changed or self.size < had):
            repack(tree.files(), tree.spool)
