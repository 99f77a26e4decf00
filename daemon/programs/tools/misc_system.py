"""Smaller system tools: dmesg, flock, getopt, run-parts, start-stop-daemon, stdbuf, sysctl, who, unshare and others."""

import os
import re
from fnmatch import fnmatchcase

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ExitStatus
from daemon.programs.tools import dates
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    columns_of,
    complain,
    either,
    is_gnu,
    lines_of,
    missing_operand,
    name_of,
    opened,
    read_all,
    reason,
    tool,
)
from daemon.programs.tools.mounts import mount_rows
from daemon.programs.tools.options import OptionError, Options, Parser
from daemon.programs.tools.privileges import become, identity
from daemon.programs.tools.system_identity import run_instead
from daemon.programs.tools.system_process import living, signal_number

_UTIL_LINUX = "util-linux 2.38.1)"


@tool(
    "[-cr] [-n LEVEL] [-s SIZE]",
    "crn:s:",
    about="Print or control the kernel ring buffer",
    gnu="TtHwxdDeEfklLpPS",
    long="human=H follow=w ctime=T clear=C",
    package=_UTIL_LINUX,
)
async def dmesg(proc: Process, options: Options) -> int:
    # A container has no CAP_SYSLOG, and the hosts that Docker runs on restrict the buffer.
    text = "read kernel buffer failed: Operation not permitted"
    raise Failure(either(proc, text, "klogctl: Operation not permitted"))


@tool(
    "[-sxun] FD|{FILE [-c] PROG ARGS}",
    "sxunc:ew:E:oF",
    about="Run PROG with a lock on FILE",
    long="shared=s exclusive=x unlock=u nonblock=n nb=n timeout:=w wait:=w command:=c close=o no-fork=F conflict-exit-code:=E",
    busybox_long="shared=s exclusive=x unlock=u nonblock=n",
    stop_at_operand=True,
    package=_UTIL_LINUX,
)
async def flock(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    words = options.args[1:]
    if options.args[0].isdigit() and not words and "c" not in options:
        return 0
    async with opened(proc, options.args[0], os.O_RDONLY | os.O_CREAT, 0o666):
        command = ["/bin/sh", "-c", options.value("c")] if "c" in options else words
        if command[:1] == ["-c"]:
            command = ["/bin/sh", *command]
        if not command:
            return 0
        try:
            child = await proc.spawn(command)
        except OSError as error:
            raise Failure(f"failed to execute {command[0]}: {reason(error)}", 69) from error
        _, status = await proc.wait(child.pid)
    return status.shell_code if isinstance(status, ExitStatus) else 0


async def getopt(proc: Process) -> int:
    """getopt(1): the shell's words, normalized and quoted."""
    words = proc.argv[1:]
    if words == ["-T"] or words == ["--test"]:
        return 4
    own = Parser(
        "ao:l:n:qQs:uT",
        "options:=o longoptions:=l long:=l name:=n quiet=q unquoted=u shell:=s alternative=a",
        stop_at_operand=True,
    )
    try:
        options = own.parse(words)
    except OptionError as error:
        await complain(proc, error.text)
        return 2
    rest = options.args
    short = options.value("o") if "o" in options else (rest.pop(0) if rest else "")
    longs = [name for value in options.values("l") for name in value.split(",") if name]
    table = " ".join(
        f"{name.rstrip(':')}{'?' if name.endswith('::') else ':' if name.endswith(':') else ''}=--{name.rstrip(':')}"
        for name in longs
    )
    parser = Parser(short.lstrip("+-"), table, stop_at_operand=short.startswith("+"))
    name = options.value("n", os.path.basename(proc.argv[0]))
    try:
        found = parser.parse(rest)
    except OptionError as error:
        if "q" not in options:
            await proc.err(f"{name}: {error.text}\n")
        await proc.out(" --\n")
        return 1
    quote = _quoted if "o" in options and "u" not in options else str
    parts = []
    for key, value in found.given:
        parts.append(key if key.startswith("--") else f"-{key}")
        takes = key.startswith("--") and any(n.startswith(key[2:] + ":") for n in longs)
        if value is not None or takes or (not key.startswith("--") and parser.short.get(key)):
            parts.append(quote(value or ""))
    await proc.out(" " + " ".join([*parts, "--", *map(quote, found.args)]) + "\n")
    return 0


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@tool(
    "[-a ARG]... [-u UMASK] [--test] DIRECTORY",
    "a:u:vt",
    about="Run a bunch of scripts in DIRECTORY",
    long="arg:=a umask:=u test=test list=list verbose=v report=report regex:=regex exit-on-error=stop lsbsysinit reverse new-session",
    busybox_long="arg:=a umask:=u test=test exit-on-error=stop",
    package="Debian run-parts program, version 5.7",
)
async def run_parts(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    folder = options.args[0]
    try:
        names = sorted(proc.listdir(folder))
    except OSError as error:
        raise Failure(
            f"failed to open directory {folder}: {reason(error)}"
            if is_gnu(proc)
            else f"{folder}: {reason(error)}"
        ) from error
    pattern = re.compile(options.value("regex") or r"[a-zA-Z0-9_-]+")
    code = 0
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        if not pattern.fullmatch(name) or not proc.access(path, os.X_OK):
            continue
        if "test" in options or "list" in options:
            await proc.out(path + "\n")
            continue
        child = await proc.spawn([path, *options.values("a")])
        _, status = await proc.wait(child.pid)
        if isinstance(status, ExitStatus) and status.shell_code:
            code = 1
            await complain(
                proc,
                f"{path} exited with return code {status.shell_code}"
                if is_gnu(proc)
                else f"{path}: exit status {status.shell_code}",
            )
            if "stop" in options:
                break
    return code


_SSD_LONG = "start=S stop=K status=T exec:=x startas:=a name:=n pidfile:=p user:=u chuid:=c signal:=s background=b make-pidfile=m quiet=q oknodo=o chdir:=d nicelevel:=N verbose=v retry:=R remove-pidfile=remove-pidfile umask:=k test=t output:=O pid:=pid group:=g"


@tool(
    "-KS [OPTIONS] [-- ARGS]",
    "KSx:a:n:p:u:c:s:bmqod:N:vR:tTg:k:O:",
    about="Start or stop services",
    long=_SSD_LONG,
    busybox_long=_SSD_LONG,
    package="start-stop-daemon 1.21.22",
)
async def start_stop_daemon(proc: Process, options: Options) -> int:
    if "S" in options:
        return await _start(proc, options)
    if "K" in options:
        return await _stop(proc, options)
    if "T" in options:
        return 0 if _matching(proc, options) else 3
    raise UsageError("need one of --start or --stop" if is_gnu(proc) else "")


def _matching(proc: Process, options: Options) -> list[Process]:
    """The processes meant: by pid file, by executable, by name."""
    rows = [
        process for process in living(proc) if process.status is None and process.pid != proc.pid
    ]
    if "p" in options:
        try:
            text = proc.fs.read_bytes(os.path.join(proc.cwd, options.value("p"))).split()
        except OSError:
            return []
        pid = int(text[0]) if text and text[0].isdigit() else -1
        rows = [process for process in rows if process.pid == pid]
    if "x" in options:
        wanted = options.value("x")
        rows = [p for p in rows if p.exe == wanted or (p.argv and p.argv[0] == wanted)]
    if "n" in options:
        rows = [process for process in rows if process.name == options.value("n")[:15]]
    return rows if any(key in options for key in "pxn") else []


async def _start(proc: Process, options: Options) -> int:
    program = options.value("a") or options.value("x")
    if not program:
        raise UsageError("need at least one of --exec, --startas" if is_gnu(proc) else "")
    if _matching(proc, options):
        if "q" not in options:
            await proc.out(
                f"{program} already running.\n"
                if is_gnu(proc)
                else f"{options.value('x')} is already running\n"
            )
        return 0 if "o" in options else 1
    if "t" in options:
        await proc.out(f"Would start {program} {' '.join(options.args)}.\n")
        return 0
    if "d" in options:
        proc.chdir(options.value("d"))
    words = [program, *options.args]
    cred, home = identity(proc, options.value("c")) if "c" in options else (proc.cred, None)
    if "b" in options:
        proc.cred = cred
        child = await proc.spawn(words, pgid=0)
        if "m" in options and "p" in options:
            await _write_pid(proc, options.value("p"), child.pid)
        return 0
    if "m" in options and "p" in options:
        await _write_pid(proc, options.value("p"), proc.pid)
    return await become(proc, cred, words, home, name_of(proc))


async def _write_pid(proc: Process, path: str, pid: int) -> None:
    async with opened(proc, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) as fd:
        await proc.write(fd, f"{pid}\n".encode())


async def _stop(proc: Process, options: Options) -> int:
    rows = _matching(proc, options)
    if not rows:
        if "q" not in options:
            await proc.out(
                "No process in pidfile found running; none killed.\n"
                if is_gnu(proc)
                else f"no {options.value('x') or options.value('n') or 'process'} found; none killed\n"
            )
        return 0 if "o" in options else 1
    number = signal_number(options.value("s", "TERM")) or int(Signal.SIGTERM)
    for process in rows:
        if "t" not in options:
            process.post(number)
    if "q" not in options:
        await proc.out(
            f"stopped process {rows[0].pid}\n"
            if not is_gnu(proc)
            else f"Stopped {rows[0].name} (pid {rows[0].pid}).\n"
        )
    return 0


@tool(
    "OPTION... COMMAND",
    "i:o:e:",
    about="Run COMMAND with modified buffering",
    long="input:=i output:=o error:=e",
    stop_at_operand=True,
    trouble=(125, 1),
)
async def stdbuf(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    return await run_instead(proc, options.args)


@tool(
    "[OPTIONS] [PROG ARGS]",
    "muinpUCTfrSGR:w:c:",
    about="Run PROG with some namespaces unshared",
    gnu="",
    long="mount=m uts=u ipc=i net=n pid=p user=U fork=f map-root-user=r",
    stop_at_operand=True,
    package=_UTIL_LINUX,
)
async def unshare(proc: Process, options: Options) -> int:
    raise Failure(
        either(
            proc,
            "unshare failed: Operation not permitted",
            "unshare(0x20000): Operation not permitted",
        )
    )


@tool(
    "[-neNqwpaA] [KEY[=VALUE]]...",
    "neNqwpaA",
    about="Show/set kernel parameters",
    long="values=n names=N quiet=q write=w load?=p all=a system=system ignore=e",
    package="procps-ng 4.0.2)",
)
async def sysctl(proc: Process, options: Options) -> int:
    code = 0
    for word in options.args:
        key, equals, value = word.partition("=")
        path = f"/proc/sys/{key.replace('.', '/')}"
        try:
            if equals:
                async with opened(proc, path, os.O_WRONLY) as fd:
                    await proc.write(fd, value.encode())
            else:
                value = (await read_all(proc, path)).decode().strip()
            await proc.out(f"{value}\n" if "n" in options else f"{key} = {value}\n")
        except OSError as error:
            code = 255 if is_gnu(proc) else 1
            why = (
                "No such file or directory"
                if isinstance(error, FileNotFoundError)
                else reason(error)
            )
            what = (
                f"cannot stat {path}"
                if isinstance(error, FileNotFoundError) and is_gnu(proc)
                else f'setting key "{key}"'
                if equals
                else f"error reading key '{key}'"
            )
            await complain(proc, f"{what}: {why}")
    return code


@tool("[-aHqT]", "aHqTmubdlprstw", about="Show who is logged on", long="all=a heading=H count=q")
async def who(proc: Process, options: Options) -> int:
    # Containers keep no utmp: nobody is ever logged on.
    if "H" in options:
        await proc.out(
            "NAME     LINE         TIME             COMMENT\n"
            if is_gnu(proc)
            else "USER\t\tTTY\t\tIDLE\tTIME\t\t HOST\n"
        )
    if "q" in options:
        await proc.out("\n# users=0\n")
    return 0


@tool("", "hsfo", about="Show who is logged on and what they are doing")
async def w(proc: Process, options: Options) -> int:
    now = dates.from_ns(proc.machine.clock.now())
    up = int(proc.machine.clock.monotonic() + proc.machine.host.uptime)
    days = f"{up // 86400} days, " if up >= 86400 else ""
    await proc.out(
        f" {now:%H:%M:%S} up {days}{up // 3600 % 24:2d}:{up // 60 % 60:02d},  0 users,  load average: 0.00, 0.00, 0.00\n"
    )
    await proc.out("USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n")
    return 0


@tool("", "", about="Print the users currently logged on")
async def users(proc: Process, options: Options) -> int:
    await proc.out("\n" if not is_gnu(proc) else "")
    return 0


@tool("[-HW]", "HWn:f:xF", about="Show listing of the last users that logged into the system")
async def last(proc: Process, options: Options) -> int:
    await proc.out("\nwtmp begins Thu Jan  1 00:00:00 1970\n")
    return 0


@tool("", "", about="Print out a unique 32-bit identifier for the machine")
async def hostid(proc: Process, options: Options) -> int:
    await proc.out("007f0100\n" if not is_gnu(proc) else "00000000\n")
    return 0


@tool(
    "[-s] [-t TAG] [-p PRIO] [MESSAGE]",
    "sip:t:f:n:P:T:du:e",
    about="Write MESSAGE (or stdin) to syslog",
    long="tag:=t priority:=p stderr=s id?=i file:=f",
    package=_UTIL_LINUX,
)
async def logger(proc: Process, options: Options) -> int:
    text = " ".join(options.args)
    if "s" in options and text:
        tag = options.value("t", "root")
        await proc.err(f"<13>{tag}: {text}\n" if is_gnu(proc) else f"{tag}: {text}\n")
    return 0


_LIMITS = {
    "PAGE_SIZE": "4096",
    "PAGESIZE": "4096",
    "LONG_BIT": "64",
    "ARG_MAX": "2097152",
    "OPEN_MAX": "1048576",
    "CLK_TCK": "100",
    "NAME_MAX": "255",
    "PATH_MAX": "4096",
}


@tool(
    "[-v SPEC] VAR [PATH]",
    "v:a",
    about="Print system configuration values",
    package="Debian GLIBC 2.36-9+deb12u13) 2.36",
)
async def getconf(proc: Process, options: Options) -> int:
    if not options.args:
        raise Failure("", 2)
    name = options.args[0]
    if name in ("_NPROCESSORS_ONLN", "_NPROCESSORS_CONF"):
        await proc.out(f"{proc.machine.host.cpus}\n")
    elif name == "GNU_LIBC_VERSION" and is_gnu(proc):
        await proc.out("glibc 2.36\n")
    elif name in _LIMITS:
        await proc.out(f"{_LIMITS[name]}\n")
    else:
        await complain(proc, f"Unrecognized variable `{name}'")
        return 2
    return 0


_CAPABILITIES = {
    "clear": "\x1b[H\x1b[2J",
    "bold": "\x1b[1m",
    "sgr0": "\x1b(B\x1b[m",
    "smul": "\x1b[4m",
    "rmul": "\x1b[24m",
    "rev": "\x1b[7m",
    "civis": "\x1b[?25l",
    "cnorm": "\x1b[?25h",
    "el": "\x1b[K",
    "smcup": "\x1b[?1049h",
    "rmcup": "\x1b[?1049l",
}


@tool(
    "[-T TERM] CAPABILITY",
    "T:SVx",
    about="Initialize a terminal or query the terminfo database",
    trouble=(2, 2),
)
async def tput(proc: Process, options: Options) -> int:
    if not options.args:
        raise Failure("", 2)
    name = options.args[0]
    if name in ("cols", "lines"):
        await proc.out(f"{columns_of(proc) if name == 'cols' else lines_of(proc)}\n")
        return 0
    if "TERM" not in proc.env and "T" not in options:
        raise Failure("No value for $TERM and no -T specified", 2)
    if name == "colors":
        await proc.out("256\n" if "256" in proc.env.get("TERM", "") else "8\n")
    elif name in ("setaf", "setab") and len(options.args) > 1:
        await proc.out(f"\x1b[{'3' if name == 'setaf' else '4'}{options.args[1]}m")
    elif name == "cup" and len(options.args) > 2:
        await proc.out(f"\x1b[{int(options.args[1]) + 1};{int(options.args[2]) + 1}H")
    elif name in _CAPABILITIES:
        await proc.out(_CAPABILITIES[name])
    elif name not in ("init", "reset"):
        raise Failure(f"unknown terminfo capability '{name}'", 4)
    return 0


@tool("[-p] [PID|USER]", "pacGhlnsTu", about="Display process tree", package="psmisc 23.6)")
async def pstree(proc: Process, options: Options) -> int:
    rows = {process.pid: process for process in living(proc)}
    start = int(options.args[0]) if options.args and options.args[0].isdigit() else 1

    def label(process: Process) -> str:
        return f"{process.name}({process.pid})" if "p" in options else process.name

    def lines(pid: int) -> list[str]:
        children = [p for p in sorted(rows) if rows[p].ppid == pid]
        own = label(rows[pid])
        if not children:
            return [own]
        out: list[str] = []
        for index, child in enumerate(children):
            single, last = len(children) == 1, index == len(children) - 1
            mark = "---" if single else "-+-" if not index else " `-" if last else " |-"
            head = own if not index else " " * len(own)
            below = "   " if single or last else " | "
            for row, line in enumerate(lines(child)):
                out.append((head + mark if not row else " " * len(own) + below) + line)
        return out

    if start in rows:
        await proc.out("".join(f"{line}\n" for line in lines(start)))
    return 0 if start in rows else 1


@tool(
    "[-o OUTPUT] [NAME]...",
    "o:lnrJPaAbfp:t:",
    about="List namespaces, mounts and devices",
    long="output:=o list=l noheadings=n json=J",
    package=_UTIL_LINUX,
)
async def findmnt(proc: Process, options: Options) -> int:
    rows = mount_rows(proc)
    if options.args:
        rows = [row for row in rows if any(fnmatchcase(row.target, word) for word in options.args)]
    if "n" not in options and rows:
        await proc.out("TARGET SOURCE FSTYPE OPTIONS\n")
    for row in rows:
        await proc.out(f"{row.target} {row.source} {row.fstype} {row.options}\n")
    return 0 if rows else 1


@tool(
    "",
    "e",
    about="List the CPU architecture",
    long="parse?=p extended?=e json=J",
    package=_UTIL_LINUX,
)
async def lscpu(proc: Process, options: Options) -> int:
    host = proc.machine.host
    rows = [
        ("Architecture:", host.machine),
        ("CPU op-mode(s):", "32-bit, 64-bit"),
        ("Byte Order:", "Little Endian"),
        ("CPU(s):", str(host.cpus)),
        ("On-line CPU(s) list:", f"0-{host.cpus - 1}" if host.cpus > 1 else "0"),
    ]
    await proc.out("".join(f"{name:<24}{value}\n" for name, value in rows))
    return 0


async def succeed(proc: Process) -> int:
    """Tools that scripts call for an effect that nothing in a simulated container shows: ldconfig, update-ca-certificates ..."""
    return 0


async def update_ca_certificates(proc: Process) -> int:
    if proc.machine.fs.exists("/etc/alpine-release"):
        return 0
    await proc.out(
        "Updating certificates in /etc/ssl/certs...\n0 added, 0 removed; done.\n"
        "Running hooks in /etc/ca-certificates/update.d...\ndone.\n"
    )
    return 0


async def refuse(proc: Process) -> int:
    """Tools that need the kernel's help that no unprivileged container gets."""
    await complain(proc, "Operation not permitted")
    return 1
