"""What is typed before there is a process."""

import asyncio

import pytest

from daemon.engine.streams import Streams


async def test_a_terminal_echoes_nothing_before_its_process_is_there() -> None:
    streams = Streams(tty=True, open_stdin=True)
    attachment = streams.attach()
    typing = asyncio.create_task(streams.write_stdin(b"hi\n"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert (attachment.unread, typing.done()) == (0, False)
    streams.stdio()
    await typing
    assert b"".join(data for _, data in await attachment.read()) == b"hi\r\n"


async def test_what_was_typed_goes_with_a_start_that_failed() -> None:
    streams = Streams(tty=True, open_stdin=True)
    streams.attach()
    typing = asyncio.create_task(streams.write_stdin(b"hi\n"))
    await asyncio.sleep(0)
    streams.end()
    with pytest.raises(BrokenPipeError):
        await typing
