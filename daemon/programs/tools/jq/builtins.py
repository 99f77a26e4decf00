"""jq's functions: those of plain values in Python, the rest in jq itself."""

import base64
import html
import json
import math
import re
from collections.abc import Callable
from urllib.parse import quote

from daemon.programs.tools import dates
from daemon.programs.tools.jq.values import (
    JqError,
    Json,
    compare,
    dump,
    named,
    plain,
    sort_key,
    type_of,
)

PRELUDE = """
def map(f): [.[] | f]; def select(f): if f then . else empty end; def values: select(. != null);
def nulls: select(. == null); def strings: select(type == "string"); def numbers: select(type == "number");
def arrays: select(type == "array"); def objects: select(type == "object"); def booleans: select(type == "boolean");
def iterables: select(type == "array" or type == "object"); def scalars: select(type != "array" and type != "object");
def recurse(f): def r: ., (f | r); r; def recurse: recurse(.[]?); def recurse(f; c): def r: ., (f | select(c) | r); r;
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def from_entries: reduce .[] as $x ({}; . + {($x | if type == "object" then (if has("key") then .key elif has("k") then .k elif has("name") then .name elif has("Name") then .Name elif has("Key") then .Key else .K end) else . end | if type == "string" then . else tojson end): ($x | if has("value") then .value elif has("v") then .v elif has("Value") then .Value else .V end)});
def with_entries(f): to_entries | map(f) | from_entries; def map_values(f): .[] |= f;
def del(f): delpaths([path(f)]); def paths: path(..) | select(length > 0);
def paths(f): path(.. | select(f)) | select(length > 0); def leaf_paths: paths(scalars);
def add: reduce .[] as $x (null; . + $x); def add(f): reduce f as $x (null; . + $x);
def any: reduce .[] as $x (false; . or $x); def all: reduce .[] as $x (true; . and $x);
def any(f): reduce (.[] | f) as $x (false; . or $x); def all(f): reduce (.[] | f) as $x (true; . and $x);
def any(g; f): reduce (g | f) as $x (false; . or $x); def all(g; f): reduce (g | f) as $x (true; . and $x);
def in(x): . as $k | x | has($k); def inside(x): . as $v | x | contains($v);
def sort_by(f): _by("sort"; map([f])); def group_by(f): _by("group"; map([f])); def unique_by(f): _by("unique"; map([f]));
def min_by(f): _by("min"; map([f])); def max_by(f): _by("max"; map([f]));
def range($n): range(0; $n); def range($a; $b): range($a; $b; 1);
def while(c; u): def w: if c then ., (u | w) else empty end; w; def until(c; u): def w: if c then . else (u | w) end; w;
def repeat(f): def r: ., (f | r); r; def isempty(g): first((g | false), true);
def last(f): reduce f as $x (null; $x); def nth($n; f): last(limit($n + 1; f)); def first: .[0]; def last: .[-1]; def nth($n): .[$n];
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def env: $ENV; def not: if . then false else true end; def finites: select(isinfinite or isnan | not);
def match(re): match(re; null); def test(re): test(re; null); def capture(re): capture(re; null); def capture(re; f): match(re; f) | [.captures[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def scan(re): match(re; "g") | if (.captures | length) > 0 then [.captures[].string] else .string end;
def splits(re): splits(re; null); def splits(re; f): split(re; f) | .[];
def ascii: [.] | implode; def todate: strftime("%Y-%m-%dT%H:%M:%SZ"); def fromdateiso8601: fromdate; def todateiso8601: todate; def dateadd(u; n): . + n;
def sub(re; s): _sub(re; s; ""); def sub(re; s; f): _sub(re; s; f); def gsub(re; s): _sub(re; s; "g"); def gsub(re; s; f): _sub(re; s; f + "g");
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def halt_error: halt_error(5); def todate(f): strftime(f);
def pick(f): . as $top | reduce path(f) as $p (null; setpath($p; $top | getpath($p))); def debug(m): .; def abs: if . < 0 then -. else . end;
def error: error(.); def tostream: path(def r: (.[]? | r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
"""


def _length(value: Json) -> Json:
    if value is None:
        return 0
    if isinstance(value, bool):
        raise JqError(f"{named(value)} has no length")
    return abs(value) if isinstance(value, int | float) else len(value)


def _keys(value: Json) -> Json:
    if isinstance(value, dict):
        return sorted(value)
    if isinstance(value, list):
        return list(range(len(value)))
    raise JqError(f"{named(value)} has no keys")


def _keys_unsorted(value: Json) -> Json:
    return list(value) if isinstance(value, dict) else _keys(value)


def _has(value: Json, key: Json) -> bool:
    if isinstance(value, dict) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and isinstance(key, int | float):
        return 0 <= key < len(value)
    raise JqError(f"Cannot check whether {type_of(value)} has a {type_of(key)} key")


def _contains(value: Json, other: Json) -> bool:
    if isinstance(value, dict) and isinstance(other, dict):
        return all(key in value and _contains(value[key], item) for key, item in other.items())
    if isinstance(value, list) and isinstance(other, list):
        return all(any(_contains(mine, item) for mine in value) for item in other)
    if isinstance(value, str) and isinstance(other, str):
        return other in value
    if type_of(value) != type_of(other):
        raise JqError(f"{named(value)} and {named(other)} cannot have their containment checked")
    return compare(value, other) == 0


def _flatten(value: Json, depth: Json = 1 << 30) -> Json:
    out: list[Json] = []
    for item in value:
        out.extend(_flatten(item, depth - 1) if isinstance(item, list) and depth > 0 else [item])
    return out


def _tonumber(value: Json) -> Json:
    if isinstance(value, str):
        try:
            return json.loads(value.strip())
        except ValueError:
            raise JqError(f"Cannot parse '{value}' as JSON") from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise JqError(f"{named(value)} cannot be parsed as a number")


def _tostring(value: Json) -> str:
    return value if isinstance(value, str) else dump(value)


def _fromjson(value: Json) -> Json:
    try:
        return json.loads(value)
    except ValueError as error:
        raise JqError(f"{error} (while parsing '{value}')") from None


def _sort(value: Json) -> Json:
    if not isinstance(value, list):
        raise JqError(f"{named(value)} cannot be sorted, as it is not an array")
    return sorted(value, key=sort_key)


def _unique(value: Json) -> Json:
    out: list[Json] = []
    for item in _sort(value):
        if not out or compare(out[-1], item):
            out.append(item)
    return out


def _join(value: Json, glue: Json) -> Json:
    return glue.join("" if item is None else _tostring(item) for item in value)


def _indices(value: Json, wanted: Json) -> Json:
    if value is None:
        return None
    if isinstance(value, str):
        return [found.start() for found in re.finditer(f"(?={re.escape(wanted)})", value)]
    if isinstance(wanted, list):
        size = len(wanted)
        return [i for i in range(len(value)) if size and value[i : i + size] == wanted]
    return [i for i, item in enumerate(value) if compare(item, wanted) == 0]


def _split(value: Json, separator: Json) -> Json:
    if not isinstance(value, str) or not isinstance(separator, str):
        raise JqError("split input and separator must be strings")
    if not value:
        return []
    return value.split(separator) if separator else list(value)


def _regex(pattern: Json, flags: Json) -> re.Pattern[str]:
    options = 0
    for flag, value in (("i", re.I), ("x", re.X), ("s", re.S)):
        if flag in (flags or ""):
            options |= value
    try:
        return re.compile(re.sub(r"\(\?<([A-Za-z_])", r"(?P<\1", pattern), options)
    except re.error as error:
        raise JqError(f"{pattern} (at offset 0) is not a valid regex: {error}") from None


def matches(value: Json, pattern: Json, flags: Json) -> list[Json]:
    """match's objects."""
    if isinstance(pattern, list):
        pattern, flags = pattern[0], (pattern[1] if len(pattern) > 1 else flags)
    if not isinstance(value, str):
        raise JqError(f"{named(value)} cannot be matched, as it is not a string")
    made = _regex(pattern, flags)
    names = {index: name for name, index in made.groupindex.items()}
    out = []
    for found in made.finditer(value):
        captures = [
            {
                "offset": found.start(i),
                "length": len(found[i] or ""),
                "string": found[i],
                "name": names.get(i),
            }
            for i in range(1, made.groups + 1)
        ]
        out.append(
            {
                "offset": found.start(),
                "length": len(found[0]),
                "string": found[0],
                "captures": captures,
            }
        )
        if "g" not in (flags or ""):
            break
    return out


def _by(value: Json, kind: Json, keys: Json) -> Json:
    """What sort_by and its kin do with the keys that were computed for each item."""
    rows = sorted(zip(keys, value, strict=True), key=lambda row: sort_key(row[0]))
    if kind == "sort":
        return [item for _, item in rows]
    if kind in ("min", "max"):
        if not rows:
            return None
        best = rows[0][0] if kind == "min" else rows[-1][0]
        equal = [item for key, item in zip(keys, value, strict=True) if compare(key, best) == 0]
        return equal[0] if kind == "min" else equal[-1]
    groups: list[tuple[Json, list[Json]]] = []
    for key, item in rows:
        if groups and compare(groups[-1][0], key) == 0:
            groups[-1][1].append(item)
        else:
            groups.append((key, [item]))
    return [group if kind == "group" else group[0] for _, group in groups]


def _math(function: Callable[[float], float]) -> Callable[[Json], Json]:
    def run(value: Json) -> Json:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise JqError(f"{named(value)} number required")
        try:
            return plain(float(function(value)))
        except (ValueError, OverflowError):
            return None

    return run


def _strftime(value: Json, form: Json) -> Json:
    if isinstance(value, list):
        value = (
            dates.parse_date(
                "{}-{:02d}-{} {}:{}:{}".format(value[0], value[1] + 1, *map(int, value[2:6])), 0
            )
            or 0
        )
        value //= dates.NS
    return dates.strftime(form, dates.from_ns(int(value) * dates.NS))


def _fromdate(value: Json) -> Json:
    ns = dates.parse_date(value, 0) if isinstance(value, str) else None
    if ns is None:
        raise JqError(f'date "{value}" does not match format "%Y-%m-%dT%H:%M:%SZ"')
    return ns // dates.NS


def _trim(value: Json, part: Json, left: bool) -> Json:
    if not isinstance(value, str) or not isinstance(part, str):
        return value
    return value.removeprefix(part) if left else value.removesuffix(part)


FUNCTIONS: dict[tuple[str, int], Callable[..., Json]] = {
    ("length", 0): _length,
    ("utf8bytelength", 0): lambda v: len(v.encode()),
    ("keys", 0): _keys,
    ("keys_unsorted", 0): _keys_unsorted,
    ("has", 1): _has,
    ("contains", 1): _contains,
    ("flatten", 0): _flatten,
    ("flatten", 1): _flatten,
    ("tonumber", 0): _tonumber,
    ("tostring", 0): _tostring,
    ("tojson", 0): dump,
    ("fromjson", 0): _fromjson,
    ("type", 0): type_of,
    ("sort", 0): _sort,
    ("unique", 0): _unique,
    ("reverse", 0): lambda v: v[::-1] if v is not None else [],
    ("min", 0): lambda v: min(v, key=sort_key) if v else None,
    ("max", 0): lambda v: max(v, key=sort_key) if v else None,
    ("join", 1): _join,
    ("split", 1): _split,
    ("split", 2): lambda v, p, f: _regex(p, f).split(v),
    ("indices", 1): _indices,
    ("index", 1): lambda v, w: next(iter(_indices(v, w) or []), None),
    ("rindex", 1): lambda v, w: next(iter(reversed(_indices(v, w) or [])), None),
    ("startswith", 1): lambda v, p: v.startswith(p),
    ("endswith", 1): lambda v, p: v.endswith(p),
    ("ltrimstr", 1): lambda v, p: _trim(v, p, True),
    ("rtrimstr", 1): lambda v, p: _trim(v, p, False),
    ("trim", 0): lambda v: v.strip(),
    ("ltrim", 0): lambda v: v.lstrip(),
    ("rtrim", 0): lambda v: v.rstrip(),
    ("ascii_downcase", 0): lambda v: v.lower(),
    ("ascii_upcase", 0): lambda v: v.upper(),
    ("explode", 0): lambda v: [ord(c) for c in v],
    ("implode", 0): lambda v: "".join(chr(c) for c in v),
    ("test", 2): lambda v, p, f: bool(matches(v, p, f)),
    ("_by", 2): _by,
    ("floor", 0): _math(math.floor),
    ("ceil", 0): _math(math.ceil),
    ("round", 0): _math(lambda v: math.floor(v + 0.5)),
    ("fabs", 0): _math(math.fabs),
    ("sqrt", 0): _math(math.sqrt),
    ("exp", 0): _math(math.exp),
    ("log", 0): _math(math.log),
    ("log10", 0): _math(math.log10),
    ("log2", 0): _math(math.log2),
    ("pow", 2): lambda v, a, b: plain(float(a) ** b),
    ("transpose", 0): lambda v: [
        [row[i] if i < len(row) else None for row in v] for i in range(max(map(len, v), default=0))
    ],
    ("strftime", 1): _strftime,
    ("fromdate", 0): _fromdate,
    ("mktime", 0): lambda v: int(_strftime(v, "%s")),
    ("gmtime", 0): lambda v: [
        int(part) - (i == 1)
        for i, part in enumerate(_strftime(v, "%Y %-m %-d %-H %-M %-S %w %-j").split())
    ],
    ("infinite", 0): lambda v: math.inf,
    ("nan", 0): lambda v: math.nan,
    ("isinfinite", 0): lambda v: isinstance(v, float) and math.isinf(v),
    ("isnan", 0): lambda v: isinstance(v, float) and math.isnan(v),
    ("debug", 0): lambda v: v,
    ("stderr", 0): lambda v: v,
    ("input_line_number", 0): lambda v: 0,
}
"""(name, number of arguments) -> function of the input and the arguments' values."""


def _cell(value: Json, quote_text: Callable[[str], str]) -> str:
    if isinstance(value, list | dict):
        raise JqError(f"{named(value)} is not valid in a csv row")
    if value is None:
        return ""
    return quote_text(value) if isinstance(value, str) else dump(value)


_TSV = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\"})


def _shell(value: Json) -> str:
    if isinstance(value, list):
        return " ".join(_shell(item) for item in value)
    return "'" + value.replace("'", "'\\''") + "'" if isinstance(value, str) else dump(value)


FORMATS: dict[str, Callable[[Json], str]] = {
    "@text": _tostring,
    "@json": dump,
    "@csv": lambda v: ",".join(
        _cell(item, lambda s: '"' + s.replace('"', '""') + '"') for item in v
    ),
    "@tsv": lambda v: "\t".join(_cell(item, lambda s: s.translate(_TSV)) for item in v),
    "@html": lambda v: html.escape(_tostring(v)).replace("&#x27;", "&#39;"),
    "@uri": lambda v: quote(_tostring(v), safe="-_.~"),
    "@sh": _shell,
    "@base64": lambda v: base64.b64encode(_tostring(v).encode()).decode(),
    "@base64d": lambda v: base64.b64decode(v + "=" * (-len(v) % 4)).decode(errors="replace"),
}
