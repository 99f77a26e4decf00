"""Tars: hostile bytes end in an ArchiveError; what a container wrote comes back from its committed layer."""

import gzip
import io
import itertools
import stat
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.memory import MemoryTree
from daemon.fs.tar import extract, pack
from daemon.fs.tarread import ArchiveError
from tests.daemon.fs.conftest import tar_of

SEED = tar_of(
    ("d", None),
    ("d/f", b"hello" * 300),
    ("l", "-> d/f"),
    ("h", "= d/f"),
    ("é" * 60, b"long"),
    ("d/.wh.x", b""),
)
names = st.sampled_from(["a", "b", "c", "é"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
steps = st.one_of(
    st.tuples(st.just("makedirs"), paths),
    st.tuples(st.just("write_bytes"), paths, st.binary(max_size=30)),
    st.tuples(st.just("unlink"), paths),
    st.tuples(st.just("rmdir"), paths),
    st.tuples(st.just("rename"), paths, paths),
    st.tuples(st.just("link"), paths, paths),
    st.tuples(st.just("symlink"), paths, paths),
    st.tuples(st.just("chmod"), paths, st.sampled_from([0o600, 0o4755, 0o1777])),
    st.tuples(st.just("chown"), paths, st.just(1000), st.just(3_000_000)),
)
scripts = st.lists(steps, max_size=15)
IMAGE = tar_of(("a", None), ("a/b", None), ("a/b/c", b"low"), ("b", b"file"), ("c", "-> a/b"))


INIT_LAYER = {".dockerenv", "dev", "etc", "proc", "sys"}
"""Made anew for every chain; not under test here."""


def new_store() -> LayerStore:
    ticks = itertools.count(10**18, 10**9)
    return LayerStore(lambda: next(ticks))


def snapshot(fs: Filesystem, path: str = "") -> dict[str, Any]:
    """Every path below with its attributes and content."""
    seen: dict[str, Any] = {}
    for name in set(fs.listdir(path or "/")) - INIT_LAYER:
        full = f"{path}/{name}"
        about = fs.stat(full, follow=False)
        what: object = None
        if stat.S_ISDIR(about.mode):
            seen |= snapshot(fs, full)
        elif stat.S_ISLNK(about.mode):
            what = fs.readlink(full)
        else:
            what = fs.read_bytes(full)
        seen[full] = about.mode, about.uid, about.gid, about.mtime_ns // 10**9, what
    return seen


def apply(fs: Filesystem, script: list[tuple[Any, ...]]) -> None:
    for name, *args in script:
        try:
            getattr(fs, name)(*args)
        except OSError:
            continue  # a refused step is as good as none


@settings(deadline=None)
@given(scripts, scripts)
def test_committed_layers_give_back_what_was_written(
    first: list[tuple[Any, ...]], second: list[tuple[Any, ...]]
) -> None:
    store = new_store()
    ids: tuple[str, ...] = (store.add_tar(io.BytesIO(IMAGE)).diff_id,)
    for script in (first, second):
        overlay = store.overlay(ids)
        apply(Filesystem(overlay), script)
        ids = (*ids, store.commit(overlay).diff_id)
        assert snapshot(Filesystem(store.overlay(ids))) == snapshot(Filesystem(overlay))
    store.close()


@settings(deadline=None)
@given(scripts)
def test_changes_are_what_differs(script: list[tuple[Any, ...]]) -> None:
    store = new_store()
    overlay = store.overlay((store.add_tar(io.BytesIO(IMAGE)).diff_id,))
    before = snapshot(Filesystem(overlay))
    apply(Filesystem(overlay), script)
    after = snapshot(Filesystem(overlay))
    changes = overlay.changes()
    kinds = {path: kind for kind, path in changes}
    assert len(kinds) == len(changes)
    assert {p for p, kind in kinds.items() if kind == 1} == after.keys() - before.keys()
    for path in before.keys() - after.keys():
        tops = {"/".join(path.split("/")[: n + 1]) for n in range(1, path.count("/") + 1)}
        assert tops & kinds.keys(), path
    store.close()


@settings(deadline=None)
@given(scripts)
def test_an_archive_put_elsewhere_is_a_copy(script: list[tuple[Any, ...]]) -> None:
    store = new_store()
    source, target = (Filesystem(MemoryTree(store.spool, store.now)) for _ in range(2))
    apply(source, script)
    extract(target, "/", pack(source, "/."))
    assert snapshot(target) == snapshot(source)
    store.close()


mutations = st.lists(
    st.tuples(st.integers(0, len(SEED) - 1), st.binary(min_size=1, max_size=12)), max_size=4
)


@settings(deadline=None, max_examples=300)
@given(mutations, st.integers(0, len(SEED)), st.booleans())
@example([(124, b"\xff" * 12)], len(SEED), False)
@example([(124, b"\x80" + b"\x7f" * 11)], len(SEED), False)
def test_damaged_tars_are_read_or_refused(
    damage: list[tuple[int, bytes]], length: int, packed: bool
) -> None:
    data = bytearray(SEED)
    for offset, what in damage:
        data[offset : offset + len(what)] = what
        block = offset // 512 * 512
        head = bytes(data[block : block + 512])
        total = sum(head) - sum(head[148:156]) + 256
        if len(head) == 512 and damage[0][0] % 2 == 0:  # often with a checksum that fits again
            data[block + 148 : block + 156] = b"%06o\0 " % total
    body = gzip.compress(bytes(data))[: length // 4] if packed else bytes(data[:length])
    store = new_store()
    fs = Filesystem(MemoryTree(store.spool, store.now))
    for consume in (lambda: store.add_tar(io.BytesIO(body)), lambda: extract(fs, "/", [body])):
        try:
            consume()
        except (ArchiveError, FileNotFoundError):
            continue
    store.close()


def test_very_deep_folders_are_handled_without_recursion() -> None:
    store = new_store()
    deep = "/".join(["d"] * 1100)
    overlay = store.overlay((store.add_tar(io.BytesIO(tar_of((deep + "/f", b"x")))).diff_id,))
    fs = Filesystem(overlay)
    fs.write_bytes(f"/{deep}/f", b"changed")
    assert overlay.size_rw() == 7
    assert len(overlay.changes()) == 1101
    ids = (*overlay.lower.diff_ids, store.commit(overlay).diff_id)
    assert Filesystem(store.overlay(ids)).read_bytes(f"/{deep}/f") == b"changed"
    assert len(b"".join(pack(fs, "/d"))) > 1100 * 512
    extract(fs, "/", [tar_of(("d", b"a file now"))])
    assert fs.read_bytes("/d") == b"a file now"
    store.close()


def test_a_bomb_ends_at_the_limit() -> None:
    store = LayerStore(lambda: 0, size_limit=1 << 20)
    bomb = gzip.compress(tar_of(("zeros", bytes(1 << 22))))
    with pytest.raises(ArchiveError, match="no space left on device"):
        store.add_tar(io.BytesIO(bomb))
    store.close()
