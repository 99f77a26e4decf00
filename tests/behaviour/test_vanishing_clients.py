"""A client that vanishes in the middle of whatever it does leaves no task, listener or open file behind."""

import asyncio
import io
import json
import tarfile

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Box, Boxes
from tests.behaviour.leftovers import held, until_only
from tests.behaviour.strangers import Stranger, asking

UPGRADE = "Upgrade: tcp\r\nConnection: Upgrade\r\n"
TICKS = ("sh", "-c", "while :; do echo 0123456789; sleep 0.01; done")


STREAMS = {
    "attach": asking("POST /containers/box/attach?stream=1&stdout=1&stderr=1", UPGRADE),
    "attach, plain": asking("POST /containers/box/attach?stream=1&stdout=1&logs=1"),
    "log follower": asking("GET /containers/box/logs?stdout=1&follow=1"),
    "log follower of the future": asking("GET /containers/box/logs?stdout=1&follow=1&tail=0"),
    "stats": asking("GET /containers/box/stats"),
    "events of the past": asking("GET /events?since=1"),
    "export": asking("GET /containers/box/export"),
    "save": asking("GET /images/busybox/get"),
    "archive": asking("GET /containers/box/archive?path=/big"),
}


@pytest.fixture
async def ticking(boxes: Boxes) -> Boxes:
    """A container that writes all the time and has a file that no socket's buffer holds."""
    box = await boxes.run(*TICKS)
    await box.exec("dd", "if=/dev/zero", "of=/big", "bs=1000000", "count=8")
    return boxes


@pytest.mark.parametrize("size", [0, 1, 5, 9, 4000])
@pytest.mark.parametrize("name", STREAMS)
async def test_while_it_reads(mock: MockDaemon, ticking: Boxes, name: str, size: int) -> None:
    """Before the first byte of the body, within the header of a frame, at its end, and later."""
    before = held(mock)
    stranger = await Stranger.arrive(mock, STREAMS[name])
    await stranger.head()
    if size:
        async with asyncio.timeout(10):
            await stranger.reader.read(size)
    stranger.vanish()
    await until_only(mock, before)


@pytest.mark.parametrize("condition", ["not-running", "next-exit", "removed"])
async def test_while_it_waits(mock: MockDaemon, ticking: Boxes, condition: str) -> None:
    before = held(mock)
    request = asking(f"POST /containers/box/wait?condition={condition}", "Content-Length: 0\r\n")
    stranger = await Stranger.arrive(mock, request)
    await stranger.head()
    assert held(mock).waiters == 1
    stranger.vanish()
    await until_only(mock, before)


async def test_while_it_listens_to_events(mock: MockDaemon, ticking: Boxes) -> None:
    before = held(mock)
    stranger = await Stranger.arrive(mock, asking("GET /events"))
    await stranger.head()
    assert held(mock).listeners == before.listeners + 1
    stranger.vanish()
    await until_only(mock, before)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("typed", [b"", b"half a li", b"x" * 1_000_000])
@pytest.mark.parametrize("reads", [True, False])
async def test_while_it_types(
    mock: MockDaemon, boxes: Boxes, *, reads: bool, typed: bytes, terminal: bool
) -> None:
    """Into a process that takes it; for one that does not, what was sent waits as long as it runs."""
    box = await boxes.run(*(["cat"] if reads else ["sleep", "1000"]), OpenStdin=True, Tty=terminal)
    before = held(mock)
    request = asking("POST /containers/box/attach?stream=1&stdin=1&stdout=1", UPGRADE)
    stranger = await Stranger.arrive(mock, request)
    await stranger.head()
    stranger.writer.write(typed)
    stranger.vanish()
    if not reads:
        await box.post("kill")
    await until_only(mock, before)


async def test_while_an_exec_reads_from_it(mock: MockDaemon, boxes: Boxes) -> None:
    """The end of the client is the end of its input, and so of the process."""
    await boxes.run("top")
    before = held(mock)
    wanted = {"Cmd": ["cat"], "AttachStdin": True, "AttachStdout": True}
    made = (await boxes.docker.post("/containers/box/exec", wanted)).json["Id"]
    headers = UPGRADE + "Content-Type: application/json\r\nContent-Length: 2\r\n"
    stranger = await Stranger.arrive(mock, asking(f"POST /exec/{made}/start", headers) + b"{}")
    await stranger.head()
    stranger.writer.write(b"hello\n")
    async with asyncio.timeout(10):
        await stranger.reader.readexactly(10)
    stranger.vanish()
    await until_only(mock, before)
    shown = (await boxes.docker.get(f"/exec/{made}/json")).json
    assert (shown["Running"], shown["ExitCode"]) == (False, 0)


async def test_an_exec_whose_client_broke_off_reads_the_end_of_its_input(
    mock: MockDaemon, boxes: Boxes
) -> None:
    """What the process wrote is not read: the connection ends by a reset, not by the end of a half."""
    box = await boxes.run("top")
    script = "head -c 3; touch /said; cat; touch /ended"
    wanted = {"Cmd": ["sh", "-c", script], "AttachStdin": True, "AttachStdout": True}
    made = (await boxes.docker.post("/containers/box/exec", wanted)).json["Id"]
    headers = UPGRADE + "Content-Type: application/json\r\nContent-Length: 2\r\n"
    stranger = await Stranger.arrive(mock, asking(f"POST /exec/{made}/start", headers) + b"{}")
    await stranger.head()
    stranger.writer.transport.pause_reading()
    stranger.writer.write(b"abc")
    await until_there(box, "/said")
    stranger.vanish()
    await until_there(box, "/ended")


async def until_there(box: Box, path: str) -> None:
    async with asyncio.timeout(10):
        while True:
            if await box.exec("test", "-e", path) == (0, ""):
                return


async def test_while_a_websocket_is_open(mock: MockDaemon, ticking: Boxes) -> None:
    before = held(mock)
    headers = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://d\r\n"
    )
    request = asking("GET /containers/box/attach/ws?stream=1&stdout=1&stdin=1", headers)
    stranger = await Stranger.arrive(mock, request)
    await stranger.head()
    stranger.writer.write(b"\x81")  # the first byte of a frame
    stranger.vanish()
    await until_only(mock, before)


def _archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in {"Dockerfile": b"FROM busybox\n", "data": bytes(400_000)}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


UPLOADS = {
    "archive": "PUT /containers/box/archive?path=/tmp",
    "load": "POST /images/load",
    "import": "POST /images/create?fromSrc=-",
    "build": "POST /build",
}


@pytest.mark.parametrize("sent", [0, 300, 513, 200_000])
@pytest.mark.parametrize("name", UPLOADS)
async def test_while_it_sends(mock: MockDaemon, boxes: Boxes, name: str, sent: int) -> None:
    await boxes.run("top")
    before = held(mock)
    data = _archive()
    headers = f"Content-Type: application/x-tar\r\nContent-Length: {len(data)}\r\n"
    stranger = await Stranger.arrive(mock, asking(UPLOADS[name], headers) + data[:sent])
    await stranger.writer.drain()
    stranger.vanish()
    await until_only(mock, before)


@pytest.mark.parametrize("at", range(0, 200, 9))
async def test_within_a_request(mock: MockDaemon, boxes: Boxes, at: int) -> None:
    await boxes.run("cat", OpenStdin=True)
    before = held(mock)
    body = json.dumps({"AttachStdout": True, "Cmd": ["echo"]}).encode()
    headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    request = asking("POST /containers/box/exec", headers) + body
    stranger = await Stranger.arrive(mock, request[:at])
    await stranger.writer.drain()
    stranger.vanish()
    await until_only(mock, before)
