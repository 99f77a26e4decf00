"""socat: what passes between two ends, and how it complains; the words are those of socat 1.7.4.4."""

import re

import pytest

from daemon.process.process import Process
from tests.daemon.programs.network import Container, Lan

PATIENT = ("-t", "600")
"""The clock of these tests runs fast: half a second would be no time at all on a busy machine."""


@pytest.fixture
async def box(lan: Lan) -> Container:
    box = lan.container("box", bin_socat="gnu/socat")
    box.install("/bin/cat", cat)
    return box


async def cat(proc: Process) -> int:
    """Greets, and gives back what it hears."""
    await proc.out("hello\n")
    while data := await proc.read(0):
        await proc.out(data)
    return 0


async def test_a_socket_file_leads_to_a_program(box: Container) -> None:
    serving = await box.start("socat", *PATIENT, "UNIX-LISTEN:/sock,fork", "EXEC:cat")
    while not box.fs.exists("/sock"):
        await box.lan.clock.sleep(0.01)
    for text in (b"one\n", b"two\n"):
        said = await box.run("socat", *PATIENT, "-", "UNIX-CONNECT:/sock", stdin=text)
        assert said == (0, f"hello\n{text.decode()}", "")
    assert serving.out + serving.err == ""


async def test_a_port_leads_to_a_socket_file(lan: Lan, box: Container) -> None:
    await box.start("socat", *PATIENT, "UNIX-LISTEN:/sock", "EXEC:cat")
    while not box.fs.exists("/sock"):
        await lan.clock.sleep(0.01)
    bridge = await box.start("socat", *PATIENT, "TCP-LISTEN:70,reuseaddr", "UNIX:/sock")
    other = lan.container("other", bin_socat="gnu/socat")
    code, out, err = 1, "", "refused"
    while "refused" in err:
        code, out, err = await other.run(
            "socat", *PATIENT, "-", "TCP:box:70", stdin=b"to the file\n"
        )
    assert (code, out, err) == (0, "hello\nto the file\n", "")
    assert await bridge.ended() == 0
    assert not box.fs.exists("/sock")


async def test_one_way(box: Container) -> None:
    said = await box.run("socat", "-u", "/etc/hosts", "-", stdin=b"not heard\n")
    assert said[:2] == (0, box.fs.read_bytes("/etc/hosts").decode())


COMPLAINTS = {
    (): 'exactly 2 addresses required (there are 0); use option "-h" for help',
    ("-Q", "-", "-"): 'unknown option "Q"; use option "-h" for help',
    ("-", "FOO:bar"): 'unknown device/address "FOO"',
    ("-", "UNIX-CONNECT"): "UNIX-CONNECT: wrong number of parameters (0 instead of 1)",
    ("-", "TCP:127.0.0.1"): "TCP: wrong number of parameters (1 instead of 2)",
    ("-", "UNIX-CONNECT:/nope"): 'connect(, AF=1 "/nope", 7): No such file or directory',
    ("-", "UNIX-LISTEN:/etc/hosts"): '"/etc/hosts" exists',
    ("-", "/nope"): 'open("/nope", 02, 0666): No such file or directory',
}


@pytest.mark.parametrize("words", COMPLAINTS)
async def test_complaints(box: Container, words: tuple[str, ...]) -> None:
    code, out, err = await box.run("socat", *words, stdin=b"")
    assert (code, out) == (1, "")
    head, _, said = err.rstrip("\n").partition(" E ")
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d socat\[\d+\]", head)
    assert said == COMPLAINTS[words]
