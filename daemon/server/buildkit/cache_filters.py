"""Filters of `docker buildx du` and `prune`, in containerd's form: `field==value`, `!=`, `~=` a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

from daemon.engine.build.cache import Cache, Record
from daemon.errors import InvalidParameter
from daemon.server.buildkit import wire_pb2 as wire

OPERATORS = ("==", "!=", "~=")
_TERM = re.compile(r"([^=!~]*)(?:([=!~]+)(.*))?", re.DOTALL)


def chosen(cache: Cache, request: wire.PruneRequest) -> list[Record]:
    """What a prune may take: unshared records, all with `all`; those unused for `keep_duration`; by filter."""
    check(request.filter, "prune")
    now = cache.clock.now()
    found = [record for record in cache.records.values() if request.all or not cache.shared(record)]
    if request.keep_duration:
        found = [record for record in found if now - record.last_used >= request.keep_duration]
    return [record for record in found if all(matches(cache, record, t) for t in request.filter)]


def check(filters: Iterable[str], verb: str) -> None:
    """InvalidParameter for one that cannot be understood, whether or not there is a record to try it on."""
    filters = list(filters)
    try:
        for text in filters:
            _terms(text)
    except InvalidParameter as problem:
        given = " ".join(filters)
        raise InvalidParameter(f"failed to parse {verb} filters [{given}]: {problem}") from None


def matches(cache: Cache, record: Record, text: str) -> bool:
    """Whether all terms of a filter hold."""
    return all(_holds(cache, record, *term) for term in _terms(text))


def _terms(text: str) -> list[tuple[str, str, str]]:
    """Field, operator and value of each; both are empty where a field alone asks whether the record has it."""
    found, at = [], 0
    for term in text.split(","):
        match = _TERM.fullmatch(term)
        assert match is not None, "the expression takes any text"
        name, operator, value = (part or "" for part in match.groups())
        if operator and operator not in OPERATORS:
            raise _unsupported(text, at + len(name), operator)
        if term:
            found.append((name, operator, value))
        at += len(term) + 1
    return found


def _unsupported(text: str, at: int, operator: str) -> InvalidParameter:
    place = f"[{text[:at]} >|{text[at]}|< {text[at + 1 :]}]"
    return InvalidParameter(
        f'filters: parse error: {place}: unsupported operator "{operator}": invalid argument'
    )


def _holds(cache: Cache, record: Record, name: str, operator: str, wanted: str) -> bool:
    value = _field(cache, record, name)
    match operator:
        case "":
            return value is not None
        case "~=":
            return value is not None and _fits(wanted, value)
    return ((value or "") == wanted) == (operator == "==")


def _fits(expression: str, value: str) -> bool:
    """What is no regular expression fits nothing."""
    try:
        return re.search(expression, value) is not None
    except re.error:
        return False


def _field(cache: Cache, record: Record, name: str) -> str | None:
    texts = {
        "id": record.id,
        "type": record.kind,
        "description": record.description,
        "parents": record.parent,
    }
    if name in texts:
        return texts[name]
    shared, mutable = cache.shared(record), record.mutable
    flags = {
        "inuse": record.in_use > 0,
        "mutable": mutable,
        "immutable": not mutable,
        "shared": shared,
        "private": not shared,
    }
    return "" if flags.get(name) else None
