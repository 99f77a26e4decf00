"""The spool: a private folder that goes, and few descriptors at a time."""

import os
from pathlib import Path

from daemon.fs.content import Buffer, Spool, SpoolWriter


def test_many_large_files_share_few_descriptors(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    before = len(os.listdir("/proc/self/fd"))
    buffers = [Buffer(spool) for _ in range(3 * Spool.OPEN_AT_ONCE)]
    for number, buffer in enumerate(buffers):
        buffer.pwrite(bytes([number % 256]) * 20_000, 0)
    assert len(os.listdir("/proc/self/fd")) - before <= Spool.OPEN_AT_ONCE
    assert all(b.pread(1, 19_999)[0] == n % 256 for n, b in enumerate(buffers))
    spool.close()
    assert os.listdir(tmp_path) == []


def test_a_file_goes_with_its_last_reference(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    buffer = Buffer(spool)
    buffer.pwrite(bytes(20_000), 0)
    (folder,) = tmp_path.iterdir()
    assert len(list(folder.iterdir())) == 1
    del buffer
    assert list(folder.iterdir()) == []
    spool.close()


def test_small_contents_touch_no_disk(tmp_path: Path) -> None:
    spool = Spool(str(tmp_path))
    Buffer(spool).pwrite(b"small", 0)
    writer = SpoolWriter(spool)
    writer.write(b"small")
    assert writer.content().pread(5, 0) == b"small"
    assert list(tmp_path.iterdir()) == []
    spool.close()
