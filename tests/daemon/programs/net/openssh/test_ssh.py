"""ssh, scp and ssh-keyscan: how far they get, in the words of OpenSSH 9.2."""

import pytest

from daemon.process.process import Process
from tests.daemon.programs.network import Container, Lan

PROGRAMS = {f"bin_{name}": f"openssh/{name}" for name in ("ssh", "scp", "ssh-keyscan")}
NO_TERMINAL = "Pseudo-terminal will not be allocated because stdin is not a terminal.\r\n"
UNKNOWN = "Name or service not known"
REFUSED = "ssh: connect to host box port {}: Connection refused\r\n"


@pytest.fixture
async def box(lan: Lan) -> Container:
    return lan.container("box", **PROGRAMS)


CALLS = {
    ("-T", "git@nosuch"): f"ssh: Could not resolve hostname nosuch: {UNKNOWN}\r\n",
    ("-T", "git@[::1]"): f"ssh: Could not resolve hostname [::1]: {UNKNOWN}\r\n",
    ("-T", "box"): REFUSED.format(22),
    ("-T", "me@box", "-p", "23"): REFUSED.format(23),
    ("-To", "Port=24", "box"): REFUSED.format(24),
    ("-To", "hostname box", "any"): REFUSED.format(22),
    ("-T", "ssh://me@box:25"): REFUSED.format(25),
    ("box",): NO_TERMINAL + REFUSED.format(22),
    ("box", "id"): REFUSED.format(22),
    ("-t", "box", "id"): NO_TERMINAL + REFUSED.format(22),
    ("-N", "box"): REFUSED.format(22),
    ("-q", "box"): "",
    ("-p", "0", "box"): "Bad port '0'\n",
    ("-F", "/nope", "box"): "Can't open user config file /nope: No such file or directory\r\n",
    (
        "-Ti",
        "/nope",
        "box",
    ): "Warning: Identity file /nope not accessible: No such file or directory.\n"
    + REFUSED.format(22),
    ("--", "-x"): "hostname contains invalid characters\r\n",
}


@pytest.mark.parametrize("words", CALLS)
async def test_how_far_ssh_gets(box: Container, words: tuple[str, ...]) -> None:
    assert await box.run("ssh", *words, stdin=b"") == (255, "", CALLS[words])


@pytest.mark.parametrize("words", [(), ("-z",), ("-l",), ("ssh://box/x",)])
async def test_usage(box: Container, words: tuple[str, ...]) -> None:
    code, _, err = await box.run("ssh", *words)
    assert code == 255
    assert err.splitlines()[-1].startswith("usage: ssh ")


async def test_the_version_is_that_of_the_distribution(box: Container) -> None:
    said = "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025\n"
    assert await box.run("ssh", "-V") == (0, "", said)
    box.write("/etc/alpine-release", "3.22.2\n")
    said = "OpenSSH_10.0p1, OpenSSL 3.5.4 30 Sep 2025\n"
    assert await box.run("ssh", "-V") == (0, "", said)
    said = "ssh: Could not resolve hostname nosuch: Name does not resolve\r\n"
    assert await box.run("ssh", "-T", "nosuch") == (255, "", said)


KEX = "kex_exchange_identification"
STRANGERS = {
    b"": f"{KEX}: Connection closed by remote host\r\nConnection closed by ADDRESS port 22\r\n",
    b"hello\n": f"{KEX}: Connection closed by remote host\r\nConnection closed by ADDRESS port 22\r\n",
    b"\0": f"{KEX}: banner line contains invalid characters\r\n"
    "banner exchange: Connection to ADDRESS port 22: invalid format\r\n",
    b"hello\nSSH-2.0-x\r\n": "Connection closed by ADDRESS port 22\r\n",
}


@pytest.mark.parametrize("banner", STRANGERS)
async def test_what_is_no_server_of_ssh(lan: Lan, box: Container, banner: bytes) -> None:
    async def main(proc: Process) -> int:
        listener = await proc.listen(22)
        await proc.out("listening\n")
        fd = await proc.accept(listener)
        await proc.read(fd)
        await proc.write(fd, banner)
        return 0

    server = lan.container("server")
    server.install("/bin/serve", main)
    await (await server.start("serve")).said("listening")
    said = STRANGERS[banner].replace("ADDRESS", server.address)
    assert await box.run("ssh", "-T", "git@server") == (255, "", said)


async def test_scp_ends_as_its_ssh_does(box: Container) -> None:
    said = f"{REFUSED.format(23)}scp: Connection closed\r\n"
    assert await box.run("scp", "-P", "23", "/etc/hosts", "me@box:/x") == (255, "", said)


SCANS = {
    ("nosuch",): (1, f"getaddrinfo nosuch: {UNKNOWN}\r\n" * 5),
    ("-t", "rsa,ed25519", "nosuch"): (1, f"getaddrinfo nosuch: {UNKNOWN}\r\n" * 2),
    ("box",): (1, ""),
    ("-t", "foo", "box"): (255, 'Unknown key type "foo"\r\n'),
    ("-p", "x", "box"): (1, "Bad port 'x'\n"),
    ("-f", "/nope"): (255, "ssh-keyscan: /nope: No such file or directory\r\n"),
}


@pytest.mark.parametrize("words", SCANS)
async def test_no_keys_are_found(box: Container, words: tuple[str, ...]) -> None:
    code, said = SCANS[words]
    assert await box.run("ssh-keyscan", *words) == (code, "", said)
