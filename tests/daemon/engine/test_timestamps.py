"""`until` and its like: durations, dates, Unix seconds."""

import pytest

from daemon.engine.timestamps import SECOND, parse_timestamp
from daemon.errors import InvalidParameter

NOW = 1_700_000_000 * SECOND + 5


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 1_700_000_000 - 3600),
        ("1h30m", 1_700_000_000 - 5400),
        ("0", 0),
        ("1600000000", 1_600_000_000),
        ("2022-01-01", 1_640_995_200),
        ("2022-01-01T00:00:10", 1_640_995_210),
        ("2022-01-01T00:00:10Z", 1_640_995_210),
        ("2022-01-01T01:00:10+01:00", 1_640_995_210),
    ],
)
def test_reads(text: str, seconds: int) -> None:
    assert parse_timestamp(text, NOW) == seconds * SECOND


def test_fractions_count() -> None:
    assert parse_timestamp("1.5", NOW) == SECOND + SECOND // 2


@pytest.mark.parametrize("text", ["soon", "2022-99-99", "1h30"])
def test_refuses(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_timestamp(text, NOW)
