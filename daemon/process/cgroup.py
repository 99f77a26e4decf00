"""A container's control group: the files of /sys/fs/cgroup, in version 1 or 2, from its limits and counters."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from daemon.fs.synthetic import SyntheticFile, SyntheticFolder, SyntheticNode

if TYPE_CHECKING:
    from daemon.process.machine import Machine

MICROSECONDS: Final = 1_000_000
NANOSECONDS: Final = 1_000_000_000
TICKS: Final = 100
DEFAULT_PERIOD: Final = 100_000
NO_LIMIT: Final = 9223372036854771712
"""What version 1 says of an unlimited counter: the largest number of whole pages."""


def cgroup_root(machine: "Machine") -> SyntheticFolder:
    """The container's own group, as its mount shows it: in version 1 a folder for each controller."""
    makers = _VERSION_2 if machine.host.cgroup_version == 2 else _VERSION_1
    return SyntheticFolder.made_for(machine, makers)


def membership(machine: "Machine") -> str:
    """/proc/PID/cgroup."""
    if machine.host.cgroup_version == 2:
        return "0::/\n"
    names = [*(name for name in reversed(V1_FILES) if name != "systemd")]
    lines = [f"{len(names) + 1}:name=systemd:{machine.cgroup_path}"]
    lines += [f"{len(names) - n}:{name}:{machine.cgroup_path}" for n, name in enumerate(names)]
    return "".join(f"{line}\n" for line in [*lines, f"0::{machine.cgroup_path}"])


def _line(text: str) -> bytes:
    return f"{text}\n".encode() if text else b""


def _limit(value: int) -> str:
    return str(value) if value > 0 else "max"


def _cpu_max(machine: "Machine") -> str:
    limits = machine.limits
    period = limits.cpu_period or DEFAULT_PERIOD
    quota = limits.cpu_quota or int(limits.cpus * period)
    return f"{_limit(quota)} {period}"


def _cpu_weight(machine: "Machine") -> str:
    """runc's conversion of cpu shares (2 to 262144) to weight (1 to 10000)."""
    shares = machine.limits.cpu_shares
    return str(1 + (shares - 2) * 9999 // 262142) if shares else "100"


def _cpu_stat(machine: "Machine") -> str:
    used = int(machine.counters.cpu_seconds * MICROSECONDS)
    return (
        f"usage_usec {used}\nuser_usec {used}\nsystem_usec 0\nnice_usec 0\ncore_sched.force_idle_usec 0\n"
        "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0"
    )


def _memory_events(machine: "Machine") -> str:
    kills = machine.counters.oom_kills
    return f"low 0\nhigh 0\nmax {kills}\noom {kills}\noom_kill {kills}\noom_group_kill 0"


def _memory_stat(machine: "Machine") -> str:
    memory = machine.memory
    anonymous = memory.usage - memory.kernel
    rows = {
        "anon": anonymous,
        "file": 0,
        "kernel": memory.kernel,
        "kernel_stack": 16384 * len(machine.own_processes),
        "pagetables": 0,
        "sock": 0,
        "shmem": 0,
        "file_mapped": 0,
        "file_dirty": 0,
        "file_writeback": 0,
        "inactive_anon": anonymous,
        "active_anon": 0,
        "inactive_file": 0,
        "active_file": 0,
        "unevictable": 0,
        "slab": 0,
        "pgfault": 0,
        "pgmajfault": 0,
    }
    return "\n".join(f"{name} {value}" for name, value in rows.items())


def _swap_max(machine: "Machine") -> str:
    """The rest of memory and swap together; Docker's default is as much swap as memory."""
    limits = machine.limits
    if limits.memory_swap < 0 or not limits.memory:
        return "max"
    return str(limits.memory_swap - limits.memory if limits.memory_swap else limits.memory)


def _pids(machine: "Machine") -> str:
    return "\n".join(str(pid) for pid in sorted(machine.own_processes))


def _io_stat(machine: "Machine") -> str:
    c = machine.counters
    if not (c.block_reads or c.block_writes):
        return "254:0"
    return (
        f"254:0 rbytes={c.block_read} wbytes={c.block_written} rios={c.block_reads} "
        f"wios={c.block_writes} dbytes=0 dios=0"
    )


def _all_cpus(machine: "Machine") -> str:
    cpus = machine.host.cpus
    return f"0-{cpus - 1}" if cpus > 1 else "0"


def _constant(text: str) -> "Callable[[Machine], str]":
    return lambda _machine: text


_PRESSURE: Final = _constant(
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0"
)

V2_FILES: "Final[dict[str, Callable[[Machine], str]]]" = {
    "cgroup.controllers": _constant("cpuset cpu io memory hugetlb pids rdma"),
    "cgroup.events": lambda m: f"populated {int(bool(m.own_processes))}\nfrozen {int(m.frozen)}",
    "cgroup.freeze": lambda m: str(int(m.frozen)),
    "cgroup.max.depth": _constant("max"),
    "cgroup.max.descendants": _constant("max"),
    "cgroup.procs": _pids,
    "cgroup.stat": _constant("nr_descendants 0\nnr_dying_descendants 0"),
    "cgroup.subtree_control": _constant(""),
    "cgroup.threads": _pids,
    "cgroup.type": _constant("domain"),
    "cpu.idle": _constant("0"),
    "cpu.max": _cpu_max,
    "cpu.max.burst": _constant("0"),
    "cpu.pressure": _PRESSURE,
    "cpu.stat": _cpu_stat,
    "cpu.weight": _cpu_weight,
    "cpu.weight.nice": _constant("0"),
    "cpuset.cpus": lambda m: m.limits.cpuset,
    "cpuset.cpus.effective": lambda m: m.limits.cpuset or _all_cpus(m),
    "cpuset.mems": _constant(""),
    "cpuset.mems.effective": _constant("0"),
    "io.max": _constant(""),
    "io.pressure": _PRESSURE,
    "io.stat": _io_stat,
    "io.weight": _constant("default 100"),
    "memory.current": lambda m: str(m.memory.usage),
    "memory.events": _memory_events,
    "memory.high": _constant("max"),
    "memory.low": lambda m: str(m.limits.memory_reservation),
    "memory.max": lambda m: _limit(m.limits.memory),
    "memory.min": _constant("0"),
    "memory.oom.group": _constant("0"),
    "memory.peak": lambda m: str(m.memory.peak),
    "memory.pressure": _PRESSURE,
    "memory.stat": _memory_stat,
    "memory.swap.current": _constant("0"),
    "memory.swap.max": _swap_max,
    "pids.current": lambda m: str(len(m.own_processes)),
    "pids.events": _constant("max 0"),
    "pids.max": lambda m: _limit(m.limits.pids),
    "pids.peak": lambda m: str(m.pids_peak),
}


# --- version 1


def _limit_in_bytes(value: int) -> str:
    return str(value if value > 0 else NO_LIMIT)


def _memory_and_swap(machine: "Machine") -> str:
    limits = machine.limits
    if limits.memory_swap < 0 or not limits.memory:
        return str(NO_LIMIT)
    return str(limits.memory_swap or limits.memory * 2)


def _quota(machine: "Machine") -> str:
    limits = machine.limits
    quota = limits.cpu_quota or int(limits.cpus * (limits.cpu_period or DEFAULT_PERIOD))
    return str(quota or -1)


def _v1_memory_stat(machine: "Machine") -> str:
    memory = machine.memory
    rows = {
        "cache": 0,
        "rss": memory.usage - memory.kernel,
        "rss_huge": 0,
        "shmem": 0,
        "mapped_file": 0,
        "dirty": 0,
        "writeback": 0,
        "swap": 0,
        "pgpgin": 0,
        "pgpgout": 0,
        "pgfault": 0,
        "pgmajfault": 0,
        "inactive_anon": 0,
        "active_anon": memory.usage - memory.kernel,
        "inactive_file": 0,
        "active_file": 0,
        "unevictable": 0,
    }
    limits = {
        "hierarchical_memory_limit": _limit_in_bytes(machine.limits.memory),
        "hierarchical_memsw_limit": _memory_and_swap(machine),
    }
    totals = {f"total_{name}": value for name, value in rows.items()}
    return "\n".join(f"{name} {value}" for name, value in (rows | limits | totals).items())


def _ticks(machine: "Machine") -> str:
    return f"user {int(machine.counters.cpu_seconds * TICKS)}\nsystem 0"


def _service_bytes(machine: "Machine") -> str:
    c = machine.counters
    total = c.block_read + c.block_written
    return f"254:0 Read {c.block_read}\n254:0 Write {c.block_written}\n254:0 Total {total}\nTotal {total}"


_V1_COMMON: "Final[dict[str, Callable[[Machine], str]]]" = {
    "cgroup.clone_children": _constant("0"),
    "cgroup.procs": _pids,
    "notify_on_release": _constant("0"),
    "tasks": _pids,
}

V1_FILES: "Final[dict[str, dict[str, Callable[[Machine], str]]]]" = {
    "cpu": {
        "cpu.cfs_burst_us": _constant("0"),
        "cpu.cfs_period_us": lambda m: str(m.limits.cpu_period or DEFAULT_PERIOD),
        "cpu.cfs_quota_us": _quota,
        "cpu.idle": _constant("0"),
        "cpu.shares": lambda m: str(m.limits.cpu_shares or 1024),
        "cpu.stat": _constant("nr_periods 0\nnr_throttled 0\nthrottled_time 0"),
    },
    "cpuacct": {
        "cpuacct.stat": _ticks,
        "cpuacct.usage": lambda m: str(int(m.counters.cpu_seconds * NANOSECONDS)),
    },
    "cpuset": {
        "cpuset.cpus": lambda m: m.limits.cpuset or _all_cpus(m),
        "cpuset.effective_cpus": lambda m: m.limits.cpuset or _all_cpus(m),
        "cpuset.mems": _constant("0"),
        "cpuset.effective_mems": _constant("0"),
    },
    "memory": {
        "memory.failcnt": lambda m: str(m.counters.oom_kills),
        "memory.kmem.usage_in_bytes": lambda m: str(m.memory.kernel),
        "memory.kmem.limit_in_bytes": _constant(str(NO_LIMIT)),
        "memory.limit_in_bytes": lambda m: _limit_in_bytes(m.limits.memory),
        "memory.max_usage_in_bytes": lambda m: str(m.memory.peak),
        "memory.memsw.limit_in_bytes": _memory_and_swap,
        "memory.memsw.usage_in_bytes": lambda m: str(m.memory.usage),
        "memory.oom_control": lambda m: (
            f"oom_kill_disable {int(m.limits.oom_kill_disable)}\nunder_oom 0\noom_kill {m.counters.oom_kills}"
        ),
        "memory.soft_limit_in_bytes": lambda m: _limit_in_bytes(m.limits.memory_reservation),
        "memory.stat": _v1_memory_stat,
        "memory.swappiness": _constant("60"),
        "memory.usage_in_bytes": lambda m: str(m.memory.usage),
        "memory.use_hierarchy": _constant("1"),
    },
    "devices": {"devices.list": _constant("a *:* rwm")},
    "freezer": {
        "freezer.parent_freezing": _constant("0"),
        "freezer.self_freezing": lambda m: str(int(m.frozen)),
        "freezer.state": lambda m: "FROZEN" if m.frozen else "THAWED",
    },
    "blkio": {
        "blkio.throttle.io_service_bytes": _service_bytes,
        "blkio.throttle.io_serviced": _constant("Total 0"),
    },
    "pids": {
        "pids.current": lambda m: str(len(m.own_processes)),
        "pids.events": _constant("max 0"),
        "pids.max": lambda m: _limit(m.limits.pids),
        "pids.peak": lambda m: str(m.pids_peak),
    },
    "systemd": {},
}
"""By controller; the order is that of /proc/PID/cgroup, backwards."""


def _file(text: "Callable[[Machine], str]") -> "Callable[[Machine], SyntheticNode]":
    return lambda machine: SyntheticFile(lambda: _line(text(machine)), mode=0o644)


def _files(texts: "dict[str, Callable[[Machine], str]]") -> "_Makers":
    return {name: _file(text) for name, text in texts.items()}


_Makers = dict[str, Callable[["Machine"], SyntheticNode]]

_VERSION_2: Final[_Makers] = _files(V2_FILES)
_VERSION_1: Final[_Makers] = {
    name: partial(SyntheticFolder.made_for, makers=_files(_V1_COMMON | files))
    for name, files in V1_FILES.items()
}
