"""Which entries of the build cache a prune means, as Engine 28.5.2 reads its filters."""

import pytest

from daemon.clock import ManualClock
from daemon.engine.build.cache import CACHE_MOUNT, Cache
from daemon.engine.build.pruning import chosen
from daemon.errors import InvalidParameter
from daemon.filters import Filters
from daemon.fs.layers import LayerStore
from daemon.ids import Ids


@pytest.fixture
def cache() -> Cache:
    clock = ManualClock(1_700_000_000_500_000_000)
    cache = Cache(LayerStore(clock.now), clock, Ids())
    cache.mount("one")
    cache.release(cache.source("context", "key"))
    cache.mount("one").used(clock.now())
    return cache


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 2),
        ({"type": [CACHE_MOUNT]}, 1),
        ({"type": ["nosuch"]}, 0),
        ({"id": ["."]}, 2),
        ({"description": ["local source for context"]}, 1),
        ({"private": []}, 2),
        ({"private": ["true"]}, 0),
        ({"inuse": []}, 0),
        ({"until": ["1h"]}, 0),
        ({"until": ["0s"]}, 0),  # moments of filters are whole seconds
        ({"until": ["2100-01-01"]}, 2),
        ({"label": ["whatever"]}, 2),
    ],
)
def test_filters_choose(cache: Cache, filters: dict[str, list[str]], count: int) -> None:
    assert len(chosen(cache, Filters(filters), every=True)) == count


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"foo": ["x"]}, "invalid filter 'foo'"),
        ({"until": ["1h", "2h"]}, "filters expect only one value"),
        ({"type": ["a", "b"]}, "filters expect only one value"),
        (
            {"until": ["bad"]},
            "\"until\" filter expects a duration (e.g., '24h') or a timestamp: "
            'failed to parse value as time or duration: "bad"',
        ),
        ({"until": ["1h"], "unused-for": ["1h"]}, 'conflicting filters: "until" and "unused-for"'),
    ],
)
def test_what_is_no_filter_is_refused(
    cache: Cache, filters: dict[str, list[str]], why: str
) -> None:
    with pytest.raises(InvalidParameter) as refused:
        chosen(cache, Filters(filters), every=True)
    assert str(refused.value) == f"failed to prune build cache: {why}"
