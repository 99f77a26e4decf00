"""docker build, bake and compose do with git repositories what they did with the real engine, call by call."""

from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run
from tests.dockerfiles.calls import Call, calls, recorded
from tests.dockerfiles.git_calls import git_outcome

RECORDED = recorded("git_calls")


@pytest.fixture
async def engine_env(client_env: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """For clients of a daemon that has busybox."""
    async with MockDaemon(seed=1) as mock:
        env = {**client_env, "DOCKER_HOST": mock.docker_host}
        await run("docker", "pull", "-q", "busybox", **env)
        yield env


@pytest.mark.client("docker", "buildx", "compose", "git")
@pytest.mark.parametrize("call", calls("git_calls"), ids=lambda call: call.name)
async def test_a_call_ends_as_with_the_real_engine(engine_env: dict[str, str], call: Call) -> None:
    assert await git_outcome(call, engine_env) == RECORDED[call.name]
