"""What COPY and ADD do: which files of a source go where, with which owner, mode and time."""

from __future__ import annotations

import os
import posixpath
import re
import stat as modes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon.engine.build.selection import EVERYTHING, Entry, Selection, below
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.ignore import clean
from daemon.engine.dockerfile.instructions import Copy
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree
from daemon.fs.namespace import Step
from daemon.fs.nodes import ROOT, Change, Regular, Stat
from daemon.fs.scope import in_scope
from daemon.fs.tree import without_setuid

CHUNK = 1024 * 1024
ROOTS = (0, 0)
NEW_FOLDER = 0o755
"""The mode of a folder that had to be made, a destination included, whatever that of the folder that goes there."""
SEVERAL_NEED_A_FOLDER = "When using {keyword} with more than one source file, the destination must be a directory and end with a /"


@dataclass(frozen=True, slots=True)
class Options:
    """How files arrive; with an `owner` of None they keep the ones they have."""

    owner: tuple[int, int] | None = (0, 0)
    mode: Callable[[int], int] | None = None
    octal: int | None = None
    """The mode as a number, which folders that had to be made get too, under the engine's umask and without set-id."""
    unpack: Callable[[Filesystem, str, Filesystem, str], bool] | None = None
    """Asked for each file of an ADD: True when it was an archive and has been unpacked."""
    root: Callable[[], str] = str
    """Where BuildKit has the files that it copies to, for its complaints."""
    as_archive: bool = False
    """The classic builder's way, which packs and unpacks, then changes owners: a file takes the place of a folder,
    folders above a copied folder are root's, and the change costs a program its set-id bits."""

    @property
    def gives_away(self) -> bool:
        return self.as_archive and self.owner is not None


def inside_a_file(files: Filesystem, path: str) -> str:
    """The first path on the way to that one which would be inside of a file; empty for none."""
    at = "/"
    for name in path.strip("/").split("/"):
        above, at = at, posixpath.join(at, name)
        if above != "/" and files.exists(above) and not files.isdir(above):
            return at
    return ""


def check_way(files: Filesystem, folder: str) -> None:
    """DockerfileError if there are files where a folder, or one above it, is to be made."""
    if lost := inside_a_file(files, folder):
        raise DockerfileError(f"lstat {lost}: not a directory")
    if files.exists(folder) and not files.isdir(folder):
        raise DockerfileError(f"mkdir {folder}: not a directory")


class NotInContext(Exception):
    """A source that is not there; `path` as written."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def sources(files: Filesystem, pattern: str) -> list[str]:
    """The absolute paths that one source word names; NotInContext when it names none."""
    path = clean("/" + pattern)
    if not any(char in path for char in "*?["):
        if not files.exists(path) and not _is_link(files, path):
            raise NotInContext(pattern)
        return [path]
    found = sorted(_glob(files, "/", path.strip("/").split("/")))
    if not found:
        raise NotInContext(pattern)
    return found


def _glob(files: Filesystem, folder: str, parts: list[str]) -> Iterator[str]:
    part, *rest = parts
    regex = re.compile(_component(part), re.S)
    for name in files.listdir(folder) if files.isdir(folder) else ():
        if regex.fullmatch(name):
            path = posixpath.join(folder, name)
            if rest:
                yield from _glob(files, path, rest)
            else:
                yield path


def _component(pattern: str) -> str:
    """Go's path.Match for one name."""
    out, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        end = pattern.find("]", at + 2)
        if char == "*":
            out += ".*"
        elif char == "?":
            out += "."
        elif char == "[" and end > 0:
            out += pattern[at : end + 1]
            at = end
        elif char == "\\" and at + 1 < len(pattern):
            at += 1
            out += re.escape(pattern[at])
        else:
            out += re.escape(char)
        at += 1
    return out


def destination(draft_dir: str, word: str) -> tuple[str, bool]:
    """The absolute destination, and whether it must be a folder."""
    path = clean(posixpath.join(draft_dir or "/", word))
    return path, word.endswith(("/", "/.")) or word in (".", "..")


def check_several(copy: Copy, count: int, is_folder: bool) -> None:
    """Several sources need a destination that ends with a slash."""
    if count > 1 and not is_folder:
        raise DockerfileError(SEVERAL_NEED_A_FOLDER.format(keyword=copy.keyword))


class Copier:
    """Copies into `target`. One per instruction."""

    def __init__(self, target: Filesystem, options: Options) -> None:
        self.target = target
        self.options = options
        self._linked: dict[tuple[int, int], str] = {}
        """Where the files with several names are by now."""
        self._recent: tuple[str, Step] | None = None

    def copy(
        self,
        files: Filesystem,
        path: str,
        to: str,
        *,
        to_folder: bool,
        selection: Selection = EVERYTHING,
    ) -> None:
        """One source: of a folder, what is selected goes into `to`; a file becomes `to` or goes into it."""
        to = self._resolved(to)
        status = files.stat(path)
        if modes.S_ISDIR(status.mode):
            self._folder(files, path, to, status, selection)
            return
        if self._unpacked(files, path, to):
            return
        if to_folder or self.target.isdir(to):
            to = posixpath.join(to, posixpath.basename(path))
        self._above(to, self.options.owner or ROOTS)
        self._file(files.reach(path), to, status)

    def _unpacked(self, files: Filesystem, path: str, to: str) -> bool:
        try:
            return bool(self.options.unpack and self.options.unpack(files, path, self.target, to))
        except OSError:
            if not self.options.as_archive:
                check_way(self.target, to)
            raise

    def write(self, data: bytes, to: str, name: str, *, to_folder: bool) -> None:
        """A here-document."""
        to = self._resolved(to)
        if to_folder or self.target.isdir(to):
            to = posixpath.join(to, name)
        owner = self.options.owner or ROOTS
        self._above(to, owner)
        self._clear(to)
        self.target.write_bytes(to, data, 0o644)
        self._own(to, 0o644 | modes.S_IFREG, owner)

    def _resolved(self, to: str) -> str:
        """BuildKit follows links to the destination, dangling ones too; dockerd has done so before."""
        return to if self.options.as_archive else in_scope(self.target, to)

    def _above(self, path: str, owner: tuple[int, int]) -> None:
        """Missing folders above a destination: 0755."""
        folder = posixpath.dirname(path)
        if not self.options.as_archive:
            check_way(self.target, folder)
        missing = []
        while not self.target.isdir(folder):
            missing.append(folder)
            folder = posixpath.dirname(folder)
        for folder in reversed(missing):
            self.target.mkdir(folder, NEW_FOLDER)
            self._own_new(folder, owner)

    def _folder(
        self, files: Filesystem, path: str, to: str, status: Stat, selection: Selection
    ) -> None:
        fresh = self._make(to)
        folders: list[tuple[str, Entry, bool]] = []
        for entry in below(files, path, selection):
            inner = posixpath.join(to, entry.relative)
            if modes.S_ISDIR(entry.status.mode):
                folders.append((inner, entry, self._make(inner)))
            else:
                self._file(entry.step, inner, entry.status)
        for inner, entry, made in reversed(folders):
            if made or entry.taken:
                owner = self.options.owner or (entry.status.uid, entry.status.gid)
                self._finish(inner, entry.status.mode, owner, entry.status)
            else:
                self.target.chmod(inner, modes.S_IMODE(entry.status.mode))
        if fresh:
            self._own_new(to, self.options.owner or ROOTS)
        if fresh or not self.options.as_archive:
            self.target.utime(to, status.mtime_ns, status.mtime_ns)

    def _own_new(self, folder: str, owner: tuple[int, int]) -> None:
        """A folder that no source stands for."""
        self.target.chown(folder, *owner)
        if self.options.octal is not None:
            self.target.chmod(folder, self.options.octal & NEW_FOLDER)

    def _make(self, folder: str) -> bool:
        """False if it is there."""
        if self.target.isdir(folder):
            return False
        if not self.options.as_archive and self.target.exists(folder):
            raise DockerfileError(f"cannot copy to non-directory: {self.options.root()}{folder}")
        self._above(folder, ROOTS if self.options.as_archive else self.options.owner or ROOTS)
        self._clear(folder)
        self.target.mkdir(folder, 0o755)
        return True

    def _finish(self, folder: str, mode: int, owner: tuple[int, int], like: Stat) -> None:
        """Once nothing more goes into a folder its time stays."""
        self._own(folder, mode, owner)
        self.target.utime(folder, like.mtime_ns, like.mtime_ns)

    def _file(self, source: Step, to: str, status: Stat) -> None:
        """Anything but a folder; the folder it goes to is there."""
        above, _, name = to.rpartition("/")
        folder = self._reach(above)
        if self.target.child(folder, name) is not None:
            self._clear(to)
        if modes.S_ISCHR(status.mode) and status.rdev == 0:
            return  # in a layer that device is a whiteout
        first = self._linked.setdefault((status.dev, status.ino), to) if status.nlink > 1 else to
        if first != to:
            self.target.link(first, to, follow=False)
            return
        tree = folder.mount.tree
        assert isinstance(tree, MemoryTree)
        if modes.S_ISLNK(status.mode):
            link: str = source.mount.tree.readlink(source.node)
            made = tree.symlink(folder.node, name, link, ROOT)
        else:
            made = tree.create(folder.node, name, status.mode, ROOT, status.rdev)
        if isinstance(made, Regular):
            _give(source, tree, made)
        uid, gid = self.options.owner or (status.uid, status.gid)
        tree.change(
            made, Change(self._mode(status.mode), uid, gid, status.mtime_ns, status.mtime_ns)
        )

    def _reach(self, folder: str) -> Step:
        """The one that was asked for last is at hand: most files go where the one before went."""
        if self._recent is None or self._recent[0] != folder:
            self._recent = (folder, self.target.reach(folder or "/"))
        return self._recent[1]

    def _mode(self, mode: int) -> int | None:
        """The permission bits for a file of that mode."""
        if modes.S_ISLNK(mode):
            return None
        bits = self.options.mode(mode) if self.options.mode else modes.S_IMODE(mode)
        if self.options.gives_away and not modes.S_ISDIR(mode):
            return without_setuid(bits)
        return bits

    def _own(self, path: str, mode: int, owner: tuple[int, int]) -> None:
        self.target.chown(path, *owner, follow=False)
        bits = self._mode(mode)
        if bits is not None:
            self.target.chmod(path, bits)

    def _clear(self, path: str) -> None:
        """What is in the way of a file gives way, but for BuildKit never a folder."""
        if not (self.target.exists(path) or _is_link(self.target, path)):
            return
        if not modes.S_ISDIR(self.target.stat(path, follow=False).mode):
            self.target.unlink(path)
        elif self.options.as_archive:
            self._recent = None
            self._remove(path)
        else:
            where = f"{self.options.root()}{path}"
            raise DockerfileError(f"cannot replace to directory {where} with file")

    def _remove(self, folder: str) -> None:
        for name in self.target.listdir(folder):
            path = posixpath.join(folder, name)
            if modes.S_ISDIR(self.target.stat(path, follow=False).mode):
                self._remove(path)
            else:
                self.target.unlink(path)
        self.target.rmdir(folder)


def _give(source: Step, tree: MemoryTree, made: Regular) -> None:
    """The content of a file; what cannot change is shared, not copied."""
    if isinstance(source.node, Regular):
        tree.fill(made, source.node.content)
        return
    file, done = source.mount.tree.open(source.node, os.O_RDONLY), 0
    try:
        while chunk := file.pread(CHUNK, done):
            done += tree.write(made, chunk, done)
    finally:
        file.close()


def _is_link(files: Filesystem, path: str) -> bool:
    try:
        return modes.S_ISLNK(files.stat(path, follow=False).mode)
    except OSError:
        return False


MODE_MAX = 0o7777


def octal_mode(text: str) -> int | None:
    """`--chmod` as a number; None for symbolic clauses."""
    return int(text, 8) if re.fullmatch(r"[0-7]{1,5}", text) else None


def checked_mode(text: str) -> str:
    """`--chmod` as given; DockerfileError for what is no mode."""
    octal = octal_mode(text)
    if (octal or 0) > MODE_MAX or (octal is None and text[:1].isdigit()):
        raise DockerfileError(
            f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"
        )
    if octal is None and text:
        parse_mode(text)
    return text


def parse_mode(text: str) -> Callable[[int], int]:
    """`--chmod`: octal digits, or symbolic clauses like `u=rwX,go-w`."""
    wanted = octal_mode(text)
    if wanted is not None:
        return lambda _: wanted
    clauses = [re.fullmatch(r"([ugoa]*)([-+=])([rwxX]*)", clause) for clause in text.split(",")]
    if not all(clauses):
        raise DockerfileError("invalid syntax")
    parsed = [clause.groups() for clause in clauses if clause]

    def change(mode: int) -> int:
        bits = modes.S_IMODE(mode)
        for who, operator, what in parsed:
            bits = _clause(bits, modes.S_ISDIR(mode), who, operator, what)
        return bits

    return change


def _clause(bits: int, is_folder: bool, who: str, operator: str, what: str) -> int:
    executable = is_folder or bits & 0o111
    per_class = sum(
        {"r": 4, "w": 2, "x": 1, "X": 1 if executable else 0}[char] for char in set(what)
    )
    shifts = {"u": 6, "g": 3, "o": 0}
    classes = shifts if not who or "a" in who else who
    mask = sum(per_class << shifts[one] for one in classes)
    if operator == "+":
        return bits | mask
    if operator == "-":
        return bits & ~mask
    return bits & ~sum(7 << shifts[one] for one in classes) | mask
