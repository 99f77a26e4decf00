"""POST /containers/{name}/attach: heads, frames, ends and keys, as on Engine 28.5.2."""

import asyncio

import pytest

from tests.behaviour.boxes import PATIENCE, Boxes, frames

OUTPUT = "/containers/box/attach?stream=1&stdout=1&stderr=1"
BOTH = f"{OUTPUT}&stdin=1"


async def test_the_head_and_the_frames(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "echo out; echo err >&2")
    wire = await boxes.hijack(OUTPUT)
    assert await wire.head() == (
        "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"
        "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    )
    await box.start()
    assert sorted(frames(await wire.rest())) == [(1, "out\n"), (2, "err\n")]


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ("/containers/nosuch/attach", "404 Not Found", "No such container: nosuch"),
        ("/containers/box/attach?detachKeys=foo", "400 Bad Request", "Invalid detach keys (foo) provided"),
    ],
)  # fmt: skip
async def test_a_refusal_is_written_to_the_connection(
    boxes: Boxes, path: str, line: str, text: str
) -> None:
    await boxes.create("true")
    wire = await boxes.hijack(path)
    assert (
        await wire.rest()
        == (
            f"HTTP/1.1 {line}\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n{text}\r\n"
        ).encode()
    )


async def test_a_paused_container_is_refused(boxes: Boxes) -> None:
    box = await boxes.run("top")
    await box.post("pause")
    wire = await boxes.hijack(OUTPUT)
    assert b"409 Conflict" in (rest := await wire.rest())
    assert rest.endswith(b"container box is paused, unpause the container before attach\r\n")


async def test_a_half_close_without_stdin_means_nothing(boxes: Boxes) -> None:
    """The CLI half-closes within a millisecond when it was called without -i."""
    box = await boxes.create("sh", "-c", "sleep 0.05; echo late")
    wire = await boxes.hijack(OUTPUT)
    wire.half_close()
    await wire.head()
    await box.start()
    assert frames(await wire.rest()) == [(1, "late\n")]


@pytest.mark.parametrize("order", ["before", "after"])
async def test_an_end_of_input_once(boxes: Boxes, order: str) -> None:
    box = await boxes.create("cat", OpenStdin=True, StdinOnce=True)
    if order == "after":
        await box.start()
    wire = await boxes.hijack(BOTH)
    await wire.head()
    wire.send(b"abc\n")
    wire.half_close()
    if order == "before":
        await box.start()
    assert frames(await wire.rest()) == [(1, "abc\n")]
    assert await box.wait() == 0


async def test_an_end_of_input_that_is_kept_open(boxes: Boxes) -> None:
    """Without StdinOnce the process goes on; it is the client's output that ends."""
    box = await boxes.run("cat", OpenStdin=True)
    wire = await boxes.hijack(BOTH)
    await wire.head()
    wire.send(b"abc\n")
    assert (await wire.until(b"abc\n"))[-4:] == b"abc\n"
    wire.half_close()
    assert await wire.rest() == b""
    assert await box.status() == "running"


async def test_200_half_closed_cats_lose_nothing(boxes: Boxes) -> None:
    async def one(number: int) -> None:
        name = f"cat{number}"
        box = await boxes.create("cat", name=name, OpenStdin=True, StdinOnce=True)
        wire = await boxes.hijack(f"/containers/{name}/attach?stream=1&stdin=1&stdout=1")
        await wire.head()
        wire.send(f"{name}\n".encode() * 100)
        wire.half_close()
        await box.start()
        assert frames(await wire.rest()) == [(1, f"{name}\n" * 100)]

    await asyncio.gather(*(one(number) for number in range(200)))


async def test_a_terminal_is_raw(boxes: Boxes) -> None:
    box = await boxes.run(
        "sh", "-c", "stty size; tty", Tty=True, HostConfig={"ConsoleSize": [33, 77]}
    )
    await box.wait()
    wire = await boxes.hijack("/containers/box/attach?logs=1&stdout=1")
    assert "application/vnd.docker.raw-stream" in await wire.head()
    assert await wire.rest() == b"33 77\r\n/dev/pts/0\r\n"


async def test_what_was_logged_comes_before_what_happens(boxes: Boxes) -> None:
    box = await boxes.run("sh", "-c", "echo one; read x; echo two", OpenStdin=True)
    await box.until_output("one\n")
    wire = await boxes.hijack(f"{BOTH}&logs=1")
    await wire.head()
    wire.send(b"go\n")
    await wire.until(b"two\n")
    await wire.close()
    assert await box.wait() == 0


async def test_the_keys_that_detach(boxes: Boxes) -> None:
    box = await boxes.run("cat", OpenStdin=True, Tty=True)
    wire = await boxes.hijack(BOTH)
    await wire.head()
    wire.send(b"a\x10")
    await wire.until(b"a")
    wire.send(b"\x11")
    await wire.rest()
    assert await box.status() == "running"


async def test_a_stream_of_what_is_not_running_waits_for_its_start(boxes: Boxes) -> None:
    box = await boxes.finished("echo", "again")
    wire = await boxes.hijack(OUTPUT)
    await wire.head()
    await box.start()
    assert frames(await wire.rest()) == [(1, "again\n")]


async def test_an_unread_attach_stops_the_writer(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "yes | head -c 8000000; echo done")
    wire = await boxes.hijack(OUTPUT)
    await wire.head()
    await box.start()
    await box.exec("true")
    await asyncio.sleep(0.3)
    assert await box.status() == "running"
    async with asyncio.timeout(PATIENCE):
        data = await wire.rest()
    assert len(data) > 8_000_000
    assert data.endswith(b"done\n")


async def test_a_client_that_vanishes_lets_the_writer_go_on(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "yes | head -c 8000000; exit 4")
    wire = await boxes.hijack(OUTPUT)
    await wire.head()
    await box.start()
    await wire.close()
    assert await box.wait() == 4


async def test_a_hundred_followers_get_everything(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "for i in 1 2 3; do echo $i; done")
    wires = [await boxes.hijack(OUTPUT) for _ in range(100)]
    for wire in wires:
        await wire.head()
    await box.start()
    for wire in wires:
        assert frames(await wire.rest()) == [(1, "1\n2\n3\n")]


async def test_without_a_terminal_the_keys_are_bytes_like_any_others(boxes: Boxes) -> None:
    await boxes.run("cat", OpenStdin=True)
    wire = await boxes.hijack(BOTH)
    await wire.head()
    wire.send(b"\x10\x11\n")
    await wire.until(b"\x10\x11\n")
    await wire.close()


@pytest.mark.parametrize("query", ["stream=1", "stream=1&stdin=1"])
async def test_an_attach_to_no_stream_is_over_at_once(boxes: Boxes, query: str) -> None:
    """Also to the input of a container that has none."""
    await boxes.run("top")
    wire = await boxes.hijack(f"/containers/box/attach?{query}")
    await wire.head()
    assert await wire.rest() == b""
