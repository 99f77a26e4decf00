"""The build cache as `docker buildx du` and `prune` see it: the entries' lives as Engine 28.5.2 showed them."""

import pytest

from daemon.clock import ManualClock
from daemon.engine.build.cache import LOCAL, REGULAR, Cache, Record, Uses
from daemon.engine.build.cache_usage import Usage, pruned, usages
from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.ids import Ids


@pytest.fixture
def cache() -> Cache:
    clock = ManualClock()
    return Cache(LayerStore(clock.now), clock, Ids(1))


def layer(cache: Cache, content: str) -> str:
    overlay = cache.store.overlay(())
    Filesystem(overlay).write_bytes("/file", content.encode())
    return cache.store.commit(overlay).diff_id


def made(cache: Cache, key: str, parent: Record | None = None) -> Record:
    below = parent.diff_ids if parent else ()
    return cache.commit(cache.begin(key, parent), key, (*below, layer(cache, key)))


def shown(cache: Cache, record: Record) -> Usage:
    return next(usage for usage in usages(cache) if usage.record is record)


def test_a_build_uses_once_what_many_of_its_steps_need(cache: Cache) -> None:
    record, uses = made(cache, "step"), Uses(cache.clock)
    uses.hold(record)
    uses.hold(record)
    while_held = shown(cache, record)
    uses.release()
    assert (while_held.in_use, while_held.usage_count, while_held.last_used) == (True, 0, None)
    assert shown(cache, record).usage_count == 1


def test_what_is_looked_up_has_not_been_used(cache: Cache) -> None:
    record = made(cache, "step")
    assert cache.find("step") is record
    assert record.usage_count == 0


def test_a_result_is_a_draft_until_something_stands_on_it(cache: Cache) -> None:
    below = made(cache, "below")
    alone = shown(cache, below)
    above = made(cache, "above", below)
    final = shown(cache, below)
    assert (alone.mutable, final.mutable) == (True, False)
    assert alone.id != final.id
    assert shown(cache, above).parents == (final.id,)


def test_a_draft_goes_by_its_later_name_while_a_build_holds_it(cache: Cache) -> None:
    record, uses = made(cache, "step"), Uses(cache.clock)
    uses.hold(record)
    held = shown(cache, record)
    uses.release()
    assert (held.id, held.mutable) == (record.id, False)
    assert shown(cache, record).mutable


def test_what_is_below_something_in_use_is_in_use(cache: Cache) -> None:
    below = made(cache, "below")
    Uses(cache.clock).hold(made(cache, "above", below))
    assert shown(cache, below).in_use


def test_an_image_has_an_entry_a_layer(cache: Cache) -> None:
    layers = (layer(cache, "one"), layer(cache, "two"))
    low, high = cache.base(layers, "from local ")
    assert cache.base(layers, "pulled from x") == [low, high]
    usage = shown(cache, high)
    assert (usage.parents, usage.description, usage.size) == ((low.id,), "from local ", 0)


def test_the_newest_result_of_a_step_counts_and_the_older_one_stays(cache: Cache) -> None:
    older, newer = made(cache, "step"), made(cache, "step")
    assert cache.find("step") is newer
    assert cache.records == [older, newer]


def test_a_record_is_shared_while_an_image_has_its_layers(cache: Cache) -> None:
    record = made(cache, "step")
    record.finalize()
    images = {record.diff_ids[0]}
    cache.has_image = images.__contains__
    assert cache.shared(record)
    images.clear()
    assert not cache.shared(record)


def test_a_pruned_record_lets_its_layer_go(cache: Cache) -> None:
    record = made(cache, "step")
    assert cache.prune([record]) == [record]
    assert (cache.find("step"), record.diff_ids[0] in cache.store) == (None, False)


def test_what_stands_on_something_goes_before_it(cache: Cache) -> None:
    below = made(cache, "below")
    above = made(cache, "above", below)
    assert cache.prune([below]) == []
    assert [usage.description for usage in pruned(cache, usages(cache))] == ["above", "below"]
    assert above.diff_ids[0] not in cache.store


def test_what_is_in_use_is_not_pruned(cache: Cache) -> None:
    folder = cache.mount("id")
    folder.holders = 1
    assert cache.prune([folder]) == []


def test_an_emptied_cache_mount_is_kept_by_who_is_in_it(cache: Cache) -> None:
    idle, busy = cache.mount("idle"), cache.mount("busy")
    busy.holders = 1
    cache.forget_mount("idle")
    cache.forget_mount("busy")
    assert cache.records == [busy]
    assert cache.mount("busy") is not busy
    assert cache.mount("idle") is not idle


def test_a_source_is_found_again_once_nobody_uses_it(cache: Cache) -> None:
    one = cache.source("context", "mine")
    other = cache.source("context", "mine")
    assert one is not other
    cache.release(one)
    assert cache.source("context", "mine") is one
    assert cache.source("context", "another's") not in (one, other)


def test_a_source_that_a_build_reads_is_plain_and_new(cache: Cache) -> None:
    cache.release(cache.source("context", "mine"))
    idle = usages(cache)[0]
    held = shown(cache, cache.source("context", "mine"))
    assert (idle.kind, idle.mutable, idle.usage_count) == (LOCAL, True, 1)
    assert (held.kind, held.mutable, held.usage_count) == (REGULAR, False, 0)
    assert held.id != idle.id


def test_a_source_that_was_half_brought_is_forgotten_with_its_files(cache: Cache) -> None:
    record = cache.source("context", "mine")
    assert record.folder
    Filesystem(record.folder).write_bytes("/half", b"x")
    cache.spoil(record)
    assert not cache.records
    assert Filesystem(record.folder).listdir("/") == []


def test_what_two_hold_at_once_is_used_once(cache: Cache) -> None:
    record = made(cache, "step")
    one, other = Uses(cache.clock), Uses(cache.clock)
    one.hold(record)
    other.hold(record)
    one.release()
    between = shown(cache, record)
    other.release()
    assert (between.in_use, record.usage_count) == (True, 1)


def test_a_layer_outlives_its_entry_for_who_asked_for_that(cache: Cache) -> None:
    record = made(cache, "step")
    let_go = cache.keep_layer(record)
    cache.prune([record])
    kept = record.diff_ids[0] in cache.store
    let_go()
    assert (kept, record.diff_ids[0] in cache.store) == (True, False)
