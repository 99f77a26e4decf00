"""`/dev/tcp` of bash, between processes of one container."""

from collections.abc import AsyncIterator

import pytest

from daemon.process.process import Process
from tests.daemon.programs.shell.box import PLAIN, Box


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    box = Box()
    yield box
    await box.close()


async def test_a_conversation(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    async def server(proc: Process) -> int:
        listening = await proc.listen(7)
        await proc.out("up\n")
        fd = await proc.accept(listening)
        async for line in proc.lines(fd):
            await proc.write(fd, b"you said " + line)
        return 0

    monkeypatch.setitem(PLAIN, "server", server)
    box.install("server")
    process = await box.start(["bash", "-c", "server"])
    await box.until(lambda: box.stdout)
    box.take()
    talk = "exec 3<>/dev/tcp/127.0.0.1/7; echo hello >&3; read -r answer <&3; echo $answer"
    client = await box.start(["bash", "-c", talk], as_init=False)
    assert (await box.machine.wait(client)).code == 0
    assert box.take() == ("you said hello\n", "")
    await box.machine.wait(process)


@pytest.mark.parametrize(
    ("path", "complaints"),
    [
        (
            "/dev/tcp/127.0.0.1/1",
            "bash: connect: Connection refused\n"
            "bash: line 1: /dev/tcp/127.0.0.1/1: Connection refused\n",
        ),
        (
            "/dev/tcp/127.0.0.1/xx",
            "bash: line 1: xx: Servname not supported for ai_socktype\n"
            "bash: line 1: /dev/tcp/127.0.0.1/xx: Invalid argument\n",
        ),
        (
            "/dev/tcp/nosuch.invalid/80",
            "bash: line 1: nosuch.invalid: Name or service not known\n"
            "bash: line 1: /dev/tcp/nosuch.invalid/80: Invalid argument\n",
        ),
        ("/dev/tcp/", "bash: line 1: /dev/tcp/: Is a directory\n"),
    ],
)
async def test_failures_are_told_twice(box: Box, path: str, complaints: str) -> None:
    assert await box.shell("bash", f"echo > {path}; echo $?") == ("1\n", complaints, 0)


async def test_other_shells_take_it_for_a_file(box: Box) -> None:
    out, err, _ = await box.shell("dash", "echo > /dev/tcp/127.0.0.1/1")
    assert (out, err) == (
        "",
        "dash: 1: cannot create /dev/tcp/127.0.0.1/1: Directory nonexistent\n",
    )
