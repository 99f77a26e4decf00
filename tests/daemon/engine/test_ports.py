"""The doors of published ports, with a network namespace behind them and nothing else."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from daemon.clock import Clock
from daemon.engine.ports import Ports, Wanted, wanted_ports
from daemon.errors import System
from daemon.process.net import NetNamespace


@contextlib.asynccontextmanager
async def door(wanted: Wanted, inside: NetNamespace) -> AsyncIterator[int]:
    """The host's port, while it is open."""
    ports = Ports()
    published = ports.publish([wanted], "172.17.0.2")
    ports.serve(published, inside)
    [places] = published.bindings.values()
    assert places
    try:
        yield int(places[0].host_port)
    finally:
        ports.release(published)
        await ports.close()


def test_an_ephemeral_port_is_a_new_one_each_time() -> None:
    ports = Ports()
    given = []
    for _ in range(3):
        published = ports.publish([Wanted(80, "tcp", "127.0.0.1", 0, 0)], "172.17.0.2")
        [places] = published.bindings.values()
        assert places
        given.append(int(places[0].host_port))
        ports.release(published)
    assert given == sorted(set(given))


async def test_datagrams_find_their_way_back() -> None:
    inside = NetNamespace(clock=Clock())
    server = inside.bind_datagrams("0.0.0.0", 53)
    async with door(Wanted(53, "udp", "127.0.0.1", 0, 0), inside) as port:
        loop = asyncio.get_running_loop()
        for text in (b"one", b"two"):
            with socket.socket(type=socket.SOCK_DGRAM) as client:
                client.setblocking(False)
                client.connect(("127.0.0.1", port))
                await loop.sock_sendall(client, text)
                while (taken := server.take()) is None:
                    await server.readable.wait()
                data, sender = taken
                server.send(b"re: " + data, sender)
                async with asyncio.timeout(10):
                    assert await loop.sock_recv(client, 100) == b"re: " + text


async def test_a_connection_goes_both_ways_and_ends_each_way_alone() -> None:
    inside = NetNamespace(clock=Clock())
    listener = inside.listen("0.0.0.0", 80)
    async with door(Wanted(80, "tcp", "127.0.0.1", 0, 0), inside) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"question")
        writer.write_eof()
        while (connection := listener.take()) is None:
            await listener.readable.wait()
        asked = b""
        while part := await connection.read():
            asked += part
        await connection.write(b"answer to " + asked)
        connection.write_eof()
        async with asyncio.timeout(10):
            assert await reader.read() == b"answer to question"
        writer.close()
        await writer.wait_closed()


async def test_a_released_port_is_closed_at_once() -> None:
    ports = Ports()
    published = ports.publish([Wanted(80, "tcp", "127.0.0.1", 0, 0)], "172.17.0.2")
    ports.serve(published, NetNamespace(clock=Clock()))
    [places] = published.bindings.values()
    assert places
    ports.release(published)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(places[0].host_port))
    await ports.close()


async def test_all_or_nothing() -> None:
    ports = Ports()
    first = ports.publish([Wanted(80, "tcp", "127.0.0.1", 0, 0)], "172.17.0.2")
    [places] = first.bindings.values()
    assert places
    taken = int(places[0].host_port)
    free = Wanted(81, "tcp", "127.0.0.1", 0, 0)
    with pytest.raises(System, match="already allocated"):
        ports.publish([free, Wanted(80, "tcp", "127.0.0.1", taken, taken)], "172.17.0.3")
    assert list(ports._taken) == [("tcp", taken)]
    ports.release(first)
    assert not ports._taken


def test_only_what_is_exposed_is_wanted() -> None:
    wanted, shown = wanted_ports(["80/tcp", "53/udp"], {"81/tcp": []}, publish_all=False)
    assert (wanted, list(shown)) == ([], ["80/tcp", "53/udp"])
