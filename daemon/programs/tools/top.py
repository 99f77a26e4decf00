"""top: processes by load, redrawn; ends at once on SIGTERM, SIGINT and q, even as PID 1."""

from contextlib import suppress
from dataclasses import replace

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import columns_of, complain, is_gnu, lines_of, read_all, tool
from daemon.programs.tools.options import Options
from daemon.programs.tools.system_process import command_line, gnu_command_line, living
from daemon.programs.tools.system_time import duration


@tool(
    "[-bm] [-n COUNT] [-d SECONDS]",
    "bHmn:d:",
    about="Show a view of process activity in real time. Keys: q ^C to exit.",
    gnu="cisSp:u:w:E:1o:",
    package="procps-ng 4.0.2)",
)
async def top(proc: Process, options: Options) -> int:
    batch = "b" in options
    if is_gnu(proc) and not batch and not proc.isatty(0):
        await complain(proc, "failed tty get")
        return 1
    screen = _Screen(proc, options)
    with suppress(_Leave):
        await screen.run(batch)
    return screen.code


class _Leave(Exception):
    """Time to restore the terminal and go."""


class _Screen:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.count = options.number("n", 0)
        self.delay = duration(options.value("d", "3" if is_gnu(proc) else "5")) or 1.0
        self.code = 0
        self.ending = False
        self.last_cpu: dict[int, float] = {}
        self.last_time = proc.machine.clock.monotonic()

    def _end(self, signum: int) -> None:
        self.ending = True
        self.code = 128 + signum

    async def run(self, batch: bool) -> None:
        for signum in (
            Signal.SIGTERM,
            Signal.SIGINT,
            Signal.SIGHUP,
            Signal.SIGQUIT,
            Signal.SIGPIPE,
        ):
            self.proc.on_signal(signum, self._end, restart=False)
        keys = self.proc.terminal if not batch and self.proc.isatty(0) else None
        saved = replace(keys.attributes) if keys else None
        if keys and saved:
            raw = replace(saved)
            raw.icanon = raw.echo = False
            raw.vmin, raw.vtime = 0, 0
            keys.set_attributes(raw)
        try:
            await self._frames(batch)
        finally:
            if keys and saved:
                keys.set_attributes(saved)
                with suppress(OSError):
                    await self.proc.out("\n")

    async def _frames(self, batch: bool) -> None:
        shown = 0
        while not self.ending:
            await self._draw(batch)
            shown += 1
            if self.count and shown >= self.count:
                return
            await self._pause(batch)

    async def _pause(self, batch: bool) -> None:
        """Wait for the next frame, a key or a signal."""
        deadline = self.proc.machine.clock.monotonic() + self.delay
        while not self.ending and self.proc.machine.clock.monotonic() < deadline:
            if batch or not self.proc.isatty(0):
                with suppress(InterruptedError):
                    await self.proc.sleep(deadline - self.proc.machine.clock.monotonic())
                continue
            description = self.proc.description(0)
            key = description.try_read(1)
            if key is None or key == b"":
                with suppress(InterruptedError):
                    await self.proc.wait_on(description.readable, deadline=deadline)
            elif key in b"q\x03":
                self.ending = True
            elif key in b" \r\n":
                return

    async def _draw(self, batch: bool) -> None:
        lines = await (self._gnu_lines() if is_gnu(self.proc) else self._busybox_lines())
        on_terminal = self.proc.isatty(1)
        width = columns_of(self.proc) if on_terminal else 512 if batch else 79
        height = lines_of(self.proc) if on_terminal else 1 << 16
        lines = [line[:width] for line in lines][: height - 1 if not batch else None]
        if batch or (not on_terminal and is_gnu(self.proc)):
            text = "\n".join(lines) + "\n\n"
        else:
            lines = [_inverse(line) for line in lines]
            text = "\x1b[H\x1b[J" + "\n".join(lines) + "\r"
        try:
            await self.proc.out(text)
        except BrokenPipeError:
            self.ending = True

    def _shares(self) -> dict[int, float]:
        """Each process's share of a CPU since the last frame, in percent."""
        now = self.proc.machine.clock.monotonic()
        span = max(0.001, now - self.last_time)
        shares = {}
        for process in living(self.proc):
            before = self.last_cpu.get(process.pid, process.cpu_seconds)
            shares[process.pid] = min(100.0, (process.cpu_seconds - before) / span * 100)
            self.last_cpu[process.pid] = process.cpu_seconds
        self.last_time = now
        return shares

    async def _memory(self) -> dict[str, int]:
        with suppress(OSError):
            text = (await read_all(self.proc, "/proc/meminfo")).decode()
            rows = [line.split() for line in text.splitlines()]
            return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1}
        return {}

    async def _busybox_lines(self) -> list[str]:
        memory = await self._memory()
        total, unused = memory.get("MemTotal", 0), memory.get("MemFree", 0)
        shares = self._shares()
        busy = min(100, round(sum(shares.values())))
        everybody = living(self.proc)
        names = Names(self.proc)
        lines = [
            f"Mem: {total - unused}K used, {unused}K free, {memory.get('Shmem', 0)}K shrd, "
            f"{memory.get('Buffers', 0)}K buff, {memory.get('Cached', 0)}K cached",
            f"CPU: {busy:3d}% usr   0% sys   0% nic {100 - busy:3d}% idle   0% io   0% irq   0% sirq",
            f"Load average: 0.00 0.00 0.00 {sum(p.state == 'R' for p in everybody)}/{len(everybody)} {everybody[-1].pid}",
            "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND",
        ]
        for process in sorted(everybody, key=lambda p: (-shares[p.pid], p.pid)):
            size = 1024 + process.memory // 1024
            share = size * 100 // max(1, total)
            lines.append(
                f"{process.pid:5d} {process.ppid:5d} {names.user(process.cred.uid)[:8]:<8} {process.state:<4} "
                f"{size:5d} {share:3d}%   0 {shares[process.pid]:3.0f}% {command_line(process)}"
            )
        return lines

    async def _gnu_lines(self) -> list[str]:
        memory = await self._memory()
        clock = self.proc.machine.clock
        shares = self._shares()
        everybody = living(self.proc)
        names = Names(self.proc)
        states = [process.state for process in everybody]
        up = int(clock.monotonic() + self.proc.machine.host.uptime)
        mib = {name: value / 1024 for name, value in memory.items()}
        cached = mib.get("Buffers", 0) + mib.get("Cached", 0)
        used = mib.get("MemTotal", 0) - mib.get("MemFree", 0) - cached
        busy = min(100.0, sum(shares.values()))
        lines = [
            f"top - {dates.strftime('%H:%M:%S', dates.from_ns(clock.now()))} up {up // 60} min,  0 users,  load average: 0.00, 0.00, 0.00",
            f"Tasks: {len(everybody):3d} total, {states.count('R'):3d} running, {states.count('S'):3d} sleeping, {states.count('T'):3d} stopped, {states.count('Z'):3d} zombie",
            f"%Cpu(s): {busy:4.1f} us,  0.0 sy,  0.0 ni, {100 - busy:4.1f} id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st",
            f"MiB Mem : {mib.get('MemTotal', 0):8.1f} total, {mib.get('MemFree', 0):8.1f} free, {used:8.1f} used, {cached:8.1f} buff/cache",
            f"MiB Swap: {mib.get('SwapTotal', 0):8.1f} total, {mib.get('SwapFree', 0):8.1f} free, {0.0:8.1f} used. {mib.get('MemAvailable', 0):8.1f} avail Mem",
            "",
            "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND",
        ]
        for process in sorted(everybody, key=lambda p: (-shares[p.pid], p.pid)):
            size = 1024 + process.memory // 1024
            used_time = process.cpu_seconds
            name = process.name or gnu_command_line(process)
            lines.append(
                f"{process.pid:7d} {names.user(process.cred.uid)[:8]:<8}  20   0 {size * 3:7d} {size:6d} {size // 2:6d} "
                f"{process.state} {shares[process.pid]:5.1f} {0.0:5.1f} {int(used_time) // 60:3d}:{used_time % 60:05.2f} {name}"
            )
        return lines


def _inverse(line: str) -> str:
    """The line of titles stands out."""
    return f"\x1b[7m{line}\x1b[m" if line.lstrip().startswith("PID ") else line
