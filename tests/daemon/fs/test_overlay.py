"""What overlayfs does that plain folders do not."""

import io
import os
import stat
from collections.abc import Callable

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.overlay import OverlayTree

Tar = Callable[..., bytes]


@pytest.fixture
def overlay(store: LayerStore, tar: Tar) -> OverlayTree:
    image = tar(("d", None), ("d/f", b"x" * 30_000), ("one", b"linked"), ("two", "= one"))
    return store.overlay((store.add_tar(io.BytesIO(image)).diff_id,))


@pytest.fixture
def fs(overlay: OverlayTree) -> Filesystem:
    return Filesystem(overlay)


def test_a_folder_of_the_image_cannot_be_renamed_but_a_new_one_can(fs: Filesystem) -> None:
    with pytest.raises(OSError, match="cross-device"):
        fs.rename("/d", "/e")
    fs.makedirs("/new/inner")
    fs.rename("/new", "/e")
    assert fs.listdir("/e") == ["inner"]


def test_a_hard_link_of_the_image_breaks_when_written(fs: Filesystem) -> None:
    assert fs.stat("/one").ino == fs.stat("/two").ino
    fs.write_bytes("/one", b"changed")
    assert fs.read_bytes("/two") == b"linked"
    assert fs.stat("/one").nlink == 1
    assert fs.stat("/one").ino != fs.stat("/two").ino


def test_changing_attributes_copies_no_content(fs: Filesystem, overlay: OverlayTree) -> None:
    fs.chmod("/d/f", 0o600)
    assert overlay.size_rw() == 30_000
    assert overlay.used == 32_768
    assert fs.read_bytes("/d/f", 3) == b"xxx"


def test_an_open_file_of_the_image_survives_its_removal(
    fs: Filesystem, overlay: OverlayTree
) -> None:
    file = fs.open("/d/f", os.O_RDONLY)
    fs.unlink("/d/f")
    assert file.pread(3, 0) == b"xxx"
    file.close()
    assert overlay.used == 0
    assert overlay.changes() == [(0, "/d"), (2, "/d/f")]


def test_a_folder_made_over_a_removed_one_starts_empty(fs: Filesystem) -> None:
    fs.unlink("/d/f")
    fs.rmdir("/d")
    fs.mkdir("/d")
    assert fs.listdir("/d") == []
    fs.rename("/d", "/e")
    assert not fs.exists("/d")


def test_the_whiteout_device_cannot_be_made(fs: Filesystem) -> None:
    with pytest.raises(PermissionError):
        fs.mknod("/w", stat.S_IFCHR, 0)


def test_link_counts_of_folders_are_overlayfs(fs: Filesystem) -> None:
    assert fs.stat("/d").nlink == 2
    fs.mkdir("/d/sub")
    assert fs.stat("/d").nlink == 1
    fs.makedirs("/x/y")
    assert fs.stat("/x").nlink == 3
