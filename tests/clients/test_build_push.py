"""docker buildx build --push: what was built is in the registry, for whoever pulls it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fake_registry.store import Store
from mockerd import MockDaemon
from tests.behaviour.registries import a_registry
from tests.clients.processes import run


@pytest.fixture
async def registry() -> AsyncIterator[str]:
    async with a_registry(Store()) as host:
        yield host


@pytest.mark.client("docker", "buildx")
async def test_another_daemon_pulls_what_was_pushed(
    registry: str, tmp_path: Path, client_env: dict[str, str]
) -> None:
    context, metadata = tmp_path / "context", tmp_path / "metadata.json"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\nLABEL a=b\n")
    names = [f"{registry}/pushed:{tag}" for tag in ("one", "two")]
    tags = [word for name in names for word in ("-t", name)]
    async with MockDaemon(seed=1) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        told = ("--metadata-file", str(metadata))
        await run("docker", "buildx", "build", "--push", *tags, *told, str(context), **env)
    said = json.loads(metadata.read_text())
    assert said["image.name"] == ",".join(names)
    async with MockDaemon(seed=2) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        for name in names:
            await run("docker", "pull", "-q", name, **env)
            id = await run("docker", "inspect", "-f", "{{.Id}}", name, **env)
            assert id.strip() == said["containerimage.config.digest"]
