"""The system calls that take a path: thin delegates to the container's filesystem."""

import errno
import os
from typing import TYPE_CHECKING

from daemon.fs.nodes import Stat
from daemon.process.file_calls import FileCalls
from daemon.process.status import os_error

if TYPE_CHECKING:
    from daemon.fs.nodes import StatFs


class PathCalls(FileCalls):
    """Every path may be relative to cwd; the process's credentials decide what is allowed."""

    def chdir(self, path: str) -> None:
        where = self.fs.realpath(path, who=self.cred, cwd=self.cwd)
        if not self.fs.isdir(where):
            raise os_error(errno.ENOTDIR, path)
        self.fs.access(path, os.X_OK, who=self.cred, cwd=self.cwd)
        self.cwd = where

    def stat(self, path: str, *, follow: bool = True) -> Stat:
        return self.fs.stat(path, follow=follow, who=self.cred, cwd=self.cwd)

    def listdir(self, path: str = ".") -> list[str]:
        return self.fs.listdir(path, who=self.cred, cwd=self.cwd)

    def readlink(self, path: str) -> str:
        return self.fs.readlink(path, who=self.cred, cwd=self.cwd)

    def realpath(self, path: str) -> str:
        return self.fs.realpath(path, who=self.cred, cwd=self.cwd)

    def access(self, path: str, mode: int) -> bool:
        """Whether the file exists and `mode` (os.R_OK, W_OK, X_OK) is allowed."""
        try:
            self.fs.access(path, mode, who=self.cred, cwd=self.cwd)
        except OSError:
            return False
        return True

    def statfs(self, path: str) -> "StatFs":
        return self.fs.statfs(path, who=self.cred, cwd=self.cwd)

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        self.fs.mkdir(path, mode & ~self.umask, who=self.cred, cwd=self.cwd)

    def mknod(self, path: str, mode: int, rdev: int = 0) -> None:
        self.fs.mknod(path, mode & ~self.umask, rdev, who=self.cred, cwd=self.cwd)

    def rmdir(self, path: str) -> None:
        self.fs.rmdir(path, who=self.cred, cwd=self.cwd)

    def unlink(self, path: str) -> None:
        self.fs.unlink(path, who=self.cred, cwd=self.cwd)

    def rename(self, old: str, new: str) -> None:
        self.fs.rename(old, new, who=self.cred, cwd=self.cwd)

    def link(self, old: str, new: str, *, follow: bool = False) -> None:
        self.fs.link(old, new, follow=follow, who=self.cred, cwd=self.cwd)

    def symlink(self, target: str, path: str) -> None:
        self.fs.symlink(target, path, who=self.cred, cwd=self.cwd)

    def chmod(self, path: str, mode: int) -> None:
        self.fs.chmod(path, mode, who=self.cred, cwd=self.cwd)

    def chown(self, path: str, uid: int, gid: int, *, follow: bool = True) -> None:
        self.fs.chown(path, uid, gid, follow=follow, who=self.cred, cwd=self.cwd)

    def utime(self, path: str, atime_ns: int, mtime_ns: int, *, follow: bool = True) -> None:
        self.fs.utime(path, atime_ns, mtime_ns, follow=follow, who=self.cred, cwd=self.cwd)

    def truncate(self, path: str, size: int) -> None:
        self.fs.truncate(path, size, who=self.cred, cwd=self.cwd)
