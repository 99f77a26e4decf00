"""Digests of operations, as the provenance of builds on Engine 28.5.2 has them (llb_digests.json)."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.engine.build.llb_encoding import digest, encode

RECORDED: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("llb_digests.json").read_text()
)


@pytest.mark.parametrize("expected", RECORDED)
def test_an_operation_has_the_digest_that_buildkit_gives_it(expected: str) -> None:
    recorded = RECORDED[expected]
    assert digest(recorded["op"], recorded["inputs"]) == expected


def test_a_zero_is_left_out_unless_it_is_a_choice() -> None:
    assert encode("Action", {"input": 0, "output": -1}) == b"\x18" + b"\xff" * 9 + b"\x01"
    assert encode("Who", {"User": {}}) == b"\x10\x00"
