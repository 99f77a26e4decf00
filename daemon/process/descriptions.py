"""Open-file descriptions: what descriptors point at, and what dup, fork and exec share.

The operations never wait. `try_read` and `try_write` say "not now" (None, 0), and `readable` and `writable` are
woken when it pays to try again; the process does the waiting, because only it knows about signals.
"""

import errno
import os
import stat as stat_bits
from typing import TYPE_CHECKING, Self

from daemon.fs.nodes import Stat
from daemon.process.status import os_error
from daemon.process.waiting import Outside, WaitQueue

if TYPE_CHECKING:
    from daemon.process.tty import Terminal


class Description(Outside):
    """One open file, pipe end, device or socket."""

    terminal: "Terminal | None" = None
    """Set on a terminal's slave side, where job control has a say before each call."""

    def __init__(self, path: str = "", flags: int = os.O_RDWR) -> None:
        self.path = path
        self.flags = flags
        self.references = 0
        self.readable = WaitQueue()
        self.writable = WaitQueue()

    def try_read(self, size: int) -> bytes | None:
        """Up to `size` bytes, b"" at the end, None while there is nothing to read yet."""
        raise os_error(errno.EBADF)

    def try_write(self, data: bytes | memoryview) -> int:
        """How many bytes were taken; 0 while there is no room."""
        raise os_error(errno.EBADF)

    def can_read(self) -> bool:
        """Whether try_read has an answer (data, end or error)."""
        return True

    def can_write(self) -> bool:
        return True

    def seek(self, offset: int, whence: int) -> int:
        raise os_error(errno.ESPIPE)

    def truncate(self, size: int) -> None:
        raise os_error(errno.EINVAL)

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFREG | 0o600)

    def retain(self) -> Self:
        self.references += 1
        return self

    def release(self) -> None:
        self.references -= 1
        if self.references <= 0:
            self.on_last_close()

    def on_last_close(self) -> None:
        """The last descriptor is gone."""


def anonymous_stat(mode: int, ino: int = 1, rdev: int = 0, size: int = 0) -> Stat:
    """The stat of an object that lives in no filesystem."""
    return Stat(
        mode=mode,
        ino=ino,
        dev=0,
        nlink=1,
        uid=0,
        gid=0,
        size=size,
        rdev=rdev,
        mtime_ns=0,
        atime_ns=0,
        ctime_ns=0,
    )
