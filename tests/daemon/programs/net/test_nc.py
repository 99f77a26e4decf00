"""nc in both flavours: connect, scan, listen, half-close."""

import pytest

from tests.daemon.programs.network import Lan


@pytest.fixture(params=["busybox/nc", "gnu/nc"])
def nc(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_what_one_side_sends_the_other_side_gets(lan: Lan, nc: str) -> None:
    server, client = lan.container("server", bin_nc=nc), lan.container("client", bin_nc=nc)
    words = ["-p", "7777"] if nc.startswith("busybox") else ["7777"]
    listening = await server.start("nc", "-v", "-l", *words, stdin=b"from the server\n")
    await listening.said("istening on")
    code, out, _ = await client.run(
        "nc", "-N" if "gnu" in nc else "-n", "server", "7777", stdin=b"from the client\n"
    )
    assert (code, out) == (0, "from the server\n")
    assert await listening.ended() == 0
    assert listening.out == "from the client\n"


async def test_a_scan_tells_open_from_refused_by_its_exit_code(lan: Lan, nc: str) -> None:
    server, client = lan.container("server", bin_nc=nc), lan.container("client", bin_nc=nc)
    await (await server.start("nc", "-vlk", "-p", "80", stdin=b"")).said("istening on")
    code, _, err = await client.run("nc", "-vz", "-w", "1", "server", "80")
    assert code == 0
    assert ("open" if nc.startswith("busybox") else "succeeded!") in err
    code, _, err = await client.run("nc", "-vz", "-w", "1", "server", "81")
    assert code == 1
    assert "Connection refused" in err


async def test_an_unknown_host_is_named(lan: Lan) -> None:
    client = lan.container("client", bin_nc="busybox/nc")
    assert await client.run("nc", "nosuch", "80") == (1, "", "nc: bad address 'nosuch'\n")


async def test_a_silent_address_times_out(lan: Lan) -> None:
    client = lan.container("client", bin_nc="busybox/nc")
    code, _, err = await client.run("nc", "-w", "1", "10.9.0.77", "80")
    assert code == 1
    assert err == "nc: can't connect to remote host (10.9.0.77): Connection timed out\n"


async def test_a_program_may_answer(lan: Lan) -> None:
    server = lan.container("server", bin_nc="busybox/nc")
    client = lan.container("client", bin_nc="busybox/nc")

    async def shout(proc) -> int:
        async for line in proc.lines():
            await proc.out(line.upper())
        return 0

    server.install("/bin/shout", shout)
    await (await server.start("nc", "-v", "-l", "-p", "9", "-e", "shout")).said("listening")
    assert (await client.run("nc", "server", "9", stdin=b"quiet\n"))[1] == "QUIET\n"


async def test_datagrams(lan: Lan, nc: str) -> None:
    server, client = lan.container("server", bin_nc=nc), lan.container("client", bin_nc=nc)
    words = ["-p", "53"] if nc.startswith("busybox") else ["53"]
    listening = await server.start("nc", "-u", "-v", "-l", *words)
    await listening.said("istening on" if nc.startswith("busybox") else "Bound on")
    await client.start("nc", "-u", "server", "53", stdin=b"datagram\n")
    await listening.said("datagram")


async def test_socket_files_are_talked_through(lan: Lan) -> None:
    box = lan.container("box", bin_nc="gnu/nc")
    listening = await box.start("nc", "-vlU", "/sock", stdin=b"from the listener\n")
    await listening.said("Listening on /sock")
    said = await box.run("nc", "-NU", "/sock", stdin=b"from the caller\n")
    assert said == (0, "from the listener\n", "")
    assert await listening.ended() == 0
    assert listening.out == "from the caller\n"
    assert listening.err.endswith("Connection received on /sock\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["/nope"], "nc: /nope: No such file or directory\n"),
        (["/etc/hosts"], "nc: /etc/hosts: Connection refused\n"),
        (["/nope", "80"], "nc: cannot use port with -U\n"),
        (["-l", "/no/folder"], "nc: No such file or directory\n"),
    ],
)
async def test_why_a_socket_file_cannot_be_used(lan: Lan, words: list[str], said: str) -> None:
    box = lan.container("box", bin_nc="gnu/nc")
    assert await box.run("nc", "-U", *words) == (1, "", said)
