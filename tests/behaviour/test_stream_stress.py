"""Streams under stress: many followers, readers that stop, clients that vanish, resizes without end."""

import asyncio

import pytest

from mockerd import MockDaemon
from tests.behaviour.boxes import Boxes, frames

FOLLOW = "/containers/box/logs?stdout=1&follow=1"


async def test_a_thousand_log_followers(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "read x; for i in 1 2 3; do echo $i; done", OpenStdin=True)
    wires = []
    for _ in range(1000):
        wires.append(await boxes.hijack_get(FOLLOW))
    for wire in wires:
        assert (await wire.head()).startswith("HTTP/1.1 200 OK")
    typist = await boxes.hijack("/containers/box/attach?stream=1&stdin=1")
    await typist.head()
    typist.send(b"\n")
    for wire in wires:
        assert (await wire.until(b"3\n")).count(b"\n") >= 3
        await wire.close()
    await typist.close()
    assert await box.wait() == 0


@pytest.mark.parametrize("size", [1, 3, 8, 13])
async def test_a_client_that_leaves_after_some_bytes(
    boxes: Boxes, mock: MockDaemon, size: int
) -> None:
    box = await boxes.create("sh", "-c", "echo abcdef; sleep 0.02; exit 5")
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdout=1")
    await wire.head()
    await box.start()
    await wire.exactly(size)
    await wire.close()
    assert await box.wait() == 5


async def test_nothing_is_left_of_clients_that_vanish(boxes: Boxes, mock: MockDaemon) -> None:
    box = await boxes.run("top")
    before = len(asyncio.all_tasks())
    for path in ("attach?stream=1&stdout=1", "wait"):
        for _ in range(20):
            wire = await boxes.hijack(f"/containers/box/{path}")
            await wire.head()
            await wire.close()
    for path in ("logs?stdout=1&follow=1", "stats"):
        for _ in range(20):
            wire = await boxes.hijack_get(f"/containers/box/{path}")
            await wire.head()
            await wire.close()
    async with asyncio.timeout(10):
        while True:
            if len(asyncio.all_tasks()) <= before + 1:
                break
            await asyncio.sleep(0.005)
    assert await box.status() == "running"


async def test_a_storm_of_resizes(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "read x; stty size", OpenStdin=True, Tty=True)
    answers = await asyncio.gather(
        *(box.post(f"resize?h={10 + number}&w=80") for number in range(200))
    )
    assert set(answers) == {(200, "")}
    await box.post("resize?h=7&w=70")
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdin=1&stdout=1")
    await wire.head()
    wire.send(b"\n")
    await wire.until(b"7 70\r\n")
    await wire.rest()


async def test_input_in_single_bytes(boxes: Boxes) -> None:
    box = await boxes.run("cat", OpenStdin=True, StdinOnce=True)
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdin=1&stdout=1")
    await wire.head()
    for byte in b"hello\n" * 10:
        wire.send(bytes([byte]))
        await asyncio.sleep(0)
    wire.half_close()
    assert frames(await wire.rest()) == [(1, "hello\n" * 10)]
    assert await box.wait() == 0


async def test_the_daemon_ends_first(boxes: Boxes) -> None:
    """Our half-close comes first, the client's after it."""
    box = await boxes.run("sh", "-c", "read x; echo bye", OpenStdin=True)
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdin=1&stdout=1")
    await wire.head()
    wire.send(b"\n")
    assert frames(await wire.rest()) == [(1, "bye\n")]
    assert await box.wait() == 0


async def test_a_busy_loop_leaves_the_daemon_answering(boxes: Boxes) -> None:
    await boxes.run("sh", "-c", "while :; do :; done")
    loop = asyncio.get_running_loop()
    slowest = 0.0
    for _ in range(50):
        started = loop.time()
        await boxes.docker.get("/_ping")
        slowest = max(slowest, loop.time() - started)
    assert slowest < 0.2
