"""Regular files, folders and devices as descriptors see them."""

import errno
import os
import stat as stat_bits
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from daemon.fs.nodes import Stat
from daemon.process.descriptions import Description, anonymous_stat
from daemon.process.status import os_error
from daemon.process.stdio import NullDevice

if TYPE_CHECKING:
    from daemon.fs.tree import File
    from daemon.process.accounts import Counters
    from daemon.process.process import Process


class FileDescription(Description):
    """A regular file or folder, with the offset that dup and fork share."""

    def __init__(self, file: "File", path: str, flags: int, counters: "Counters") -> None:
        super().__init__(path, flags)
        self.file = file
        self.offset = 0
        self._counters = counters

    def try_read(self, size: int) -> bytes:
        if self.flags & os.O_ACCMODE == os.O_WRONLY:
            raise os_error(errno.EBADF)
        data = self.file.pread(size, self.offset)
        self.offset += len(data)
        self._counters.block_read += len(data)
        self._counters.block_reads += 1
        return data

    def try_write(self, data: bytes | memoryview) -> int:
        if self.flags & os.O_ACCMODE == os.O_RDONLY:
            raise os_error(errno.EBADF)
        if self.flags & os.O_APPEND:
            written = self.file.append(bytes(data))
            self.offset = self.file.stat().size
        else:
            written = self.file.pwrite(bytes(data), self.offset)
            self.offset += written
        self._counters.block_written += written
        self._counters.block_writes += 1
        return written

    def seek(self, offset: int, whence: int) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.offset}.get(whence)
        if base is None:
            base = self.file.stat().size
        if base + offset < 0:
            raise os_error(errno.EINVAL)
        self.offset = base + offset
        return self.offset

    def truncate(self, size: int) -> None:
        self.file.truncate(size)

    def stat(self) -> Stat:
        return self.file.stat()

    def on_last_close(self) -> None:
        self.file.close()


class ZeroDevice(NullDevice):
    """/dev/zero."""

    minor = 5

    def try_read(self, size: int) -> bytes:
        return bytes(size)

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFCHR | 0o666, rdev=os.makedev(1, self.minor))


class FullDevice(ZeroDevice):
    """/dev/full."""

    minor = 7

    def try_write(self, data: bytes | memoryview) -> int:
        raise os_error(errno.ENOSPC)


class RandomDevice(ZeroDevice):
    """/dev/random and /dev/urandom, from the seed."""

    minor = 9

    def __init__(self, path: str, flags: int, draw: Callable[[int], bytes]) -> None:
        super().__init__(path, flags)
        self._draw = draw

    def try_read(self, size: int) -> bytes:
        return self._draw(size)


def _controlling_terminal(process: "Process", path: str, flags: int) -> Description:
    if process.terminal is None:
        raise os_error(errno.ENXIO, path)
    return process.terminal.slave


def _console(process: "Process", path: str, flags: int) -> Description:
    terminal = process.machine.console
    return terminal.slave if terminal is not None else NullDevice(path, flags)


def _random(process: "Process", path: str, flags: int) -> Description:
    return RandomDevice(path, flags, process.machine.ids.random.randbytes)


def _new_terminal(process: "Process", path: str, flags: int) -> Description:
    return process.machine.new_terminal().master


Opener = Callable[["Process", str, int], Description]

DEVICES: Final[dict[tuple[int, int], Opener]] = {
    (1, 3): lambda _process, path, flags: NullDevice(path, flags),
    (1, 5): lambda _process, path, flags: ZeroDevice(path, flags),
    (1, 7): lambda _process, path, flags: FullDevice(path, flags),
    (1, 8): _random,
    (1, 9): _random,
    (5, 0): _controlling_terminal,
    (5, 1): _console,
    (5, 2): _new_terminal,
}
"""Character devices by (major, minor)."""

PTS_MAJOR: Final = 136


def open_device(process: "Process", rdev: int, path: str, flags: int) -> Description:
    """Give a character device behaviour, or refuse one that the container does not have."""
    major, minor = os.major(rdev), os.minor(rdev)
    if major == PTS_MAJOR:
        terminal = process.machine.terminals.get(minor)
        if terminal is None:
            raise os_error(errno.EIO, path)
        return terminal.slave
    opener = DEVICES.get((major, minor))
    if opener is None:
        raise os_error(errno.ENXIO, path)
    return opener(process, path, flags)
