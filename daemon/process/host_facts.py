"""What every container of a daemon sees of the machine below it; must agree with what /info says."""

import os
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The simulated host."""

    kernel_version: str = "6.12.54-linuxkit"
    kernel_build: str = "#1 SMP PREEMPT_DYNAMIC"
    machine: str = "x86_64"
    cpus: int = os.cpu_count() or 1
    memory: int = 8 * GIB
    uptime: float = 86_400.0
    """Seconds that the host was up when the daemon's clock started."""
