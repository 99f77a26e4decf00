"""Names asked for in every way."""

import pytest

from tests.daemon.programs.network import Container, Lan


@pytest.fixture
async def box(lan: Lan) -> Container:
    box = lan.container(
        "box",
        bin_nslookup="busybox/nslookup",
        bin_getent="gnu/getent",
        bin_dig="net/dig",
        bin_host="gnu/host",
    )
    box.write("/etc/resolv.conf", "nameserver 127.0.0.11\noptions ndots:0\n")
    box.write(
        "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n"
    )
    lan.container("web")
    return box


async def test_nslookup_asks_for_both_families(box: Container) -> None:
    code, out, _ = await box.run("nslookup", "web")
    assert (code, out) == (
        0,
        "Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n"
        "Non-authoritative answer:\nName:\tweb\nAddress: 10.9.0.3\n\nNon-authoritative answer:\n\n",
    )


@pytest.mark.parametrize(
    ("words", "code", "out"),
    [
        (["-type=a", "web"], 0, "Non-authoritative answer:\nName:\tweb\nAddress: 10.9.0.3\n\n"),
        (["-type=aaaa", "web"], 0, "Non-authoritative answer:\n\n"),
        (["-type=soa", "web"], 1, "** server can't find web: NXDOMAIN\n\n"),
        (["10.9.0.3"], 0, "Non-authoritative answer:\n3.0.9.10.in-addr.arpa\tname = web.net\n\n"),
        (["10.9.0.9"], 1, "** server can't find 9.0.9.10.in-addr.arpa: NXDOMAIN\n\n"),
    ],
)
async def test_nslookup_of_one_kind(box: Container, words: list[str], code: int, out: str) -> None:
    box.machine.net.reverse = lambda address: "web.net" if str(address) == "10.9.0.3" else ""
    assert (await box.run("nslookup", *words))[:2] == (
        code,
        f"Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n{out}",
    )


async def test_nslookup_of_nothing(box: Container) -> None:
    code, out, _ = await box.run("nslookup", "nosuch")
    assert code == 1
    assert out.count("** server can't find nosuch: NXDOMAIN\n") == 2


@pytest.mark.parametrize(
    ("words", "code", "out"),
    [
        (["hosts", "web"], 0, "10.9.0.3        web\n"),
        (["hosts", "localhost"], 0, "127.0.0.1       localhost\n"),
        (["hosts", "nosuch"], 2, ""),
        (
            ["ahostsv4", "web"],
            0,
            "10.9.0.3        STREAM web\n10.9.0.3        DGRAM\n10.9.0.3        RAW\n",
        ),
        (["passwd", "33"], 0, "www-data:x:33:33::/var/www:/bin/false\n"),
        (["passwd", "nosuch"], 2, ""),
    ],
)
async def test_getent(box: Container, words: list[str], code: int, out: str) -> None:
    assert await box.run("getent", *words) == (code, out, "")


async def test_dig_and_host(box: Container) -> None:
    assert (await box.run("dig", "+short", "web"))[1] == "10.9.0.3\n"
    assert "status: NXDOMAIN" in (await box.run("dig", "nosuch"))[1]
    assert await box.run("host", "web") == (0, "web has address 10.9.0.3\n", "")
    assert await box.run("host", "nosuch") == (1, "Host nosuch not found: 3(NXDOMAIN)\n", "")
