"""The client's folders are kept between builds: brought again only where they changed, and never two builds' at once."""

import io
import stat
from collections.abc import Callable, Sequence

import pytest

from daemon.clock import ManualClock
from daemon.engine.build.cache import Cache
from daemon.engine.build.client import Progress
from daemon.engine.build.no_session import NoSession
from daemon.engine.build.sources import Sources
from daemon.fs.content import frozen
from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.mirror import Mirror, Sent
from daemon.ids import Ids


class Folder(NoSession):
    """A client with one folder, of files by name: time and content."""

    def __init__(self, shared_key: str = "here") -> None:
        super().__init__(io.BytesIO())
        self.shared_key = shared_key
        self.files: dict[str, tuple[int, bytes]] = {}
        self.sent: list[str] = []
        self.breaks = False
        self.meanwhile: Callable[[], None] = lambda: None

    async def pull(
        self,
        name: str,
        into: Mirror,
        *,
        follow: Sequence[str] = (),
        exclude: Sequence[str] = (),
        progress: Progress = lambda _: None,
    ) -> None:
        self.sent = []
        for path, (time, data) in sorted(self.files.items()):
            node = into.add(Sent(path, stat.S_IFREG | 0o644, 0, 0, len(data), time, "", 0))
            if node is not None:
                self.sent.append(path)
                node.content = frozen(data)
        self.meanwhile()
        if self.breaks:
            raise ConnectionError("the client is gone")


@pytest.fixture
def cache() -> Cache:
    clock = ManualClock()
    return Cache(LayerStore(clock.now), clock, Ids())


@pytest.fixture
def folder() -> Folder:
    folder = Folder()
    folder.files = {"a": (1, b"aaa"), "b": (1, b"bb")}
    return folder


async def brought(sources: Sources, folder: Folder, hint: str = "context") -> Filesystem:
    return await sources.bring(folder, "context", hint, keep=True)


async def build(cache: Cache, folder: Folder) -> list[str]:
    """What one build asks for."""
    sources = Sources(cache)
    await brought(sources, folder)
    sources.release()
    return folder.sent


async def test_the_next_build_asks_for_what_has_changed(cache: Cache, folder: Folder) -> None:
    assert await build(cache, folder) == ["a", "b"]
    assert await build(cache, folder) == []
    folder.files["b"] = (2, b"BB")
    assert await build(cache, folder) == ["b"]
    (record,) = cache.records
    assert record.usage_count == 3


async def test_without_keeping_all_is_asked_for_each_time(cache: Cache, folder: Folder) -> None:
    for _ in range(2):
        sources = Sources(cache)
        await sources.bring(folder, "dockerfile", "dockerfile")
        sources.release()
        assert folder.sent == ["a", "b"]
    assert len(cache.records) == 1


async def test_builds_at_once_have_a_tree_each_and_read_what_they_brought(
    cache: Cache, folder: Folder
) -> None:
    one, other = Sources(cache), Sources(cache)
    first = await brought(one, folder)
    folder.files = {"a": (2, b"AAA")}
    second = await brought(other, folder)
    assert folder.sent == ["a"]
    assert (first.read_bytes("/a"), second.read_bytes("/a")) == (b"aaa", b"AAA")
    assert (sorted(first.listdir("/")), second.listdir("/")) == (["a", "b"], ["a"])
    one.release()
    other.release()
    assert len(cache.records) == 2
    await build(cache, folder)
    assert len(cache.records) == 2


async def test_what_another_client_or_another_purpose_kept_is_not_used(
    cache: Cache, folder: Folder
) -> None:
    await build(cache, folder)
    folder.shared_key = "elsewhere"
    assert await build(cache, folder) == ["a", "b"]
    sources = Sources(cache)
    await brought(sources, folder, "context:named")
    assert folder.sent == ["a", "b"]


async def test_a_transfer_that_breaks_off_leaves_nothing_to_go_on_from(
    cache: Cache, folder: Folder
) -> None:
    await build(cache, folder)
    folder.breaks = True
    with pytest.raises(ConnectionError):
        await build(cache, folder)
    assert not cache.records
    folder.breaks = False
    assert await build(cache, folder) == ["a", "b"]


async def test_what_arrives_when_its_build_has_ended_is_free_for_the_next(
    cache: Cache, folder: Folder
) -> None:
    sources = Sources(cache)
    folder.meanwhile = sources.release
    await brought(sources, folder)
    (record,) = cache.records
    assert record.holders == 0


async def test_the_size_is_the_last_one_until_somebody_asks_for_it(
    cache: Cache, folder: Folder
) -> None:
    await build(cache, folder)
    folder.files["c"] = (1, b"ccc")
    await build(cache, folder)
    (record,) = cache.records
    assert record.size == len(b"aaabbccc")
    record.measured = True
    folder.files["d"] = (1, b"x" * 1000)
    await build(cache, folder)
    assert record.size == len(b"aaabbccc")


async def test_what_is_pruned_is_asked_for_again_and_read_by_who_has_it(
    cache: Cache, folder: Folder
) -> None:
    sources = Sources(cache)
    files = await brought(sources, folder)
    assert cache.prune(cache.records) == []
    sources.release()
    assert len(cache.prune(cache.records)) == 1
    assert files.read_bytes("/a") == b"aaa"
    assert await build(cache, folder) == ["a", "b"]
