"""A reader that stops reading: an attach blocks its writer, a log follower never does; and a storm of resizes."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.behaviour.boxes import Box, Boxes

MEGABYTE = 1_000_000
WRITER = (
    "i=0; while :; do dd if=/dev/zero bs=16384 count=1 2>/dev/null; i=$((i+1)); echo $i > /n; done"
)


@pytest.fixture
def tracing() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def written(box: Box) -> int:
    """How many bytes the writer has got rid of."""
    _code, count = await box.exec("cat", "/n")
    return int(count or 0) * 16384


async def until_blocked(box: Box) -> int:
    """The writer makes no progress between several turns of the daemon any more."""
    async with asyncio.timeout(20):
        before, same = -1, 0
        while same < 5:
            now = await written(box)
            same = same + 1 if now == before else 0
            before = now
    return before


async def test_an_attach_blocks_its_writer_after_a_megabyte(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", WRITER, HostConfig={"LogConfig": {"Type": "none"}})
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdout=1")
    await wire.head()
    wire.hold()
    await box.start()
    blocked = await until_blocked(box)
    assert 0.7 * MEGABYTE < blocked < 2 * MEGABYTE
    wire.go_on()
    await wire.exactly(2 * MEGABYTE)
    wire.hold()
    assert await until_blocked(box) > blocked
    await wire.close()


async def test_a_log_that_nobody_reads_is_not_in_memory(boxes: Boxes, tracing: None) -> None:
    command = "echo go; yes 0123456789012345678901234567890123456789 | head -c 20000000; exit 3"
    box = await boxes.create("sh", "-c", command)
    before, _peak = tracemalloc.get_traced_memory()
    await box.start()
    wire = await boxes.hijack_get("/containers/box/logs?stdout=1&follow=1")
    await wire.until(b"go\n")
    wire.hold()
    assert await box.wait() == 3
    gc.collect()
    after, _peak = tracemalloc.get_traced_memory()
    assert after - before < 5 * MEGABYTE
    await wire.close()


async def test_a_storm_of_resizes_ends_with_the_last(boxes: Boxes) -> None:
    box = await boxes.run(
        "sh", "-c", "trap 'stty size' WINCH; while :; do sleep 0.01; done", Tty=True
    )
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdout=1")
    await wire.head()
    storm = [box.post(f"resize?h={rows}&w=100") for rows in range(1, 301)]
    assert set(await asyncio.gather(*storm)) == {(200, "")}
    assert await box.post("resize?h=77&w=99") == (200, "")
    await wire.until(b"77 99\r\n")
    await wire.close()
