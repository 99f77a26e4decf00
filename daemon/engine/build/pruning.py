"""`docker builder prune`: which entries of the build cache its filters mean."""

from __future__ import annotations

import re
from collections.abc import Callable

from daemon.engine.build.cache import Cache, Record
from daemon.engine.timestamps import parse_timestamp
from daemon.errors import InvalidParameter
from daemon.filters import Filters

_IGNORED = ("label", "label!")
_UNTIL, _UNUSED_FOR = "until", "unused-for"
Test = Callable[[Cache, Record, str | None], bool]


def _is(read: Callable[[Record], str]) -> Test:
    return lambda cache, record, wanted: read(record) == (wanted or "")


def _if(read: Callable[[Cache, Record], bool]) -> Test:
    """BuildKit's flags are there or not; they have no value that one could ask for."""
    return lambda cache, record, wanted: wanted is None and read(cache, record)


_FIELDS: dict[str, Test] = {
    "id": lambda cache, record, wanted: re.search(wanted or "", record.id) is not None,
    "parent": _is(lambda record: record.parent),
    "type": _is(lambda record: record.kind),
    "description": _is(lambda record: record.description),
    "inuse": _if(lambda cache, record: bool(record.in_use)),
    "shared": _if(lambda cache, record: cache.shared(record)),
    "private": _if(lambda cache, record: not cache.shared(record)),
}


def chosen(cache: Cache, filters: Filters, *, every: bool) -> list[Record]:
    """Raises InvalidParameter for filters that are none. Without `every`, what images have too is kept."""
    for name in filters:
        if name not in (_UNTIL, _UNUSED_FOR, *_IGNORED, *_FIELDS):
            raise _refusal(f"invalid filter '{name}'")
    until = _until(filters, cache.clock.now())
    asked = [(_FIELDS[name], _only(filters.get(name))) for name in _FIELDS if name in filters]
    return [
        record
        for record in cache.records.values()
        if (every or not cache.shared(record))
        and (until is None or record.last_used <= until)
        and all(test(cache, record, wanted) for test, wanted in asked)
    ]


def _until(filters: Filters, now: int) -> int | None:
    key = _UNUSED_FOR if filters.get(_UNUSED_FOR) else _UNTIL
    if filters.get(_UNTIL) and key == _UNUSED_FOR:
        raise _refusal(f'conflicting filters: "{_UNTIL}" and "{_UNUSED_FOR}"')
    text = _only(filters.get(key))
    if text is None:
        return None
    try:
        return parse_timestamp(text, now)
    except InvalidParameter as error:
        expected = "filter expects a duration (e.g., '24h') or a timestamp"
        raise _refusal(f'"{key}" {expected}: {error}') from error


def _only(values: list[str]) -> str | None:
    if len(values) > 1:
        raise _refusal("filters expect only one value")
    return values[0] if values else None


def _refusal(why: str) -> InvalidParameter:
    return InvalidParameter(f"failed to prune build cache: {why}")
