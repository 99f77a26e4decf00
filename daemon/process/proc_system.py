"""The files of /proc that tell of the whole machine, and /proc/sys."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from daemon.clock import NANOSECONDS
from daemon.fs.synthetic import SyntheticFile, SyntheticFolder, SyntheticNode
from daemon.process.net_sysctls import net_sysctls
from daemon.process.proc_process import TICKS

if TYPE_CHECKING:
    from daemon.process.machine import Machine


def _uptime_seconds(machine: "Machine") -> float:
    return machine.clock.monotonic() + machine.host.uptime


def _uptime(machine: "Machine") -> str:
    seconds = _uptime_seconds(machine)
    return f"{seconds:.2f} {seconds * machine.host.cpus * 0.97:.2f}\n"


def _loadavg(machine: "Machine") -> str:
    running = sum(p.state == "R" for p in machine.processes.values())
    return (
        f"0.00 0.01 0.00 {max(1, running)}/{len(machine.processes) + 150} {machine.pids.last_pid}\n"
    )


def _version(machine: "Machine") -> str:
    host = machine.host
    return f"Linux version {host.kernel_version} (root@buildkitsandbox) (gcc 13.2.1) {host.kernel_build}\n"


def _meminfo(machine: "Machine") -> str:
    total = machine.host.memory // 1024
    used = machine.memory.usage // 1024
    free = total * 3 // 4 - used
    cached = total // 8
    rows = {
        "MemTotal": total,
        "MemFree": free,
        "MemAvailable": free + cached,
        "Buffers": total // 64,
        "Cached": cached,
        "SwapCached": 0,
        "Active": total // 10,
        "Inactive": total // 20,
        "Active(anon)": used,
        "Inactive(anon)": 0,
        "Active(file)": total // 10 - used,
        "Inactive(file)": total // 20,
        "Unevictable": 0,
        "Mlocked": 0,
        "SwapTotal": 0,
        "SwapFree": 0,
        "Dirty": 0,
        "Writeback": 0,
        "AnonPages": used,
        "Mapped": total // 100,
        "Shmem": 0,
        "KReclaimable": total // 100,
        "Slab": total // 64,
        "SReclaimable": total // 100,
        "SUnreclaim": total // 200,
        "KernelStack": 2400,
        "PageTables": 3700,
        "CommitLimit": total // 2,
        "Committed_AS": used,
        "VmallocTotal": 34359738367,
        "VmallocUsed": 15308,
        "VmallocChunk": 0,
        "HugePages_Total": None,
        "HugePages_Free": None,
        "Hugepagesize": 2048,
    }
    return "".join(
        f"{name + ':':<16}{0 if value is None else value:>8}{'' if value is None else ' kB'}\n"
        for name, value in rows.items()
    )


def _cpuinfo(machine: "Machine") -> str:
    count = machine.host.cpus
    blocks = []
    for number in range(count):
        rows = {
            "processor\t": number,
            "vendor_id\t": "GenuineIntel",
            "cpu family\t": 6,
            "model\t\t": 142,
            "model name\t": "Intel(R) Core(TM) i7-8750H CPU @ 2.20GHz",
            "stepping\t": 10,
            "cpu MHz\t\t": "2200.000",
            "cache size\t": "9216 KB",
            "physical id\t": 0,
            "siblings\t": count,
            "core id\t\t": number,
            "cpu cores\t": count,
            "apicid\t\t": number,
            "fpu\t\t": "yes",
            "cpuid level\t": 22,
            "flags\t\t": "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ht "
            "syscall nx lm constant_tsc nopl pni ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes avx avx2",
            "bogomips\t": "4400.00",
            "clflush size\t": 64,
            "address sizes\t": "39 bits physical, 48 bits virtual",
        }
        lines = "".join(f"{name}: {value}\n" for name, value in rows.items())
        blocks.append(f"{lines}power management:\n\n")
    return "".join(blocks)


def _stat(machine: "Machine") -> str:
    uptime = _uptime_seconds(machine)
    used = int(machine.counters.cpu_seconds * TICKS)
    idle = int(uptime * TICKS)
    cpus = machine.host.cpus
    lines = [f"cpu  {used} 0 0 {idle * cpus} 0 0 0 0 0 0"]
    lines += [f"cpu{n} {used // cpus} 0 0 {idle} 0 0 0 0 0 0" for n in range(cpus)]
    lines += [
        "intr 0",
        "ctxt 0",
        f"btime {int(machine.clock.now() / NANOSECONDS - uptime)}",
        f"processes {machine.pids.last_pid}",
        f"procs_running {max(1, sum(p.state == 'R' for p in machine.processes.values()))}",
        "procs_blocked 0",
        "softirq 0 0 0 0 0 0 0 0 0 0 0",
    ]
    return "".join(f"{line}\n" for line in lines)


def _constant(text: str) -> "Callable[[Machine], str]":
    return lambda _machine: text


FILES: "Final[dict[str, Callable[[Machine], str]]]" = {
    "cgroups": _constant("#subsys_name\thierarchy\tnum_cgroups\tenabled\n"),
    "cmdline": _constant("console=hvc0 root=/dev/vda ro quiet\n"),
    "cpuinfo": _cpuinfo,
    "devices": _constant(
        "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n"
        "128 ptm\n136 pts\n\nBlock devices:\n  7 loop\n254 virtblk\n"
    ),
    "diskstats": _constant(" 254       0 vda 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"),
    "filesystems": _constant(
        "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevpts\n\text4\nnodev\toverlay\nnodev\tmqueue\n"
    ),
    "loadavg": _loadavg,
    "meminfo": _meminfo,
    "modules": _constant(""),
    "partitions": _constant("major minor  #blocks  name\n\n 254        0  268435456 vda\n"),
    "stat": _stat,
    "swaps": _constant("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    "uptime": _uptime,
    "version": _version,
    "vmstat": _constant("nr_free_pages 1572864\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n"),
}
"""Files directly in /proc."""


# --- /proc/sys


def _uuid(machine: "Machine") -> str:
    return machine.ids.uuid()


SYSCTLS: "Final[dict[str, str | Callable[[Machine], str]]]" = {
    "fs.file-max": "9223372036854775807",
    "fs.file-nr": "1024\t0\t9223372036854775807",
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "524288",
    "fs.mqueue.msg_max": "10",
    "fs.nr_open": "1048576",
    "fs.pipe-max-size": "1048576",
    "kernel.cap_last_cap": "40",
    "kernel.domainname": lambda machine: machine.domainname or "(none)",
    "kernel.hostname": lambda machine: machine.hostname,
    "kernel.msgmax": "8192",
    "kernel.msgmnb": "16384",
    "kernel.msgmni": "32000",
    "kernel.ngroups_max": "65536",
    "kernel.osrelease": lambda machine: machine.host.kernel_version,
    "kernel.ostype": "Linux",
    "kernel.overflowgid": "65534",
    "kernel.overflowuid": "65534",
    "kernel.pid_max": "4194304",
    "kernel.random.boot_id": lambda machine: machine.host.boot_id,
    "kernel.random.entropy_avail": "256",
    "kernel.random.uuid": _uuid,
    "kernel.sem": "32000\t1024000000\t500\t32000",
    "kernel.shmall": "18446744073692774399",
    "kernel.shmmax": "18446744073692774399",
    "kernel.shmmni": "4096",
    "kernel.threads-max": "62378",
    "kernel.version": lambda machine: machine.host.kernel_build,
    "vm.max_map_count": "262144",
    "vm.overcommit_memory": "1",
    "vm.overcommit_ratio": "50",
    "vm.swappiness": "60",
}
"""By dotted name; `Machine.sysctls` (HostConfig.Sysctls, and what was written) wins. net_sysctls has the networks'."""


def sys_folder(machine: "Machine", prefix: str = "") -> SyntheticFolder:
    """/proc/sys, or the part of it under a dotted prefix that ends in a dot."""

    def names() -> list[str]:
        below = [
            name[len(prefix) :]
            for name in {**SYSCTLS, **machine.sysctls}
            if name.startswith(prefix)
        ]
        own = list(dict.fromkeys(name.partition(".")[0] for name in below))
        return own if prefix else [*own, "net"]

    def find(name: str) -> SyntheticNode | None:
        dotted = prefix + name
        if dotted == "net":
            return net_sysctls(machine.net)
        if dotted in SYSCTLS or dotted in machine.sysctls:
            return _sysctl(machine, dotted)
        return sys_folder(machine, f"{dotted}.") if name in names() else None

    return SyntheticFolder(names, find)


def _sysctl(machine: "Machine", dotted: str) -> SyntheticFile:
    def read() -> bytes:
        value = machine.sysctls.get(dotted, SYSCTLS.get(dotted, ""))
        return f"{value(machine) if callable(value) else value}\n".encode()

    def write(data: bytes) -> None:
        text = data.decode("utf-8", "replace").strip()
        if dotted == "kernel.hostname":
            machine.hostname = text
        elif dotted == "kernel.domainname":
            machine.domainname = text
        else:
            machine.sysctls[dotted] = text

    return SyntheticFile(read, write, mode=0o644)
