"""Claims about a container's processes as a whole."""

import asyncio
import os

import pytest

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ExecError, ExitStatus, ProcessExit, ProcessKilled
from daemon.process.tty import Terminal


async def test_a_program_writes_and_its_return_value_is_the_exit_code(box):
    async def main(proc: Process) -> int:
        await proc.out("hello\n")
        await proc.err(b"oops\n")
        return 3

    assert await box.run(main) == ExitStatus(3)
    assert (box.stdout, box.stderr) == (b"hello\n", b"oops\n")


async def test_the_exit_is_told_before_the_streams_are_closed(box):
    order = []

    async def main(proc: Process) -> int:
        return 7

    process = await box.start(main, on_exit=lambda status: order.append(status.code))
    process.fds[1].on_last_close = lambda: order.append("closed")
    await box.machine.wait(process)
    assert order == [7, "closed"]


async def test_pid_1_ignores_what_it_does_not_handle_but_not_a_kill_from_the_host(box):
    async def main(proc: Process) -> int:
        proc.kill(1, Signal.SIGKILL)
        proc.kill(1, Signal.SIGTERM)
        await proc.checkpoint()
        await proc.out("alive\n")
        await proc.sleep(1000)
        return 0

    process = await box.start(main)
    await asyncio.sleep(0.01)
    box.machine.signal(1, Signal.SIGTERM)
    await asyncio.sleep(0.01)
    assert process.status is None
    box.machine.signal(1, Signal.SIGKILL)
    assert (await box.machine.wait(process)).shell_code == 137
    assert box.stdout == b"alive\n"


async def test_a_handler_of_pid_1_runs_and_interrupts_its_sleep(box):
    async def main(proc: Process) -> int:
        got = []
        proc.on_signal(Signal.SIGTERM, got.append)
        await proc.out("ready")
        try:
            await proc.sleep(1000)
        except InterruptedError:
            return got[0]
        return 0

    process = await box.start(main)
    await box.until(lambda: box.stdout)
    box.machine.signal(1, Signal.SIGTERM)
    assert await box.machine.wait(process) == ExitStatus(15)


async def test_killing_pid_1_kills_everyone_and_waits_for_them(box):
    unwound = []

    async def child(proc: Process) -> int:
        try:
            await proc.sleep(1000)
        finally:
            unwound.append(proc.pid)
        return 0

    async def main(proc: Process) -> int:
        proc.fork(child)
        proc.fork(child)
        await proc.sleep(1000)
        return 0

    process = await box.start(main)
    other = await box.start([box.install(child, "other")], as_init=False)
    await asyncio.sleep(0.01)
    box.machine.kill_all()
    assert (await box.machine.wait(process)).shell_code == 137
    assert other.status == ExitStatus(signal=9)
    assert len(unwound) == 3
    assert box.machine.processes == {}


async def test_finally_runs_but_a_killed_program_cannot_survive(box):
    async def init(proc: Process) -> int:
        child = proc.fork(stubborn)
        proc.kill(child.pid, Signal.SIGTERM)
        _pid, status = await proc.wait()
        return status.shell_code

    async def stubborn(proc: Process) -> int:
        try:
            await proc.sleep(1000)
        finally:
            with pytest.raises(ProcessKilled):
                await proc.sleep(1000)
            await proc.out("never")
        return 0

    assert await box.run(init) == ExitStatus(143)
    assert box.stdout == b""


async def test_a_computing_process_leaves_the_loop_to_others(box):
    async def spin(proc: Process) -> int:
        while True:
            await proc.checkpoint()

    async def main(proc: Process) -> int:
        for _ in range(5):
            proc.fork(spin)
        await spin(proc)
        return 0

    await box.start(main)
    for _ in range(30):
        await asyncio.sleep(0)
    assert box.machine.counters.cpu_seconds > 0.01


async def test_a_paused_machine_stands_still_until_it_is_resumed(box):
    async def main(proc: Process) -> int:
        while True:
            await proc.checkpoint()
            proc.argv[0] = "ran"

    process = await box.start(main)
    await asyncio.sleep(0.01)
    box.machine.pause()
    await asyncio.sleep(0.01)
    process.argv[0] = "frozen"
    await asyncio.sleep(0.01)
    assert process.argv[0] == "frozen"
    box.machine.resume()
    await box.until(lambda: process.argv[0] == "ran")


@pytest.mark.parametrize(
    ("argv", "text", "code"),
    [
        (["nosuch"], 'exec: "nosuch": executable file not found in $PATH', 127),
        (["/nosuch"], 'exec: "/nosuch": stat /nosuch: no such file or directory', 127),
        (["/etc"], 'exec: "/etc": is a directory: permission denied', 126),
        (["/etc/passwd"], 'exec: "/etc/passwd": permission denied', 126),
        (
            ["/etc/passwd/x"],
            'exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory: Are you trying to mount a directory onto '
            "a file (or vice-versa)? Check if the specified host path exists and is the expected type",
            127,
        ),
        ([""], 'exec: "": executable file not found in $PATH', 127),
    ],
)
async def test_what_cannot_start_is_refused_in_runc_s_words(box, argv, text, code):
    box.fs.write_bytes("/etc/passwd", b"root")
    with pytest.raises(ExecError) as caught:
        await box.start(argv)
    assert (str(caught.value), caught.value.exit_code) == (text, code)
    assert box.machine.processes == {}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"echo hi\n", "exec /x: exec format error\n"),
        (b"", "exec /x: exec format error\n"),
        (b"#!/nosuch -a b\n", "exec /x: no such file or directory\n"),
        (b"#!/etc\n", "exec /x: permission denied\n"),
        (b"#!/x\n", "exec /x: too many levels of symbolic links\n"),
    ],
)
async def test_what_only_the_kernel_refuses_is_said_by_the_process_itself(box, content, text):
    box.fs.write_bytes("/x", content, 0o755)
    assert await box.run(["/x"]) == ExitStatus(255)
    assert box.stderr.decode() == text


async def test_a_script_runs_its_interpreter_with_one_argument(box):
    async def main(proc: Process) -> int:
        await proc.out(repr(proc.argv))
        await proc.out(proc.name)
        return 0

    box.install(main, "sh")
    box.fs.write_bytes("/x", b"#!/bin/sh -e  -u \necho", 0o755)
    await box.run(["/x", "a"])
    assert box.stdout == b"['/bin/sh', '-e  -u', '/x', 'a']x"


async def test_an_elf_without_simulation_is_a_service_if_the_image_wants_it(box):
    box.fs.write_bytes("/server", b"\x7fELF....", 0o755)
    seen = []
    box.machine.on_unsimulated = seen.append
    box.machine.image_argv = ["/server"]
    process = await box.start(["/server"])
    await asyncio.sleep(0.01)
    assert process.status is None
    box.machine.signal(1, Signal.SIGTERM)
    assert await box.machine.wait(process) == ExitStatus(0)
    assert seen == ["/server"]


async def test_the_same_elf_as_an_exec_succeeds_at_once(box):
    async def main(proc: Process) -> int:
        child = await proc.spawn(["/server"])
        return (await proc.wait(child.pid))[1].shell_code

    box.fs.write_bytes("/server", b"\x7fELF....", 0o755)
    box.machine.image_argv = ["/server"]
    assert await box.run(main) == ExitStatus(0)


async def test_the_shim_forwards_the_stop_signal(box):
    async def main(proc: Process) -> int:
        await proc.out(f"{proc.pid} {proc.ppid}")
        await proc.sleep(1000)
        return 0

    box.install(main)
    process = await box.start(["program"], init_shim=True)
    await box.until(lambda: box.stdout)
    box.machine.signal(1, Signal.SIGTERM)
    assert await box.machine.wait(process) == ExitStatus(143)
    assert box.stdout == b"7 1"


async def test_memory_over_the_limit_kills_the_biggest_process(box):
    told = []
    box.machine.on_oom = lambda: told.append("oom")
    box.machine.limits.memory = 8 << 20

    async def main(proc: Process) -> int:
        while True:
            proc.charge(1 << 20)
            await proc.checkpoint()

    assert (await box.run(main)).shell_code == 137
    assert told == ["oom"]
    assert box.machine.memory.usage == 0


async def test_a_process_counts_until_it_is_reaped(box):
    counts = []

    async def child(proc: Process) -> int:
        return 0

    async def main(proc: Process) -> int:
        counts.append(len(box.machine.own_processes))
        started = proc.fork(child)
        counts.append(len(box.machine.own_processes))
        await box.machine.wait(started)
        counts.append(len(box.machine.own_processes))
        await proc.wait(started.pid)
        counts.append(len(box.machine.own_processes))
        return 0

    assert await box.run(main) == ExitStatus(0)
    assert counts == [1, 2, 2, 1]


async def test_the_pids_limit_refuses_one_process_too_many(box):
    box.machine.limits.pids = 3

    async def sleeper(proc: Process) -> int:
        await proc.sleep(1000)
        return 0

    async def main(proc: Process) -> int:
        proc.fork(sleeper)
        proc.fork(sleeper)
        with pytest.raises(BlockingIOError):
            proc.fork(sleeper)
        return 0

    assert await box.run(main) == ExitStatus(0)


async def test_dev_stdout_is_the_descriptor_even_through_links(box):
    async def main(proc: Process) -> int:
        fd = await proc.open("/var/access.log", os.O_WRONLY | os.O_APPEND)
        await proc.write(fd, b"GET /\n")
        return 0

    box.fs.mkdir("/var")
    box.fs.symlink("/proc/self/fd/1", "/dev/stdout")
    box.fs.symlink("/dev/stdout", "/var/access.log")
    await box.run(main)
    assert box.stdout == b"GET /\n"


async def test_the_shim_s_child_is_a_service_like_the_main_process(box):
    box.fs.write_bytes("/server", b"\x7fELF....", 0o755)
    box.machine.exposes_port = True
    process = await box.start(["/server"], init_shim=True)
    await box.until(lambda: 7 in box.machine.processes and box.machine.processes[7].state == "S")
    box.machine.signal(1, Signal.SIGTERM)
    assert await box.machine.wait(process) == ExitStatus(0)


@pytest.mark.parametrize(
    ("command", "text", "code"),
    [("nosuch", "No such file or directory", 127), ("/etc", "Permission denied", 126)],
)
async def test_the_shim_says_what_it_cannot_run(box, command, text, code):
    assert await box.run([command], init_shim=True) == ExitStatus(code)
    assert box.stderr.decode() == f"[FATAL tini (7)] exec {command} failed: {text}\n"


async def test_one_kill_is_enough_until_its_memory_is_back(box):
    box.machine.limits.memory = 8 << 20
    kills = []
    box.machine.on_oom = lambda: kills.append(1)

    async def big(proc: Process) -> int:
        proc.charge(6 << 20)
        await proc.sleep(1000)
        return 0

    async def main(proc: Process) -> int:
        proc.fork(big)
        await asyncio.sleep(0)
        proc.charge(3 << 20)
        proc.charge(1 << 20)
        return (await proc.wait())[1].shell_code

    assert await box.run(main) == ExitStatus(137)
    assert kills == [1]


async def test_a_terminal_s_number_is_free_again_after_its_last_process(box):
    async def main(proc: Process) -> int:
        await proc.sleep(1000)
        return 0

    async def short(proc: Process) -> int:
        return proc.terminal.number

    await box.start(main)
    box.install(short, "short")
    for _ in range(2):
        assert await box.run(["short"], as_init=False, terminal=Terminal()) == ExitStatus(0)


async def test_one_task_of_a_program_may_exit_for_all(box):
    async def main(proc: Process) -> int:
        async def leaver():
            raise ProcessExit(6)

        async with asyncio.TaskGroup() as group:
            group.create_task(proc.sleep(1000))
            group.create_task(leaver())
        return 0

    assert await box.run(main) == ExitStatus(6)


async def test_the_working_directory_must_exist(box):
    async def main(proc: Process) -> int:
        return 0

    with pytest.raises(ExecError) as caught:
        await box.start(main, cwd="/nope")
    assert str(caught.value) == (
        'chdir to cwd ("/nope") set in config.json failed: no such file or directory'
    )


async def test_files_in_memory_count_only_against_a_limit_that_was_asked_for(box):
    told = []
    box.machine.on_oom = lambda: told.append("oom")

    async def main(proc: Process) -> int:
        box.machine.memory.quota(100 << 20)
        proc.charge(1)
        return 0

    assert await box.run(main) == ExitStatus(0)
    assert told == []
    box.machine.limits.memory = 50 << 20
    assert (await box.run(main)).shell_code == 137
    assert told == ["oom"]
