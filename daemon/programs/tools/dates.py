"""Dates: strftime in the C locale with nanoseconds, and the forms that people give to `date -d`, `touch -d`, `find -newermt`.

Containers without TZ run in UTC; TZ may name an offset (`CET-1`) or UTC.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

NS = 1_000_000_000
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_UNITS = {
    "sec": 1,
    "second": 1,
    "min": 60,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
    "fortnight": 1209600,
}


def zone_of(tz: str | None) -> tzinfo:
    """The zone that a TZ variable asks for; UTC if it asks for none that is known here."""
    found = re.fullmatch(r"<?([A-Za-z+\-0-9]{3,}?)>?([+-]?\d{1,2})(?::(\d\d))?.*", tz or "")
    if not found:
        return UTC
    hours = int(found[2])
    minutes = int(found[3] or 0)
    offset = timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes)
    return timezone(-offset, found[1])


def from_ns(ns: int, zone: tzinfo = UTC) -> datetime:
    """Whole seconds; the nanoseconds go to `strftime` beside it."""
    return datetime.fromtimestamp(ns // NS, zone)


def _offset(when: datetime, colon: str = "") -> str:
    seconds = int((when.utcoffset() or timedelta()).total_seconds())
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{abs(seconds) // 3600:02d}{colon}{abs(seconds) % 3600 // 60:02d}"


def _iso_week(when: datetime) -> tuple[int, int]:
    year, week, _ = when.isocalendar()
    return year, week


def _week(when: datetime, first_day: int) -> int:
    """The week of the year, beginning on Sunday (6) or Monday (0)."""
    day = when.timetuple().tm_yday
    weekday = (when.weekday() - first_day) % 7
    return (day + 6 - weekday) // 7


_FIELDS: dict[str, Callable[[datetime, int], str]] = {
    "Y": lambda t, ns: f"{t.year}",
    "C": lambda t, ns: f"{t.year // 100:02d}",
    "y": lambda t, ns: f"{t.year % 100:02d}",
    "m": lambda t, ns: f"{t.month:02d}",
    "d": lambda t, ns: f"{t.day:02d}",
    "e": lambda t, ns: f"{t.day:2d}",
    "H": lambda t, ns: f"{t.hour:02d}",
    "k": lambda t, ns: f"{t.hour:2d}",
    "I": lambda t, ns: f"{(t.hour - 1) % 12 + 1:02d}",
    "l": lambda t, ns: f"{(t.hour - 1) % 12 + 1:2d}",
    "M": lambda t, ns: f"{t.minute:02d}",
    "S": lambda t, ns: f"{t.second:02d}",
    "N": lambda t, ns: f"{ns:09d}",
    "s": lambda t, ns: f"{int(t.timestamp())}",
    "p": lambda t, ns: "AM" if t.hour < 12 else "PM",
    "P": lambda t, ns: "am" if t.hour < 12 else "pm",
    "a": lambda t, ns: DAYS[t.weekday()][:3],
    "A": lambda t, ns: DAYS[t.weekday()],
    "b": lambda t, ns: MONTHS[t.month - 1][:3],
    "h": lambda t, ns: MONTHS[t.month - 1][:3],
    "B": lambda t, ns: MONTHS[t.month - 1],
    "j": lambda t, ns: f"{t.timetuple().tm_yday:03d}",
    "u": lambda t, ns: f"{t.isoweekday()}",
    "w": lambda t, ns: f"{t.isoweekday() % 7}",
    "U": lambda t, ns: f"{_week(t, 6):02d}",
    "W": lambda t, ns: f"{_week(t, 0):02d}",
    "V": lambda t, ns: f"{_iso_week(t)[1]:02d}",
    "G": lambda t, ns: f"{_iso_week(t)[0]}",
    "g": lambda t, ns: f"{_iso_week(t)[0] % 100:02d}",
    "q": lambda t, ns: f"{(t.month - 1) // 3 + 1}",
    "Z": lambda t, ns: t.tzname() or "UTC",
    "z": lambda t, ns: _offset(t),
    ":z": lambda t, ns: _offset(t, ":"),
    "::z": lambda t, ns: _offset(t, ":") + ":00",
    "n": lambda t, ns: "\n",
    "t": lambda t, ns: "\t",
    "%": lambda t, ns: "%",
}
_COMPOSED = {
    "F": "%Y-%m-%d",
    "D": "%m/%d/%y",
    "T": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
    "x": "%m/%d/%y",
    "X": "%H:%M:%S",
}
_LOWERED = ("p", "Z")
"""What the flag # makes small; everything else it makes large."""
_GNU_ONLY = ("N", "q", ":z", "::z")
_DIRECTIVE = re.compile(r"%([-_0^#]*)(\d*)[EO]?(:{0,2}[A-Za-z%])")


def strftime(form: str, when: datetime, ns: int = 0, *, gnu: bool = True) -> str:
    """The directives of libc with the flags - _ 0 ^ # and widths, and GNU date's own; an unknown one stands as it is."""

    def directive(found: re.Match[str]) -> str:
        flags, width, letter = found.groups()
        if letter in _COMPOSED:
            text = strftime(_COMPOSED[letter], when, ns)
        elif letter in _FIELDS and (gnu or letter not in _GNU_ONLY):
            text = _FIELDS[letter](when, ns)
        else:
            return found[0]
        return _flagged(text, flags, "" if gnu and "-" in flags else width, letter)

    return _DIRECTIVE.sub(directive, form)


def _flagged(text: str, flags: str, width: str, letter: str) -> str:
    if letter == "N":
        return text[: int(width)] if width else text
    number = text.strip().isdigit()
    if number and "-" in flags:
        text = text.lstrip("0 ") or "0"
    elif number and "_" in flags:
        text = (text.lstrip("0") or "0").rjust(len(text))
    elif number and "0" in flags:
        text = text.replace(" ", "0")
    if "^" in flags or ("#" in flags and letter not in _LOWERED):
        text = text.upper()
    elif "#" in flags:
        text = text.lower()
    zeros = "0" in flags or (number and not {"-", "_"} & set(flags))
    return text.rjust(int(width or 0), "0" if zeros else " ")


_ABSOLUTE = (
    r"(?P<Y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)",
    r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<Y>\d{4})",
    r"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)",
    r"(?P<d>\d\d?) (?P<b>[A-Za-z]{3})[a-z]* (?P<Y>\d{4})",
    r"(?P<b>[A-Za-z]{3})[a-z]* (?P<d>\d\d?),? (?P<Y>\d{4})",
)
_SHORT_MONTHS = [month[:3].lower() for month in MONTHS]
_TIME = re.compile(r"\b(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?:\s*(am|pm))?", re.I)
_ZONE = re.compile(r"\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)$")
_RELATIVE = re.compile(r"([+-]?\s*\d+|next|last|an?|)\s*([a-z]+?)s?(\s+ago)?(?=\s|$)", re.I)
# `05:06 + 1 day` is an hour east of Greenwich and then a day, to everybody's surprise.
_ZONE_AFTER_TIME = re.compile(r"\s*([+-])\s*(\d{1,2})(?::?(\d\d))?(?!\d)")


def parse_date(text: str, now_ns: int, zone: tzinfo = UTC) -> int | None:
    """Nanoseconds since the epoch for a date in one of the usual forms; None if it is not understood."""
    text = text.strip()
    if epoch := re.fullmatch(r"@(-?\d+)(?:\.(\d+))?", text):
        return int(epoch[1]) * NS + int((epoch[2] or "").ljust(9, "0")[:9])
    if busybox := re.fullmatch(r"(\d{4})?(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d\d))?", text):
        return _stamp(busybox, now_ns, zone)
    text = re.sub(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", "", text, flags=re.I)
    text = re.sub(r"(\d)T(\d)", r"\1 \2", text)
    base = from_ns(now_ns, zone)
    if swapped := re.fullmatch(
        r"([A-Z][a-z]{2}) +(\d+) (\d+:\d+:\d+) (?:([A-Z]{3}) )?(\d{4})", text
    ):
        text = f"{swapped[2]} {swapped[1]} {swapped[5]} {swapped[3]} {swapped[4] or ''}".strip()
    text, date_given, base = _take_date(text, base)
    text, base = _take_zone(text, base, date_given)
    text, base, fraction = _take_time(text, base, date_given)
    return _relative(text, base, fraction if fraction is not None else now_ns % NS)


def _stamp(found: re.Match[str], now_ns: int, zone: tzinfo) -> int | None:
    year = int(found[1]) if found[1] else from_ns(now_ns, zone).year
    month, day, hour, minute = (int(found[i]) for i in range(2, 6))
    try:
        when = datetime(year, month, day, hour, minute, int(found[6] or 0), tzinfo=zone)
    except ValueError:
        return None
    return int(when.timestamp()) * NS


def _take_date(text: str, base: datetime) -> tuple[str, bool, datetime]:
    for pattern in _ABSOLUTE:
        found = re.match(pattern + r"(?=\s|$)", text)
        if not found:
            continue
        parts = found.groupdict()
        try:
            month = int(parts.get("m") or 1 + _SHORT_MONTHS.index(parts["b"].lower()))
            base = base.replace(year=int(parts["Y"]), month=month, day=int(parts["d"]))
        except ValueError:
            return "invalid", True, base
        return text[found.end() :].strip(), True, base
    return text, False, base


def _take_zone(text: str, base: datetime, date_given: bool) -> tuple[str, datetime]:
    found = _ZONE.search(text) if date_given or ":" in text else None
    if not found:
        return text, base
    mark = found[1].replace(":", "")
    if mark[0] in "+-":
        minutes = int(mark[1:3]) * 60 + int(mark[3:5])
        base = base.replace(
            tzinfo=timezone(timedelta(minutes=minutes if mark[0] == "+" else -minutes))
        )
    else:
        base = base.replace(tzinfo=UTC)
    return text[: found.start()], base


def _take_time(text: str, base: datetime, date_given: bool) -> tuple[str, datetime, int | None]:
    found = _TIME.search(text)
    if not found:
        return (
            (text, base.replace(hour=0, minute=0, second=0), 0)
            if date_given
            else (text, base, None)
        )
    hour = int(found[1])
    if found[5]:
        hour = hour % 12 + (12 if found[5].lower() == "pm" else 0)
    try:
        base = base.replace(hour=hour, minute=int(found[2]), second=int(found[3] or 0))
    except ValueError:
        return "invalid", base, 0
    fraction = int((found[4] or "").ljust(9, "0")[:9])
    rest = text[found.end() :]
    if zone := _ZONE_AFTER_TIME.match(rest):
        minutes = int(zone[2]) * 60 + int(zone[3] or 0)
        east = timedelta(minutes=minutes if zone[1] == "+" else -minutes)
        base = base.replace(tzinfo=timezone(east))
        rest = rest[zone.end() :]
    return (text[: found.start()] + rest).strip(), base, fraction


_WORDS = {"now": 0, "today": 0, "yesterday": -86400, "tomorrow": 86400}


def _relative(text: str, base: datetime, fraction: int) -> int | None:
    text = text.strip().lower()
    shift = 0
    for word, seconds in _WORDS.items():
        text, count = re.subn(rf"\b{word}\b", "", text)
        shift += seconds * count
    months = 0
    for found in _RELATIVE.finditer(text):
        amount = _amount(found[1]) * (-1 if found[3] else 1)
        unit = found[2]
        if unit in ("month", "year"):
            months += amount * (12 if unit == "year" else 1)
        elif unit in _UNITS:
            shift += amount * _UNITS[unit]
        else:
            return None
    if _RELATIVE.sub("", text).strip():
        return None
    return int(_add_months(base, months).timestamp() + shift) * NS + fraction


def _amount(text: str) -> int:
    named = {"next": 1, "last": -1, "a": 1, "an": 1, "": 1}
    return named[text] if text in named else int(text.replace(" ", ""))


def _add_months(when: datetime, months: int) -> datetime:
    if not months:
        return when
    index = when.year * 12 + when.month - 1 + months
    first = when.replace(year=index // 12, month=index % 12 + 1, day=1)
    return first + timedelta(days=when.day - 1)
