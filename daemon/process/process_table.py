"""Who is related to whom: the process table of a container, its groups, sessions, orphans and zombies."""

import errno
from typing import TYPE_CHECKING, cast

from daemon.process.accounts import Limits, check_pids
from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ExitStatus, os_error
from daemon.process.waiting import WaitQueue

if TYPE_CHECKING:
    from daemon.process.machine import Machine


class PidNamespace:
    """Who has which pid, zombies included; containers that share one see and signal each other's processes."""

    def __init__(self, last_pid: int = 0) -> None:
        self.processes: dict[int, Process] = {}
        self.last_pid = last_pid


class ProcessTable:
    """The processes that one container can see, and which of them are its own."""

    def __init__(self, limits: Limits, pids: PidNamespace | None = None) -> None:
        self.limits = limits
        self.joins_pids = pids is not None
        """Does another container's PID 1 rule here?"""
        self.pids = pids or PidNamespace()
        self.processes = self.pids.processes
        self.own_processes: dict[int, Process] = {}
        """Those of this container alone: what its limits, its pause and its end are about."""
        self.pids_peak = 0
        self.frozen = False
        self.thawed = WaitQueue()

    def new_process(self) -> Process:
        """A process that does not run yet; EAGAIN at the pids limit."""
        check_pids(self.limits, len(self.own_processes))
        self.pids.last_pid += 1
        process = Process(cast("Machine", self), self.pids.last_pid)
        self.processes[process.pid] = self.own_processes[process.pid] = process
        self.pids_peak = max(self.pids_peak, len(self.own_processes))
        return process

    def forget(self, process: Process) -> None:
        """Free the pid of a process, whichever container of this namespace it is of."""
        self.processes.pop(process.pid, None)
        process.machine.own_processes.pop(process.pid, None)

    # --- families

    def hang_up(self, process: Process) -> None:
        """The leader of a session gives up the terminal: the foreground group is told."""
        terminal = process.terminal
        if terminal is not None and terminal.session == process.pid:
            self.signal_group(terminal.foreground, Signal.SIGHUP)
            self.signal_group(terminal.foreground, Signal.SIGCONT)
            terminal.session = 0

    def leave_family(self, process: Process) -> None:
        parent = self.processes.get(process.ppid)
        self._give_away_children(process)
        if parent is None or parent.status is not None or parent.ignores_children:
            self.reap(process)
        if parent is not None:
            parent.post(Signal.SIGCHLD)
            parent.child_changed.wake()

    def _give_away_children(self, process: Process) -> None:
        heir = self.processes.get(1)
        if heir is process or (heir is not None and heir.status is not None):
            heir = None
        for child in list(process.children.values()):
            child.ppid = 0 if heir is None else heir.pid
            if child.status is not None and (heir is None or heir.ignores_children):
                self.forget(child)
            elif heir is not None:
                heir.children[child.pid] = child
                heir.child_changed.wake()
            self._wake_orphaned_group(child)
        process.children.clear()

    def _wake_orphaned_group(self, child: Process) -> None:
        group = [p for p in self.processes.values() if p.pgid == child.pgid]
        if any(p.stopped_by is not None for p in group) and self.is_orphaned_group(child.pgid):
            self.signal_group(child.pgid, Signal.SIGHUP)
            self.signal_group(child.pgid, Signal.SIGCONT)

    def reap(self, process: Process) -> None:
        """Forget a process that ended."""
        self.forget(process)
        parent = self.processes.get(process.ppid)
        if parent is not None:
            parent.children.pop(process.pid, None)

    def report_stop(self, process: Process) -> None:
        process.stop_reported = False
        parent = self.processes.get(process.ppid)
        if parent is not None:
            parent.post(Signal.SIGCHLD)
            parent.child_changed.wake()

    # --- signals and groups

    def signal(self, pid: int, signum: int) -> None:
        """A signal from the host: PID 1 cannot refuse SIGKILL and SIGSTOP from here. ProcessLookupError if gone."""
        process = self.processes.get(pid)
        if process is None or process.status is not None:
            raise os_error(errno.ESRCH)
        if signum:
            process.post(signum, outside=True)

    def signal_group(self, pgid: int, signum: int) -> None:
        """A signal of the kernel's own to every process of a group."""
        for process in list(self.processes.values()):
            if process.pgid == pgid:
                process.post(signum)

    def is_orphaned_group(self, pgid: int) -> bool:
        """Whether no member has a parent in another group of the same session: nobody could continue it."""
        for process in self.processes.values():
            if process.pgid == pgid and process.status is None:
                parent = self.processes.get(process.ppid)
                if parent is not None and parent.sid == process.sid and parent.pgid != pgid:
                    return False
        return True

    def kill_all(self) -> None:
        """SIGKILL to everybody."""
        for process in list(self.own_processes.values()):
            process.doom(ExitStatus(signal=Signal.SIGKILL))

    def pause(self) -> None:
        """Freeze: no process gets past its next system call, except to die."""
        self.frozen = True
        for process in list(self.own_processes.values()):
            process.call_attention()

    def resume(self) -> None:
        self.frozen = False
        self.thawed.wake()
