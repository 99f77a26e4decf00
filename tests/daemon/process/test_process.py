"""Claims about families of processes: fork, spawn, exec, wait, signals."""

import asyncio
import os

import pytest

from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ExitStatus, ProcessExit


async def test_a_subshell_has_a_copy_of_everything(box):
    async def child(proc: Process) -> int:
        proc.env["A"] = "2"
        proc.chdir("/tmp")
        raise ProcessExit(5)

    async def main(proc: Process) -> int:
        proc.env["A"] = "1"
        pid = proc.fork(child).pid
        assert await proc.wait(pid) == (pid, ExitStatus(5))
        assert (proc.env["A"], proc.cwd) == ("1", "/")
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_spawn_finds_the_file_in_path_and_maps_descriptors(box):
    async def hello(proc: Process) -> int:
        await proc.out(f"{proc.argv} {proc.name} {proc.env['X']} {sorted(proc.fds)}")
        return 0

    async def main(proc: Process) -> int:
        _reading, writing = proc.pipe()
        child = await proc.spawn(["hello", "a"], env={"X": "y"}, fds={1: 1, 5: writing})
        return (await proc.wait(child.pid))[1].code

    box.install(hello, "hello")
    assert await box.run(main) == ExitStatus(0)
    assert box.stdout == b"['hello', 'a'] hello y [1, 5]"


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["nosuch"], FileNotFoundError),
        (["/tmp/data"], PermissionError),
        (["/tmp"], PermissionError),
        (["/tmp/data/x"], NotADirectoryError),
    ],
)
async def test_what_cannot_be_spawned_is_an_error_of_the_caller(box, argv, error):
    box.fs.write_bytes("/tmp/data", b"")

    async def main(proc: Process) -> int:
        with pytest.raises(error):
            await proc.spawn(argv)
        with pytest.raises(ChildProcessError):
            await proc.wait()
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_exec_replaces_the_program_but_not_the_process(box):
    async def after(proc: Process) -> int:
        ignored = proc.on_signal(Signal.SIGINT, IGNORE) is IGNORE
        await proc.out(f"{proc.pid} {proc.argv} {ignored} {sorted(proc.fds)}")
        return 4

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGINT, IGNORE)
        proc.on_signal(Signal.SIGTERM, lambda _: None)
        await proc.open("/tmp/f", os.O_CREAT | os.O_CLOEXEC)
        await proc.exec(["after"])

    box.install(after, "after")
    assert await box.run(main) == ExitStatus(4)
    assert box.stdout == b"1 ['after'] True [0, 1, 2]"


async def test_an_orphan_is_given_to_pid_1(box):
    async def grandchild(proc: Process) -> int:
        await proc.sleep(1)
        return 9

    async def child(proc: Process) -> int:
        return proc.fork(grandchild).pid

    async def main(proc: Process) -> int:
        first = await proc.wait(proc.fork(child).pid)
        assert box.machine.processes[first[1].code].ppid == 1
        return (await proc.wait())[1].code

    process = await box.start(main)
    await box.until(lambda: [p.state for p in box.machine.processes.values()] == ["S", "S"])
    box.clock.advance(2)
    assert await box.machine.wait(process) == ExitStatus(9)


async def test_a_child_that_nobody_waited_for_is_a_zombie(box):
    async def child(proc: Process) -> int:
        return 0

    async def main(proc: Process) -> int:
        process = proc.fork(child)
        await box.until(lambda: process.status is not None)
        assert process.state == "Z"
        assert process.pid in box.machine.processes
        await proc.wait()
        assert process.pid not in box.machine.processes
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_ignoring_sigchld_leaves_no_zombies(box):
    async def child(proc: Process) -> int:
        return 0

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGCHLD, IGNORE)
        process = proc.fork(child)
        with pytest.raises(ChildProcessError):
            await proc.wait()
        assert process.status == ExitStatus(0)
        return 0

    assert await box.run(main) == ExitStatus(0)


@pytest.mark.parametrize(
    ("signum", "code", "core"),
    [(Signal.SIGTERM, 143, False), (Signal.SIGQUIT, 131, True), (Signal.SIGKILL, 137, False)],
)
async def test_a_signal_without_handler_ends_a_child_even_in_a_foreign_wait(
    box, signum, code, core
):
    async def child(proc: Process) -> int:
        await asyncio.Event().wait()
        return 0

    async def main(proc: Process) -> int:
        process = proc.fork(child)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        proc.kill(process.pid, signum)
        status = (await proc.wait())[1]
        assert (status.shell_code, status.core) == (code, core)
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_a_signal_kills_a_child_before_its_first_step(box):
    started = []

    async def child(proc: Process) -> int:
        started.append(1)
        return 0

    async def main(proc: Process) -> int:
        proc.kill(proc.fork(child).pid, Signal.SIGTERM)
        return (await proc.wait())[1].shell_code

    assert await box.run(main) == ExitStatus(143)
    assert started == []


async def test_a_handler_interrupts_wait_but_a_child_that_ended_comes_first(box):
    seen = []

    async def child(proc: Process) -> int:
        await proc.sleep(10)
        return 0

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGUSR1, seen.append)
        proc.on_signal(Signal.SIGCHLD, seen.append)
        proc.fork(child)
        try:
            await proc.wait()
        except InterruptedError:
            seen.append("interrupted")
        return (await proc.wait())[1].code

    process = await box.start(main)
    await box.until(lambda: process.state == "S")
    box.machine.signal(1, Signal.SIGUSR1)
    await box.until(lambda: "interrupted" in seen and process.state == "S")
    box.clock.advance(10)
    assert await box.machine.wait(process) == ExitStatus(0)
    assert seen == [Signal.SIGUSR1, "interrupted", Signal.SIGCHLD]


async def test_a_read_goes_on_after_a_handler_unless_told_otherwise(box):
    async def main(proc: Process) -> int:
        reading, writing = proc.pipe()
        count = []
        proc.on_signal(Signal.SIGUSR1, count.append)

        async def feeder(other: Process) -> int:
            other.kill(1, Signal.SIGUSR1)
            await other.checkpoint()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await other.write(writing, b"x")
            return 0

        proc.fork(feeder)
        assert await proc.read(reading) == b"x"
        assert count == [Signal.SIGUSR1]
        proc.on_signal(Signal.SIGUSR1, count.append, restart=False)
        proc.fork(feeder)
        with pytest.raises(InterruptedError):
            await proc.read(reading)
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_a_handler_may_raise_out_of_the_call(box):
    class Interrupt(Exception):
        pass

    def raising(_signum):
        raise Interrupt

    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGINT, raising)
        try:
            await proc.sleep(1000)
        except Interrupt:
            return 42
        return 0

    process = await box.start(main)
    await box.until(lambda: process.state == "S")
    box.machine.signal(1, Signal.SIGINT)
    assert await box.machine.wait(process) == ExitStatus(42)


async def test_kill_reaches_groups_and_asks_with_zero(box):
    async def child(proc: Process) -> int:
        await proc.sleep(1000)
        return 0

    async def main(proc: Process) -> int:
        one = proc.fork(child, pgid=0)
        proc.fork(child, pgid=one.pid)
        proc.kill(one.pid, 0)
        proc.kill(-one.pid, Signal.SIGTERM)
        codes = [(await proc.wait())[1].shell_code for _ in range(2)]
        assert codes == [143, 143]
        with pytest.raises(ProcessLookupError):
            proc.kill(one.pid, 0)
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_a_user_may_signal_only_its_own_processes(box):
    async def child(proc: Process) -> int:
        with pytest.raises(PermissionError):
            proc.kill(1, Signal.SIGTERM)
        return 0

    async def main(proc: Process) -> int:
        process = proc.fork(child)
        process.cred = process.cred._replace(uid=1000)
        return (await proc.wait())[1].code

    assert await box.run(main) == ExitStatus(0)


async def test_a_stopped_process_stands_still_until_sigcont_or_sigkill(box):
    async def child(proc: Process) -> int:
        while True:
            await proc.checkpoint()

    async def main(proc: Process) -> int:
        one, two = proc.fork(child), proc.fork(child)
        for process in (one, two):
            proc.kill(process.pid, Signal.SIGSTOP)
            await proc.wait(process.pid, untraced=True)
        proc.kill(one.pid, Signal.SIGTERM)
        assert one.status is None
        proc.kill(one.pid, Signal.SIGCONT)
        proc.kill(two.pid, Signal.SIGKILL)
        codes = [(await proc.wait(p.pid))[1].shell_code for p in (one, two)]
        return 0 if codes == [143, 137] else 1

    assert await box.run(main) == ExitStatus(0)


async def test_threads_of_a_process_all_unwind_when_it_is_killed(box):
    unwound = []

    async def child(proc: Process) -> int:
        async def thread(number):
            try:
                await proc.sleep(1000)
            finally:
                unwound.append(number)

        async with asyncio.TaskGroup() as group:
            group.create_task(thread(1))
            group.create_task(thread(2))
        return 0

    async def main(proc: Process) -> int:
        process = proc.fork(child)
        await box.until(lambda: process.state == "S")
        proc.kill(process.pid, Signal.SIGTERM)
        return (await proc.wait())[1].shell_code

    assert await box.run(main) == ExitStatus(143)
    assert sorted(unwound) == [1, 2]


async def test_an_unhandled_error_ends_the_program_with_a_message(box):
    async def main(proc: Process) -> int:
        await proc.open("/nosuch")
        return 0

    assert await box.run(main) == ExitStatus(1)
    assert box.stderr == b"program: /nosuch: No such file or directory\n"


async def test_a_foreign_wait_is_given_up_when_a_handler_runs(box):
    async def main(proc: Process) -> int:
        proc.on_signal(Signal.SIGINT, lambda _: None)
        try:
            await proc.block(asyncio.Event().wait())
        except InterruptedError:
            return 4
        return 0

    process = await box.start(main)
    await box.until(lambda: process.state == "S")
    box.machine.signal(1, Signal.SIGINT)
    assert await box.machine.wait(process) == ExitStatus(4)
