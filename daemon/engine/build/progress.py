"""What a build tells while it runs: vertexes, their transfers, logs and warnings. Kept, so that anyone may replay it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from daemon.clock import Clock

STDOUT, STDERR = 1, 2
TRANSFERRING = "transferring"
CANCELED = "context canceled"
COUNT_EVERY = 100_000_000
"""Nanoseconds between two counts of one transfer, as BuildKit limits them."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """One step, as of now; told again, whole, whenever it changes. Times in nanoseconds since the epoch."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    cached: bool = False
    started: int | None = None
    completed: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A line under a vertex: `transferring context: 2B done`. `total` is 0 where it counts to no end."""

    id: str
    vertex: str
    current: int
    timestamp: int
    started: int
    completed: int | None = None
    name: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Log:
    """Output of a step, in pieces."""

    vertex: str
    timestamp: int
    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Warning:
    """A finding of the build checks; `lines` are first and last, `source` the Dockerfile."""

    vertex: str
    short: str
    detail: str
    url: str
    lines: tuple[int, int]
    filename: str
    source: bytes


Update = Vertex | Transfer | Log | Warning


class Listener(Protocol):
    """Whoever hears of a step."""

    @property
    def clock(self) -> Clock: ...

    def tell(self, update: Update) -> None: ...


@dataclass(slots=True, eq=False)
class Progress:
    """All updates of one build, in order. `ref` is the build's, which makes its digests its own."""

    clock: Clock
    ref: str = ""
    updates: list[Update] = field(default_factory=list)
    ended: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, update: Update) -> None:
        self.updates.append(update)
        self._news.set()

    def end(self) -> None:
        """No update comes any more; whoever follows is told so."""
        self.ended = True
        self._news.set()

    async def follow(self) -> AsyncIterator[list[Update]]:
        """Everything from the first update on, in batches, until the build has ended.

        The first goes alone: a client prints what it hears at once, and then waits for more to come.
        """
        at = 0
        while True:
            if at < len(self.updates):
                batch = self.updates[at:] if at else self.updates[:1]
                at += len(batch)
                yield batch
            elif self.ended:
                return
            else:
                self._news.clear()
                await self._news.wait()

    def announce(self, name: str, inputs: tuple[str, ...] = (), key: str = "") -> Step:
        """A vertex that is known but has not begun; equal `key`s are equal digests in all builds."""
        step = Step(self, Vertex(self.digest(name, key), name, inputs))
        self.tell(step.vertex)
        return step

    def digest(self, name: str, key: str = "") -> str:
        """What `announce` calls the vertex."""
        return "sha256:" + hashlib.sha256((key or f"{self.ref} {name}").encode()).hexdigest()

    @property
    def vertexes(self) -> dict[str, Vertex]:
        """The last word on each vertex."""
        return {u.digest: u for u in self.updates if isinstance(u, Vertex)}

    @property
    def warnings(self) -> list[Warning]:
        return [update for update in self.updates if isinstance(update, Warning)]


@dataclass(slots=True)
class Step:
    """A vertex while it is worked on."""

    progress: Listener
    vertex: Vertex

    @property
    def digest(self) -> str:
        return self.vertex.digest

    def _tell(self, **changes: object) -> None:
        self.vertex = replace(self.vertex, **changes)  # type: ignore[arg-type]
        self.progress.tell(self.vertex)

    @contextmanager
    def running(self) -> Iterator[Step]:
        """Started on entry, completed on exit; an exception is the vertex's error."""
        self._tell(started=self.progress.clock.now(), completed=None)
        try:
            yield self
        except asyncio.CancelledError:
            self._tell(completed=self.progress.clock.now(), error=CANCELED)
            raise
        except Exception as problem:
            self._tell(completed=self.progress.clock.now(), error=str(problem))
            raise
        else:
            self._tell(completed=self.progress.clock.now())

    def cached(self) -> None:
        """The step's result was known."""
        now = self.progress.clock.now()
        self._tell(started=now, completed=now, cached=True)

    def failed(self, error: str) -> None:
        """The step could not even begin."""
        now = self.progress.clock.now()
        self._tell(started=now, completed=now, error=error)

    def log(self, data: bytes, stream: int = STDOUT) -> None:
        self.progress.tell(Log(self.digest, self.progress.clock.now(), stream, data))

    @contextmanager
    def transfer(self, text: str) -> Iterator[Transferring]:
        """A line that counts bytes and is done on exit, however that comes about."""
        line = self.line(text, TRANSFERRING if text.startswith(TRANSFERRING) else "")
        line.count(0)
        try:
            yield line
        finally:
            line.done()

    def line(self, text: str, name: str, total: int = 0) -> Transferring:
        """A line that its owner counts and ends."""
        return Transferring(self, text, self.progress.clock.now(), name, total)


@dataclass(slots=True)
class Transferring:
    """One counting line."""

    step: Step
    text: str
    started: int
    name: str = ""
    total: int = 0
    current: int = 0
    _told: int = 0

    def count(self, current: int) -> None:
        self.current = current
        now = self.step.progress.clock.now()
        if now - self._told >= COUNT_EVERY:
            self._told = now
            self._tell(now, None)

    def done(self, current: int | None = None) -> None:
        self.current = self.current if current is None else current
        now = self.step.progress.clock.now()
        self._tell(now, now)

    def _tell(self, now: int, completed: int | None) -> None:
        line = Transfer(
            self.text,
            self.step.digest,
            self.current,
            now,
            self.started,
            completed,
            self.name,
            self.total,
        )
        self.step.progress.tell(line)
