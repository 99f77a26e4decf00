"""Times as Go's time.Time goes over the wire."""

import re
from datetime import UTC, datetime, timedelta

ZERO_TIME = "0001-01-01T00:00:00Z"
"""Go's zero time: `never`, in Docker's answers."""

SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.IGNORECASE
)


def go_time(nanoseconds: int | None) -> str:
    """RFC3339Nano: trailing zeros of the fraction trimmed; None is Go's zero time."""
    if nanoseconds is None:
        return ZERO_TIME
    seconds, fraction = divmod(nanoseconds, SECOND)
    text = go_time_seconds(seconds)[:-1]
    return f"{text}.{fraction:09d}".rstrip("0").rstrip(".") + "Z" if fraction else text + "Z"


def go_time_seconds(seconds: int) -> str:
    """RFC3339 without a fraction, from seconds since the epoch."""
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def go_time_padded(nanoseconds: int) -> str:
    """RFC3339NanoFixed: always nine digits, as the logs print it."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    return f"{go_time_seconds(seconds)[:-1]}.{fraction:09d}Z"


def parse_go_time(text: str) -> int:
    """Nanoseconds since the epoch of an RFC3339 text; raises ValueError."""
    match = _RFC3339.fullmatch(text)
    if not match:
        raise ValueError(f"not a time: {text!r}")
    head, fraction, zone = match.groups()
    moment = datetime.fromisoformat(head + zone.upper().replace("Z", "+00:00"))
    seconds = int((moment - _EPOCH).total_seconds())
    return seconds * SECOND + int((fraction or "0")[:9].ljust(9, "0"))
