"""Faults armed for containers: each strikes where a real host's trouble would."""

from daemon.faults import Fault, FaultPoint
from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes
from tests.behaviour.test_ports import published


def arm(mock: MockDaemon, point: FaultPoint, **options: object) -> None:
    mock.daemon.faults.arm(Fault(point, **options))  # type: ignore[arg-type]  # options are a test's own


async def test_a_process_that_cannot_start(boxes: Boxes, mock: MockDaemon) -> None:
    arm(mock, FaultPoint.PROCESS_START, message="exec format error", where={"container": "box"})
    box = await boxes.create("true")
    status, text = await box.post("start")
    assert (status, text.rpartition(": ")[2]) == (400, "exec format error")
    assert (await box.state())["ExitCode"] == 126
    await boxes.run("true", name="other")


async def test_a_process_that_is_killed(boxes: Boxes, mock: MockDaemon) -> None:
    arm(mock, FaultPoint.PROCESS_KILLED, seconds=0.01)
    box = await boxes.run("sleep", "100")
    assert await box.wait() == 137
    assert (await box.state())["OOMKilled"] is False


async def test_a_process_that_runs_out_of_memory(boxes: Boxes, mock: MockDaemon) -> None:
    arm(mock, FaultPoint.OOM)
    box = await boxes.run("sleep", "100")
    assert await box.wait() == 137
    assert (await box.state())["OOMKilled"] is True


async def test_a_disk_that_is_full(boxes: Boxes, mock: MockDaemon) -> None:
    box = await boxes.run("top")
    arm(mock, FaultPoint.DISK_FULL)
    code, text = await box.exec("sh", "-c", "echo x > /tmp/f")
    assert code != 0
    assert "No space left on device" in text
    mock.daemon.faults.disarm()
    assert await box.exec("sh", "-c", "echo x > /tmp/f") == (0, "")


async def test_a_port_that_is_taken(boxes: Boxes, mock: MockDaemon) -> None:
    arm(mock, FaultPoint.PORT_TAKEN, count=1)
    box = await boxes.create("top", **published(8123))
    status, text = await box.post("start")
    assert status == 500
    assert text.endswith("): Bind for 127.0.0.1:8123 failed: port is already allocated")


async def test_a_log_that_cannot_be_read(boxes: Boxes, mock: MockDaemon) -> None:
    await boxes.finished("echo", "hi")
    arm(mock, FaultPoint.LOGS_UNREADABLE, message="error from daemon in stream")
    answer = await boxes.docker.get("/containers/box/logs?stdout=1")
    assert answer.refusal == (500, "error from daemon in stream")
