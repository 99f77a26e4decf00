"""Other people's troubles, as inputs: what was reported against Docker clients and daemons, and is claimed nowhere else.

docs/conformance.md says for every report of the list where its claim is.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from daemon.faults import Fault, FaultPoint
from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes, frames
from tests.behaviour.conftest import Client


async def wire(boxes: Boxes, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_unix_connection(boxes.socket)
    writer.write(request.encode())
    return reader, writer


async def exec_id(boxes: Boxes, *command: str, **request: Any) -> str:
    body = {"Cmd": list(command), "AttachStdout": True, "AttachStderr": True, **request}
    made = await boxes.docker.post("/containers/box/exec", body)
    found: str = made.json["Id"]
    return found


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Connection: Upgrade\r\nUpgrade: tcp\r\n", "101 UPGRADED"),
        ("Upgrade: anything\r\n", "101 UPGRADED"),
        ("Connection: Upgrade\r\n", "200 OK"),
        ("", "200 OK"),
    ],
)
async def test_the_presence_of_the_upgrade_header_alone_counts(
    boxes: Boxes, headers: str, status: str
) -> None:
    """docker-py#3332, #2042."""
    await boxes.run("top")
    started = await exec_id(boxes, "echo", "hi")
    body = '{"Detach": false, "Tty": false}'
    head = f"POST /exec/{started}/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
    reader, writer = await wire(boxes, f"{head}{headers}Content-Length: {len(body)}\r\n\r\n{body}")
    answered = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert answered.startswith(f"HTTP/1.1 {status}\r\n")
    kind = "multiplexed" if status[:3] == "101" else "raw"
    assert f"Content-Type: application/vnd.docker.{kind}-stream\r\n" in answered
    assert await reader.read() == b"\x01\0\0\0\0\0\0\x03hi\n"
    writer.close()


async def test_a_request_in_pieces_of_one_byte(boxes: Boxes) -> None:
    """The head, the body and the input may be split anywhere."""
    await boxes.run("top")
    started = await exec_id(boxes, "cat", AttachStdin=True)
    body = "{}"
    text = (
        f"POST /exec/{started}/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        f"Upgrade: tcp\r\nContent-Length: {len(body)}\r\n\r\n{body}abc\n"
    )
    reader, writer = await wire(boxes, "")
    for byte in text.encode():
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    writer.write_eof()
    await reader.readuntil(b"\r\n\r\n")
    assert frames(await reader.read()) == [(1, "abc\n")]
    writer.close()


@pytest.mark.parametrize("once", [True, False])
async def test_the_input_of_an_exec_always_ends(boxes: Boxes, once: bool) -> None:
    """moby#38457: StdinOnce is the container's affair."""
    await boxes.run("top", OpenStdin=True, StdinOnce=once)
    started = await exec_id(boxes, "cat", AttachStdin=True)
    stream = await boxes.hijack(f"/exec/{started}/start", {})
    await stream.head()
    stream.send(b"abc\n")
    stream.half_close()
    assert await stream.rest() == b"\x01\0\0\0\0\0\0\x04abc\n"
    assert (await boxes.docker.get(f"/exec/{started}/json")).json["ExitCode"] == 0


@pytest.mark.parametrize(("tty", "log"), [(True, b"hi\r\n"), (False, b"\x01\0\0\0\0\0\0\x03hi\n")])
async def test_a_log_is_raw_with_a_terminal_and_framed_without(
    boxes: Boxes, tty: bool, log: bytes
) -> None:
    """moby#14201, docker-py#630."""
    await boxes.finished("echo", "hi", Tty=tty)
    reader, writer = await wire(
        boxes, "GET /containers/box/logs?stdout=1 HTTP/1.1\r\nHost: d\r\n\r\n"
    )
    assert b"\r\nTransfer-Encoding: chunked\r\n" in await reader.readuntil(b"\r\n\r\n")
    assert await reader.readuntil(b"\r\n0\r\n\r\n") == b"%x\r\n%b\r\n0\r\n\r\n" % (len(log), log)
    writer.close()


async def test_nothing_happens_when_nothing_is_to_be_done(boxes: Boxes) -> None:
    """moby#39484, bollard#738: 304, no body, no event."""
    box = await boxes.create("top")
    assert await box.post("stop") == (304, "")
    await box.start()
    seen: list[str] = []
    stream = await boxes.hijack_get('/events?filters={"container":["box"]}')
    await stream.head()
    again = await boxes.docker.post("/containers/box/start")
    assert (again.status, again.body) == (304, b"")
    assert await box.post("pause") == (204, "")
    seen.append(json.loads((await stream.until(b"}\n")).split(b"\r\n", 1)[1])["Action"])
    await stream.close()
    assert seen == ["pause"], "the start that was none told nobody"
    await box.post("unpause")
    await box.post("kill")
    await box.wait()
    assert await box.post("stop") == (304, "")
    assert await box.post("restart") == (204, "")


async def test_the_headers_of_a_ping(boxes: Boxes) -> None:
    expected = {
        "Api-Version": "1.51",
        "Builder-Version": "2",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Docker-Experimental": "false",
        "Ostype": "linux",
        "Pragma": "no-cache",
        "Server": "Docker/28.5.2 (linux)",
        "Swarm": "inactive",
    }
    got = await boxes.docker.get("/_ping")
    headed = await boxes.docker.ask("HEAD", "/_ping")
    assert (got.body, headed.body, headed.headers["Content-Length"]) == (b"OK", b"", "0")
    for answer in (got, headed):
        assert {name: answer.headers[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [("none", 0), ("0", 0), ("", 0), ("false", 0), ("no", 0), ("FALSE", 0), ("1", 1), ("x", 1)],
)
async def test_what_docker_takes_for_false(boxes: Boxes, value: str, shown: int) -> None:
    await boxes.create("true")
    assert len(await boxes.listed(f"all={value}")) == shown


async def test_two_options_that_exclude_each_other(boxes: Boxes) -> None:
    platform = "%7B%22os%22:%22linux%22,%22architecture%22:%22amd64%22%7D"
    answer = await boxes.docker.get(f"/images/busybox/json?manifests=1&platform={platform}")
    text = "conflicting options: manifests and platform options cannot both be set"
    assert answer.refusal == (400, text)


async def test_a_create_of_what_is_not_there(docker: Client) -> None:
    missing = await docker.post("/containers/create", {"Image": "nope:1", "Cmd": ["true"]})
    assert missing.refusal == (404, "No such image: nope:1")
    empty = await docker.post("/containers/create", {})
    text = "config cannot be empty in order to create a container"
    assert empty.refusal == (400, text)


async def test_a_rate_limit_in_the_middle_of_a_pull(docker: Client, mock: MockDaemon) -> None:
    """hub-feedback#2429: what comes after the first line is told in band."""
    mock.daemon.faults.arm(Fault(FaultPoint.PULL_INTERRUPTED))
    answer = await docker.post("/images/create?fromImage=alpine&tag=latest")
    assert answer.status == 200
    last = json.loads(answer.body.splitlines()[-1])
    assert last["error"] == last["errorDetail"]["message"]


async def test_a_run_without_input_ends_its_half_at_once(boxes: Boxes) -> None:
    """docker/cli: it means nothing, all output arrives."""
    await boxes.create("sh", "-c", "echo one; sleep 0.05; echo two")
    stream = await boxes.hijack("/containers/box/attach?stream=1&stdout=1&stderr=1")
    stream.half_close()
    await stream.head()
    await boxes.docker.post("/containers/box/start")
    assert (await stream.rest()).count(b"\n") == 2


async def test_a_paused_container_is_removed_by_force_only(boxes: Boxes) -> None:
    """moby#29796."""
    box = await boxes.run("top")
    await box.post("pause")
    refused = await boxes.docker.delete("/containers/box")
    text = 'cannot remove container "box": container is paused and must be unpaused first'
    assert refused.refusal == (409, text)


async def test_a_restarting_container_can_be_killed(boxes: Boxes) -> None:
    box = await boxes.run("false", HostConfig={"RestartPolicy": {"Name": "always"}})
    waits = ("restarting", 3)
    await box.until(lambda shown: (shown["State"]["Status"], shown["RestartCount"]) == waits)
    assert await box.post("kill") == (204, "")
    await box.until(lambda shown: shown["State"]["Status"] == "exited")
