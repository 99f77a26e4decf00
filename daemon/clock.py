"""The only reader of time.

Nanoseconds since the epoch for what goes on the wire, float seconds for durations. `ManualClock` stands still
until a test advances it.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

NANOSECONDS = 1_000_000_000

stopwatch = time.perf_counter
"""Seconds of the host's processor at work, for measuring run time; no simulated clock changes its pace."""


class Clock:
    """Real time, optionally faster: with `speed` 10 a simulated second takes 0.1 s of the host's."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._wall = time.time_ns()
        self._start = time.monotonic()

    def now(self) -> int:
        """Nanoseconds since the epoch; never goes backwards."""
        return self._wall + int(self.monotonic() * NANOSECONDS)

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return (time.monotonic() - self._start) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock; 0 or less yields once."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[None]:
        """Raise TimeoutError inside the block once `seconds` of this clock have passed; None waits for ever."""
        return _real_timeout(None if seconds is None else seconds / self.speed)

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Run `callback` once `monotonic()` reaches `when`; returns what cancels it."""
        loop = asyncio.get_running_loop()
        return loop.call_later(max(0.0, when - self.monotonic()) / self.speed, callback).cancel


@asynccontextmanager
async def _real_timeout(seconds: float | None) -> AsyncIterator[None]:
    async with asyncio.timeout(seconds):
        yield


class ManualClock(Clock):
    """Time that moves only when told to."""

    def __init__(self, start_ns: int = 1_700_000_000 * NANOSECONDS) -> None:
        super().__init__()
        self._wall = start_ns
        self._now = 0.0
        self._order = itertools.count()
        self._waiting: list[tuple[float, int]] = []
        self._callbacks: dict[int, Callable[[], None]] = {}

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        due = asyncio.Event()
        cancel = self.call_at(self._now + seconds, due.set)
        try:
            await due.wait()
        finally:
            cancel()

    def timeout(self, seconds: float | None) -> AbstractAsyncContextManager[None]:
        return self._timeout(seconds)

    @asynccontextmanager
    async def _timeout(self, seconds: float | None) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as bound:
            loop = asyncio.get_running_loop()
            cancel = None
            if seconds is not None:
                cancel = self.call_at(self._now + seconds, lambda: bound.reschedule(loop.time()))
            try:
                yield
            finally:
                if cancel:
                    cancel()

    def call_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        number = next(self._order)
        heapq.heappush(self._waiting, (when, number))
        self._callbacks[number] = callback

        def cancel() -> None:
            self._callbacks.pop(number, None)

        return cancel

    def advance(self, seconds: float) -> None:
        """Move time forward and run, in order, what was due by then."""
        target = self._now + seconds
        while self._waiting and self._waiting[0][0] <= target:
            when, number = heapq.heappop(self._waiting)
            if (callback := self._callbacks.pop(number, None)) is not None:
                self._now = max(self._now, when)
                callback()
        self._now = target
