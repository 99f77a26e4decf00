"""Some hundred shell lines answer as the real shells do: output, messages and exit codes (recorded by record.py)."""

import json
from pathlib import Path

import pytest

from tests.daemon.programs.shell.box import Box

ROWS = json.loads((Path(__file__).parent / "lines" / "recorded.json").read_text())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['flavour']}: {row['script'][:60]!r}")
async def test_answers_as_the_real_shell(row: dict[str, object]) -> None:
    box = Box(folder="/work")
    try:
        answer = await box.shell(str(row["flavour"]), str(row["script"]))
    finally:
        await box.close()
    assert answer == (row["stdout"], row["stderr"], row["code"])


def test_the_table_is_as_long_as_promised() -> None:
    assert len(ROWS) >= 400
