"""What every container of a daemon sees of the machine below it; must agree with what /info says."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The simulated host."""

    kernel_version: str = "6.12.54-linuxkit"
    kernel_build: str = "#1 SMP PREEMPT_DYNAMIC"
    machine: str = "x86_64"
    cpus: int = os.cpu_count() or 1
    memory: int = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cgroup_version: int = 1
    boot_id: str = "7a2f4c1e-93b5-4d0a-8e61-5c0d9f3b27a8"
    uptime: float = 86_400.0
    """Seconds that the host was up when the daemon's clock started."""
