"""A live bind mount: the host's own files, seen from inside a container.

Nothing is reached by a path: every node is held open with O_PATH and the next is opened in it with O_NOFOLLOW, so
that a symlink never leads anywhere but where the container's own walk takes it. FIFOs, sockets and devices are never
opened. What the daemon may not or should not do on the host (chown, setuid bits) is remembered aside.
"""

import errno
import os
import stat as modes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from daemon.fs.nodes import Change, Credentials, Stat, StatFs
from daemon.fs.tree import File, Tree, failure, without_setuid

SPECIAL_BITS = modes.S_ISUID | modes.S_ISGID
Key = tuple[int, int]


class HostNode:
    """A file of the host, pinned by a descriptor that goes with it; its attributes are as the container sees them."""

    __slots__ = ("descriptor", "gid", "key", "mode", "uid")

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.key: Key = (0, 0)
        self.mode = self.uid = self.gid = 0

    @property
    def reopened(self) -> str:
        """A path that means this very file, whatever has become of its name."""
        return f"/proc/self/fd/{self.descriptor}"

    def __del__(self) -> None:
        with suppress(OSError):
            os.close(self.descriptor)


class Aside:
    """Attributes that exist only inside containers; one for all binds of a daemon."""

    def __init__(self) -> None:
        self.owners: dict[Key, tuple[int, int]] = {}
        self.special_bits: dict[Key, int] = {}

    def forget(self, key: Key) -> None:
        """The file is gone, its number may come again."""
        self.owners.pop(key, None)
        self.special_bits.pop(key, None)


class HostTree(Tree[HostNode]):
    """The file or folder `path` of the host. The daemon's own uid and gid show as 0."""

    fstype = "ext4"

    def __init__(self, path: str, *, aside: Aside | None = None) -> None:
        self.source = path
        self._aside = aside or Aside()
        with _scrubbed():
            self.root = self._node(os.open(path, os.O_PATH | os.O_CLOEXEC))

    def key(self, node: HostNode) -> Key:
        return node.key

    def lookup(self, folder: HostNode, name: str) -> HostNode | None:
        flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return self._node(os.open(name, flags, dir_fd=folder.descriptor))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failure(error.errno or errno.EIO) from None

    def names(self, folder: HostNode) -> list[str]:
        with _scrubbed():
            opened = os.open(folder.reopened, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                return os.listdir(opened)
            finally:
                os.close(opened)

    def stat(self, node: HostNode, dev: int) -> Stat:
        raw = self._refresh(node)
        return Stat(
            node.mode,
            raw.st_ino,
            dev,
            raw.st_nlink,
            node.uid,
            node.gid,
            raw.st_size,
            raw.st_rdev,
            raw.st_mtime_ns,
            raw.st_atime_ns,
            raw.st_ctime_ns,
            raw.st_blocks * 512,
        )

    def readlink(self, node: HostNode) -> str:
        with _scrubbed():
            return os.readlink("", dir_fd=node.descriptor)

    def open(self, node: HostNode, flags: int) -> File:
        if not modes.S_ISREG(node.mode):
            return HostFile(self, node, None)
        kept = flags & (os.O_ACCMODE | os.O_TRUNC) | os.O_CLOEXEC | os.O_NOCTTY
        with _scrubbed():
            return HostFile(self, node, os.open(node.reopened, kept))

    def statfs(self) -> StatFs:
        with _scrubbed():
            raw = os.fstatvfs(self.root.descriptor)
        counts = (raw.f_blocks, raw.f_bfree, raw.f_bavail, raw.f_files, raw.f_ffree)
        return StatFs(raw.f_frsize, *counts, self.fstype)

    def create(
        self, folder: HostNode, name: str, mode: int, who: Credentials, rdev: int = 0
    ) -> HostNode:
        kind, bits = modes.S_IFMT(mode), mode & 0o1777
        at = folder.descriptor
        with _scrubbed():
            if kind == modes.S_IFDIR:
                os.mkdir(name, bits, dir_fd=at)
            elif kind in (modes.S_IFCHR, modes.S_IFBLK):
                raise failure(errno.EPERM)
            else:
                os.mknod(name, kind | bits, dir_fd=at)
        node = self._made(folder, name, who)
        self.change(node, Change(mode=mode))  # the daemon's umask is not the container's
        return node

    def symlink(self, folder: HostNode, name: str, target: str, who: Credentials) -> HostNode:
        with _scrubbed():
            os.symlink(target, name, dir_fd=folder.descriptor)
        return self._made(folder, name, who)

    def link(self, node: HostNode, folder: HostNode, name: str) -> None:
        with _scrubbed():
            os.link(node.reopened, name, dst_dir_fd=folder.descriptor, follow_symlinks=True)

    def remove(self, folder: HostNode, name: str, node: HostNode) -> None:
        is_folder = modes.S_ISDIR(node.mode)
        with _scrubbed():
            if is_folder:
                os.rmdir(name, dir_fd=folder.descriptor)
            else:
                os.unlink(name, dir_fd=folder.descriptor)
        if is_folder or not os.fstat(node.descriptor).st_nlink:
            self._aside.forget(node.key)

    def rename(
        self,
        folder: HostNode,
        name: str,
        node: HostNode,
        to: HostNode,
        new_name: str,
        over: HostNode | None,
    ) -> None:
        with _scrubbed():
            os.rename(name, new_name, src_dir_fd=folder.descriptor, dst_dir_fd=to.descriptor)

    def change(self, node: HostNode, change: Change) -> None:
        owners = self._aside.owners
        if change.uid is not None or change.gid is not None:
            uid, gid = owners.get(node.key, (node.uid, node.gid))
            owners[node.key] = (
                uid if change.uid is None else change.uid,
                gid if change.gid is None else change.gid,
            )
        if change.mode is not None:
            self._aside.special_bits[node.key] = change.mode & SPECIAL_BITS
            with _scrubbed():
                os.chmod(node.reopened, change.mode & 0o1777)
        if change.atime is not None or change.mtime is not None:
            self._set_times(node, change)
        self._refresh(node)

    def _set_times(self, node: HostNode, change: Change) -> None:
        """Of a symlink nothing is set: it cannot be named by its descriptor."""
        if modes.S_ISLNK(node.mode):
            return
        raw = os.fstat(node.descriptor)
        atime = raw.st_atime_ns if change.atime is None else change.atime
        mtime = raw.st_mtime_ns if change.mtime is None else change.mtime
        with _scrubbed():
            os.utime(node.reopened, ns=(atime, mtime))

    def _made(self, folder: HostNode, name: str, who: Credentials) -> HostNode:
        node = self.lookup(folder, name)
        if node is None:
            raise failure(errno.ENOENT)
        self._aside.forget(node.key)
        if (who.uid, who.gid) != (node.uid, node.gid):
            self._aside.owners[node.key] = (who.uid, who.gid)
            self._refresh(node)
        return node

    def _node(self, descriptor: int) -> HostNode:
        node = HostNode(descriptor)
        self._refresh(node)
        return node

    def _refresh(self, node: HostNode) -> os.stat_result:
        raw = os.fstat(node.descriptor)
        node.key = (raw.st_dev, raw.st_ino)
        node.mode = raw.st_mode | self._aside.special_bits.get(node.key, 0)
        own_uid = 0 if raw.st_uid == os.getuid() else raw.st_uid
        own_gid = 0 if raw.st_gid == os.getgid() else raw.st_gid
        node.uid, node.gid = self._aside.owners.get(node.key, (own_uid, own_gid))
        return raw


class HostFile(File):
    """An open file of the host; folders and special files are only examined (`descriptor` None)."""

    __slots__ = ("_descriptor", "_node", "_tree")

    def __init__(self, tree: HostTree, node: HostNode, descriptor: int | None) -> None:
        super().__init__()
        self._tree = tree
        self._node = node
        self._descriptor = descriptor

    def pread(self, size: int, offset: int) -> bytes:
        with _scrubbed():
            return os.pread(self._opened(), size, offset)

    def pwrite(self, data: bytes, offset: int) -> int:
        with _scrubbed():
            return os.pwrite(self._for_writing(len(data)), data, offset)

    def append(self, data: bytes) -> int:
        with _scrubbed():
            return os.pwritev(self._for_writing(len(data)), [data], 0, os.RWF_APPEND)

    def truncate(self, size: int) -> None:
        with _scrubbed():
            os.ftruncate(self._for_writing(1), size)

    def stat(self) -> Stat:
        return self._tree.stat(self._node, self.dev)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _for_writing(self, size: int) -> int:
        descriptor, node = self._opened(), self._node
        if size and self.unprivileged and node.mode & SPECIAL_BITS:
            self._tree.change(node, Change(mode=without_setuid(node.mode)))
        return descriptor

    def _opened(self) -> int:
        if self._descriptor is not None:
            return self._descriptor
        raise failure(errno.EISDIR if modes.S_ISDIR(self._node.mode) else errno.EINVAL)

    def __del__(self) -> None:
        self.close()


@contextmanager
def _scrubbed() -> Iterator[None]:
    """The host's errors without the host's paths."""
    try:
        yield
    except OSError as error:
        raise failure(error.errno or errno.EIO) from None
