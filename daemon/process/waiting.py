"""How a simulated system call sleeps: wait queues, woken by whoever changes what is waited for."""

import asyncio
from collections.abc import Callable
from typing import Protocol


class WaitQueue:
    """Those who wait for one thing to change; waking empties the queue."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] | None = None

    def add(self, waiter: asyncio.Future[None]) -> None:
        if self._waiting is None:
            self._waiting = [waiter]
        else:
            self._waiting.append(waiter)

    def discard(self, waiter: asyncio.Future[None]) -> None:
        if self._waiting and waiter in self._waiting:
            self._waiting.remove(waiter)

    def wake(self) -> None:
        """Let everyone who waits look again; it is for them to find out whether it was worth it."""
        if self._waiting:
            waiting, self._waiting = self._waiting, None
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait(self) -> None:
        """Return at the next wake; for callers outside the simulated kernel."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.add(waiter)
        try:
            await waiter
        finally:
            self.discard(waiter)

    def __bool__(self) -> bool:
        return bool(self._waiting)


class Outside(Protocol):
    """What the engine's side does with an object whose `try_` operations never wait: it waits."""

    readable: WaitQueue
    writable: WaitQueue

    def try_read(self, size: int) -> bytes | None: ...

    def try_write(self, data: bytes | memoryview) -> int: ...

    async def read(self, size: int = 65536) -> bytes:
        """At least a byte; b"" at the end."""
        while (data := self.try_read(size)) is None:
            await self.readable.wait()
        return data

    async def write(self, data: bytes) -> None:
        """All of `data`, as room comes up; BrokenPipeError once nobody can read it."""
        view = memoryview(data)
        while view:
            taken = self.try_write(view)
            view = view[taken:]
            if not taken:
                await self.writable.wait()


class FairShare:
    """Lets computing processes take turns: one resumes per iteration of the event loop, however many compute.

    So the daemon waits for one slice at most before it may answer a request.
    """

    def __init__(self) -> None:
        self._queue: list[asyncio.Future[None]] = []
        self._scheduled = False

    def enqueue(self, waiter: asyncio.Future[None]) -> None:
        self._queue.append(waiter)
        self._schedule(waiter.get_loop().call_soon)

    def _schedule(self, call_soon: Callable[[Callable[[], None]], object]) -> None:
        if not self._scheduled:
            self._scheduled = True
            call_soon(self._resume_one)

    def _resume_one(self) -> None:
        self._scheduled = False
        while self._queue:
            waiter = self._queue.pop(0)
            if not waiter.done():
                waiter.set_result(None)
                break
        if self._queue:
            self._schedule(self._queue[0].get_loop().call_soon)
