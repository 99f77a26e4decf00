"""less and more show a screen at a time, and everything where there is no screen."""

from collections.abc import Callable

import pytest

NUMBERS = "".join(f"{n}\n" for n in range(1, 101))


async def test_less_pages_and_quits(busybox: Callable) -> None:
    busybox.write({"n": NUMBERS})
    session = await busybox.on_terminal("less", "n", rows=10)
    await session.sees("9")
    await session.type(" ")
    await session.sees("18")
    await session.type("G")
    await session.sees("(END)")
    await session.type("q")
    assert await session.ends() == 0


async def test_less_finds_a_pattern(busybox: Callable) -> None:
    busybox.write({"n": NUMBERS})
    session = await busybox.on_terminal("less", "n", rows=10)
    await session.type("/77\r")
    await session.sees("\x1b[7m77")
    await session.type("q")


async def test_less_reads_keys_from_the_terminal_when_stdin_is_data(busybox: Callable) -> None:
    session = await busybox.on_terminal("sh", "-c", "seq 50 | less", rows=10)
    await session.sees("9")
    await session.type("q")
    assert await session.ends() == 0


async def test_more_asks_between_screens(busybox: Callable) -> None:
    busybox.write({"n": NUMBERS})
    session = await busybox.on_terminal("more", "n", rows=10)
    await session.sees("--More-- (6% of 292 bytes)")
    await session.type("\r")
    await session.sees("10\r\n")
    await session.sees("--More--")
    await session.type("q")
    assert await session.ends() == 0


@pytest.mark.parametrize("pager", ["less", "more"])
async def test_into_a_pipe_everything_goes(busybox: Callable, pager: str) -> None:
    busybox.write({"n": NUMBERS})
    assert (await busybox.run(pager, "n")).text == NUMBERS
