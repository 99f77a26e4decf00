"""The messages of a pull, a push or a load, in the form that the CLI draws bars from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from daemon.tasks import Tasks

Message = dict[str, Any]
Emit = Callable[[Message], None]

BAR_WIDTH = 50
UPDATE_EVERY_MAX = 512 * 1024
UPDATE_SECONDS = 0.1
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def status(text: str, id: str = "") -> Message:
    """A plain line."""
    return {"status": text, "id": id} if id else {"status": text}


def step(action: str, id: str) -> Message:
    """What happens to a layer now."""
    return {"status": action, "progressDetail": {}, "id": id}


def bar(action: str, id: str, current: int, total: int) -> Message:
    """How far it has come; `total` 0 or -1 is unknown."""
    detail = {"current": current, "total": total}
    message: Message = {
        "status": action,
        "progressDetail": {key: value for key, value in detail.items() if value},
    }
    if current > 0 or total > 0:
        message["progress"] = drawn(current, total)
    return message | ({"id": id} if id else {})


def drawn(current: int, total: int) -> str:
    """The text that clients without a terminal show."""
    if total <= 0:
        return f"{human_size(current):>8}"
    filled = min(BAR_WIDTH, int(current / total * 100) // 2)
    numbers = f"{human_size(current):>8}"
    if current <= total:
        numbers += f"/{human_size(total)}"
    return f"[{'=' * filled}>{' ' * (BAR_WIDTH - filled)}] {numbers}"


def human_size(size: float) -> str:
    """go-units' HumanSize: four digits, powers of 1000."""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    return f"{size:.4g}{_UNITS[unit]}"


def failed(error: Exception) -> Message:
    """An error as the last message."""
    return {"errorDetail": {"message": str(error)}, "error": str(error)}


class Meter:
    """Says how far a transfer has come, about a hundred times and at most ten times a second."""

    def __init__(
        self, emit: Emit, now: Callable[[], float], action: str, id: str, total: int
    ) -> None:
        self._emit = emit
        self._now = now
        self._action = action
        self._id = id
        self._total = total
        self._current = 0
        self._considered = 0
        self._told = -1
        self._next = 0.0
        self._every = min(UPDATE_EVERY_MAX, total // 100) if total > 0 else UPDATE_EVERY_MAX

    def add(self, count: int) -> None:
        self._current += count
        if self._current - self._considered > self._every:
            self._considered = self._current
            if self._current == self._total or self._now() >= self._next:
                self.tell()

    def finish(self) -> None:
        """The end of the stream: the last bar, if it has not been told."""
        if self._told != self._current:
            self.tell()

    def finish_line(self, times: int) -> None:
        """The same where bars are lines of their own: one that did not end where it should is followed by an empty one."""
        if 0 < self._total == self._current:
            self.finish()
            return
        for _ in range(times):
            self.tell()
            self._emit({})

    def fill(self) -> None:
        """The whole bar, of what was closed too early."""
        if self._current < self._total:
            self._current = self._total
            self.tell()

    def tell(self) -> None:
        self._told = self._current
        self._next = self._now() + UPDATE_SECONDS
        self._emit(bar(self._action, self._id, self._current, self._total))


async def messages(
    tasks: Tasks, work: Callable[[Emit], Awaitable[None]], name: str
) -> AsyncIterator[Message]:
    """Run `work`, and yield what it emits. Its error is raised here; whoever stops listening cancels it."""
    queue: asyncio.Queue[Message | None] = asyncio.Queue()

    async def run() -> None:
        try:
            await work(queue.put_nowait)
        finally:
            queue.put_nowait(None)

    task = tasks.spawn(run(), name=name)
    try:
        while (message := await queue.get()) is not None:
            yield message
        await task
    finally:
        task.cancel()
        await asyncio.wait([task])


def first(failures: BaseExceptionGroup[Exception]) -> BaseException:
    """The error that made the others of a task group give up."""
    error: BaseException = failures
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
