"""Samples of what a container uses, from the counters of its machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from api_schema.go_time import go_time
from api_schema.stats import (
    BlkioStats,
    ContainerStats,
    CpuStats,
    CpuUsage,
    MemoryStats,
    NetworkStats,
    PidsStats,
    ThrottlingData,
)
from daemon.clock import NANOSECONDS, Clock
from daemon.engine.container import Container, Live
from daemon.engine.containers.modes import joins

INTERVAL: Final = 1.0
TOTAL_MEMORY: Final = 16 << 30
"""The limit that is shown where none was set: all of the host's memory."""
PERIODS_PER_SECOND: Final = 10
UNLIMITED: Final = 9_223_372_036_854_771_712
_COUNTED = [
    "active_anon",
    "active_file",
    "cache",
    "dirty",
    "hierarchical_memory_limit",
    "hierarchical_memsw_limit",
    "inactive_anon",
    "inactive_file",
    "mapped_file",
    "pgfault",
    "pgmajfault",
    "pgpgin",
    "pgpgout",
    "rss",
    "rss_huge",
    "total_active_anon",
    "total_active_file",
    "total_cache",
    "total_dirty",
    "total_inactive_anon",
    "total_inactive_file",
    "total_mapped_file",
    "total_pgfault",
    "total_pgmajfault",
    "total_pgpgin",
    "total_pgpgout",
    "total_rss",
    "total_rss_huge",
    "total_unevictable",
    "total_writeback",
    "unevictable",
    "writeback",
]


class StatsSource:
    """Takes samples; each remembers what the one before it measured of the CPU."""

    def __init__(self, clock: Clock, cpus: int) -> None:
        self._clock = clock
        self._cpus = cpus

    def empty(self, container: Container) -> ContainerStats:
        """What dockerd answers for a container that does not run."""
        return ContainerStats(name=f"/{container.name}", id=container.id)

    def one_shot(self, container: Container) -> ContainerStats:
        """One sample without a predecessor, and without a name: an accident of dockerd's."""
        if container.live is None:
            return self.empty(container)
        sample = self._sample(container, container.live, CpuStats())
        return sample.model_copy(update={"name": "", "id": ""})

    async def single(self, container: Container) -> ContainerStats:
        """The second of two samples, a second apart, so that a percentage can be made of it."""
        async for sample in self.stream(container, count=2):
            last = sample
        return last

    async def stream(
        self, container: Container, count: int | None = None
    ) -> AsyncIterator[ContainerStats]:
        """A sample each second; of a stopped container, and after the exit, an empty one."""
        before, read = CpuStats(), None
        sent = 0
        while count is None or sent < count:
            if container.live is None:
                sample = self.empty(container)
                if count is not None:
                    yield sample
                    return
            else:
                sample = self._sample(container, container.live, before)
                if read is not None:
                    sample = sample.model_copy(update={"preread": read})
                before, read = sample.cpu_stats, sample.read
            yield sample
            sent += 1
            if count is None or sent < count:
                await self._clock.sleep(INTERVAL)

    def _sample(self, container: Container, live: Live, before: CpuStats) -> ContainerStats:
        machine = live.machine
        return ContainerStats(
            name=f"/{container.name}",
            id=container.id,
            read=go_time(self._clock.now()),
            pids_stats=PidsStats(
                current=len(machine.own_processes), limit=max(0, machine.limits.pids)
            ),
            blkio_stats=BlkioStats(**{name: [] for name in BlkioStats.model_fields}),
            cpu_stats=self._cpu(container, live),
            precpu_stats=before,
            memory_stats=_memory(live),
            networks=_networks(container, live),
        )

    def _cpu(self, container: Container, live: Live) -> CpuStats:
        used = int(live.machine.counters.cpu_seconds * NANOSECONDS)
        each = [used // self._cpus] * self._cpus
        running = (self._clock.now() - (container.started_at or 0)) / NANOSECONDS
        limited = live.machine.limits.cpus > 0
        return CpuStats(
            cpu_usage=CpuUsage(
                total_usage=used,
                percpu_usage=each,
                usage_in_kernelmode=used // 4,
                usage_in_usermode=used - used // 4,
            ),
            system_cpu_usage=int(self._clock.now() % (10**9 * NANOSECONDS)) * self._cpus,
            online_cpus=self._cpus,
            throttling_data=ThrottlingData(
                periods=int(running * PERIODS_PER_SECOND) if limited else 0
            ),
        )


def _memory(live: Live) -> MemoryStats:
    memory = live.machine.memory
    limit = live.machine.limits.memory
    swap = live.machine.limits.memory_swap
    rss = memory.usage - memory.kernel
    known = {
        "rss": rss,
        "active_anon": rss,
        "hierarchical_memory_limit": limit or UNLIMITED,
        "hierarchical_memsw_limit": swap if swap > 0 else UNLIMITED,
    }
    known |= {f"total_{name}": known[name] for name in ("rss", "active_anon")}
    return MemoryStats(
        usage=memory.usage,
        max_usage=memory.peak,
        stats={name: known.get(name, 0) for name in _COUNTED},
        limit=limit or TOTAL_MEMORY,
    )


def _networks(container: Container, live: Live) -> dict[str, NetworkStats] | None:
    """Counters by interface; a container that uses another's namespace has none to show."""
    if joins(container.host_config.network_mode):
        return None
    return {
        name: NetworkStats(
            rx_bytes=interface.traffic.received,
            rx_packets=interface.traffic.received_packets,
            tx_bytes=interface.traffic.sent,
            tx_packets=interface.traffic.sent_packets,
        )
        for name, interface in live.machine.net.interfaces.items()
        if name != "lo"
    } or None
