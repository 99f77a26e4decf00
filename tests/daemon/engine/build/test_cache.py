"""The build cache as `docker buildx du` and `prune` see it."""

import pytest

from daemon.clock import ManualClock
from daemon.engine.build.cache import LOCAL, Cache, Record
from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.ids import Ids


@pytest.fixture
def cache() -> Cache:
    clock = ManualClock()
    return Cache(LayerStore(clock.now), clock, Ids(1))


def keep(cache: Cache, key: str) -> Record:
    overlay = cache.store.overlay(())
    Filesystem(overlay).write_bytes("/file", key.encode())
    return cache.keep(key, key, (cache.store.commit(overlay).diff_id,), "")


def test_a_step_that_is_found_has_been_used_once_more(cache: Cache) -> None:
    keep(cache, "step")
    found = cache.find("step")
    assert found is not None
    assert found.usage_count == 2


def test_a_record_is_shared_while_an_image_has_its_layers(cache: Cache) -> None:
    record = keep(cache, "step")
    images = {record.diff_ids[0]}
    cache.has_image = images.__contains__
    assert cache.shared(record)
    images.clear()
    assert not cache.shared(record)


def test_a_pruned_record_lets_its_layer_go(cache: Cache) -> None:
    record = keep(cache, "step")
    assert cache.prune([record]) == [record]
    assert (cache.find("step"), record.diff_ids[0] in cache.store) == (None, False)


def test_what_is_in_use_is_not_pruned(cache: Cache) -> None:
    folder = cache.mount("id")
    folder.in_use = 1
    assert cache.prune([folder]) == []


def test_a_source_is_found_again_once_nobody_uses_it(cache: Cache) -> None:
    one = cache.source("context", "mine")
    other = cache.source("context", "mine")
    assert one is not other
    cache.release(one)
    assert cache.source("context", "mine") is one
    assert cache.source("context", "another's") not in (one, other)


def test_a_source_counts_as_used_when_its_build_has_ended(cache: Cache) -> None:
    record = cache.source("context", "mine")
    assert (record.kind, record.in_use, record.usage_count) == (LOCAL, 1, 0)
    cache.release(record)
    assert (record.in_use, record.usage_count) == (0, 1)


def test_a_source_that_was_half_brought_is_forgotten_with_its_files(cache: Cache) -> None:
    record = cache.source("context", "mine")
    assert record.folder
    Filesystem(record.folder).write_bytes("/half", b"x")
    cache.spoil(record)
    assert not cache.records
    assert Filesystem(record.folder).listdir("/") == []
