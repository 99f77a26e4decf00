"""awk's own functions."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from daemon.programs.tools import dates
from daemon.programs.tools.awk.runtime import Runtime, split, split_by
from daemon.programs.tools.awk.values import (
    UNSET,
    Array,
    Input,
    Value,
    number,
    regex,
    sprintf,
    text,
)
from daemon.programs.tools.kit import is_gnu

_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _substr(m: Runtime, value: Value, start: Value, length: Value | None = None) -> Value:
    source = text(value, m.text_of("CONVFMT"))
    first = max(0, _rounded(number(start)) - 1)
    if length is None:
        return source[first:]
    return source[first : first + max(0, _rounded(number(length)))]


def _rounded(value: float) -> int:
    if value != value or abs(value) == math.inf:
        return 0 if value != value or value < 0 else 1 << 40
    return math.floor(value + 0.5)


def _index(m: Runtime, value: Value, wanted: Value) -> Value:
    form = m.text_of("CONVFMT")
    part = text(wanted, form)
    if not part and not is_gnu(m.proc):
        return 0.0
    return float(text(value, form).find(part) + 1)


def _match(m: Runtime, value: Value, pattern: Value) -> Value:
    found = regex(text(pattern)).search(text(value, m.text_of("CONVFMT")))
    start = float(found.start() + 1) if found else 0.0
    m.set("RSTART", start)
    m.set("RLENGTH", float(len(found[0])) if found else -1.0)
    return start


def _sprintf(m: Runtime, form: Value = "", *values: Value) -> Value:
    return sprintf(text(form), list(values))


def _math(function: Callable[[float], float]) -> Callable[..., Value]:
    def run(m: Runtime, value: Value = 0.0) -> Value:
        try:
            return function(number(value))
        except (ValueError, OverflowError):
            return math.inf if function is math.exp else math.nan

    return run


def _log(value: float) -> float:
    return -math.inf if value == 0 else math.log(value)


def _atan2(m: Runtime, y: Value, x: Value) -> Value:
    return math.atan2(number(y), number(x))


def _int(value: float) -> float:
    return float(math.trunc(value)) if abs(value) < math.inf else value


def _rand(m: Runtime) -> Value:
    """A small linear congruential generator: the same seed gives the same numbers."""
    m.state = (m.state * 6364136223846793005 + 1442695040888963407) & (1 << 64) - 1
    return (m.state >> 11) / float(1 << 53)


def _srand(m: Runtime, seed: Value | None = None) -> Value:
    before = m.seed
    m.seed = number(seed) if seed is not None else float(m.proc.machine.clock.now() // dates.NS)
    m.state = int(m.seed) * 2 + 1
    _rand(m)
    return before


def _lower(m: Runtime, value: Value) -> Value:
    return text(value, m.text_of("CONVFMT")).translate(_LOWER)


def _upper(m: Runtime, value: Value) -> Value:
    return text(value, m.text_of("CONVFMT")).translate(_UPPER)


def _systime(m: Runtime) -> Value:
    return float(m.proc.machine.clock.now() // dates.NS)


def _strftime(
    m: Runtime, form: Value = "%a %b %e %H:%M:%S %Z %Y", when: Value | None = None, *_: Value
) -> Value:
    seconds = _systime(m) if when is None else number(when)
    zone = dates.zone_of(m.proc.env.get("TZ"))
    moment = dates.from_ns(int(number(seconds)) * dates.NS, zone)
    return dates.strftime(text(form), moment, gnu=False)


def _mktime(m: Runtime, value: Value) -> Value:
    words = text(value).split()
    if len(words) < 6:
        return -1.0
    stamp = "{}-{}-{} {}:{}:{}".format(*words[:6])
    ns = dates.parse_date(stamp, 0, dates.zone_of(m.proc.env.get("TZ")))
    return -1.0 if ns is None else float(ns // dates.NS)


def _bits(function: Callable[[int, int], int]) -> Callable[..., Value]:
    def run(m: Runtime, *values: Value) -> Value:
        result = int(number(values[0]))
        for value in values[1:]:
            result = function(result, int(number(value)))
        return float(result & (1 << 53) - 1)

    return run


PLAIN: dict[str, Callable[..., Any]] = {
    "substr": _substr,
    "index": _index,
    "match": _match,
    "sprintf": _sprintf,
    "sin": _math(math.sin),
    "cos": _math(math.cos),
    "atan2": _atan2,
    "exp": _math(math.exp),
    "log": _math(_log),
    "sqrt": _math(math.sqrt),
    "int": _math(_int),
    "rand": _rand,
    "srand": _srand,
    "tolower": _lower,
    "toupper": _upper,
    "systime": _systime,
    "strftime": _strftime,
    "mktime": _mktime,
    "and": _bits(lambda a, b: a & b),
    "or": _bits(lambda a, b: a | b),
    "xor": _bits(lambda a, b: a ^ b),
    "lshift": _bits(lambda a, b: a << b),
    "rshift": _bits(lambda a, b: a >> b),
    "compl": _bits(lambda a, b: a),
}
"""Functions of values that need no waiting and change nothing but match's two variables."""


def split_into(
    m: Runtime, array: Array, value: Value, separator: Value | None, is_regex: bool
) -> float:
    """split(): the pieces under "1", "2", ...; returns how many."""
    source = text(value, m.text_of("CONVFMT"))
    if separator is None:
        pieces = split(source, m.text_of("FS"))
    elif is_regex:
        pieces = split_by(source, regex(text(separator))) if source else []
    else:
        pieces = split(source, text(separator))
    array.clear()
    for index, piece in enumerate(pieces, start=1):
        array[str(index)] = Input(piece)
    return float(len(pieces))


def substituted(pattern: str, replacement: str, source: str, every: bool) -> tuple[str, int]:
    """sub and gsub: the new text and how many replacements; & is the match, \\& an ampersand."""
    parts = _replacement_parts(replacement)
    out: list[str] = []
    at = count = 0
    last_end = -1
    for found in regex(pattern).finditer(source):
        if not found[0] and found.start() == last_end:
            continue
        out.append(source[at : found.start()])
        out.extend(found[0] if part is None else part for part in parts)
        at = last_end = found.end()
        count += 1
        if not every:
            break
    out.append(source[at:])
    return "".join(out), count


def _replacement_parts(replacement: str) -> Sequence[str | None]:
    parts: list[str | None] = []
    at = 0
    while at < len(replacement):
        two = replacement[at : at + 2]
        if two in ("\\&", "\\\\"):
            parts.append(two[1])
            at += 2
        else:
            parts.append(None if two[0] == "&" else two[0])
            at += 1
    return parts


def gensub(
    m: Runtime, pattern: Value, replacement: Value, how: Value, target: Value = UNSET
) -> Value:
    """gawk's: `how` is "g" or a number; \\1 ... are groups."""
    source = text(target)
    wanted = 0 if text(how)[:1] in ("g", "G") else max(1, int(number(how)))
    form = text(replacement)
    count = 0

    def replaced(found: Any) -> str:  # noqa: ANN401
        nonlocal count
        count += 1
        if wanted and count != wanted:
            return str(found[0])
        made = regex(r"\\[0-9&\\]|&").sub(lambda mark: _gensub_part(mark[0], found), form)
        return str(made)

    return regex(text(pattern)).sub(replaced, source)


def _gensub_part(mark: str, found: Any) -> str:  # noqa: ANN401
    if mark == "&":
        return str(found[0])
    if mark[1].isdigit():
        index = int(mark[1])
        return (found[index] or "") if index <= found.re.groups else ""
    return mark[1]
