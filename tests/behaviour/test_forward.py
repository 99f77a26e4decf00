"""--forward: a real server answers on a port of every container of an image."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from daemon.__main__ import parser
from mockerd import MockDaemon
from tests.behaviour.boxes import PATIENCE, Box, Boxes
from tests.behaviour.conftest import Client

PUBLISHED = {
    "ExposedPorts": {"7/tcp": {}},
    "HostConfig": {"PortBindings": {"7/tcp": [{"HostIp": "127.0.0.1", "HostPort": "0"}]}},
}


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer in capitals; say goodbye when the client has half-closed."""
    while data := await reader.read(65536):
        writer.write(data.upper())
        await writer.drain()
    writer.write(b"bye")
    writer.close()


@contextlib.asynccontextmanager
async def forwarding(port: int) -> AsyncIterator[Boxes]:
    """A daemon that forwards port 7 of busybox."""
    async with MockDaemon(forward=[f"busybox:7=127.0.0.1:{port}"]) as mock:
        client = Client(mock.socket_path)
        await client.post("/images/create?fromImage=busybox&tag=latest")
        yield Boxes(client, mock.socket_path)
        await client.session.close()


@pytest.fixture
async def server() -> AsyncIterator[asyncio.Server]:
    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    yield server
    server.close()
    await server.wait_closed()


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def listening(box: Box) -> Box:
    """The box, once its port is open, as a wait strategy looks for it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            _, sockets = await box.exec("cat", "/proc/net/tcp6")
            if ":0007 " in sockets:
                return box
            await asyncio.sleep(0.005)


async def outer_port(box: Box) -> int:
    return int((await box.inspect())["NetworkSettings"]["Ports"]["7/tcp"][0]["HostPort"])


async def test_bytes_go_both_ways_with_half_close(server: asyncio.Server) -> None:
    async with forwarding(port_of(server)) as boxes:
        box = await listening(await boxes.run("sh", **PUBLISHED))
        reader, writer = await asyncio.open_connection("127.0.0.1", await outer_port(box))
        payload = b"x" * 1_000_000
        writer.write(payload)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            assert await reader.read(-1) == payload.upper() + b"bye"
        writer.close()
        await writer.wait_closed()


async def test_other_containers_reach_it(server: asyncio.Server) -> None:
    async with forwarding(port_of(server)) as boxes:
        box = await listening(await boxes.run("sh"))
        address = (await box.inspect())["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        said = await box.exec("sh", "-c", f"echo hi | nc {address} 7")
        assert said == (0, "HI\nbye")


async def test_a_host_that_refuses_is_a_port_that_refuses(server: asyncio.Server) -> None:
    port = port_of(server)
    server.close()
    await server.wait_closed()
    async with forwarding(port) as boxes:
        box = await listening(await boxes.run("sh", **PUBLISHED))
        code, said = await box.exec("nc", "127.0.0.1", "7")
        assert code == 1
        assert "refused" in said
        reader, writer = await asyncio.open_connection("127.0.0.1", await outer_port(box))
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_a_connection_ends_with_its_container(server: asyncio.Server) -> None:
    async with forwarding(port_of(server)) as boxes:
        box = await listening(await boxes.run("sh", **PUBLISHED))
        reader, writer = await asyncio.open_connection("127.0.0.1", await outer_port(box))
        writer.write(b"once")
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(4) == b"ONCE"
            await box.post("kill")
            assert await reader.read() == b""
        writer.close()


def test_the_command_line_refuses_another_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser().parse_args(["--forward", "db:1=h:2"]).forward == ["db:1=h:2"]
    with pytest.raises(SystemExit):
        parser().parse_args(["--forward", "db=h:2"])
    assert "--forward: invalid" in capsys.readouterr().err
