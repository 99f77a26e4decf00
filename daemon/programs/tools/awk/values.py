"""awk's values: numbers, strings, and text from the input that may be either.

Strings hold one byte per character (latin-1), as awk in the C locale sees them.
"""

import re
from functools import lru_cache

from daemon.programs.common.regex import RegexError, translate
from daemon.programs.tools.awk.lexer import AwkError

Value = float | str
Array = dict[str, Value]


class Input(str):
    """Text from outside (fields, getline, ARGV, -v): compared as a number if it looks like one."""

    __slots__ = ()


class _Unset(Input):
    """A variable that was never assigned: "" and 0 at once."""

    __slots__ = ()


UNSET = _Unset("")
_LEADING = re.compile(r"\s*[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)", re.ASCII)
_WHOLE = re.compile(r"\s*[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)\s*", re.ASCII)
_HEXADECIMAL = re.compile(r"\s*[-+]?0[xX][0-9a-fA-F]+", re.ASCII)
_EXACT = 1e16


def number(value: Value) -> float:
    """As strtod reads it: what does not look like a number is 0."""
    if not isinstance(value, str):
        return value
    found = _LEADING.match(value)
    if not found:
        return 0.0
    if found[0].strip() in ("0", "-0", "+0") and (digits := _HEXADECIMAL.match(value)):
        return float(int(digits[0], 16))
    return float(found[0])


def text(value: Value, form: str = "%.6g") -> str:
    """A number as an integer if it is one, else by CONVFMT (or OFMT)."""
    if isinstance(value, str):
        return value
    if value != value or value in (float("inf"), float("-inf")):
        return "nan" if value != value else "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < _EXACT:
        return str(int(value))
    return sprintf(form, [value])


def truth(value: Value) -> bool:
    """Non-zero, or a non-empty string; input that looks like a number counts as one."""
    if isinstance(value, Input):
        return number(value) != 0 if looks_numeric(value) else value != ""
    return bool(value)


def looks_numeric(value: Value) -> bool:
    if not isinstance(value, str):
        return True
    if isinstance(value, _Unset):
        return True
    return isinstance(value, Input) and _WHOLE.fullmatch(value) is not None


def compare(left: Value, right: Value, form: str) -> int:
    """-1, 0 or 1: as numbers if both look like numbers, else as strings."""
    if looks_numeric(left) and looks_numeric(right):
        a, b = number(left), number(right)
        return (a > b) - (a < b)
    s, t = text(left, form), text(right, form)
    return (s > t) - (s < t)


@lru_cache(maxsize=500)
def regex(pattern: str) -> re.Pattern[str]:
    """An extended regular expression over latin-1 text."""
    try:
        made = translate(pattern.encode("latin-1"), awk=True).decode("latin-1")
        return re.compile(made, re.ASCII)
    except (RegexError, re.error, UnicodeEncodeError) as error:
        raise AwkError(f"bad regex '{pattern}': {error}") from error


_DIRECTIVE = re.compile(r"%(?:(%)|([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlLqjzt]*([a-zA-Z]))|(%)")
_HAS_POINT = re.compile(r"%[-+ #0]*(?:\*|\d+)?\.")


def sprintf(form: str, values: list[Value]) -> str:
    """C's formats; a missing value is empty, an unknown conversion stands as it is."""
    rest = iter(values)

    def star(given: str | None) -> str:
        return str(int(number(next(rest, 0.0)))) if given == "*" else given or ""

    def directive(found: re.Match[str]) -> str:
        percent, flags, width, precision, kind, lone = found.groups()
        if percent or lone:
            return "%"
        width = star(width)
        if width.startswith("-"):
            flags, width = flags + "-", width[1:]
        point = _HAS_POINT.match(found[0]) is not None
        precision = star(precision)
        spec = f"%{flags}{width}{'.' + (precision or '0') if point else ''}"
        return _converted(spec, kind, next(rest, UNSET), found[0])

    return _DIRECTIVE.sub(directive, form)


def _converted(spec: str, kind: str, value: Value, whole: str) -> str:
    if kind == "c":
        if isinstance(value, str) and not (isinstance(value, Input) and looks_numeric(value)):
            return f"{spec}s" % value[:1]
        return f"{spec.partition('.')[0]}s" % chr(int(number(value)) & 0xFF)
    if kind == "s":
        return f"{spec}s" % text(value)
    amount = number(value)
    if kind in "di":
        return f"{spec}d" % int(amount) if abs(amount) < float("inf") else str(amount)
    if kind in "ouxX":
        whole_number = int(amount)
        if whole_number < 0:
            whole_number &= (1 << 64) - 1
        return f"{spec}{'d' if kind == 'u' else kind}" % whole_number
    if kind in "eEfFgG":
        return f"{spec}{kind}" % amount
    return whole
