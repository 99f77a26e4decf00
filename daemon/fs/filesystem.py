"""System calls on files: Linux's checks, in Linux's order, over a mount namespace.

Every method takes `who` (whose permissions count) and `cwd` (where relative paths start), and raises OSError with the
errno that Linux gives. The umask is the caller's affair.
"""

import errno
import os
import stat as modes
from typing import Any

from daemon.fs.namespace import Mount, Namespace, Spot, Step, permits
from daemon.fs.nodes import EXECUTE, READ, ROOT, WRITE, Change, Credentials, Stat, StatFs
from daemon.fs.tree import File, Node, failure, without_setuid

TARGET_MAX = 4095
COPY = 1 << 20
ACCESS_WANT = (READ, WRITE, READ | WRITE, READ | WRITE)
"""What each O_ACCMODE value needs."""


class Filesystem(Namespace):
    """The files that the processes of one container see."""

    def make_mountpoint(self, path: str, *, folder: bool) -> None:
        """Make what is missing of `path`, as runc does; it stays in the tree below the mount."""
        if self.exists(path):
            return
        if folder:
            self.makedirs(path)
        else:
            self.makedirs(path.rpartition("/")[0] or "/")
            self.open(path, os.O_CREAT | os.O_WRONLY).close()

    # Opening and reading

    def open(
        self,
        path: str,
        flags: int,
        mode: int = 0o644,
        *,
        who: Credentials = ROOT,
        cwd: str = "/",
    ) -> File:
        """open(2). FIFOs and devices open at once; what they do is the process layer's affair."""
        if flags & os.O_CREAT and flags & os.O_DIRECTORY:
            raise failure(errno.EINVAL, path)
        exclusive = flags & os.O_CREAT and flags & os.O_EXCL
        follow = not flags & os.O_NOFOLLOW and not exclusive
        if flags & os.O_CREAT and path.endswith("/") and self._walk_to_entry(path, who, cwd).plain:
            raise failure(errno.EISDIR, path)
        spot = self.walk(path, who, cwd, follow=follow)
        if spot.target is None:
            step = self._create_for_open(spot, path, flags, mode, who)
            flags &= ~os.O_TRUNC
        else:
            step = spot.target
            self._check_open(step, spot, path, flags, who)
        file = step.mount.tree.open(step.node, flags)
        file.path = spot.path()
        file.dev = step.mount.dev
        if who.uid and flags & (os.O_ACCMODE | os.O_TRUNC):
            file.unprivileged = True
            if flags & os.O_TRUNC:
                _drop_setuid(step)
        return file

    def _create_for_open(
        self, spot: Spot, path: str, flags: int, mode: int, who: Credentials
    ) -> Step:
        if not flags & os.O_CREAT:
            raise failure(errno.ENOENT, path)
        mount = spot.folder.mount
        self._check_writable_mount(mount, path)
        self._check(spot.folder.node, who, WRITE | EXECUTE, path)
        owner = _owner_in(spot.folder.node, who)
        mode = modes.S_IFREG | mode & 0o7777
        if mode & modes.S_ISGID and who.uid and not who.belongs_to(owner.gid):
            mode &= ~modes.S_ISGID
        node = mount.tree.create(spot.folder.node, spot.name, mode, owner)
        return Step(mount, node, spot.name)

    def _check_open(self, step: Step, spot: Spot, path: str, flags: int, who: Credentials) -> None:
        mode = step.node.mode
        if flags & os.O_CREAT and flags & os.O_EXCL:
            raise failure(errno.EEXIST, path)
        want = ACCESS_WANT[flags & os.O_ACCMODE] | (WRITE if flags & os.O_TRUNC else 0)
        is_folder = modes.S_ISDIR(mode)
        if is_folder and flags & os.O_CREAT:
            raise failure(errno.EISDIR, path)
        if (spot.slash or flags & os.O_DIRECTORY) and not is_folder:
            raise failure(errno.ENOTDIR, path)
        if modes.S_ISLNK(mode):
            raise failure(errno.ELOOP, path)
        if is_folder and want & WRITE:
            raise failure(errno.EISDIR, path)
        if flags & os.O_TRUNC and modes.S_ISREG(mode):
            self._check_writable_mount(step.mount, path)
        self._check(step.node, who, want, path)
        if want & WRITE and modes.S_ISREG(mode):
            self._check_writable_mount(step.mount, path)
        if modes.S_ISSOCK(mode):
            raise failure(errno.ENXIO, path)

    def stat(
        self, path: str, *, follow: bool = True, who: Credentials = ROOT, cwd: str = "/"
    ) -> Stat:
        """stat(2), or lstat(2) without `follow`."""
        step = self.reach(path, who, cwd, follow=follow)
        return step.mount.tree.stat(step.node, step.mount.dev)

    def listdir(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> list[str]:
        """The names in a folder, in no special order."""
        step = self.reach(path, who, cwd)
        if not modes.S_ISDIR(step.node.mode):
            raise failure(errno.ENOTDIR, path)
        self._check(step.node, who, READ, path)
        return step.mount.tree.names(step.node)

    def readlink(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> str:
        """readlink(2)."""
        step = self.reach(path, who, cwd, follow=False)
        if not modes.S_ISLNK(step.node.mode):
            raise failure(errno.EINVAL, path)
        return step.mount.tree.readlink(step.node)

    def realpath(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> str:
        """The canonical path of an existing file."""
        spot = self.walk(path, who, cwd)
        self._existing(spot, path)
        return spot.path()

    def access(
        self, path: str, mode: int, *, who: Credentials = ROOT, cwd: str = "/", follow: bool = True
    ) -> None:
        """Raise unless `who` may do `mode` (os.R_OK | os.W_OK | os.X_OK; os.F_OK asks for existence)."""
        step = self.reach(path, who, cwd, follow=follow)
        self._check(step.node, who, mode, path)
        if mode & WRITE and not _is_special(step.node):
            self._check_writable_mount(step.mount, path)

    def statfs(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> StatFs:
        """statfs(2)."""
        return self.reach(path, who, cwd).mount.tree.statfs()

    def exists(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> bool:
        """Whether something can be reached at `path`."""
        try:
            self.reach(path, who, cwd)
        except OSError:
            return False
        return True

    def isdir(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> bool:
        """Whether a folder can be reached at `path`."""
        try:
            return modes.S_ISDIR(self.reach(path, who, cwd).node.mode)
        except OSError:
            return False

    def read_bytes(
        self, path: str, limit: int | None = None, *, who: Credentials = ROOT, cwd: str = "/"
    ) -> bytes:
        """The content, at most `limit` bytes of it."""
        file = self.open(path, os.O_RDONLY, who=who, cwd=cwd)
        try:
            if limit is not None:
                return file.pread(limit, 0)
            data = bytearray()
            while chunk := file.pread(COPY, len(data)):
                data += chunk
            return bytes(data)
        finally:
            file.close()

    def write_bytes(
        self,
        path: str,
        data: bytes,
        mode: int = 0o644,
        *,
        who: Credentials = ROOT,
        cwd: str = "/",
    ) -> None:
        """Make or replace the content."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        file = self.open(path, flags, mode, who=who, cwd=cwd)
        try:
            done = 0
            while done < len(data):
                done += file.pwrite(data[done:] if done else data, done)
        finally:
            file.close()

    # Names

    def mkdir(
        self, path: str, mode: int = 0o755, *, who: Credentials = ROOT, cwd: str = "/"
    ) -> None:
        """mkdir(2)."""
        at = self._vacant(path, who, cwd, want_folder=True)
        mode = modes.S_IFDIR | mode & 0o1777 | at.folder.node.mode & modes.S_ISGID
        owner = _owner_in(at.folder.node, who)
        at.folder.mount.tree.create(at.folder.node, at.name, mode, owner)

    def makedirs(
        self, path: str, mode: int = 0o755, *, who: Credentials = ROOT, cwd: str = "/"
    ) -> None:
        """Make `path` and the folders above it, as far as they do not exist."""
        missing = []
        while path and not self.isdir(path, who=who, cwd=cwd):
            missing.append(path)
            path = path.rstrip("/").rpartition("/")[0]
        for folder in reversed(missing):
            self.mkdir(folder, mode, who=who, cwd=cwd)

    def mknod(
        self, path: str, mode: int, rdev: int = 0, *, who: Credentials = ROOT, cwd: str = "/"
    ) -> None:
        """mknod(2): without type bits a regular file; devices are for root."""
        kind = modes.S_IFMT(mode) or modes.S_IFREG
        if kind == modes.S_IFDIR:
            raise failure(errno.EPERM, path)
        if kind == modes.S_IFLNK:
            raise failure(errno.EINVAL, path)
        at = self._vacant(path, who, cwd)
        if kind in (modes.S_IFCHR, modes.S_IFBLK) and who.uid:
            raise failure(errno.EPERM, path)
        owner = _owner_in(at.folder.node, who)
        tree = at.folder.mount.tree
        tree.create(at.folder.node, at.name, kind | mode & 0o7777, owner, rdev)

    def symlink(self, target: str, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> None:
        """symlink(2): `path` will lead to `target`."""
        if not target:
            raise failure(errno.ENOENT, target)
        if len(os.fsencode(target)) > TARGET_MAX:
            raise failure(errno.ENAMETOOLONG, target)
        at = self._vacant(path, who, cwd)
        owner = _owner_in(at.folder.node, who)
        at.folder.mount.tree.symlink(at.folder.node, at.name, target, owner)

    def link(
        self,
        old: str,
        new: str,
        *,
        follow: bool = False,
        who: Credentials = ROOT,
        cwd: str = "/",
    ) -> None:
        """link(2); as with fs.protected_hardlinks, others may only link what they may read and write."""
        source = self.reach(old, who, cwd, follow=follow)
        at = self._vacant(new, who, cwd, check=False)
        if at.folder.mount is not source.mount:
            raise failure(errno.EXDEV, new)
        node = source.node
        if who.uid and who.uid != node.uid and not _safe_to_link(node, who):
            raise failure(errno.EPERM, old)
        self._check(at.folder.node, who, WRITE | EXECUTE, new)
        if modes.S_ISDIR(node.mode):
            raise failure(errno.EPERM, old)
        source.mount.tree.link(node, at.folder.node, at.name)

    def unlink(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> None:
        """unlink(2)."""
        spot = self._walk_to_entry(path, who, cwd)
        if not spot.plain:
            raise failure(errno.EISDIR, path)
        self._check_writable_mount(spot.folder.mount, path)
        if spot.target is None:
            raise failure(errno.ENOENT, path)
        is_folder = modes.S_ISDIR(spot.target.node.mode)
        if spot.slash:
            raise failure(errno.EISDIR if is_folder else errno.ENOTDIR, path)
        self._check_removable(spot, who, path)
        if is_folder:
            raise failure(errno.EISDIR, path)
        self._check_not_mountpoint(spot.target, path)
        spot.folder.mount.tree.remove(spot.folder.node, spot.name, spot.target.node)

    def rmdir(self, path: str, *, who: Credentials = ROOT, cwd: str = "/") -> None:
        """rmdir(2)."""
        spot = self._walk_to_entry(path, who, cwd)
        if not spot.plain:
            refusals = {".": errno.EINVAL, "..": errno.ENOTEMPTY, "/": errno.EBUSY}
            raise failure(refusals[spot.name], path)
        self._check_writable_mount(spot.folder.mount, path)
        if spot.target is None:
            raise failure(errno.ENOENT, path)
        self._check_removable(spot, who, path)
        if not modes.S_ISDIR(spot.target.node.mode):
            raise failure(errno.ENOTDIR, path)
        self._check_not_mountpoint(spot.target, path)
        spot.folder.mount.tree.remove(spot.folder.node, spot.name, spot.target.node)

    def rename(self, old: str, new: str, *, who: Credentials = ROOT, cwd: str = "/") -> None:
        """rename(2)."""
        source, target = self._walk_to_entry(old, who, cwd), self._walk_to_entry(new, who, cwd)
        if source.folder.mount is not target.folder.mount:
            raise failure(errno.EXDEV, new)
        if not source.plain or not target.plain:
            raise failure(errno.EBUSY, old)
        self._check_writable_mount(source.folder.mount, old)
        moved = source.target
        if moved is None:
            raise failure(errno.ENOENT, old)
        is_folder = modes.S_ISDIR(moved.node.mode)
        if not is_folder and (source.slash or target.slash):
            raise failure(errno.ENOTDIR, old)
        if any(_same(step, moved) for step in target.folders):
            raise failure(errno.EINVAL, new)
        over = target.target
        if over is not None and any(_same(step, over) for step in source.folders):
            raise failure(errno.ENOTEMPTY, new)
        if over is not None and _same(over, moved):
            return
        self._check_move(source, target, who, old, new)
        tree = source.folder.mount.tree
        replaced = over.node if over is not None else None
        tree.rename(
            source.folder.node, source.name, moved.node, target.folder.node, target.name, replaced
        )

    def _check_move(self, source: Spot, target: Spot, who: Credentials, old: str, new: str) -> None:
        moved, over = source.target, target.target
        assert moved is not None
        is_folder = modes.S_ISDIR(moved.node.mode)
        self._check_removable(source, who, old)
        if over is None:
            self._check(target.folder.node, who, WRITE | EXECUTE, new)
        else:
            self._check_removable(target, who, new)
            if is_folder and not modes.S_ISDIR(over.node.mode):
                raise failure(errno.ENOTDIR, new)
            if not is_folder and modes.S_ISDIR(over.node.mode):
                raise failure(errno.EISDIR, new)
        if is_folder and not _same(source.folder, target.folder):
            self._check(moved.node, who, WRITE, old)
        self._check_not_mountpoint(moved, old)
        if over is not None:
            self._check_not_mountpoint(over, new)

    # Attributes

    def chmod(
        self,
        path: str,
        mode: int,
        *,
        follow: bool = True,
        who: Credentials = ROOT,
        cwd: str = "/",
    ) -> None:
        """chmod(2): for the owner; the setgid bit only within one's own groups."""
        step = self.reach(path, who, cwd, follow=follow)
        self._check_writable_mount(step.mount, path)
        if who.uid and who.uid != step.node.uid:
            raise failure(errno.EPERM, path)
        if modes.S_ISLNK(step.node.mode):
            raise failure(errno.EOPNOTSUPP, path)
        if who.uid and not who.belongs_to(step.node.gid):
            mode &= ~modes.S_ISGID
        step.mount.tree.change(step.node, Change(mode=mode & 0o7777))

    def chown(
        self,
        path: str,
        uid: int,
        gid: int,
        *,
        follow: bool = True,
        who: Credentials = ROOT,
        cwd: str = "/",
    ) -> None:
        """chown(2): -1 keeps an id; a file that is no folder loses its setuid and setgid bits."""
        step = self.reach(path, who, cwd, follow=follow)
        node = step.node
        self._check_writable_mount(step.mount, path)
        if who.uid and not _may_give(node, who, uid, gid):
            raise failure(errno.EPERM, path)
        mode = (
            None
            if modes.S_ISDIR(node.mode) or modes.S_ISLNK(node.mode)
            else without_setuid(node.mode)
        )
        change = Change(mode, None if uid == -1 else uid, None if gid == -1 else gid)
        step.mount.tree.change(node, change)

    def utime(
        self,
        path: str,
        atime_ns: int | None,
        mtime_ns: int | None,
        *,
        follow: bool = True,
        who: Credentials = ROOT,
        cwd: str = "/",
    ) -> None:
        """utimensat(2) with given times; None keeps one."""
        step = self.reach(path, who, cwd, follow=follow)
        self._check_writable_mount(step.mount, path)
        if who.uid and who.uid != step.node.uid:
            raise failure(errno.EPERM, path)
        step.mount.tree.change(step.node, Change(atime=atime_ns, mtime=mtime_ns))

    def truncate(self, path: str, size: int, *, who: Credentials = ROOT, cwd: str = "/") -> None:
        """truncate(2)."""
        if size < 0:
            raise failure(errno.EINVAL, path)
        step = self.reach(path, who, cwd)
        if modes.S_ISDIR(step.node.mode):
            raise failure(errno.EISDIR, path)
        if not modes.S_ISREG(step.node.mode):
            raise failure(errno.EINVAL, path)
        self._check_writable_mount(step.mount, path)
        self._check(step.node, who, WRITE, path)
        file = step.mount.tree.open(step.node, os.O_WRONLY)
        try:
            file.truncate(size)
        finally:
            file.close()
        if who.uid:
            _drop_setuid(step)

    # Checks

    def _walk_to_entry(self, path: str, who: Credentials, cwd: str) -> Spot:
        """The entry itself, a trailing slash notwithstanding: a symlink there is not followed."""
        bare = path.rstrip("/")
        if not bare or bare == path:
            return self.walk(path, who, cwd, follow=False)
        return self.walk(bare, who, cwd, follow=False)._replace(slash=True)

    def _vacant(
        self,
        path: str,
        who: Credentials,
        cwd: str,
        *,
        want_folder: bool = False,
        check: bool = True,
    ) -> Spot:
        """Where something new may be made: refuses what is there, and folders one may not write."""
        spot = self._walk_to_entry(path, who, cwd)
        if spot.target is not None:
            raise failure(errno.EEXIST, path)
        if spot.slash and not want_folder:
            raise failure(errno.ENOENT, path)
        self._check_writable_mount(spot.folder.mount, path)
        if check:
            self._check(spot.folder.node, who, WRITE | EXECUTE, path)
        return spot

    def _check(self, node: Node, who: Credentials, want: int, path: str) -> None:
        if not permits(node, who, want):
            raise failure(errno.EACCES, path)

    def _check_writable_mount(self, mount: Mount, path: str) -> None:
        if mount.readonly:
            raise failure(errno.EROFS, path)

    def _check_removable(self, spot: Spot, who: Credentials, path: str) -> None:
        """A writable folder; in a sticky one only one's own files."""
        folder: Any = spot.folder.node
        assert spot.target is not None
        self._check(folder, who, WRITE | EXECUTE, path)
        sticky = folder.mode & modes.S_ISVTX and who.uid
        if sticky and who.uid not in (spot.target.node.uid, folder.uid):
            raise failure(errno.EPERM, path)

    def _check_not_mountpoint(self, step: Step, path: str) -> None:
        if self.is_mountpoint(step):
            raise failure(errno.EBUSY, path)


def _owner_in(folder: Node, who: Credentials) -> Credentials:
    """Who owns what `who` makes in `folder`: a setgid folder hands its group down."""
    return who._replace(gid=folder.gid) if folder.mode & modes.S_ISGID else who


def _is_special(node: Node) -> bool:
    return not (modes.S_ISREG(node.mode) or modes.S_ISDIR(node.mode) or modes.S_ISLNK(node.mode))


def _safe_to_link(node: Node, who: Credentials) -> bool:
    setgid_program = node.mode & modes.S_ISGID and node.mode & modes.S_IXGRP
    special = not modes.S_ISREG(node.mode) or node.mode & modes.S_ISUID or setgid_program
    return not special and permits(node, who, READ | WRITE)


def _may_give(node: Node, who: Credentials, uid: int, gid: int) -> bool:
    """Owners may pass a file to another of their groups; to leave all as it is, is anyone's right."""
    if uid == -1 and gid == -1:
        return True
    if who.uid != node.uid or uid not in (-1, node.uid):
        return False
    return gid in (-1, node.gid) or who.belongs_to(gid)


def _drop_setuid(step: Step) -> None:
    """What others than root have written no longer runs as its owner."""
    if modes.S_ISREG(step.node.mode) and step.node.mode & (modes.S_ISUID | modes.S_ISGID):
        step.mount.tree.change(step.node, Change(mode=without_setuid(step.node.mode)))


def _same(one: Step, other: Step) -> bool:
    tree = one.mount.tree
    return tree is other.mount.tree and bool(tree.key(one.node) == tree.key(other.node))
