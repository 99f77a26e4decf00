"""Stopping, killing, restarting and pausing: signals, grace periods, exit codes, and what is answered meanwhile."""

import asyncio
import json
import time

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes
from tests.behaviour.conftest import Client

TRAP = 'trap "exit 9" USR1; while :; do sleep 0.01; done'


async def test_a_process_with_a_handler_ends_at_once(boxes: Boxes) -> None:
    box = await boxes.run("top")
    assert await box.post("stop") == (204, "")
    assert (await box.state())["ExitCode"] == 143


async def test_a_process_without_one_is_killed_after_its_grace(boxes: Boxes) -> None:
    """PID 1 ignores what it has no handler for."""
    box = await boxes.run("sleep", "100")
    assert await box.post("stop?t=0") == (204, "")
    assert (await box.state())["ExitCode"] == 137


async def kills(docker: Client) -> list[str]:
    """The signals that the events tell of."""
    shown = await docker.get(f"/events?since=1&until={time.time()}")
    events = [json.loads(line) for line in shown.body.splitlines()]
    return [e["Actor"]["Attributes"]["signal"] for e in events if e["Action"] == "kill"]


async def test_without_a_grace_period_the_kill_is_announced_at_once(
    boxes: Boxes, docker: Client
) -> None:
    """Even where the first signal has ended the process, as its exit code tells."""
    box = await boxes.run("top")
    await box.post("stop?t=0")
    assert await kills(docker) == ["15", "9"]
    assert (await box.state())["ExitCode"] == 143


async def test_an_init_process_makes_the_signal_work(boxes: Boxes) -> None:
    box = await boxes.run("sleep", "100", HostConfig={"Init": True})
    assert await box.post("stop") == (204, "")
    assert (await box.state())["ExitCode"] == 143


async def test_inspect_exec_and_kill_are_answered_during_a_grace_period(boxes: Boxes) -> None:
    box = await boxes.run("sleep", "100")
    async with asyncio.timeout(5):
        stopping = asyncio.create_task(box.post("stop?t=60"))
        assert await box.exec("echo", "here") == (0, "here\n")
        assert await box.status() == "running"
        assert await box.post("kill") == (204, "")
        assert await stopping == (204, "")


async def test_the_stop_signal_of_the_config(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", TRAP, StopSignal="SIGUSR1")
    await box.exec("true")
    assert await box.post("stop") == (204, "")
    assert (await box.state())["ExitCode"] == 9


async def test_the_grace_period_of_the_config(boxes: Boxes) -> None:
    box = await boxes.run("sleep", "100", StopTimeout=0)
    async with asyncio.timeout(5):
        assert await box.post("stop") == (204, "")


@pytest.mark.parametrize(
    ("verb", "status", "text"),
    [
        ("stop?t=x", 500, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("stop?signal=FOO", 500, "cannot stop container: box: invalid signal: FOO"),
        ("restart?signal=FOO", 500, "Cannot restart container box: invalid signal: FOO"),
        ("kill?signal=FOO", 400, "cannot kill container: box: invalid signal: FOO"),
        ("kill?signal=%209", 400, "cannot kill container: box: invalid signal:  9"),
        ("kill?signal=0", 400, "cannot kill container: box: invalid signal: 0"),
        ("kill?signal=999", 400, "cannot kill container: box: the linux daemon does not support signal 999"),
        ("kill?signal=-1", 400, "cannot kill container: box: the linux daemon does not support signal -1"),
    ],
)  # fmt: skip
async def test_refuses(boxes: Boxes, verb: str, status: int, text: str) -> None:
    box = await boxes.run("top")
    assert await box.post(verb) == (status, text)
    assert await box.status() == "running"


async def test_a_signal_that_cannot_be_sent_is_not_told(
    boxes: Boxes, docker: Client, mock: MockDaemon
) -> None:
    """dockerd waits two seconds for it, whatever the grace period, and kills."""
    box = await boxes.run("sh", "-c", TRAP)
    began = mock.daemon.clock.monotonic()
    assert await box.post("stop?signal=65&t=100") == (204, "")
    assert 2 <= mock.daemon.clock.monotonic() - began < 50
    assert await kills(docker) == ["9"]
    assert (await box.state())["ExitCode"] == 137


async def test_a_paused_container_without_grace_is_killed_before_it_is_thawed(
    boxes: Boxes, docker: Client
) -> None:
    box = await boxes.run("top")
    await box.post("pause")
    await box.post("stop?t=0")
    shown = await docker.get(f"/events?since=1&until={time.time()}")
    told = [json.loads(line)["Action"] for line in shown.body.splitlines()]
    assert [action for action in told if action in ("kill", "unpause")] == [
        "kill",
        "kill",
        "unpause",
    ]


@pytest.mark.parametrize("signal", ["USR1", "SIGUSR1", "sigusr1", "10"])
async def test_a_signal_by_any_of_its_names(boxes: Boxes, signal: str) -> None:
    box = await boxes.run("sh", "-c", f"echo ready; {TRAP}")
    await box.until_output("ready\n")
    assert await box.post(f"kill?signal={signal}") == (204, "")
    assert await box.wait() == 9


async def test_a_restart_is_a_new_run(boxes: Boxes) -> None:
    box = await boxes.run("top")
    before = await box.state()
    assert await box.post("restart") == (204, "")
    after = await box.state()
    assert after["Status"] == "running"
    assert after["StartedAt"] > before["StartedAt"]
    assert after["FinishedAt"] > before["StartedAt"]


async def test_a_paused_container_writes_nothing(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "while :; do echo x; sleep 0.001; done")
    await box.until_output("x\n")
    await box.post("pause")
    paused = await box.output()
    await asyncio.sleep(0.05)
    assert await box.output() == paused
    await box.post("unpause")
    await box.until_output(paused + "x\n")


async def test_a_signal_to_a_paused_container_lets_it_go_on(boxes: Boxes) -> None:
    box = await boxes.run("top")
    await box.post("pause")
    await box.post("kill?signal=WINCH")
    assert await box.status() == "running"


async def test_everything_inside_ends_with_the_main_process(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "sleep 100 & exec top")
    await box.post("stop")
    assert await box.wait() == 143


async def test_a_stop_goes_on_when_its_client_has_gone(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "trap 'echo no' TERM; while :; do sleep 0.1; done")
    wire = await boxes.hijack("/containers/box/stop?t=1", upgrade=False)
    await box.until_output("no")
    await wire.close()
    assert await box.wait() == 137
