"""Claims about terminals. The transcripts of editing were taken from a pseudo terminal of Linux."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ExitStatus, Stopped
from daemon.process.tty import Terminal


def typed(data, attributes=None):
    """(what the screen shows, what reads return) for typed bytes."""
    terminal = Terminal()
    if attributes is not None:
        terminal.set_attributes(attributes)
    assert terminal.try_input(data) == len(data)
    reads = []
    while len(reads) < 50 and (line := terminal.take_input(100)) is not None:
        reads.append(line)
    return terminal.take_output(65536), reads


@pytest.mark.parametrize(
    ("data", "screen", "reads"),
    [
        (b"ls\r", b"ls\r\n", [b"ls\n"]),
        (b"ab\x7f\x7f\x7fc\n", b"ab\b \b\b \bc\r\n", [b"c\n"]),
        (b"\x01\x7f\n", b"^A\b \b\b \b\r\n", [b"\n"]),
        (b"foo bar\x17\n", b"foo bar\b \b\b \b\b \b\r\n", [b"foo \n"]),
        (b"_b.\x17\n", b"_b.\b \b\b \b\b \b\r\n", [b"\n"]),
        (b"abc\x15d\n", b"abc\b \b\b \b\b \bd\r\n", [b"d\n"]),
        (b"\t\x7f\n", b"\t" + b"\b" * 8 + b"\r\n", [b"\n"]),
        (b"ab\t\x7f\n", b"ab\t" + b"\b" * 6 + b"\r\n", [b"ab\n"]),
        (b"ab\x04\x04", b"ab", [b"ab", b""]),
        (b"a\x12b\n", b"a^R\r\nab\r\n", [b"ab\n"]),
        (b"\x16\x15\n", b"^\b^U\r\n", [b"\x15\n"]),
        (b"\x16\n\n", b"^\b^J\r\n", [b"\n\n"]),
        ("é\x7f\n".encode(), "é".encode() + b"\b \b\r\n", [b"\xc3\n"]),
        (b"\x1b[A\n", b"^[[A\r\n", [b"\x1b[A\n"]),
    ],
)
def test_a_line_is_edited_and_echoed_as_linux_does(data, screen, reads):
    assert typed(data) == (screen, reads)


def test_a_raw_terminal_passes_bytes_on_without_echo():
    raw = Terminal().attributes.make_raw()
    assert typed(b"a\r\x03\x04\x7f", raw) == (b"", [b"a\r\x03\x04\x7f"])


def test_written_newlines_get_a_carriage_return():
    terminal = Terminal()
    terminal.show(b"a\nb\n")
    assert terminal.take_output(100) == b"a\r\nb\r\n"


def test_leaving_canonical_mode_makes_the_unfinished_line_readable():
    terminal = Terminal()
    terminal.try_input(b"abc")
    assert terminal.take_input(10) is None
    terminal.set_attributes(terminal.attributes.make_raw())
    assert terminal.take_input(10) == b"abc"


def test_a_long_read_ahead_is_refused_but_control_c_gets_through():
    terminal = Terminal()
    got = []
    terminal.signal_group = lambda pgid, signum: got.append((pgid, signum))
    terminal.foreground = 5
    line = b"x" * 1000 + b"\n"
    taken = terminal.try_input(line * 6)
    assert 4096 <= taken < 6 * len(line)
    assert terminal.try_input(b"y") == 0
    assert terminal.try_input(b"\x03") == 1
    assert got == [(5, Signal.SIGINT)]
    assert terminal.take_input(10) is None


def test_control_s_stops_output_until_control_q():
    terminal = Terminal()
    terminal.try_input(b"\x13")
    assert terminal.show(b"hidden") == 0
    terminal.try_input(b"\x11")
    assert terminal.show(b"shown") == 5
    assert terminal.take_output(100) == b"shown"


@given(st.binary(max_size=300), st.lists(st.integers(1, 50), max_size=10))
def test_it_does_not_matter_how_typing_is_split(data, cuts):
    whole, split = Terminal(), Terminal()
    whole.try_input(data)
    at = 0
    for cut in [*cuts, len(data)]:
        split.try_input(data[at : at + cut])
        at += cut
    assert split.take_output(10**6) == whole.take_output(10**6)
    assert split.take_input(500) == whole.take_input(500)


# --- with processes


async def shown(terminal, until):
    screen = b""
    while until not in screen:
        screen += await terminal.master_read()
    return screen


async def test_control_c_interrupts_the_foreground_group_only(box):
    terminal = Terminal()

    async def sleeper(proc: Process) -> int:
        await proc.sleep(1000)
        return 0

    async def main(proc: Process) -> int:
        background = proc.fork(sleeper, pgid=0)
        job = proc.fork(sleeper, pgid=0)
        proc.tcsetpgrp(job.pid)
        _pid, status = await proc.wait(job.pid)
        proc.tcsetpgrp(proc.pgid)
        await proc.out(f"{status.shell_code} {background.status}\n")
        return 0

    process = await box.start(main, terminal=terminal)
    await box.until(lambda: terminal.foreground not in (0, 1))
    await terminal.master_write(b"\x03")
    assert await box.machine.wait(process) == ExitStatus(0)
    assert await shown(terminal, b"\n") == b"^C130 None\r\n"


async def test_control_z_stops_a_job_and_it_can_be_continued(box):
    terminal = Terminal()
    continued = []

    async def job(proc: Process) -> int:
        await proc.sleep(5)
        return 3

    async def main(proc: Process) -> int:
        child = proc.fork(job, pgid=0)
        proc.tcsetpgrp(child.pid)
        assert await proc.wait(untraced=True) == (child.pid, Stopped(Signal.SIGTSTP))
        assert child.state == "T"
        proc.kill(-child.pid, Signal.SIGCONT)
        continued.append(child)
        return (await proc.wait(child.pid))[1].code

    process = await box.start(main, terminal=terminal)
    await box.until(lambda: terminal.foreground not in (0, 1))
    await terminal.master_write(b"\x1a")
    await box.until(lambda: continued and continued[0].state == "S")
    box.clock.advance(10)
    assert await box.machine.wait(process) == ExitStatus(3)


async def test_a_background_job_that_reads_the_terminal_is_stopped(box):
    terminal = Terminal()

    async def reader(proc: Process) -> int:
        await proc.read(0)
        return 0

    async def main(proc: Process) -> int:
        child = proc.fork(reader, pgid=0)
        return (await proc.wait(child.pid, untraced=True))[1].signal

    assert await box.run(main, terminal=terminal) == ExitStatus(Signal.SIGTTIN)


async def test_a_background_job_that_ignores_sigttin_gets_an_error(box):
    async def reader(proc: Process) -> int:
        proc.on_signal(Signal.SIGTTIN, IGNORE)
        with pytest.raises(OSError, match="Input/output error"):
            await proc.read(0)
        return 0

    async def main(proc: Process) -> int:
        return (await proc.wait(proc.fork(reader, pgid=0).pid))[1].code

    assert await box.run(main, terminal=Terminal()) == ExitStatus(0)


async def test_tostop_stops_a_background_job_that_writes(box):
    terminal = Terminal()
    terminal.attributes.tostop = True

    async def writer(proc: Process) -> int:
        await proc.out("x")
        return 0

    async def main(proc: Process) -> int:
        child = proc.fork(writer, pgid=0)
        return (await proc.wait(child.pid, untraced=True))[1].signal

    assert await box.run(main, terminal=terminal) == ExitStatus(Signal.SIGTTOU)


async def test_a_new_window_size_is_told_once(box):
    terminal = Terminal(24, 80)
    sizes = []

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGWINCH, lambda _: sizes.append((terminal.rows, terminal.cols)))
        await proc.out("ready")
        while len(sizes) < 2:
            await proc.pause()
        return 0

    process = await box.start(main, terminal=terminal)
    await shown(terminal, b"ready")
    terminal.resize(40, 100)
    await asyncio.sleep(0)
    terminal.resize(40, 100)
    terminal.resize(41, 100)
    await box.machine.wait(process)
    assert sizes == [(40, 100), (41, 100)]


async def test_hanging_up_ends_a_shell_s_read_and_tells_it(box):
    terminal = Terminal()
    heard = []

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGHUP, heard.append)
        return len(await proc.read(0))

    process = await box.start(main, terminal=terminal)
    await asyncio.sleep(0)
    terminal.hang_up()
    assert await box.machine.wait(process) == ExitStatus(0)
    assert heard == [Signal.SIGHUP]


async def test_vmin_and_vtime_time_a_raw_read(box):
    terminal = Terminal()
    raw = terminal.attributes.make_raw()
    raw.vmin, raw.vtime = 0, 5
    terminal.set_attributes(raw)

    async def main(proc: Process) -> int:
        empty = await proc.read(0)
        byte = await proc.read(0)
        await proc.out(repr((empty, byte)))
        return 0

    process = await box.start(main, terminal=terminal)
    await box.until(lambda: process.state == "S")
    box.clock.advance(0.5)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await terminal.master_write(b"k")
    await box.machine.wait(process)
    assert await terminal.master_read() == b"(b'', b'k')"


async def test_the_master_reads_the_end_when_the_last_process_is_gone(box):
    terminal = Terminal()

    async def main(proc: Process) -> int:
        await proc.out("bye\n")
        return 0

    await box.run(main, terminal=terminal)
    assert await terminal.master_read() == b"bye\r\n"
    assert await terminal.master_read() == b""


async def test_output_may_be_delivered_at_once_and_held(box):
    screen = bytearray()
    terminal = Terminal(deliver=screen.extend, closed=lambda: screen.extend(b"<closed>"))

    async def main(proc: Process) -> int:
        await proc.out("one\n")
        terminal.hold()
        await proc.out("two\n")
        return 0

    process = await box.start(main, terminal=terminal)
    await box.until(lambda: process.state == "S")
    assert screen == b"one\r\n"
    terminal.release_writers()
    await box.machine.wait(process)
    assert screen == b"one\r\ntwo\r\n<closed>"
