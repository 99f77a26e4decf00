"""Removing every container that does not run, as far as filters let it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from daemon.engine.container import Container
from daemon.engine.container_state import State
from daemon.engine.timestamps import parse_timestamp
from daemon.filters import Filters, has_label

ACCEPTED = frozenset({"label", "label!", "until"})


@dataclass(frozen=True, slots=True)
class PruneReport:
    deleted: list[str] | None
    reclaimed: int


def prune(
    containers: Iterable[Container], filters: Filters, now: int, remove: Callable[[Container], int]
) -> PruneReport:
    """`remove` returns how many bytes that freed."""
    limits = [parse_timestamp(text, now) for text in filters.get("until")]
    until = min(limits) if limits else None
    doomed = [c for c in containers if _is_idle(c) and _matches(c, filters, until)]
    reclaimed = sum(remove(container) for container in doomed)
    return PruneReport([container.id for container in doomed] or None, reclaimed)


def _is_idle(container: Container) -> bool:
    return container.state in (State.CREATED, State.EXITED, State.DEAD)


def _matches(container: Container, filters: Filters, until: int | None) -> bool:
    labels = container.config.labels or {}
    if until is not None and container.created > until:
        return False
    unwanted = filters.get("label!")
    if unwanted and any(has_label(labels, label) for label in unwanted):
        return False
    return filters.labels(labels)
