"""Long-running odds and ends (crond, syslogd), and tools that only have to run their program or say a line."""

import os

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.tools.kit import Failure, missing_operand, read_all, reason, tool
from daemon.programs.tools.options import Options
from daemon.programs.tools.system_identity import run_instead


@tool(
    "[OPTIONS]",
    "fbSL:c:l:d:nKO:s:Ci:R:D",
    about="Run in the foreground with -f or -n until told to stop",
    long="foreground=f",
)
async def idle_daemon(proc: Process, options: Options) -> int:
    """crond, syslogd and klogd: in the background they are gone from the container's point of view at once."""
    foreground = "f" in options or "n" in options or "d" in options
    if not foreground:
        return 0
    ended: list[int] = []
    for signum in (Signal.SIGTERM, Signal.SIGINT):
        proc.on_signal(signum, ended.append, restart=False)
    while not ended:
        await proc.pause()
    return 0


@tool(
    "[-ap] [MASK] [PID | PROG ARGS]",
    "apc",
    about="Set or get CPU affinity",
    stop_at_operand=True,
    package="util-linux 2.38.1)",
)
async def taskset(proc: Process, options: Options) -> int:
    if len(options.args) < 2:
        if not options.args:
            raise missing_operand(proc)
        mask = (1 << proc.machine.host.cpus) - 1
        await proc.out(f"pid {options.args[0]}'s current affinity mask: {mask:x}\n")
        return 0
    return await run_instead(proc, options.args[1:])


@tool("PROG ARGS", "", about="Run PROG", stop_at_operand=True)
async def run_program(proc: Process, options: Options) -> int:
    """linux32, linux64, setarch: a personality that nothing here can tell apart."""
    words = options.args[1:] if os.path.basename(proc.argv[0]) == "setarch" else options.args
    return await run_instead(proc, words or ["/bin/sh"])


async def nologin(proc: Process) -> int:
    await proc.out("This account is currently not available.\n")
    return 1


async def dnsdomainname(proc: Process) -> int:
    domain = proc.machine.domainname or proc.machine.hostname.partition(".")[2]
    await proc.out(f"{domain}\n" if domain else "")
    return 0


async def service(proc: Process) -> int:
    """`service NAME ACTION` runs the script in /etc/init.d."""
    if len(proc.argv) < 3:
        await proc.err(
            f"Usage: {proc.argv[0]} < option > | --status-all | [ service_name [ command | --full-restart ] ]\n"
        )
        return 1
    script = f"/etc/init.d/{proc.argv[1]}"
    if not proc.machine.fs.exists(script):
        await proc.err(f"{proc.argv[1]}: unrecognized service\n")
        return 1
    return await run_instead(proc, [script, *proc.argv[2:]])


async def locale(proc: Process) -> int:
    if proc.argv[1:] == ["-a"]:
        await proc.out("C\nC.utf8\nPOSIX\n")
        return 0
    lang = proc.env.get("LANG", "")
    shown = proc.env.get("LC_ALL") or lang or "POSIX"
    names = "CTYPE NUMERIC TIME COLLATE MONETARY MESSAGES PAPER NAME ADDRESS TELEPHONE MEASUREMENT IDENTIFICATION"
    rows = "".join(f'LC_{name}="{shown}"\n' for name in names.split())
    await proc.out(f"LANG={lang}\nLANGUAGE=\n{rows}LC_ALL={proc.env.get('LC_ALL', '')}\n")
    return 0


@tool("PID...", "", about="Show current directory for PIDs")
async def pwdx(proc: Process, options: Options) -> int:
    for word in options.args:
        process = proc.machine.processes.get(int(word)) if word.isdigit() else None
        if process is None:
            raise Failure(f"{word}: No such process")
        await proc.out(f"{word}: {process.cwd}\n")
    return 0


async def lsmod(proc: Process) -> int:
    try:
        await proc.out("Module                  Size  Used by\n")
        for line in (await read_all(proc, "/proc/modules")).decode().splitlines():
            name, size, used, by = (*line.split(), "", "", "", "")[:4]
            await proc.out(f"{name:<23} {size} {used} {by.strip(',-')}\n")
    except OSError as error:
        await proc.err(f"lsmod: /proc/modules: {reason(error)}\n")
        return 1
    return 0


async def whereis(proc: Process) -> int:
    for name in proc.argv[1:]:
        folders = ("/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/etc", "/usr/lib")
        found = [
            f"{folder}/{name}" for folder in folders if proc.machine.fs.exists(f"{folder}/{name}")
        ]
        await proc.out(f"{name}:{''.join(f' {path}' for path in found)}\n")
    return 0


async def mcookie(proc: Process) -> int:
    await proc.out(f"{proc.machine.ids.hex(32)}\n")
    return 0
