"""Filters of `docker buildx du` and `prune`, as clients send them."""

import pytest

from daemon.clock import ManualClock
from daemon.engine.build.cache import Cache
from daemon.engine.build.cache_usage import Usage, usages
from daemon.errors import InvalidParameter
from daemon.fs.layers import LayerStore
from daemon.ids import Ids
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.cache_filters import check, chosen, matches


@pytest.fixture
def cache() -> Cache:
    clock = ManualClock()
    found = Cache(LayerStore(clock.now), clock, Ids(1))
    found.mount("x", "cached mount x from exec").draft = "abc123"
    return found


@pytest.fixture
def mount(cache: Cache) -> Usage:
    (found,) = usages(cache)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id~=abc", True),
        ("id~=nosuch", False),
        ("id==abc123", True),
        ("id==abc", False),
        ("type!=regular", True),
        ("type==exec.cachemount,description~=/mount x/", True),
        ("type==exec.cachemount,description~=/mount y/", False),
        ("mutable", True),
        ("immutable", False),
        ("private", True),
        ("inuse", False),
        ("nosuchfield==x", False),
        ("nosuchfield", False),
        ("description~=no(expression", False),
    ],
)
def test_a_filter_matches_what_it_names(mount: Usage, text: str, expected: bool) -> None:
    assert matches(mount, text) is expected


def test_a_prune_takes_nothing_that_its_filter_does_not_match(cache: Cache) -> None:
    assert chosen(cache, wire.PruneRequest(filter=["id~=nosuch"])) == []
    (found,) = chosen(cache, wire.PruneRequest(filter=["id~=abc"]))
    assert found.id == "abc123"


@pytest.mark.parametrize(
    ("filters", "place"),
    [(["id~=~"], "[id >|~|< =~]"), (["inuse", "id==x,type=y"], "[id==x,type >|=|< y]")],
)
def test_an_operator_must_be_known(filters: list[str], place: str) -> None:
    with pytest.raises(InvalidParameter, match="unsupported operator") as caught:
        check(filters, "diskusage")
    assert f"failed to parse diskusage filters [{' '.join(filters)}]: " in str(caught.value)
    assert f"parse error: {place}:" in str(caught.value)
