"""Evaluation: layers, cache, stages, failures; RUN is a stand-in that writes a file."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import pytest

from api_schema.oci import ContainerConfig
from daemon.clock import ManualClock
from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Cache
from daemon.engine.build.evaluator import Evaluator, Mounted, Output, Snapshot
from daemon.engine.build.git.inputs import GitInputs
from daemon.engine.build.git.repositories import Repositories
from daemon.engine.build.graph import Graph
from daemon.engine.build.no_session import NoSession
from daemon.engine.build.options import Options
from daemon.engine.build.planner import Planner
from daemon.engine.build.progress import Progress
from daemon.engine.build.remotes import Remotes
from daemon.engine.build.step_failures import StepFailed
from daemon.engine.build.url_inputs import UrlInputs
from daemon.engine.build.vertexes import Vertexes
from daemon.engine.dockerfile.source import read
from daemon.errors import NotFound
from daemon.fs.filesystem import Filesystem
from daemon.fs.layers import LayerStore
from daemon.fs.memory import MemoryTree
from daemon.fs.overlay import OverlayTree
from daemon.ids import Ids

T = TypeVar("T")


class Runner:
    """Knows three commands: `write PATH`, `fail CODE` and anything else, which does nothing."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def run(
        self, tree: OverlayTree, run: ops.Run, mounts: list[Mounted], output: Output
    ) -> int:
        command = run.argv[-1]
        self.ran.append(command)
        word, _, rest = command.partition(" ")
        output(f"doing {command}\n".encode(), 1)
        if word == "write":
            Filesystem(tree).write_bytes(rest, b"made")
        return int(rest) if word == "fail" else 0


def no_download(url: str) -> AbstractAsyncContextManager[tuple[int, AsyncIterator[bytes]]]:
    raise NotFound(url)


class Bench:
    """Everything that a build needs, without a client."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = LayerStore(self.clock.now)
        self.cache = Cache(self.store, self.clock, Ids(1))
        self.runner = Runner()
        self.vertexes = Vertexes(self.clock)
        self.context = Filesystem(MemoryTree(self.store.spool, self.clock.now))
        self.progress = Progress(self.clock)

    async def build(self, text: str, **options: str) -> Snapshot:
        async def no_image(name: str, platform: str, context: str) -> ops.BaseImage:
            return ops.BaseImage(name, ContainerConfig(), ())

        parsed = Options.parse({key.replace("_", "-"): value for key, value in options.items()})
        plan = await Planner(read(text.encode()), parsed, no_image).plan()
        self.progress = Progress(self.clock)
        evaluator = Evaluator(
            Graph(plan, self.progress.digest),
            parsed,
            self.progress,
            self.cache,
            self.vertexes,
            self.runner,
            self._local,
            self._mount,
            self._remotes(),
        )
        try:
            return await evaluator.run()
        finally:
            self.vertexes.leave(self.progress)

    def _remotes(self) -> Remotes:
        urls = UrlInputs(no_download, self.progress, self.cache)
        client = NoSession(io.BytesIO())
        return Remotes(urls, GitInputs(Repositories(self.cache, str), client, self.progress))

    def _local(self, name: str) -> asyncio.Future[Filesystem]:
        return done(self.context)

    def _mount(self, mount: ops.RunMount) -> asyncio.Future[Mounted]:
        return done(Mounted(mount))

    def files(self, snapshot: Snapshot) -> Filesystem:
        merged = self.store.merged(snapshot.diff_ids)
        return Filesystem(OverlayTree(merged, self.store.spool, self.clock.now))

    def cached(self) -> list[str]:
        return sorted(v.name for v in self.progress.vertexes.values() if v.cached)


def done(value: T) -> "asyncio.Future[T]":
    future = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


@pytest.fixture
async def bench() -> Iterator[Bench]:
    bench = Bench()
    bench.context.write_bytes("/a.txt", b"one")
    bench.context.write_bytes("/b.txt", b"two")
    yield bench
    bench.store.close()


async def test_each_step_that_changes_files_is_a_layer(bench: Bench) -> None:
    snapshot = await bench.build("FROM scratch\nCOPY a.txt /\nENV A=1\nWORKDIR /w\nRUN write /w/x")
    assert len(snapshot.diff_ids) == 3
    assert bench.files(snapshot).read_bytes("/w/x") == b"made"


async def test_a_second_build_takes_everything_from_the_cache(bench: Bench) -> None:
    text = "FROM scratch\nCOPY a.txt /\nRUN write /x"
    first = await bench.build(text)
    second = await bench.build(text)
    assert second.diff_ids == first.diff_ids
    assert bench.cached() == ["[1/2] COPY a.txt /", "[2/2] RUN write /x"]
    assert bench.runner.ran == ["write /x"]


async def test_a_changed_file_rebuilds_from_there(bench: Bench) -> None:
    text = "FROM scratch\nCOPY a.txt /\nCOPY b.txt /\nRUN write /x"
    await bench.build(text)
    bench.context.write_bytes("/b.txt", b"changed")
    await bench.build(text)
    assert bench.cached() == ["[1/3] COPY a.txt /"]


async def test_a_touched_file_is_the_same_file(bench: Bench) -> None:
    await bench.build("FROM scratch\nCOPY a.txt /")
    bench.context.utime("/a.txt", 5, 5)
    await bench.build("FROM scratch\nCOPY a.txt /")
    assert bench.cached() == ["[1/1] COPY a.txt /"]


async def test_no_cache_runs_everything_again(bench: Bench) -> None:
    await bench.build("FROM scratch\nRUN write /x")
    await bench.build("FROM scratch\nRUN write /x", no_cache="")
    assert bench.runner.ran == ["write /x", "write /x"]


async def test_a_stage_gives_its_files_to_another(bench: Bench) -> None:
    snapshot = await bench.build(
        "FROM scratch AS one\nRUN write /made\nFROM scratch\nCOPY --from=one /made /got"
    )
    assert bench.files(snapshot).read_bytes("/got") == b"made"
    assert len(snapshot.diff_ids) == 1


async def test_a_failing_process_fails_the_build_with_its_code(bench: Bench) -> None:
    with pytest.raises(StepFailed) as failure:
        await bench.build("FROM scratch\nRUN fail 3")
    text = 'process "/bin/sh -c fail 3" did not complete successfully: exit code: 3'
    assert (failure.value.message, failure.value.exit_code) == (text, 3)
    assert failure.value.lines == (2, 2)
    assert bench.progress.vertexes[failure.value.vertex].error == text


async def test_a_missing_source_fails_before_the_step_begins(bench: Bench) -> None:
    with pytest.raises(StepFailed) as failure:
        await bench.build("FROM scratch\nCOPY nope.txt a.txt /x/")
    assert failure.value.message.startswith("failed to compute cache key: failed to calculate ")
    assert failure.value.message.endswith(': "/nope.txt": not found')
    assert failure.value.inner.startswith("failed to calculate checksum of ref ")


async def test_one_failing_stage_ends_the_others(bench: Bench) -> None:
    text = "FROM scratch AS bad\nRUN fail 1\nFROM scratch\nCOPY --from=bad / /\nRUN write /x"
    with pytest.raises(StepFailed):
        await bench.build(text)
    assert "write /x" not in bench.runner.ran


async def test_output_is_told_under_its_vertex(bench: Bench) -> None:
    await bench.build("FROM scratch\nRUN hello")
    logs = [u for u in bench.progress.updates if type(u).__name__ == "Log"]
    assert [log.data for log in logs] == [b"doing hello\n"]
