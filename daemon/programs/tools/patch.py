"""patch: unified diffs applied to files, with a little slack in where a hunk is found."""

import os
import re
from dataclasses import dataclass, field

from daemon.process.process import Process
from daemon.programs.tools.kit import Failure, either, opened, read_all, reason, tool
from daemon.programs.tools.options import Options
from daemon.programs.tools.paths import make_folders

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(slots=True)
class Hunk:
    """The lines that go and the lines that come, context included in both."""

    start: int
    old: list[bytes] = field(default_factory=list)
    new: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class FilePatch:
    """All hunks for one file."""

    old_name: str
    new_name: str
    hunks: list[Hunk] = field(default_factory=list)


def parse_patch(data: bytes) -> list[FilePatch]:
    """The files of a unified diff; anything between them is ignored."""
    patches: list[FilePatch] = []
    lines = data.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        if (
            line.startswith(b"--- ")
            and lines[at + 1 : at + 2]
            and lines[at + 1].startswith(b"+++ ")
        ):
            patches.append(FilePatch(_name(line), _name(lines[at + 1])))
            at += 2
        elif patches and (found := _HUNK.match(line)):
            hunk = Hunk(int(found[1]))
            at = _read_hunk(lines, at + 1, hunk, int(found[2] or 1), int(found[4] or 1))
            patches[-1].hunks.append(hunk)
        else:
            at += 1
    return patches


def _name(line: bytes) -> str:
    return os.fsdecode(line[4:].split(b"\t")[0].strip())


def _read_hunk(lines: list[bytes], at: int, hunk: Hunk, old: int, new: int) -> int:
    while at < len(lines) and (old > 0 or new > 0 or lines[at].startswith(b"\\")):
        mark, text = lines[at][:1], lines[at][1:]
        if mark == b"\\":
            for side in (hunk.old, hunk.new):
                if side and side[-1].endswith(b"\n"):
                    side[-1] = side[-1][:-1]
        else:
            if mark in (b" ", b"-", b"\n"):
                hunk.old.append(text or b"\n")
                old -= 1
            if mark in (b" ", b"+", b"\n"):
                hunk.new.append(text or b"\n")
                new -= 1
        at += 1
    return at


def apply_hunk(lines: list[bytes], hunk: Hunk, shift: int) -> int | None:
    """Put a hunk in place; how far from where it should be it was found, None if nowhere."""
    wanted = max(0, hunk.start - 1 + shift) if hunk.old else hunk.start + shift
    for distance in range(len(lines) + 1):
        for at in (wanted - distance, wanted + distance):
            if at >= 0 and lines[at : at + len(hunk.old)] == hunk.old:
                lines[at : at + len(hunk.old)] = hunk.new
                return at - (wanted - shift)
    return None


@tool(
    "[-RNE] [-p N] [-i DIFF] [ORIGFILE [PATCHFILE]]",
    "RNEp:i:sfbtd:o:lu",
    about="Apply a unified diff",
    long="strip:=p input:=i reverse=R dry-run=dry-run forward=N directory:=d quiet=s silent=s force=f backup=b",
    busybox_long="strip:=p input:=i reverse=R dry-run=dry-run forward=N",
    package="2.7.6",
)
async def patch(proc: Process, options: Options) -> int:
    if "d" in options:
        proc.chdir(options.value("d"))
    source = options.value("i") or (options.args[1] if len(options.args) > 1 else "-")
    try:
        data = await read_all(proc, source)
    except OSError as error:
        quote = either(proc, f"**** Can't open patch file {source} ", f"can't open '{source}'")
        raise Failure(f"{quote}: {reason(error)}", 2) from error
    patches = parse_patch(data)
    if not patches:
        raise Failure("**** Only garbage was found in the patch input.", 2)
    code = 0
    for one in patches:
        target = options.args[0] if options.args else _target(proc, options, one)
        code |= await _apply(proc, options, one, target)
    return code


def _target(proc: Process, options: Options, one: FilePatch) -> str:
    names = [name for name in (one.new_name, one.old_name) if name != "/dev/null"]
    if "R" in options:
        names.reverse()
    candidates = [_stripped(name, options) for name in names]
    existing = [n for n in candidates if proc.machine.fs.exists(os.path.join(proc.cwd, n))]
    return (existing or candidates)[0]


def _stripped(name: str, options: Options) -> str:
    if "p" not in options:
        return os.path.basename(name)
    return "/".join(name.split("/")[options.number("p") :])


async def _apply(proc: Process, options: Options, one: FilePatch, target: str) -> int:
    if "s" not in options:
        await proc.out(f"{'checking' if 'dry-run' in options else 'patching'} file {target}\n")
    exists = proc.machine.fs.exists(os.path.join(proc.cwd, target))
    lines = (await read_all(proc, target)).splitlines(keepends=True) if exists else []
    shift = failed = 0
    for hunk in one.hunks:
        made = Hunk(hunk.start, hunk.new, hunk.old) if "R" in options else hunk
        moved = apply_hunk(lines, made, shift)
        if moved is None:
            failed += 1
            await proc.out(f"Hunk #{one.hunks.index(hunk) + 1} FAILED at {hunk.start}.\n")
        else:
            shift = moved + len(made.new) - len(made.old)
    if failed:
        await proc.out(
            f"{failed} out of {len(one.hunks)} hunk{'s' if len(one.hunks) > 1 else ''} FAILED\n"
        )
        return 1
    if "dry-run" not in options:
        await _store(proc, one, target, b"".join(lines))
    return 0


async def _store(proc: Process, one: FilePatch, target: str, data: bytes) -> None:
    if one.new_name == "/dev/null" and not data:
        proc.unlink(target)
        return
    folder = os.path.dirname(target)
    make_folders(proc, folder)
    async with opened(proc, target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as fd:
        await proc.write(fd, data)
