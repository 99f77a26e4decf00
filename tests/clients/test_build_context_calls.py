"""Contexts that are sent again: buildx is told to transfer what the real engine had transferred, and keeps as much."""

from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run
from tests.dockerfiles.calls import Call, calls, outcome, recorded

DOCUMENT = "context_calls"
RECORDED = recorded(DOCUMENT)


@pytest.fixture
async def engine_env(client_env: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """For clients of a daemon that has busybox."""
    async with MockDaemon(seed=1) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "busybox", **env)
        yield env


@pytest.mark.client("docker", "buildx")
@pytest.mark.parametrize("call", calls(DOCUMENT), ids=lambda call: call.name)
async def test_as_much_is_sent_as_with_the_real_engine(
    engine_env: dict[str, str], call: Call
) -> None:
    assert await outcome(call, engine_env) == RECORDED[call.name]
