"""docker-init (tini): PID 1 that starts the real command, forwards signals to it and reaps orphans."""

import errno
from typing import TYPE_CHECKING, Final

from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ExitStatus

if TYPE_CHECKING:
    from daemon.process.process import Process

NOT_FORWARDED: Final = frozenset(
    {
        Signal.SIGKILL,
        Signal.SIGSTOP,
        Signal.SIGCHLD,
        Signal.SIGFPE,
        Signal.SIGILL,
        Signal.SIGSEGV,
        Signal.SIGBUS,
        Signal.SIGABRT,
        Signal.SIGTRAP,
        Signal.SIGSYS,
        Signal.SIGTTIN,
        Signal.SIGTTOU,
    }
)


async def main(process: "Process") -> int:
    """argv is `/sbin/docker-init -- COMMAND ...`; the exit code is the command's."""
    command = process.argv[2:]
    try:
        child = await process.spawn(command, pgid=0)
    except OSError as error:
        await process.err(f"[FATAL tini (7)] exec {command[0]} failed: {error.strerror}\n")
        return 126 if error.errno == errno.EACCES else 127
    if process.terminal is not None:
        process.terminal.foreground = child.pid
    forward(process, child.pid)
    while True:
        try:
            pid, status = await process.wait()
        except InterruptedError:
            continue
        if pid == child.pid and isinstance(status, ExitStatus):
            return status.shell_code


def forward(process: "Process", pid: int) -> None:
    """Pass every signal on that can be."""

    def pass_on(signum: int) -> None:
        if pid in process.children:
            process.kill(pid, signum)

    for signum in Signal:
        if signum not in NOT_FORWARDED:
            process.on_signal(signum, pass_on)
    for signum in (Signal.SIGTTIN, Signal.SIGTTOU):
        process.on_signal(signum, IGNORE)
