"""Builtins about processes: jobs, fg, bg, wait, kill, umask, ulimit, times."""

from typing import TYPE_CHECKING

from daemon.process.signals import Signal
from daemon.process.status import ExitStatus
from daemon.programs.common.modes import symbolic_umask, umask_of
from daemon.programs.common.signals import name_of, number_of
from daemon.programs.shell.builtins.base import take_options
from daemon.programs.shell.builtins.flow import signal_table
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.jobs import Job

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


def _job(shell: "Shell", spec: str) -> Job:
    job = shell.jobs.find(spec)
    if job is None:
        raise ShellError("no such job", spec, status=1 if shell.flavour.bash else 2)
    return job


async def jobs(shell: "Shell", argv: list[str]) -> int:
    """`jobs [-lpnrs] [job...]`."""
    letters, specs = take_options(shell, argv[1:], "lpnrs")
    await shell.jobs.reap()
    chosen = [_job(shell, spec) for spec in specs] or list(shell.jobs.table)
    for job in chosen:
        if ("r" in letters and job.stopped) or ("s" in letters and not job.stopped):
            continue
        if "p" in letters:
            await shell.proc.out(f"{job.pids[0]}\n")
        else:
            await shell.proc.out(shell.jobs.line(job, pids="l" in letters))
        if job.done:
            shell.jobs.forget(job)
    return 0


def _need_control(shell: "Shell") -> None:
    if "m" not in shell.options:
        raise ShellError("no job control", status=1 if shell.flavour.bash else 2)


def _continue(shell: "Shell", job: Job) -> None:
    job.stopped, job.told = None, False
    shell.proc.kill(-job.pgid, Signal.SIGCONT)


async def foreground(shell: "Shell", argv: list[str]) -> int:
    """`fg [job]`."""
    _need_control(shell)
    job = _job(shell, argv[1] if len(argv) > 1 else "%%")
    await shell.proc.out(f"{job.text}\n")
    _continue(shell, job)
    codes = await shell.jobs.foreground(job.pids, job.text, job)
    return codes[-1]


async def background(shell: "Shell", argv: list[str]) -> int:
    """`bg [job]`."""
    _need_control(shell)
    job = _job(shell, argv[1] if len(argv) > 1 else "%%")
    _continue(shell, job)
    mark = shell.jobs.mark(job) if shell.flavour.bash else ""
    tail = " &" if shell.flavour.bash else ""
    await shell.proc.out(f"[{job.number}]{mark} {job.text}{tail}\n")
    return 0


def disown(shell: "Shell", argv: list[str]) -> int:
    """`disown [job...]`."""
    for spec in argv[1:] or ["%%"]:
        if spec in ("-a", "-h", "-r"):
            continue
        shell.jobs.forget(_job(shell, spec))
    return 0


async def suspend(shell: "Shell", argv: list[str]) -> int:
    """`suspend`: stop this shell."""
    shell.proc.kill(shell.proc.pid, Signal.SIGSTOP)
    await shell.proc.checkpoint()
    return 0


# ---- wait -----------------------------------------------------------------------------------------


async def wait(shell: "Shell", argv: list[str]) -> int:
    """`wait [-n] [pid or job...]`; a trapped signal ends it with 128 + its number."""
    letters, specs = "", argv[1:]
    if shell.flavour.bash:
        letters, specs = take_options(shell, specs, "nf")
    if "n" in letters:
        return await _wait_next(shell)
    if not specs:
        for job in list(shell.jobs.table):
            if not job.stopped and not await shell.jobs.wait_for(job.pids, interruptible=True):
                return _interrupted(shell)
        for job in [job for job in shell.jobs.table if job.done]:
            shell.jobs.forget(job)
        return 0
    status = 0
    for spec in specs:
        status = await _wait_one(shell, spec)
    return status


async def _wait_one(shell: "Shell", spec: str) -> int:
    if spec.startswith("%"):
        found_job = shell.jobs.find(spec)
        if found_job is None:
            raise ShellError("no such job", spec, status=127 if shell.flavour.bash else 2)
        pids = found_job.pids
    elif spec.isdigit():
        pids = [int(spec)]
        known = pids[0] in shell.jobs.statuses or pids[0] in shell.proc.children
        if not known:
            return await _not_a_child(shell, spec)
    else:
        raise ShellError("wait argument", spec, status=1 if shell.flavour.bash else 2)
    if not await shell.jobs.wait_for(pids, interruptible=True):
        return _interrupted(shell)
    status = shell.jobs.statuses.get(pids[-1], ExitStatus(127))
    found = next((job for job in shell.jobs.table if pids[-1] in job.pids), None)
    if found is not None and found.done:
        shell.jobs.forget(found)
        quiet = shell.flavour.bash and status.signal == Signal.SIGTERM
        if not shell.interactive and not quiet:
            await shell.jobs.tell_death(pids[-1], status, found.text)
    return status.shell_code


async def _not_a_child(shell: "Shell", spec: str) -> int:
    if shell.flavour.bash:
        await shell.complain(f"pid {spec} is not a child of this shell", command="wait")
    return 127


def _interrupted(shell: "Shell") -> int:
    pending = shell.traps.pending
    number = number_of(pending[0]) if pending else None
    return 128 + (number or int(Signal.SIGINT))


async def _wait_next(shell: "Shell") -> int:
    running = [job for job in shell.jobs.table if not job.stopped]
    if not running:
        return 127
    while not any(job.done for job in running):
        before = set(shell.jobs.statuses)
        pids = [pid for job in running for pid in job.pids if pid not in before]
        if not await shell.jobs.wait_any(pids):
            return _interrupted(shell)
    job = next(job for job in running if job.done)
    shell.jobs.forget(job)
    return job.status.shell_code


# ---- kill -----------------------------------------------------------------------------------------


async def kill(shell: "Shell", argv: list[str]) -> int:
    """`kill [-signal] pid or job...`, `kill -l [status...]`."""
    args = argv[1:]
    signum = int(Signal.SIGTERM)
    if args and args[0] in ("-l", "-L"):
        return await _list_signals(shell, args[1:])
    if args and args[0] in ("-s", "-n") and len(args) > 1:
        signum, args = _signal(shell, args[1]), args[2:]
    elif args and args[0] == "--":
        args = args[1:]
    elif args and args[0].startswith("-") and len(args[0]) > 1:
        if shell.flavour.name == "dash" and number_of(args[0][1:]) is None:
            raise ShellError("bad option", args[0][1], status=2)
        signum, args = _signal(shell, args[0][1:]), args[1:]
        if args and args[0] == "--":
            args = args[1:]
    if not args:
        status = 1 if shell.flavour.name == "ash" else 2
        raise ShellError("kill usage", status=status, usage=shell.flavour.bash)
    status = 0
    for target in args:
        if not await _kill_one(shell, target, signum):
            status = 1
    return status


def _signal(shell: "Shell", text: str) -> int:
    number = number_of(text)
    if number is None:
        raise ShellError("kill signal", text, status=1 if shell.flavour.name != "dash" else 2)
    return number


async def _kill_one(shell: "Shell", target: str, signum: int) -> bool:
    if target.startswith("%"):
        job = _job(shell, target)
        groups = "m" in shell.options or shell.flavour.name == "dash"
        pids = [-job.pgid] if groups else job.pids
        if job.stopped and signum in (Signal.SIGTERM, Signal.SIGHUP):
            _continue(shell, job)
    elif target.lstrip("-").isdigit() and target.count("-") <= 1:
        pids = [int(target)]
    elif shell.flavour.name == "dash":
        raise ShellError("kill pid", target, status=2)
    else:
        await _cannot(shell, "kill pid", target, "")
        return False
    try:
        for pid in pids:
            shell.proc.kill(pid, signum)
    except OSError as error:
        await _cannot(shell, "kill failed", target, error.strerror or "")
        return False
    await shell.proc.checkpoint()
    return True


async def _cannot(shell: "Shell", kind: str, target: str, text: str) -> None:
    error = ShellError(kind, target, text)
    if shell.flavour.name == "ash":
        await shell.report_as_applet(error)
    else:
        await shell.report(error, command="kill")


async def _list_signals(shell: "Shell", args: list[str]) -> int:
    if not args:
        if shell.flavour.bash:
            await shell.proc.out(signal_table())
        elif shell.flavour.name == "ash":
            numbers = [*range(1, 32), 34, 64]
            await shell.proc.out("".join(f"{n:2d}) {name_of(n)}\n" for n in numbers))
        else:
            await shell.proc.out("".join(f"{name_of(n) if n else 0}\n" for n in range(65)))
        return 0
    for text in args[:1] if shell.flavour.name == "dash" else args:
        if shell.flavour.name == "dash" and not text.isdigit():
            raise ShellError("illegal number", text, status=2)
        number = number_of(text)
        if number is None and text.isdigit():
            number = int(text) & 0x7F
        if number is None:
            raise ShellError("kill signal", text, status=1)
        await shell.proc.out(f"{name_of(number & 0x7F) if text.isdigit() else number}\n")
    return 0


# ---- limits ---------------------------------------------------------------------------------------


async def umask(shell: "Shell", argv: list[str]) -> int:
    """`umask [-Sp] [mode]`."""
    letters, args = take_options(shell, argv[1:], "Sp")
    if not args:
        text = symbolic_umask(shell.proc.umask) if "S" in letters else f"{shell.proc.umask:04o}"
        await shell.proc.out(("umask " if "p" in letters else "") + text + "\n")
        return 0
    mask = umask_of(args[0], shell.proc.umask)
    if shell.flavour.name == "ash" and len(args[0].lstrip("0")) > 3 and args[0].isdigit():
        mask = None
    if mask is None:
        kind = "umask mode" if args[0][0].isdigit() else "umask symbols"
        raise ShellError(kind, args[0], status=1 if shell.flavour.bash else 2)
    shell.proc.umask = mask
    return 0


async def times(shell: "Shell", argv: list[str]) -> int:
    """`times`: what the shell and its children computed."""
    own = shell.proc.cpu_seconds
    total = shell.proc.machine.counters.cpu_seconds
    digits = 3 if shell.flavour.bash else 6

    def shown(seconds: float) -> str:
        return f"{int(seconds // 60)}m{seconds % 60:.{digits}f}s"

    zero = shown(0.0)
    await shell.proc.out(f"{shown(own)} {zero}\n{shown(max(0.0, total - own))} {zero}\n")
    return 0


_LIMITS: list[tuple[str, str, str, int]] = [
    ("c", "core file size (blocks)", "core", 512),
    ("d", "data seg size (kb)", "data", 1024),
    ("e", "scheduling priority", "nice", 1),
    ("f", "file size (blocks)", "fsize", 512),
    ("i", "pending signals", "sigpending", 1),
    ("l", "max locked memory (kb)", "memlock", 1024),
    ("m", "max memory size (kb)", "rss", 1024),
    ("n", "open files", "nofile", 1),
    ("p", "pipe size (512 bytes)", "", 512),
    ("q", "POSIX message queues (bytes)", "msgqueue", 1),
    ("r", "real-time priority", "rtprio", 1),
    ("s", "stack size (kb)", "stack", 1024),
    ("t", "cpu time (seconds)", "cpu", 1),
    ("u", "max user processes", "nproc", 1),
    ("v", "virtual memory (kb)", "as", 1024),
    ("x", "file locks", "locks", 1),
]
"""Letter, description, Docker's name, and the unit that it is counted in."""
_PIPE_SIZE = "8"


async def ulimit(shell: "Shell", argv: list[str]) -> int:
    """`ulimit [-HSa] [-letter [value]]`: shows the limits; a new value for open files is kept."""
    options = "".join(arg for arg in argv[1:] if arg.startswith("-"))
    hard = "H" in options and "S" not in options
    args = [arg for arg in argv[1:] if arg not in ("-H", "-S", "-HS", "-SH")]
    args = [arg.replace("H", "").replace("S", "") if arg.startswith("-") else arg for arg in args]
    if args[:1] == ["-a"]:
        shown = [row for row in _LIMITS if row[2] or shell.flavour.name != "ash"]
        rows = (f"{text:<32}(-{one}) {_limit(shell, one, hard)}\n" for one, text, *_ in shown)
        await shell.proc.out("".join(rows))
        return 0
    letter = args[0][1:2] if args and args[0].startswith("-") else "f"
    values = [arg for arg in args if not arg.startswith("-")]
    if letter not in {row[0] for row in _LIMITS}:
        raise ShellError("bad option", letter, status=2)
    if not values:
        await shell.proc.out(f"{_limit(shell, letter, hard)}\n")
    elif values[0] != "unlimited" and not values[0].isdigit():
        raise ShellError("bad number", values[0], status=1 if shell.flavour.bash else 2)
    else:
        shell.limits[letter] = values[0]
    return 0


def _limit(shell: "Shell", letter: str, hard: bool) -> str:
    if letter in shell.limits:
        return shell.limits[letter]
    name, unit = next((name, unit) for one, _, name, unit in _LIMITS if one == letter)
    if not name:
        return _PIPE_SIZE
    value = shell.proc.machine.limits.ulimit(name)[hard]
    return "unlimited" if value < 0 else str(value // unit)
