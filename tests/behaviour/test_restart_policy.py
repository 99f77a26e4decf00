"""Restart policies, as Engine 28.5.2 keeps them."""

import asyncio
from typing import Any

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Box, Boxes


def policy(name: str, count: int = 0) -> dict[str, Any]:
    return {"RestartPolicy": {"Name": name, "MaximumRetryCount": count}}


async def restarted(box: Box, times: int) -> Any:
    return await box.until(lambda shown: shown["RestartCount"] >= times)


async def test_on_failure_gives_up_after_its_count(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "exit 3", HostConfig=policy("on-failure", 2))
    shown = await box.until(lambda shown: shown["State"]["Status"] == "exited")
    assert (shown["RestartCount"], shown["State"]["ExitCode"]) == (2, 3)


async def test_on_failure_leaves_a_success_alone(boxes: Boxes) -> None:
    box = await boxes.finished("true", HostConfig=policy("on-failure"))
    assert (await box.inspect())["RestartCount"] == 0
    assert await box.status() == "exited"


@pytest.mark.parametrize("name", ["always", "unless-stopped"])
async def test_always_restarts_a_success_too(boxes: Boxes, name: str) -> None:
    box = await boxes.run("true", HostConfig=policy(name))
    await restarted(box, 2)
    assert await box.post("stop") == (204, "")
    assert await box.status() == "exited"


async def test_a_container_between_two_attempts_counts_as_running(boxes: Boxes) -> None:
    box = await boxes.run("false", HostConfig=policy("always"))
    shown = await box.until(lambda shown: shown["State"]["Status"] == "restarting")
    assert (shown["State"]["Running"], shown["State"]["Restarting"]) == (True, True)
    assert shown["State"]["ExitCode"] == 1
    [entry] = await boxes.listed("")
    assert entry["State"] == "restarting"
    assert entry["Status"].startswith("Restarting (1) ")


async def test_any_signal_ends_the_policy(boxes: Boxes) -> None:
    """Without a stop signal of its own, dockerd takes every signal for one that ends the container."""
    box = await boxes.run("sleep", "0.1", HostConfig=policy("always"))
    await box.post("kill?signal=WINCH")
    assert await box.wait() == 0
    assert (await box.inspect())["RestartCount"] == 0
    assert await box.status() == "exited"


async def test_a_restart_between_two_attempts_is_told_as_a_stop(
    boxes: Boxes, mock: MockDaemon
) -> None:
    box = await boxes.run("false", HostConfig=policy("always"))
    await box.until(lambda shown: shown["RestartCount"] > 2)
    await box.until(lambda shown: shown["State"]["Status"] == "restarting")
    with mock.daemon.events.listen((seen := []).append):
        assert await box.post("restart") == (204, "")
    told = [event.action for event in seen if event.type == "container"]
    assert told[:3] == ["stop", "start", "restart"]


async def test_wait_ends_with_each_run(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "exit 3", HostConfig=policy("on-failure", 1))
    waiting = asyncio.create_task(box.wait("next-exit"))
    await asyncio.sleep(0)
    await box.start()
    assert await waiting == 3


async def test_a_start_by_hand_counts_anew(boxes: Boxes) -> None:
    box = await boxes.run("false", HostConfig=policy("on-failure", 1))
    await box.until(lambda shown: shown["State"]["Status"] == "exited")
    await box.start()
    shown = await box.until(
        lambda shown: shown["State"]["Status"] == "exited" and shown["RestartCount"] == 1
    )
    assert shown["RestartCount"] == 1


async def test_a_policy_may_be_changed(boxes: Boxes) -> None:
    box = await boxes.run("sleep", "0.05")
    assert await box.post("update", {"RestartPolicy": {"Name": "always"}}) == (200, "")
    await restarted(box, 1)


async def test_not_of_a_container_that_removes_itself(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"AutoRemove": True})
    text = (
        f"Cannot update container {box.id}: Restart policy cannot be updated because AutoRemove "
        "is enabled for the container"
    )
    assert await box.post("update", {"RestartPolicy": {"Name": "always"}}) == (409, text)
