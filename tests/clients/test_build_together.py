"""Builds that run at once share equal steps, as BuildKit's do: each is done once, and every client is told of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

pytestmark = pytest.mark.client("docker", "buildx")

GATE = "RUN --mount=type=cache,id=gate,target=/gate"
WAITING = f"{GATE} echo be''gun; while [ ! -e /gate/open ]; do sleep 0.05; done; echo en''ded; cat /proc/sys/kernel/random/uuid > /id"
"""A step whose result nobody else makes, and that ends once the gate is open."""


class Build:
    """docker buildx build of a folder of its own."""

    def __init__(self, process: asyncio.subprocess.Process, image: Path) -> None:
        self.process = process
        self.image = image
        self.said = ""

    async def says(self, sign: str) -> None:
        assert self.process.stderr
        async with asyncio.timeout(30):
            while sign not in self.said:
                more = await self.process.stderr.read(4096)
                assert more, self.said
                self.said += more.decode()

    async def end(self) -> int:
        assert self.process.stderr
        async with asyncio.timeout(30):
            self.said += (await self.process.stderr.read()).decode()
            return await self.process.wait()


class Builder:
    """Starts builds, and opens the gate that they wait at."""

    def __init__(self, folder: Path, env: dict[str, str], running: AsyncExitStack) -> None:
        self.folder = folder
        self.env = env
        self.running = running

    async def start(self, name: str, *lines: str) -> Build:
        context = self.folder / name
        context.mkdir()
        (context / "Dockerfile").write_text("\n".join(("FROM busybox", *lines)))
        (context / "f").write_text("the same")
        image = context / "image"
        process = await asyncio.create_subprocess_exec(
            *("docker", "buildx", "build", "--progress=plain", f"--iidfile={image}", "."),
            cwd=context,
            env=self.env,
            stderr=asyncio.subprocess.PIPE,
        )
        self.running.push_async_callback(_ended, process)
        return Build(process, image)

    async def open(self) -> None:
        build = await self.start("opener", f"{GATE} touch /gate/open")
        assert await build.end() == 0, build.said


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.fixture
async def builder(tmp_path: Path, client_env: dict[str, str]) -> AsyncIterator[Builder]:
    async with MockDaemon() as mock, AsyncExitStack() as running:
        client_env["DOCKER_HOST"] = mock.docker_host
        await run("docker", "pull", "-q", "busybox", **client_env)
        yield Builder(tmp_path, client_env, running)


async def test_twelve_builds_of_one_dockerfile_are_one_image(builder: Builder) -> None:
    builds = [
        await builder.start(f"build-{n}", "COPY f /f", WAITING, "RUN cat /id") for n in range(12)
    ]
    for build in builds:
        await build.says("begun\n")
    await builder.open()
    assert [await build.end() for build in builds] == [0] * 12
    assert len({build.image.read_text() for build in builds}) == 1


async def test_twelve_different_builds_have_each_its_own(builder: Builder) -> None:
    """They share a step, and differ before and after it."""
    builds = [
        await builder.start(
            f"build-{n}",
            f"RUN echo {n % 3} > /before",
            WAITING,
            f"RUN echo be''hind $(cat /before) {n}",
        )
        for n in range(12)
    ]
    for build in builds:
        await build.says("begun\n")
    await builder.open()
    assert [await build.end() for build in builds] == [0] * 12
    for n, build in enumerate(builds):
        assert f" behind {n % 3} {n}\n" in build.said
    assert len({build.image.read_text() for build in builds}) == 12


async def test_a_build_goes_on_when_the_one_whose_step_it_shares_is_interrupted(
    builder: Builder,
) -> None:
    """With the files of that one, which its client has sent."""
    waiting = WAITING.replace(" echo", " --mount=target=/client echo", 1) + "; cat /client/f"
    first = await builder.start("first", "COPY f /f", waiting)
    await first.says("begun\n")
    second = await builder.start("second", "COPY f /f", waiting, "RUN echo fur''ther")
    await second.says("begun\n")
    first.process.terminate()
    assert await first.end() == 130
    await builder.open()
    assert await second.end() == 0, second.said
    assert "ended\n" in second.said
    assert " the same\n" in second.said
    assert "further\n" in second.said


@pytest.mark.parametrize("before", [(), ("COPY f /f",)])
async def test_a_step_that_fails_fails_all_who_wait_for_it(
    builder: Builder, before: tuple[str, ...]
) -> None:
    """Behind a client's own files only the first build's Dockerfile is shown: the step is not the other's."""
    first = await builder.start("first", *before, f"{WAITING}; exit 7")
    await first.says("begun\n")
    second = await builder.start("second", *before, f"{WAITING}; exit 7")
    await second.says("begun\n")
    await builder.open()
    assert [await first.end(), await second.end()] == [1, 1]
    assert "did not complete successfully: exit code: 7" in second.said
    assert ">>> RUN" in first.said
    assert (">>> RUN" in second.said) == (not before)
