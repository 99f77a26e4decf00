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
        ("2022-01-01T01:00:10.5+01:00", 1_640_995_210.5),
        ("2022-01-01T0", 1_640_995_200),
        ("2022-01-01+01:00", 1_640_991_600),
        ("0000-03-01", -62_162_035_200),
        ("+5", 5),
    ],
)
def test_reads(text: str, seconds: float) -> None:
    assert parse_timestamp(text, NOW) == seconds * SECOND


def test_fractions_count() -> None:
    assert parse_timestamp("1.5", NOW) == SECOND + SECOND // 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", 'failed to parse value as time or duration: "soon"'),
        ("1h30", 'failed to parse value as time or duration: "1h30"'),
        ("9223372036854775808", 'failed to parse value as time or duration: "9223372036854775808"'),
        ('"', 'failed to parse value as time or duration: "\\""'),
        ("é-", r'parsing time "\xc3\xa9-" as "2006-01-02": cannot parse "\xc3\xa9-" as "2006"'),
        ("2022-99-99", 'parsing time "2022-99-99": month out of range'),
        ("2022-02-30", 'parsing time "2022-02-30": day out of range'),
        ("2022-01", 'parsing time "2022-01" as "2006-01-02": cannot parse "" as "-"'),
        ("-5", 'parsing time "-5" as "2006-01-02": cannot parse "-5" as "2006"'),
        ("2022-01-01T25", 'parsing time "2022-01-01T25": hour out of range'),
        (
            "2022-01-01T10:1",
            'parsing time "2022-01-01T10:1" as "2006-01-02T15:04": cannot parse "1" as "04"',
        ),
        ("2022-01-01 10:10", 'parsing time "2022-01-01 10:10": extra text: " 10:10"'),
        (
            "2022-01-01T10:10+25:00",
            'parsing time "2022-01-01T10:10+25:00": time zone offset hour out of range',
        ),
    ],
)
def test_refuses_in_the_words_of_go(text: str, why: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        parse_timestamp(text, NOW)
    assert str(refused.value) == why
