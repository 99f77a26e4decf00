"""Files made by callbacks, as in /proc."""

import os
from collections.abc import Callable

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.synthetic import (
    SyntheticFile,
    SyntheticFolder,
    SyntheticLink,
    SyntheticTree,
)


@pytest.fixture
def written() -> list[bytes]:
    return []


@pytest.fixture
def fs(memory: Filesystem, now: Callable[[], int], written: list[bytes]) -> Filesystem:
    pids = {"1": SyntheticFolder.of({"comm": SyntheticFile(lambda: b"init\n")})}
    numbers = iter(range(100))
    root = SyntheticFolder.of(
        {
            "self": SyntheticLink(lambda: "1"),
            "counter": SyntheticFile(lambda: b"%d" % next(numbers)),
            "knob": SyntheticFile(lambda: b"0\n", written.append, mode=0o644),
            "hosts": SyntheticFile(lambda: b"localhost", sized=True),
            "pids": SyntheticFolder(lambda: list(pids), pids.get),
            **pids,
        }
    )
    memory.mount("/proc", SyntheticTree(root, now))
    return memory


def test_content_is_made_anew_at_every_open(fs: Filesystem) -> None:
    assert [fs.read_bytes("/proc/counter") for _ in range(2)] == [b"0", b"1"]


def test_one_open_file_is_read_in_pieces_of_one_content(fs: Filesystem) -> None:
    file = fs.open("/proc/1/comm", os.O_RDONLY)
    assert file.pread(2, 0) + file.pread(10, 2) == b"init\n"


def test_links_lead_where_they_say_now(fs: Filesystem) -> None:
    assert fs.read_bytes("/proc/self/comm") == b"init\n"


def test_sizes_are_zero_unless_asked_for(fs: Filesystem) -> None:
    assert fs.stat("/proc/1/comm").size == 0
    assert fs.stat("/proc/hosts").size == 9


def test_writes_go_to_the_callback(fs: Filesystem, written: list[bytes]) -> None:
    fs.write_bytes("/proc/knob", b"1\n")
    assert written == [b"1\n"]


def test_nothing_can_be_made_or_removed(fs: Filesystem) -> None:
    with pytest.raises(FileNotFoundError):
        fs.mkdir("/proc/x")
    with pytest.raises(PermissionError):
        fs.unlink("/proc/knob")
    with pytest.raises(PermissionError):
        fs.chmod("/proc/knob", 0o777)
