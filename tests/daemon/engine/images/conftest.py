"""An image service with Docker Hub behind it, without a daemon."""

import tempfile
from collections.abc import AsyncIterator

import pytest

from daemon.clock import Clock
from daemon.engine.images.service import Images, parse_reference
from daemon.engine.registries import Registries
from daemon.engine.registry_client import RegistryAuth
from daemon.fs.layers import LayerStore

NOBODY = RegistryAuth()


class Told:
    """Stands in for the event log."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, str]]] = []

    def emit(self, type: str, action: str, id: str, attributes: dict[str, str]) -> None:
        assert type == "image"
        self.events.append((action, id, attributes))


class Service(Images):
    """With shortcuts that tests like."""

    told: Told

    async def pulled(self, name: str, platform=None) -> list[dict]:
        messages = self.pull(parse_reference(name), platform, NOBODY)
        return [message async for message in messages]

    async def image(self, name: str):
        await self.pulled(name)
        return self.resolve(name)


@pytest.fixture
async def images() -> AsyncIterator[Service]:
    clock = Clock()
    told = Told()
    # The socket's path must fit in 104 bytes, which pytest's own folders do not promise.
    with tempfile.TemporaryDirectory() as folder:
        registries = Registries(lambda: folder)
        service = Service(LayerStore(clock.now), clock, told, registries)
        service.told = told
        yield service
        await service.close()
