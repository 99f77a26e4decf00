"""Mounts: what /proc/mounts lists, and mount, umount, losetup's refusals."""

import re
from typing import NamedTuple

from daemon.process.process import Process
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    is_gnu,
    read_all,
    tool,
)
from daemon.programs.tools.options import Options


class MountRow(NamedTuple):
    """One line of /proc/mounts."""

    source: str
    target: str
    fstype: str
    options: str


def _unescaped(word: str) -> str:
    return re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), word)


def mount_rows(proc: Process) -> list[MountRow]:
    """The container's mounts in their order; / alone where there is no /proc."""
    try:
        text = proc.fs.read_bytes("/proc/mounts").decode(errors="surrogateescape")
    except OSError:
        return [MountRow("overlay", "/", "overlay", "rw,relatime")]
    rows = []
    for line in text.splitlines():
        words = [_unescaped(word) for word in line.split()]
        if len(words) >= 4:
            rows.append(MountRow(*words[:4]))
    return rows


_MOUNT_LONG = "all=a types:=t options:=o read-only=r bind=bind verbose=v make-private rbind"


@tool(
    "[OPTIONS] [-o OPT] DEVICE NODE",
    "art:o:vnfwi",
    about="Mount a filesystem. Filesystem autodetection requires /proc.",
    long=_MOUNT_LONG,
    busybox_long=_MOUNT_LONG,
    package="util-linux 2.38.1)",
)
async def mount(proc: Process, options: Options) -> int:
    if not options.args:
        if "a" not in options:
            for row in mount_rows(proc):
                wanted = options.value("t")
                if wanted and row.fstype not in wanted.split(","):
                    continue
                await proc.out(f"{row.source} on {row.target} type {row.fstype} ({row.options})\n")
        return 0
    target = options.args[-1]
    # A container has no CAP_SYS_ADMIN: the kernel refuses before it looks at anything.
    if not is_gnu(proc):
        raise Failure("permission denied (are you root?)")
    if not proc.machine.fs.exists(target):
        raise Failure(f"{target}: mount point does not exist.", 32)
    raise Failure(f"{target}: permission denied.", 32)


@tool(
    "[-rlfda] FILESYSTEM|DIRECTORY",
    "rlfdant:",
    about="Unmount filesystems",
    long="all=a lazy=l force=f",
    package="util-linux 2.38.1)",
)
async def umount(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError("bad usage" if is_gnu(proc) else "")
    code = 0
    for path in options.args:
        mounted = any(path in (row.target, row.source) for row in mount_rows(proc))
        text = f"can't unmount {path}: Operation not permitted"
        if is_gnu(proc):
            text = f"{path}: must be superuser to unmount." if mounted else f"{path}: not mounted."
        await complain(proc, text)
        code = 32 if is_gnu(proc) else 1
    return code


@tool(
    "[-qdx] DIRECTORY",
    "qdxn",
    about="Check if DIRECTORY is a mountpoint",
    long="quiet=q fs-devno=d devno=x",
    package="util-linux 2.38.1)",
)
async def mountpoint(proc: Process, options: Options) -> int:
    if len(options.args) != 1:
        raise UsageError("bad usage" if is_gnu(proc) else "")
    path = options.args[0]
    if not proc.machine.fs.exists(path):
        raise Failure(f"{path}: No such file or directory")
    mounted = proc.realpath(path) in {row.target for row in mount_rows(proc)}
    if "q" not in options:
        await proc.out(f"{path} is {'a' if mounted else 'not a'} mountpoint\n")
    return 0 if mounted else 32 if is_gnu(proc) else 1


@tool(
    "[-bkmgh] [-s N]",
    "bkmghs:",
    about="Display the amount of free and used memory",
    gnu="twlvc:",
    long="bytes=b kibi=k mebi=m gibi=g human=h total=t wide=w",
    busybox_long="",
)
async def free(proc: Process, options: Options) -> int:
    memory = await _memory(proc)
    total, available = memory.get("MemTotal", 0), memory.get("MemAvailable", 0)
    unused = memory.get("MemFree", 0)
    cache = memory.get("Buffers", 0) + memory.get("Cached", 0) + memory.get("SReclaimable", 0)
    shared = memory.get("Shmem", 0)
    swap, swap_free = memory.get("SwapTotal", 0), memory.get("SwapFree", 0)
    rows = [
        ("Mem:", [total, total - unused - cache, unused, shared, cache, available]),
        ("Swap:", [swap, swap - swap_free, swap_free]),
    ]
    if "t" in options:
        rows.append(("Total:", [total + swap, rows[0][1][1] + rows[1][1][1], unused + swap_free]))
    await proc.out(_memory_table(proc, options, rows))
    return 0


async def _memory(proc: Process) -> dict[str, int]:
    """/proc/meminfo in KiB."""
    text = (await read_all(proc, "/proc/meminfo")).decode()
    found = re.findall(r"^(\w+):\s+(\d+) kB", text, re.M)
    return {name: int(value) for name, value in found}


_TITLES = ("total", "used", "free", "shared", "buff/cache", "available")


def _memory_table(proc: Process, options: Options, rows: list[tuple[str, list[int]]]) -> str:
    unit = options.last_of("bkmgh", "k")
    label = 8 if is_gnu(proc) else 7
    lines = [" " * label + "".join(title.rjust(12) for title in _TITLES)]
    for name, values in rows:
        lines.append(
            name.ljust(label) + "".join(_scaled(value, unit).rjust(12) for value in values)
        )
    return "\n".join(lines) + "\n"


def _scaled(kib: int, unit: str) -> str:
    if unit == "h":
        value = float(kib * 1024)
        for letter in ("B", "Ki", "Mi", "Gi", "Ti"):
            if value < 1024:
                return (
                    f"{value:.0f}{letter}"
                    if value >= 10 or letter == "B"
                    else f"{value:.1f}{letter}"
                )
            value /= 1024
    factor = {"b": 1 / 1024, "k": 1, "m": 1024, "g": 1024 * 1024}.get(unit, 1)
    return str(int(kib / factor))
