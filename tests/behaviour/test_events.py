"""GET /events: the past, the present, and the end. Asked of Engine 28.5.2."""

import asyncio
import json

import pytest

from mockerd import MockDaemon
from tests.behaviour.conftest import Client


async def test_the_head_comes_before_anything_happens(mock: MockDaemon, docker: Client) -> None:
    async with docker.session.get("http://docker/events") as reply:
        assert reply.status == 200
        assert reply.headers["Transfer-Encoding"] == "chunked"
        await docker.post("/volumes/create", {"Name": "v1"})
        event = json.loads(await reply.content.readline())
    assert event["Type"] == "volume"
    assert event["Actor"] == {"ID": "v1", "Attributes": {"driver": "local"}}
    assert event["timeNano"] // 1_000_000_000 == event["time"]
    assert "status" not in event


async def test_containers_and_images_repeat_themselves_for_old_clients(
    mock: MockDaemon, docker: Client
) -> None:
    mock.daemon.events.emit("container", "start", "abc", {"image": "busybox", "name": "c"})
    answer = await docker.get("/events?since=0&until=1")
    assert answer.body == b""
    answer = await docker.get("/events?since=-5&until=-2")
    event = json.loads(answer.body)
    assert list(event) == ["status", "id", "from", "Type", "Action", "Actor", "scope", "time", "timeNano"]  # fmt: skip
    assert (event["status"], event["id"], event["from"]) == ("start", "abc", "busybox")


async def test_lines_are_escaped_for_html(mock: MockDaemon, docker: Client) -> None:
    mock.daemon.events.emit("container", "start", "abc", {"label": "<&>"})
    answer = await docker.get("/events?since=-5&until=-2")
    assert b'{"label":"\\u003c\\u0026\\u003e"}' in answer.body


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("since=abc", (500, 'strconv.ParseInt: parsing "abc": invalid syntax')),
        ("since=10&until=5", (400, "`since` time (10) cannot be after `until` time (5)")),
        ("filters=x", (400, "invalid filter")),
    ],
)
async def test_refuses(docker: Client, query: str, refusal: tuple[int, str]) -> None:
    assert (await docker.get(f"/events?{query}")).refusal == refusal


async def test_any_filter_name_will_do(docker: Client) -> None:
    answer = await docker.ask("GET", '/events?until=1&filters={"nope":["x"]}')
    assert answer.status == 200


async def test_a_client_that_goes_away_is_forgotten(mock: MockDaemon, docker: Client) -> None:
    events = mock.daemon.events
    gone = asyncio.Event()
    async with docker.session.get("http://docker/events") as reply:
        assert events.listener_count == 1
        discard = events._listeners.discard

        class Watched(set):  # type: ignore[type-arg]
            def discard(self, listener: object) -> None:
                discard(listener)
                gone.set()

        events._listeners = Watched(events._listeners)
        reply.close()
    async with asyncio.timeout(5):
        await gone.wait()
