"""What a daemon in this process holds for its clients: all of it must go when they do."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import NamedTuple

from mockerd import MockDaemon

PATIENCE = 20.0


class Holdings(NamedTuple):
    """Everything that a client can leave behind."""

    tasks: int
    connections: int
    descriptors: int
    listeners: int
    attachments: int
    waiters: int
    followers: int


def held(mock: MockDaemon) -> Holdings:
    daemon = mock.daemon
    containers = list(daemon.containers.registry)
    return Holdings(
        tasks=len(asyncio.all_tasks()),
        connections=len(daemon._listener._connections),
        descriptors=sum(kinds_of_descriptors().values()),
        listeners=daemon.events.listener_count,
        attachments=sum(len(c.streams._attachments) for c in containers if c.streams),
        waiters=sum(len(c.waiters or ()) for c in containers),
        followers=sum(bool(c.logs._changed) for c in containers if c.logs),
    )


def kinds_of_descriptors() -> Counter[str]:
    """Open files of this process: sockets, pipes, and files by their path."""
    kinds: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        try:
            kinds[os.readlink(f"/proc/self/fd/{name}").partition(":")[0]] += 1
        except FileNotFoundError:
            continue  # the descriptor of the listing itself
    return kinds


async def until_only(mock: MockDaemon, before: Holdings) -> None:
    """Wait until nothing is held beyond what was; the assertion names what is left."""
    for _ in range(int(PATIENCE / 0.01)):
        if all(now <= then for now, then in zip(held(mock), before, strict=True)):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"left: {held(mock)}, before: {before}, {asyncio.all_tasks()}")
