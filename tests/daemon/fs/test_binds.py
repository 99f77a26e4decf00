"""The policies for bind mounts that are not live."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.fs.binds import bind_tree
from daemon.fs.content import Spool
from daemon.fs.filesystem import Filesystem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("x" * 100_000)
    (tmp_path / "link").symlink_to("d/f")
    return tmp_path


def test_a_copy_is_written_without_the_host_noticing(
    memory: Filesystem, folder: Path, spool: Spool, now: Callable[[], int]
) -> None:
    memory.mount("/b", bind_tree(str(folder), "copy", spool, now))
    assert memory.read_bytes("/b/link") == b"x" * 100_000
    assert memory.stat("/b/d/f").mtime_ns == (folder / "d/f").stat().st_mtime_ns
    memory.write_bytes("/b/d/f", b"changed")
    assert (folder / "d/f").read_text() == "x" * 100_000


def test_off_shows_an_empty_folder_or_file(
    memory: Filesystem, folder: Path, spool: Spool, now: Callable[[], int]
) -> None:
    memory.mount("/b", bind_tree(str(folder), "off", spool, now))
    memory.mount("/f", bind_tree(str(folder / "d/f"), "off", spool, now))
    assert memory.listdir("/b") == []
    assert memory.read_bytes("/f") == b""
