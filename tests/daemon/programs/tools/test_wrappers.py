"""Programs that run programs: what they pass on, and what becomes of it."""

from collections.abc import Callable

import pytest

from daemon.process.signals import Signal


async def test_timeout_ends_what_takes_too_long(busybox: Callable, gnu: Callable) -> None:
    assert (await busybox.run("timeout", "1", "sleep", "60")).code == 143
    assert (await gnu.run("timeout", "1", "sleep", "60")).code == 124
    assert (await gnu.run("timeout", "-s", "KILL", "1", "sleep", "60")).code == 137


async def test_timeout_passes_the_exit_code_on(gnu: Callable) -> None:
    assert (await gnu.run("timeout", "5", "sh", "-c", "exit 7")).code == 7


async def test_nohup_lets_its_program_survive_a_hangup(gnu: Callable) -> None:
    process = await gnu.start("nohup", "sleep", "1000")
    await gnu.until(lambda: process.name == "sleep")
    process.post(Signal.SIGHUP)
    process.post(Signal.SIGTERM, outside=True)
    process.post(Signal.SIGKILL, outside=True)
    assert (await gnu.machine.wait(process)).signal == Signal.SIGKILL


@pytest.mark.parametrize(
    ("argv", "stdin", "out"),
    [
        (["xargs", "-0", "echo"], "a b\0c\0", "a b c\n"),
        (["xargs", "-d", ",", "echo"], "a,b", "a b\n"),
        (["xargs", "echo"], "'a b' c\\ d \"e f\"\n", "a b c d e f\n"),
        (["xargs", "-I{}", "echo", "<{}>"], "a b\nc\n", "<a b>\n<c>\n"),
        (["xargs", "-L", "1", "echo"], "a b\nc\n", "a b\nc\n"),
        (["xargs", "-P", "3", "-n", "1", "echo"], "a\n", "a\n"),
    ],
)
async def test_xargs_builds_command_lines(
    gnu: Callable, argv: list[str], stdin: str, out: str
) -> None:
    assert (await gnu.run(*argv, stdin=stdin)).text == out


async def test_xargs_counts_failures(gnu: Callable) -> None:
    assert (await gnu.run("xargs", "-n1", "false", stdin="a\nb\n")).code == 123
    assert (await gnu.run("xargs", "sh", "-c", "exit 255", stdin="a\n")).code == 124


async def test_env_gives_its_program_what_it_was_told(busybox: Callable) -> None:
    result = await busybox.run("env", "-i", "A=1", "sh", "-c", "echo $A$HOME")
    assert result.text == "1\n"


async def test_which_looks_through_path(busybox: Callable) -> None:
    assert (await busybox.run("which", "ls", "nosuch")).text == "/bin/ls\n"


async def test_watch_runs_again_and_again(busybox: Callable) -> None:
    out = bytearray()
    await busybox.start("watch", "-n", "1", "-t", "echo hi", out=out)
    await busybox.until(lambda: out.count(b"hi\n") >= 3)


async def test_su_becomes_the_user(busybox: Callable) -> None:
    assert (await busybox.run("su", "ann", "-c", "id -un; echo $HOME")).text == "ann\n/home/ann\n"
