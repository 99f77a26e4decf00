"""Contents in RAM and spool: limits, quotas, and files that outlive their names."""

import errno
import os
from collections.abc import Callable

import pytest

from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree


def test_a_full_tmpfs_takes_whole_pages_and_then_refuses(
    spool: Spool, now: Callable[[], int]
) -> None:
    fs = Filesystem(MemoryTree(spool, now, fstype="tmpfs", size=8192))
    file = fs.open("/f", os.O_CREAT | os.O_WRONLY)
    assert file.pwrite(b"x" * 10_000, 0) == 8192
    with pytest.raises(OSError, match="No space left") as caught:
        file.append(b"y")
    assert caught.value.errno == errno.ENOSPC
    file.close()
    assert fs.statfs("/").free == 0
    fs.unlink("/f")
    assert fs.statfs("/").free == 2


def test_an_unlinked_file_lives_until_its_last_close(spool: Spool, now: Callable[[], int]) -> None:
    tree = MemoryTree(spool, now)
    fs = Filesystem(tree)
    fs.write_bytes("/f", b"x" * 50_000)
    one, two = fs.open("/f", os.O_RDONLY), fs.open("/f", os.O_RDWR)
    fs.unlink("/f")
    assert two.pwrite(b"y", 0) == 1
    assert one.pread(2, 0) == b"yx"
    assert one.stat().nlink == 0
    one.close()
    assert tree.used
    two.close()
    two.close()
    assert tree.used == 0


def test_a_quota_is_told_of_every_page_and_may_refuse(spool: Spool, now: Callable[[], int]) -> None:
    told: list[int] = []

    def quota(delta: int) -> None:
        if sum(told) + delta > 3 * 4096:
            raise OSError(errno.ENOSPC, "full")
        told.append(delta)

    fs = Filesystem(MemoryTree(spool, now, quota=quota))
    fs.write_bytes("/f", b"x" * 5000)
    with pytest.raises(OSError, match="full"):
        fs.write_bytes("/g", b"x" * 5000)
    fs.truncate("/f", 10)
    fs.unlink("/f")
    assert sum(told) == 0


def test_holes_take_no_room(spool: Spool, now: Callable[[], int]) -> None:
    fs = Filesystem(MemoryTree(spool, now))
    fs.write_bytes("/f", b"")
    fs.truncate("/f", 1 << 40)
    assert (fs.stat("/f").size, fs.stat("/f").blocks) == (1 << 40, 0)
    assert fs.open("/f", 0).pread(3, 1 << 39) == bytes(3)


def test_reading_dates_a_file_once_as_relatime_does(spool: Spool, now: Callable[[], int]) -> None:
    fs = Filesystem(MemoryTree(spool, now))
    fs.write_bytes("/f", b"x")
    fs.read_bytes("/f")
    first = fs.stat("/f").atime_ns
    assert first > fs.stat("/f").mtime_ns
    fs.read_bytes("/f")
    assert fs.stat("/f").atime_ns == first
