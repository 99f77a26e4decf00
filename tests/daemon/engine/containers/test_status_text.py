"""Docker's words for lengths of time, and how long each of them holds."""

import pytest

from daemon.engine.containers.status_text import human_duration

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "Less than a second"),
        (0.99, "Less than a second"),
        (1.5, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (59.9 * MINUTE, "59 minutes"),
        (60 * MINUTE, "About an hour"),
        (89 * MINUTE, "About an hour"),
        (91 * MINUTE, "2 hours"),
        (47 * HOUR, "47 hours"),
        (48 * HOUR, "2 days"),
        (13.9 * DAY, "13 days"),
        (14 * DAY, "2 weeks"),
        (59 * DAY, "8 weeks"),
        (60 * DAY, "2 months"),
        (729 * DAY, "24 months"),
        (730 * DAY, "2 years"),
    ],
)
def test_words(seconds: float, text: str) -> None:
    assert human_duration(seconds)[0] == text


@pytest.mark.parametrize(
    "start", [0.0, 1.0, 59.5, 60.0, 3599.0, 3601.0, 6000.0, 172_000.0, 2_000_000.0]
)
def test_words_hold_until_their_limit(start: float) -> None:
    text, limit = human_duration(start)
    steps = [start + (limit - start) * part / 50 for part in range(50)]
    assert {human_duration(moment)[0] for moment in steps} == {text}
