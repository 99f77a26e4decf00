"""Every verb in every state, as Engine 28.5.2 answers it: status, refusal, and the state afterwards."""

import pytest

from tests.behaviour.boxes import Box, Boxes

ALWAYS = {"RestartPolicy": {"Name": "always"}}
NOT_RUNNING = "container ID is not running"
NO_KILL = f"cannot kill container: box: {NOT_RUNNING}"
RESTARTING = "Container ID is restarting, wait until the container is running"


async def in_state(boxes: Boxes, state: str) -> Box:
    if state == "created":
        return await boxes.create("top")
    if state == "exited":
        return await boxes.finished("true")
    if state == "restarting":
        box = await boxes.run("false", HostConfig=ALWAYS)
        await box.until(
            lambda shown: shown["State"]["Status"] == "restarting" and shown["RestartCount"] > 2
        )
        return box
    box = await boxes.run("top")
    if state == "paused":
        assert await box.post("pause") == (204, "")
    return box


@pytest.mark.parametrize(
    ("state", "verb", "status", "after", "text"),
    [
        ("created", "start", 204, "running", ""),
        ("created", "stop", 304, "created", ""),
        ("created", "restart", 204, "running", ""),
        ("created", "kill", 409, "created", NO_KILL),
        ("created", "pause", 409, "created", NOT_RUNNING),
        ("created", "unpause", 500, "created", "Container ID is not paused"),
        ("created", "resize?h=1&w=1", 409, "created", NOT_RUNNING),
        ("running", "start", 304, "running", ""),
        ("running", "stop", 204, "exited", ""),
        ("running", "restart", 204, "running", ""),
        ("running", "kill", 204, "exited", ""),
        ("running", "kill?signal=WINCH", 204, "running", ""),
        ("running", "pause", 204, "paused", ""),
        ("running", "unpause", 500, "running", "Container ID is not paused"),
        ("running", "resize?h=1&w=1", 200, "running", ""),
        ("paused", "start", 409, "paused", "cannot start a paused container, try unpause instead"),
        ("paused", "stop", 204, "exited", ""),
        ("paused", "restart", 204, "running", ""),
        ("paused", "kill", 204, "exited", ""),
        ("paused", "pause", 409, "paused", "Container ID is already paused"),
        ("paused", "unpause", 204, "running", ""),
        ("restarting", "start", 304, "restarting", ""),
        ("restarting", "stop", 204, "exited", ""),
        ("restarting", "kill", 204, "exited", ""),
        ("restarting", "kill?signal=WINCH", 204, "exited", ""),
        ("restarting", "pause", 409, "restarting", RESTARTING),
        ("restarting", "unpause", 500, "restarting", "Container ID is not paused"),
        ("restarting", "resize?h=1&w=1", 404, "restarting", 'NotFound: container "ID" in namespace "moby": not found'),
        ("exited", "start", 204, "exited", ""),
        ("exited", "stop", 304, "exited", ""),
        ("exited", "kill", 409, "exited", NO_KILL),
        ("exited", "pause", 409, "exited", NOT_RUNNING),
        ("exited", "unpause", 500, "exited", "Container ID is not paused"),
    ],
)  # fmt: skip
async def test_a_verb_in_a_state(
    boxes: Boxes, state: str, verb: str, status: int, after: str, text: str
) -> None:
    box = await in_state(boxes, state)
    answer = await box.post(verb)
    assert answer == (status, text.replace("ID", box.id))
    if (state, verb) == ("exited", "start"):
        await box.wait()
    assert await box.status() == after


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("created", NOT_RUNNING),
        ("paused", "Container box is paused, unpause the container before exec"),
        ("restarting", RESTARTING),
        ("exited", NOT_RUNNING),
    ],
)
async def test_an_exec_needs_a_running_container(boxes: Boxes, state: str, text: str) -> None:
    box = await in_state(boxes, state)
    assert await box.post("exec", {"Cmd": ["true"]}) == (409, text.replace("ID", box.id))


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("running", "container is running: stop the container before removing or force remove"),
        ("paused", "container is paused and must be unpaused first"),
        ("restarting", "container is restarting: stop the container before removing or force remove"),
    ],
)  # fmt: skip
async def test_what_is_up_is_removed_by_force_only(boxes: Boxes, state: str, text: str) -> None:
    box = await in_state(boxes, state)
    refused = await boxes.docker.delete("/containers/box")
    assert refused.refusal == (409, f'cannot remove container "box": {text}')
    assert (await boxes.docker.delete("/containers/box?force=1")).status == 204
    gone = await boxes.docker.get(f"/containers/{box.id}/json")
    assert gone.refusal == (404, f"No such container: {box.id}")
