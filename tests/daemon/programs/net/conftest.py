"""A network for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.daemon.programs.network import Lan


@pytest.fixture
async def lan() -> AsyncIterator[Lan]:
    async with Lan() as lan:
        yield lan
