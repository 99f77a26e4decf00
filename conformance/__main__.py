"""The command: `python -m conformance record|replay|diff|report --host unix:///path [WORDS...]`.

record asks a real engine and writes golden files; replay asks the daemon under test and fails if it differs; diff does
the same and shows every difference; report counts, scenario by scenario. WORDS pick scenarios by parts of their names.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from conformance import golden
from conformance.client import Endpoint
from conformance.replay import Verdict, record, replay_all
from conformance.scenario import Scenario, load_all

SHOWN = 3


def main() -> int:
    """Run one verb; exit 1 if something differs (record: never)."""
    arguments = _arguments()
    scenarios = load_all(only=arguments.words)
    verdicts = asyncio.run(_show(_verdicts(arguments, scenarios), arguments.verb))
    different = [verdict for verdict in verdicts if not verdict.same]
    _say(f"{len(verdicts) - len(different)} of {len(verdicts)} scenarios the same")
    return 1 if different and arguments.verb != "record" else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("verb", choices=["record", "replay", "diff", "report"])
    parser.add_argument("--host", default=os.environ.get("DOCKER_HOST"), help="unix:// or tcp://")
    parser.add_argument("--golden", type=Path, default=golden.GOLDEN, help="folder of answers")
    parser.add_argument("words", nargs="*", help="only scenarios whose name contains one of these")
    arguments = parser.parse_args()
    if not arguments.host:
        parser.error("--host or DOCKER_HOST is needed")
    return arguments


async def _verdicts(
    arguments: argparse.Namespace, scenarios: list[Scenario]
) -> AsyncIterator[Verdict]:
    endpoint, token = Endpoint(arguments.host), f"{os.getpid():x}"
    if arguments.verb != "record":
        async for verdict in replay_all(endpoint, scenarios, arguments.golden, token):
            yield verdict
        return
    for scenario in scenarios:
        yield await record(endpoint, scenario, arguments.golden, token)


async def _show(verdicts: AsyncIterator[Verdict], verb: str) -> list[Verdict]:
    seen = []
    async for verdict in verdicts:
        seen.append(verdict)
        word = "same" if verdict.same else f"{len(verdict.differences)} differences"
        _say(f"{verdict.scenario}: {verdict.steps} steps, {word}")
        if verb == "report":
            continue
        shown = verdict.differences if verb == "diff" else verdict.differences[:SHOWN]
        for line in shown:
            _say(f"  {line}")
    return seen


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
