"""Many streams at once, and clients that vanish: nothing is lost, and nothing is left behind."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client
from tests.behaviour.leftovers import held, until_only
from tests.behaviour.strangers import Stranger

FOLLOWERS = 1000


@pytest.fixture
async def ticking(docker: Client) -> str:
    """A container that says something when it is told to."""
    await docker.post("/images/create?fromImage=busybox&tag=latest")
    body = {"Image": "busybox", "Cmd": ["cat"], "OpenStdin": True}
    await docker.post("/containers/create?name=ticking", body)
    await docker.post("/containers/ticking/start")
    return "ticking"


@pytest.fixture
async def quiet(mock: MockDaemon, docker: Client, ticking: str) -> AsyncIterator[None]:
    """The test must end with no more tasks, listeners and open files than it began with."""
    await docker.get("/_ping")
    before = held(mock)
    yield
    await until_only(mock, before)


async def say(mock: MockDaemon, text: bytes) -> None:
    writer = await Stranger.follow(mock, "POST /containers/ticking/attach?stream=1&stdin=1")
    writer.writer.write(text)
    writer.writer.write_eof()
    await writer.reader.read()
    writer.writer.close()


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /containers/ticking/logs?follow=1&stdout=1&tail=0",
        "POST /containers/ticking/attach?stream=1&stdout=1",
    ],
)
async def test_every_one_of_a_thousand_gets_every_line(
    mock: MockDaemon, quiet: None, request_line: str
) -> None:
    followers = await asyncio.gather(
        *(Stranger.follow(mock, request_line) for _ in range(FOLLOWERS))
    )
    await say(mock, b"one\ntwo\n")
    async with asyncio.timeout(20):
        for follower in followers:
            got = b""
            while b"two\n" not in got:
                got += await follower.reader.read(1000)
            assert got.index(b"one\n") < got.index(b"two\n")
    for follower in followers:
        follower.vanish()
    # Who only listens to an attach is missed when there is something to tell, as with dockerd.
    await say(mock, b"anybody?\n")


async def test_every_listener_hears_every_event_and_is_forgotten(
    mock: MockDaemon, docker: Client, quiet: None
) -> None:
    listeners = await asyncio.gather(
        *(Stranger.follow(mock, "GET /events") for _ in range(FOLLOWERS))
    )
    assert mock.daemon.events.listener_count == FOLLOWERS
    await docker.post("/volumes/create", {"Name": "v1"})
    async with asyncio.timeout(20):
        for listener in listeners:
            await listener.reader.readuntil(b'"ID":"v1"')
    for listener in listeners:
        listener.vanish()
