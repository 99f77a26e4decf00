"""GET /containers/{name}/logs: frames, times, periods, tails and followers, as on Engine 28.5.2."""

import asyncio
import re

import pytest

from tests.behaviour.boxes import Boxes, frames

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("", 400, "Bad parameters: you must choose at least one stream"),
        ("?stdout=0&stderr=0", 400, "Bad parameters: you must choose at least one stream"),
        ("?stdout=1&since=x", 500, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ("?stdout=1&until=10m", 500, 'strconv.ParseInt: parsing "10m": invalid syntax'),
    ],
)
async def test_refuses(boxes: Boxes, query: str, status: int, text: str) -> None:
    await boxes.create("true")
    answer = await boxes.docker.get(f"/containers/box/logs{query}")
    assert answer.refusal == (status, text)


async def test_a_container_that_never_ran_has_none(boxes: Boxes) -> None:
    box = await boxes.create("true")
    assert await box.logs() == []


async def test_frames_and_their_type(boxes: Boxes) -> None:
    await boxes.finished("sh", "-c", "echo o; echo e >&2; printf x")
    answer = await boxes.docker.get("/containers/box/logs?stdout=1&stderr=1")
    assert answer.headers["Content-Type"] == "application/vnd.docker.multiplexed-stream"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert sorted(frames(answer.body)) in (
        [(1, "o\n"), (1, "x"), (2, "e\n")],
        [(1, "o\nx"), (2, "e\n")],
    )


async def test_a_terminals_log_is_raw(boxes: Boxes) -> None:
    await boxes.finished("echo", "hi", Tty=True)
    answer = await boxes.docker.get("/containers/box/logs?stdout=1")
    assert answer.headers["Content-Type"] == "application/vnd.docker.raw-stream"
    assert answer.body == b"hi\r\n"


async def test_one_stream_of_the_two(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "echo o; echo e >&2")
    assert await box.logs("stdout=1") == [(1, "o\n")]
    assert await box.logs("stderr=1") == [(2, "e\n")]


@pytest.mark.parametrize(
    ("tail", "lines"), [("1", "3\n"), ("2", "2\n3\n"), ("0", ""), ("all", "1\n2\n3\n"), ("x", "1\n2\n3\n")]
)  # fmt: skip
async def test_a_tail(boxes: Boxes, tail: str, lines: str) -> None:
    box = await boxes.finished("seq", "3")
    assert "".join(text for _, text in await box.logs(f"stdout=1&tail={tail}")) == lines


async def test_times_of_lines(boxes: Boxes) -> None:
    box = await boxes.finished("seq", "2")
    [(_, text)] = await box.logs("stdout=1&timestamps=1")
    assert [STAMP.sub("", line) for line in text.splitlines()] == ["1", "2"]
    assert len(STAMP.findall(text)) == 2


async def test_a_period(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "echo one; sleep 0.02; echo two")
    [(_, text)] = await box.logs("stdout=1&timestamps=1")
    from datetime import datetime

    stamp = text.splitlines()[1].split()[0]
    moment = datetime.fromisoformat(stamp[:26] + "+00:00").timestamp()
    since = f"{int(moment)}.{stamp[20:29]}"
    assert await box.logs(f"stdout=1&since={since}") == [(1, "two\n")]
    before = f"{int(moment)}.{int(stamp[20:29]) - 1:09d}"
    assert await box.logs(f"stdout=1&until={before}") == [(1, "one\n")]


async def test_a_follower_ends_with_the_run(boxes: Boxes) -> None:
    await boxes.run("sh", "-c", "echo one; sleep 0.05; echo two")
    answer = await boxes.docker.get("/containers/box/logs?stdout=1&follow=1")
    assert frames(answer.body) == [(1, "one\ntwo\n")]


async def test_logs_go_on_across_runs(boxes: Boxes) -> None:
    box = await boxes.finished("echo", "hi")
    await box.start()
    await box.wait()
    assert await box.output() == "hi\nhi\n"


async def test_an_unread_follower_holds_nobody_up(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "echo go; yes | head -c 6000000; exit 3")
    reader, writer = await asyncio.open_unix_connection(boxes.socket)
    writer.write(b"GET /containers/box/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n")
    await reader.readuntil(b"go\n")
    assert await box.wait() == 3
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("driver", ["none", "syslog"])
async def test_a_driver_that_cannot_be_read(boxes: Boxes, driver: str) -> None:
    box = await boxes.finished("echo", "hi", HostConfig={"LogConfig": {"Type": driver}})
    answer = await boxes.docker.get("/containers/box/logs?stdout=1")
    assert answer.refusal == (501, "configured logging driver does not support reading")
    assert (await box.inspect())["LogPath"] == ""


async def test_the_local_driver(boxes: Boxes) -> None:
    box = await boxes.finished("echo", "hi", HostConfig={"LogConfig": {"Type": "local"}})
    assert await box.logs() == [(1, "hi\n")]
    assert (await box.inspect())["LogPath"] == ""


async def test_a_log_is_rotated(boxes: Boxes) -> None:
    config = {"Type": "json-file", "Config": {"max-size": "1k", "max-file": "2"}}
    box = await boxes.finished("seq", "1000", HostConfig={"LogConfig": config})
    lines = (await box.output()).splitlines()
    assert lines[-1] == "1000"
    assert len(lines) < 100
