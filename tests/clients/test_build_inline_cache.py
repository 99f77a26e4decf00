"""An image brings the cache of its build along: another daemon takes the steps from it, and so the same image."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fake_registry.store import Store
from mockerd import MockDaemon
from tests.behaviour.registries import a_registry
from tests.clients.processes import run

DOCKERFILE = "FROM busybox\nRUN echo one > /one\nENV X=1\nCOPY f /f\nRUN echo two > /two\n"


@pytest.fixture
async def registry() -> AsyncIterator[str]:
    async with a_registry(Store()) as host:
        yield host


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "f").write_text("f\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


async def pushed(name: str, context: Path, env: dict[str, str]) -> str:
    """Built with its cache on a daemon of its own, pushed, and gone: its id."""
    async with MockDaemon(seed=1) as mock:
        there = {**env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "busybox", **there)
        arguments = ("--build-arg", "BUILDKIT_INLINE_CACHE=1", "-t", name, str(context))
        id = await run("docker", "build", "-q", *arguments, **there)
        await run("docker", "push", "-q", name, **there)
        return id


async def built(context: Path, env: dict[str, str], *words: str) -> list[str]:
    words = ("docker", "build", "--progress", "plain", *words, str(context))
    return (await run("sh", "-c", '"$@" 2>&1', "sh", *words, **env)).splitlines()


@pytest.mark.client("docker", "buildx")
async def test_all_steps_come_from_an_image(
    registry: str, context: Path, client_env: dict[str, str]
) -> None:
    name = f"{registry}/cached:1"
    id = await pushed(name, context, client_env)
    async with MockDaemon(seed=2) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "busybox", **env)
        inline = ("--build-arg", "BUILDKIT_INLINE_CACHE=1")
        lines = await built(context, env, "--cache-from", name, *inline, "-t", "again")
        assert await run("docker", "inspect", "-f", "{{.Id}}", "again", **env) == id
        text = await run("docker", "run", "--rm", "again", "cat", "/one", "/f", "/two", **env)
    media_type = "application/vnd.docker.distribution.manifest.v2+json"
    assert any(line.endswith(f"inferred cache manifest type: {media_type} done") for line in lines)
    assert sum(line.endswith(" CACHED") for line in lines) == 3
    assert text == "one\nf\ntwo\n"


@pytest.mark.client("docker", "buildx")
async def test_what_changed_is_made_anew_from_there_on(
    registry: str, context: Path, client_env: dict[str, str]
) -> None:
    name = f"{registry}/cached:1"
    await pushed(name, context, client_env)
    (context / "f").write_text("changed\n")
    async with MockDaemon(seed=2) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "busybox", **env)
        lines = await built(context, env, "--cache-from", name, "-t", "again")
        text = await run("docker", "run", "--rm", "again", "cat", "/one", "/f", "/two", **env)
    assert sum(line.endswith(" CACHED") for line in lines) == 1
    assert text == "one\nchanged\ntwo\n"


@pytest.mark.client("docker", "buildx")
async def test_an_image_without_a_cache_gives_none(
    registry: str, context: Path, client_env: dict[str, str]
) -> None:
    async with MockDaemon(seed=2) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "busybox", **env)
        await run("docker", "tag", "busybox", f"{registry}/plain", **env)
        await run("docker", "push", "-q", f"{registry}/plain", **env)
        await run("docker", "rmi", f"{registry}/plain", **env)
        lines = await built(context, env, "--cache-from", f"{registry}/plain")
    assert not any(line.endswith(" CACHED") for line in lines)
