"""The worst days of a daemon, staged through the control API: hangs, cuts, races, outages, mishaps."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import PATIENCE, Boxes
from tests.behaviour.conftest import Client

PING = {"method": "GET", "path": "/_ping"}
LOGS = "/containers/box/logs?stdout=1&follow=1"


async def arm(docker: Client, point: str, **fields: Any) -> int:
    answer = await docker.post("/_mock/faults", {"point": point, **fields})
    assert answer.status == 201, answer.body
    number: int = answer.json["number"]
    return number


async def struck(docker: Client, point: str) -> None:
    """Return once the fault has struck."""
    async with asyncio.timeout(PATIENCE):
        while True:
            history = (await docker.get("/_mock/faults")).json["history"]
            if point in [one["point"] for one in history]:
                return
            await asyncio.sleep(0.005)


async def test_a_daemon_that_accepts_and_never_answers(boxes: Boxes) -> None:
    docker = boxes.docker
    number = await arm(docker, "hang-before-headers", where=PING)
    asked = asyncio.ensure_future(docker.get("/_ping"))
    await struck(docker, "hang-before-headers")
    assert not asked.done()
    assert (await docker.get("/version")).status == 200, "it strikes only where it is armed"
    assert (await docker.delete(f"/_mock/faults/{number}")).status == 204
    assert (await asked).body == b"OK", "what hangs goes on when the fault is disarmed"


async def test_a_daemon_that_hangs_after_the_headers(boxes: Boxes) -> None:
    await arm(boxes.docker, "hang-after-headers", where=PING)
    wire = await boxes.hijack_get("/_ping")
    assert "Content-Length: 2\r\n" in await wire.head()
    await boxes.docker.delete("/_mock/faults")
    assert await wire.exactly(2) == b"OK"
    await wire.close()


async def test_a_head_has_no_body_though_a_fault_is_armed(boxes: Boxes) -> None:
    await arm(boxes.docker, "hang-mid-body", where={"path": "/elsewhere"})
    reader, writer = await asyncio.open_unix_connection(boxes.socket)
    writer.write(b"HEAD /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
    said = await asyncio.wait_for(reader.read(), PATIENCE)
    assert said.endswith(b"\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def test_a_daemon_that_hangs_in_mid_body(boxes: Boxes) -> None:
    await arm(boxes.docker, "hang-mid-body", where=PING, after_bytes=1)
    wire = await boxes.hijack_get("/_ping")
    await wire.head()
    assert await wire.exactly(1) == b"O"
    await boxes.docker.delete("/_mock/faults")
    assert await wire.exactly(1) == b"K"
    await wire.close()


async def test_a_body_that_is_cut_short(docker: Client) -> None:
    await arm(docker, "cut-mid-body", where={"path": "/version"}, after_bytes=10)
    with pytest.raises(aiohttp.ClientPayloadError):
        await docker.get("/version")


async def test_a_log_that_is_cut_inside_a_frame(boxes: Boxes) -> None:
    """The daemon dies while `logs -f` runs (moby#41820)."""
    await boxes.run("sh", "-c", "echo hello; read x; echo more", OpenStdin=True)
    wire = await boxes.hijack_get(LOGS)
    await wire.until(b"hello\n\r\n")
    await arm(boxes.docker, "cut-mid-frame", where={"path": "/containers/*/logs"}, after_bytes=11)
    typist = await boxes.hijack("/containers/box/attach?stream=1&stdin=1")
    await typist.head()
    typist.send(b"\n")
    assert await wire.rest() == b"b\r\n\x01\0\0\0\0\0\0\x05mor\r\n", "no last chunk follows"
    await typist.close()


async def test_an_attach_that_is_cut_inside_a_frame(boxes: Boxes) -> None:
    await boxes.create("echo", "hello")
    await arm(boxes.docker, "cut-mid-frame", where={"path": "*/attach"}, after_bytes=5)
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdout=1")
    await wire.head()
    await boxes.docker.post("/containers/box/start")
    assert await wire.rest() == b"\x01\0\0\0\0"


async def test_a_connection_that_is_closed_instead_of_answered(boxes: Boxes) -> None:
    await arm(boxes.docker, "cut-before-headers", where={"path": "/info"}, count=1)
    wire = await boxes.hijack_get("/info")
    assert await wire.rest() == b""
    assert (await boxes.docker.get("/info")).status == 200, "it was armed for one strike"


async def test_an_error_instead_of_the_answer(docker: Client) -> None:
    await arm(docker, "error-status", status=503, message="overloaded", skip=1, count=1)
    answers = [(await docker.get("/containers/json")).status for _ in range(3)]
    assert answers == [200, 503, 200]


async def test_a_container_that_goes_away_between_list_and_inspect(boxes: Boxes) -> None:
    """docker-py#1485, sonic#27992: the race, made to happen on purpose."""
    await boxes.create("true")
    docker = boxes.docker
    await arm(docker, "gate", gate="inspect", where={"path": "/containers/*/json", "method": "GET"})
    (shown,) = await boxes.listed()
    inspected = asyncio.ensure_future(docker.get(f"/containers/{shown['Id']}/json"))
    await docker.get("/_mock/gates/inspect/arrived")
    assert (await docker.delete("/containers/box")).status == 204
    await docker.post("/_mock/gates/inspect/open")
    assert (await inspected).refusal == (404, f"No such container: {shown['Id']}")


async def test_a_daemon_that_restarts_under_an_events_stream(boxes: Boxes) -> None:
    """go-dockerclient#163: the stream ends, connections are refused, then it is back and has forgotten nothing."""
    docker = boxes.docker
    box = await boxes.run("top")
    since = f"{time.time():.9f}"
    wire = await boxes.hijack_get("/events")
    await wire.head()
    assert (await docker.post("/_mock/outage?seconds=0.2")).status == 202
    assert await wire.rest() == b"", "the end comes without a last chunk"
    with pytest.raises((FileNotFoundError, ConnectionRefusedError)):
        await boxes.hijack_get("/_ping")
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                assert (await docker.get("/_ping")).body == b"OK"
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.01)
    assert await box.status() == "running"
    await box.post("kill")
    await box.wait()
    seen = [event["Action"] for event in await past_events(docker, since)]
    assert seen == ["kill", "disconnect", "die"]


async def past_events(docker: Client, since: str = "0") -> list[Any]:
    seen = (await docker.get(f"/events?since={since}&until={time.time():.9f}")).body
    return [json.loads(line) for line in seen.splitlines()]


async def test_a_daemon_that_goes_away_in_the_middle_of_a_request(boxes: Boxes) -> None:
    await arm(boxes.docker, "shutdown", where={"path": "/info"}, count=1)
    wire = await boxes.hijack_get("/info")
    assert await wire.rest() == b""


async def test_a_container_that_is_killed_for_memory(boxes: Boxes) -> None:
    """cadvisor#629: oom comes first, then die; inspect remembers."""
    box = await boxes.run("top")
    assert (await boxes.docker.post("/_mock/containers/box/oom")).status == 204
    assert await box.wait() == 137
    state = await box.state()
    assert (state["OOMKilled"], state["ExitCode"], state["Status"]) == (True, 137, "exited")
    told = [e for e in await past_events(boxes.docker) if e["Type"] == "container"]
    last = [(e["Action"], e["Actor"]["Attributes"].get("exitCode")) for e in told][-2:]
    assert last == [("oom", None), ("die", "137")]


async def test_a_container_that_ends_when_asked_to(boxes: Boxes) -> None:
    box = await boxes.run("top")
    assert (await boxes.docker.post("/_mock/containers/box/exit?code=3")).status == 204
    assert await box.wait() == 3
    refused = await boxes.docker.post("/_mock/containers/box/exit")
    assert refused.refusal == (409, f"container {box.id} is not running")


async def test_a_process_that_cannot_be_started(boxes: Boxes) -> None:
    box = await boxes.create("true")
    await arm(
        boxes.docker, "process-start", where={"container": "box"}, message="no cgroup", count=1
    )
    status, text = await box.post("start")
    assert status == 400
    assert text.endswith("no cgroup")
    assert await box.status() == "created"
    assert await box.post("start") == (204, "")


async def test_a_call_that_nothing_answers_is_reported(docker: Client, mock: MockDaemon) -> None:
    for path in ("/v1.51/nosuch", "/nosuch", "/containers/x/teleport"):
        assert (await docker.post(path)).refusal == (404, "page not found")
    assert (await docker.get("/_mock/unsupported")).json == [
        {"method": "POST", "path": "/nosuch", "count": 2},
        {"method": "POST", "path": "/containers/x/teleport", "count": 1},
    ]
    assert mock.unsupported_calls["POST", "/nosuch"] == 2


async def test_a_program_that_nothing_simulates_is_reported(boxes: Boxes) -> None:
    elf = b"\x7fELF" + bytes(60)
    packed = _tar("opt", elf)
    box = await boxes.create("/opt")
    put = await boxes.docker.ask(
        "PUT", "/containers/box/archive?path=/", packed, **{"Content-Type": "application/x-tar"}
    )
    assert put.status == 200
    await box.start()
    assert await box.wait() == 0
    shown = (await boxes.docker.get("/_mock/unsimulated")).json
    assert shown == [{"program": "/opt", "count": 1}]


def _tar(name: str, data: bytes) -> bytes:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(data), 0o755
        archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("faults", {"point": "nosuch"}, "invalid fault: point: Input should be "),
        ("faults", {"point": "delay", "seconds": "x"}, "invalid fault: seconds: Input should be "),
        ("containers/nosuch/oom", None, "No such container: nosuch"),
        ("clock?advance=1", None, "this daemon's clock is not a manual one"),
        ("outage?seconds=soon", None, "seconds must be a number, not 'soon'"),
    ],
)
async def test_the_control_api_refuses_nonsense(
    docker: Client, path: str, body: Any, refusal: str
) -> None:
    answer = await docker.post(f"/_mock/{path}", body)
    assert answer.status in (400, 404, 409)
    assert answer.message.startswith(refusal)


async def test_an_unknown_fault_cannot_be_disarmed(docker: Client) -> None:
    assert (await docker.delete("/_mock/faults/7")).refusal == (404, "no fault 7 is armed")


async def test_faults_never_strike_the_control_api(docker: Client) -> None:
    await arm(docker, "error-status")
    shown = (await docker.get("/_mock/faults")).json
    assert [one["point"] for one in shown["armed"]] == ["error-status"]
    assert (await docker.delete("/_mock/faults")).status == 204


async def test_time_stands_still_until_it_is_moved() -> None:
    async with MockDaemon(seed=1, clock="manual") as mock:
        client = Client(mock.socket_path)
        before = (await client.get("/info")).json["SystemTime"]
        assert (await client.get("/info")).json["SystemTime"] == before
        moved = await client.post("/_mock/clock?advance=3600")
        assert moved.status == 200
        assert (await client.get("/info")).json["SystemTime"] != before
        await client.session.close()


def test_all_of_it_can_be_done_in_process(mockerd: MockDaemon) -> None:
    """The pytest plugin's fixture, from another thread than the daemon's."""
    number = mockerd.arm("error-status", status=500, message="no", where={"path": "/_ping"})
    assert mockerd.waiting_at("door") == 0
    mockerd.open_gate("door")
    mockerd.disarm(number)
    assert mockerd.unsupported_calls == {}
    assert mockerd.unsimulated_programs == {}
