"""The steps of all builds that run: equal ones are done once, and told to every build as they happened.

So BuildKit does it (solver/jobs.go, solver/edge.go): a vertex lives for as long as a build that knows it, and of steps
that turn out to be the same the second is never begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from daemon.clock import Clock
from daemon.engine.build.cache import Uses
from daemon.engine.build.graph import Node
from daemon.engine.build.progress import CANCELED, Progress, Step, Update, Vertex
from daemon.tasks import Tasks

T = TypeVar("T")


class SharedVertex:
    """One vertex and the builds that know it. It hears of its step, and tells all of them."""

    def __init__(self, clock: Clock, node: Node) -> None:
        self.clock = clock
        self.ignores_cache = node.ignores_cache
        self.builds: set[Progress] = set()
        self.key: tuple[str, ...] = ()
        self.work: asyncio.Task[Any] | None = None
        self.begun_by: Progress | None = None
        self.waiting = 0
        self.uses = Uses(clock)
        self.releases: list[Callable[[], None]] = []
        """What is to be done when no build knows it any more."""
        self._told: list[Update] = []
        self.step = Step(self, Vertex(node.digest, node.name, node.inputs))
        self.tell(self.step.vertex)

    @property
    def digest(self) -> str:
        return self.step.digest

    @property
    def begun(self) -> bool:
        return len(self._told) > 1

    def tell(self, update: Update) -> None:
        self._told.append(update)
        for progress in self.builds:
            progress.tell(update)

    def join(self, progress: Progress) -> None:
        """From now on the build hears of it, and at once what it has missed."""
        for update in self._told:
            progress.tell(update)
        self.builds.add(progress)

    def leave(self, progress: Progress) -> None:
        """The build is gone, and hears that what others wait for was cancelled."""
        self.builds.discard(progress)
        now = self.step.vertex
        if now.started is not None and now.completed is None:
            progress.tell(replace(now, completed=self.clock.now(), error=CANCELED))


class Vertexes:
    """Every vertex that some running build knows. Owns the work on them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks = Tasks("build steps")
        self._by_digest: dict[str, SharedVertex] = {}
        self._by_key: dict[tuple[str, ...], SharedVertex] = {}
        self._known: dict[Progress, list[SharedVertex]] = {}

    def __len__(self) -> int:
        return len(self._by_digest)

    def load(self, node: Node, progress: Progress) -> SharedVertex:
        """The vertex, which the build now knows."""
        vertex = self._by_digest.get(node.digest)
        if vertex is None:
            vertex = self._by_digest[node.digest] = SharedVertex(self._clock, node)
        self._join(vertex, progress)
        return vertex

    def merged(
        self, vertex: SharedVertex, key: tuple[str, ...], progress: Progress
    ) -> SharedVertex:
        """The vertex that does what `key` stands for: another one, if it is there already; the build then knows both.

        One that ignores the cache takes nothing from one that does not.
        """
        other = self._by_key.get(key)
        if other is None or (vertex.ignores_cache and not other.ignores_cache):
            self._by_key[key], vertex.key = vertex, key
            return vertex
        self._join(other, progress)
        return other

    def _join(self, vertex: SharedVertex, progress: Progress) -> None:
        if progress not in vertex.builds:
            vertex.join(progress)
            self._known.setdefault(progress, []).append(vertex)

    async def result(
        self,
        vertex: SharedVertex,
        progress: Progress,
        make: Callable[[], Coroutine[Any, Any, T]],
    ) -> T:
        """What `make` returns or raises; it is called for the first build that asks, and cancelled with the last."""
        if vertex.work is None:
            vertex.work = self._tasks.spawn(make(), vertex.step.vertex.name)
            vertex.begun_by = progress
        work: asyncio.Task[T] = vertex.work
        vertex.waiting += 1
        try:
            return await asyncio.shield(work)
        finally:
            vertex.waiting -= 1
            if not vertex.waiting and not work.done():
                self._forget(vertex)
                work.cancel()
                await asyncio.wait([work])

    def leave(self, progress: Progress, released: Callable[[], None] = lambda: None) -> None:
        """The build has ended. What no other build knows is forgotten.

        `released` is called once nothing is worked on any more that the build began: others may wait for that.
        """
        begun: set[asyncio.Task[Any]] = set()
        for vertex in self._known.pop(progress, ()):
            vertex.leave(progress)
            if not vertex.builds:
                self._forget(vertex)
            elif vertex.begun_by is progress and vertex.work and not vertex.work.done():
                begun.add(vertex.work)
        _call_after(begun, released)

    def _forget(self, vertex: SharedVertex) -> None:
        if self._by_digest.get(vertex.digest) is vertex:
            del self._by_digest[vertex.digest]
        if self._by_key.get(vertex.key) is vertex:
            del self._by_key[vertex.key]
        vertex.uses.release()
        while vertex.releases:
            vertex.releases.pop()()

    async def close(self) -> None:
        """Cancel what is still worked on."""
        await self._tasks.close()


def _call_after(tasks: set[asyncio.Task[Any]], call: Callable[[], None]) -> None:
    def done(task: asyncio.Task[Any]) -> None:
        tasks.discard(task)
        if not tasks:
            call()

    for task in tasks:
        task.add_done_callback(done)
    if not tasks:
        call()
