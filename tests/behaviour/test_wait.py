"""POST /containers/{name}/wait: the conditions, and when the head goes out."""

import asyncio

from tests.behaviour.boxes import Boxes


async def test_an_unknown_condition(boxes: Boxes) -> None:
    await boxes.create("true")
    answer = await boxes.docker.post("/containers/box/wait?condition=stopped")
    assert answer.refusal == (400, 'invalid condition: "stopped"')


async def test_an_unknown_container(boxes: Boxes) -> None:
    answer = await boxes.docker.post("/containers/nosuch/wait")
    assert answer.refusal == (404, "No such container: nosuch")


async def test_one_that_does_not_run_is_answered_at_once(boxes: Boxes) -> None:
    box = await boxes.create("true")
    assert await box.wait() == 0
    await box.start()
    await box.wait()
    assert await box.wait() == 0


async def test_the_head_comes_before_the_code(boxes: Boxes) -> None:
    box = await boxes.run("top")
    wire = await boxes.hijack("/containers/box/wait", upgrade=False)
    assert (await wire.head()).startswith("HTTP/1.1 200 OK\r\n")
    await box.post("kill")
    await wire.until(b'{"StatusCode":137}\n')
    await wire.close()


async def test_the_next_exit_of_one_that_has_exited(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "exit 3")
    waiting = asyncio.create_task(box.wait("next-exit"))
    await box.status()
    assert not waiting.done()
    await box.start()
    assert await waiting == 3


async def test_the_removal(boxes: Boxes) -> None:
    box = await boxes.finished("sh", "-c", "exit 3")
    waiting = asyncio.create_task(box.wait("removed"))
    await box.status()
    assert not waiting.done()
    await boxes.docker.delete("/containers/box")
    assert await waiting == 3


async def test_one_that_removes_itself(boxes: Boxes) -> None:
    box = await boxes.create("sh", "-c", "exit 3", HostConfig={"AutoRemove": True})
    waiting = asyncio.create_task(box.wait("removed"))
    await box.status()
    await box.start()
    assert await waiting == 3
    assert (await boxes.docker.get("/containers/box/json")).status == 404


async def test_the_code_comes_once_attached_clients_have_read_the_output(boxes: Boxes) -> None:
    box = await boxes.create("echo", "out")
    wire = await boxes.hijack("/containers/box/attach?stream=1&stdout=1")
    await wire.head()
    wire.hold()
    await box.start()
    waiting = asyncio.create_task(box.wait())
    await box.until(lambda shown: shown["State"]["Status"] == "exited")
    assert not waiting.done()
    wire.go_on()
    assert await waiting == 0
    await wire.close()


async def test_a_vanished_waiter_leaves_nothing(boxes: Boxes) -> None:
    box = await boxes.run("top")
    wire = await boxes.hijack("/containers/box/wait", upgrade=False)
    await wire.head()
    await wire.close()
    assert await box.post("kill") == (204, "")
    assert await box.wait() == 137
