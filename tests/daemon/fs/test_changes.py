"""What a container changed, as Engine 28.5.2 on overlay2 lists and packs it."""

import io
import os
import stat
import tarfile
from collections.abc import Callable

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.overlay import OverlayTree
from daemon.fs.tarread import read_entries

Tar = Callable[..., bytes]


@pytest.fixture
def overlay(store: LayerStore, tar: Tar) -> OverlayTree:
    image = tar(
        ("etc", None),
        ("etc/group", b"root:x:0:"),
        ("etc/passwd", b"root:x:0:0"),
        ("root", None),
        ("usr", None),
        ("usr/bin", None),
        ("usr/bin/env", b"env"),
        ("usr/local", None),
        ("var", None),
    )
    return store.overlay((store.add_tar(io.BytesIO(image)).diff_id,))


def remove_all(fs: Filesystem, path: str) -> None:
    for name in fs.listdir(path):
        inner = f"{path}/{name}"
        if fs.isdir(inner):
            remove_all(fs, inner)
        else:
            fs.unlink(inner)
    fs.rmdir(path)


def test_an_untouched_container_has_no_changes(overlay: OverlayTree) -> None:
    fs = Filesystem(overlay)
    fs.read_bytes("/etc/passwd")
    fs.listdir("/usr")
    assert overlay.changes() == []
    assert overlay.size_rw() == 0


def test_changes_name_the_folder_before_what_is_in_it_and_deletions_last(
    overlay: OverlayTree,
) -> None:
    fs = Filesystem(overlay)
    fs.write_bytes("/etc/new", b"")
    fs.write_bytes("/etc/passwd", b"root:x:0:0\nhi")
    remove_all(fs, "/usr")
    fs.mkdir("/usr")
    fs.write_bytes("/usr/one", b"1\n")
    fs.chmod("/root", 0o700)
    fs.makedirs("/x/y")
    fs.rmdir("/var")
    fs.write_bytes("/var", b"")
    assert overlay.changes() == [
        (0, "/etc"),
        (1, "/etc/new"),
        (0, "/etc/passwd"),
        (0, "/root"),
        (0, "/usr"),
        (1, "/usr/one"),
        (2, "/usr/bin"),
        (2, "/usr/local"),
        (0, "/var"),
        (1, "/x"),
        (1, "/x/y"),
    ]
    assert overlay.size_rw() == 13 + 2


def test_what_was_made_and_removed_again_is_no_change(overlay: OverlayTree) -> None:
    fs = Filesystem(overlay)
    fs.write_bytes("/root/tmp", b"x")
    fs.unlink("/root/tmp")
    fs.chmod("/etc/passwd", 0o600)
    fs.chmod("/etc/passwd", 0o644)
    assert overlay.changes() == []


def test_the_layer_has_whiteouts_an_opaque_marker_and_one_copy_of_linked_files(
    overlay: OverlayTree,
) -> None:
    fs = Filesystem(overlay)
    fs.unlink("/etc/passwd")
    fs.unlink("/etc/group")
    remove_all(fs, "/usr")
    fs.mkdir("/usr")
    fs.write_bytes("/usr/one", b"1\n")
    fs.link("/usr/one", "/usr/hard")
    fs.symlink("one", "/usr/sym")
    fs.mknod("/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    fs.mknod("/socket", stat.S_IFSOCK | 0o666)
    out = io.BytesIO()
    overlay.write_layer_tar(out)
    out.seek(0)
    with tarfile.open(fileobj=out) as archive:
        members = [(m.name, m.type, m.mode, m.linkname) for m in archive]
    assert members == [
        ("etc", b"5", 0o755, ""),
        ("etc/.wh.group", b"0", 0o600, ""),
        ("etc/.wh.passwd", b"0", 0o600, "etc/group"),
        ("null", b"3", 0o666, ""),
        ("usr", b"5", 0o755, ""),
        ("usr/.wh..wh..opq", b"0", 0o755, ""),
        ("usr/hard", b"0", 0o644, ""),
        ("usr/one", b"1", 0o644, "usr/hard"),
        ("usr/sym", b"2", 0o777, "one"),
    ]


def test_a_committed_layer_gives_the_same_files(store: LayerStore, overlay: OverlayTree) -> None:
    fs = Filesystem(overlay)
    fs.unlink("/etc/passwd")
    remove_all(fs, "/usr")
    fs.makedirs("/usr/share")
    fs.write_bytes("/big", bytes(range(256)) * 1000)
    layer = store.commit(overlay)
    copy = Filesystem(store.overlay((*overlay.lower.diff_ids, layer.diff_id)))
    assert copy.listdir("/usr") == ["share"]
    assert not copy.exists("/etc/passwd")
    assert copy.read_bytes("/big") == bytes(range(256)) * 1000
    assert copy.stat("/etc/group").mtime_ns == fs.stat("/etc/group").mtime_ns


def test_times_in_a_layer_are_whole_seconds(store: LayerStore, overlay: OverlayTree) -> None:
    fs = Filesystem(overlay)
    fs.write_bytes("/f", b"")
    fs.utime("/f", 0, 1_600_000_000_999_999_999)
    (entry,) = read_entries(store.commit(overlay).archive)
    assert entry.mtime == 1_600_000_000_000_000_000
