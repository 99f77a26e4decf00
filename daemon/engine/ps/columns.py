"""The columns of ps: for each name that a format may say, its title and what it shows of a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from daemon.clock import NANOSECONDS
from daemon.engine.ps.rows import GROUPS, USERS, Row
from daemon.process.cgroup import membership
from daemon.process.proc_process import PROGRAM_SIZE_KB, resident_kb, signal_masks, virtual_kb

PAGE_KIB = 4
_MASK = f"{0:016x}"


class Of(Enum):
    """Whose the value is, where ps shows threads below their process."""

    PROCESS = "process"
    THREAD = "thread"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    show: Callable[[Row], str]
    of: Of = Of.BOTH
    is_command: bool = False


def clock(seconds: float, hours: bool = True) -> str:
    minutes, rest = divmod(int(seconds), 60)
    if not hours:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest:02d}"


def _elapsed(row: Row) -> str:
    text = clock(row.age)
    return text.removeprefix("00:") if row.age < 3600 else text


def _started(pattern: str) -> Callable[[Row], str]:
    return lambda row: datetime.fromtimestamp(row.started // NANOSECONDS, UTC).strftime(pattern)


def _lstart(row: Row) -> str:
    moment = datetime.fromtimestamp(row.started // NANOSECONDS, UTC)
    return f"{moment:%a %b} {moment.day:>2} {moment:%H:%M:%S %Y}"


def _stat(row: Row) -> str:
    leader = "s" if row.is_leader else ""
    foreground = "+" if row.foreground == row.pgid else ""
    return f"{row.state}{leader}{foreground}"


def user(row: Row) -> str:
    return USERS.get(row.uid, str(row.uid))


def group(row: Row) -> str:
    return GROUPS.get(row.gid, str(row.gid))


def _load(row: Row) -> float:
    return 100 * row.cpu / max(1, row.age)


def _rss(row: Row) -> int:
    return resident_kb(row.process) if row.process else 0


def _vsz(row: Row) -> int:
    return virtual_kb(row.process) if row.process else 0


def _mask(name: str) -> Callable[[Row], str]:
    return lambda row: signal_masks(row.process)[name] if row.process else _MASK


def _cgroup(row: Row) -> str:
    return ",".join(membership(row.process.machine).split()) if row.process else "0::/"


def _exe(row: Row) -> str:
    return row.process.exe if row.process else "-"


def _always(text: str) -> Callable[[Row], str]:
    return lambda _row: text


def _made(of: Of, title: str, names: str, show: Callable[[Row], str]) -> dict[str, Column]:
    return {name: Column(title, show, of) for name in names.split()}


def _constant(of: Of, text: str, titles: dict[str, str]) -> dict[str, Column]:
    return {name: Column(title, _always(text), of) for name, title in titles.items()}


def _same(of: Of, show: Callable[[Row], str], names: str) -> dict[str, Column]:
    """Columns whose titles are their names in capitals."""
    return {name: Column(name.upper(), show, of) for name in names.split()}


P, T, B = Of.PROCESS, Of.THREAD, Of.BOTH
COMMANDS: dict[str, Column] = {
    name: Column(title, show, P, is_command=True)
    for name, title, show in (
        ("args", "COMMAND", lambda row: row.args),
        ("command", "COMMAND", lambda row: row.args),
        ("cmd", "CMD", lambda row: row.args),
        ("comm", "COMMAND", lambda row: row.name),
        ("fname", "COMMAND", lambda row: row.name[:8]),
        ("ucmd", "CMD", lambda row: row.name),
        ("ucomm", "COMMAND", lambda row: row.name),
    )
}
COLUMNS: dict[str, Column] = {
    **COMMANDS,
    **_same(P, lambda row: str(row.pid), "pid tgid"),
    **_same(T, lambda row: str(row.pid), "tid spid lwp"),
    **_same(P, lambda row: str(row.ppid), "ppid"),
    **_same(P, lambda row: str(row.pgid), "pgid pgrp"),
    **_same(P, lambda row: str(row.sid), "sid sess"),
    **_made(P, "SESS", "session", lambda row: str(row.sid)),
    **_same(P, lambda row: str(row.foreground), "tpgid"),
    **_same(B, user, "euser ruser suser fsuser fuser svuser user"),
    **_made(B, "USER", "uname", user),
    **_made(B, "UID", "uid_hack", user),
    **_same(B, lambda row: str(row.uid), "uid euid ruid suid fsuid fuid svuid"),
    **_same(B, group, "group egroup rgroup sgroup fsgroup fgroup svgroup supgrp"),
    **_same(B, lambda row: str(row.gid), "gid egid rgid sgid fsgid fgid svgid supgid"),
    **_made(B, "C", "c util", lambda row: str(int(_load(row)))),
    **_made(T, "C", "lastcpu", _always("0")),
    **_made(B, "%CPU", "pcpu %cpu", lambda row: f"{_load(row):.1f}"),
    **_made(B, "%CUC", "cuc", lambda row: f"{_load(row):.3f}"),
    **_made(B, "%CUU", "cuu", lambda row: f"{_load(row):.3f}"),
    **_made(B, "CP", "cp", lambda row: str(int(_load(row) * 10))),
    **_made(P, "%MEM", "pmem %mem", _always("0.0")),
    **_made(P, "VSZ", "vsz vsize", lambda row: str(_vsz(row))),
    **_made(P, "RSS", "rss rssize sgi_rss", lambda row: str(_rss(row))),
    **_made(P, "RSZ", "rsz", lambda row: str(_rss(row))),
    **_made(P, "SZ", "sz", lambda row: str(_vsz(row) // PAGE_KIB)),
    **_made(P, "SIZE", "size", lambda row: str(_vsz(row) - PROGRAM_SIZE_KB)),
    **_made(P, "SIZE", "m_size", lambda row: str(_vsz(row) << 10)),
    **_made(P, "DRS", "drs m_drs", lambda row: str(_vsz(row) - PROGRAM_SIZE_KB)),
    **_same(P, lambda row: str(_vsz(row) - PROGRAM_SIZE_KB), "dsiz"),
    **_made(P, "TRS", "trs m_trs", _always(str(PROGRAM_SIZE_KB))),
    **_same(P, _always(str(PROGRAM_SIZE_KB)), "trss tsiz"),
    **_same(P, lambda row: str(_rss(row)), "pss uss"),
    **_made(P, "TTY", "tname tty4 tty8 longtname", lambda row: row.tty),
    **_made(P, "TT", "tt tty", lambda row: row.tty),
    **_made(T, "STAT", "stat", _stat),
    **_made(T, "S", "s state", lambda row: row.state),
    **_made(B, "STARTED", "start", _started("%H:%M:%S")),
    **_made(B, "STARTED", "lstart", _lstart),
    **_made(B, "START", "start_time bsdstart", _started("%H:%M")),
    **_made(B, "STIME", "stime", _started("%H:%M")),
    **_made(B, "TIME", "time cputime atime", lambda row: clock(row.cpu)),
    **_made(B, "TIME", "bsdtime", lambda row: clock(row.cpu, hours=False)),
    **_made(B, "TIME", "times cputimes", lambda row: str(int(row.cpu))),
    **_made(B, "ELAPSED", "etime", _elapsed),
    **_made(B, "ELAPSED", "etimes", lambda row: str(row.age)),
    **_made(T, "NI", "ni nice", _always("0")),
    **_constant(T, "19", {"pri": "PRI"}),
    **_constant(T, "80", {"opri": "PRI", "intpri": "PRI"}),
    **_constant(T, "20", {"priority": "PRI"}),
    **_constant(T, "TS", {"cls": "CLS", "class": "CLS", "policy": "POL"}),
    **_constant(T, "0", {"psr": "PSR", "cpuid": "CPUID", "sched": "SCH", "oomadj": "OOMADJ"}),
    **_constant(T, "0", {"pri_foo": "FOO", "pri_bar": "BAR", "pri_baz": "BAZ", "pri_api": "API"}),
    **_constant(T, "0", {name: name.upper() for name in ("rbytes", "rchars", "rops")}),
    **_constant(T, "0", {name: name.upper() for name in ("wbytes", "wcbytes", "wchars", "wops")}),
    **_constant(T, "666", {"oom": "OOM"}),
    **_constant(T, "*", {"sgi_p": "P"}),
    **_constant(T, "-", {"rtprio": "RTPRIO"}),
    **_constant(B, "4", {"f": "F", "flag": "F", "flags": "F"}),
    **_constant(P, "1", {"nlwp": "NLWP", "thcount": "THCNT"}),
    **_constant(B, "0", {"maj_flt": "MAJFL", "majflt": "MAJFLT", "pagein": "PAGEIN"}),
    **_constant(B, "0", {"min_flt": "MINFL", "minflt": "MINFLT", "numa": "NUMA"}),
    **_constant(B, "0", {"ag_id": "AGID", "ag_nice": "AGNI"}),
    **_constant(B, "-", {"wchan": "WCHAN", "wname": "WCHAN", "tmout": "TMOUT", "alarm": "ALARM"}),
    **_constant(B, "-", {"label": "LABEL", "context": "CONTEXT", "lim": "LIM", "addr": "ADDR"}),
    **_constant(
        B, "-", {name: name.upper() for name in ("luid", "lxc", "machine", "seat", "unit")}
    ),
    **_constant(B, "-", {"lsession": "SESSION", "ouid": "OWNER", "uunit": "UUNIT", "zone": "ZONE"}),
    **_constant(B, "-.slice", {"slice": "SLICE"}),
    **_constant(B, "4026531834", {"timens": "TIMENS"}),
    **_constant(B, "4026531835", {"cgroupns": "CGROUPNS"}),
    **_constant(B, "4026531837", {"userns": "USERNS"}),
    **_constant(B, "4026532253", {"mntns": "MNTNS"}),
    **_constant(B, "4026532254", {"utsns": "UTSNS"}),
    **_constant(B, "4026532255", {"ipcns": "IPCNS"}),
    **_constant(B, "4026532256", {"pidns": "PIDNS"}),
    **_constant(B, "4026532257", {"netns": "NETNS"}),
    **_constant(T, _MASK, {"esp": "ESP", "eip": "EIP"}),
    **_constant(T, "00007ffd1d5e1f00", {"stackp": "STACKP", "start_stack": "STACKP"}),
    **_made(B, "PENDING", "pending sig tsig", _mask("ShdPnd")),
    **_made(B, "SIGNAL", "sig_pend", _mask("ShdPnd")),
    **_made(T, "BLOCKED", "blocked sig_block sigmask", _mask("SigBlk")),
    **_made(T, "IGNORED", "ignored sig_ignore sigignore", _mask("SigIgn")),
    **_made(T, "CAUGHT", "caught sigcatch", _mask("SigCgt")),
    **_made(T, "CATCHED", "sig_catch", _mask("SigCgt")),
    **_same(P, _cgroup, "cgroup cgname"),
    **_same(P, _exe, "exe"),
}
AIX = {
    "C": "%cpu", "G": "group", "P": "ppid", "U": "user", "a": "args", "c": "comm", "g": "rgroup",
    "n": "nice", "p": "pid", "r": "pgid", "t": "etime", "u": "ruser", "x": "time", "y": "tty", "z": "vsz",
}  # fmt: skip
"""What `%C` and its like mean in a format."""
NOT_IN_FORMATS = frozenset({"addr", "tmout", "alarm"})
"""Columns of the fixed layouts that have no name."""
