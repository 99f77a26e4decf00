"""Tars that contradict themselves or are broken: Engine 28.5.2's answer on each of their four ways in, and nothing kept of them."""

import json
from collections.abc import Iterator

import pytest

from mockerd import MockDaemon
from tests.hostile.tars import RECORDS, TARS, WAYS, taken
from tests.tars import Engine

RECORDED = json.loads(RECORDS.read_text())


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with MockDaemon.running() as mock:
        found = Engine(mock.socket_path, "mockerd-hostile")
        assert found.ask("POST", "/images/create?fromImage=busybox&tag=latest")[0] == 200
        yield found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TARS)
def test_is_taken_as_the_real_engine_takes_it(engine: Engine, name: str, way: str) -> None:
    assert taken(engine, way, name) == RECORDED[name][way]
    images = json.loads(engine.ask("GET", "/images/json?all=1")[1])
    assert [image["RepoTags"] for image in images] == [["busybox:latest"]]
