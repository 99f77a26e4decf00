"""GET /containers/{name}/stats: one sample, a stream of them, and what a stopped container shows."""

import json

from tests.behaviour.boxes import Boxes

NEVER = "0001-01-01T00:00:00Z"


async def test_a_stopped_container_answers_at_once(boxes: Boxes) -> None:
    box = await boxes.finished("true")
    shown = (await boxes.docker.get("/containers/box/stats?stream=0")).json
    assert (shown["name"], shown["id"]) == ("/box", box.id)
    assert (shown["read"], shown["preread"]) == (NEVER, NEVER)
    assert (shown["pids_stats"], shown["storage_stats"], shown["memory_stats"]) == ({}, {}, {})
    assert set(shown["blkio_stats"].values()) == {None}
    assert shown["cpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert "networks" not in shown


async def test_one_shot_has_no_predecessor(boxes: Boxes) -> None:
    await boxes.run("top")
    shown = (await boxes.docker.get("/containers/box/stats?stream=0&one-shot=1")).json
    assert shown["preread"] == NEVER
    assert "name" not in shown
    assert shown["pids_stats"] == {"current": 1}
    assert "system_cpu_usage" not in shown["precpu_stats"]
    assert shown["memory_stats"]["usage"] > 0
    assert list(shown["networks"]) == ["eth0"]


async def test_a_sample_carries_the_one_before(boxes: Boxes) -> None:
    await boxes.run("top")
    wire = await boxes.hijack_get("/containers/box/stats")
    head = await wire.head()
    assert "Content-Type" not in head
    first = json.loads((await wire.until(b"}\n")).split(b"\r\n")[-1])
    second = json.loads((await wire.until(b"}\n")).split(b"\r\n")[-1])
    await wire.close()
    assert first["precpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert second["precpu_stats"] == first["cpu_stats"]
    assert second["preread"] == first["read"]


async def test_a_stream_of_one_shots_is_refused(boxes: Boxes) -> None:
    await boxes.create("true")
    answer = await boxes.docker.get("/containers/box/stats?stream=1&one-shot=1")
    assert answer.refusal == (400, "cannot have stream=true and one-shot=true")


async def test_the_limit_of_memory(boxes: Boxes) -> None:
    await boxes.run("top", HostConfig={"Memory": 67108864, "PidsLimit": 7})
    shown = (await boxes.docker.get("/containers/box/stats?stream=0&one-shot=1")).json
    assert shown["memory_stats"]["limit"] == 67108864
    assert shown["pids_stats"] == {"current": 1, "limit": 7}
