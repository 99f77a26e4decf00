"""Whole applications by docker compose: up, what runs, what it answers, down."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mockerd import MockDaemon
from tests.clients.processes import run

pytestmark = pytest.mark.client("docker", "compose")

APPLICATIONS = Path(__file__).parent / "compose"
Compose = Callable[..., Awaitable[str]]


@pytest.fixture
async def compose(
    client_env: dict[str, str], request: pytest.FixtureRequest
) -> AsyncIterator[Compose]:
    """`compose("up", "-d")` in the folder that the test's application mark names."""
    folder = APPLICATIONS / request.node.get_closest_marker("application").args[0]
    async with MockDaemon() as mock:
        client_env["DOCKER_HOST"] = mock.docker_host

        async def call(*words: str) -> str:
            file = str(folder / "compose.yaml")
            return await run("docker", "compose", "-p", "app", "-f", file, *words, **client_env)

        yield call


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return str(reply.read().decode())


async def states(compose: Compose) -> dict[str, str]:
    lines = (await compose("ps", "-a", "--format", "json")).splitlines()
    return {row["Service"]: row["State"] for row in map(json.loads, lines)}


@pytest.mark.application("web-and-cache")
async def test_a_proxy_a_page_and_a_cache(compose: Compose) -> None:
    await compose("up", "-d", "--wait")
    assert set((await states(compose)).values()) == {"running"}
    address = (await compose("port", "proxy", "80")).strip()
    assert await asyncio.to_thread(fetch, f"http://{address}/") == "served by page\n"
    assert await compose("exec", "-T", "cache", "redis-cli", "ping") == "PONG\n"
    assert (
        await compose("run", "--rm", "-T", "page", "wget", "-qO-", "http://proxy/")
        == "served by page\n"
    )
    assert "GET / HTTP/1.1" in await compose("logs", "proxy")
    await compose("down")
    assert await compose("ps", "-aq") == ""


@pytest.mark.application("gated-database")
async def test_an_application_waits_for_its_database(compose: Compose) -> None:
    await compose("up", "-d", "--wait")
    assert await states(compose) == {"application": "running", "database": "running"}
    assert "connected" in await compose("logs", "--no-log-prefix", "application")
    await compose("restart", "-t", "1", "database")
    assert "appears to contain a database" in await compose("logs", "database")
    await compose("down", "-v", "-t", "1")


@pytest.mark.application("batch-first")
async def test_a_batch_job_comes_first(compose: Compose) -> None:
    await compose("up", "-d")
    assert await states(compose) == {"batch": "exited", "server": "running"}
    page = await compose("exec", "-T", "server", "wget", "-qO-", "http://localhost:8080/")
    assert page == "prepared\n"
    await compose("--profile", "many", "up", "-d", "--scale", "scaled=3")
    assert len((await compose("--profile", "many", "ps", "-q", "scaled")).split()) == 3
    await compose("--profile", "many", "down", "-t", "0", "-v")
