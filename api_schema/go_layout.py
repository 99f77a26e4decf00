"""Go's time.Parse, for layouts of date, time and zone: what it reads, and how it refuses."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass

from api_schema.go_time import SECOND

RFC3339 = "2006-01-02T15:04:05Z07:00"
_ELEMENT = re.compile(r"2006|01|02|15|04|05|\.999999999|Z07:00")
_FRACTION = re.compile(r"[.,]([0-9]+)")


class GoTimeError(ValueError):
    """The text is Go's."""


class _Bad(Exception):
    """This element cannot be read here."""


class _OutOfRange(Exception):
    """Read, but too large or too small; the text says which element, the rest is what is left to read."""


@dataclass(slots=True)
class _Time:
    year: int = 0
    month: int = 1
    day: int = 1
    seconds: int = 0
    nanoseconds: int = 0


def parse_layout(layout: str, text: str) -> int:
    """Nanoseconds since the epoch; without a zone it is UTC. Raises GoTimeError."""
    time, left, at = _Time(), text, 0
    for match in [*_ELEMENT.finditer(layout), None]:
        literal = layout[at : match.start()] if match else layout[at:]
        for char in literal:
            if left[:1] != char:
                raise _refusal(layout, text, left, literal)
            left = left[1:]
        if match is None:
            break
        try:
            rest = _READERS[match[0]](time, left)
        except _Bad:
            raise _refusal(layout, text, left, match[0]) from None
        except _OutOfRange as error:
            raise GoTimeError(f"parsing time {_quoted(text)}: {error} out of range") from None
        left, at = rest, match.end()
        if match[0] == "05" and ".999" not in layout:
            left = _fraction(time, left)
    if left:
        raise GoTimeError(f"parsing time {_quoted(text)}: extra text: {_quoted(left)}")
    if not 1 <= time.day <= _days_in(time.year, time.month):
        raise GoTimeError(f"parsing time {_quoted(text)}: day out of range")
    return (_days(time) * 86400 + time.seconds) * SECOND + time.nanoseconds


def _refusal(layout: str, text: str, value: str, element: str) -> GoTimeError:
    return GoTimeError(
        f"parsing time {_quoted(text)} as {_quoted(layout)}: "
        f"cannot parse {_quoted(value)} as {_quoted(element)}"
    )


def _quoted(text: str) -> str:
    """As the time package quotes: byte by byte."""
    inside = "".join(
        chr(byte) if 0x20 <= byte < 0x80 else f"\\x{byte:02x}"
        for byte in text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .encode("utf-8", "surrogateescape")
    )
    return f'"{inside}"'


def _year(time: _Time, text: str) -> str:
    if not re.match("[0-9]{4}", text):
        raise _Bad
    time.year = int(text[:4])
    return text[4:]


def _number(text: str, *, one_digit: bool = False) -> tuple[int, str]:
    if re.match("[0-9]{2}", text):
        return int(text[:2]), text[2:]
    if one_digit and re.match("[0-9]", text):
        return int(text[0]), text[1:]
    raise _Bad


def _month(time: _Time, text: str) -> str:
    time.month, left = _number(text)
    if not 1 <= time.month <= 12:
        raise _OutOfRange("month")
    return left


def _day(time: _Time, text: str) -> str:
    time.day, left = _number(text)
    return left


def _of_clock(name: str, limit: int, seconds: int) -> Callable[[_Time, str], str]:
    def read(time: _Time, text: str) -> str:
        number, left = _number(text, one_digit=name == "hour")
        if number >= limit:
            raise _OutOfRange(name)
        time.seconds += number * seconds
        return left

    return read


def _fraction(time: _Time, text: str) -> str:
    """Left out as one likes; more than nine digits are cut."""
    match = _FRACTION.match(text)
    if match is None:
        return text
    time.nanoseconds = int(match[1][:9].ljust(9, "0"))
    return text[match.end() :]


def _zone(time: _Time, text: str) -> str:
    if text.startswith("Z"):
        return text[1:]
    match = re.match("([+-])([0-9]{2}):([0-9]{2})", text)
    if match is None:
        raise _Bad
    hours, minutes = int(match[2]), int(match[3])
    if hours > 24:
        raise _OutOfRange("time zone offset hour")
    if minutes > 60:
        raise _OutOfRange("time zone offset minute")
    offset = hours * 3600 + minutes * 60
    time.seconds += offset if match[1] == "-" else -offset
    return text[match.end() :]


_READERS: dict[str, Callable[[_Time, str], str]] = {
    "2006": _year,
    "01": _month,
    "02": _day,
    "15": _of_clock("hour", 24, 3600),
    "04": _of_clock("minute", 60, 60),
    "05": _of_clock("second", 60, 1),
    ".999999999": _fraction,
    "Z07:00": _zone,
}


def _days_in(year: int, month: int) -> int:
    return (
        29
        if month == 2 and calendar.isleap(year)
        else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    )


def _days(time: _Time) -> int:
    """Since 1970, in the proleptic calendar, which has a year 0."""
    year = time.year - 1
    before = year * 365 + year // 4 - year // 100 + year // 400
    of_year = sum(_days_in(time.year, month) for month in range(1, time.month))
    return before + of_year + time.day - 719_163
