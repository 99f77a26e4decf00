"""The events of a container's life: order and attributes, as on Engine 28.5.2."""

from typing import Any

from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes

Seen = list[tuple[str, str, dict[str, str]]]


async def watch(mock: MockDaemon, boxes: Boxes) -> Seen:
    seen: Seen = []

    def note(event: Any) -> None:
        seen.append((event.type, event.action, event.attributes))

    mock.daemon.events._listeners.add(note)
    return seen


def told(seen: Seen) -> list[str]:
    return [f"{kind} {action}" for kind, action, _ in seen]


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
