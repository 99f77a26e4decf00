"""A buildx that is interrupted or killed in the middle of a build says what it says of the real engine, and leaves nothing."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from mockerd import MockDaemon
from tests.behaviour.leftovers import Holdings, held, until_only
from tests.clients.processes import run
from tests.dockerfiles.corpus import HERE

pytestmark = pytest.mark.client("docker", "buildx")

GONE = "error reading from server: EOF"
DOING = ("failed to solve", "failed to run Build function")
"""Two calls of the client's end at the same time: chance decides on which it tells of."""
KEY = HERE / "ssh_calls" / "one"
HUGE = 1 << 36
"""A sparse file that takes far longer to send than to be interrupted."""


class Moment(NamedTuple):
    """Where a build is interrupted: what it builds, with which options, and what it says when it has come there."""

    dockerfile: str
    sign: str
    options: tuple[str, ...] = ()


MOMENTS = {
    "RUN": Moment("FROM busybox\nRUN echo be''gun; sleep 600\n", " begun\n"),
    "upload": Moment("FROM busybox\nCOPY huge /\n", "transferring context"),
    "output": Moment(
        "FROM busybox\nRUN dd if=/dev/zero of=/big bs=1048576 count=16\n",
        "sending tarball",
        ("--output=type=tar,dest=-",),
    ),
    "agent": Moment(
        "FROM alpine\nRUN apk add openssh-client netcat-openbsd\nRUN --mount=type=ssh "
        "(sleep 600 | nc -U $SSH_AUTH_SOCK) & ssh-add -L >/dev/null; echo be''gun; wait\n",
        " begun\n",
        ("--ssh=default=key",),
    ),
    "pull": Moment("FROM nginx\nRUN true\n", "FROM docker.io/library/nginx"),
}


class Build:
    """docker buildx build, in a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr
        self.process = process
        self.errors = process.stderr
        self.said = ""

    async def says(self, sign: str) -> None:
        async with asyncio.timeout(20):
            while sign not in self.said:
                more = await self.errors.read(4096)
                assert more, self.said
                self.said += more.decode()

    async def end(self) -> tuple[int | None, str]:
        """Exit code and last line."""
        async with asyncio.timeout(20):
            self.said += (await self.errors.read()).decode()
            return await self.process.wait(), self.said.splitlines()[-1]


@asynccontextmanager
async def building(context: Path, env: dict[str, str], moment: Moment) -> AsyncIterator[Build]:
    """A build that has come to that moment; what it writes to its standard output is not read."""
    (context / "Dockerfile").write_text(moment.dockerfile)
    (context / "key").write_bytes(KEY.read_bytes())
    with (context / "huge").open("wb") as huge:
        huge.truncate(HUGE)
    unread, output = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *("docker", "buildx", "build", "--progress=plain", *moment.options, "."),
        cwd=context,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    os.close(output)
    build = Build(process)
    try:
        await build.says(moment.sign)
        yield build
    finally:
        os.close(unread)
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await build.end()


def spooled(mock: MockDaemon) -> int:
    """Files of the daemon's own, on disk."""
    folder = mock.daemon.layers.spool._folder
    return len(os.listdir(folder)) if folder else 0


async def until(done: Callable[[], bool]) -> None:
    for _ in range(2000):
        if done():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it is not done")


async def until_nothing_is_left(
    mock: MockDaemon, env: dict[str, str], before: Holdings, files: int
) -> None:
    """Nothing but the cache, that is: the layers of the steps that were over."""
    await until(lambda: not mock.daemon.sessions.count)
    await run("docker", "builder", "prune", "-af", **env)
    await until(lambda: spooled(mock) <= files)
    await until_only(mock, before)


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """What is freed is so at once: nothing large waits in a cycle for the collector to come round."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def mock(client_env: dict[str, str]) -> AsyncIterator[MockDaemon]:
    async with MockDaemon(seed=1) as mock:
        client_env["DOCKER_HOST"] = mock.docker_host
        await run("docker", "pull", "-q", "busybox", **client_env)
        await run("docker", "pull", "-q", "httpd", **client_env)
        await run("docker", "pull", "-q", "alpine", **client_env)
        mock.arm("pull-slow", seconds=600, where={"image": "*nginx*"})
        yield mock


@pytest.mark.parametrize("moment", MOMENTS)
async def test_interrupted(
    mock: MockDaemon, client_env: dict[str, str], tmp_path: Path, moment: str
) -> None:
    before, files = held(mock), spooled(mock)
    async with building(tmp_path, client_env, MOMENTS[moment]) as build:
        os.killpg(build.process.pid, signal.SIGINT)
        code, last = await build.end()
    assert code == 130
    assert last in {
        f"ERROR: failed to build: {doing}: Canceled: context canceled" for doing in DOING
    }
    await until_nothing_is_left(mock, client_env, before, files)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed(
    mock: MockDaemon, client_env: dict[str, str], tmp_path: Path, moment: str
) -> None:
    before, files = held(mock), spooled(mock)
    async with building(tmp_path, client_env, MOMENTS[moment]) as build:
        os.killpg(build.process.pid, signal.SIGKILL)
        code, _ = await build.end()
    assert code == -signal.SIGKILL
    await until_nothing_is_left(mock, client_env, before, files)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_the_daemon_stops(
    mock: MockDaemon, client_env: dict[str, str], tmp_path: Path, moment: str
) -> None:
    tasks = held(mock).tasks
    async with building(tmp_path, client_env, MOMENTS[moment]) as build:
        await mock.daemon.close()
        code, last = await build.end()
    assert (code, last.endswith(GONE)) == (1, True), last
    assert held(mock).tasks <= tasks
