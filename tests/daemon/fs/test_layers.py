"""Layers: kept byte for byte, stacked as overlay2 stacks them, shared by containers."""

import gzip
import hashlib
import io
from collections.abc import Callable

from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore, chain_id

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
