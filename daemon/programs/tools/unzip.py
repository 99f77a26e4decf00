"""unzip: the members of a zip archive listed, printed or extracted."""

import io
import os
import zipfile
from fnmatch import fnmatchcase

from daemon.process.process import Process
from daemon.programs.tools.kit import Failure, UsageError, opened, read_all, tool
from daemon.programs.tools.options import Options
from daemon.programs.tools.paths import make_folders

PIECE = 1 << 18


@tool(
    "[-lnojpqv] FILE[.zip] [FILE]... [-x FILE]... [-d DIR]",
    "lnojpqvd:x:Kt",
    about="Extract FILEs from ZIP archive",
    package="6.00",
)
async def unzip(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    archive = await _open(proc, options.args[0])
    chosen = [info for info in archive.infolist() if _wanted(info.filename, options)]
    if "l" in options or "v" in options:
        return await _list(proc, options.args[0], chosen)
    if "p" not in options and "q" not in options:
        await proc.out(f"Archive:  {options.args[0]}\n")
    for info in chosen:
        await _extract(proc, archive, info, options)
    return 0 if chosen else 11


async def _open(proc: Process, path: str) -> zipfile.ZipFile:
    for candidate in (path, f"{path}.zip"):
        try:
            return zipfile.ZipFile(io.BytesIO(await read_all(proc, candidate)))
        except OSError:
            continue
        except zipfile.BadZipFile:
            raise Failure("End-of-central-directory signature not found", 9) from None
    raise Failure(f"cannot find or open {path}, {path}.zip or {path}.ZIP.", 9)


def _wanted(name: str, options: Options) -> bool:
    if any(fnmatchcase(name, pattern) for pattern in options.values("x")):
        return False
    patterns = options.args[1:]
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


async def _list(proc: Process, path: str, chosen: list[zipfile.ZipInfo]) -> int:
    rule = "---------  ---------- -----   ----\n"
    await proc.out(f"Archive:  {path}\n  Length      Date    Time    Name\n{rule}")
    for info in chosen:
        year, month, day, hour, minute, _ = info.date_time
        await proc.out(
            f"{info.file_size:9d}  {year}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}   {info.filename}\n"
        )
    total = sum(info.file_size for info in chosen)
    noun = "file" if len(chosen) == 1 else "files"
    await proc.out(
        f"---------                     -------\n{total:9d}                     {len(chosen)} {noun}\n"
    )
    return 0


async def _extract(
    proc: Process, archive: zipfile.ZipFile, info: zipfile.ZipInfo, options: Options
) -> None:
    name = "/".join(part for part in info.filename.split("/") if part not in ("", "..", "."))
    if "j" in options:
        name = os.path.basename(name)
    target = os.path.join(options.value("d", "."), name)
    if "p" in options:
        if not info.is_dir():
            await _copy(proc, archive, info, 1)
        return
    folder = target if info.is_dir() else os.path.dirname(target)
    make_folders(proc, folder, 0o755)
    if info.is_dir():
        return
    if "n" in options and proc.machine.fs.exists(os.path.join(proc.cwd, target)):
        return
    mode = (info.external_attr >> 16) & 0o777 or 0o644
    async with opened(proc, target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode) as fd:
        await _copy(proc, archive, info, fd)
    if "q" not in options:
        verb = "inflating" if info.compress_type else "extracting"
        await proc.out(f"{verb:>11}: {target.removeprefix('./')}\n")


async def _copy(proc: Process, archive: zipfile.ZipFile, info: zipfile.ZipInfo, fd: int) -> None:
    with archive.open(info) as source:
        while data := source.read(PIECE):
            await proc.write(fd, data)
