"""Layers: kept byte for byte, stacked as overlay2 stacks them, shared by containers."""

import gzip
import hashlib
import io
import itertools
import os
import stat
from collections.abc import Callable

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.layer_tree import read_layer
from daemon.fs.layers import LayerStore, chain_id
from daemon.fs.nodes import Directory, Inode, Regular, Symlink

Tar = Callable[..., bytes]


def add(store: LayerStore, data: bytes) -> str:
    return store.add_tar(io.BytesIO(data)).diff_id


def test_the_diff_id_is_the_digest_of_the_uncompressed_tar(store: LayerStore, tar: Tar) -> None:
    data = tar(("etc", None), ("etc/passwd", b"root"))
    layer = store.add_tar(io.BytesIO(gzip.compress(data)))
    assert layer.diff_id == "sha256:" + hashlib.sha256(data).hexdigest()
    assert store.tar_bytes(layer.diff_id) == data
    assert layer.size == 4


def test_an_upper_layer_hides_replaces_and_adds(store: LayerStore, tar: Tar) -> None:
    lower = add(store, tar(("a", None), ("a/one", b"1"), ("a/two", b"2"), ("b/deep/x", b"x")))
    upper = add(store, tar(("a/.wh.one", b""), ("a/three", b"3"), ("b/.wh..wh..opq", b"")))
    fs = Filesystem(store.overlay((lower, upper)))
    assert sorted(fs.listdir("/a")) == ["three", "two"]
    assert fs.listdir("/b") == []


def test_containers_of_one_image_do_not_see_each_other(store: LayerStore, tar: Tar) -> None:
    ids = (add(store, tar(("motd", b"hello"))),)
    one, two = Filesystem(store.overlay(ids)), Filesystem(store.overlay(ids))
    one.write_bytes("/motd", b"changed")
    assert (one.read_bytes("/motd"), two.read_bytes("/motd")) == (b"changed", b"hello")


def test_an_open_file_sees_what_is_written_after_copy_up(store: LayerStore, tar: Tar) -> None:
    fs = Filesystem(store.overlay((add(store, tar(("log", b"old"))),)))
    reader = fs.open("/log", 0)
    fs.write_bytes("/log", b"newer")
    assert reader.pread(10, 0) == b"newer"
    reader.close()


def test_a_chain_id_is_ocis() -> None:
    assert chain_id(("sha256:a",)) == "sha256:a"
    pair = b"sha256:a sha256:b"
    assert chain_id(("sha256:a", "sha256:b")) == "sha256:" + hashlib.sha256(pair).hexdigest()


def plain(fs: Filesystem) -> None:
    fs.makedirs("/new/inner")
    fs.write_bytes("/new/f", b"x" * 600_000)
    fs.write_bytes("/new/program", b"#!")
    fs.chmod("/new/program", 0o4755)
    fs.chown("/new/inner", 7, 8)
    fs.utime("/new/inner", 5, 1_600_000_000_123_456_789)
    fs.link("/new/f", "/new/again")
    fs.symlink("../new/f", "/new/link")
    fs.mknod("/new/fifo", stat.S_IFIFO | 0o600)
    fs.mknod("/new/disk", stat.S_IFBLK | 0o660, os.makedev(8, 1))
    fs.mknod("/new/socket", stat.S_IFSOCK | 0o600)
    fs.write_bytes("/new/empty", b"")
    fs.makedirs("/" + "p" * 90)
    fs.write_bytes("/" + "p" * 90 + "/" + "n" * 90, b"prefix")


def hiding(fs: Filesystem) -> None:
    fs.unlink("/a/one")
    fs.unlink("/a/two")
    fs.unlink("/b/x")
    fs.rmdir("/b")
    fs.mkdir("/b")
    fs.write_bytes("/b/y", b"y")


def extended(fs: Filesystem) -> None:
    fs.write_bytes("/näme", b"1")
    fs.write_bytes("/old", b"2")
    fs.utime("/old", 0, -5_000_000_001)
    fs.chown("/old", 3_000_000, 0)
    fs.write_bytes("/" + "n" * 150, b"3")
    fs.symlink("t" * 150, "/far")
    fs.write_bytes("/after", b"4")


def whiteouts_by_name(fs: Filesystem) -> None:
    fs.write_bytes("/.wh.b", b"")


def described(node: Inode, numbers: dict[int, int]) -> object:
    """All of a node but when and as which number it was made; names of one file share a number."""
    number = numbers.setdefault(node.ino, len(numbers))
    said = (type(node).__name__, number, node.mode, node.uid, node.gid, node.mtime, node.nlink)
    said += (node.size, node.rdev, node.xattrs)
    match node:
        case Directory():
            inner = {k: described(v, numbers) for k, v in sorted(node.entries.items())}
            return *said, node.subfolders, inner
        case Regular():
            return *said, node.content.pread(node.size, 0)
        case Symlink():
            return *said, node.target
    return said


@pytest.mark.parametrize(
    ("change", "is_read"),
    [(plain, False), (hiding, False), (extended, True), (whiteouts_by_name, False)],
)
def test_a_committed_layer_is_what_reading_its_tar_makes_of_it(
    store: LayerStore, tar: Tar, change: Callable[[Filesystem], None], *, is_read: bool
) -> None:
    image = tar(("a", None), ("a/one", b"1"), ("a/two", b"2"), ("b", None), ("b/x", b"x"))
    overlay = store.overlay((add(store, image),))
    change(Filesystem(overlay))
    packing = overlay.packing()
    assert b"".join(packing.chunks())
    assert (packing.entries is None) is is_read
    layer = store.commit(overlay)
    again = read_layer(layer.archive, itertools.count(2), layer.tree.root.mtime, store.spool)
    assert layer.tree.whiteouts == again.whiteouts
    assert described(layer.tree.root, {}) == described(again.root, {})
