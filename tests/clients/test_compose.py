"""Whole applications by docker compose: they come up in order, their services talk, and they go down."""

import pytest

from tests.clients.applications import Application
from tests.clients.applications import app as app

pytestmark = pytest.mark.client("docker", "compose")


@pytest.mark.application("web-and-cache")
async def test_a_proxy_a_page_and_a_cache(app: Application) -> None:
    await app("up", "-d", "--wait")
    assert await app.states() == dict.fromkeys(("proxy", "page", "cache"), "running")
    assert await app.page("proxy", 80) == "served by page\n"
    assert await app("exec", "-T", "cache", "redis-cli", "ping") == "PONG\n"
    through = await app("run", "--rm", "-T", "page", "wget", "-qO-", "http://proxy/")
    assert through == "served by page\n"
    assert "GET / HTTP/1.1" in await app("logs", "proxy")
    await app("down")
    assert await app("ps", "-aq") == ""


@pytest.mark.application("gated-database")
async def test_an_application_waits_for_its_database(app: Application) -> None:
    await app("up", "-d", "--wait")
    assert await app.states() == {"application": "running", "database": "running"}
    await app.until("connected", "logs", "-f", "--no-log-prefix", "application")
    await app("restart", "-t", "1", "database")
    await app.until("appears to contain a database", "logs", "-f", "database")


@pytest.mark.application("batch-first")
async def test_a_batch_job_comes_first(app: Application) -> None:
    await app("up", "-d")
    assert await app.states() == {"batch": "exited", "server": "running"}
    page = await app("exec", "-T", "server", "wget", "-qO-", "http://localhost:8080/")
    assert page == "prepared\n"
    await app("--profile", "many", "up", "-d", "--scale", "scaled=3")
    assert len((await app("--profile", "many", "ps", "-q", "scaled")).split()) == 3
