"""Claims about pipes and standard streams."""

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ExitStatus
from daemon.process.stdio import PIPE_BUF, PIPE_CAPACITY, Pipe


@given(st.lists(st.binary(min_size=1, max_size=200_000), max_size=8), st.integers(1, 70_000))
def test_a_pipe_keeps_bytes_and_their_order(pieces, size):
    async def scenario():
        pipe = Pipe()
        received = []

        async def drain():
            while data := await pipe.read(size):
                assert len(data) <= size
                received.append(data)

        async with asyncio.TaskGroup() as group:
            group.create_task(drain())
            for piece in pieces:
                await pipe.write(piece)
                assert pipe.size <= PIPE_CAPACITY
            pipe.close_write()
        return b"".join(received)

    assert asyncio.run(scenario()) == b"".join(pieces)


@given(st.integers(1, PIPE_BUF), st.integers(0, PIPE_CAPACITY))
def test_a_short_write_is_whole_or_not_at_all(length, filled):
    pipe = Pipe()
    pipe.try_write(bytes(filled))
    assert pipe.try_write(bytes(length)) == (length if filled + length <= PIPE_CAPACITY else 0)


def test_an_empty_pipe_is_not_at_its_end_until_the_last_writer_is_gone():
    pipe = Pipe()
    second = pipe.writer().retain()
    third = pipe.writer().retain()
    second.release()
    assert pipe.try_read(1) is None
    third.release()
    assert pipe.try_read(1) == b""


async def test_the_engine_feeds_stdin_and_half_closes_it(box):
    pipe = Pipe()

    async def cat(proc: Process) -> int:
        while data := await proc.read(0):
            await proc.out(data)
        return 0

    process = await box.start(cat, stdin=pipe.reader())
    await pipe.write(b"x" * 200_000)
    pipe.close_write()
    assert await box.machine.wait(process) == ExitStatus(0)
    assert len(box.stdout) == 200_000


async def test_stdin_breaks_when_the_process_ends(box):
    pipe = Pipe()

    async def main(proc: Process) -> int:
        return 0

    await box.run(main, stdin=pipe.reader())
    with pytest.raises(BrokenPipeError):
        await pipe.write(b"x")


async def test_a_writer_waits_for_a_slow_reader(box):
    async def writer(proc: Process) -> int:
        await proc.write(1, bytes(PIPE_CAPACITY + 1))
        return 0

    async def main(proc: Process) -> int:
        reading, writing = proc.pipe()
        child = proc.fork(writer, fds={1: writing})
        proc.close(writing)
        assert await proc.wait(nohang=True) == (0, ExitStatus())
        await asyncio.sleep(0)
        total = 0
        while data := await proc.read(reading):
            total += len(data)
        assert total == PIPE_CAPACITY + 1
        return (await proc.wait(child.pid))[1].code

    assert await box.run(main) == ExitStatus(0)


async def test_nobody_reads_means_sigpipe(box):
    async def writer(proc: Process) -> int:
        await proc.out("x")
        return 0

    async def main(proc: Process) -> int:
        reading, writing = proc.pipe()
        child = proc.fork(writer, fds={1: writing})
        proc.close(reading)
        return (await proc.wait(child.pid))[1].shell_code

    assert await box.run(main) == ExitStatus(128 + Signal.SIGPIPE)


async def test_ignoring_sigpipe_leaves_an_error(box):
    async def main(proc: Process) -> int:
        reading, writing = proc.pipe()
        proc.close(reading)
        proc.on_signal(Signal.SIGPIPE, IGNORE)
        with pytest.raises(BrokenPipeError):
            await proc.write(writing, b"x")
        return 0

    assert (await box.run_child(main)) == ExitStatus(0)


async def test_output_that_is_held_stops_the_writer_until_it_is_released(box):
    async def main(proc: Process) -> int:
        await proc.out("late")
        return 0

    process = await box.start(main)
    output = process.fds[1]
    output.hold()
    await box.until(lambda: process.state == "S")
    assert box.stdout == b""
    output.release_writers()
    assert await box.machine.wait(process) == ExitStatus(0)
    assert box.stdout == b"late"


async def test_lines_come_with_their_newlines_and_the_last_may_lack_it(box):
    pipe = Pipe()
    await pipe.write(b"a\nbb\n\nlast")
    pipe.close_write()

    async def main(proc: Process) -> int:
        await proc.out(repr([line async for line in proc.lines()]))
        return 0

    await box.run(main, stdin=pipe.reader())
    assert box.stdout == b"[b'a\\n', b'bb\\n', b'\\n', b'last']"


async def test_a_fifo_joins_two_processes_that_open_it(box):
    box.fs.mknod("/tmp/fifo", 0o010644)

    async def writer(proc: Process) -> int:
        fd = await proc.open("/tmp/fifo", os.O_WRONLY)
        await proc.write(fd, b"through")
        return 0

    async def main(proc: Process) -> int:
        proc.fork(writer)
        fd = await proc.open("/tmp/fifo")
        await proc.out(await proc.read(fd))
        assert await proc.read(fd) == b""
        return 0

    assert await box.run(main) == ExitStatus(0)
    assert box.stdout == b"through"


async def test_descriptors_share_an_offset_after_dup_but_not_after_open(box):
    box.fs.write_bytes("/tmp/f", b"abcdef")

    async def main(proc: Process) -> int:
        one = await proc.open("/tmp/f")
        two = proc.dup(one)
        other = await proc.open("/tmp/f")
        await proc.out(
            await proc.read(one, 2) + await proc.read(two, 2) + await proc.read(other, 2)
        )
        return 0

    await box.run(main)
    assert box.stdout == b"abcdab"


async def test_appending_goes_to_the_end_whatever_others_write(box):
    async def main(proc: Process) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        one, two = await proc.open("/tmp/f", flags), await proc.open("/tmp/f", flags)
        for fd, text in ((one, b"1"), (two, b"2"), (one, b"3")):
            await proc.write(fd, text)
        return 0

    await box.run(main)
    assert box.fs.read_bytes("/tmp/f") == b"123"


async def test_poll_tells_which_descriptor_can_be_read(box):
    async def main(proc: Process) -> int:
        one, feed = proc.pipe()
        two, _other = proc.pipe()
        assert await proc.wait_readable([one, two], 0) == []
        await proc.write(feed, b"x")
        assert await proc.wait_readable([one, two]) == [one]
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_a_poll_times_out_on_the_simulated_clock(box):
    async def main(proc: Process) -> int:
        one, _feed = proc.pipe()
        return len(await proc.wait_readable([one], 60))

    process = await box.start(main)
    await box.until(lambda: process.state == "S")
    box.clock.advance(61)
    assert await box.machine.wait(process) == ExitStatus(0)
    assert box.clock.monotonic() == 61


@pytest.mark.parametrize(("minor", "data"), [(3, b""), (5, bytes(4)), (7, bytes(4))])
async def test_devices_read_as_linux_s_do(box, minor, data):
    box.fs.mknod("/dev/x", 0o020666, os.makedev(1, minor))

    async def main(proc: Process) -> int:
        fd = await proc.open("/dev/x", os.O_RDWR)
        assert await proc.read(fd, 4) == data
        try:
            await proc.write(fd, b"y")
        except OSError as error:
            return error.errno
        return 0

    assert await box.run(main) == ExitStatus(28 if minor == 7 else 0)
