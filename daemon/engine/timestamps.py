"""A moment as users write it in `until`, `since` and their like: a duration ago, a date, or Unix seconds."""

from __future__ import annotations

import re

from api_schema.go_layout import GoTimeError, parse_layout
from daemon.engine.dockerfile.durations import parse_duration
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.words import go_escape
from daemon.errors import DockerError, InvalidParameter

SECOND = 1_000_000_000
_UNIX = re.compile(r"([+-]?\d{1,19})(?:\.(\d+))?")
_DATE, _TO_THE_HOUR, _TO_THE_MINUTE, _TO_THE_SECOND = (
    "2006-01-02",
    "2006-01-02T15",
    "2006-01-02T15:04",
    "2006-01-02T15:04:05",
)


def parse_timestamp(text: str, now: int, refusal: type[DockerError] = InvalidParameter) -> int:
    """Nanoseconds since the epoch. A duration counts back from `now`, in whole seconds as with dockerd."""
    if text != "0":
        try:
            return (now - parse_duration(text)) // SECOND * SECOND
        except DockerfileError:
            pass
    try:
        return parse_layout(_layout(text), text)
    except GoTimeError as error:
        if "-" in text:
            raise refusal(str(error)) from error
    match = _UNIX.fullmatch(text)
    if match is None or abs(int(match[1])) >= 1 << 63:
        raise refusal(f'failed to parse value as time or duration: "{go_escape(text)}"')
    return int(match[1]) * SECOND + int((match[2] or "").ljust(9, "0")[:9])


def _layout(text: str) -> str:
    """As much of a date and a time as there seems to be."""
    zoned = any(char in text for char in "zZ+") or text.count("-") == 3
    zone = "Z07:00" if zoned else ""
    if "." in text:
        return f"{_TO_THE_SECOND}.999999999{zone}"
    if "T" not in text:
        return _DATE + zone
    colons = text.count(":")
    if zoned and colons and not any(char in text for char in "zZ"):
        colons -= 1  # that of the zone
    layouts = (_TO_THE_HOUR, _TO_THE_MINUTE, _TO_THE_SECOND)
    return layouts[min(colons, 2)] + zone
