"""Filters of `docker buildx du` and `prune`, in containerd's form: `field==value`, `!=`, `~=` a regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

from daemon.engine.build.cache import Cache
from daemon.engine.build.cache_usage import Usage, usages
from daemon.errors import InvalidParameter
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.filter_expressions import Term, parse


def chosen(cache: Cache, request: wire.PruneRequest) -> list[Usage]:
    """What a prune may take: unshared records, all with `all`; those unused for `keep_duration`; by filter."""
    check(request.filter, "prune")
    now = cache.clock.now()
    found = [usage for usage in usages(cache) if request.all or not usage.shared]
    if request.keep_duration:
        found = [usage for usage in found if now - (usage.last_used or 0) >= request.keep_duration]
    return [usage for usage in found if all(matches(usage, text) for text in request.filter)]


def check(filters: Iterable[str], verb: str) -> None:
    """InvalidParameter for one that cannot be understood, whether or not there is a record to try it on."""
    filters = list(filters)
    try:
        for text in filters:
            parse(text)
    except InvalidParameter as problem:
        given = " ".join(filters)
        raise InvalidParameter(f"failed to parse {verb} filters [{given}]: {problem}") from None


def matches(usage: Usage, text: str) -> bool:
    """Whether all terms of a filter hold."""
    return all(_holds(usage, term) for term in parse(text))


def _holds(usage: Usage, term: Term) -> bool:
    value = _field(usage, term.field)
    match term.operator:
        case "":
            return value is not None
        case "~=":
            return value is not None and _fits(term.value, value)
    return ((value or "") == term.value) == (term.operator == "==")


def _fits(expression: str, value: str) -> bool:
    """What is no regular expression fits nothing."""
    try:
        return re.search(expression, value) is not None
    except re.error:
        return False


def _field(usage: Usage, name: str) -> str | None:
    texts = {
        "id": usage.id,
        "type": usage.kind,
        "description": usage.description,
        "parents": ";".join(usage.parents),
    }
    if name in texts:
        return texts[name]
    flags = {
        "inuse": usage.in_use,
        "mutable": usage.mutable,
        "immutable": not usage.mutable,
        "shared": usage.shared,
        "private": not usage.shared,
    }
    return "" if flags.get(name) else None
