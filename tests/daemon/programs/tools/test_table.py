"""The tools answer what real ones answered: stdout, exit code and complaint of every recorded command."""

import json
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from daemon.programs.tools.table import PROGRAMS

CASES = Path(__file__).parent / "cases"


def recorded() -> list[pytest.param]:
    rows = []
    for path in sorted(CASES.glob("*.json")):
        for number, case in enumerate(json.loads(path.read_text()), start=1):
            shown = " ;; ".join(" ".join(argv) for argv in case["commands"])
            name = (
                f"{path.stem}-{number}-{case['flavour']}-{shown.encode('unicode_escape').decode()}"
            )
            rows.append(pytest.param(case, id=name))
    return rows


@pytest.mark.parametrize("case", recorded())
async def test_answers_as_recorded(case: dict, make_box: Callable) -> None:
    box = make_box(case["flavour"])
    box.write({name: text.encode("latin-1") for name, text in case["files"].items()})
    for argv, wanted in zip(case["commands"], case["results"], strict=True):
        result = await box.run(*argv, stdin=case["stdin"].encode("latin-1"))
        seen = {
            "stdout": result.stdout.decode("latin-1"),
            "complaint": result.stderr.decode("latin-1").partition("\n")[0],
            "code": result.code,
        }
        assert comparable(argv, seen) == comparable(argv, wanted)


@pytest.mark.parametrize("row", sorted(set(PROGRAMS.values())))
def test_every_row_names_a_function(row: str) -> None:
    module, _, function = row.partition(":")
    assert callable(getattr(import_module(module), function))


def comparable(argv: list[str], answer: dict) -> dict:
    """Without what is no claim of ours: the build's version over a usage text, the order of names in a folder."""
    answer = dict(answer)
    if "multi-call binary" in answer["complaint"]:
        answer["complaint"] = "usage"
    if argv[0] in ("find", "tar") or (
        argv[0] == "grep" and any(re.match("-[a-z]*r", a) for a in argv)
    ):
        answer["stdout"] = sorted(re.split("[\n\0]", answer["stdout"]))
    return answer
