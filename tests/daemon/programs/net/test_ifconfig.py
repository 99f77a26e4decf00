"""ifconfig and route, as recorded on a real container; ~ is a blank at the end of a line."""

import pytest

from tests.daemon.programs.network import Container, Lan

ETH0 = """\
eth0      Link encap:Ethernet  HWaddr 02:42:0A:09:00:02~~
          inet addr:10.9.0.2  Bcast:10.9.0.255  Mask:255.255.255.0
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
          RX packets:0 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:0~
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)

""".replace("~", " ")
ROUTES = """\
Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         10.9.0.1        0.0.0.0         UG    0      0        0 eth0
10.9.0.0        0.0.0.0         255.255.255.0   U     0      0        0 eth0
"""


@pytest.fixture
async def box(lan: Lan) -> Container:
    return lan.container("box", bin_ifconfig="busybox/ifconfig", bin_route="busybox/route")


async def test_one_interface(box: Container) -> None:
    assert await box.run("ifconfig", "eth0") == (0, ETH0, "")


async def test_all_of_them(box: Container) -> None:
    _, out, _ = await box.run("ifconfig")
    assert out.startswith(ETH0 + "lo        Link encap:Local Loopback  \n")


async def test_an_unknown_one(box: Container) -> None:
    code, _, err = await box.run("ifconfig", "nosuch")
    assert (code, err) == (
        1,
        "ifconfig: nosuch: error fetching interface information: Device not found\n",
    )


async def test_routes_by_number(box: Container) -> None:
    assert await box.run("route", "-n") == (0, ROUTES, "")
