"""Endless output ends with its reader, and a busy loop leaves others their turn."""

from collections.abc import Callable

import pytest


async def test_yes_ends_when_nobody_reads(busybox: Callable) -> None:
    result = await busybox.run("sh", "-c", "yes | head -n 2; yes x y | head -n 1")
    assert result.text == "y\ny\nx y\n"


async def test_a_long_count_is_streamed(busybox: Callable) -> None:
    result = await busybox.run("sh", "-c", "seq 1 1000000 | head -n 3 | tail -n 1")
    assert result.text == "3\n"
    assert busybox.machine.memory.peak < 8 << 20


@pytest.mark.parametrize(
    ("argv", "last"),
    [
        (["seq", "100000"], "100000"),
        (["seq", "-w", "1", "100"], "100"),
        (["seq", "0", ".1", "1"], "1.0"),
    ],
)
async def test_seq_reaches_its_end(gnu: Callable, argv: list[str], last: str) -> None:
    assert (await gnu.run(*argv)).text.splitlines()[-1] == last
