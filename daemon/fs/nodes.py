"""What a file is: attributes and kinds, for the trees that live in RAM."""

import os
import stat as modes
from typing import NamedTuple

from daemon.fs.content import PAGE, Content

READ, WRITE, EXECUTE = 4, 2, 1
BLOCK = 512
ALL_EXECUTE = modes.S_IXUSR | modes.S_IXGRP | modes.S_IXOTH


class Credentials(NamedTuple):
    """Who asks. uid 0 passes every check, as with CAP_DAC_OVERRIDE and CAP_FOWNER."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()

    def belongs_to(self, gid: int) -> bool:
        """Whether `gid` is one of the groups."""
        return gid == self.gid or gid in self.groups


ROOT = Credentials()


class Stat(NamedTuple):
    """struct stat; times in nanoseconds since the epoch, `allocated` in bytes."""

    mode: int
    ino: int
    dev: int
    nlink: int
    uid: int
    gid: int
    size: int
    rdev: int
    mtime_ns: int
    atime_ns: int
    ctime_ns: int
    allocated: int = 0

    @property
    def blocks(self) -> int:
        """Units of 512 bytes."""
        return self.allocated // BLOCK


class StatFs(NamedTuple):
    """struct statfs; counts are in units of `block_size`."""

    block_size: int
    blocks: int
    free: int
    available: int
    files: int
    files_free: int
    fstype: str


class Change(NamedTuple):
    """The attributes to set on a node; None keeps what there is."""

    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    atime: int | None = None
    mtime: int | None = None


class Place(NamedTuple):
    """Where a node would be inserted if it became this tree's own."""

    parent: "Directory"
    name: str


class Inode:
    """The attributes that every kind of file has.

    `place` is set on a node that an overlay only shows from its lower tree, until it is copied up.
    """

    __slots__ = (
        "__weakref__",
        "atime",
        "ctime",
        "gid",
        "ino",
        "mode",
        "mtime",
        "nlink",
        "opens",
        "place",
        "uid",
        "xattrs",
    )

    def __init__(self, ino: int, mode: int, uid: int, gid: int, now: int) -> None:
        self.ino = ino
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.atime = self.mtime = self.ctime = now
        self.nlink = 1
        self.opens = 0
        self.place: Place | None = None
        self.xattrs: dict[str, bytes] | None = None

    size = 0
    rdev = 0
    allocated = 0

    def shadow(self, place: Place) -> "Inode":
        """This node as an overlay shows it: equal in all but `place`, and sharing the content."""
        shown = self._bare_copy()
        shown.ino, shown.mode, shown.uid, shown.gid = self.ino, self.mode, self.uid, self.gid
        shown.atime, shown.mtime, shown.ctime = self.atime, self.mtime, self.ctime
        shown.nlink, shown.xattrs, shown.opens, shown.place = self.nlink, self.xattrs, 0, place
        return shown

    def _bare_copy(self) -> "Inode":
        raise NotImplementedError

    def stat(self, dev: int) -> Stat:
        """What stat(2) says."""
        return Stat(
            self.mode,
            self.ino,
            dev,
            self.nlink,
            self.uid,
            self.gid,
            self.size,
            self.rdev,
            self.mtime,
            self.atime,
            self.ctime,
            self.allocated,
        )


class Regular(Inode):
    """A regular file."""

    __slots__ = ("content",)

    def __init__(self, ino: int, mode: int, uid: int, gid: int, now: int, content: Content) -> None:
        super().__init__(ino, mode, uid, gid, now)
        self.content = content

    @property
    def size(self) -> int:  # type: ignore[override]  # a constant of the other kinds
        return self.content.size

    @property
    def allocated(self) -> int:  # type: ignore[override]  # a constant of the other kinds
        return self.content.allocated

    def _bare_copy(self) -> "Regular":
        copy = Regular.__new__(Regular)
        copy.content = self.content
        return copy


NOTHING: dict[str, Inode] = {}
"""Shared by all folders that show no lower one; nothing is ever put in."""


class Directory(Inode):
    """A folder: its own entries, over those of `lower` in an overlay. A removed one has no links left.

    `merged` is set where several layers have the folder; overlayfs then counts one link. `shown` are the folders of
    `lower` that have been looked at: keeping them makes every later walk through them cheap.
    """

    __slots__ = ("entries", "lower", "merged", "shown", "subfolders")

    def __init__(self, ino: int, mode: int, uid: int, gid: int, now: int) -> None:
        super().__init__(ino, modes.S_IFDIR | mode & 0o7777, uid, gid, now)
        self.entries: dict[str, Inode] = {}
        self.lower: Directory | None = None
        self.shown: dict[str, Inode] = NOTHING
        self.merged = False
        self.subfolders = 0

    size = PAGE
    allocated = PAGE

    def _bare_copy(self) -> "Directory":
        copy = Directory.__new__(Directory)
        copy.entries, copy.lower, copy.shown = {}, self, {}
        copy.merged, copy.subfolders = self.merged, self.subfolders
        return copy


class Symlink(Inode):
    """A symbolic link."""

    __slots__ = ("target",)

    def __init__(self, ino: int, uid: int, gid: int, now: int, target: str) -> None:
        super().__init__(ino, modes.S_IFLNK | 0o777, uid, gid, now)
        self.target = target

    @property
    def size(self) -> int:  # type: ignore[override]  # a constant of the other kinds
        return len(os.fsencode(self.target))

    def _bare_copy(self) -> "Symlink":
        copy = Symlink.__new__(Symlink)
        copy.target = self.target
        return copy


class Special(Inode):
    """A FIFO, a socket, a character or a block device: what it does is the process layer's affair."""

    __slots__ = ("rdev",)

    def __init__(self, ino: int, mode: int, uid: int, gid: int, now: int, rdev: int) -> None:
        super().__init__(ino, mode, uid, gid, now)
        self.rdev = rdev

    def _bare_copy(self) -> "Special":
        copy = Special.__new__(Special)
        copy.rdev = self.rdev
        return copy


class Whiteout(Special):
    """An entry that hides a lower one; overlayfs keeps it as a character device 0:0."""

    __slots__ = ()

    def __init__(self, now: int = 0) -> None:
        super().__init__(0, modes.S_IFCHR, 0, 0, now, 0)
