"""The part of a process that runs: its checkpoint, its sleep, its signals and its memory.

Every simulated system call passes `checkpoint`. With nothing pending it costs one comparison and one look at the
stopwatch, and does not switch tasks.
"""

import asyncio
import errno
from collections.abc import Awaitable
from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar, cast

from daemon.clock import stopwatch
from daemon.process.signals import (
    DEFAULT,
    DUMPS_CORE,
    IGNORE,
    IGNORED_BY_DEFAULT,
    STOPS,
    UNCATCHABLE,
    Action,
    Default,
    Ignore,
    Signal,
    is_valid,
)
from daemon.process.status import ExitStatus, ProcessKilled, os_error
from daemon.process.waiting import WaitQueue

if TYPE_CHECKING:
    from daemon.fs.filesystem import Filesystem
    from daemon.process.machine import Machine
    from daemon.process.process import Process

T = TypeVar("T")

SLICE: Final = 0.001
"""Seconds that a process may compute before others get their turn."""


class Task:
    """Scheduling, signals and accounting of one process."""

    def __init__(self, machine: "Machine", pid: int) -> None:
        self.machine = machine
        self.pid = pid
        self.is_init = pid == 1
        self.status: ExitStatus | None = None
        """How the process ended; None while it lives, set before its descriptors are closed."""
        self.exited = WaitQueue()
        self.stopped_by: int | None = None
        self.memory = 0
        self.cpu_seconds = 0.0
        self.actions: dict[int, Action] = {}
        self.task: asyncio.Task[None] | None = None
        self._restart: dict[int, bool] = {}
        self._pending: set[int] = set()
        self._fatal: ExitStatus | None = None
        self._attention = False
        self._running = False
        self._continued = WaitQueue()
        self._wakers: list[asyncio.Future[None]] = []
        self._slice = 0.0

    @property
    def fs(self) -> "Filesystem":
        """The container's filesystem, which is told for whom it works: /proc/self depends on it."""
        self.machine.current = cast("Process", self)
        return self.machine.fs

    # --- scheduling

    def begin(self) -> None:
        """The process's task runs from here on."""
        self._running = True
        self._slice = stopwatch()
        self._attention = self._attention or self.machine.frozen

    def end(self) -> None:
        """The program is over; nothing can wake or cancel it any more."""
        self._running = False
        self._account()

    @property
    def is_doomed(self) -> bool:
        """Whether it has been killed and has not unwound yet."""
        return self._fatal is not None and self.status is None

    @property
    def fate(self) -> ExitStatus | None:
        """How the process will end, if a signal has decided that already."""
        for signum in sorted(self._pending):
            if self._fatal is None and isinstance(self.actions.get(signum, DEFAULT), Default):
                self._pending.discard(signum)
                self._default_action(signum)
        return self._fatal

    @property
    def pending(self) -> frozenset[int]:
        """Signals that were sent and not yet delivered."""
        return frozenset(self._pending)

    @property
    def ignores_children(self) -> bool:
        """Whether children that end leave no zombie behind."""
        return isinstance(self.actions.get(Signal.SIGCHLD, DEFAULT), Ignore)

    @property
    def state(self) -> str:
        """The letter that ps shows."""
        if self.status is not None:
            return "Z"
        if self.stopped_by is not None:
            return "T"
        return "S" if self._wakers and not any(w.done() for w in self._wakers) else "R"

    async def checkpoint(self) -> None:
        """Handle pending signals, wait while paused, and yield when the time slice is used up."""
        if self._attention or stopwatch() - self._slice > SLICE:
            await self._pay_attention()

    async def _pay_attention(self) -> bool:
        """Do what is pending; True if a handler ran that interrupts system calls."""
        interrupted = False
        while True:
            if self._fatal is not None:
                raise ProcessKilled
            if self.machine.frozen:
                await self._sleep_on(self.machine.thawed)
            elif self.stopped_by is not None:
                await self._sleep_on(self._continued)
            elif self._pending:
                interrupted |= self._deliver(min(self._pending))
            elif stopwatch() - self._slice > SLICE:
                await self._take_turns()
            else:
                self._attention = False
                return interrupted

    async def _take_turns(self) -> None:
        waiter = self.machine.loop.create_future()
        self.machine.fair_share.enqueue(waiter)
        await self._suspend(waiter)

    async def _sleep_on(self, queue: WaitQueue) -> None:
        waiter = self.machine.loop.create_future()
        queue.add(waiter)
        try:
            await self._suspend(waiter)
        finally:
            queue.discard(waiter)

    async def _suspend(self, waiter: asyncio.Future[None]) -> None:
        self._wakers.append(waiter)
        self._account()
        try:
            await waiter
        finally:
            self._wakers.remove(waiter)
            self._slice = stopwatch()

    def _account(self) -> None:
        used = stopwatch() - self._slice
        self.cpu_seconds += used
        self.machine.counters.cpu_seconds += used

    async def wait_on(self, *queues: WaitQueue, deadline: float | None = None) -> bool:
        """Sleep until one of the queues is woken, the deadline passes or a signal arrives.

        True if a handler ran that interrupts system calls. The caller looks for itself what has changed.
        """
        if self._attention:
            return await self._pay_attention()
        waiter = self.machine.loop.create_future()
        for queue in queues:
            queue.add(waiter)
        cancel = None
        if deadline is not None:
            cancel = self.machine.clock.call_at(deadline, partial(_wake, waiter))
        try:
            await self._suspend(waiter)
        finally:
            for queue in queues:
                queue.discard(waiter)
            if cancel is not None:
                cancel()
        return await self._pay_attention() if self._attention else False

    async def sleep(self, seconds: float) -> None:
        """nanosleep(2): InterruptedError when a signal handler ran."""
        await self.checkpoint()
        deadline = self.machine.clock.monotonic() + seconds
        before = self._handled
        while self.machine.clock.monotonic() < deadline:
            await self.wait_on(deadline=deadline)
            if self._handled != before:
                raise os_error(errno.EINTR)

    async def pause(self) -> None:
        """pause(2): return once a signal handler ran."""
        before = self._handled
        await self.checkpoint()
        while self._handled == before:
            await self.wait_on()

    async def block(self, awaitable: Awaitable[T]) -> T:
        """Wait for something that is not of this kernel. A signal with a handler raises InterruptedError."""
        await self.checkpoint()
        done = WaitQueue()
        inner = self.machine.adopt(awaitable)
        inner.add_done_callback(lambda _: done.wake())
        before = self._handled
        try:
            while not inner.done():
                await self.wait_on(done)
                if self._handled != before and not inner.done():
                    raise os_error(errno.EINTR)
            return inner.result()
        finally:
            if not inner.done():
                inner.cancel()

    # --- signals

    _handled = 0
    """How many handlers have run."""

    def on_signal(self, signum: int, action: Action, *, restart: bool = True) -> Action:
        """Set what `signum` does and return what it did; `restart=False` lets it interrupt read, write and accept.

        wait, sleep and pause are interrupted by every handler.
        """
        if not is_valid(signum) or (signum in UNCATCHABLE and action is not DEFAULT):
            raise os_error(errno.EINVAL)
        previous = self.actions.get(signum, DEFAULT)
        self.actions[signum] = action
        self._restart[signum] = restart
        if self._is_dropped(signum):
            self._pending.discard(signum)
        return previous

    def post(self, signum: int, *, outside: bool = False) -> None:
        """Generate a signal; `outside` for one that comes from the host, which even PID 1 cannot refuse."""
        if (
            self.status is not None
            or self._fatal is not None
            or self._init_refuses(signum, outside)
        ):
            return
        if signum == Signal.SIGKILL:
            self.doom(ExitStatus(signal=signum))
            return
        if signum == Signal.SIGCONT:
            self._pending -= STOPS
            self._continue()
        elif signum in STOPS:
            self._pending.discard(Signal.SIGCONT)
        if not self._is_dropped(signum):
            self._pending.add(signum)
            self.call_attention(unblock=isinstance(self.actions.get(signum, DEFAULT), Default))

    def doom(self, status: ExitStatus) -> None:
        """Decide how the process ends; it unwinds at its next system call."""
        if self._fatal is None and self.status is None:
            self._fatal = status
            self.call_attention(unblock=True)

    def call_attention(self, *, unblock: bool = False) -> None:
        """Make the process look at what is pending, now if it sleeps.

        With `unblock`, one that awaits something foreign (not through `block`) is cancelled: nothing else wakes it.
        """
        self._attention = True
        for waker in self._wakers:
            _wake(waker)
        stuck = unblock and self._running and not self._wakers
        if stuck and self.task is not None and self.task is not _current_task(self.machine.loop):
            self.task.cancel()

    def _init_refuses(self, signum: int, outside: bool) -> bool:
        if not self.is_init or (outside and signum in UNCATCHABLE):
            return False
        return isinstance(self.actions.get(signum, DEFAULT), Default) and signum != Signal.SIGCONT

    def _is_dropped(self, signum: int) -> bool:
        action = self.actions.get(signum, DEFAULT)
        if isinstance(action, Default):
            return signum in IGNORED_BY_DEFAULT
        return isinstance(action, Ignore)

    def _continue(self) -> None:
        if self.stopped_by is not None:
            self.stopped_by = None
            self._continued.wake()

    def _deliver(self, signum: int) -> bool:
        self._pending.discard(signum)
        action = self.actions.get(signum, DEFAULT)
        if isinstance(action, Ignore):
            return False
        if isinstance(action, Default):
            self._default_action(signum)
            return False
        self._handled += 1
        action(signum)
        return not self._restart.get(signum, True)

    def _default_action(self, signum: int) -> None:
        if signum in STOPS:
            self.stop(signum)
        elif signum not in IGNORED_BY_DEFAULT:
            self._fatal = ExitStatus(signal=signum, core=signum in DUMPS_CORE)

    def stop(self, signum: int) -> None:
        """Enter the stopped state and tell the parent; an orphaned group ignores the terminal's stops."""
        process = cast("Process", self)
        if signum != Signal.SIGSTOP and self.machine.is_orphaned_group(process.pgid):
            return
        self.stopped_by = signum
        self.machine.report_stop(process)

    # --- memory

    def charge(self, nbytes: int) -> None:
        """Account for memory that the program holds; over the limit the process may not survive the call."""
        self.machine.memory.charge(nbytes, cast("Process", self))
        if self._fatal is not None:
            raise ProcessKilled

    def overflow(self) -> NoReturn:
        """The program's stack is full: SIGSEGV, which ends PID 1 as well."""
        self.doom(ExitStatus(signal=Signal.SIGSEGV))
        raise ProcessKilled

    def uncharge(self, nbytes: int) -> None:
        """Give memory back; no more than is left, for a generator may be closed after its process has ended."""
        self.machine.memory.charge(-min(nbytes, self.memory), cast("Process", self))


def inherited(actions: dict[int, Action]) -> dict[int, Action]:
    """Dispositions after fork or exec: what is ignored stays ignored, handlers are gone."""
    return {signum: IGNORE for signum, action in actions.items() if isinstance(action, Ignore)}


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _current_task(loop: asyncio.AbstractEventLoop) -> asyncio.Task[object] | None:
    try:
        return asyncio.current_task(loop)
    except RuntimeError:
        return None
