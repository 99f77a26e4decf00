"""Ways to say which daemon is meant: DOCKER_HOST over TCP, -H, a context, and `mockerd run`."""

import sys

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

pytestmark = pytest.mark.client("docker")


async def test_a_daemon_is_found_over_tcp_and_by_a_context(client_env: dict[str, str]) -> None:
    async with MockDaemon(hosts=["tcp://127.0.0.1:0"]) as mock:
        host = mock.docker_host
        assert host.startswith("tcp://")
        script = ("docker", "run", "--rm", "busybox", "echo", "hello")
        assert await run(*script, **client_env, DOCKER_HOST=host) == "hello\n"
        named = ("docker", "-H", host, "images", "--format", "{{.Repository}}")
        assert await run(*named, **client_env) == "busybox\n"
        await run("docker", "context", "create", "mock", "--docker", f"host={host}", **client_env)
        by_context = ("docker", "--context", "mock", "images", "--format", "{{.Repository}}")
        assert await run(*by_context, **client_env) == "busybox\n"


async def test_a_command_gets_a_daemon_of_its_own(client_env: dict[str, str]) -> None:
    words = (sys.executable, "-m", "mockerd", "run", "--log-level", "error", "--")
    script = 'docker run -d --name box busybox top >/dev/null; docker ps --format "{{.Names}}"'
    assert await run(*words, "sh", "-c", script, **client_env) == "box\n"
    assert (await run(*words, "docker", "ps", "-aq", **client_env)) == ""


async def test_its_exit_code_is_the_commands(client_env: dict[str, str]) -> None:
    words = (sys.executable, "-m", "mockerd", "run", "--log-level", "error", "--")
    code = await run("sh", "-c", '"$@"; echo $?', "sh", *words, "sh", "-c", "exit 7", **client_env)
    assert code == "7\n"
