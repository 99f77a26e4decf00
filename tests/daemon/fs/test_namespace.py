"""Mounts: what covers what, and which paths lead across."""

import errno
from collections.abc import Callable

import pytest

from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem
from daemon.fs.memory import MemoryTree


def test_a_missing_mount_point_is_made_and_stays(
    memory: Filesystem, spool: Spool, now: Callable[[], int]
) -> None:
    memory.mount("/data/x", MemoryTree(spool, now))
    memory.write_bytes("/data/x/f", b"in the volume")
    memory.unmount("/data/x")
    assert memory.listdir("/data/x") == []


def test_nothing_is_renamed_across_mounts(
    memory: Filesystem, spool: Spool, now: Callable[[], int]
) -> None:
    memory.mount("/tmp", MemoryTree(spool, now))
    memory.write_bytes("/f", b"")
    with pytest.raises(OSError, match="cross-device") as caught:
        memory.rename("/f", "/tmp/f")
    assert caught.value.errno == errno.EXDEV


def test_a_mount_point_is_busy(memory: Filesystem, spool: Spool, now: Callable[[], int]) -> None:
    memory.mount("/tmp", MemoryTree(spool, now))
    with pytest.raises(OSError, match="busy"):
        memory.rmdir("/tmp")


def test_a_read_only_mount_refuses_writers_only(
    memory: Filesystem, spool: Spool, now: Callable[[], int]
) -> None:
    tree = MemoryTree(spool, now)
    memory.mount("/rw", tree)
    memory.write_bytes("/rw/f", b"x")
    memory.mount("/ro", tree, readonly=True)
    assert memory.read_bytes("/ro/f") == b"x"
    with pytest.raises(OSError, match="Read-only"):
        memory.write_bytes("/ro/f", b"y")


def test_a_sub_folder_of_a_tree_can_be_mounted(
    memory: Filesystem, spool: Spool, now: Callable[[], int]
) -> None:
    tree = MemoryTree(spool, now)
    Filesystem(tree).makedirs("/sub/inner")
    memory.mount("/m", tree, subpath="sub")
    assert memory.listdir("/m") == ["inner"]
