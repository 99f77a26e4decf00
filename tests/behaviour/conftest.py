"""A whole daemon in the test's own loop, and a client that hides nothing."""

from __future__ import annotations

import json as json_module
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp
import pytest

from mockerd import MockDaemon

if TYPE_CHECKING:
    from tests.behaviour.boxes import Boxes


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json_module.loads(self.body)

    @property
    def message(self) -> str:
        return self.json["message"]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and text of an error."""
        return self.status, self.message


class Client:
    """Speaks HTTP to the daemon's socket; a body that is no bytes goes as JSON."""

    def __init__(self, socket: str, version: str = "") -> None:
        self.session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket))
        self.prefix = f"http://docker/v{version}" if version else "http://docker"

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        if body is not None and not isinstance(body, bytes):
            body = json_module.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        url = self.prefix + path
        async with self.session.request(
            method,
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            skip_auto_headers={"Content-Type"},
        ) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())

    async def get(self, path: str, **filters: list[str]) -> Answer:
        """GET, with `filters` in Docker's JSON form if there are any."""
        query = f"?filters={quote(json_module.dumps(filters))}" if filters else ""
        return await self.ask("GET", path + query)

    async def post(self, path: str, body: Any = None) -> Answer:
        return await self.ask("POST", path, body)

    async def delete(self, path: str) -> Answer:
        return await self.ask("DELETE", path)


@pytest.fixture
async def mock() -> AsyncIterator[MockDaemon]:
    """A running daemon in the test's loop."""
    async with MockDaemon(seed=1) as running:
        yield running


@pytest.fixture
async def docker(mock: MockDaemon) -> AsyncIterator[Client]:
    """Asks without a version, so in the newest one."""
    client = Client(mock.socket_path)
    yield client
    await client.session.close()


@pytest.fixture
async def docker_1_24(mock: MockDaemon) -> AsyncIterator[Client]:
    """Asks in the oldest version."""
    client = Client(mock.socket_path, "1.24")
    yield client
    await client.session.close()


@pytest.fixture
async def boxes(docker: Client, mock: MockDaemon) -> Boxes:
    """A daemon that has busybox, and a maker of containers."""
    from tests.behaviour.boxes import Boxes

    pulled = await docker.post("/images/create?fromImage=busybox&tag=latest")
    assert pulled.status == 200
    return Boxes(docker, mock.socket_path)
