"""A process as the host's ps sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.clock import NANOSECONDS
from daemon.engine.container import Live
from daemon.process.process import Process

INIT_PID = 1
USERS = {0: "root", 1: "daemon", 33: "www-data", 65534: "nobody"}
GROUPS = {0: "root", 1: "daemon", 33: "www-data", 65534: "nogroup"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One process; numbers are the host's. `process` is None for the host's own."""

    pid: int
    ppid: int
    pgid: int
    sid: int
    uid: int = 0
    gid: int = 0
    name: str
    args: str
    tty: str = "?"
    state: str = "S"
    foreground: int = -1
    started: int = 0
    """Nanoseconds since the epoch."""
    now: int = 0
    process: Process | None = None

    @property
    def age(self) -> int:
        return max(0, self.now - self.started) // NANOSECONDS

    @property
    def cpu(self) -> float:
        return self.process.cpu_seconds if self.process else 0.0

    @property
    def is_leader(self) -> bool:
        return self.sid == self.pid


def rows_of(live: Live, now: int, elapsed: float) -> Iterator[Row]:
    """The processes of one container, by their numbers."""
    for _pid, process in sorted(live.machine.own_processes.items()):
        terminal = process.terminal
        yield Row(
            pid=live.host_pid(process.pid),
            ppid=live.host_pid(process.ppid),
            pgid=live.host_pid(process.pgid),
            sid=live.host_pid(process.sid),
            uid=process.cred.uid,
            gid=process.cred.gid,
            name=process.name,
            args=" ".join(process.argv) or f"[{process.name}]",
            tty=f"pts/{terminal.number or 0}" if terminal else "?",
            state=process.state,
            foreground=live.host_pid(terminal.foreground) if terminal else -1,
            started=now - int((elapsed - process.started_at) * NANOSECONDS),
            now=now,
            process=process,
        )


def host_rows(now: int, shim: int) -> list[Row]:
    """Of the host's own processes the two that matter to a container's: init, and who holds the container."""
    init = Row(pid=INIT_PID, ppid=0, pgid=0, sid=0, name="init", args="init", now=now)
    name = "containerd-shim"
    return [init, Row(pid=shim, ppid=INIT_PID, pgid=shim, sid=shim, name=name, args=name, now=now)]
