"""A registry behind aiohttp's test client."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer

from fake_registry.app import create_app
from fake_registry.registry import Registry
from fake_registry.store import Store

Start = Callable[..., Awaitable[TestClient]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """`await start(read_only=True)`: a client of a new registry with these policies."""
    clients: list[TestClient] = []

    async def begin(store: Store | None = None, **policies) -> TestClient:
        client = TestClient(TestServer(create_app(Registry(store or Store(), **policies))))
        await client.start_server()
        clients.append(client)
        return client

    yield begin
    for client in clients:
        await client.close()


@pytest.fixture
async def client(start: Start) -> TestClient:
    return await start()
