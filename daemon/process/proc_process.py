"""The files of /proc/PID."""

import os
import stat as modes
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from daemon.fs.synthetic import SyntheticFile, SyntheticFolder, SyntheticLink, SyntheticNode
from daemon.process.cgroup import membership
from daemon.process.descriptions import Description
from daemon.process.proc_net import net_folder
from daemon.process.signals import Ignore
from daemon.process.sockets import Socket
from daemon.process.stdio import NullDevice, Output, PipeEnd

if TYPE_CHECKING:
    from daemon.process.process import Process

TICKS: Final = 100
PAGE: Final = 4096
TTY_DEVICE: Final = 136 << 8
STATES: Final = {
    "R": "R (running)",
    "S": "S (sleeping)",
    "T": "T (stopped)",
    "Z": "Z (zombie)",
}
PROGRAM_SIZE_KB: Final = 1552
"""The text of a static busybox: what every simulated program maps beside its data."""

_NAMESPACES: Final = {
    "cgroup": 4026532262,
    "ipc": 4026532255,
    "mnt": 4026532253,
    "net": 4026532257,
    "pid": 4026532256,
    "pid_for_children": 4026532256,
    "time": 4026531834,
    "time_for_children": 4026531834,
    "user": 4026531837,
    "uts": 4026532254,
}
RLIMITS: Final = {
    "cpu": ("Max cpu time", "seconds"),
    "fsize": ("Max file size", "bytes"),
    "data": ("Max data size", "bytes"),
    "stack": ("Max stack size", "bytes"),
    "core": ("Max core file size", "bytes"),
    "rss": ("Max resident set", "bytes"),
    "nproc": ("Max processes", "processes"),
    "nofile": ("Max open files", "files"),
    "memlock": ("Max locked memory", "bytes"),
    "as": ("Max address space", "bytes"),
    "locks": ("Max file locks", "locks"),
    "sigpending": ("Max pending signals", "signals"),
    "msgqueue": ("Max msgqueue size", "bytes"),
    "nice": ("Max nice priority", ""),
    "rtprio": ("Max realtime priority", ""),
    "rttime": ("Max realtime timeout", "us"),
}
"""Docker's name of each limit, and how /proc/PID/limits shows it."""
_LINK_MODES: Final = {os.O_RDONLY: 0o500, os.O_WRONLY: 0o300, os.O_RDWR: 0o700}
_ID_MAP: Final = "         0          0 4294967295\n"


def process_folder(process: "Process", *, thread: bool = False) -> SyntheticFolder:
    """/proc/PID, or with `thread` /proc/PID/task/PID."""
    uid, gid = process.cred.uid, process.cred.gid
    entries: dict[str, SyntheticNode] = {
        name: SyntheticFile(_reader(make, process), mode=mode, uid=uid, gid=gid)
        for name, (make, mode) in _FILES.items()
    }
    entries |= {
        "comm": SyntheticFile(lambda: f"{process.name}\n".encode(), _set_comm(process), mode=0o644),
        "oom_score_adj": SyntheticFile(
            lambda: f"{process.oom_score_adj}\n".encode(), _set_oom_score(process), mode=0o644
        ),
        "cwd": SyntheticLink(lambda: process.cwd),
        "exe": SyntheticLink(lambda: process.exe),
        "root": SyntheticLink(lambda: "/"),
        "fd": _descriptors(process, _link),
        "fdinfo": _descriptors(process, _info),
        "ns": SyntheticFolder.of({name: _namespace(name) for name in _NAMESPACES}, mode=0o511),
        "net": net_folder(process.machine.net),
    }
    if not thread:
        tid = str(process.pid)
        entries["task"] = SyntheticFolder.of({tid: process_folder(process, thread=True)})
    return SyntheticFolder(lambda: list(entries), entries.get, uid=uid, gid=gid)


def _reader(make: "Callable[[Process], str]", process: "Process") -> Callable[[], bytes]:
    return lambda: os.fsencode(make(process))


def _namespace(name: str) -> SyntheticLink:
    kind = name.removesuffix("_for_children")
    return SyntheticLink(lambda: f"{kind}:[{_NAMESPACES[name]}]")


def _set_comm(process: "Process") -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        process.name = os.fsdecode(data.rstrip(b"\n"))[:15]

    return write


def _set_oom_score(process: "Process") -> Callable[[bytes], None]:
    def write(data: bytes) -> None:
        process.oom_score_adj = int(data)

    return write


# --- descriptors


def _descriptors(
    process: "Process", make: Callable[[Description], SyntheticNode]
) -> SyntheticFolder:
    def find(name: str) -> SyntheticNode | None:
        description = process.fds.get(int(name)) if name.isdigit() else None
        return make(description) if description is not None else None

    uid, gid = process.cred.uid, process.cred.gid
    return SyntheticFolder(lambda: map(str, process.fds), find, mode=0o500, uid=uid, gid=gid)


def _link(description: Description) -> SyntheticNode:
    """A link whose mode tells what the descriptor was opened for."""
    link = SyntheticLink(lambda: descriptor_target(description))
    link.mode = modes.S_IFLNK | _LINK_MODES[description.flags & os.O_ACCMODE]
    return link


def descriptor_target(description: Description) -> str:
    """Where /proc/PID/fd/N points."""
    if description.terminal is not None:
        return description.terminal.name
    if isinstance(description, Socket):
        return f"socket:[{description.inode}]"
    if isinstance(description, PipeEnd | Output) and not description.path:
        return f"pipe:[{description.stat().ino}]"
    return description.path or (
        "/dev/null" if isinstance(description, NullDevice) else "anon_inode"
    )


def _info(description: Description) -> SyntheticNode:
    position = getattr(description, "offset", 0)
    text = f"pos:\t{position}\nflags:\t0{description.flags:o}\nmnt_id:\t15\nino:\t{description.stat().ino}\n"
    return SyntheticFile(text.encode, mode=0o400)


# --- memory, times and signals


def resident_kb(process: "Process") -> int:
    """VmRSS: what is charged to the process, and the program's text."""
    return process.memory // 1024 + PROGRAM_SIZE_KB * 3 // 4


def virtual_kb(process: "Process") -> int:
    return process.memory // 1024 + PROGRAM_SIZE_KB + 700


def start_ticks(process: "Process") -> int:
    """Field 22 of stat: clock ticks from the host's boot to the process's start."""
    return int((process.started_at + process.machine.host.uptime) * TICKS)


def _signal_mask(signums: "list[int]") -> str:
    return f"{sum(1 << (signum - 1) for signum in signums):016x}"


def _capabilities(process: "Process") -> str:
    return f"{process.machine.capabilities if process.cred.uid == 0 else 0:016x}"


# --- the files


def _cmdline(process: "Process") -> str:
    return "" if process.status is not None else "".join(f"{word}\0" for word in process.argv)


def _environ(process: "Process") -> str:
    return "".join(f"{name}={value}\0" for name, value in process.env.items())


def _status(process: "Process") -> str:
    rows = [*_identity(process), *_memory(process), *_signals(process), *_privileges(process)]
    return "".join(f"{name}:\t{value}\n" for name, value in rows)


Row = tuple[str, object]


def _identity(process: "Process") -> list[Row]:
    uid, gid, groups = process.cred
    pid = process.pid
    return [
        ("Name", process.name),
        ("Umask", f"{process.umask:04o}"),
        ("State", STATES[process.state]),
        ("Tgid", pid),
        ("Ngid", 0),
        ("Pid", pid),
        ("PPid", process.ppid),
        ("TracerPid", 0),
        ("Uid", f"{uid}\t{uid}\t{uid}\t{uid}"),
        ("Gid", f"{gid}\t{gid}\t{gid}\t{gid}"),
        ("FDSize", max(64, len(process.fds))),
        ("Groups", "".join(f"{group} " for group in groups or (gid,))),
        ("NStgid", pid),
        ("NSpid", pid),
        ("NSpgid", process.pgid),
        ("NSsid", process.sid),
        ("Kthread", 0),
    ]


def _memory(process: "Process") -> list[Row]:
    resident, virtual, charged = resident_kb(process), virtual_kb(process), process.memory // 1024
    sizes = {
        "VmPeak": virtual,
        "VmSize": virtual,
        "VmLck": 0,
        "VmPin": 0,
        "VmHWM": resident,
        "VmRSS": resident,
        "RssAnon": charged,
        "RssFile": resident - charged,
        "RssShmem": 0,
        "VmData": charged,
        "VmStk": 132,
        "VmExe": PROGRAM_SIZE_KB,
        "VmLib": 8,
        "VmPTE": 40,
        "VmSwap": 0,
    }
    return [(name, f"{size:>8} kB") for name, size in sizes.items()]


def signal_masks(process: "Process") -> dict[str, str]:
    """What is pending, blocked, ignored and caught, in the kernel's words and hexadecimal digits."""
    actions = process.actions.items()
    ignored = [signum for signum, action in actions if isinstance(action, Ignore)]
    caught = [signum for signum, action in actions if callable(action)]
    return {
        "SigPnd": _signal_mask([]),
        "ShdPnd": _signal_mask(sorted(process.pending)),
        "SigBlk": _signal_mask([]),
        "SigIgn": _signal_mask(ignored),
        "SigCgt": _signal_mask(caught),
    }


def _signals(process: "Process") -> list[Row]:
    return [("Threads", 1), ("SigQ", "0/31189"), *signal_masks(process).items()]


def _privileges(process: "Process") -> list[Row]:
    none, own = f"{0:016x}", _capabilities(process)
    cpus = process.machine.host.cpus
    return [
        ("CapInh", none),
        ("CapPrm", own),
        ("CapEff", own),
        ("CapBnd", f"{process.machine.capabilities:016x}"),
        ("CapAmb", none),
        ("NoNewPrivs", 0),
        ("Seccomp", 2),
        ("Seccomp_filters", 1),
        ("Cpus_allowed", f"{(1 << cpus) - 1:x}"),
        ("Cpus_allowed_list", f"0-{cpus - 1}"),
        ("voluntary_ctxt_switches", 0),
        ("nonvoluntary_ctxt_switches", 0),
    ]


def _stat(process: "Process") -> str:
    terminal = process.terminal
    tty = TTY_DEVICE + (terminal.number or 0) if terminal is not None else 0
    foreground = terminal.foreground if terminal is not None else -1
    cpu = int(process.cpu_seconds * TICKS)
    fields: list[object] = [
        process.pid,
        f"({process.name})",
        process.state,
        process.ppid,
        process.pgid,
        process.sid,
        tty,
        foreground,
        4194304,
        *(0, 0, 0, 0),
        cpu,
        *(0, 0, 0),
        *(20, 0, 1, 0),
        start_ticks(process),
        virtual_kb(process) * 1024,
        resident_kb(process) * 1024 // PAGE,
        18446744073709551615,
        *([0] * 12),
        17,
        *([0] * 14),
    ]
    return " ".join(map(str, fields)) + "\n"


def _statm(process: "Process") -> str:
    resident = resident_kb(process) * 1024 // PAGE
    text = PROGRAM_SIZE_KB * 1024 // PAGE
    data = process.memory // PAGE
    return f"{virtual_kb(process) * 1024 // PAGE} {resident} {text} {text} 0 {data} 0\n"


def _limits(process: "Process") -> str:
    lines = [f"{'Limit':<26}{'Soft Limit':<21}{'Hard Limit':<21}{'Units':<10}\n"]
    for name, (title, unit) in RLIMITS.items():
        soft, hard = process.machine.limits.ulimit(name)
        lines.append(f"{title:<26}{_ulimit(soft):<21}{_ulimit(hard):<21}{unit:<10}\n")
    return "".join(lines)


def _ulimit(value: int) -> str:
    return "unlimited" if value < 0 else str(value)


def _mounts(process: "Process") -> str:
    return "".join(
        f"{_escaped(mount.source or mount.fstype)} {_escaped(mount.path)} {mount.fstype} {_options(mount)} 0 0\n"
        for mount in process.machine.fs.mounts
    )


def _mountinfo(process: "Process") -> str:
    rows = []
    for number, mount in enumerate(process.machine.fs.mounts, 113):
        major, minor = os.major(mount.dev), os.minor(mount.dev)
        parent = 66 if number == 113 else 113
        source = _escaped(mount.source or mount.fstype)
        rows.append(
            f"{number} {parent} {major}:{minor} / {_escaped(mount.path)} {_options(mount)} - "
            f"{mount.fstype} {source} {'ro' if mount.readonly else 'rw'}\n"
        )
    return "".join(rows)


def _options(mount: "Mount") -> str:
    return mount.options or ("ro,relatime" if mount.readonly else "rw,relatime")


def _escaped(text: str) -> str:
    for character in "\\ \t\n":
        text = text.replace(character, f"\\{ord(character):03o}")
    return text


def _maps(process: "Process") -> str:
    exe = process.exe
    return (
        f"00400000-00401000 r--p 00000000 00:29 41 {exe:>{len(exe) + 26}}\n"
        f"00401000-00586000 r-xp 00001000 00:29 41 {exe:>{len(exe) + 26}}\n"
        "7ffd1d5c1000-7ffd1d5e2000 rw-p 00000000 00:00 0                          [stack]\n"
    )


def _io(process: "Process") -> str:
    counters = process.machine.counters
    return (
        f"rchar: {counters.block_read}\nwchar: {counters.block_written}\n"
        f"syscr: {counters.block_reads}\nsyscw: {counters.block_writes}\n"
        "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n"
    )


_FILES: "Final[dict[str, tuple[Callable[[Process], str], int]]]" = {
    "cgroup": (lambda p: membership(p.machine), 0o444),
    "cmdline": (_cmdline, 0o444),
    "cpuset": (lambda _p: "/\n", 0o444),
    "environ": (_environ, 0o400),
    "gid_map": (lambda _p: _ID_MAP, 0o644),
    "io": (_io, 0o400),
    "limits": (_limits, 0o444),
    "loginuid": (lambda _p: "4294967295", 0o644),
    "maps": (_maps, 0o444),
    "mountinfo": (_mountinfo, 0o444),
    "mounts": (_mounts, 0o444),
    "oom_score": (lambda _p: "666\n", 0o444),
    "personality": (lambda _p: "00000000\n", 0o400),
    "setgroups": (lambda _p: "allow\n", 0o644),
    "stat": (_stat, 0o444),
    "statm": (_statm, 0o444),
    "status": (_status, 0o444),
    "uid_map": (lambda _p: _ID_MAP, 0o644),
    "wchan": (lambda _p: "0", 0o444),
}

if TYPE_CHECKING:
    from daemon.fs.namespace import Mount
