"""docker save writes the very blobs that Engine 28.5.2 writes, whatever an image's config says or leaves out."""

import json
from collections.abc import Iterator

import pytest

from mockerd import MockDaemon
from tests.behaviour.saved_images import CONFIGS, LAYERS, RECORDS, saved
from tests.tars import Engine

RECORDED = json.loads(RECORDS.read_text())


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with MockDaemon.running() as mock:
        yield Engine(mock.socket_path, "mockerd-saved")


@pytest.mark.parametrize("name", CONFIGS)
def test_saves_what_the_real_engine_saves(engine: Engine, name: str) -> None:
    assert saved(engine, CONFIGS[name]) == RECORDED[name]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (
            {"created": "yesterday"},
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        (
            {"history": [{"created": ""}, {}]},
            'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"',
        ),
        (
            {"created": 5},
            "json: cannot unmarshal number into Go struct field Image.created of type time.Time",
        ),
        ({"history": [{}, {}, {}]}, "too many non-empty layers in History section"),
    ],
)
def test_a_config_that_contradicts_itself_is_not_loaded(
    engine: Engine, config: dict[str, object], why: str
) -> None:
    assert engine.load(*LAYERS, **config) == why
    assert json.loads(engine.ask("GET", "/images/json?all=1")[1]) == []
