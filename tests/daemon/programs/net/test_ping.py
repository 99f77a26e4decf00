"""ping between containers."""

import re

from tests.daemon.programs.network import Lan


async def test_busybox_counts_what_came_back(lan: Lan) -> None:
    one, two = lan.container("one", bin_ping="busybox/ping"), lan.container("two")
    code, out, _ = await one.run("ping", "-c", "2", "two")
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == f"PING two ({two.address}): 56 data bytes"
    assert re.fullmatch(rf"64 bytes from {two.address}: seq=1 ttl=64 time=0\.\d{{3}} ms", lines[2])
    assert lines[-2] == "2 packets transmitted, 2 packets received, 0% packet loss"
    assert lines[-1].startswith("round-trip min/avg/max = ")


async def test_iputils_has_its_own_words(lan: Lan) -> None:
    one, two = lan.container("one", bin_ping="gnu/ping"), lan.container("two")
    code, out, _ = await one.run("ping", "-c", "1", "two")
    assert code == 0
    assert out.startswith(
        f"PING two ({two.address}) 56(84) bytes of data.\n64 bytes from two ({two.address}): icmp_seq=1 "
    )
    assert "1 packets transmitted, 1 received, 0% packet loss, time " in out


async def test_nobody_answers(lan: Lan) -> None:
    one = lan.container("one", bin_ping="busybox/ping")
    code, out, _ = await one.run("ping", "-c", "1", "-W", "1", "10.9.0.99")
    assert code == 1
    assert out.endswith("1 packets transmitted, 0 packets received, 100% packet loss\n")


async def test_an_unknown_name(lan: Lan) -> None:
    one = lan.container("one", bin_ping="busybox/ping", bin_iputils="gnu/ping")
    assert await one.run("ping", "nosuch") == (1, "", "ping: bad address 'nosuch'\n")
    code, _, err = await one.run("iputils", "nosuch")
    assert (code, err) == (2, "iputils: nosuch: Name or service not known\n")


async def test_an_interrupt_brings_the_summary(lan: Lan) -> None:
    one = lan.container("one", bin_ping="busybox/ping")
    lan.container("two")
    running = await (await one.start("ping", "two")).said("seq=1")
    one.machine.signal(running.process.pid, 2)
    assert await running.ended() == 0
    assert "0% packet loss" in running.out
