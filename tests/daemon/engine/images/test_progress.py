"""Bars as Docker's jsonmessage draws them; the texts are the real engine's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.engine.images.progress import Meter, bar, drawn, human_size


@pytest.mark.parametrize(
    ("current", "total", "text"),
    [
        (10263, 10263, "[==================================================>]  10.26kB/10.26kB"),
        (32768, 256038, "[======>                                            ]  32.77kB/256kB"),
        (3689, 256038, "[>                                                  ]  3.689kB/256kB"),
        (2129920, 1984276, "[==================================================>]   2.13MB"),
        (500, 0, "    500B"),
    ],
)
def test_draws(current: int, total: int, text: str) -> None:
    assert drawn(current, total) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0B"), (999, "999B"), (1000, "1kB"), (1_984_276, "1.984MB"), (5e12, "5TB")],
)
def test_sizes(size: float, text: str) -> None:
    assert human_size(size) == text


def test_a_message_has_dockers_members() -> None:
    assert bar("Pushing", "abc", 1, 2) == {
        "status": "Pushing",
        "progressDetail": {"current": 1, "total": 2},
        "progress": drawn(1, 2),
        "id": "abc",
    }


@given(st.lists(st.integers(1, 5000), min_size=1))
def test_a_meter_ends_full_and_never_goes_back(chunks: list[int]) -> None:
    messages: list[dict] = []
    moments = iter(range(len(chunks) * 3 + 3))
    meter = Meter(messages.append, lambda: float(next(moments)), "Downloading", "x", sum(chunks))
    for chunk in chunks:
        meter.add(chunk)
    meter.finish()
    currents = [message["progressDetail"]["current"] for message in messages]
    assert currents == sorted(set(currents))
    assert currents[-1] == sum(chunks)


def test_a_meter_speaks_at_most_ten_times_a_second() -> None:
    messages: list[dict] = []
    meter = Meter(messages.append, lambda: 1.0, "Downloading", "x", 1000)
    for _ in range(50):
        meter.add(15)
    assert len(messages) == 1
