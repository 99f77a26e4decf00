"""Processes are listed and signalled by name and number."""

from collections.abc import Callable

import pytest


async def _sleeper(box: Callable) -> object:
    process = await box.start("sleep", "1000")
    await box.until(lambda: process.state == "S")
    return process


async def test_busybox_ps_has_four_columns(busybox: Callable) -> None:
    await _sleeper(busybox)
    lines = (await busybox.run("ps")).text.splitlines()
    assert lines[0] == "PID   USER     TIME  COMMAND"
    assert lines[1] == "    1 root       0:00 sleep 1000"
    assert lines[2].endswith("ps")


async def test_busybox_ps_shows_the_columns_asked_for(busybox: Callable) -> None:
    await _sleeper(busybox)
    result = await busybox.run("ps", "-o", "nosuch")
    assert result.complaint.startswith("ps: bad -o argument 'nosuch', supported arguments: ")


@pytest.mark.parametrize(
    ("argv", "title"),
    [
        ([], "    PID TTY          TIME CMD"),
        (["-ef"], "UID          PID    PPID  C STIME TTY          TIME CMD"),
        (["aux"], "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"),
        (["-o", "pid,ppid,args"], "    PID    PPID COMMAND"),
    ],
)
async def test_procps_ps_has_the_title_of_its_style(
    gnu: Callable, argv: list[str], title: str
) -> None:
    await _sleeper(gnu)
    assert (await gnu.run("ps", *argv)).text.splitlines()[0] == title


async def test_pidof_and_pgrep_find_by_name(busybox: Callable) -> None:
    await _sleeper(busybox)
    assert (await busybox.run("pidof", "sleep")).text == "1\n"
    assert (await busybox.run("pgrep", "-f", "sleep 10+")).text == "1\n"
    assert (await busybox.run("pidof", "nosuch")).code == 1


@pytest.mark.parametrize("argv", [["kill", "7"], ["pkill", "sleep"], ["killall", "-9", "sleep"]])
async def test_a_process_is_killed(busybox: Callable, argv: list[str]) -> None:
    await busybox.start("sleep", "2000")
    other = await busybox.start("sleep", "1000")
    words = [str(other.pid) if word == "7" else word for word in argv]
    assert (await busybox.run(*words)).code == 0
    assert (await busybox.machine.wait(other)).signal in (9, 15)
