"""The system calls on processes: fork, spawn, exec, wait, kill, groups and sessions."""

import errno
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NoReturn, cast

from daemon.process.execfile import INIT_PROGRAM, Executable, resolve
from daemon.process.path_calls import PathCalls
from daemon.process.signals import is_valid
from daemon.process.status import ExitStatus, Program, Replaced, Stopped, os_error
from daemon.process.task import inherited
from daemon.process.waiting import WaitQueue

if TYPE_CHECKING:
    from daemon.process.machine import Machine
    from daemon.process.process import Process

COMM_LENGTH: Final = 15


class ProcessCalls(PathCalls):
    """Identity, family and environment of a process."""

    def __init__(self, machine: "Machine", pid: int) -> None:
        super().__init__(machine, pid)
        self.ppid = 0
        self.pgid = pid
        self.sid = pid
        self.argv: list[str] = []
        self.env: dict[str, str] = {}
        self.program = ""
        self.name = ""
        self.exe = ""
        self.is_main = False
        self.oom_score_adj = 0
        self.started_at = machine.clock.monotonic()
        self.children: dict[int, Process] = {}
        self.child_changed = WaitQueue()
        self.stop_reported = False

    def become(self, executable: Executable) -> None:
        """Take over what execve(2) gives to a process."""
        self.argv = executable.argv
        self.program = executable.program
        self.exe = executable.exe
        self.name = os.path.basename(executable.path)[:COMM_LENGTH]

    def _child(self, pgid: int | None) -> "Process":
        child = self.machine.new_process()
        child.ppid, child.sid, child.terminal = self.pid, self.sid, self.terminal
        child.pgid = self.pgid if pgid is None else (pgid or child.pid)
        child.argv, child.program, child.exe = self.argv, self.program, self.exe
        child.name, child.env = self.name, self.env
        child.cwd, child.umask, child.cred = self.cwd, self.umask, self.cred
        child.actions = inherited(self.actions)
        self.children[child.pid] = child
        return child

    def _give_descriptors(self, child: "Process", fds: Mapping[int, int] | None) -> None:
        if fds is None:
            fds = {fd: fd for fd in (0, 1, 2) if fd in self.fds}
        child.fds = {new: self.description(old).retain() for new, old in fds.items()}

    def fork(
        self, main: Program, *, fds: Mapping[int, int] | None = None, pgid: int | None = None
    ) -> "Process":
        """A child that runs `main` with a copy of everything; its handlers are reset, as a subshell's traps are.

        `fds` maps the child's descriptors to mine (default: all of them); pgid 0 makes a group of its own.
        """
        fds = {fd: fd for fd in self.fds} if fds is None else fds
        for fd in fds.values():
            self.description(fd)
        child = self._child(pgid)
        child.env = dict(self.env)
        child.cloexec = self.cloexec & fds.keys()
        self._give_descriptors(child, fds)
        self.machine.run(child, main)
        return child

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        fds: Mapping[int, int] | None = None,
        pgid: int | None = None,
        path: str | None = None,
    ) -> "Process":
        """fork and exec in one: OSError (ENOENT, EACCES, ENOEXEC, EAGAIN) if it cannot, and then no child exists.

        Without a slash argv[0] is looked up in my PATH; `path` names the file instead. `fds` maps the child's
        descriptors to mine (default: 0, 1 and 2).
        """
        await self.checkpoint()
        for_init = self.program == INIT_PROGRAM
        executable = resolve(cast("Process", self), list(argv), path=path, cwd=cwd, main=for_init)
        for fd in (fds or {}).values():
            self.description(fd)
        child = self._child(pgid)
        child.become(executable)
        child.is_main = for_init
        child.env = dict(self.env if env is None else env)
        if cwd is not None:
            child.cwd = self.realpath(cwd)
        self._give_descriptors(child, fds)
        self.machine.run(child, executable.main)
        return child

    async def exec(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, path: str | None = None
    ) -> NoReturn:
        """Replace the program of this process; OSError if that is impossible."""
        await self.checkpoint()
        executable = resolve(cast("Process", self), list(argv), path=path, main=self.is_main)
        self.become(executable)
        if env is not None:
            self.env = dict(env)
        for fd in sorted(self.cloexec & self.fds.keys()):
            self.close(fd)
        self.actions = inherited(self.actions)
        raise Replaced(executable.main)

    async def wait(
        self, pid: int = -1, *, nohang: bool = False, untraced: bool = False
    ) -> tuple[int, ExitStatus | Stopped]:
        """A child that ended (or stopped, with `untraced`), once each; (0, ExitStatus()) if `nohang` and none did.

        pid: > 0 that child, -1 any, 0 my group, < -1 that group. ChildProcessError without such a child;
        InterruptedError when a signal handler ran.
        """
        await self.checkpoint()
        before = self._handled
        while True:
            children = [child for child in self.children.values() if self._waits_for(child, pid)]
            for child in children:
                if (change := self._collect(child, untraced)) is not None:
                    return child.pid, change
            if not children:
                raise os_error(errno.ECHILD)
            if nohang:
                return 0, ExitStatus()
            if self._handled != before:
                raise os_error(errno.EINTR)
            await self.wait_on(self.child_changed)

    def _waits_for(self, child: "Process", pid: int) -> bool:
        if pid > 0:
            return child.pid == pid
        return pid == -1 or child.pgid == (-pid or self.pgid)

    def _collect(self, child: "Process", untraced: bool) -> ExitStatus | Stopped | None:
        if child.status is not None:
            self.machine.reap(child)
            return child.status
        if untraced and child.stopped_by is not None and not child.stop_reported:
            child.stop_reported = True
            return Stopped(child.stopped_by)
        return None

    def kill(self, pid: int, signum: int) -> None:
        """kill(2): pid < -1 a group, 0 my group, -1 everyone but PID 1 and me; signal 0 only asks.

        ProcessLookupError when there is nobody, PermissionError when I may signal none of them.
        """
        if signum != 0 and not is_valid(signum):
            raise os_error(errno.EINVAL)
        targets = self._targets(pid)
        if not targets:
            raise os_error(errno.ESRCH)
        allowed = [target for target in targets if self._may_signal(target)]
        if not allowed:
            raise os_error(errno.EPERM)
        if signum:
            for target in allowed:
                target.post(signum)

    def _targets(self, pid: int) -> "list[Process]":
        processes = self.machine.processes
        if pid > 0:
            return [processes[pid]] if pid in processes else []
        if pid == -1:
            return [p for p in processes.values() if p.pid not in (1, self.pid)]
        group = -pid or self.pgid
        return [p for p in processes.values() if p.pgid == group]

    def _may_signal(self, target: "Process") -> bool:
        return self.cred.uid in (0, target.cred.uid)

    def setpgid(self, pid: int = 0, pgid: int = 0) -> None:
        """Move me or a child into a group of the same session; 0 means me, and a group named after the process."""
        process = self.machine.processes.get(pid or self.pid)
        if process is None or process.pid not in (self.pid, *self.children):
            raise os_error(errno.ESRCH)
        group = pgid or process.pid
        in_session = {p.pgid for p in self.machine.processes.values() if p.sid == self.sid}
        if process.sid != self.sid or process.pid == process.sid:
            raise os_error(errno.EPERM)
        if group != process.pid and group not in in_session:
            raise os_error(errno.EPERM)
        process.pgid = group

    def setsid(self) -> int:
        """Lead a new session without a terminal; refused to the leader of a group."""
        if any(p.pgid == self.pid for p in self.machine.processes.values()):
            raise os_error(errno.EPERM)
        self.sid = self.pgid = self.pid
        self.terminal = None
        return self.sid
