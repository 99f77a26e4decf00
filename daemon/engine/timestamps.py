"""A moment as users write it in `until`, `since` and their like: a duration ago, a date, or Unix seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from daemon.engine.dockerfile.durations import parse_duration
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.errors import InvalidParameter

SECOND = 1_000_000_000
_UNIX = re.compile(r"(-?\d+)(?:\.(\d{1,9}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_timestamp(text: str, now: int) -> int:
    """Nanoseconds since the epoch. A duration counts back from `now`, in whole seconds as with dockerd."""
    if text != "0":
        try:
            return (now - parse_duration(text)) // SECOND * SECOND
        except DockerfileError:
            pass
    match = _UNIX.fullmatch(text)
    if match:
        fraction = (match[2] or "").ljust(9, "0")
        return int(match[1]) * SECOND + int(fraction)
    return _parse_date(text)


def _parse_date(text: str) -> int:
    """Down to an hour, a minute, a second or a fraction of one; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text.replace("z", "Z"))
    except ValueError as error:
        if "-" not in text:
            raise InvalidParameter(
                f'failed to parse value as time or duration: "{text}"'
            ) from error
        raise InvalidParameter(
            f'parsing time "{text}" as "2006-01-02": cannot parse "{text}" as "2006"'
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elapsed = moment - _EPOCH
    return (elapsed.days * 86400 + elapsed.seconds) * SECOND + elapsed.microseconds * 1000
