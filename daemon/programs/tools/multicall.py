"""busybox: one binary, many applets, chosen by argv[0] or by the first operand."""

import os

from daemon.process.process import Process
from daemon.programs.tools.kit import BUSYBOX_BANNER
from daemon.programs.tools.table import APPLETS


async def busybox(proc: Process) -> int:
    name = os.path.basename(proc.argv[0]).lstrip("-")
    if name.startswith("busybox"):
        return await _by_operand(proc)
    return await _applet(proc, name)


async def _by_operand(proc: Process) -> int:
    words = proc.argv[1:]
    if not words or words[0] in ("--help",):
        await proc.out(_about())
        return 0
    if words[0] == "--list":
        await proc.out("".join(f"{name}\n" for name in APPLETS))
        return 0
    if words[0] == "--list-full":
        await proc.out("".join(f"{FOLDERS.get(name, 'bin')}/{name}\n" for name in APPLETS))
        return 0
    if words[0] == "--install":
        return await _install(proc, words[1:])
    proc.argv = words
    return await _applet(proc, os.path.basename(words[0]).lstrip("-"))


async def _applet(proc: Process, name: str) -> int:
    program = proc.machine.programs.lookup(f"busybox/{name}")
    if program is None or name.startswith("busybox"):
        await proc.err(f"{name}: applet not found\n")
        return 127
    return await program(proc)


FOLDERS = {"chroot": "usr/sbin", "adduser": "usr/sbin", "addgroup": "usr/sbin"}


async def _install(proc: Process, words: list[str]) -> int:
    symbolic = "-s" in words
    folder = next((word for word in words if not word.startswith("-")), "/bin")
    for name in APPLETS:
        path = f"{folder}/{name}"
        if proc.machine.fs.exists(path):
            continue
        if symbolic:
            proc.symlink("/bin/busybox", path)
        else:
            proc.link("/bin/busybox", path)
    return 0


def _about() -> str:
    listed = ", ".join(APPLETS)
    lines = [""]
    for word in listed.split(" "):
        if len(lines[-1]) + len(word) + 1 > 70:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{word}"
    text = "\n".join(f"\t{line}" for line in lines)
    return (
        f"{BUSYBOX_BANNER}\nA simulated busybox: applets of ours under the names that busybox knows.\n\n"
        "Usage: busybox [function [arguments]...]\n   or: busybox --list[-full]\n   or: function [arguments]...\n\n"
        f"Currently defined functions:\n{text}\n"
    )
