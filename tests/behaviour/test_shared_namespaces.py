"""`--pid` and `--ipc` of another container or the host: who sees and signals whom, and who ends with whom.

Asked of Engine 28.5.2.
"""

import asyncio
import re

import pytest

from tests.behaviour.boxes import Box, Boxes

JOINED = {"PidMode": "container:owner", "IpcMode": "container:owner"}


@pytest.fixture
async def owner(boxes: Boxes) -> Box:
    return await boxes.run("top", name="owner", HostConfig={"IpcMode": "shareable"})


async def commands(box: Box) -> list[str]:
    _code, listed = await box.exec("ps", "-o", "comm")
    return listed.split()[1:]


async def test_each_sees_the_processes_of_the_other(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("sleep", "1234", HostConfig=JOINED)
    assert await commands(owner) == ["top", "sleep", "ps"]
    assert await commands(box) == ["top", "sleep", "ps"]
    assert await box.exec("cat", "/proc/1/comm") == (0, "top\n")


async def test_they_are_counted_and_listed_each_for_itself(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("sleep", "1234", HostConfig=JOINED)
    for each, command in ((owner, "top"), (box, "sleep 1234")):
        listed = (await boxes.docker.get(f"/containers/{each.name}/top")).json["Processes"]
        assert [row[-1] for row in listed] == [command]
        assert listed[0][1] == str((await each.state())["Pid"])
        sample = await boxes.docker.get(f"/containers/{each.name}/stats?stream=0&one-shot=1")
        assert sample.json["pids_stats"]["current"] == 1


async def test_a_signal_reaches_across(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("sleep", "1234", HostConfig=JOINED)
    assert (await owner.exec("killall", "sleep"))[0] == 0
    assert await box.wait() == 143
    assert await owner.status() == "running"


async def test_the_joined_main_process_has_nothing_of_pid_1(boxes: Boxes, owner: Box) -> None:
    """It ends by a signal for which it has no handler, as PID 1 does not."""
    box = await boxes.run("sleep", "1234", HostConfig=JOINED)
    await box.post("stop")
    assert (await box.state())["ExitCode"] == 143


async def test_the_end_of_the_owner_ends_everybody(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("sleep", "1234", HostConfig=JOINED)
    await owner.post("kill")
    assert await box.wait() == 137


async def test_the_end_of_the_joined_ends_what_it_started(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("sh", "-c", "sleep 999 & exec sleep 1234", HostConfig=JOINED)
    await box.post("kill")
    await box.wait()
    _code, states = await owner.exec("ps", "-o", "stat,comm")
    # The owner's PID 1 has inherited the orphan and does not ask what has become of it.
    assert [line.split() for line in states.splitlines()[1:]][1] == ["Z", "sleep"]


async def test_a_pause_stops_only_its_own(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("sleep", "1234", HostConfig=JOINED)
    await box.post("pause")
    assert await owner.exec("echo", "alive") == (0, "alive\n")


async def test_shared_memory(boxes: Boxes, owner: Box) -> None:
    box = await boxes.run("top", HostConfig=JOINED)
    third = {"IpcMode": "container:box"}
    other = await boxes.run("top", name="third", HostConfig=third)
    await box.exec("touch", "/dev/shm/x")
    assert await owner.exec("ls", "/dev/shm") == (0, "x\n")
    assert await other.exec("ls", "/dev/shm") == (0, "x\n")


async def test_inspect_shows_the_owner_by_its_id(boxes: Boxes, owner: Box) -> None:
    box = await boxes.create("top", HostConfig=JOINED)
    host = (await box.inspect())["HostConfig"]
    assert (host["PidMode"], host["IpcMode"]) == (f"container:{owner.id}",) * 2


@pytest.mark.parametrize(("what", "mode"), [("PID", "PidMode"), ("IPC", "IpcMode")])
async def test_an_owner_that_does_not_run(boxes: Boxes, owner: Box, what: str, mode: str) -> None:
    box = await boxes.finished("true", HostConfig={mode: "container:owner"})
    await owner.post("kill")
    text = f"failed to join {what} namespace: container {owner.id} is not running"
    assert await box.post("start") == (409, text)
    state = await box.state()
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("exited", 128, text)


async def test_a_failed_start_leaves_the_code_of_an_earlier_run(boxes: Boxes, owner: Box) -> None:
    box = await boxes.finished("sh", "-c", "exit 3", HostConfig=JOINED)
    await owner.post("kill")
    assert (await box.post("start"))[0] == 409
    assert (await box.state())["ExitCode"] == 3


@pytest.mark.parametrize("mode", ["private", "none"])
async def test_memory_that_is_not_to_be_shared(boxes: Boxes, mode: str) -> None:
    owner = await boxes.run("top", name="owner", HostConfig={"IpcMode": mode})
    box = await boxes.create("top", HostConfig={"IpcMode": "container:owner"})
    assert await box.post("start") == (
        400,
        f"failed to join IPC namespace: container {owner.id}: "
        "non-shareable IPC (hint: use IpcMode:shareable for the donor container)",
    )


async def test_no_shared_memory(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"IpcMode": "none"})
    code, text = await box.exec("ls", "/dev/shm")
    assert (code, text) == (1, "ls: /dev/shm: No such file or directory\n")


async def test_the_hosts_shared_memory(boxes: Boxes) -> None:
    one = await boxes.run("top", name="one", HostConfig={"IpcMode": "host"})
    two = await boxes.run("top", name="two", HostConfig={"IpcMode": "host"})
    await one.exec("touch", "/dev/shm/x")
    assert await two.exec("ls", "/dev/shm") == (0, "x\n")


async def test_the_hosts_shared_memory_is_mounted_with_its_size(boxes: Boxes) -> None:
    box = await boxes.run("top", HostConfig={"IpcMode": "host"})
    _code, line = await box.exec("grep", "/dev/shm", "/proc/mounts")
    assert re.fullmatch(r"tmpfs /dev/shm tmpfs rw,relatime,size=[1-9]\d*k 0 0\n", line)


async def test_the_hosts_processes(boxes: Boxes) -> None:
    """Containers in the host's namespace are no PID 1 either, and see it and each other."""
    one = await boxes.run("sleep", "1234", name="one", HostConfig={"PidMode": "host"})
    two = await boxes.run("top", name="two", HostConfig={"PidMode": "host"})
    assert await commands(two) == ["systemd", "sleep", "top", "ps"]
    await one.post("stop")
    assert (await one.state())["ExitCode"] == 143
    assert await commands(two) == ["systemd", "top", "ps"]


async def test_the_hosts_init_stands_signals_and_reaps(boxes: Boxes) -> None:
    box = await boxes.run("sleep", "1234", HostConfig={"PidMode": "host"})
    assert await box.exec("kill", "-9", "1") == (0, "")
    assert await box.exec("sh", "-c", "sleep 0.01 & exec true") == (0, "")
    assert await box.exec("cat", "/proc/1/comm") == (0, "systemd\n")
    async with asyncio.timeout(10):
        while await commands(box) != ["systemd", "sleep", "ps"]:
            pass


async def test_top_shows_none_of_the_hosts_processes(boxes: Boxes) -> None:
    box = await boxes.run("sleep", "1234", HostConfig={"PidMode": "host"})
    listed = (await boxes.docker.get(f"/containers/{box.name}/top")).json["Processes"]
    assert [row[-1] for row in listed] == ["sleep 1234"]
