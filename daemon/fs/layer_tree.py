"""From a layer's tar to nodes, and from stacked layers to one tree, as overlay2 shows them."""

import os
import posixpath
import stat as modes
from collections.abc import Callable, Iterator
from typing import NamedTuple

from daemon.fs.content import EMPTY, Buffer, Content, Extent, Spool
from daemon.fs.nodes import Directory, Inode, Regular, Special, Symlink, Whiteout
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
    link_loop,
    link_path,
    read_entries,
)

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


def read_layer(archive: Content, numbers: Iterator[int], now: int, spool: Spool) -> LayerTree:
    """Extract a layer; ArchiveError if that cannot be done."""
    builder = _LayerBuilder(archive, numbers, now, spool)
    for count, entry in enumerate(read_entries(archive)):
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
        self._folders: list[str] = []
        self._recent: tuple[str, Directory] = ("", self.root)

    def add(self, entry: Entry) -> None:
        path = entry_path(entry)
        if path in self._names:
            raise ArchiveError("duplicates of file paths not supported")
        self._names.add(path)
        if path == ".":
            return
        above, _, name = path.rpartition("/")
        try:
            folder = self._folder(above)
        except NotADirectoryError as error:
            if self._marks_no_folder(above, name):
                return
            raise ArchiveError(f"{_call(entry, path, name)}not a directory") from error
        if name == OPAQUE:
            self._hide(folder, OPAQUE)
        elif name.startswith(WHITEOUT_PREFIX):
            self._hide_below(folder, name[len(WHITEOUT_PREFIX) :], path)
        elif len(name) > NAME_MAX // 4 and len(os.fsencode(name)) > NAME_MAX:
            raise ArchiveError(f"openat {path}: file name too long")
        else:
            self._add_node(folder, name, path, entry)
            if entry.kind == FOLDER:
                self._folders.append(path)

    def _marks_no_folder(self, above: str, name: str) -> bool:
        """Opaqueness is an attribute of what is there, which a file may have as well; a whiteout cannot be opened."""
        outer = self._walk(posixpath.dirname(above), make=False)
        if outer is None or not name.startswith(WHITEOUT_PREFIX):
            return False
        if outer.entries.get(posixpath.basename(above)) is WHITEOUT:
            raise ArchiveError(f"openat {above}: no such device or address")
        return name == OPAQUE

    def date_folders(self) -> None:
        """Their times are set last, which fails for those that are not there any more because one above was replaced."""
        for path in self._folders:
            above, _, name = path.rpartition("/")
            try:
                there = name in self._folder(above).entries
            except NotADirectoryError as error:
                raise ArchiveError(f"chtimesat {path}: not a directory") from error
            if not there:
                raise ArchiveError(f"chtimesat {path}: no such file or directory")

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
            node = self._node(path, entry)
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
        above, _, name = link_path(entry).rpartition("/")
        folder = self._walk(above, make=False)
        node = folder.entries.get(name) if folder is not None else None
        if node is None or isinstance(node, Whiteout):
            raise ArchiveError(f"linkat {entry.target} {path}: no such file or directory")
        if isinstance(node, Directory):
            raise ArchiveError(f"linkat {entry.target} {path}: operation not permitted")
        node.nlink += 1
        return node

    def _put(self, folder: Directory, name: str, node: Inode) -> None:
        previous = folder.entries.pop(name, None)
        if isinstance(previous, Directory):
            folder.subfolders -= 1
            self._recent = ("", self.root)
        elif previous is not None and not isinstance(previous, Whiteout):
            previous.nlink -= 1
        folder.entries[name] = node
        folder.subfolders += isinstance(node, Directory)

    def _folder(self, path: str) -> Directory:
        """The folder at `path`, made with what is missing above it; symlinks lead inside the layer only."""
        if path == self._recent[0]:
            return self._recent[1]
        folder = self._walk(path, make=True)
        assert folder is not None
        self._recent = (path, folder)
        return folder

    def _walk(self, path: str, *, make: bool) -> Directory | None:
        stack, todo, links = [self.root], path.split("/")[::-1], 0
        absolute = False
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if len(stack) == 1:
                    raise ArchiveError(f"statat {path}: path escapes from parent")
                stack.pop()
                continue
            node = stack[-1].entries.get(name)
            if isinstance(node, Symlink):
                links += 1
                if links > LINKS_MAX:
                    raise link_loop(path, absolute=absolute, below=any(todo))
                absolute = absolute or node.target.startswith("/")
                stack = [self.root] if node.target.startswith("/") else stack
                todo += node.target.split("/")[::-1]
                continue
            if make and node is None:
                node = Directory(next(self.numbers), 0o755, 0, 0, self.now)
                self._put(stack[-1], name, node)
            if not isinstance(node, Directory):
                if make:
                    raise NotADirectoryError(path)
                return None
            stack.append(node)
        return stack[-1]


def _call(entry: Entry, path: str, name: str) -> str:
    """The system call that makes an entry, as an error begins with it; a device is made by one that names nothing."""
    if name.startswith(WHITEOUT_PREFIX):
        place = posixpath.join(posixpath.dirname(path), name[len(WHITEOUT_PREFIX) :])
        return f"failed to mknod('{place}', S_IFCHR, 0): "
    calls = {
        FOLDER: f"mkdirat {path}: ",
        SYMLINK: f"symlinkat {entry.target} {path}: ",
        HARD_LINK: f"linkat {entry.target} {path}: ",
        REGULAR: f"openat {path}: ",
    }
    return calls.get(entry.kind, "")


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
