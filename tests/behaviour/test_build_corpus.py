"""The classic builder makes of every Dockerfile of the corpus what the real engine's made of it."""

import os
from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.dockerfiles.building import Builder
from tests.dockerfiles.corpus import CLASSIC, Case, cases, recorded

RECORDED = recorded(CLASSIC)


@pytest.fixture
async def builder(mock: MockDaemon) -> AsyncIterator[Builder]:
    found = Builder(mock.socket_path, os.environ)
    await found.prepare()
    yield found
    await found.close()


@pytest.mark.parametrize("case", cases(CLASSIC), ids=lambda case: case.name)
async def test_the_classic_builder_agrees_with_the_real_one(builder: Builder, case: Case) -> None:
    assert await builder.build(CLASSIC, case) == RECORDED[case.name]
