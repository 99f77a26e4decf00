"""/sys: network interfaces, processors, and the container's control group (version 2) with its limits."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from daemon.fs.synthetic import SyntheticFile, SyntheticFolder, SyntheticNode
from daemon.process.net import Interface

if TYPE_CHECKING:
    from daemon.process.machine import Machine

MICROSECONDS: Final = 1_000_000
DEFAULT_PERIOD: Final = 100_000
_CLASSES: Final = ("bdi", "block", "mem", "misc", "thermal", "tty", "vtconsole")


def sys_root(machine: "Machine") -> SyntheticFolder:
    empty: dict[str, SyntheticNode] = {}
    classes: dict[str, SyntheticNode] = {name: SyntheticFolder.of(empty) for name in _CLASSES}
    classes["net"] = _net_class(machine)
    cpus = f"0-{machine.host.cpus - 1}" if machine.host.cpus > 1 else "0"
    return _folders(
        {
            "block": {},
            "bus": {},
            "class": SyntheticFolder.of(classes),
            "dev": {},
            "devices": {
                "system": {"cpu": _texts({"online": cpus, "possible": cpus, "present": cpus})},
                "virtual": {},
            },
            "firmware": {},
            "fs": {"cgroup": {}},
            "kernel": {
                "mm": {
                    "transparent_hugepage": _texts(
                        {"enabled": "always [madvise] never", "hpage_pmd_size": "2097152"}
                    )
                },
                "security": {},
            },
            "module": {},
            "power": {},
        }
    )


def _folders(entries: Mapping[str, "object"]) -> SyntheticFolder:
    made: dict[str, SyntheticNode] = {}
    for name, entry in entries.items():
        if isinstance(entry, SyntheticFolder | SyntheticFile):
            made[name] = entry
        elif isinstance(entry, Mapping):
            made[name] = _folders(entry)
    return SyntheticFolder.of(made)


def _texts(entries: Mapping[str, str]) -> dict[str, SyntheticNode]:
    return {name: SyntheticFile(f"{text}\n".encode) for name, text in entries.items()}


# --- /sys/class/net


def _net_class(machine: "Machine") -> SyntheticFolder:
    def find(name: str) -> SyntheticNode | None:
        interface = machine.net.interfaces.get(name)
        return _interface(machine, interface) if interface is not None else None

    return SyntheticFolder(lambda: list(machine.net.interfaces), find)


def _interface(machine: "Machine", interface: Interface) -> SyntheticFolder:
    index = str(list(machine.net.interfaces).index(interface.name) + 1)
    loopback = interface.name == "lo"
    traffic = interface.traffic
    entries = _texts(
        {
            "address": interface.mac,
            "addr_len": "6",
            "broadcast": "00:00:00:00:00:00" if loopback else "ff:ff:ff:ff:ff:ff",
            "carrier": "1",
            "dormant": "0",
            "flags": "0x9" if loopback else "0x1003",
            "ifindex": index,
            "iflink": index,
            "mtu": str(interface.mtu),
            "operstate": "unknown" if loopback else "up",
            "tx_queue_len": "1000" if loopback else "0",
            "type": "772" if loopback else "1",
        }
        | ({} if loopback else {"duplex": "full", "speed": "10000"})
    )
    entries["statistics"] = SyntheticFolder.of(
        _texts(
            {
                "rx_bytes": str(traffic.received),
                "rx_dropped": "0",
                "rx_errors": "0",
                "rx_packets": str(traffic.received_packets),
                "tx_bytes": str(traffic.sent),
                "tx_dropped": "0",
                "tx_errors": "0",
                "tx_packets": str(traffic.sent_packets),
            }
        )
    )
    return SyntheticFolder.of(entries)


# --- /sys/fs/cgroup


def cgroup_root(machine: "Machine") -> SyntheticFolder:
    """The container's own group, which a private cgroup namespace shows as the root."""

    def reader(make: "Callable[[Machine], str]") -> Callable[[], bytes]:
        return lambda: f"{make(machine)}\n".encode()

    return SyntheticFolder.of(
        {name: SyntheticFile(reader(make), mode=0o644) for name, make in CGROUP_FILES.items()}
    )


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
        "kernel_stack": 16384 * len(machine.processes),
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
    return "\n".join(str(pid) for pid in sorted(machine.processes))


def _io_stat(machine: "Machine") -> str:
    c = machine.counters
    if not (c.block_reads or c.block_writes):
        return "254:0"
    return (
        f"254:0 rbytes={c.block_read} wbytes={c.block_written} rios={c.block_reads} "
        f"wios={c.block_writes} dbytes=0 dios=0"
    )


def _constant(text: str) -> "Callable[[Machine], str]":
    return lambda _machine: text


_PRESSURE: Final = _constant(
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0"
)

CGROUP_FILES: "Final[dict[str, Callable[[Machine], str]]]" = {
    "cgroup.controllers": _constant("cpuset cpu io memory hugetlb pids rdma"),
    "cgroup.events": lambda m: f"populated {int(bool(m.processes))}\nfrozen {int(m.frozen)}",
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
    "cpuset.cpus.effective": lambda m: m.limits.cpuset or f"0-{m.host.cpus - 1}",
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
    "pids.current": lambda m: str(len(m.processes)),
    "pids.events": _constant("max 0"),
    "pids.max": lambda m: _limit(m.limits.pids),
    "pids.peak": lambda m: str(m.pids_peak),
}
