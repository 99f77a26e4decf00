"""stty shows and changes the terminal."""

from collections.abc import Callable

import pytest

from daemon.process.line_discipline import Attributes
from daemon.programs.tools.stty import from_saved, saved


async def test_the_size_is_the_windows(busybox: Callable) -> None:
    session = await busybox.on_terminal("stty", "size", rows=30, cols=100)
    await session.sees("30 100\r\n")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["-echo"], "echo", False),
        (["-icanon", "min", "3"], "vmin", 3),
        (["intr", "^X"], "vintr", 0x18),
        (["erase", "^?"], "verase", 0x7F),
        (["raw"], "isig", False),
        (["-onlcr"], "onlcr", False),
    ],
)
async def test_a_setting_is_changed(
    busybox: Callable, words: list[str], name: str, value: object
) -> None:
    session = await busybox.on_terminal("stty", *words)
    assert await session.ends() == 0
    assert getattr(session.terminal.attributes, name) == value


async def test_sane_undoes_everything(gnu: Callable) -> None:
    session = await gnu.on_terminal("sh", "-c", "stty raw -echo; stty sane; stty -a")
    await session.sees("isig icanon iexten echo echoe echok")


async def test_what_is_no_terminal_is_refused(busybox: Callable) -> None:
    result = await busybox.run("stty")
    assert result.code == 1
    assert result.complaint == "stty: standard input: Inappropriate ioctl for device\n"


async def test_an_unknown_setting_is_refused(gnu: Callable) -> None:
    session = await gnu.on_terminal("stty", "nosuch")
    await session.sees("stty: invalid argument 'nosuch'")


def test_saved_settings_come_back() -> None:
    attributes = Attributes(echo=False, vmin=7)
    assert from_saved(saved(attributes)) == attributes
    assert from_saved("echo") is None
