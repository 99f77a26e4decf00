"""Scenario files say what they mean, or are refused."""

import pytest
from pydantic import ValidationError

from conformance.scenario import Scenario, fill, load_all


def scenario(*steps: dict) -> Scenario:
    return Scenario.model_validate({"name": "x", "about": "", "step": list(steps)})


def test_every_scenario_can_be_read_and_cleans_up_what_it_creates() -> None:
    for found in load_all():
        creates = [s for s in found.steps if "/create?name=" in s.request and "{name}" in s.request]
        assert not creates or found.cleanup, found.name


def test_a_misspelt_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        scenario({"name": "a", "request": "GET /_ping", "untill": {}})


def test_a_join_needs_a_step_of_that_name() -> None:
    with pytest.raises(ValidationError, match="joins an unknown"):
        scenario({"name": "a", "join": "nosuch"})


def test_two_steps_of_one_name_are_refused() -> None:
    ping = {"name": "a", "request": "GET /_ping"}
    with pytest.raises(ValidationError, match="same name"):
        scenario(ping, ping)


def test_variables_are_filled_in_whole_and_short_and_other_braces_stay() -> None:
    filled = fill({"{id}": ["{id:12}", "{unknown} {'a': 1}"]}, {"id": "0123456789abcdef"})
    assert filled == {"0123456789abcdef": ["0123456789ab", "{unknown} {'a': 1}"]}
