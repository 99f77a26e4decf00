"""bash's `time` keyword."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell


async def timed(shell: "Shell", style: str, running: Awaitable[int]) -> int:
    """Await a pipeline and report its real time, and the time it computed, on stderr."""
    clock = shell.proc.machine.clock
    counters = shell.proc.machine.counters
    start, cpu = clock.monotonic(), counters.cpu_seconds
    status = await running
    real, user = clock.monotonic() - start, counters.cpu_seconds - cpu
    if style == "posix":
        await shell.say(f"real {real:.2f}\nuser {user:.2f}\nsys 0.00\n")
    else:
        rows = (("real", real), ("user", user), ("sys", 0.0))
        text = "".join(f"{name}\t{int(t // 60)}m{t % 60:.3f}s\n" for name, t in rows)
        await shell.say("\n" + text)
    return status
