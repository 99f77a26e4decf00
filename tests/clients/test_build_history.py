"""docker buildx history and du, told by the real buildx about builds on mockerd."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run
from tests.dockerfiles.building import Builder

pytestmark = pytest.mark.client("docker", "buildx")


@pytest.fixture
async def builder(client_env: dict[str, str]) -> AsyncIterator[Builder]:
    async with MockDaemon(seed=1) as mock:
        found = Builder(mock.socket_path, client_env)
        await found.prepare()
        yield found
        await found.close()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN echo told\nRUN exit 4\n")
    return tmp_path


async def test_a_failed_build_is_remembered_with_its_line(builder: Builder, context: Path) -> None:
    code, _ = await builder.run(["docker", "buildx", "build", str(context)])
    inspected = await run("docker", "buildx", "history", "inspect", **builder.env)
    assert code == 1
    assert "did not complete successfully: exit code: 4" in inspected
    assert "   3 | >>> RUN exit 4" in inspected


async def test_a_failed_step_is_remembered_with_what_it_said(
    builder: Builder, context: Path
) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nRUN echo last words; exit 4\n")
    await builder.run(["docker", "buildx", "build", str(context)])
    inspected = await run("docker", "buildx", "history", "inspect", **builder.env)
    assert "Logs:\n> => [2/2] RUN echo last words; exit 4:\n> last words\n" in inspected


async def test_a_mistake_that_the_client_returned_is_remembered_with_its_line(
    builder: Builder, context: Path
) -> None:
    (context / "Dockerfile").write_text("FROM busybox\nFORM x\n")
    await builder.run(["docker", "buildx", "build", str(context)])
    inspected = await run("docker", "buildx", "history", "inspect", **builder.env)
    assert "   2 | >>> FORM x" in inspected


async def test_logs_are_replayed(builder: Builder, context: Path) -> None:
    await builder.run(["docker", "buildx", "build", str(context)])
    _, logs = await builder.run(["docker", "buildx", "history", "logs", "--progress=plain"])
    assert "told" in logs


async def test_a_removed_build_is_forgotten(builder: Builder, context: Path) -> None:
    await builder.run(["docker", "buildx", "build", str(context)])
    await run("docker", "buildx", "history", "rm", "--all", **builder.env)
    (heading,) = (await run("docker", "buildx", "history", "ls", **builder.env)).splitlines()
    assert heading.startswith("BUILD ID")


async def test_pruning_everything_leaves_nothing(builder: Builder, context: Path) -> None:
    await builder.run(["docker", "buildx", "build", str(context)])
    before = await run("docker", "buildx", "du", "--verbose", **builder.env)
    await run("docker", "builder", "prune", "-af", **builder.env)
    after = await run("docker", "buildx", "du", **builder.env)
    assert "mount / from exec /bin/sh -c echo told" in before
    assert after.splitlines()[-1] == "Total:\t\t0B"
