"""Children: waiting for the foreground, the table of jobs, and what is told about them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from daemon.process.signals import Signal
from daemon.process.status import ExitStatus, Stopped
from daemon.programs.common.signals import description
from daemon.programs.shell.control import Interrupted

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

_QUIET = (Signal.SIGINT, Signal.SIGPIPE)
REMEMBERED = 1024
"""How many ended children and jobs are kept for a later `wait`."""


@dataclass(slots=True)
class Job:
    """A pipeline in the background, or one that was stopped."""

    number: int
    pids: list[int]
    text: str
    pgid: int
    statuses: dict[int, ExitStatus] = field(default_factory=dict)
    stopped: int | None = None
    told: bool = False

    @property
    def done(self) -> bool:
        """Whether every process of the job has ended."""
        return len(self.statuses) == len(self.pids)

    @property
    def status(self) -> ExitStatus:
        """The status of the last process."""
        return self.statuses.get(self.pids[-1], ExitStatus())

    def state(self, *, long_stop: bool) -> str:
        """The word that `jobs` shows."""
        if self.done:
            status = self.status
            if status.signal is not None:
                text = description(status.signal)
                return text + (" (core dumped)" if status.core else "")
            return (
                f"Done({status.code})"
                if status.code and not long_stop
                else (f"Exit {status.code}" if status.code else "Done")
            )
        if self.stopped is not None:
            return "Stopped" if long_stop or self.stopped != Signal.SIGSTOP else "Stopped (signal)"
        return "Running"


class Jobs:
    """The children of one shell."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self.table: list[Job] = []
        self._of_pid: dict[int, Job] = {}
        self._inherited = False
        self.statuses: dict[int, ExitStatus] = {}
        self.order: list[int] = []
        """Job numbers, the current job last."""

    # ---- bookkeeping ------------------------------------------------------------------------------

    def add(self, pids: list[int], text: str) -> Job:
        """Remember a job; it becomes the current one."""
        if self._inherited:
            self.inherit([])
        if len(self.table) >= REMEMBERED:
            for old in [old for old in self.table if old.done]:
                self.forget(old)
        number = max((job.number for job in self.table), default=0) + 1
        job = Job(number, pids, text, pids[0])
        self.table.append(job)
        self._of_pid.update(dict.fromkeys(pids, job))
        self.order.append(number)
        return job

    def snapshot(self) -> "Jobs":
        """A copy to read from, for a subshell."""
        other = Jobs(self.shell)
        other.table = list(self.table)
        return other

    def inherit(self, table: list[Job]) -> None:
        """A subshell still knows its parent's jobs, until it has its own: `jobs | wc -l`, `$(jobs -p)`."""
        self.table = table
        self._inherited = bool(table)
        self.order = [job.number for job in table]

    def forget(self, job: Job) -> None:
        """Drop a job from the table."""
        if job in self.table:
            self.table.remove(job)
            for pid in job.pids:
                self._of_pid.pop(pid, None)
            self.order = [number for number in self.order if number != job.number]

    def mark(self, job: Job) -> str:
        """`+` for the current job, `-` for the one before it."""
        running = self.order
        if running and running[-1] == job.number:
            return "+"
        return "-" if len(running) > 1 and running[-2] == job.number else " "

    def make_current(self, job: Job) -> None:
        """Move a job to the place that `%%` names."""
        self.order = [number for number in self.order if number != job.number] + [job.number]

    def find(self, spec: str) -> Job | None:
        """The job that `%1`, `%%`, `%-`, `%name` or `%?text` names."""
        name = spec.removeprefix("%")
        if name in ("", "%", "+", "-"):
            back = 2 if name == "-" and len(self.order) > 1 else 1
            wanted = self.order[-back] if self.order else 0
            return next((job for job in self.table if job.number == wanted), None)
        if name.isdigit():
            return next((job for job in self.table if job.number == int(name)), None)
        if name[0] == "?":
            return next((job for job in self.table if name[1:] in job.text), None)
        return next((job for job in self.table if job.text.startswith(name)), None)

    def _record(self, pid: int, status: ExitStatus | Stopped) -> None:
        job = self._of_pid.get(pid)
        if isinstance(status, Stopped):
            if job is not None:
                job.stopped = status.signal
                self.make_current(job)
            return
        self.statuses[pid] = status
        while len(self.statuses) > REMEMBERED:
            del self.statuses[next(iter(self.statuses))]
        if job is not None:
            job.statuses[pid] = status

    async def reap(self) -> None:
        """Collect every child that has ended or stopped by now."""
        while self.shell.proc.children:
            try:
                pid, status = await self.shell.proc.wait(nohang=True, untraced=True)
            except (ChildProcessError, InterruptedError):
                return
            if not pid:
                return
            self._record(pid, status)

    # ---- waiting ----------------------------------------------------------------------------------

    async def wait_for(self, pids: Iterable[int], *, interruptible: bool = False) -> bool:
        """Wait until all of `pids` ended; False if a stop (job control) or a trapped signal came first."""
        waiting = [pid for pid in pids if pid not in self.statuses]
        control = "m" in self.shell.options
        while waiting:
            try:
                pid, status = await self.shell.proc.wait(untraced=control)
            except InterruptedError:
                if interruptible:
                    return False
                continue
            except ChildProcessError:
                return True
            self._record(pid, status)
            if isinstance(status, Stopped) and pid in waiting:
                return False
            waiting = [pid for pid in waiting if pid not in self.statuses]
        return True

    async def wait_any(self, pids: list[int]) -> bool:
        """Wait until one of `pids` ended; False if a trapped signal came first."""
        while not any(pid in self.statuses for pid in pids):
            try:
                pid, status = await self.shell.proc.wait()
            except InterruptedError:
                return False
            except ChildProcessError:
                return True
            self._record(pid, status)
        return True

    async def foreground(self, pids: list[int], text: str, job: Job | None = None) -> list[int]:
        """Wait for a pipeline with the terminal in its hands; the exit codes of its processes."""
        shell = self.shell
        control = "m" in shell.options and shell.proc.terminal is not None
        pgid = job.pgid if job else pids[0]
        if control:
            shell.proc.tcsetpgrp(pgid)
        finished = await self.wait_for(pids)
        if control:
            shell.proc.tcsetpgrp(shell.proc.pgid)
        if not finished:
            return await self._stopped(pids, text, job)
        if job is not None:
            self.forget(job)
        codes = [self.statuses.pop(pid, ExitStatus(127)) for pid in pids]
        await self.tell_death(pids[-1], codes[-1], text)
        return [status.shell_code for status in codes]

    async def _stopped(self, pids: list[int], text: str, job: Job | None) -> list[int]:
        job = job or self.add(pids, text)
        job.stopped = job.stopped or Signal.SIGTSTP
        self.make_current(job)
        await self.shell.say(("\n" if self.shell.flavour.bash else "") + self.line(job))
        return [128 + job.stopped] * len(pids)

    async def tell_death(self, pid: int, status: ExitStatus, text: str) -> None:
        """What a shell says about a foreground command that a signal killed."""
        shell = self.shell
        if status.signal is None:
            return
        if status.signal in _QUIET:
            if status.signal == Signal.SIGINT and shell.interactive:
                raise Interrupted
            return
        words = description(status.signal) + (" (core dumped)" if status.core else "")
        if shell.flavour.bash and not shell.interactive and status.signal != Signal.SIGTERM:
            await shell.complain(f"{pid:5d} {words:<23} {text}")
        else:
            await shell.say(f"{words}\n")

    # ---- telling ----------------------------------------------------------------------------------

    def line(self, job: Job, *, pids: bool = False) -> str:
        """One line of `jobs`."""
        bash = self.shell.flavour.bash
        state = job.state(long_stop=bash)
        mark = self.mark(job)
        shown = f"{job.pids[0]} " if pids else ""
        ampersand = " &" if bash and state == "Running" else ""
        if bash:
            gap = "" if pids else " "
            return f"[{job.number}]{mark} {gap}{shown}{state:<23} {job.text}{ampersand}\n"
        place = f"[{job.number}] {mark} "
        if self.shell.flavour.name == "ash":
            place = f"[{job.number}]{mark}  "
        return f"{place}{shown}{state:<26} {job.text}\n"

    async def notify(self) -> None:
        """Before a prompt: tell which background jobs changed."""
        await self.reap()
        for job in list(self.table):
            if job.done:
                if not job.told:
                    await self.shell.say(self.line(job))
                self.forget(job)
            elif job.stopped is not None and not job.told:
                job.told = True
