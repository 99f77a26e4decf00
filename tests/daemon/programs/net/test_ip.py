"""ip in both flavours, as recorded on real containers; ~ is a blank at the end of a line."""

import pytest

from tests.daemon.programs.network import Container, Lan

ADDR = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
    inet6 ::1/128 scope host~
       valid_lft forever preferred_lft forever
2: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP,M-DOWN> mtu 1500 qdisc noqueue~
    link/ether 02:42:0a:09:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.9.0.2/24 brd 10.9.0.255 scope global eth0
       valid_lft forever preferred_lft forever
""".replace("~", " ")
FOREVER = "\\       valid_lft forever preferred_lft forever\n"


@pytest.fixture
async def box(lan: Lan) -> Container:
    return lan.container("box", bin_ip="busybox/ip", bin_gnu="gnu/ip")


@pytest.mark.parametrize("words", [["a"], ["addr"], ["address", "show"]])
async def test_addresses(box: Container, words: list[str]) -> None:
    assert await box.run("ip", *words) == (0, ADDR, "")


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (
            ["-4", "-o", "addr", "show", "dev", "eth0"],
            f"2: eth0    inet 10.9.0.2/24 brd 10.9.0.255 scope global eth0{FOREVER}",
        ),
        (
            ["route"],
            "default via 10.9.0.1 dev eth0 \n10.9.0.0/24 dev eth0 scope link  src 10.9.0.2 \n",
        ),
        (["route", "get", "1.1.1.1"], "1.1.1.1 via 10.9.0.1 dev eth0  src 10.9.0.2 \n"),
        (["link", "show", "lo"], "".join(ADDR.splitlines(keepends=True)[:2])),
    ],
)
async def test_views(box: Container, words: list[str], out: str) -> None:
    assert await box.run("ip", *words) == (0, out, "")


async def test_iproute2_says_more(box: Container) -> None:
    _, out, _ = await box.run("gnu", "addr", "show", "eth0")
    assert "state UP group default" in out
    _, out, _ = await box.run("gnu", "route")
    assert out.endswith("10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2 \n")


async def test_refusals(box: Container) -> None:
    assert await box.run("ip", "a", "show", "nosuch0") == (
        1,
        "",
        "ip: can't find device 'nosuch0'\n",
    )
    code, _, err = await box.run("ip", "link", "set", "eth0", "down")
    assert (code, err) == (2, "ip: RTNETLINK answers: Operation not permitted\n")
    code, _, err = await box.run("gnu", "nosuch")
    assert (code, err) == (1, 'Object "nosuch" is unknown, try "ip help".\n')
