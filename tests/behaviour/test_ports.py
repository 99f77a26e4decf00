"""Published ports: real sockets of the host, bound at start and freed at the exit."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pytest

from tests.behaviour.boxes import Boxes
from tests.ports import free_port

ENDPOINT = "failed to set up container networking: driver failed programming external connectivity on endpoint"
SERVER = ("sh", "-c", "while :; do echo hello | nc -l -p 80; done")


def published(
    port: int | str = "", host_ip: str = "127.0.0.1", inner: str = "80/tcp"
) -> dict[str, Any]:
    binding = {"HostIp": host_ip, "HostPort": str(port)}
    return {"ExposedPorts": {inner: {}}, "HostConfig": {"PortBindings": {inner: [binding]}}}


async def fetch(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def answered(port: int) -> bytes:
    """What the server says, once it listens; before that, connections are reset."""
    async with asyncio.timeout(10):
        while True:
            try:
                if data := await fetch(port):
                    return data
            except ConnectionResetError:
                await asyncio.sleep(0.005)


async def test_a_browser_reaches_the_server(boxes: Boxes) -> None:
    port = free_port()
    await boxes.run(*SERVER, **published(port))
    assert await answered(port) == b"hello\n"


async def test_accepted_then_reset_while_nothing_listens(boxes: Boxes) -> None:
    port = free_port()
    await boxes.run("top", **published(port))
    with pytest.raises(ConnectionResetError):
        await fetch(port)


async def test_freed_at_the_exit_and_taken_again_at_the_start(boxes: Boxes) -> None:
    port = free_port()
    box = await boxes.run("top", **published(port))
    assert await box.post("kill") == (204, "")
    with pytest.raises(ConnectionRefusedError):
        await fetch(port)
    await box.start()
    with pytest.raises(ConnectionResetError):
        await fetch(port)


async def test_a_port_of_another_container(boxes: Boxes) -> None:
    port = free_port()
    await boxes.run("top", name="first", **published(port))
    second = await boxes.create("top", name="second", **published(port))
    status, text = await second.post("start")
    assert status == 500
    assert text.startswith(f"{ENDPOINT} second (")
    assert text.endswith(f"): Bind for 127.0.0.1:{port} failed: port is already allocated")
    state = await second.state()
    assert (state["Status"], state["ExitCode"], state["Error"]) == ("created", 128, text)


async def test_a_port_of_a_process_of_the_host(boxes: Boxes) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        box = await boxes.create("top", **published(port))
        status, text = await box.post("start")
    assert status == 500
    assert text.endswith(
        f"): failed to bind host port for 127.0.0.1:{port}:172.17.0.2:80/tcp: address already in use"
    )
    await box.start()


async def test_an_address_that_is_not_the_hosts(boxes: Boxes) -> None:
    box = await boxes.create("top", **published(free_port(), "192.0.2.1"))
    _, text = await box.post("start")
    assert text.endswith(":80/tcp: cannot assign requested address")


async def test_any_port(boxes: Boxes) -> None:
    box = await boxes.run("top", **published())
    [binding] = (await box.inspect())["NetworkSettings"]["Ports"]["80/tcp"]
    assert binding["HostIp"] == "127.0.0.1"
    assert 32768 <= int(binding["HostPort"]) <= 60999


async def test_every_address_is_one_binding_for_each_family(boxes: Boxes) -> None:
    box = await boxes.run("top", **published(free_port(), ""))
    bindings = (await box.inspect())["NetworkSettings"]["Ports"]["80/tcp"]
    assert [binding["HostIp"] for binding in bindings] == ["0.0.0.0", "::"]
    assert len({binding["HostPort"] for binding in bindings}) == 1


async def test_a_range_gives_the_first_free_port_of_it(boxes: Boxes) -> None:
    first = free_port()
    spec = f"{first}-{first + 1}"
    given = []
    for name in ("one", "two"):
        box = await boxes.run("top", name=name, **published(spec))
        [binding] = (await box.inspect())["NetworkSettings"]["Ports"]["80/tcp"]
        given.append(int(binding["HostPort"]))
    assert given == [first, first + 1]
    third = await boxes.create("top", name="three", **published(spec))
    assert (await third.post("start"))[1].endswith("): all ports are allocated")


async def test_what_is_not_exposed_is_not_published(boxes: Boxes) -> None:
    bindings = {"80/tcp": [{"HostPort": str(free_port())}]}
    box = await boxes.run("top", HostConfig={"PortBindings": bindings})
    assert (await box.inspect())["NetworkSettings"]["Ports"] == {}


async def test_what_is_exposed_only_is_shown_without_a_place(boxes: Boxes) -> None:
    box = await boxes.run("top", ExposedPorts={"80/tcp": {}, "53/udp": {}})
    assert (await box.inspect())["NetworkSettings"]["Ports"] == {"80/tcp": None, "53/udp": None}


async def test_publish_all(boxes: Boxes) -> None:
    config = {"ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "HostConfig": {"PublishAllPorts": True}}
    box = await boxes.run("top", **config)
    ports = (await box.inspect())["NetworkSettings"]["Ports"]
    assert {spec: len(places) for spec, places in ports.items()} == {"80/tcp": 2, "53/udp": 2}


async def test_large_bodies_arrive_whole(boxes: Boxes) -> None:
    port = free_port()
    server = "while :; do head -c 3000000 /dev/zero | nc -l -p 80; done"
    await boxes.run("sh", "-c", server, **published(port))
    assert len(await answered(port)) == 3_000_000


async def test_another_container_reaches_it_through_the_host(boxes: Boxes) -> None:
    port = free_port()
    await boxes.run(*SERVER, name="server", **published(port))
    script = f"until nc 172.17.0.1 {port}; do sleep 0.01; done"
    box = await boxes.finished("sh", "-c", script, name="client")
    assert (await box.output()).endswith("hello\n")


async def test_datagrams_come_in(boxes: Boxes) -> None:
    box = await boxes.run("nc", "-u", "-l", "-p", "53", **published("", inner="53/udp"))
    [binding] = (await box.inspect())["NetworkSettings"]["Ports"]["53/udp"]
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", int(binding["HostPort"])))
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(ConnectionRefusedError):
                    client.send(b"ping\n")
                if "ping\n" in await box.output():
                    break
