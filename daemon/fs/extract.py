"""Unpacking a tar into a container's folder, as PUT /containers/{id}/archive does: nothing gets out of that folder."""

import errno
import os
import posixpath
import stat as modes
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from daemon.errors import InvalidParameter
from daemon.fs.archive_path import container_path, reach
from daemon.fs.compression import decompressed
from daemon.fs.filesystem import Filesystem
from daemon.fs.nodes import Credentials
from daemon.fs.rooted import Rooted, reason
from daemon.fs.streams import ChunkReader, ForwardContent, Readable
from daemon.fs.tarread import (
    BLOCK_DEVICE,
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

CHUNK = 1 << 18


class MissingTarget(ArchiveError, FileNotFoundError):
    """A hard link to nothing, or a symlink to nowhere: where files are copied in, Docker takes the folder for missing."""


def extract(
    fs: Filesystem,
    path: str,
    archive: Readable | Iterable[bytes],
    *,
    no_overwrite_dir_non_dir: bool = False,
    copy_uid_gid: bool = False,
    owner: Credentials | None = None,
    check: Callable[[Entry], None] | None = None,
) -> None:
    """Unpack into the folder at `path`, entry by entry: what came before an error stays.

    `copy_uid_gid` gives everything to `owner` (the container's user); `check` may refuse an entry. FileNotFoundError
    when the folder, or what a hard link names, is missing.
    """
    given_to = owner if copy_uid_gid else None
    steps = extract_steps(
        fs, path, archive, strict=no_overwrite_dir_non_dir, owner=given_to, check=check
    )
    for _ in steps:
        pass


def extract_steps(
    fs: Filesystem,
    path: str,
    archive: Readable | Iterable[bytes],
    *,
    strict: bool = False,
    owner: Credentials | None = None,
    check: Callable[[Entry], None] | None = None,
) -> Iterator[None]:
    """The same in small steps, between which others may run."""
    full = container_path(path)
    reach(fs, full)
    root = fs.realpath(full)
    if not fs.isdir(root):
        raise InvalidParameter("extraction point is not a directory")
    stream = archive if isinstance(archive, Readable) else ChunkReader(archive)
    content = ForwardContent(ChunkReader(decompressed(stream)))
    extraction = _Extraction(fs, root, content, owner, strict)
    for entry in read_entries(content):
        if check is not None:
            check(entry)
        yield from extraction.add(entry)
        yield
    extraction.date_folders()


class _Extraction:
    """The state of one: where to, and which folders to date at the end."""

    def __init__(
        self,
        fs: Filesystem,
        root: str,
        archive: ForwardContent,
        owner: Credentials | None,
        strict: bool,
    ) -> None:
        self.fs = fs
        self.root = root
        self.archive = archive
        self.owner = owner
        self.strict = strict
        self._dates: list[tuple[str, int]] = []
        self._parent: tuple[str, tuple[str, str]] = ("", (root, ""))

    @property
    def _rooted(self) -> Rooted:
        """Not kept: the cycle would hold the archive until somebody collects it."""
        return Rooted(self._look, self.root)

    def add(self, entry: Entry) -> Iterator[None]:
        """Make what `entry` describes, in place of what is there."""
        path = entry_path(entry, self.root.rstrip("/"))
        if path == ".":
            return
        above, name = posixpath.split(path)
        try:
            folder, shown = self._folder(above)
            place, path = posixpath.join(folder, name), posixpath.join(shown, name)
            self._clear(place, entry)
            if entry.kind == HARD_LINK:
                self._link(place, path, entry)
            else:
                self._make(place, entry)
            if entry.kind == REGULAR:
                yield from self._write(place, entry)
            self._set_attributes(place, entry)
            if entry.kind == FOLDER:
                self._dates.append((path, entry.mtime))
        except ArchiveError:
            raise
        except OSError as error:
            raise _failure(path, entry, error) from error

    def date_folders(self) -> None:
        """Filling a folder has changed its time; what has taken its place by now gets that of the archive, too."""
        for path, mtime in self._dates:
            try:
                place = posixpath.join(self.root, self._rooted.real(path))
                self.fs.utime(place, mtime, mtime, follow=False)
            except OSError as error:
                raise _kind(error)(f"chtimesat {path}: {reason(error)}") from error

    def _folder(self, path: str) -> tuple[str, str]:
        """The folder that entries below `path` go into, made with what is missing above it, and its name in errors."""
        if self._parent[0] != path:
            real, shown = self._rooted.folder(path)
            folder = self.root
            for name in filter(None, real.split("/")):
                folder = posixpath.join(folder, name)
                if self._mode(folder) is None:
                    self.fs.mkdir(folder, 0o755)
            self._parent = (path, (folder, shown))
        return self._parent[1]

    def _look(self, path: str) -> str | bool:
        place = posixpath.join(self.root, path)
        mode = self.fs.stat(place, follow=False).mode
        return self.fs.readlink(place) if modes.S_ISLNK(mode) else modes.S_ISDIR(mode)

    def _mode(self, path: str) -> int | None:
        """None if nothing is there."""
        try:
            return self.fs.stat(path, follow=False).mode
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _clear(self, place: str, entry: Entry) -> None:
        """Remove what is there, unless both are folders."""
        present = self._mode(place)
        if present is None:
            return
        is_folder, wants_folder = modes.S_ISDIR(present), entry.kind == FOLDER
        if is_folder and wants_folder:
            return
        if self.strict and is_folder:
            self._refuse(f'directory "{entry_path(entry)}" with non-directory')
        if self.strict and wants_folder:
            self._refuse(f'non-directory "{entry_path(entry)}" with directory')
        self._parent = ("", (self.root, ""))
        self._remove(place, is_folder)

    def _refuse(self, what: str) -> NoReturn:
        raise ArchiveError(f'cannot overwrite {what} "{self.root}"')

    def _remove(self, place: str, is_folder: bool) -> None:
        if not is_folder:
            self.fs.unlink(place)
            return
        folders = [place]
        for folder in folders:
            for name in self.fs.listdir(folder):
                inner = posixpath.join(folder, name)
                if modes.S_ISDIR(self.fs.stat(inner, follow=False).mode):
                    folders.append(inner)  # the loop comes to it
                else:
                    self.fs.unlink(inner)
        for folder in reversed(folders):
            self.fs.rmdir(folder)

    def _make(self, place: str, entry: Entry) -> None:
        if entry.kind not in FILE_TYPES:
            raise ArchiveError(f"unhandled tar header type {ord(entry.kind)}")
        if entry.kind == FOLDER:
            if not self.fs.isdir(place):
                self.fs.mkdir(place)
        elif entry.kind == REGULAR:
            self.fs.open(place, os.O_CREAT | os.O_EXCL, 0o600).close()
        elif entry.kind == SYMLINK:
            self.fs.symlink(entry.target, place)
        else:
            rdev = device_number(entry.major, entry.minor)
            self.fs.mknod(place, entry.file_mode, rdev)

    def _link(self, place: str, path: str, entry: Entry) -> None:
        """Both folders are looked up before the link is made."""
        above, name = posixpath.split(link_path(entry))
        real, shown = self._rooted.folder(above)
        folder = posixpath.join(self.root, real)
        try:
            if self.fs.isdir(folder) and not self.fs.isdir(posixpath.dirname(place)):
                raise failure(errno.ENOTDIR, path)
            self.fs.link(posixpath.join(folder, name), place)
        except OSError as error:
            call = f"linkat {posixpath.join(shown, name)} {path}"
            raise _kind(error)(f"{call}: {reason(error)}") from error

    def _write(self, place: str, entry: Entry) -> Iterator[None]:
        file = self.fs.open(place, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            source = entry.offset
            for start, length in entry.pieces():
                done = 0
                while done < length:
                    chunk = self.archive.pread(min(CHUNK, length - done), source + done)
                    if not chunk:
                        raise ArchiveError("unexpected EOF")
                    done += file.pwrite(chunk, start + done)
                    yield
                source += length
            if entry.sparse is not None:
                file.truncate(entry.size)
        finally:
            file.close()

    def _set_attributes(self, place: str, entry: Entry) -> None:
        uid, gid = (self.owner.uid, self.owner.gid) if self.owner else (entry.uid, entry.gid)
        self.fs.chown(place, uid, gid, follow=False)
        # A hard link may lead to a symlink, which has no mode of its own to set.
        if not modes.S_ISLNK(self.fs.stat(place, follow=False).mode):
            self.fs.chmod(place, entry.mode & 0o7777, follow=False)
        if entry.kind != FOLDER:
            self.fs.utime(place, entry.mtime, entry.mtime, follow=False)


def _kind(error: OSError) -> type[ArchiveError]:
    """What is missing while extracting is, to dockerd, the path that the client named."""
    return MissingTarget if isinstance(error, FileNotFoundError) else ArchiveError


def _failure(path: str, entry: Entry, error: OSError) -> Exception:
    """The error of the system call that makes such an entry."""
    why, kind = reason(error), _kind(error)
    if entry.kind == SYMLINK:
        return kind(f"symlinkat {entry.target} {path}: {why}")
    if entry.kind == FOLDER:
        return kind(f"mkdirat {path}: {why}")
    if entry.kind in (CHARACTER, BLOCK_DEVICE):
        is_below = isinstance(error, NotADirectoryError)
        return kind(f"openat {posixpath.dirname(path)}: {why}" if is_below else why)
    return kind(f"openat {path}: {why}")
