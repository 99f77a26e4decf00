"""Builds with an SSH agent get from mockerd what they got from the real engine, call by call."""

from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run
from tests.dockerfiles.calls import Call, calls, outcome, recorded

pytestmark = pytest.mark.client("docker", "buildx", "compose", "openssh")

RECORDED = recorded("ssh_calls")
IMAGE = "openssh-client"
INSTALLED = (
    "FROM debian:12\nRUN apt-get update && apt-get install -y openssh-client\nRUN rm -rf /run/*\n"
)


@pytest.fixture
async def engine_env(client_env: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """For clients of a daemon that has an image with ssh-add."""
    async with MockDaemon(seed=1) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "debian:12", **env)
        dockerfile = f"echo '{INSTALLED}' | docker build -q -t {IMAGE} -"
        await run("sh", "-c", dockerfile, **env)
        yield env


@pytest.mark.parametrize("call", calls("ssh_calls"), ids=lambda call: call.name)
async def test_a_call_ends_as_with_the_real_engine(engine_env: dict[str, str], call: Call) -> None:
    assert await outcome(call, engine_env) == RECORDED[call.name]
