"""Scenarios run against a small server of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from conformance.client import Endpoint
from conformance.runner import ScenarioError, run
from conformance.scenario import Scenario

Serve = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(folder: Path, serve: Serve) -> AsyncIterator[Endpoint]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await serve(head.split("\r\n")[0].rpartition(" ")[0], reader, writer)
        writer.close()

    listener = await asyncio.start_unix_server(connected, folder / "s")
    async with listener:
        yield Endpoint(f"unix://{folder / 's'}")


def json_reply(text: str) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    ).encode()


def scenario(*steps: dict, cleanup: tuple[str, ...] = ()) -> Scenario:
    return Scenario.model_validate(
        {"name": "x", "about": "", "step": list(steps), "cleanup": list(cleanup)}
    )


class Daemon:
    """Answers `replies` in turn for each request line, the last one for ever; remembers what was asked."""

    def __init__(self, **replies: list[bytes]) -> None:
        self.replies = {line.replace("_", " /"): queue for line, queue in replies.items()}
        self.asked: list[str] = []

    async def __call__(
        self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.asked.append(line)
        if line == "GET /info":
            writer.write(json_reply('{"DockerRootDir": "/var/lib/docker"}'))
            return
        queue = self.replies[line.replace("/v1.51", "")]
        writer.write(queue.pop(0) if len(queue) > 1 else queue[0])
        if b"101" in queue[0]:
            writer.write(await reader.read())


async def test_captured_values_are_used_later_and_named_in_the_answers(tmp_path: Path) -> None:
    daemon = Daemon(POST_made=[json_reply('{"Id": "abc"}')], GET_abc=[json_reply('{"Id": "abc"}')])
    steps = (
        {"name": "make", "request": "POST /made", "capture": {"id": "Id"}},
        {"name": "look", "request": "GET /{id}"},
    )
    async with server(tmp_path, daemon) as endpoint:
        answers = await run(endpoint, scenario(*steps), "1.51", "t")
    assert [a["json"] for a in answers] == [{"Id": "{id}"}, {"Id": "{id}"}]


async def test_until_asks_again(tmp_path: Path) -> None:
    daemon = Daemon(GET_state=[json_reply('{"Up": false}'), json_reply('{"Up": true}')])
    step = {"name": "wait", "request": "GET /state", "until": {"Up": True}}
    async with server(tmp_path, daemon) as endpoint:
        answers = await run(endpoint, scenario(step), "1.51", "t")
    assert answers[0]["json"] == {"Up": True}


async def test_a_hijacked_stream_gets_what_is_sent_and_the_half_close(tmp_path: Path) -> None:
    head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    step = {
        "name": "cat",
        "request": "POST /cat",
        "upgrade": True,
        "send": ["abc\n", "def\n"],
        "half_close": True,
        "decode": "raw",
    }
    async with server(tmp_path, Daemon(POST_cat=[head])) as endpoint:
        answers = await run(endpoint, scenario(step), "1.51", "t")
    assert (answers[0]["status"], answers[0]["raw"]) == (101, "abc\ndef\n")


async def test_what_fails_is_named_and_cleaned_up(tmp_path: Path) -> None:
    daemon = Daemon(POST_made=[json_reply("{}")], DELETE_made=[json_reply("{}")])
    steps = {"name": "make", "request": "POST /made", "capture": {"id": "Id"}}
    async with server(tmp_path, daemon) as endpoint:
        with pytest.raises(ScenarioError, match="step 'make'"):
            await run(endpoint, scenario(steps, cleanup=("DELETE /made",)), "1.51", "t")
    assert daemon.asked[-1] == "DELETE /made"
