"""Machine: the simulated kernel of one container.

It owns every process and every task of the container and closes them; nothing outlives `close`.
"""

import asyncio
import errno
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from daemon.clock import Clock
from daemon.fs.nodes import Credentials, Stat
from daemon.ids import Ids
from daemon.process import init_shim
from daemon.process.accounts import PROCESS_BASE, Counters, Limits, Memory
from daemon.process.capabilities import DEFAULT_MASK
from daemon.process.execfile import INIT_PROGRAM, resolve_first
from daemon.process.host_facts import HostFacts
from daemon.process.net import NetNamespace
from daemon.process.process import Process
from daemon.process.process_table import PidNamespace, ProcessTable
from daemon.process.signals import Signal
from daemon.process.socket_calls import UnixDoor
from daemon.process.sockets import Connection, Listener
from daemon.process.status import (
    ExecError,
    ExitStatus,
    ProcessExit,
    ProcessKilled,
    Program,
    Replaced,
    os_error,
)
from daemon.process.stdio import Pipe, Stdio
from daemon.process.tty import Terminal
from daemon.process.waiting import FairShare

if TYPE_CHECKING:
    from daemon.fs.filesystem import Filesystem

T = TypeVar("T")
log = logging.getLogger(__name__)

INIT_PATH: Final = "/sbin/docker-init"
RUNC_THREADS: Final = 5
"""runc's init takes these pids after its own before it becomes the process: a first child is 7, execs are 7, 13, 19."""

OnExit = Callable[[ExitStatus], None]
Scripted = Callable[[str, list[str], bool], Program | None]
"""What is to run instead of the program at a path, by its argv and whether it is the main process; ExecError if
it is not to start."""


class ProgramTable(Protocol):
    """Finds the code for a program string; daemon.programs is one."""

    def lookup(self, program: str) -> Program | None: ...


class Machine(ProcessTable):
    """Processes, signals, memory and devices of one container; the filesystem and the network are given."""

    def __init__(
        self,
        *,
        fs: "Filesystem",
        programs: ProgramTable,
        clock: Clock,
        ids: Ids,
        net: NetNamespace | None = None,
        limits: Limits | None = None,
        hostname: str = "",
        domainname: str = "",
        fair_share: FairShare | None = None,
        host: HostFacts = HostFacts(),  # noqa: B008  immutable
        pids: PidNamespace | None = None,
    ) -> None:
        super().__init__(limits or Limits(), pids)
        self.fs = fs
        self.programs = programs
        self.clock = clock
        self.ids = ids
        self.loop = asyncio.get_running_loop()
        self.net = net or NetNamespace(clock=clock)
        self.counters = Counters()
        self.memory = Memory(self.limits, on_over_limit=self._out_of_memory)
        self.hostname = hostname
        self.domainname = domainname
        self.fair_share = fair_share or FairShare()
        self.host = host
        self.sysctls: dict[str, str] = {}
        self.terminals: dict[int, Terminal] = {}
        self.image_argv: list[str] = []
        self.on_unsimulated: Callable[[str], None] = lambda _path: None
        self.scripted: Scripted = lambda _path, _argv, _main: None
        self.unix_listeners: dict[tuple[int, int], Listener] = {}
        self._exit_hooks: dict[int, OnExit] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._fifos: dict[tuple[int, int], Pipe] = {}

    _main: Process | None = None
    console: Terminal | None = None
    current: Process | None = None
    """The process whose file call is under way: who /proc/self is."""
    capabilities = DEFAULT_MASK
    cgroup_path = "/"
    exposes_port = False
    stop_signal: int = Signal.SIGTERM
    on_oom: Callable[[], None] | None = None
    unix_door: UnixDoor | None = None
    """Opens a connection to a socket file that none of our processes listens on (the engine's own)."""
    backend: Callable[[str], Awaitable[Connection]] | None = None
    """Opens a connection to what the engine runs for a program, by the program's name: `registry`."""

    # --- starting

    async def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str = "/",
        cred: Credentials = Credentials(),  # noqa: B008  an immutable tuple
        stdio: Stdio,
        terminal: Terminal | None = None,
        as_init: bool = True,
        init_shim: bool = False,
        on_exit: OnExit | None = None,
    ) -> Process:
        """Start the container's main process, or (not `as_init`) one beside it, as `docker exec` does.

        `on_exit` is called once the process has ended and before its descriptors are closed. ExecError if the
        process cannot be started.
        """
        process = self._first_process(as_init)
        process.env, process.cwd, process.cred = dict(env), cwd or "/", cred
        process.fds = stdio.table()
        self._give_terminal(process, terminal)
        try:
            main = self._first_program(process, list(argv), init_shim)
        except ExecError:
            self.forget(process)
            process.close_all()
            raise
        if on_exit is not None:
            self._exit_hooks[process.pid] = on_exit
        self.run(process, main)
        return process

    def _first_process(self, as_init: bool) -> Process:
        if as_init and not self.joins_pids:
            self.pids.last_pid = 0
        elif not as_init and not self.own_processes:
            raise os_error(errno.ESRCH)
        process = self.new_process()
        self.pids.last_pid += RUNC_THREADS
        process.is_main = as_init
        if as_init:
            self._main = process
        return process

    def _first_program(self, process: Process, argv: list[str], shim: bool) -> Program:
        if not shim:
            executable = resolve_first(process, argv)
            process.become(executable)
            return executable.main
        process.argv = [INIT_PATH, "--", *argv]
        process.program, process.exe = INIT_PROGRAM, INIT_PATH
        process.name = os.path.basename(INIT_PATH)
        return init_shim.main

    def _give_terminal(self, process: Process, terminal: Terminal | None) -> None:
        if terminal is None:
            return
        self.add_terminal(terminal)
        process.terminal = terminal
        terminal.session = process.sid
        terminal.foreground = process.pgid
        if process.is_main:
            self.console = terminal

    def add_terminal(self, terminal: Terminal) -> None:
        """Give a terminal its number under /dev/pts and let it signal this machine's groups."""
        if terminal.number is None:
            terminal.number = next(
                n for n in range(len(self.terminals) + 1) if n not in self.terminals
            )
        self.terminals[terminal.number] = terminal
        terminal.signal_group = self.signal_group
        terminal.forget = partial(self.terminals.pop, terminal.number, None)

    def new_terminal(self) -> Terminal:
        terminal = Terminal()
        self.add_terminal(terminal)
        return terminal

    def run(self, process: Process, main: Program) -> None:
        """Let a new process begin at the next iteration of the event loop."""
        self.counters.processes_started += 1
        self.memory.charge(PROCESS_BASE, process)
        process.task = self._own(self.loop.create_task(self._life(process, main)))

    async def _life(self, process: Process, main: Program) -> None:
        process.begin()
        try:
            status = await self._run_program(process, main)
        finally:
            process.end()
        await self._ended(process, status)

    async def _run_program(self, process: Process, main: Program) -> ExitStatus:
        program: Program | None = main
        try:
            while program is not None:
                try:
                    await process.checkpoint()
                    return ExitStatus(int(await program(process)) & 0xFF)
                except Replaced as replaced:
                    program = replaced.program
                    self.memory.charge(PROCESS_BASE - process.memory, process)
        except ProcessExit as leaving:
            return process.fate or ExitStatus(leaving.code & 0xFF)
        except (ProcessKilled, asyncio.CancelledError):
            return process.fate or ExitStatus(signal=Signal.SIGKILL)
        except BaseExceptionGroup as errors:
            return process.fate or _group_status(process, errors)
        except Exception as error:
            return process.fate or _crash(process, error)
        raise AssertionError("a program returns or raises")

    # --- ending

    async def _ended(self, process: Process, status: ExitStatus) -> None:
        if process.is_init:
            await self._end_all_but(process, self.processes.values)
        elif process is self._main:
            # Of a container without a PID 1 of its own nobody outlives the main process: containerd sees to it.
            await self._end_all_but(process, self.own_processes.values)
        process.status = status
        if (hook := self._exit_hooks.pop(process.pid, None)) is not None:
            hook(status)
        process.close_all()
        self.memory.charge(-process.memory, process)
        self.hang_up(process)
        self.leave_family(process)
        process.exited.wake()

    @staticmethod
    async def _end_all_but(last: Process, everybody: Callable[[], Iterable[Process]]) -> None:
        while others := [p for p in everybody() if p is not last and p.status is None]:
            for process in others:
                process.doom(ExitStatus(signal=Signal.SIGKILL))
            await others[0].exited.wait()

    # --- waiting and closing

    async def wait(self, process: Process) -> ExitStatus:
        """How `process` ended, once it has."""
        while process.status is None:
            await process.exited.wait()
        return process.status

    def adopt(self, awaitable: Awaitable[T]) -> "asyncio.Future[T]":
        """Run a foreign awaitable as a task of this machine."""
        if isinstance(awaitable, asyncio.Future):
            return awaitable
        return self._own(self.loop.create_task(_as_coroutine(awaitable)))

    def _own(self, task: "asyncio.Task[T]") -> "asyncio.Task[T]":
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Kill what still runs and wait until every task is gone."""
        self.resume()
        self.kill_all()
        while self._tasks:
            _done, pending = await asyncio.wait(self._tasks, timeout=1)
            for task in pending:
                task.cancel()

    # --- objects that processes share

    def fifo(self, stat: Stat) -> Pipe:
        """The pipe behind a FIFO's inode, the same for everyone who opens it."""
        key = (stat.dev, stat.ino)
        pipe = self._fifos.get(key)
        if pipe is None or not (pipe.readers or pipe.writers or pipe.readable or pipe.writable):
            pipe = self._fifos[key] = Pipe(charge=self.memory.charge_kernel, held=False)
        return pipe

    def _out_of_memory(self, culprit: Process | None) -> None:
        living = [p for p in self.own_processes.values() if p.status is None]
        if self.limits.oom_kill_disable or not living or any(p.is_doomed for p in living):
            return
        self.kill_for_memory(max(living, key=lambda p: p.memory))

    def kill_for_memory(self, victim: Process) -> None:
        """The kernel's verdict on a process of a group that is over its limit."""
        self.counters.oom_kills += 1
        if self.on_oom is not None:
            self.on_oom()
        victim.doom(ExitStatus(signal=Signal.SIGKILL))


def _group_status(process: Process, errors: BaseExceptionGroup) -> ExitStatus:
    """One of a process's tasks may end it as a whole."""
    leaving = errors.subgroup(ProcessExit)
    while isinstance(leaving, BaseExceptionGroup):
        first = leaving.exceptions[0]
        if isinstance(first, ProcessExit):
            return ExitStatus(first.code & 0xFF)
        leaving = first if isinstance(first, BaseExceptionGroup) else None
    return _crash(process, errors)


def _crash(process: Process, error: BaseException) -> ExitStatus:
    """A program that did not handle an error ends with a message and 1, as most do; a bug of ours is logged."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        log.error("program %s of pid %d failed", process.program, process.pid, exc_info=error)
        text = f"internal error: {error!r}"
    with suppress(OSError):
        process.description(2).try_write(f"{process.name}: {text}\n".encode())
    return ExitStatus(1)


async def _as_coroutine(awaitable: Awaitable[T]) -> T:
    return await awaitable
