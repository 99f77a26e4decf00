"""docker-compose 1.29, which many machines still have: up, ps, logs, exec, port, down."""

from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.clients.present import find_client
from tests.clients.processes import run

pytestmark = pytest.mark.client("docker", "compose-v1")

FILE = """
version: "3.7"
services:
  web:
    image: httpd
    ports: ["127.0.0.1::80"]
    depends_on: [base]
  base:
    image: busybox
    command: sh -c 'echo ready; exec sleep 1000'
    init: true
"""


async def test_an_application_comes_and_goes(tmp_path: Path, client_env: dict[str, str]) -> None:
    (tmp_path / "docker-compose.yml").write_text(FILE)
    program = find_client("compose-v1")
    assert program is not None
    async with MockDaemon() as mock:
        client_env |= {"DOCKER_HOST": mock.docker_host}

        async def compose(*words: str) -> str:
            return await run(program, "--project-directory", str(tmp_path), "-p", "old", "-f", str(tmp_path / "docker-compose.yml"), *words, **client_env)  # fmt: skip

        await compose("up", "-d")
        shown = await compose("ps")
        assert [line.split()[0] for line in shown.splitlines()[2:]] == ["old_base_1", "old_web_1"]
        assert shown.count(" Up ") == 2
        assert "ready" in await compose("logs", "--no-color", "base")
        assert "index.html" in await compose("exec", "-T", "web", "ls", "htdocs")
        assert (await compose("port", "web", "80")).startswith("127.0.0.1:")
        await compose("down", "-t", "1")
        assert await run("docker", "ps", "-aq", **client_env) == ""
        assert "old_default" not in await run("docker", "network", "ls", **client_env)
