"""The answers of real engines, one file a scenario under golden/<engine>-<api>/."""

import json
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).with_name("golden") / "28.5.2-1.51"
"""The reference: Docker Engine 28.5.2 at API 1.51."""


def api_of(folder: Path) -> str:
    """The API version that a golden folder's name ends in."""
    return folder.name.rpartition("-")[2]


def load(folder: Path, scenario: str) -> list[dict[str, Any]] | None:
    """The recorded answers, None if there are none."""
    path = folder / f"{scenario}.json"
    answers: list[dict[str, Any]] | None = json.loads(path.read_text()) if path.exists() else None
    return answers


def save(folder: Path, scenario: str, answers: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / f"{scenario}.json").write_text(text + "\n")
