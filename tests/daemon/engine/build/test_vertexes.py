"""Vertexes that builds share: work is done once, told to all, and goes on for as long as anybody waits."""

import asyncio

import pytest

from daemon.clock import ManualClock
from daemon.engine.build.graph import Node
from daemon.engine.build.progress import CANCELED, Log, Progress, Vertex
from daemon.engine.build.vertexes import SharedVertex, Vertexes

NODE = Node("sha256:1", "[1/1] RUN x")


class Bench:
    """Two builds, and work that ends when it is let."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.vertexes = Vertexes(self.clock)
        self.one, self.other = Progress(self.clock, "one"), Progress(self.clock, "other")
        self.may_end = asyncio.Event()
        self.begun = 0

    async def work(self, vertex: SharedVertex) -> str:
        self.begun += 1
        with vertex.step.running():
            vertex.step.log(b"half\n")
            await self.may_end.wait()
        return "made"

    def ask(self, vertex: SharedVertex, progress: Progress | None = None) -> "asyncio.Task[str]":
        asked = self.vertexes.result(vertex, progress or self.one, lambda: self.work(vertex))
        return asyncio.create_task(asked)


@pytest.fixture
async def bench() -> Bench:
    return Bench()


def told(progress: Progress) -> list[tuple[bool, bool, str] | bytes]:
    return [
        (one.started is not None, one.completed is not None, one.error)
        if isinstance(one, Vertex)
        else one.data
        for one in progress.updates
        if isinstance(one, (Vertex, Log))
    ]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_build_that_comes_later_hears_what_it_has_missed(bench: Bench) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    first = bench.ask(vertex)
    await settled()
    assert bench.vertexes.load(NODE, bench.other) is vertex
    second = bench.ask(vertex)
    bench.may_end.set()
    assert [await first, await second, bench.begun] == ["made", "made", 1]
    assert told(bench.other) == told(bench.one)
    assert told(bench.one)[-1] == (True, True, "")


async def test_work_goes_on_for_the_one_that_still_waits(bench: Bench) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    bench.vertexes.load(NODE, bench.other)
    first, second = bench.ask(vertex), bench.ask(vertex)
    await settled()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    bench.vertexes.leave(bench.one)
    assert told(bench.one)[-1] == (True, True, CANCELED)
    assert told(bench.other)[-1] == b"half\n"
    bench.may_end.set()
    assert await second == "made"


async def test_work_ends_with_the_last_that_waits_and_a_newcomer_begins_anew(bench: Bench) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    first = bench.ask(vertex)
    await settled()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert told(bench.one)[-1] == (True, True, CANCELED)
    again = bench.vertexes.load(NODE, bench.other)
    assert again is not vertex
    bench.may_end.set()
    assert await bench.ask(again) == "made"


async def test_steps_that_turn_out_to_be_the_same_are_one(bench: Bench) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    twin = bench.vertexes.load(Node("sha256:2", "[2/9] RUN x"), bench.other)
    assert bench.vertexes.merged(vertex, ("key",), bench.one) is vertex
    assert bench.vertexes.merged(twin, ("key",), bench.other) is vertex
    assert bench.vertexes.merged(twin, ("another key",), bench.other) is twin
    assert NODE.digest in bench.other.vertexes


async def test_what_ignores_the_cache_takes_from_its_like_only(bench: Bench) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    anew = bench.vertexes.load(Node("sha256:2", "RUN x", (), ignores_cache=True), bench.other)
    bench.vertexes.merged(vertex, ("key",), bench.one)
    assert bench.vertexes.merged(anew, ("key",), bench.other) is anew
    third = bench.vertexes.load(Node("sha256:3", "RUN x"), bench.other)
    assert bench.vertexes.merged(third, ("key",), bench.other) is anew


async def test_what_the_last_build_leaves_is_forgotten_and_let_go(bench: Bench) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    bench.vertexes.load(NODE, bench.other)
    released: list[str] = []
    vertex.releases.append(lambda: released.append("layer"))
    bench.vertexes.leave(bench.one)
    assert (len(bench.vertexes), released) == (1, [])
    bench.vertexes.leave(bench.other)
    assert (len(bench.vertexes), released) == (0, ["layer"])


async def test_what_a_build_holds_is_let_go_when_nobody_needs_its_work_any_more(
    bench: Bench,
) -> None:
    vertex = bench.vertexes.load(NODE, bench.one)
    bench.vertexes.load(NODE, bench.other)
    first, second = bench.ask(vertex), bench.ask(vertex, bench.other)
    await settled()
    first.cancel()
    await asyncio.wait([first])
    released: list[str] = []
    bench.vertexes.leave(bench.one, lambda: released.append("the context"))
    await settled()
    assert released == []
    bench.may_end.set()
    assert await second == "made"
    await settled()
    assert released == ["the context"]
