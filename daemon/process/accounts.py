"""What a container may use and what it has used: limits, memory, and the counters behind `docker stats`."""

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daemon.process.status import os_error

if TYPE_CHECKING:
    from daemon.process.process import Process

MIB: Final = 1 << 20
MEMORY_GUARD: Final = 64 * MIB
PROCESS_BASE: Final = 64 << 10
"""What a process costs before it allocates anything, so that a fork bomb meets the limit too."""
NOFILE: Final = 1_048_576
UNLIMITED: Final = (-1, -1)
DEFAULT_ULIMITS: Final = {
    "core": (0, -1),
    "memlock": (8 * MIB, 8 * MIB),
    "msgqueue": (819_200, 819_200),
    "nice": (0, 0),
    "nofile": (NOFILE, NOFILE),
    "rtprio": (0, 0),
    "sigpending": (63_447, 63_447),
    "stack": (8 * MIB, -1),
}


@dataclass(slots=True)
class Limits:
    """As asked for in HostConfig; 0 means no limit. Without one, `guard` keeps a runaway script from eating the host."""

    memory: int = 0
    memory_swap: int = 0
    memory_reservation: int = 0
    pids: int = 0
    cpus: float = 0.0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpu_shares: int = 0
    cpuset: str = ""
    ulimits: dict[str, tuple[int, int]] = field(default_factory=dict)
    """As given by `--ulimit`: (soft, hard) by name."""
    oom_kill_disable: bool = False
    guard: int = MEMORY_GUARD

    def ulimit(self, name: str) -> tuple[int, int]:
        """The soft and hard value of a resource limit; negative means unlimited."""
        return self.ulimits.get(name) or DEFAULT_ULIMITS.get(name, UNLIMITED)

    @property
    def nofile(self) -> int:
        """How many descriptors a process may have."""
        soft, _hard = self.ulimit("nofile")
        return soft if soft >= 0 else NOFILE

    @nofile.setter
    def nofile(self, soft: int) -> None:
        self.ulimits["nofile"] = (soft, max(soft, self.ulimit("nofile")[1]))


@dataclass(slots=True)
class Counters:
    """Totals since the container started."""

    cpu_seconds: float = 0.0
    block_read: int = 0
    block_written: int = 0
    block_reads: int = 0
    block_writes: int = 0
    oom_kills: int = 0
    processes_started: int = 0


@dataclass(slots=True)
class Memory:
    """Bytes charged to a container. Over the limit the biggest process is killed, as the kernel's OOM killer does."""

    limits: Limits
    usage: int = 0
    peak: int = 0
    kernel: int = 0
    files: int = 0
    on_over_limit: Callable[["Process | None"], None] | None = field(default=None, repr=False)

    def charge(self, nbytes: int, owner: "Process | None" = None) -> None:
        """Add (or with a negative number give back) memory; may kill a process, `owner` included."""
        self.usage += nbytes
        if owner is None:
            self.kernel += nbytes
        else:
            owner.memory += nbytes
        if nbytes > 0:
            self.peak = max(self.peak, self.usage)
            if self._is_over and self.on_over_limit is not None:
                self.on_over_limit(owner)

    def charge_kernel(self, nbytes: int) -> None:
        """Memory of pipes: charged to the container, to no process."""
        self.charge(nbytes)

    def quota(self, nbytes: int) -> None:
        """The `quota` of a tmpfs: its files live in the container's memory."""
        self.files += nbytes
        self.charge(nbytes)

    @property
    def _is_over(self) -> bool:
        """The guard of a container without limit leaves files alone: theirs is the size of the tmpfs."""
        if self.limits.memory:
            return self.usage > self.limits.memory
        return self.usage - self.files > self.limits.guard


def check_pids(limits: Limits, running: int) -> None:
    """Refuse one process more than the pids limit, as fork(2) does."""
    if limits.pids > 0 and running >= limits.pids:
        raise os_error(errno.EAGAIN)
