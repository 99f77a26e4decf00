"""Dates are read and written as date(1) does."""

from datetime import UTC

import pytest

from daemon.programs.tools.dates import NS, from_ns, parse_date, strftime, zone_of

NOW = 1_700_000_000 * NS  # Tue Nov 14 22:13:20 UTC 2023


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("@0", 0),
        ("@12.5", 12),
        ("2020-01-02", 1577923200),
        ("2020-01-02 03:04:05", 1577934245),
        ("2020-01-02T03:04:05Z", 1577934245),
        ("2020-01-02T03:04:05+01:00", 1577930645),
        ("2 Jan 2020", 1577923200),
        ("Jan 2 2020 03:04", 1577934240),
        ("Thu Jan  2 03:04:05 UTC 2020", 1577934245),
        ("01/02/2020", 1577923200),
        ("202001020304", 1577934240),
        ("202001020304.05", 1577934245),
        ("now", 1700000000),
        ("yesterday", 1699913600),
        ("1 day ago", 1699913600),
        ("+2 hours", 1700007200),
        ("2023-01-31 + 1 month", 1677801600),
        ("12:00", 1699963200),
        ("3:00 pm", 1699974000),
    ],
)
def test_a_date_is_understood(text: str, seconds: int) -> None:
    assert parse_date(text, NOW, UTC) is not None
    assert (parse_date(text, NOW, UTC) or 0) // NS == seconds


@pytest.mark.parametrize("text", ["foo", "2020-13-01", "2020-02-30", "25:00", "2020-01-01 foo"])
def test_nonsense_is_refused(text: str) -> None:
    assert parse_date(text, NOW, UTC) is None


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("%a %b %e %H:%M:%S %Z %Y", "Tue Nov 14 22:13:20 UTC 2023"),
        ("%F %T", "2023-11-14 22:13:20"),
        ("%-d|%_d|%3d", "14|14|014"),
        ("%s %N %3N", "1700000000 000000005 000"),
        ("%j %u %w %V %U", "318 2 2 46 46"),
        ("%I %p %P", "10 PM pm"),
        ("%z %:z", "+0000 +00:00"),
        ("%^a", "TUE"),
        ("%%%n%t", "%\n\t"),
        ("%Q", "%Q"),
    ],
)
def test_a_date_is_shown(form: str, shown: str) -> None:
    assert strftime(form, from_ns(NOW), 5) == shown


@pytest.mark.parametrize(
    ("form", "gnu", "libc"),
    [
        ("%N %3N %q %:z", "000000005 000 4 +00:00", "%N %3N %q %:z"),
        ("%-8Y|%_T|%#a|%#p|%Od", "2023|22:13:20|TUE|pm|14", "    2023|22:13:20|TUE|pm|14"),
    ],
)
def test_busybox_leaves_a_form_to_libc(form: str, gnu: str, libc: str) -> None:
    """Compared with busybox 1.37 and GNU date."""
    when = from_ns(NOW)
    assert (strftime(form, when, 5), strftime(form, when, 5, gnu=False)) == (gnu, libc)


def test_tz_names_an_offset() -> None:
    assert strftime("%H %Z %z", from_ns(NOW, zone_of("CET-1"))) == "23 CET +0100"
    assert zone_of(None) is UTC
