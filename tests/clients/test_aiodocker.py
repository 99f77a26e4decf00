"""aiodocker as services use it: run, log, exec, attach, files, images, events."""

import asyncio
from collections.abc import AsyncIterator

import aiodocker
import pytest

from mockerd import MockDaemon

TOP = {"Image": "busybox", "Cmd": ["top"]}


@pytest.fixture
async def docker() -> AsyncIterator[aiodocker.Docker]:
    async with MockDaemon() as mock, aiodocker.Docker(url=mock.docker_host) as client:
        await client.images.pull("busybox")
        yield client


async def test_a_container_runs_to_its_end(docker: aiodocker.Docker) -> None:
    container = await docker.containers.run(
        {"Image": "busybox", "Cmd": ["sh", "-c", "echo out; echo err >&2; exit 3"]}, name="job"
    )
    assert await container.wait() == {"StatusCode": 3}
    assert await container.log(stdout=True) == ["out\n"]
    assert await container.log(stderr=True) == ["err\n"]
    assert [line async for line in container.log(stdout=True, follow=True)] == ["out\n"]
    await container.delete()
    with pytest.raises(aiodocker.DockerError) as gone:
        await container.show()
    assert (gone.value.status, gone.value.message) == (404, f"No such container: {container.id}")


async def test_commands_beside_it(docker: aiodocker.Docker) -> None:
    container = await docker.containers.run(TOP)
    execution = await container.exec(["sh", "-c", "cat; echo err >&2; exit 4"], stdin=True)
    async with execution.start() as stream:
        await stream.write_in(b"typed")
        first = await stream.read_out()
        assert first is not None
        assert (first.stream, first.data) == (1, b"typed")
    await container.delete(force=True)


async def test_an_attached_terminal(docker: aiodocker.Docker) -> None:
    container = await docker.containers.create(
        {"Image": "busybox", "Cmd": ["sh", "-c", "read word; echo [$word]"], "Tty": True, "OpenStdin": True}
    )  # fmt: skip
    async with container.attach(stdin=True, stdout=True, stderr=True) as stream:
        await container.start()
        await stream.write_in(b"hello\n")
        seen = b""
        while (message := await stream.read_out()) is not None:
            seen += message.data
    assert seen == b"hello\r\n[hello]\r\n"


async def test_networks_and_volumes(docker: aiodocker.Docker) -> None:
    network = await docker.networks.create({"Name": "net"})
    container = await docker.containers.run(TOP)
    await network.connect({"Container": container.id})
    assert set((await container.show())["NetworkSettings"]["Networks"]) == {"bridge", "net"}
    await network.disconnect({"Container": container.id})
    assert await network.delete()
    volume = await docker.volumes.create({"Name": "vol"})
    assert (await volume.show())["Driver"] == "local"
    await volume.delete()


async def test_events_are_heard(docker: aiodocker.Docker) -> None:
    subscriber = docker.events.subscribe()
    container = await docker.containers.run({"Image": "busybox", "Cmd": ["true"]})
    seen: list[str] = []
    async with asyncio.timeout(20):
        while "die" not in seen:
            event = await subscriber.get()
            seen += [event["Action"]] if event["Actor"]["ID"] == container.id else []
    # The subscription is made in the background: it may come too late for the creation.
    assert seen[-2:] == ["start", "die"]


async def test_an_image_that_nobody_may_pull(docker: aiodocker.Docker) -> None:
    with pytest.raises(aiodocker.DockerError, match="pull access denied"):
        await docker.images.pull("no-such-image")
    assert [i["RepoTags"] for i in await docker.images.list()] == [["busybox:latest"]]
