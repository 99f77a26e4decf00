"""From a layer's tar to nodes, and from stacked layers to one tree, as overlay2 shows them."""

import errno
import os
import posixpath
import stat as modes
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from daemon.fs.content import EMPTY, Buffer, Content, Extent, Spool
from daemon.fs.nodes import Directory, Inode, Regular, Special, Symlink, Whiteout
from daemon.fs.rooted import Rooted, reason
from daemon.fs.tarread import (
    CHARACTER,
    FILE_TYPES,
    FOLDER,
    HARD_LINK,
    REGULAR,
    SYMLINK,
    ArchiveError,
    Entry,
    device_number,
    entry_path,
    link_path,
    read_entries,
)
from daemon.fs.tree import failure

WHITEOUT_PREFIX = ".wh."
OPAQUE = ".wh..wh..opq"
LINKS_MAX = 40
NAME_MAX = 255
ENTRIES_MAX = 1 << 20
"""Nodes live in RAM: what ends a bomb of empty files."""
WHITEOUT = Whiteout()


class LayerTree(NamedTuple):
    """The nodes of one layer; `whiteouts` says whether any hide something below."""

    root: Directory
    whiteouts: bool


def read_layer(
    archive: Content,
    numbers: Iterator[int],
    now: int,
    spool: Spool,
    entries: Iterable[Entry] | None = None,
) -> LayerTree:
    """Extract a layer; ArchiveError if that cannot be done. `entries` are what is in it, if that is known."""
    builder = _LayerBuilder(archive, numbers, now, spool)
    found = read_entries(archive) if entries is None else entries
    for count, entry in enumerate(found):
        if count >= ENTRIES_MAX:
            raise ArchiveError(f"openat {entry.name}: no space left on device")
        builder.add(entry)
    builder.date_folders()
    return LayerTree(builder.root, builder.whiteouts)


def layer_size(root: Directory) -> int:
    """What dockerd counts: the size of everything but folders, hard links once."""
    total, seen, todo = 0, set[int](), [root]
    while todo:
        for node in todo.pop().entries.values():
            if isinstance(node, Directory):
                todo.append(node)
            elif node.nlink == 1 or node.ino not in seen:
                seen.add(node.ino)
                total += node.size
    return total


class _Source(NamedTuple):
    """A hard link's: the folder, the name in it, and the system call as an error begins with it."""

    folder: Directory
    name: str
    call: str


class _LayerBuilder:
    """Extracts in archive order, inside a root that nothing leaves."""

    def __init__(self, archive: Content, numbers: Iterator[int], now: int, spool: Spool) -> None:
        self.archive = archive
        self.numbers = numbers
        self.now = now
        self.spool = spool
        self.root = Directory(next(numbers), 0o755, 0, 0, now)
        self.whiteouts = False
        self._names: set[str] = set()
        self._dates: list[tuple[str, int]] = []
        self._recent: tuple[str, tuple[Inode, str]] = ("", (self.root, ""))

    @property
    def _rooted(self) -> Rooted:
        """Not kept: the cycle would hold the archive until somebody collects it."""
        return Rooted(self._look)

    def add(self, entry: Entry) -> None:
        path = entry_path(entry)
        if path != ".":
            self._place(path, entry)
        # The engine finds a name twice as it reads on, when the second is there already.
        if path in self._names:
            raise ArchiveError("duplicates of file paths not supported")
        self._names.add(path)

    def _place(self, path: str, entry: Entry) -> None:
        above, name = posixpath.split(path)
        folder, shown = self._folder(above)
        path = posixpath.join(shown, name)
        if not isinstance(folder, Directory):
            if _marks_no_folder(folder, shown, name):
                return
            call = self._source(path, entry).call if entry.kind == HARD_LINK else _call(entry, path)
            raise ArchiveError(f"{call}: not a directory")
        if name == OPAQUE:
            self._hide(folder, OPAQUE)
        elif name.startswith(WHITEOUT_PREFIX):
            self._hide_below(folder, name[len(WHITEOUT_PREFIX) :], path)
        elif len(name) > NAME_MAX // 4 and len(os.fsencode(name)) > NAME_MAX:
            raise ArchiveError(f"openat {path}: file name too long")
        else:
            self._add_node(folder, name, path, entry)
            if entry.kind == FOLDER:
                self._dates.append((path, entry.mtime))

    def date_folders(self) -> None:
        """Their times are set last, which fails for what is not there any more because it was replaced."""
        for path, mtime in self._dates:
            try:
                node = self._plain(path) or self._lstat(self._rooted.real(path))
            except OSError as error:
                raise ArchiveError(f"chtimesat {path}: {reason(error)}") from error
            if node is not WHITEOUT:
                node.mtime = node.atime = mtime

    def _hide_below(self, folder: Directory, name: str, path: str) -> None:
        """As overlay2 does it: a whiteout is a device, which cannot be made where something is."""
        if name in ("", ".", ".."):
            raise ArchiveError(f'invalid whiteout entry "{path}"')
        if name in folder.entries:
            place = posixpath.join(posixpath.dirname(path), name)
            raise ArchiveError(f"failed to mknod('{place}', S_IFCHR, 0): file exists")
        self._hide(folder, name)

    def _hide(self, folder: Directory, name: str) -> None:
        self._put(folder, name, WHITEOUT)
        self.whiteouts = True

    def _add_node(self, folder: Directory, name: str, path: str, entry: Entry) -> None:
        if entry.kind == CHARACTER and entry.major == entry.minor == 0:
            self._hide(folder, name)  # what overlayfs takes for a whiteout
            return
        node = folder.entries.get(name)
        if not (isinstance(node, Directory) and entry.kind == FOLDER):
            self._clear(folder, name)  # before what takes its place is looked for
            node = self._node(path, entry)
            if node is WHITEOUT:
                self._hide(folder, name)  # a link to a whiteout hides as well
                return
            self._put(folder, name, node)
        if entry.kind != SYMLINK:
            node.mode = modes.S_IFMT(node.mode) | entry.mode & 0o7777
        node.uid, node.gid = entry.uid, entry.gid
        node.mtime = node.atime = node.ctime = entry.mtime
        node.xattrs = entry.xattrs or node.xattrs

    def _node(self, path: str, entry: Entry) -> Inode:
        if entry.kind == HARD_LINK:
            return self._linked(path, entry)
        if entry.kind not in FILE_TYPES:
            raise ArchiveError(f"unhandled tar header type {ord(entry.kind)}")
        number, mode, now = next(self.numbers), entry.file_mode, self.now
        if entry.kind == FOLDER:
            return Directory(number, mode, 0, 0, now)
        if entry.kind == SYMLINK:
            if not entry.target:
                raise ArchiveError(f"symlinkat  {path}: no such file or directory")
            return Symlink(number, 0, 0, now, entry.target)
        if entry.kind == REGULAR:
            content = _content(self.archive, entry, self.spool)
            return Regular(number, mode, 0, 0, now, content)
        return Special(number, mode, 0, 0, now, device_number(entry.major, entry.minor))

    def _linked(self, path: str, entry: Entry) -> Inode:
        folder, name, call = self._source(path, entry)
        node = folder.entries.get(name) if name != OPAQUE else None
        if node is None:
            raise ArchiveError(f"{call}: no such file or directory")
        if isinstance(node, Directory):
            raise ArchiveError(f"{call}: operation not permitted")
        if node is not WHITEOUT:
            node.nlink += 1
        return node

    def _source(self, path: str, entry: Entry) -> _Source:
        """What a hard link names; its folder is looked up before where the link goes to."""
        above, name = posixpath.split(link_path(entry))
        real, shown = self._rooted.folder(above)
        call = f"linkat {posixpath.join(shown, name)} {path}"
        try:
            folder = self._lstat(real)
            if not isinstance(folder, Directory):
                raise failure(errno.ENOTDIR, shown)
        except OSError as error:
            raise ArchiveError(f"{call}: {reason(error)}") from error
        return _Source(folder, name, call)

    def _put(self, folder: Directory, name: str, node: Inode) -> None:
        self._clear(folder, name)
        folder.entries[name] = node
        folder.subfolders += isinstance(node, Directory)

    def _clear(self, folder: Directory, name: str) -> None:
        previous = folder.entries.pop(name, None)
        if isinstance(previous, Directory | Symlink):
            self._recent = ("", (self.root, ""))
        if isinstance(previous, Directory):
            folder.subfolders -= 1
        elif previous is not None and not isinstance(previous, Whiteout):
            previous.nlink -= 1

    def _folder(self, path: str) -> tuple[Inode, str]:
        """What entries below `path` go into, made with what is missing above it, and its name in errors."""
        if path != self._recent[0]:
            plain, shown = self._plain(path), path
            if plain is None:
                real, shown = self._rooted.folder(path)
                plain = self._made(real)
            self._recent = (path, (plain, shown))
        return self._recent[1]

    def _plain(self, path: str) -> Inode | None:
        """The folder at `path` if only folders lead there."""
        node: Inode | None = self.root
        for name in filter(None, path.split("/")):
            node = node.entries.get(name) if isinstance(node, Directory) else None
        return node if isinstance(node, Directory) else None

    def _made(self, path: str) -> Inode:
        """What is at a path without symlinks; missing folders are made."""
        node: Inode = self.root
        for name in filter(None, path.split("/")):
            assert isinstance(node, Directory), path
            if name not in node.entries:
                self._put(node, name, Directory(next(self.numbers), 0o755, 0, 0, self.now))
            node = node.entries[name]
        return node

    def _look(self, path: str) -> str | bool:
        node = self._lstat(path)
        return node.target if isinstance(node, Symlink) else isinstance(node, Directory)

    def _lstat(self, path: str) -> Inode:
        """As a kernel finds it: symlinks on the way are followed, nothing is above the root."""
        at: list[Inode] = [self.root]
        todo, links = path.split("/")[::-1], 0
        while todo:
            name, folder = todo.pop(), at[-1]
            if name in ("", "."):
                continue
            if not isinstance(folder, Directory):
                raise failure(errno.ENOTDIR, path)
            if name == "..":
                at = at[:-1] or at
                continue
            node = folder.entries.get(name)
            if node is None or name == OPAQUE:
                raise failure(errno.ENOENT, path)
            if isinstance(node, Symlink) and todo:
                links += 1
                if links > LINKS_MAX:
                    raise failure(errno.ELOOP, path)
                at = at[:1] if node.target.startswith("/") else at
                todo += node.target.split("/")[::-1]
                continue
            at.append(node)
        return at[-1]


def _marks_no_folder(node: Inode, path: str, name: str) -> bool:
    """Opaqueness is an attribute of what is there, which a file may have as well; a whiteout cannot be opened."""
    if name.startswith(WHITEOUT_PREFIX) and node is WHITEOUT:
        raise ArchiveError(f"openat {path}: no such device or address")
    return name == OPAQUE


def _call(entry: Entry, path: str) -> str:
    """The system call that makes an entry, as an error begins with it; for a device, the folder is opened first."""
    above, name = posixpath.split(path)
    if name.startswith(WHITEOUT_PREFIX):
        place = posixpath.join(above, name[len(WHITEOUT_PREFIX) :])
        return f"failed to mknod('{place}', S_IFCHR, 0)"
    calls = {
        FOLDER: f"mkdirat {path}",
        SYMLINK: f"symlinkat {entry.target} {path}",
        REGULAR: f"openat {path}",
    }
    return calls.get(entry.kind, f"openat {above}")


def _content(archive: Content, entry: Entry, spool: Spool) -> Content:
    """An entry's data: a piece of the archive, or a copy with its holes."""
    if not entry.size:
        return EMPTY
    if entry.sparse is None:
        return Extent(archive, entry.offset, entry.size)
    buffer, position = Buffer(spool), entry.offset
    buffer.truncate(entry.size)
    for offset, length in entry.pieces():
        if position + length > archive.size:
            raise ArchiveError("unexpected EOF")
        buffer.write_from(Extent(archive, position, length), length, offset)
        position += length
    return buffer


def merge(lower: Directory | None, layer: LayerTree) -> Directory:
    """`layer` over `lower`, as a new folder; sub-folders that only one of them has are shared, not copied."""
    if lower is None and not layer.whiteouts:
        return layer.root
    top = _bare(layer.root)
    todo = [(top, lower, layer.root)]
    while todo:
        merged, below, above = todo.pop()
        if below is not None and OPAQUE not in above.entries:
            merged.entries, merged.merged = dict(below.entries), True
        entries = merged.entries
        for name, node in above.entries.items():
            if isinstance(node, Whiteout):
                entries.pop(name, None)
                continue
            under = entries.get(name)
            if isinstance(node, Directory) and (isinstance(under, Directory) or layer.whiteouts):
                entries[name] = inner = _bare(node)
                todo.append((inner, under if isinstance(under, Directory) else None, node))
            else:
                entries[name] = node
        merged.subfolders = sum(isinstance(node, Directory) for node in entries.values())
    return top


def _bare(folder: Directory) -> Directory:
    """An empty folder with the attributes of `folder`."""
    copy = Directory(folder.ino, folder.mode, folder.uid, folder.gid, folder.mtime)
    copy.atime, copy.ctime, copy.xattrs = folder.atime, folder.ctime, folder.xattrs
    return copy


def with_init_layer(image: Directory, numbers: Iterator[int], now: int) -> Directory:
    """What dockerd puts over every image before a container starts: mount points, and files to mount over."""
    layer = _bare(image)
    for path, make in INIT_LAYER.items():
        above, _, name = path.rpartition("/")
        folder, below = layer, image
        if above:
            known = image.entries.get(above)
            below = known if isinstance(known, Directory) else Directory(0, 0o755, 0, 0, now)
            kept = layer.entries.setdefault(above, _bare(below))
            assert isinstance(kept, Directory)
            folder = kept
        present = below.entries.get(name)
        if not isinstance(present, Directory):
            folder.entries[name] = make(next(numbers), now)
    return merge(image, LayerTree(layer, whiteouts=False))


def _init_folder(number: int, now: int) -> Inode:
    return Directory(number, 0o755, 0, 0, now)


def _init_file(number: int, now: int) -> Inode:
    return Regular(number, modes.S_IFREG | 0o755, 0, 0, now, EMPTY)


INIT_LAYER: dict[str, Callable[[int, int], Inode]] = {
    ".dockerenv": _init_file,
    "dev/console": _init_file,
    "dev/pts": _init_folder,
    "dev/shm": _init_folder,
    "etc/hostname": _init_file,
    "etc/hosts": _init_file,
    "etc/mtab": lambda number, now: Symlink(number, 0, 0, now, "/proc/mounts"),
    "etc/resolv.conf": _init_file,
    "proc": _init_folder,
    "sys": _init_folder,
}
"""Path and what is put there unless the image has a folder of that name (moby's daemon/initlayer)."""
