"""What may befall a container on its worst day: the faults that a test has armed, at the places where they strike.

Occasions: `container` (its name), `image` (as create named it), `command` (the first word).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from daemon.clock import Clock
from daemon.engine.container import Container, Live
from daemon.errors import System
from daemon.faults import Fault, FaultPoint, Faults
from daemon.fs.tree import Quota
from daemon.process.signals import Signal
from daemon.process.status import ExecError

STAGED_EXIT_CODE = 126
Strike = Callable[[], None]


class Staging:
    """Asks the armed faults; with none armed each question costs one comparison."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock

    def _fires(self, point: FaultPoint, container: Container, command: str = "") -> Fault | None:
        if not self._faults:
            return None
        return self._faults.fires(
            point,
            container=container.name,
            image=container.config.image,
            command=command or (container.argv or [""])[0],
        )

    def check_start(self, container: Container, argv: list[str]) -> None:
        """Let the process fail to start, with the text that was asked for."""
        fault = self._fires(FaultPoint.PROCESS_START, container, argv[0] if argv else "")
        if fault is not None:
            raise ExecError(fault.message, errno.EACCES, STAGED_EXIT_CODE)

    def check_ports(self, container: Container, host_ip: str, port: int) -> None:
        """Let a host port be somebody else's."""
        if self._fires(FaultPoint.PORT_TAKEN, container) is not None:
            shown = host_ip or "0.0.0.0"
            raise System(f"Bind for {shown}:{port} failed: port is already allocated")

    def check_logs(self, container: Container) -> None:
        fault = self._fires(FaultPoint.LOGS_UNREADABLE, container)
        if fault is not None:
            raise System(fault.message)

    def quota(self, container: Container) -> Quota:
        """The account of the writable layer: it refuses to grow while the disk is full."""

        def charge(nbytes: int) -> None:
            if nbytes > 0 and self._fires(FaultPoint.DISK_FULL, container) is not None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return charge

    def watch(self, container: Container, live: Live) -> None:
        """Let a run that has begun be killed, or run out of memory, after a while."""
        killed = self._fires(FaultPoint.PROCESS_KILLED, container)
        if killed is not None:
            self._later(killed.seconds, container, live, lambda: _kill(live))
        starved = self._fires(FaultPoint.OOM, container)
        if starved is not None:
            self._later(starved.seconds, container, live, lambda: _starve(live))

    def _later(self, seconds: float, container: Container, live: Live, strike: Strike) -> None:
        def strike_if_still_running() -> None:
            if container.live is live:
                strike()

        self._clock.call_at(self._clock.monotonic() + seconds, strike_if_still_running)


def _kill(live: Live) -> None:
    live.machine.signal(live.process.pid, Signal.SIGKILL)


def _starve(live: Live) -> None:
    if live.machine.memory.on_over_limit is not None:
        live.machine.memory.on_over_limit(None)
