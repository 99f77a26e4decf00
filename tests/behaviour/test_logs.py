"""GET /containers/{name}/logs: frames, times, periods, tails and followers, as on Engine 28.5.2."""

import asyncio
import re
from collections.abc import Sequence

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


async def test_a_driver_that_cannot_be_read(boxes: Boxes) -> None:
    box = await boxes.finished("echo", "hi", HostConfig={"LogConfig": {"Type": "none"}})
    answer = await boxes.docker.get("/containers/box/logs?stdout=1")
    assert answer.refusal == (501, "configured logging driver does not support reading")
    assert (await box.inspect())["LogPath"] == ""


GELF = {"gelf-address": "udp://127.0.0.1:9"}


@pytest.mark.parametrize(("driver", "options"), [("syslog", {}), ("gelf", GELF)])
async def test_what_is_sent_elsewhere_is_read_from_a_copy(
    boxes: Boxes, driver: str, options: dict[str, str]
) -> None:
    config = {"LogConfig": {"Type": driver, "Config": options}}
    box = await boxes.finished("echo", "hi", HostConfig=config)
    assert await box.logs() == [(1, "hi\n")]
    assert (await box.inspect())["LogPath"] == ""


async def test_without_the_copy_it_cannot_be_read(boxes: Boxes) -> None:
    config = {"LogConfig": {"Type": "gelf", "Config": {**GELF, "cache-disabled": "true"}}}
    await boxes.finished("echo", "hi", HostConfig=config)
    answer = await boxes.docker.get("/containers/box/logs?stdout=1")
    assert answer.refusal == (501, "configured logging driver does not support reading")


UNOPENED = "failed to create task for container: failed to initialize logging driver: "


@pytest.mark.parametrize(
    ("driver", "options", "status", "text"),
    [
        ("json-file", {"max-size": "abc"}, 500, "invalid size: 'abc'"),
        ("json-file", {"max-size": "-5k"}, 500, "invalid size: '-5k'"),
        ("json-file", {"max-size": "1x"}, 500, "invalid suffix: 'x'"),
        ("json-file", {"max-size": " 1k"}, 500, 'strconv.ParseFloat: parsing " 1": invalid syntax'),
        ("json-file", {"max-size": "0"}, 500, "max-size must be a positive number"),
        ("json-file", {"max-file": "0"}, 500, "max-file cannot be less than 1"),
        ("json-file", {"max-file": "1.5"}, 500, 'strconv.Atoi: parsing "1.5": invalid syntax'),
        ("json-file", {"compress": "maybe"}, 500, 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        ("json-file", {"compress": "true"}, 500, "compress cannot be true when max-file is less than 2 or max-size is not set"),
        ("json-file", {"labels-regex": "("}, 500, "error parsing regexp: missing closing ): `(`"),
        ("local", {"max-size": "abc"}, 400, "invalid value for max-size: abc: invalid size: 'abc'"),
        ("local", {"max-file": "-1"}, 400, "max file count cannot be less than 0"),
        ("local", {"max-file": "1"}, 400, "compression cannot be enabled when max file count is 1"),
        ("local", {"compress": ""}, 400, 'error reading compress log option: strconv.ParseBool: parsing "": invalid syntax'),
        ("splunk", {"splunk-url": "http://x"}, 500, "splunk: splunk-token is expected"),
    ],
)  # fmt: skip
async def test_a_driver_that_cannot_be_opened(
    boxes: Boxes, driver: str, options: dict[str, str], status: int, text: str
) -> None:
    """Create does not look at the values; a start fails, and so does a look at the log."""
    config = {"LogConfig": {"Type": driver, "Config": options}}
    box = await boxes.create("true", HostConfig=config)
    assert await box.post("start") == (500, UNOPENED + text)
    state = await box.state()
    assert (state["Status"], state["ExitCode"]) == ("created", 128)
    assert state["Error"] == UNOPENED + text
    answer = await boxes.docker.get("/containers/box/logs?stdout=1")
    assert answer.refusal == (status, text)


async def test_the_local_driver(boxes: Boxes) -> None:
    box = await boxes.finished("echo", "hi", HostConfig={"LogConfig": {"Type": "local"}})
    assert await box.logs() == [(1, "hi\n")]
    assert (await box.inspect())["LogPath"] == ""


@pytest.mark.parametrize(
    ("driver", "options", "kept"),
    [
        # Times end in zeros that are not written: how many, is left to chance.
        ("json-file", {"max-size": "10k", "max-file": "2"}, range(155, 169)),
        ("local", {"max-size": "1k", "max-file": "3"}, [75]),
        ("local", {"max-size": "10k", "max-file": "2"}, [520]),
        ("local", {"max-size": "1k", "max-file": "1", "compress": "false"}, [22]),
    ],
)
async def test_a_log_is_rotated(
    boxes: Boxes, driver: str, options: dict[str, str], kept: Sequence[int]
) -> None:
    """Files are dropped whole, and are as large as on Engine 28.5.2."""
    config = {"LogConfig": {"Type": driver, "Config": options}}
    box = await boxes.finished("sh", "-c", "seq -f 'line <%g>' 1050", HostConfig=config)
    lines = (await box.output()).splitlines()
    assert lines == [f"line <{n}>" for n in range(1051 - len(lines), 1051)]
    assert len(lines) in kept
    assert [text for _, text in await box.logs("stdout=1&tail=2")] == ["line <1049>\nline <1050>\n"]
