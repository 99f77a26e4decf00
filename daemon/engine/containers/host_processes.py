"""The host's processes, as a container with `--pid host` finds them: init, and those of all such containers."""

from __future__ import annotations

from functools import cached_property

from daemon.clock import Clock
from daemon.engine.containers.rootfs import Rootfs
from daemon.fs.filesystem import Filesystem
from daemon.ids import Ids
from daemon.process.machine import Machine
from daemon.process.process import Process
from daemon.process.process_table import PidNamespace
from daemon.process.signals import IGNORE, Signal

INIT, INIT_PATH = "systemd", "/usr/lib/systemd/systemd"
INIT_ARGV = ["/sbin/init"]


class HostProcesses:
    """Made when the first container asks for it; `first_pid` comes after those that the host already had."""

    def __init__(self, rootfs: Rootfs, clock: Clock, ids: Ids, first_pid: int) -> None:
        self._rootfs = rootfs
        self._clock = clock
        self._ids = ids
        self._first_pid = first_pid
        self._machine: Machine | None = None

    @cached_property
    def pids(self) -> PidNamespace:
        """Who is there; init reaps what is orphaned and heeds no signal."""
        fs = Filesystem(self._rootfs.memory_tree("rootfs"))
        machine = self._machine = Machine(
            fs=fs, programs=NoPrograms(), clock=self._clock, ids=self._ids
        )
        init = machine.new_process()
        init.argv, init.name, init.exe = INIT_ARGV, INIT, INIT_PATH
        init.started_at = -machine.host.uptime
        init.actions[Signal.SIGCHLD] = IGNORE
        machine.run(init, _sleep_for_ever)
        machine.pids.last_pid = self._first_pid - 1
        return machine.pids

    async def close(self) -> None:
        if self._machine is not None:
            await self._machine.close()


class NoPrograms:
    """Nothing is ever started on the host."""

    def lookup(self, program: str) -> None:
        return None


async def _sleep_for_ever(process: Process) -> int:
    while True:
        await process.pause()
