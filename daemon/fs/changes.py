"""What a container changed: as `docker diff` lists it, as `docker commit` packs it, as sizes count it."""

import os
from collections.abc import Iterable, Iterator

from daemon.fs.layer_tree import OPAQUE, WHITEOUT_PREFIX
from daemon.fs.nesting import Nested, flatten
from daemon.fs.nodes import Directory, Inode, Regular, Symlink, Whiteout
from daemon.fs.tarread import BLOCK, REGULAR, SECOND, Entry
from daemon.fs.tarwrite import END, Members, header, padding

UNCHANGED, MODIFIED, ADDED, DELETED = -1, 0, 1, 2
CHUNK = 1 << 18

Changes = list[tuple[int, str]]


def changes(upper: Directory) -> Changes:
    """Kind and path, a folder before what is in it, deletions last: dockerd's order, where it is not random."""
    found = list(flatten(_compare(upper, upper.lower, "")))
    affected: set[str] = set()
    for kind, path in found:
        while kind != UNCHANGED and path not in affected:
            affected.add(path)
            path = path.rpartition("/")[0]
    return [(max(kind, MODIFIED), path) for kind, path in found if path in affected]


def _compare(folder: Directory, base: Directory | None, path: str) -> Nested[tuple[int, str]]:
    """What differs; a folder that does not is UNCHANGED, and listed only if something in it is."""
    old = base.entries if base is not None else {}
    for name in _sorted(folder.entries):
        node, previous = folder.entries[name], old.get(name)
        if isinstance(node, Whiteout):
            continue
        child = f"{path}/{name}"
        if previous is None:
            yield ADDED, child
        elif _differs(previous, node):
            yield MODIFIED, child
        elif isinstance(node, Directory):
            yield UNCHANGED, child
        if isinstance(node, Directory):
            yield _compare(node, previous if isinstance(previous, Directory) else None, child)
    for name in _sorted(_deleted(folder, old)):
        yield DELETED, f"{path}/{name}"


def _deleted(folder: Directory, old: dict[str, Inode]) -> list[str]:
    """Names below that are hidden, by a whiteout or because the folder was made anew."""
    if folder.lower is None:
        return [name for name in old if name not in folder.entries]
    return [name for name, node in folder.entries.items() if isinstance(node, Whiteout)]


def _differs(old: Inode, new: Inode) -> bool:
    """As dockerd compares: the size and time of folders say nothing."""
    if (old.mode, old.uid, old.gid, old.rdev) != (new.mode, new.uid, new.gid, new.rdev):
        return True
    if isinstance(new, Directory):
        return False
    return old.size != new.size or not _same_time(old.mtime, new.mtime)


def _same_time(one: int, other: int) -> bool:
    """Times without a fraction come from archives, which cut it off."""
    if one // SECOND != other // SECOND:
        return False
    return one == other or not one % SECOND or not other % SECOND


class Packing:
    """The tar of an upper folder, and what whoever reads it finds there: to be known without reading it again."""

    def __init__(self, upper: Directory) -> None:
        self.entries: list[Entry] | None = []
        """All that was packed so far; None if only reading tells what comes of it."""
        self._upper = upper
        self._at = 0
        self._members = Members()
        self._hidden: dict[int, str] = {}
        """The first whiteout: the others name it as their link target, an accident of dockerd's."""

    def chunks(self) -> Iterator[bytes]:
        for chunk in flatten(self._pack(self._upper, "")):
            self._at += len(chunk)
            yield chunk
        yield END

    def _pack(self, folder: Directory, path: str) -> Nested[bytes]:
        for name in _sorted(folder.entries):
            node, full = folder.entries[name], path + name
            entry = self._entry(node, path, name)
            if entry is None:
                continue
            head = header(entry)
            self._found(entry, head)
            if isinstance(node, Regular) and entry.kind == REGULAR:
                yield from _with_data(head, node)
                continue
            yield head
            if isinstance(node, Directory):
                if node.lower is None and folder.lower and name in folder.lower.entries:
                    marker = _opaque_marker(full, node)
                    head = header(marker)
                    self._found(marker, head)
                    yield head
                yield self._pack(node, full + "/")

    def _entry(self, node: Inode, path: str, name: str) -> Entry | None:
        full = path + name
        if isinstance(node, Whiteout):
            first = self._hidden.setdefault(id(node), full)
            target = "" if first == full else first
            whiteout = path + WHITEOUT_PREFIX + name
            return Entry(whiteout, REGULAR, 0o600, 0, 0, 0, node.mtime, target, 0, 0, 0)
        target = node.target if isinstance(node, Symlink) else ""
        return self._members.entry(full, node.stat(0), target, node.xattrs)

    def _found(self, entry: Entry, head: bytes) -> None:
        """What the head, which comes next, will be read as; that of an extended one is for the reader to say."""
        if len(head) > BLOCK:
            self.entries = None
        if self.entries is not None:
            entry.mtime -= entry.mtime % SECOND
            entry.offset = self._at + len(head)
            self.entries.append(entry)


def _with_data(head: bytes, node: Regular) -> Iterator[bytes]:
    if node.size <= CHUNK:
        yield head + node.content.pread(node.size, 0) + padding(node.size)
        return
    yield head
    for offset in range(0, node.size, CHUNK):
        yield node.content.pread(min(CHUNK, node.size - offset), offset)
    yield padding(node.size)


def _opaque_marker(path: str, folder: Directory) -> Entry:
    name, mode = f"{path}/{OPAQUE}", folder.mode & 0o777
    return Entry(name, REGULAR, mode, folder.uid, folder.gid, 0, 0, "", 0, 0, 0)


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names, key=os.fsencode)
