"""Scripted programs as the real docker CLI meets them."""

from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run


@pytest.mark.client("docker", "buildx")
async def test_a_step_of_a_buildkit_build(client_env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM busybox\nRUN ls\n")
    async with MockDaemon() as mock:
        mock.script(image="busybox", stay=True)
        mock.script(executable="ls", lines=["cannot install"], exit_code=100)
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        with pytest.raises(AssertionError, match=r"(?s)cannot install.*exit code: 100"):
            await run("docker", "build", "--progress=plain", str(tmp_path), **env)


@pytest.mark.client("docker")
async def test_the_child_of_an_init_is_the_main_process(client_env: dict[str, str]) -> None:
    async with MockDaemon() as mock:
        mock.script(image="busybox", lines=["as told"])
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        assert (
            await run("docker", "run", "--init", "busybox", "sleep", "1000", **env) == "as told\n"
        )
