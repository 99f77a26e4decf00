"""top ends at once when told to, even as PID 1, and redraws until then."""

from collections.abc import Callable

import pytest

from daemon.process.signals import Signal


@pytest.mark.parametrize(("signum", "code"), [(Signal.SIGTERM, 143), (Signal.SIGINT, 130)])
async def test_pid_1_ends_at_a_signal(busybox: Callable, signum: int, code: int) -> None:
    out = bytearray()
    top = await busybox.start("top", out=out)
    await busybox.until(lambda: b"COMMAND" in out)
    busybox.machine.signal(1, signum)
    assert (await busybox.machine.wait(top)).shell_code == code


async def test_it_redraws(busybox: Callable) -> None:
    out = bytearray()
    await busybox.start("top", "-d", "1", out=out)
    await busybox.until(lambda: out.count(b"\x1b[H\x1b[J") >= 3)


async def test_batch_mode_shows_every_process_once(busybox: Callable) -> None:
    shown = (await busybox.run("top", "-b", "-n", "1")).text
    assert shown.startswith("Mem: ")
    assert "top -b -n 1" in shown
    assert shown.endswith("\n\n")


async def test_the_distributions_top_needs_a_terminal(gnu: Callable) -> None:
    result = await gnu.run("top")
    assert (result.code, result.complaint) == (1, "top: failed tty get\n")
