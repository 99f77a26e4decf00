"""Records scenarios on a real engine, replays them on another daemon, and tells what differs."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from conformance import golden
from conformance.client import Endpoint
from conformance.compare import differences
from conformance.runner import ScenarioError, run
from conformance.scenario import Scenario


@dataclass(frozen=True)
class Verdict:
    """What became of one scenario: how many steps it has, and one line for each difference."""

    scenario: str
    steps: int
    differences: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        return not self.differences


async def record(endpoint: Endpoint, scenario: Scenario, folder: Path, token: str) -> Verdict:
    """Ask a real engine and keep its answers; the verdict tells what changed since the last recording."""
    before = golden.load(folder, scenario.name)
    try:
        answers = await run(endpoint, scenario, golden.api_of(folder), token)
    except ScenarioError as error:
        return Verdict(scenario.name, len(scenario.steps), [str(error)])
    golden.save(folder, scenario.name, answers)
    return Verdict(scenario.name, len(answers), list(_lines(before or [], answers)))


async def replay(endpoint: Endpoint, scenario: Scenario, folder: Path, token: str) -> Verdict:
    """Ask the daemon under test and compare with what the real engine said."""
    expected = golden.load(folder, scenario.name)
    if expected is None:
        return Verdict(scenario.name, len(scenario.steps), ["never recorded"])
    try:
        answers = await run(endpoint, scenario, golden.api_of(folder), token)
    except ScenarioError as error:
        return Verdict(scenario.name, len(expected), [str(error)])
    return Verdict(scenario.name, len(expected), list(_lines(expected, answers)))


async def replay_all(
    endpoint: Endpoint, scenarios: Iterable[Scenario], folder: Path, token: str
) -> AsyncIterator[Verdict]:
    for scenario in scenarios:
        yield await replay(endpoint, scenario, folder, token)


def _lines(expected: list[dict[str, object]], answers: list[dict[str, object]]) -> Iterable[str]:
    by_name = {str(answer["step"]): answer for answer in answers}
    for answer in expected:
        name = str(answer["step"])
        for line in differences(answer, by_name.pop(name, None)):
            yield f"{name}: {line}"
    for name in by_name:
        yield f"{name}: not recorded"
