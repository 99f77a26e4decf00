"""The real buildx gets from mockerd, for every Dockerfile of the corpus, what it got from the real engine."""

from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.dockerfiles.building import Builder
from tests.dockerfiles.corpus import BUILDKIT, Case, cases, recorded

RECORDED = recorded(BUILDKIT)


@pytest.fixture
async def builder(client_env: dict[str, str]) -> AsyncIterator[Builder]:
    async with MockDaemon(seed=1) as mock:
        found = Builder(mock.socket_path, client_env)
        await found.prepare()
        yield found
        await found.close()


@pytest.mark.client("docker", "buildx")
@pytest.mark.parametrize("case", cases(BUILDKIT), ids=lambda case: case.name)
async def test_buildx_gets_what_the_real_engine_gave(builder: Builder, case: Case) -> None:
    assert await builder.build(BUILDKIT, case) == RECORDED[case.name]
