"""Scripts on standard input: who reads how much of it, and when a line runs."""

from collections.abc import AsyncIterator

import pytest

from daemon.process.stdio import Pipe
from tests.daemon.programs.shell.box import Box

FLAVOURS = ["ash", "dash", "bash"]
NAMES = {"ash": "sh", "dash": "dash", "bash": "bash"}


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    box = Box()
    yield box
    await box.close()


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_script_on_stdin_runs(box: Box, flavour: str) -> None:
    script = b"f() {\n  echo $1\n}\nf a\nif true\nthen f b; fi\ncat <<X\nc\nX\nexit 3\necho no\n"
    status = await box.run([NAMES[flavour]], stdin=script)
    assert (box.take(), status.code) == (("a\nb\nc\n", ""), 3)


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_line_runs_before_the_next_one_arrives(box: Box, flavour: str) -> None:
    pipe = Pipe()
    process = await box.start([NAMES[flavour]], stdin=pipe)
    for number in range(3):
        await pipe.write(f"echo {number}\n".encode())
        await box.until(lambda: box.stdout)
        assert box.take() == (f"{number}\n", "")
    pipe.close_write()
    assert (await box.machine.wait(process)).code == 0


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_read_takes_the_line_that_comes_after_its_own(box: Box, flavour: str) -> None:
    pipe = Pipe()
    process = await box.start([NAMES[flavour]], stdin=pipe)
    await pipe.write(b"echo before; read x; echo got $x\n")
    await box.until(lambda: box.stdout)
    await pipe.write(b"hello\n")
    await box.until(lambda: b"got hello" in box.stdout)
    pipe.close_write()
    assert (await box.machine.wait(process)).code == 0


async def test_bash_leaves_what_follows_to_its_commands(box: Box) -> None:
    await box.run(["bash"], stdin=b"read x\nhello\necho got $x\ncat\nthe rest\n")
    assert box.take() == ("got hello\nthe rest\n", "")


@pytest.mark.parametrize("flavour", ["ash", "dash"])
async def test_ash_and_dash_read_ahead_as_the_real_ones_do(box: Box, flavour: str) -> None:
    await box.run([NAMES[flavour]], stdin=b"read x\necho read nothing: $x\n")
    assert box.take()[0] == "read nothing:\n"


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_arguments_after_s_are_the_parameters(box: Box, flavour: str) -> None:
    await box.run([NAMES[flavour], "-s", "a", "b c"], stdin=b'echo $# "$2"\n')
    assert box.take() == ("2 b c\n", "")


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_a_character_may_be_cut_by_a_read(box: Box, flavour: str) -> None:
    pipe = Pipe()
    process = await box.start([NAMES[flavour]], stdin=pipe)
    data = "echo grün\n".encode()
    await pipe.write(data[:8])
    await pipe.write(data[8:])
    pipe.close_write()
    await box.machine.wait(process)
    assert box.take() == ("grün\n", "")


async def test_an_error_in_a_later_line_comes_late(box: Box) -> None:
    status = await box.run(["dash"], stdin=b"echo first\nfi\necho never\n")
    assert box.take() == ("first\n", 'dash: 2: Syntax error: "fi" unexpected\n')
    assert status.code == 2


async def test_a_long_function_on_stdin_is_parsed_in_linear_time(box: Box) -> None:
    body = b"".join(b"echo line %d >/dev/null\n" % number for number in range(2000))
    await box.run(["bash"], stdin=b"f() {\n" + body + b"}\nf; echo done\n")
    assert box.take()[0] == "done\n"
