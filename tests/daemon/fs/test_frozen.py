"""An image's files as they are: to be read, never altered, and freed with the layer, without the collector's help."""

import gc
import io
import os
from collections.abc import Callable, Iterator

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.frozen import FrozenTree
from daemon.fs.layers import LayerStore

Tar = Callable[..., bytes]
SPOOLED = 100_000
"""So many bytes do not stay in RAM."""


@pytest.fixture
def layers(store: LayerStore, tar: Tar) -> tuple[str, ...]:
    image = tar(("d", None), ("d/f", b"x" * SPOOLED), ("d/e", None), ("d/e/g", b"g"))
    return (store.add_tar(io.BytesIO(image)).diff_id,)


@pytest.fixture
def frozen(store: LayerStore, layers: tuple[str, ...]) -> Filesystem:
    return Filesystem(FrozenTree(store.merged(layers), store.spool, store.now))


def test_it_shows_the_image(frozen: Filesystem) -> None:
    assert frozen.listdir("/d") == ["f", "e"]
    assert frozen.read_bytes("/d/e/g") == b"g"


@pytest.mark.parametrize(
    "change",
    [
        lambda fs: fs.write_bytes("/d/f", b"y"),
        lambda fs: fs.write_bytes("/new", b""),
        lambda fs: fs.mkdir("/d/new"),
        lambda fs: fs.unlink("/d/f"),
        lambda fs: fs.rename("/d/f", "/f"),
        lambda fs: fs.link("/d/f", "/f"),
        lambda fs: fs.symlink("f", "/d/l"),
        lambda fs: fs.chmod("/d", 0o700),
        lambda fs: fs.utime("/d/f", 1, 1),
        lambda fs: fs.truncate("/d/f", 0),
    ],
)
def test_nothing_in_it_can_be_altered(
    frozen: Filesystem, change: Callable[[Filesystem], object]
) -> None:
    before = frozen.stat("/d"), frozen.stat("/d/f")
    with pytest.raises(OSError, match="Read-only file system"):
        change(frozen)
    assert (frozen.stat("/d"), frozen.stat("/d/f")) == before
    assert frozen.listdir("/") == ["d"]


def test_to_read_leaves_no_trace(frozen: Filesystem) -> None:
    before = frozen.stat("/d/f")
    frozen.read_bytes("/d/f")
    assert frozen.stat("/d/f") == before


@pytest.fixture
def collected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def files(store: LayerStore) -> int:
    return len(os.listdir(os.path.dirname(store.spool.path(0))))


@pytest.mark.usefixtures("collected")
def test_a_layer_goes_from_the_disk_with_its_last_user(store: LayerStore, tar: Tar) -> None:
    data = tar(("d", None), ("d/f", b"x" * SPOOLED), ("l", "-> d"), ("l/e/g", b"g"))
    layer = store.add_tar(io.BytesIO(data)).diff_id
    store.retain(layer)
    overlay = store.overlay((layer,))
    used = Filesystem(overlay)
    used.read_bytes("/d/f")
    used.write_bytes("/d/e/new", b"")
    assert files(store) == 1
    store.release(layer)
    overlay.clear()
    del overlay, used
    assert files(store) == 0
