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


def test_a_folder_of_the_client_is_one_record_of_its_last_size(cache: Cache) -> None:
    cache.local("context", 5)
    cache.local("context", 7)
    (record,) = cache.records.values()
    assert (record.kind, record.size, record.usage_count) == (LOCAL, 7, 2)
