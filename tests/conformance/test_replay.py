"""What the real engine answered, mockerd answers."""

import pytest

from conformance.client import Endpoint
from conformance.golden import GOLDEN
from conformance.replay import replay
from conformance.scenario import Scenario, load_all
from mockerd import MockDaemon

STILL_DIFFERENT = {
    "attach-tty": "stty",
    "exec-tty": "stty",
    "system-df": "disk usage",
    "container-missing": "kill's own prefix before the refusal",
    "container-start-fails": "a network's id is not given back after a start that failed",
    "exec-refused": "an empty body; resize of an exec that has ended",
    "image-refused": "import without a source",
    "network-modes": "a container that joins another one's network shares its hosts and resolv.conf",
    "network-refused": "the paths of hosts and resolv.conf after a start that failed",
    "ports": "the paths of hosts and resolv.conf after a start that failed",
}
"""Scenarios that are known to differ. The list may only get shorter."""


@pytest.mark.parametrize("scenario", load_all(), ids=lambda scenario: scenario.name)
async def test_answers_are_those_of_the_real_engine(scenario: Scenario) -> None:
    async with MockDaemon(seed=1) as mock:
        verdict = await replay(Endpoint(mock.docker_host), scenario, GOLDEN, "t")
    if verdict.differences and scenario.name in STILL_DIFFERENT:
        pytest.xfail(STILL_DIFFERENT[scenario.name])
    assert verdict.differences == []
