"""What the real engine answered, mockerd answers."""

import pytest

from conformance.client import Endpoint
from conformance.golden import GOLDEN
from conformance.replay import replay
from conformance.scenario import Scenario, load_all
from mockerd import MockDaemon


@pytest.mark.parametrize("scenario", load_all(), ids=lambda scenario: scenario.name)
async def test_answers_are_those_of_the_real_engine(scenario: Scenario) -> None:
    async with MockDaemon(seed=1) as mock:
        verdict = await replay(Endpoint(mock.docker_host), scenario, GOLDEN, "t")
    assert verdict.differences == []
