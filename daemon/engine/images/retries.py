"""A layer's way from or to a registry, tried again after a while, as dockerd counts it down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from daemon.clock import Clock
from daemon.engine.images import progress
from daemon.engine.registry_client import RegistryFailure

ATTEMPTS = 5
RETRY_SECONDS = 5

T = TypeVar("T")


async def repeated(
    once: Callable[[], Awaitable[T]], clock: Clock, emit: progress.Emit, id: str
) -> T:
    """The last failure if none of ATTEMPTS succeeds, or one that tells not to try again."""
    attempt = 1
    while True:
        try:
            return await once()
        except RegistryFailure as failed:
            if not failed.retry or attempt == ATTEMPTS:
                raise
        for left in range(attempt * RETRY_SECONDS, 0, -1):
            emit(progress.step(f"Retrying in {left} second{'s' if left != 1 else ''}", id))
            await clock.sleep(1)
        attempt += 1
