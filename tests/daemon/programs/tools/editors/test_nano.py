"""A line is changed and saved in nano as a person does it."""

from collections.abc import Callable

import pytest


@pytest.mark.parametrize(
    ("keys", "content"),
    [
        ("hello \x0f\r\x18", "hello one\ntwo\n"),
        ("\x0b\x0f\r\x18", "two\n"),
        ("\x0b\x1b[B\x15\x0f\r\x18", "two\none\n"),
        ("\x05!\x0f\r\x18", "one!\ntwo\n"),
        ("x\x18y\r", "xone\ntwo\n"),
        ("x\x18n", "one\ntwo\n"),
        ("\x17tw\rX\x0f\r\x18", "one\nXtwo\n"),
    ],
)
async def test_keys_change_the_file(gnu: Callable, keys: str, content: str) -> None:
    gnu.write({"f": "one\ntwo\n"})
    session = await gnu.on_terminal("nano", "f")
    await session.sees("Read 2 lines")
    await session.type(keys)
    assert await session.ends() == 0
    assert gnu.read("f") == content


async def test_the_terminal_is_given_back(gnu: Callable) -> None:
    session = await gnu.on_terminal("nano")
    await session.sees("GNU nano")
    await session.type("\x18")
    await session.ends()
    assert session.terminal.attributes.icanon
    assert session.terminal.attributes.echo


async def test_without_a_terminal_it_refuses(gnu: Callable) -> None:
    assert (await gnu.run("nano", "f")).code == 1
