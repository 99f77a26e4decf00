"""Work on bytes that may be many: at once while they are few, else in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
IN_MEMORY = 1 << 20
"""Up to this size it takes milliseconds; a blob on its way also stays in memory up to it."""


def behind_the_loop(size: int, work: Callable[[], None]) -> None:
    """For what nobody waits for, such as deleting: with many files a disk takes its time for it."""
    if size <= IN_MEMORY:
        work()
    else:
        asyncio.get_running_loop().run_in_executor(None, work)


async def off_loop(size: int, work: Callable[[], T]) -> T:
    return work() if size <= IN_MEMORY else await asyncio.to_thread(work)
