"""Removing every container that does not run, as far as filters let it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.engine.container import Container
from daemon.engine.container_state import State
from daemon.engine.timestamps import parse_timestamp
from daemon.events import Events
from daemon.filters import Filters, has_label

if TYPE_CHECKING:
    from daemon.engine.containers.service import Containers

ACCEPTED = frozenset({"label", "label!", "until"})


@dataclass(frozen=True, slots=True)
class PruneReport:
    deleted: list[str] | None
    reclaimed: int


def prune(containers: Containers, filters: Filters, events: Events, now: int) -> PruneReport:
    limits = [parse_timestamp(text, now) for text in filters.get("until")]
    until = min(limits) if limits else None
    deleted: list[str] = []
    reclaimed = 0
    for container in list(containers):
        if _is_idle(container) and _matches(container, filters, until):
            reclaimed += containers.size_rw(container)
            containers.remove_stopped(container)
            deleted.append(container.id)
    events.emit("container", "prune", "", {"reclaimed": str(reclaimed)})
    return PruneReport(deleted or None, reclaimed)


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
