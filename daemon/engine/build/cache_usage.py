"""The build cache as `docker buildx du` lists it and as prunes choose from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from daemon.engine.build.cache import CACHE_MOUNT, LOCAL, REGULAR, Cache, Record
from daemon.engine.build.checksum import total_size
from daemon.fs.filesystem import Filesystem


@dataclass(frozen=True, slots=True)
class Usage:
    """One entry, as of now. Times in nanoseconds since the epoch."""

    record: Record
    id: str
    parents: tuple[str, ...]
    kind: str
    description: str
    mutable: bool
    in_use: bool
    shared: bool
    size: int
    created: int
    last_used: int | None
    usage_count: int


def usages(cache: Cache) -> list[Usage]:
    """All entries, the oldest first."""
    held = cache.in_use()
    return [_usage(cache, record, in_use=record in held) for record in list(cache.records)]


def pruned(cache: Cache, chosen: Iterable[Usage]) -> list[Usage]:
    """Forget those that may go; what went, in that order."""
    by_record = {usage.record: usage for usage in chosen}
    return [by_record[record] for record in cache.prune(by_record)]


def _usage(cache: Cache, record: Record, *, in_use: bool) -> Usage:
    mutable = record.mutable
    # A folder of the client is lent to a build as something new and plain.
    lent = record.kind == LOCAL and not mutable
    usage = Usage(
        record,
        record.draft if mutable else record.id,
        (record.parent.id,) if record.parent else (),
        REGULAR if lent else record.kind,
        record.description,
        mutable,
        in_use,
        cache.shared(record),
        _size(record, in_use=in_use),
        record.created,
        None if lent else record.last_used,
        0 if lent else record.usage_count,
    )
    if mutable and not in_use:
        _measured(cache, record)
    return usage


def _size(record: Record, *, in_use: bool) -> int:
    """Nothing is said of what is being changed right now."""
    if record.mutable and in_use:
        return 0
    if record.kind == CACHE_MOUNT and record.folder is not None and not record.measured:
        return total_size(Filesystem(record.folder), ["/"])
    return record.size


def _measured(cache: Cache, record: Record) -> None:
    """BuildKit looks at a draft once, which counts as a use unless a build has made something of it."""
    if record.measured:
        return
    record.size, record.measured = _size(record, in_use=False), True
    if record.kind == CACHE_MOUNT:
        record.used(cache.clock.now())
