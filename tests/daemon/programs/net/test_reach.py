"""telnet and traceroute."""

from tests.daemon.programs.net.web import OneReply
from tests.daemon.programs.network import Lan


async def test_telnet_talks(lan: Lan) -> None:
    server = OneReply(lan, "bye\r\n")
    await server.start()
    client = lan.container("client", bin_telnet="busybox/telnet")
    running = await client.start("telnet", "server", "80", stdin=b"GET / HTTP/1.0\n\n")
    await running.said("Connected to server")
    await running.ended()
    assert client.address


async def test_telnet_is_refused(lan: Lan) -> None:
    client = lan.container("client", bin_telnet="busybox/telnet")
    assert await client.run("telnet", "localhost", "81") == (
        1,
        "",
        "telnet: can't connect to remote host (127.0.0.1): Connection refused\n",
    )


async def test_traceroute_to_a_neighbour_is_one_hop(lan: Lan) -> None:
    client, other = (
        lan.container("client", bin_traceroute="busybox/traceroute"),
        lan.container("other"),
    )
    _, out, _ = await client.run("traceroute", "other")
    lines = out.splitlines()
    assert lines[0] == f"traceroute to other ({other.address}), 30 hops max, 46 byte packets"
    assert lines[1].startswith(f" 1  {other.address} ({other.address})  0.0")
    assert len(lines) == 2
