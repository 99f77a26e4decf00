"""The events of a container's life: order and attributes, as on Engine 28.5.2."""

import asyncio
from typing import Any

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes
from tests.ports import free_port
from tests.tars import tar_of

Seen = list[tuple[str, str, dict[str, str]]]


async def watch(mock: MockDaemon, boxes: Boxes) -> Seen:
    seen: Seen = []

    def note(event: Any) -> None:
        seen.append((event.type, event.action, event.attributes))

    mock.daemon.events._listeners.add(note)
    return seen


def told(seen: Seen) -> list[str]:
    return [f"{kind} {action}" for kind, action, _ in seen]


async def until_told(seen: Seen, event: str) -> None:
    async with asyncio.timeout(10):
        while True:
            if event in told(seen):
                return
            await asyncio.sleep(0.005)


async def test_from_create_to_destroy(boxes: Boxes, mock: MockDaemon) -> None:
    seen = await watch(mock, boxes)
    config = {"Labels": {"k": "v"}, "HostConfig": {"Binds": ["vol:/v"]}}
    box = await boxes.finished("sh", "-c", "exit 3", **config)
    await boxes.docker.delete("/containers/box")
    assert told(seen) == [
        "volume create",
        "container create",
        "volume mount",
        "network connect",
        "container start",
        "network disconnect",
        "volume unmount",
        "container die",
        "container destroy",
    ]
    common = {"image": "busybox", "name": "box", "k": "v"}
    by_name = {f"{kind} {action}": attributes for kind, action, attributes in seen}
    assert by_name["container start"] == common
    assert by_name["container die"] == {**common, "exitCode": "3", "execDuration": "0"}
    assert by_name["network connect"] == {"container": box.id, "name": "bridge", "type": "bridge"}
    assert by_name["volume mount"] == {
        "container": box.id,
        "destination": "/v",
        "driver": "local",
        "propagation": "",
        "read/write": "true",
    }


async def test_stop_restart_and_kill(boxes: Boxes, mock: MockDaemon) -> None:
    box = await boxes.run("top")
    seen = await watch(mock, boxes)
    for verb in ("pause", "unpause", "restart", "stop", "start", "kill"):
        await box.post(verb)
    assert [action for kind, action, _ in seen if kind == "container"] == [
        "pause",
        "unpause",
        *("kill", "stop", "die", "start", "restart"),
        *("kill", "stop", "die"),
        "start",
        *("kill", "die"),
    ]
    signals = [attributes["signal"] for _, action, attributes in seen if action == "kill"]
    assert signals == ["15", "15", "9"]


async def test_what_changes_nothing_is_not_told(boxes: Boxes, mock: MockDaemon) -> None:
    box = await boxes.run("top")
    seen = await watch(mock, boxes)
    assert (await box.post("start"))[0] == 304
    await box.inspect()
    assert seen == []


async def test_execs(boxes: Boxes, mock: MockDaemon) -> None:
    box = await boxes.run("top")
    seen = await watch(mock, boxes)
    await box.exec("sh", "-c", "exit 4")
    await box.exec("nosuch")
    assert told(seen) == [
        "container exec_create: sh -c exit 4",
        "container exec_start: sh -c exit 4",
        "container exec_die",
        "container exec_create: nosuch ",
        "container exec_start: nosuch ",
    ]
    assert seen[2][2]["exitCode"] == "4"
    assert {attributes["execID"] for _, _, attributes in seen[:3]} == {seen[0][2]["execID"]}


async def test_small_verbs(boxes: Boxes, mock: MockDaemon) -> None:
    box = await boxes.run("top")
    seen = await watch(mock, boxes)
    await boxes.docker.get("/containers/box/top")
    await box.post("resize?h=10&w=20")
    await box.post("update", {"CpuShares": 512})
    await boxes.docker.get("/containers/box/archive?path=/etc/passwd")
    await boxes.docker.get("/containers/box/export")
    await box.post("rename?name=other")
    assert [action for _, action, _ in seen] == [
        "top",
        "resize",
        "update",
        "archive-path",
        "export",
        "rename",
    ]
    assert (seen[1][2]["height"], seen[1][2]["width"]) == ("10", "20")
    assert (seen[-1][2]["oldName"], seen[-1][2]["name"]) == ("/box", "other")


MOUNTED, UNMOUNTED = "volume mount", "volume unmount"


@pytest.mark.parametrize(
    ("method", "query", "expected"),
    [
        ("GET", "?path=/etc/passwd", [MOUNTED, "container archive-path", UNMOUNTED]),
        ("GET", "?path=/nosuch", [MOUNTED, UNMOUNTED]),
        ("HEAD", "?path=/etc/passwd", [MOUNTED, UNMOUNTED]),
        ("PUT", "?path=/tmp", [MOUNTED, "container extract-to-dir", UNMOUNTED]),
        ("PUT", "?path=/nosuch", [MOUNTED, UNMOUNTED]),
        ("GET", "?path=", []),
    ],
)
async def test_volumes_are_mounted_for_each_look_at_the_files(
    boxes: Boxes, mock: MockDaemon, method: str, query: str, expected: list[str]
) -> None:
    await boxes.create("top", HostConfig={"Binds": ["vol:/v"]})
    seen = await watch(mock, boxes)
    body = tar_of() if method == "PUT" else None
    await boxes.docker.ask(method, f"/containers/box/archive{query}", body)
    assert told(seen) == expected


FAILED = [MOUNTED, "network disconnect", UNMOUNTED]


@pytest.mark.parametrize(
    ("config", "host", "expected"),
    [
        ({"Cmd": ["nosuch"]}, {}, FAILED),
        ({"User": "nosuch"}, {}, FAILED),
        ({}, {"NetworkMode": "none", "Devices": [{"PathOnHost": "/dev/nosuch"}]}, FAILED),
        ({}, {"NetworkMode": "nosuch"}, [MOUNTED, UNMOUNTED]),
        ({"Cmd": ["nosuch"]}, {"NetworkMode": "container:other"}, [MOUNTED, UNMOUNTED]),
    ],
)
async def test_a_failed_start_leaves_what_it_never_joined(
    boxes: Boxes,
    mock: MockDaemon,
    config: dict[str, Any],
    host: dict[str, Any],
    expected: list[str],
) -> None:
    await boxes.run("top", name="other")
    box = await boxes.create("top", HostConfig={"Binds": ["vol:/v"], **host}, **config)
    seen = await watch(mock, boxes)
    assert (await box.post("start"))[0] >= 400
    assert told(seen) == expected


async def test_a_port_that_is_taken_is_a_failed_start(boxes: Boxes, mock: MockDaemon) -> None:
    ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(free_port())}]}
    config = {"ExposedPorts": {"80/tcp": {}}, "HostConfig": {"PortBindings": ports}}
    await boxes.run("top", name="other", **config)
    box = await boxes.create("top", **config)
    seen = await watch(mock, boxes)
    assert (await box.post("start"))[0] == 500
    assert told(seen) == ["network disconnect"]


@pytest.mark.parametrize("query", ["", "?logs=1&stdout=1", "?stream=1&stdout=1"])
async def test_every_attach_is_told(boxes: Boxes, mock: MockDaemon, query: str) -> None:
    box = await boxes.run("top")
    seen = await watch(mock, boxes)
    wire = await boxes.hijack(f"/containers/box/attach{query}")
    await wire.head()
    await until_told(seen, "container attach")
    await box.post("kill")
    await wire.rest()


async def test_the_code_of_a_forgotten_probe_is_unknown(boxes: Boxes, mock: MockDaemon) -> None:
    """Of one that took too long; its log says -1."""
    seen = await watch(mock, boxes)
    check = {"Test": ["CMD", "sleep", "100"], "Interval": 10_000_000, "Timeout": 20_000_000}
    await boxes.run("top", Healthcheck=check)
    await until_told(seen, "container exec_die")
    died = next(attributes for _, action, attributes in seen if action == "exec_die")
    assert died["exitCode"] == "127"


async def test_a_shell_bomb_is_told_before_it_dies(boxes: Boxes, mock: MockDaemon) -> None:
    seen = await watch(mock, boxes)
    box = await boxes.finished(
        "sh", "-c", "x=a; while :; do x=$x$x; done", HostConfig={"Memory": 16 * 1024 * 1024}
    )
    assert told(seen)[-3:] == ["container oom", "network disconnect", "container die"]
    state = await box.state()
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True)


async def test_health(boxes: Boxes, mock: MockDaemon) -> None:
    seen = await watch(mock, boxes)
    check = {"Test": ["CMD", "true"], "Interval": 10_000_000}
    box = await boxes.run("top", Healthcheck=check)
    await box.until(lambda shown: shown["State"]["Health"]["Status"] == "healthy")
    told_of_health = [action for _, action, _ in seen if action.startswith("health_status")]
    assert told_of_health == ["health_status: healthy"]


async def test_events_that_are_asked_for_with_the_start_have_the_end(boxes: Boxes) -> None:
    """docker compose up does so, and waits for the end of what it is attached to."""
    box = await boxes.create("true")
    attached = await boxes.hijack("/containers/box/attach?stream=1&stdout=1")
    await attached.head()
    starting = asyncio.create_task(box.post("start"))
    # The request to start is on its way.
    for _ in range(20):
        await asyncio.sleep(0)
    events = await boxes.hijack_get("/events")
    assert (await starting)[0] == 204
    await events.until(b'"Action":"die"')
    await events.close()
    await attached.close()
