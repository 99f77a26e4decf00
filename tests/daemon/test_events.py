"""The event stream: memory, filters, and its end."""

import pytest

from daemon.clock import ManualClock
from daemon.errors import InvalidParameter
from daemon.events import MEMORY, Events, check_period, parse_event_time
from daemon.filters import Filters

SECOND = 1_000_000_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start_ns=1000 * SECOND)


@pytest.fixture
def events(clock: ManualClock) -> Events:
    return Events(clock)


def actions(events: Events, **filters: list[str]) -> list[str]:
    return [event.action for event in events.remembered(0, None, Filters(filters))]


def test_remembers_the_last_256(events: Events) -> None:
    for number in range(MEMORY + 10):
        events.emit("volume", str(number), "v")
    assert actions(events) == [str(number) for number in range(10, MEMORY + 10)]


def test_without_a_period_nothing_is_remembered(events: Events) -> None:
    events.emit("volume", "create", "v")
    assert events.remembered(None, None, Filters()) == []


def test_filters_by_type_action_label_and_prefix_of_the_actor(events: Events) -> None:
    events.emit("container", "create", "abc", {"name": "web", "image": "httpd:2.4", "tier": "1"})
    events.emit("container", "exec_create: ls ", "abc", {"name": "web", "image": "httpd:2.4"})
    events.emit("image", "pull", "httpd:2.4", {"name": "httpd"})
    assert actions(events, type=["image"]) == ["pull"]
    assert actions(events, event=["create"]) == ["create"]
    assert actions(events, event=["exec_create"]) == ["exec_create: ls "]
    assert actions(events, container=["ab"]) == ["create", "exec_create: ls "]
    assert actions(events, container=["we"]) == ["create", "exec_create: ls "]
    assert actions(events, label=["tier=1"]) == ["create"]
    assert actions(events, image=["httpd"]) == ["create", "exec_create: ls ", "pull"]
    assert actions(events, scope=["swarm"]) == []


async def test_the_stream_gives_the_past_and_then_the_present(
    events: Events, clock: ManualClock
) -> None:
    events.emit("volume", "past", "v")
    stream = events.stream(0, None, Filters())
    assert (await anext(stream)).action == "past"
    events.emit("volume", "present", "v")
    assert (await anext(stream)).action == "present"
    assert events.listener_count == 1
    await stream.aclose()
    assert events.listener_count == 0


async def test_a_period_in_the_past_ends_at_once(events: Events, clock: ManualClock) -> None:
    events.emit("volume", "create", "v")
    clock.advance(5)
    found = [event.action async for event in events.stream(0, 1004 * SECOND, Filters())]
    assert found == ["create"]


def test_a_period_must_not_end_before_it_begins() -> None:
    with pytest.raises(InvalidParameter, match=r"`since` time \(10\) cannot be after `until` time"):
        check_period("10", "5")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("", None),
        ("5", 5 * SECOND),
        ("5.25", 5_250_000_000),
        ("1.1234567890", 1_123_456_789),
        ("-5", -5 * SECOND),
    ],
)
def test_times_are_seconds_with_a_fraction(text: str, nanoseconds: int | None) -> None:
    assert parse_event_time(text) == nanoseconds


def test_anything_else_is_refused_as_strconv_does() -> None:
    with pytest.raises(ValueError, match=r'strconv\.ParseInt: parsing "abc": invalid syntax'):
        parse_event_time("abc")
    with pytest.raises(ValueError, match=r'strconv\.ParseInt: parsing "9{19}": value out of range'):
        parse_event_time("9" * 19)


@pytest.mark.parametrize("end", ["-1", "-1.5", ""])
def test_the_second_before_1970_is_no_end(end: str) -> None:
    assert check_period("0", end) == (0, None)
    assert check_period(end, "2") == (None, 2 * SECOND)
