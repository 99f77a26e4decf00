"""Claims about namespaces, networks, connections and datagrams."""

import asyncio
import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.clock import ManualClock
from daemon.process.net import Connection, Fabric, NetNamespace
from daemon.process.process import Process
from daemon.process.sockets import Address
from daemon.process.status import ExitStatus


@pytest.fixture
def fabric():
    fabric = Fabric()
    fabric.add_network("front", subnets=["172.18.0.0/16"], gateways=["172.18.0.1"])
    fabric.add_network("back", subnets=["172.19.0.0/16"], gateways=["172.19.0.1"], internal=True)
    return fabric


@pytest.fixture
def join(boxes, fabric):
    """A container on a network: `join("front", 2)` has 172.18.0.2."""

    def make(*places):
        box = boxes()
        box.machine.net = NetNamespace(clock=box.clock, fabric=fabric)
        for network, number in places:
            base = str(fabric.networks[network].gateways[0]).rsplit(".", 1)[0]
            box.machine.net.attach(network, addresses=[f"{base}.{number}/16"], gateway=f"{base}.1")
        return box

    return make


async def echo(proc: Process) -> int:
    listening = await proc.listen(80)
    while True:
        fd = await proc.accept(listening)
        while data := await proc.read(fd):
            await proc.write(fd, data.upper())
        proc.close(fd)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_containers_of_one_network_talk(join):
    server, client = join(("front", 2)), join(("front", 3))
    server.clock = client.clock

    async def main(proc: Process) -> int:
        fd = await proc.connect("172.18.0.2", 80)
        assert proc.getpeername(fd) == ("172.18.0.2", 80)
        assert proc.getsockname(fd).host == "172.18.0.3"
        await proc.write(fd, b"hello")
        proc.shutdown(fd)
        await proc.out(await proc.read(fd))
        assert await proc.read(fd) == b""
        return 0

    await server.start(echo)
    await settle()
    assert await client.run(main) == ExitStatus(0)
    assert client.stdout == b"HELLO"
    traffic = client.machine.net.interfaces["eth0"].traffic
    assert traffic.sent > 5
    assert traffic.received > 5


async def failing(box, host, port=80, patience=None):
    seen = []

    async def main(proc: Process) -> int:
        try:
            await proc.connect(host, port, patience)
        except OSError as error:
            seen.append((error.errno, box.clock.monotonic()))
        return 0

    process = await box.start(main)
    await settle()
    while process.status is None:
        box.clock.advance(1)
        await settle()
    return seen[0] if seen else None


async def test_a_closed_port_refuses_at_once(join):
    join(("front", 2))
    client = join(("front", 3))
    assert await failing(client, "172.18.0.2") == (errno.ECONNREFUSED, 0)
    assert await failing(client, "127.0.0.1") == (errno.ECONNREFUSED, 0)


async def test_an_address_nobody_has_is_unreachable_after_three_seconds(join):
    number, after = await failing(join(("front", 3)), "172.18.0.99")
    assert number == errno.EHOSTUNREACH
    assert 3 <= after <= 4


async def test_another_network_does_not_answer(join):
    server = join(("back", 2))
    await server.start(echo)
    await settle()
    number, after = await failing(join(("front", 3)), "172.19.0.2", patience=10)
    assert (number, after) == (errno.ETIMEDOUT, 10)


async def test_an_internal_network_has_no_way_out(join):
    assert await failing(join(("back", 3)), "93.184.216.34") == (errno.ENETUNREACH, 0)
    assert await failing(join(), "172.18.0.2") == (errno.ENETUNREACH, 0)


async def test_a_container_on_two_networks_reaches_both(join):
    server, both = join(("back", 2)), join(("front", 3), ("back", 3))
    await server.start(echo)
    await settle()
    assert await failing(both, "172.19.0.2") is None


async def test_a_port_is_bound_once(box):
    async def main(proc: Process) -> int:
        fd = await proc.listen(80)
        with pytest.raises(OSError, match="Address already in use"):
            await proc.listen(80, "127.0.0.1")
        with pytest.raises(OSError, match="Cannot assign requested address"):
            await proc.listen(81, "10.9.8.7")
        proc.close(fd)
        await proc.listen(80, "127.0.0.1")
        await proc.listen(80, "::", only_v6=True)
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_a_published_port_is_refused_until_something_listens(join):
    server = join(("front", 2))
    changes = []
    server.machine.net.on_listen_change.append(lambda: changes.append(1))
    with pytest.raises(ConnectionRefusedError):
        await server.machine.net.dial(80)
    await server.start(echo)
    await settle()
    assert changes
    connection = await server.machine.net.dial(80)
    await connection.write(b"abc")
    assert await connection.read() == b"ABC"
    assert connection.other.peer.host == "172.18.0.1"
    connection.write_eof()
    assert await connection.read() == b""


async def test_what_listens_on_loopback_is_not_reached_from_outside(join):
    server = join(("front", 2))

    async def main(proc: Process) -> int:
        await proc.listen(80, "127.0.0.1")
        await proc.sleep(1000)
        return 0

    await server.start(main)
    await settle()
    assert not server.machine.net.is_listening(80)
    with pytest.raises(ConnectionRefusedError):
        await server.machine.net.dial(80)


async def test_a_container_reaches_published_ports_at_the_gateway(join, fabric):
    server, client = join(("back", 2)), join(("front", 3))
    await server.start(echo)
    await settle()
    fabric.publish("tcp", 8080, server.machine.net, 80)
    assert await failing(client, "172.18.0.1", 8080) is None
    assert await failing(client, "172.18.0.1", 8081) == (errno.ECONNREFUSED, 0)


async def test_a_namespace_may_be_shared(boxes, join):
    server, sidecar = join(("front", 2)), boxes()
    sidecar.machine.net = server.machine.net
    await server.start(echo)
    await settle()
    assert await failing(sidecar, "127.0.0.1") is None


async def test_a_killed_server_resets_what_it_has_not_read(join):
    server = join(("front", 2))

    async def main(proc: Process) -> int:
        await proc.accept(await proc.listen(80))
        await proc.sleep(1000)
        return 0

    await server.start(main)
    await settle()
    connection = await server.machine.net.dial(80)
    await connection.write(b"unread")
    server.machine.kill_all()
    with pytest.raises(ConnectionResetError):
        await connection.read()
    with pytest.raises(ConnectionRefusedError):
        await server.machine.net.dial(80)


async def test_a_full_backlog_makes_the_next_one_wait(join):
    server = join(("front", 2))
    go = asyncio.Event()

    async def main(proc: Process) -> int:
        fd = await proc.listen(80, backlog=1)
        await proc.block(go.wait())
        while True:
            await proc.accept(fd)

    await server.start(main)
    await settle()
    await server.machine.net.dial(80)
    second = asyncio.ensure_future(server.machine.net.dial(80))
    await settle()
    assert not second.done()
    go.set()
    await second


async def test_a_reader_that_is_slow_stops_the_sender(join):
    server = join(("front", 2))

    async def main(proc: Process) -> int:
        await proc.accept(await proc.listen(80))
        await proc.sleep(1000)
        return 0

    await server.start(main)
    await settle()
    connection = await server.machine.net.dial(80)
    writing = asyncio.ensure_future(connection.write(bytes(1 << 20)))
    await settle()
    assert not writing.done()
    writing.cancel()


async def test_datagrams_find_their_socket_and_the_answer_finds_the_way_back(join):
    server, client = join(("front", 2)), join(("front", 3))

    async def serve(proc: Process) -> int:
        fd = await proc.listen(53, proto="udp")
        while True:
            data, sender = await proc.recvfrom(fd)
            await proc.sendto(fd, data[::-1], sender)

    async def main(proc: Process) -> int:
        fd = await proc.connect("172.18.0.2", 53, proto="udp")
        await proc.write(fd, b"abc")
        await proc.out(await proc.read(fd))
        lost = await proc.connect("172.18.0.2", 54, proto="udp")
        await proc.write(lost, b"abc")
        with pytest.raises(ConnectionRefusedError):
            await proc.read(lost)
        return 0

    await server.start(serve)
    await settle()
    assert await client.run(main) == ExitStatus(0)
    assert client.stdout == b"cba"
    outside = server.machine.net.dial_datagrams(53)
    await outside.write(b"xyz")
    assert await outside.read() == b"zyx"


async def test_names_come_from_the_hosts_file_then_from_the_resolver(box):
    box.fs.write_bytes(
        "/etc/hosts", b"127.0.0.1 localhost\n::1 localhost\n10.0.0.9 db db.local # x\n"
    )
    box.machine.net.resolver = {"web": ["172.18.0.7"]}.get

    async def main(proc: Process) -> int:
        assert await proc.resolve("localhost") == ["127.0.0.1", "::1"]
        assert await proc.resolve("DB") == ["10.0.0.9"]
        assert await proc.resolve("web") == ["172.18.0.7"]
        assert await proc.resolve("10.1.2.3") == ["10.1.2.3"]
        with pytest.raises(socket.gaierror):
            await proc.resolve("nowhere")
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_unix_sockets_connect_processes_by_file(box):
    async def serve(proc: Process) -> int:
        fd = await proc.accept(await proc.listen_unix("/tmp/sock"))
        await proc.write(fd, b"hi")
        return 0

    async def main(proc: Process) -> int:
        proc.fork(serve)
        while not proc.access("/tmp/sock", 0):
            await proc.machine.clock.sleep(0)
        fd = await proc.connect_unix("/tmp/sock")
        await proc.out(await proc.read(fd))
        return 0

    assert await box.run(main) == ExitStatus(0)
    assert box.stdout == b"hi"


@given(st.lists(st.binary(min_size=1, max_size=5000), max_size=20), st.integers(1, 3000))
def test_a_stream_arrives_in_order_however_it_is_read(pieces, size):
    async def scenario():
        one, two = Connection.pair(Address("a", 1), Address("b", 2))
        received = bytearray()

        async def drain():
            while data := await two.read(size):
                received.extend(data)

        async with asyncio.TaskGroup() as group:
            group.create_task(drain())
            for piece in pieces:
                await one.write(piece)
            one.write_eof()
        return bytes(received)

    assert asyncio.run(scenario()) == b"".join(pieces)


def test_the_namespace_picks_the_source_address_of_the_right_network(fabric):
    namespace = NetNamespace(clock=ManualClock(), fabric=fabric)
    namespace.attach("front", addresses=["172.18.0.5/16"], gateway="172.18.0.1")
    namespace.attach("back", addresses=["172.19.0.5/16"])
    targets = [*fabric.networks["back"].gateways, *fabric.networks["front"].gateways]
    assert [namespace.address_towards(target) for target in targets] == ["172.19.0.5", "172.18.0.5"]
