"""`docker builder prune`: which entries of the build cache its filters mean."""

from __future__ import annotations

import re
from collections.abc import Callable

from daemon.engine.build.cache import Cache
from daemon.engine.build.cache_usage import Usage, usages
from daemon.engine.timestamps import parse_timestamp
from daemon.errors import InvalidParameter
from daemon.filters import Filters

_IGNORED = ("label", "label!")
_UNTIL, _UNUSED_FOR = "until", "unused-for"
Test = Callable[[Usage, str | None], bool]


def _is(read: Callable[[Usage], str]) -> Test:
    return lambda usage, wanted: read(usage) == (wanted or "")


def _if(read: Callable[[Usage], bool]) -> Test:
    """BuildKit's flags are there or not; they have no value that one could ask for."""
    return lambda usage, wanted: wanted is None and read(usage)


_FIELDS: dict[str, Test] = {
    "id": lambda usage, wanted: re.search(wanted or "", usage.id) is not None,
    "parent": _is(lambda usage: "".join(usage.parents)),
    "type": _is(lambda usage: usage.kind),
    "description": _is(lambda usage: usage.description),
    "inuse": _if(lambda usage: usage.in_use),
    "shared": _if(lambda usage: usage.shared),
    "private": _if(lambda usage: not usage.shared),
}


def chosen(cache: Cache, filters: Filters, *, every: bool) -> list[Usage]:
    """Raises InvalidParameter for filters that are none. Without `every`, what images have too is kept."""
    for name in filters:
        if name not in (_UNTIL, _UNUSED_FOR, *_IGNORED, *_FIELDS):
            raise _refusal(f"invalid filter '{name}'")
    until = _until(filters, cache.clock.now())
    asked = [(_FIELDS[name], _only(filters.get(name))) for name in _FIELDS if name in filters]
    return [
        usage
        for usage in usages(cache)
        if (every or not usage.shared)
        and (until is None or (usage.last_used or 0) <= until)
        and all(test(usage, wanted) for test, wanted in asked)
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
