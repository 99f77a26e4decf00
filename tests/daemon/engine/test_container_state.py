"""The whole matrix, state by trigger, so that no pair is left to chance."""

import itertools
from pathlib import Path

import pytest

from daemon.engine.container_state import REFUSALS, TRANSITIONS, State, Trigger, advance
from daemon.errors import DockerError

MATRIX = Path(__file__).with_name("container_state.matrix.txt")


def outcome(state: State, trigger: Trigger) -> str:
    try:
        return f"-> {advance(state, trigger, id='ID', name='NAME').value}"
    except DockerError as exc:
        return f"{type(exc).__name__}: {exc}"
    except AssertionError:
        return "(cannot happen)"


def test_every_state_and_trigger(request: pytest.FixtureRequest) -> None:
    rows = [
        f"{state.value:<11} {trigger.value:<24} {outcome(state, trigger)}"
        for state, trigger in itertools.product(State, Trigger)
    ]
    got = "\n".join(rows) + "\n"
    if request.config.getoption("--update-golden"):
        MATRIX.write_text(got)
    assert got == MATRIX.read_text()


def test_every_trigger_has_its_row() -> None:
    assert set(TRANSITIONS) == set(Trigger)


def test_every_request_has_a_default_refusal() -> None:
    assert all(None in rows for rows in REFUSALS.values())
