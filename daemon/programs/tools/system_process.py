"""Processes looked at and signalled: ps, pidof, pgrep, pkill, killall, kill, nice, renice, lsof."""

import os
import re
from collections.abc import Callable

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    columns_of,
    complain,
    either,
    is_gnu,
    missing_operand,
    reason,
    tool,
)
from daemon.programs.tools.options import Options
from daemon.programs.tools.system_identity import run_instead


def living(proc: Process) -> list[Process]:
    """Everybody, zombies included, by pid."""
    return [proc.machine.processes[pid] for pid in sorted(proc.machine.processes)]


def command_line(process: Process) -> str:
    """The words, or the name in brackets for a process without any (a zombie)."""
    if process.status is not None or not process.argv:
        return f"[{process.name}]"
    text = " ".join(process.argv)
    base = os.path.basename(process.argv[0]).lstrip("-")
    return text if base.startswith(process.name[:15]) else f"{{{process.name}}} {text}"


def gnu_command_line(process: Process) -> str:
    if process.status is not None:
        return f"[{process.name}] <defunct>"
    return " ".join(process.argv) or f"[{process.name}]"


def _size_kib(process: Process) -> int:
    return 1024 + process.memory // 1024


def _cpu_time(process: Process) -> str:
    used = int(process.cpu_seconds)
    return f"{used // 3600:02d}:{used // 60 % 60:02d}:{used % 60:02d}"


def terminal_name(process: Process) -> str:
    return process.terminal.name.removeprefix("/dev/") if process.terminal else "?"


def _elapsed(process: Process) -> str:
    up = int(process.machine.clock.monotonic() - process.started_at)
    hours = f"{up // 3600:02d}:" if up >= 3600 else ""
    return f"{hours}{up // 60 % 60:02d}:{up % 60:02d}"


def _start_time(process: Process) -> str:
    clock = process.machine.clock
    age = int((clock.monotonic() - process.started_at) * dates.NS)
    return dates.strftime("%H:%M", dates.from_ns(clock.now() - age))


def _state(process: Process) -> str:
    leader = "s" if process.sid == process.pid else ""
    terminal = process.terminal
    front = "+" if terminal and terminal.foreground == process.pgid else ""
    return process.state + leader + front


Field = Callable[[Process, Names], str]
_COLUMNS: dict[str, tuple[str, int, Field]] = {
    "pid": ("PID", 7, lambda p, n: str(p.pid)),
    "ppid": ("PPID", 7, lambda p, n: str(p.ppid)),
    "pgid": ("PGID", 7, lambda p, n: str(p.pgid)),
    "sid": ("SID", 7, lambda p, n: str(p.sid)),
    "user": ("USER", -8, lambda p, n: n.user(p.cred.uid)),
    "uid": ("UID", 5, lambda p, n: str(p.cred.uid)),
    "group": ("GROUP", -8, lambda p, n: n.group(p.cred.gid)),
    "gid": ("GID", 5, lambda p, n: str(p.cred.gid)),
    "comm": ("COMMAND", -15, lambda p, n: p.name),
    "args": ("COMMAND", -27, lambda p, n: gnu_command_line(p)),
    "time": ("TIME", 8, lambda p, n: _cpu_time(p)),
    "bsdtime": (
        "TIME",
        6,
        lambda p, n: f"{int(p.cpu_seconds) // 60}:{int(p.cpu_seconds) % 60:02d}",
    ),
    "etime": ("ELAPSED", 11, lambda p, n: _elapsed(p)),
    "tty": ("TTY", -8, lambda p, n: terminal_name(p)),
    "stat": ("STAT", -4, lambda p, n: _state(p)),
    "s": ("S", -1, lambda p, n: p.state),
    "vsz": ("VSZ", 6, lambda p, n: str(_size_kib(p) * 3)),
    "rss": ("RSS", 5, lambda p, n: str(_size_kib(p))),
    "pcpu": ("%CPU", 4, lambda p, n: "0.0"),
    "pmem": ("%MEM", 4, lambda p, n: "0.0"),
    "nice": ("NI", 3, lambda p, n: "0"),
    "stime": ("STIME", 5, lambda p, n: _start_time(p)),
    "c": ("C", 2, lambda p, n: "0"),
    "start": ("START", 5, lambda p, n: _start_time(p)),
}
_ALIASES = {
    "cmd": "args",
    "command": "args",
    "ucmd": "comm",
    "tt": "tty",
    "tname": "tty",
    "state": "s",
    "%cpu": "pcpu",
    "%mem": "pmem",
    "vsize": "vsz",
    "rssize": "rss",
    "ruser": "user",
    "euser": "user",
    "ni": "nice",
    "cputime": "time",
    "sess": "sid",
    "pgrp": "pgid",
}
_BSD_USER = "user,pid,pcpu,pmem,vsz,rss,tty,stat,start,bsdtime,args"


async def ps(proc: Process) -> int:
    return await (_gnu_ps(proc) if is_gnu(proc) else _busybox_ps(proc))


@tool("[-o COL1,COL2=HEADER] [-T]", "o:T", about="Show list of processes", gnu="aelfw")
async def _busybox_ps(proc: Process, options: Options) -> int:
    names = Names(proc)
    if "o" in options:
        columns = _parse_columns(proc, ",".join(options.values("o")), busybox=True)
        await proc.out(_table(living(proc), columns, names))
        return 0
    width = columns_of(proc) if proc.isatty(1) else 1024
    lines = ["PID   USER     TIME  COMMAND"]
    for process in living(proc):
        used = int(process.cpu_seconds)
        who = names.user(process.cred.uid)[:8]
        time = f"{used // 60:3d}:{used % 60:02d}"
        lines.append(f"{process.pid:5d} {who:<8} {time} {command_line(process)}")
    await proc.out("".join(f"{line[:width]}\n" for line in lines))
    return 0


@tool(
    "[options]",
    raw=True,
    about="Report a snapshot of the current processes",
    package="from procps-ng 4.0.2",
)
async def _gnu_ps(proc: Process, options: Options) -> int:
    asked = _PsRequest(proc)
    for word in proc.argv[1:]:
        asked.word(word)
    names = Names(proc)
    rows = [process for process in living(proc) if asked.wants(process)]
    columns = _parse_columns(proc, asked.columns or "pid,tty,time,comm=CMD", busybox=False)
    text = _table(rows, columns, names, headers=asked.headers)
    width = columns_of(proc) if proc.isatty(1) and not asked.wide else 0
    if width:
        text = "".join(f"{line[:width]}\n" for line in text.splitlines())
    await proc.out(text)
    return 0 if rows else 1


class _PsRequest:
    """procps' options, BSD's (`aux`) and UNIX's (`-ef`)."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        self.everyone = False
        self.columns = ""
        self.pids: set[int] | None = None
        self.users: set[str] | None = None
        self.commands: set[str] | None = None
        self.wide = False
        self.headers = True
        self._expects = ""

    def word(self, word: str) -> None:
        if self._expects:
            option, self._expects = self._expects, ""
            self._value(option, word)
        elif word.startswith("--"):
            name, _, value = word[2:].partition("=")
            self._long(name, value)
        elif word.startswith("-"):
            self._unix(word[1:])
        elif word[:1].isdigit():
            self._value("p", word)
        else:
            self._bsd(word)

    def _long(self, name: str, value: str) -> None:
        if name in ("pid", "ppid", "format", "user"):
            self._value({"pid": "p", "format": "o", "user": "u", "ppid": "ppid"}[name], value)
        elif name in ("no-headers", "no-heading"):
            self.headers = False

    def _unix(self, letters: str) -> None:
        for index, letter in enumerate(letters):
            if letter in "opuUCt":
                rest = letters[index + 1 :]
                if rest:
                    self._value(letter, rest)
                else:
                    self._expects = letter
                return
            if letter in "eA":
                self.everyone = True
            elif letter == "f":
                self.columns = "user=UID,pid,ppid,c,stime,tty,time,args=CMD"
            elif letter == "w":
                self.wide = True

    def _bsd(self, letters: str) -> None:
        for letter in letters:
            if letter in "ax":
                self.everyone = True
            elif letter == "u":
                self.columns = _BSD_USER
            elif letter == "w":
                self.wide = True
            elif letter == "o":
                self._expects = "o"

    def _value(self, option: str, value: str) -> None:
        if option == "o":
            self.columns = f"{self.columns},{value}" if self.columns and "=" not in value else value
        elif option == "p":
            self.pids = {int(word) for word in re.split(r"[, ]+", value) if word.isdigit()}
        elif option in ("u", "U"):
            self.users = set(value.split(","))
        elif option == "C":
            self.commands = set(value.split(","))

    def wants(self, process: Process) -> bool:
        if self.pids is not None:
            return process.pid in self.pids
        if self.users is not None:
            return (
                Names(self.proc).user(process.cred.uid) in self.users
                or str(process.cred.uid) in self.users
            )
        if self.commands is not None:
            return process.name in self.commands
        if self.everyone:
            return True
        mine = process.cred.uid == self.proc.cred.uid
        return mine and process.terminal is self.proc.terminal


def _parse_columns(proc: Process, text: str, *, busybox: bool) -> list[tuple[str, int, Field]]:
    columns = []
    for word in text.split(","):
        name, equals, title = word.partition("=")
        name = _ALIASES.get(name.strip(), name.strip())
        if name not in _COLUMNS:
            if busybox:
                listed = ",".join(sorted(_COLUMNS))
                raise Failure(f"bad -o argument '{name}', supported arguments: {listed}")
            raise UsageError(f'error: unknown user-defined format specifier "{name}"')
        default, width, field = _COLUMNS[name]
        columns.append((title if equals else default, width, field))
    return columns


def _table(
    rows: list[Process],
    columns: list[tuple[str, int, Field]],
    names: Names,
    *,
    headers: bool = True,
) -> str:
    shown = headers and any(title for title, _, _ in columns)
    table = [[title for title, _, _ in columns]] if shown else []
    table += [[field(process, names) for _, _, field in columns] for process in rows]
    lines = []
    for row in table:
        cells = []
        for index, ((_, width, _), text) in enumerate(zip(columns, row, strict=True)):
            last = index == len(columns) - 1
            if width < 0:
                cells.append(text if last else text.ljust(-width))
            else:
                cells.append(text.rjust(width))
        lines.append(" ".join(cells).rstrip() + "\n")
    return "".join(lines)


def signal_number(text: str) -> int | None:
    """A signal by number or name, with or without SIG."""
    if text.isdigit():
        return int(text) if int(text) <= 64 else None
    name = text.upper().removeprefix("SIG")
    return next(
        (sig.value for sig in Signal if sig.name == f"SIG{name}"), 0 if name == "EXIT" else None
    )


def _named(process: Process, name: str) -> bool:
    if process.status is not None:
        return False
    base = os.path.basename(process.argv[0]).lstrip("-") if process.argv else ""
    return name in (process.name, base, process.exe, process.argv[0] if process.argv else "")


@tool(
    "[-s] [-o PID] [NAME]...",
    "so:",
    about="List PIDs of all processes with names that match NAMEs",
    gnu="cnqwxS:",
    package="sysvinit-tools 3.06)",
)
async def pidof(proc: Process, options: Options) -> int:
    omitted = {
        str(proc.ppid) if word == "%PPID" else word
        for value in options.values("o")
        for word in value.split(",")
    }
    found = [
        str(process.pid)
        for process in reversed(living(proc))
        if process.pid != proc.pid and any(_named(process, name) for name in options.args)
    ]
    found = [pid for pid in found if pid not in omitted]
    if "s" in options:
        found = found[:1]
    if not found:
        return 1
    await proc.out(" ".join(found) + "\n")
    return 0


def _signal_word(proc: Process, default: int = Signal.SIGTERM) -> tuple[int, list[str]]:
    """`-9`, `-KILL`, `-s KILL` taken out of the command line."""
    words = proc.argv[1:]
    rest = []
    number = default
    for index, word in enumerate(words):
        name = word[1:]
        if word == "-s" and index + 1 < len(words):
            name = words[index + 1]
            words[index + 1] = ""
        elif (
            not word.startswith("-")
            or word == "--"
            or not re.fullmatch(r"[A-Z][A-Z0-9+-]*|\d+|SIG\w+", name)
        ):
            if word:
                rest.append(word)
            continue
        found = signal_number(name)
        if found is None:
            raise Failure(
                either(proc, f"unrecognized signal `{name}'", f"bad signal name '{name}'")
            )
        number = found
    return number, rest


async def killall(proc: Process) -> int:
    return await _killall(proc)


@tool(
    "[-lq] [-SIG] NAME...",
    raw=True,
    about="Send a signal (default: TERM) to processes",
    package="psmisc 23.6)",
)
async def _killall(proc: Process, options: Options) -> int:
    number, words = _signal_word(proc)
    quiet = any(word in ("-q", "--quiet") for word in words)
    names = [word for word in words if not word.startswith("-")]
    if not names:
        raise missing_operand(proc)
    code = 0
    for name in names:
        targets = [p for p in living(proc) if p.pid != proc.pid and _named(p, name)]
        for target in targets:
            await _send(proc, target.pid, number)
        if not targets:
            code = 1
            if not quiet:
                text = f"{name}: no process {'found' if is_gnu(proc) else 'killed'}"
                await (proc.err(f"{text}\n") if is_gnu(proc) else complain(proc, text))
    return code


async def _send(proc: Process, pid: int, number: int) -> bool:
    try:
        proc.kill(pid, number)
    except OSError as error:
        text = either(proc, f"({pid})", f"can't kill pid {pid}")
        await complain(proc, f"{text}: {reason(error)}")
        return False
    return True


class _Selection:
    """What pgrep and pkill look for."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.pattern = re.compile(options.args[0]) if options.args else None
        self.names = Names(proc)

    def matches(self, process: Process) -> bool:
        options = self.options
        if process.pid == self.proc.pid or process.status is not None:
            return False
        text = " ".join(process.argv) if "f" in options else process.name
        hit = True
        if self.pattern is not None:
            hit = bool(
                self.pattern.fullmatch(text) if "x" in options else self.pattern.search(text)
            )
        if "P" in options:
            hit = hit and str(process.ppid) in options.value("P").split(",")
        for key in ("u", "U"):
            if key in options:
                users = options.value(key).split(",")
                hit = hit and (
                    self.names.user(process.cred.uid) in users or str(process.cred.uid) in users
                )
        return hit != ("v" in options)

    def found(self) -> list[Process]:
        rows = [process for process in living(self.proc) if self.matches(process)]
        if "n" in self.options:
            return rows[-1:]
        return rows[:1] if "o" in self.options else rows


_SELECT = "flnovxs:P:u:U:t:g:c"


@tool(
    "[-flnovx] [-s SID|-P PPID|PATTERN]",
    _SELECT,
    about="Display process(es) selected by regex PATTERN",
    gnu="ad:iwF:",
    long="full=f exact=x newest=n oldest=o inverse=v count=c list-name=l list-full=a parent:=P euid:=u delimiter:=d",
    trouble=(2, 1),
    package="procps-ng 4.0.2)",
)
async def pgrep(proc: Process, options: Options) -> int:
    if not options.args and not any(key in options for key in "PuUs"):
        raise UsageError("no matching criteria specified" if is_gnu(proc) else "")
    rows = _Selection(proc, options).found()
    if "c" in options:
        await proc.out(f"{len(rows)}\n")
        return 0 if rows else 1
    lines = []
    for process in rows:
        long = "a" in options or ("l" in options and "f" in options)
        tail = (
            " " + " ".join(process.argv) if long else f" {process.name}" if "l" in options else ""
        )
        lines.append(f"{process.pid}{tail}")
    if lines:
        await proc.out(options.value("d", "\n").join(lines) + "\n")
    return 0 if rows else 1


async def pkill(proc: Process) -> int:
    try:
        number, words = _signal_word(proc)
    except Failure as failure:
        await complain(proc, failure.text)
        return 1
    proc.argv = [proc.argv[0], *words]
    return await _pkill_with(proc, number)


async def _pkill_with(proc: Process, number: int) -> int:
    @tool(
        "[-l|-SIGNAL] [-xfvno] PATTERN",
        _SELECT,
        about="Send signal to processes selected by regex PATTERN",
        gnu="eaiw",
        long="full=f exact=x newest=n oldest=o inverse=v parent:=P euid:=u echo=e",
        trouble=(2, 1),
    )
    async def body(proc: Process, options: Options) -> int:
        if not options.args and not any(key in options for key in "PuUs"):
            raise UsageError("no matching criteria specified" if is_gnu(proc) else "")
        rows = _Selection(proc, options).found()
        sent = [await _send(proc, process.pid, number) for process in rows]
        return 0 if any(sent) else 1

    return await body(proc)


@tool(
    "[-n ADJUST] [PROG ARGS]",
    "n:",
    about="Run PROG with modified scheduling priority",
    long="adjustment:=n",
    stop_at_operand=True,
    trouble=(125, 1),
)
async def nice(proc: Process, options: Options) -> int:
    if not options.args:
        await proc.out("0\n")
        return 0
    return await run_instead(proc, options.args)


@tool(
    "[-n] PRIORITY [[-p|g|u] ID...]...",
    raw=True,
    about="Change scheduling priority of running processes",
)
async def renice(proc: Process, options: Options) -> int:
    if len(options.args) < 2:
        raise missing_operand(proc)
    return 0


@tool("", "p:", about="List all open files")
async def lsof(proc: Process, options: Options) -> int:
    wanted = set(options.value("p").split(",")) if "p" in options else None
    lines = []
    for process in living(proc):
        if wanted is not None and str(process.pid) not in wanted:
            continue
        for fd, description in sorted(process.fds.items()):
            lines.append(f"{process.pid}\t{process.exe}\t{fd}\t{description.path}\n")
    await proc.out("".join(lines))
    return 0
