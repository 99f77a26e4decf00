"""Who looks after running containers: starts, signals, exits, restarts, health, and everybody who waits.

A client's stop or kill only signals. The process's exit alone moves the state, in one synchronous function: exit
code and time first, then addresses and ports are given back, then the events go out and the waiters are told, and
only after that do the streams end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from daemon.clock import NANOSECONDS, Clock
from daemon.engine.container import Container, Live, Waiter
from daemon.engine.container_state import State, Trigger
from daemon.engine.health import HealthMonitor, Probe
from daemon.engine.restart_policy import next_delay
from daemon.engine.signals import is_supported, parse_signal
from daemon.errors import DockerError
from daemon.events import Events
from daemon.process.signals import Signal
from daemon.process.status import ExitStatus
from daemon.tasks import Tasks

log = logging.getLogger(__name__)

DEFAULT_STOP_SECONDS = 10
KILL_SECONDS = 10.0
UNSENT_SECONDS = 2.0
"""How long dockerd waits before it kills if the stop signal could not be sent."""
UNKNOWN_FAILURE = 128
"""The exit code of a start that failed before there was a process, unless an earlier run has left one."""
SHORTEST_START = 0.01
"""Seconds. An engine takes far longer, and clients count on it: docker compose up attaches, and asks for events at the
moment at which it starts a container. It waits for ever for the end of one that had ended before.
"""
NOT_RUNNING, NEXT_EXIT, REMOVED = "not-running", "next-exit", "removed"
WAIT_CONDITIONS = frozenset({"", NOT_RUNNING, NEXT_EXIT, REMOVED})


class StartFailure(Exception):
    """A container could not be started: what the client reads, and the exit code that inspect shows."""

    def __init__(self, answer: DockerError, exit_code: int) -> None:
        super().__init__(str(answer))
        self.answer = answer
        self.exit_code = exit_code


class Launcher(Protocol):
    """Builds a container's machine and starts its main process; StartFailure if that is impossible."""

    async def launch(self, container: Container, on_exit: Callable[[ExitStatus], None]) -> Live: ...


class Supervisor:
    """`auto_remove` is called for a container that is to go with its process; it is set by containers."""

    def __init__(self, launcher: Launcher, events: Events, clock: Clock) -> None:
        self._launcher = launcher
        self._events = events
        self._clock = clock
        self._tasks = Tasks("supervisor")
        self._closing = False
        self.auto_remove: Callable[[Container], Awaitable[None]] | None = None
        self.probe: Probe | None = None
        self.on_exit: list[Callable[[Container], None]] = []
        """Called when a main process has ended, after its exit code is known."""

    def emit(self, container: Container, action: str, **attributes: str) -> None:
        """An event of a container; its labels, image and name are in every one."""
        self._events.emit(
            "container", action, container.id, {**container.event_attributes(), **attributes}
        )

    # --- starting

    async def start(self, container: Container, name: str | None = None) -> None:
        """Start a container that a client asked for; a second start waits for the first and is refused then."""
        if container.start_lock is None:
            container.start_lock = asyncio.Lock()
        async with container.start_lock:
            container.check(Trigger.START, name)
            container.restart_delay = 0.0
            container.restart_cancelled = False
            container.manually_stopped = False
            container.restart_count = 0
            if container.streams is not None and container.streams.is_watched:
                await self._clock.sleep(SHORTEST_START)
            try:
                await self._launch(container, Trigger.START)
            except StartFailure as failure:
                self._note_failure(container, failure)
                if container.host_config.auto_remove:
                    await self._remove_automatically(container)
                raise failure.answer from None

    async def _launch(self, container: Container, trigger: Trigger) -> None:
        exited = partial(self._exited, container)
        live = await self._launcher.launch(container, exited)
        container.live = live
        container.exit_code = 0
        container.error = ""
        container.oom_killed = False
        container.started_at = self._clock.now()
        live.machine.on_oom = partial(self._out_of_memory, container)
        container.advance(trigger)
        self._watch_health(container)
        self.emit(container, "start")

    def _note_failure(self, container: Container, failure: StartFailure) -> None:
        if failure.exit_code != UNKNOWN_FAILURE or not container.exit_code:
            container.exit_code = failure.exit_code
        container.error = str(failure)
        container.touch()
        if container.streams is not None:
            container.streams.end()

    # --- the exit of a main process

    def _exited(self, container: Container, status: ExitStatus) -> None:
        live, container.live = container.live, None
        assert live is not None
        container.exit_code = status.shell_code
        container.finished_at = self._clock.now()
        container.exits += 1
        seconds = (container.finished_at - (container.started_at or 0)) // NANOSECONDS
        self._end_health(container)
        live.release()
        for tell in self.on_exit:
            tell(container)
        delay = self._settle(container, seconds)
        self._announce_exit(container, seconds)
        self._tell_waiters(container, NOT_RUNNING, NEXT_EXIT)
        goes = not container.outlives_exit
        after = self._after_exit(container, live, delay, goes=goes)
        self._tasks.spawn(after, name=f"exit of {container.name}")

    def _settle(self, container: Container, seconds: int) -> float | None:
        """Move the state; returns the delay of the next attempt, if there is to be one."""
        delay = None
        if container.state is not State.REMOVING and not self._closing:
            delay = next_delay(container, seconds)
        if delay is None:
            container.advance(Trigger.PROCESS_EXITED)
        else:
            container.restart_count += 1
            container.advance(Trigger.POLICY_WAITS)
        return delay

    def _announce_exit(self, container: Container, seconds: int) -> None:
        for _ in range(container.stop_requests):
            self.emit(container, "stop")
        container.stop_requests = 0
        code = str(container.exit_code)
        self.emit(container, "die", execDuration=str(seconds), exitCode=code)

    async def _after_exit(
        self, container: Container, live: Live, delay: float | None, *, goes: bool
    ) -> None:
        if delay is not None:
            due = self._clock.monotonic() + delay
            again = partial(self._spawn_restart, container)
            container.cancel_restart = self._clock.call_at(due, again)
        await live.machine.close()
        if delay is None and goes:
            await self._remove_automatically(container)

    async def _remove_automatically(self, container: Container) -> None:
        wanted = container.host_config.auto_remove and container.state is not State.REMOVING
        if wanted and self.auto_remove is not None and not self._closing:
            await self.auto_remove(container)

    def _out_of_memory(self, container: Container) -> None:
        container.oom_killed = True
        container.touch()
        self.emit(container, "oom")

    # --- restarting by policy

    def _spawn_restart(self, container: Container) -> None:
        container.cancel_restart = None
        if not self._closing:
            self._tasks.spawn(self._restart(container), name=f"restart of {container.name}")

    async def _restart(self, container: Container) -> None:
        assert container.start_lock is not None
        async with container.start_lock:
            if container.state is not State.RESTARTING:
                return
            try:
                await self._launch(container, Trigger.POLICY_RESTARTS)
            except StartFailure as failure:
                log.info("%s cannot be restarted: %s", container.name, failure)
                self._note_failure(container, failure)
                container.advance(Trigger.RESTART_FAILED)
                self._tell_waiters(container, NOT_RUNNING, NEXT_EXIT)
                await self._remove_automatically(container)

    def give_up_restarting(self, container: Container) -> None:
        """Let the policy rest until the next start by a client."""
        container.restart_cancelled = True
        if container.cancel_restart is not None:
            container.cancel_restart()
            container.cancel_restart = None
            self._tell_waiters(container, NOT_RUNNING, NEXT_EXIT)

    # --- signals, stopping, pausing

    def signal(self, container: Container, number: int) -> None:
        """A client's signal to the main process, with what dockerd makes of it for policy and pause."""
        stops = container.config.stop_signal
        if not stops or parse_signal(stops) == number or number == Signal.SIGKILL:
            container.manually_stopped = True
            self.give_up_restarting(container)
            thaw = container.state is State.PAUSED
        else:
            thaw = False
        self.deliver(container, number)
        if thaw:
            self.unpause(container)

    def deliver(self, container: Container, number: int, *, announced: bool = False) -> None:
        """Post the signal and say so; nothing happens to a process that has just gone."""
        if container.live is None:
            return
        try:
            container.live.machine.signal(container.live.process.pid, number)
        except ProcessLookupError:
            return
        if not announced:
            self._announce_signal(container, number)

    def _announce_signal(self, container: Container, number: int) -> None:
        self.emit(container, "kill", signal=str(int(number)))

    async def stop(
        self, container: Container, seconds: int | None = None, signal: str = ""
    ) -> None:
        """Ask the process to end, kill it when the grace period is over, and return when it has gone."""
        number = parse_signal(signal or container.stop_signal)
        was_waiting = container.state is State.RESTARTING
        container.advance(Trigger.STOP)
        container.manually_stopped = True
        if was_waiting:
            self.give_up_restarting(container)
            self.emit(container, "stop")
            return
        container.stop_requests += 1
        self.give_up_restarting(container)
        grace = self._grace(container, seconds)
        if is_supported(number):
            await self._end_process(container, number, grace)
        elif not await self._wait_for_exit(container, container.exits, UNSENT_SECONDS):
            await self.kill(container)

    async def restart(
        self, container: Container, name: str, seconds: int | None = None, signal: str = ""
    ) -> None:
        """Stop it if it runs, and start it; one that is to go with its process outlives this exit."""
        self.give_up_restarting(container)
        container.outlives_exit = True
        try:
            if container.live is not None:
                await self.stop(container, seconds, signal)
        finally:
            container.outlives_exit = False
        await self.start(container, name)

    def _grace(self, container: Container, seconds: int | None) -> float | None:
        if seconds is None:
            configured = container.config.stop_timeout
            seconds = DEFAULT_STOP_SECONDS if configured is None else configured
        return None if seconds < 0 else float(seconds)

    async def _end_process(self, container: Container, number: int, grace: float | None) -> None:
        thaw = container.state is State.PAUSED
        exits = container.exits
        self.deliver(container, number)
        if grace == 0:
            # dockerd kills before it can have heard of what the first signal brought.
            self._announce_signal(container, Signal.SIGKILL)
        if thaw:
            self.unpause(container)
        if not await self._wait_for_exit(container, exits, grace):
            await self.kill(container, announced=grace == 0)

    async def kill(self, container: Container, *, announced: bool = False) -> None:
        """SIGKILL, and wait until it has taken effect; `announced` if its event is out already."""
        exits = container.exits
        self.give_up_restarting(container)
        self.deliver(container, Signal.SIGKILL, announced=announced)
        if not await self._wait_for_exit(container, exits, KILL_SECONDS) and container.live:
            container.live.machine.kill_all()

    async def _wait_for_exit(self, container: Container, exits: int, seconds: float | None) -> bool:
        """Has the run that was the `exits`-th ended, or does it within `seconds`?"""
        if container.exits != exits or container.live is None:
            return True
        waiter = self._add_waiter(container, NEXT_EXIT)
        try:
            async with self._clock.timeout(seconds):
                await waiter.done
        except TimeoutError:
            self._drop_waiter(container, waiter)
            return container.exits != exits
        return True

    def pause(self, container: Container) -> None:
        container.advance(Trigger.PAUSE)
        if container.live is not None:
            container.live.machine.pause()
        self._end_health(container)
        self.emit(container, "pause")

    def unpause(self, container: Container) -> None:
        container.advance(Trigger.UNPAUSE)
        if container.live is not None:
            container.live.machine.resume()
        self._watch_health(container, resumed=True)
        self.emit(container, "unpause")

    # --- waiting

    async def wait(self, container: Container, condition: str) -> int:
        """The exit code, once `condition` holds."""
        settled = not container.running and container.state is not State.REMOVING
        if condition in ("", NOT_RUNNING) and settled:
            return container.exit_code
        return await self._add_waiter(container, condition or NOT_RUNNING).done

    def _add_waiter(self, container: Container, condition: str) -> Waiter:
        waiter = Waiter(condition, asyncio.get_running_loop().create_future())
        if container.waiters is None:
            container.waiters = []
        container.waiters.append(waiter)
        waiter.done.add_done_callback(lambda _: self._drop_waiter(container, waiter))
        return waiter

    def _drop_waiter(self, container: Container, waiter: Waiter) -> None:
        if container.waiters and waiter in container.waiters:
            container.waiters.remove(waiter)
        if container.waiters == []:
            container.waiters = None

    def _tell_waiters(self, container: Container, *conditions: str) -> None:
        for waiter in list(container.waiters or ()):
            if waiter.condition in conditions and not waiter.done.done():
                waiter.done.set_result(container.exit_code)

    def removed(self, container: Container) -> None:
        """The container is no more: whoever waits for anything of it is told."""
        self._tell_waiters(container, NOT_RUNNING, NEXT_EXIT, REMOVED)

    # --- health

    def _watch_health(self, container: Container, *, resumed: bool = False) -> None:
        if self.probe is None or not HealthMonitor.applies_to(container.config):
            return
        if container.health is None:
            container.health = HealthMonitor(container, self._clock, self.emit)
        container.health.begin(self._tasks.spawn, self.probe, resumed=resumed)

    def _end_health(self, container: Container) -> None:
        if container.health is not None:
            container.health.stop()

    async def close(self, containers: list[Container]) -> None:
        """Kill everything and wait until nothing runs any more."""
        self._closing = True
        for container in containers:
            self.give_up_restarting(container)
            if container.live is not None:
                container.live.machine.kill_all()
        for container in containers:
            if container.live is not None:
                await self._wait_for_exit(container, container.exits, None)
        await self._tasks.close()
