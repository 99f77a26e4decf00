"""What is known of files and file systems: stat, du, df, file."""

import os
import re
import stat as bits
from collections.abc import Callable
from datetime import tzinfo

from daemon.fs.nodes import Stat, StatFs
from daemon.process.process import Process
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import (
    complain,
    either,
    is_gnu,
    missing_operand,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.modes import mode_string
from daemon.programs.tools.mounts import MountRow, mount_rows
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import human, parse_size

_TYPES = {
    bits.S_IFREG: "regular file",
    bits.S_IFDIR: "directory",
    bits.S_IFLNK: "symbolic link",
    bits.S_IFIFO: "fifo",
    bits.S_IFSOCK: "socket",
    bits.S_IFCHR: "character special file",
    bits.S_IFBLK: "block special file",
}


def file_type(info: Stat) -> str:
    if bits.S_ISREG(info.mode) and not info.size:
        return "regular empty file"
    return _TYPES.get(bits.S_IFMT(info.mode), "weird file")


def _human_time(ns: int, zone: tzinfo) -> str:
    return dates.strftime("%Y-%m-%d %H:%M:%S.%N %z", dates.from_ns(ns, zone), ns % dates.NS)


class _Shown:
    """One file's answers to the directives of `stat -c`."""

    def __init__(self, proc: Process, path: str, info: Stat, names: Names) -> None:
        self.proc = proc
        self.path = path
        self.info = info
        self.names = names
        self.zone = dates.zone_of(proc.env.get("TZ"))

    def directive(self, letter: str) -> str:
        info = self.info
        numbers = {
            "b": info.blocks,
            "B": 512,
            "d": info.dev,
            "g": info.gid,
            "h": info.nlink,
            "i": info.ino,
            "o": 4096,
            "s": info.size,
            "u": info.uid,
            "X": info.atime_ns // dates.NS,
            "Y": info.mtime_ns // dates.NS,
            "Z": info.ctime_ns // dates.NS,
            "W": 0,
        }
        if letter in numbers:
            return str(numbers[letter])
        hexadecimal = {
            "D": info.dev,
            "f": info.mode,
            "t": os.major(info.rdev),
            "T": os.minor(info.rdev),
        }
        if letter in hexadecimal:
            return f"{hexadecimal[letter]:x}"
        return self._text(letter)

    def _text(self, letter: str) -> str:
        info = self.info
        texts: dict[str, Callable[[], str]] = {
            "a": lambda: f"{bits.S_IMODE(info.mode):o}",
            "A": lambda: mode_string(info.mode),
            "F": lambda: file_type(info),
            "G": lambda: self._name(self.names.knows_group(info.gid), self.names.group(info.gid)),
            "m": lambda: "/",
            "n": lambda: self.path,
            "N": self._quoted,
            "U": lambda: self._name(self.names.knows_user(info.uid), self.names.user(info.uid)),
            "w": lambda: "-",
            "x": lambda: _human_time(info.atime_ns, self.zone),
            "y": lambda: _human_time(info.mtime_ns, self.zone),
            "z": lambda: _human_time(info.ctime_ns, self.zone),
            "C": lambda: "?",
        }
        return texts[letter]() if letter in texts else "?"

    def _name(self, known: bool, name: str) -> str:
        return name if known else "UNKNOWN"

    def _quoted(self) -> str:
        plain = f"'{self.path}'"
        if not bits.S_ISLNK(self.info.mode):
            return plain
        return f"{plain} -> '{self.proc.readlink(self.path)}'"

    def expand(self, form: str) -> str:
        def replaced(found: re.Match[str]) -> str:
            flags, width, letter = found.groups()
            if letter == "%":
                return "%"
            text = self.directive(letter)
            if not width:
                return text
            if "-" in flags:
                return text.ljust(int(width))
            return text.rjust(int(width), "0" if "0" in flags else " ")

        return re.sub(r"%([-0#+ ]*)(\d*)(?:\.\d+)?([a-zA-Z%])", replaced, form)


_BUSYBOX_FULL = (
    "  File: {name}\n"
    "  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n"
    "Device: {device}\tInode: %-10i  Links: {links}\n"
    "Access: (%04a/%10.10A)  Uid: (%5u/{user:>8})   Gid: (%5g/{group:>8})\n"
    "Access: %x\nModify: %y\nChange: %z\n"
)
_GNU_FULL = (
    "  File: {name}\n"
    "  Size: %-10s\tBlocks: %-10b IO Block: %-6o %F\n"
    "Device: {device}\tInode: %-10i  Links: {links}\n"
    "Access: (%04a/%10.10A)  Uid: (%5u/{user:>8})   Gid: (%5g/{group:>8})\n"
    "Access: %x\nModify: %y\nChange: %z\n Birth: -\n"
)


def _full(shown: _Shown, gnu: bool) -> str:
    info = shown.info
    name = shown.path
    if bits.S_ISLNK(info.mode):
        target = shown.proc.readlink(shown.path)
        name = f"{name} -> {target}" if gnu else f"'{name}' -> '{target}'"
    device = f"{os.major(info.dev)},{os.minor(info.dev)}" if gnu else f"{info.dev:x}h/{info.dev}d"
    links = str(info.nlink)
    if bits.S_ISCHR(info.mode) or bits.S_ISBLK(info.mode):
        links = f"{links:<5} Device type: {os.major(info.rdev):x},{os.minor(info.rdev):x}"
    elif not gnu:
        links = f"{links}"
    form = (_GNU_FULL if gnu else _BUSYBOX_FULL).format(
        name=name.replace("%", "%%"),
        device=device,
        links=links,
        user=shown.directive("U"),
        group=shown.directive("G"),
    )
    return shown.expand(form)


@tool(
    "[-ltf] [-c FMT] FILE...",
    "ltfLc:Z",
    about="Display file (default) or filesystem status",
    long="dereference=L file-system=f format:=c printf:=printf terse=t cached:=cached",
)
async def stat(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    names = Names(proc)
    code = 0
    for path in options.args:
        try:
            text = (
                _filesystem(proc, path, options)
                if "f" in options
                else _file(proc, path, options, names)
            )
        except OSError as error:
            code = 1
            gnu = (
                f"cannot statx '{path}'"
                if "f" not in options
                else f"cannot read file system information for '{path}'"
            )
            await complain(
                proc, f"{either(proc, gnu, f'''can't stat '{path}' ''').strip()}: {reason(error)}"
            )
            continue
        await proc.out(text)
    return code


def _file(proc: Process, path: str, options: Options, names: Names) -> str:
    info = proc.fstat(0) if path == "-" else proc.stat(path, follow="L" in options)
    shown = _Shown(proc, path, info, names)
    if "printf" in options:
        return _unescaped(shown.expand(options.value("printf")))
    if "c" in options:
        return shown.expand(options.value("c")) + "\n"
    if "t" in options:
        return shown.expand(
            "%n %s %b %f %u %g %D %i %h %t %T %X %Y %Z %W %o\n".replace(
                " %W", "" if not is_gnu(proc) else " %W"
            )
        )
    return _full(shown, is_gnu(proc))


def _unescaped(text: str) -> str:
    escapes = {"n": "\n", "t": "\t", "\\": "\\", "0": "\0"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), text)


def _filesystem(proc: Process, path: str, options: Options) -> str:
    info = proc.statfs(path)
    if "c" in options:
        return _filesystem_format(options.value("c"), path, info) + "\n"
    kind = info.fstype if is_gnu(proc) else "UNKNOWN" if "overlay" in info.fstype else info.fstype
    tail = (
        f"\nBlock size: {info.block_size:<10} Fundamental block size: {info.block_size}"
        if is_gnu(proc)
        else f"\nBlock size: {info.block_size:<10}"
    )
    kind = "overlayfs" if info.fstype == "overlay" and is_gnu(proc) else kind
    return (
        f'  File: "{path}"\n    ID: 0        Namelen: 255     Type: {kind}{tail}\n'
        f"Blocks: Total: {info.blocks:<10} Free: {info.free:<10} Available: {info.available}\n"
        f"Inodes: Total: {info.files:<10} Free: {info.files_free}\n"
    )


def _filesystem_format(form: str, path: str, info: StatFs) -> str:
    values = {
        "a": info.available,
        "b": info.blocks,
        "c": info.files,
        "d": info.files_free,
        "f": info.free,
        "n": path,
        "s": info.block_size,
        "S": info.block_size,
        "l": 255,
        "T": info.fstype,
        "i": 0,
        "t": "794c7630",
    }
    return re.sub(r"%([a-zA-Z])", lambda found: str(values.get(found[1], "?")), form)


@tool(
    "[-aHLdclsxhmk] [FILE]...",
    "aHLd:clsxhmk",
    about="Summarize disk space used for FILEs and/or directories",
    gnu="bDPSt:0B:X:",
    long="all=a apparent-size=A block-size:=B bytes=b total=c dereference=L max-depth:=d human-readable=h "
    "count-links=l separate-dirs=S summarize=s one-file-system=x exclude:=exclude null=0 si=si",
)
async def du(proc: Process, options: Options) -> int:
    counter = _DiskUsage(proc, options)
    total = 0
    for path in options.args or ["."]:
        total += await counter.measure(path, 0)
    if "c" in options:
        await counter.show(total, "total")
    return counter.code


class _DiskUsage:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.depth = 0 if "s" in options else options.number("d", 1 << 30)
        self.seen: set[tuple[int, int]] = set()
        self.code = 0

    async def measure(self, path: str, level: int) -> int:
        """Bytes below `path`, with its lines shown on the way, deepest first."""
        try:
            info = self.proc.stat(
                path, follow="L" in self.options or (not level and "H" in self.options)
            )
        except OSError as error:
            self.code = 1
            quote = f"cannot access '{path}'" if is_gnu(self.proc) else path
            await complain(self.proc, f"{quote}: {reason(error)}")
            return 0
        if not bits.S_ISDIR(info.mode) and info.nlink > 1 and "l" not in self.options:
            if (info.dev, info.ino) in self.seen:
                return 0
            self.seen.add((info.dev, info.ino))
        size = info.size if "b" in self.options or "A" in self.options else info.blocks * 512
        folder = bits.S_ISDIR(info.mode)
        if folder:
            size += await self._below(path, level)
        if level <= self.depth and (folder or not level or "a" in self.options):
            await self.show(size, path)
        return size

    async def _below(self, path: str, level: int) -> int:
        await self.proc.checkpoint()
        try:
            names = self.proc.listdir(path)
        except OSError as error:
            self.code = 1
            quote = (
                f"cannot read directory '{path}'" if is_gnu(self.proc) else f"can't open '{path}'"
            )
            await complain(self.proc, f"{quote}: {reason(error)}")
            return 0
        total = 0
        for name in names:
            total += await self.measure(f"{path.rstrip('/')}/{name}", level + 1)
        return total

    async def show(self, size: int, path: str) -> None:
        await self.proc.out(f"{self._size(size)}\t{path}\n")

    def _size(self, size: int) -> str:
        options = self.options
        if "h" in options:
            return human(size, round_up=is_gnu(self.proc)) if size or is_gnu(self.proc) else "0"
        if "b" in options:
            return str(size)
        unit = 1 << 20 if "m" in options else parse_size(options.value("B", "1024")) or 1024
        return str(-(-size // unit))


@tool(
    "[-PkmhTai] [-t TYPE] [FILESYSTEM]...",
    "PkmhTait:B:",
    about="Print filesystem usage statistics",
    gnu="lHvx:",
    long="all=a block-size:=B human-readable=h inodes=i local=l portability=P print-type=T type:=t "
    "exclude-type:=x total=total output?=output sync=sync no-sync=no-sync",
)
async def df(proc: Process, options: Options) -> int:
    rows = mount_rows(proc)
    code = 0
    if options.args:
        chosen = []
        for path in options.args:
            try:
                chosen.append(_mount_of(proc, rows, path))
            except OSError as error:
                code = 1
                text = either(proc, f"{path}: {reason(error)}", f"{path}: can't find mount point")
                await complain(proc, text)
        rows = chosen
    else:
        rows = _listed_mounts(proc, rows, options)
    table = _df_table(proc, rows, options)
    if rows or not is_gnu(proc):
        await proc.out(_df_text(proc, table, options))
    return code


def _mount_of(proc: Process, rows: list[MountRow], path: str) -> MountRow:
    full = proc.realpath(path)
    fitting = [
        row for row in rows if full == row.target or full.startswith(row.target.rstrip("/") + "/")
    ]
    return max(fitting, key=lambda row: len(row.target))


_PSEUDO = {"proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"}


def _listed_mounts(proc: Process, rows: list[MountRow], options: Options) -> list[MountRow]:
    if "a" not in options:
        rows = [row for row in rows if row.fstype not in _PSEUDO]
    if "t" in options:
        rows = [row for row in rows if row.fstype in options.values("t")]
    if "x" in options:
        rows = [row for row in rows if row.fstype not in options.values("x")]
    return rows


def _df_table(proc: Process, rows: list[MountRow], options: Options) -> list[list[str]]:
    table = [_df_title(proc, options)]
    for row in rows:
        try:
            info = proc.statfs(row.target)
        except OSError:
            continue
        cells = [row.source]
        if "T" in options:
            cells.append(row.fstype)
        if "i" in options:
            used = info.files - info.files_free
            numbers = [str(info.files), str(used), str(info.files_free)]
            share = _percent(used, info.files)
        else:
            size = info.block_size
            used = info.blocks - info.free
            numbers = [
                _df_size(proc, options, n * size) for n in (info.blocks, used, info.available)
            ]
            share = _percent(used, used + info.available)
        table.append([*cells, *numbers, share, row.target])
    return table


def _percent(used: int, total: int) -> str:
    return f"{-(-used * 100 // total)}%" if total else "-" if not used else "0%"


def _df_size(proc: Process, options: Options, size: int) -> str:
    if "h" in options:
        return (
            human(size, round_up=is_gnu(proc))
            if is_gnu(proc) or size < 1024
            else _one_decimal(size)
        )
    unit = 1 << 20 if "m" in options else parse_size(options.value("B", "1024")) or 1024
    return str(-(-size // unit))


def _one_decimal(size: int) -> str:
    value = float(size)
    for unit in "KMGTPE":
        value /= 1024
        if value < 1024:
            return f"{value:.1f}{unit}"
    return f"{value:.1f}E"


def _df_title(proc: Process, options: Options) -> list[str]:
    title = ["Filesystem"] + (["Type"] if "T" in options else [])
    if "i" in options:
        return [
            *title,
            "Inodes",
            "IUsed" if is_gnu(proc) else "Used",
            "IFree" if is_gnu(proc) else "Available",
            "IUse%" if is_gnu(proc) else "Use%",
            "Mounted on",
        ]
    size = "Size" if "h" in options else "1M-blocks" if "m" in options else "1K-blocks"
    if "P" in options and "h" not in options and "m" not in options:
        size = "1024-blocks"
    available = "Avail" if "h" in options and is_gnu(proc) else "Available"
    use = "Capacity" if "P" in options else "Use%"
    return [*title, size, "Used", available, use, "Mounted on"]


def _df_text(proc: Process, table: list[list[str]], options: Options) -> str:
    typed = "T" in options
    if is_gnu(proc):
        minimum = [14, *([4] if typed else []), 5, 5, 5, 4, 0]
        widths = [max(minimum[i], *(len(row[i]) for row in table)) for i in range(len(table[0]))]
    else:
        widths = [20, *([10] if typed else []), 10, 9, 9, 4, 0]
    left = 2 if typed else 1
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row[:-1], widths, strict=False))
        ]
        lines.append(" ".join([*cells, row[-1]]) + "\n")
    return "".join(lines)


_MAGIC = (
    (
        b"\x7fELF",
        "ELF 64-bit LSB executable, x86-64, version 1 (SYSV), statically linked, stripped",
    ),
    (b"\x1f\x8b", "gzip compressed data"),
    (b"BZh", "bzip2 compressed data"),
    (b"\xfd7zXZ", "XZ compressed data"),
    (b"PK\x03\x04", "Zip archive data"),
    (b"\x89PNG", "PNG image data"),
    (b"\xff\xd8\xff", "JPEG image data"),
    (b"GIF8", "GIF image data"),
    (b"%PDF", "PDF document"),
)


@tool(
    "[-bL] FILE...",
    "bLi",
    about="Determine type of FILEs",
    long="brief=b mime=i mime-type=i dereference=L",
    package="file-5.44)",
)
async def file(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    for path in options.args:
        try:
            kind = await _describe(proc, path, "L" in options)
        except OSError as error:
            kind = f"cannot open `{path}' ({reason(error)})"
        await proc.out(f"{kind}\n" if "b" in options else f"{path}: {kind}\n")
    return 0


async def _describe(proc: Process, path: str, follow: bool) -> str:
    info = proc.stat(path, follow=follow)
    if bits.S_ISLNK(info.mode):
        return f"symbolic link to {proc.readlink(path)}"
    if not bits.S_ISREG(info.mode):
        return _TYPES.get(bits.S_IFMT(info.mode), "data")
    if not info.size:
        return "empty"
    async with opened(proc, path) as fd:
        head = await proc.read(fd, 4096)
    for magic, text in _MAGIC:
        if head.startswith(magic):
            return text
    if head.startswith(b"#!"):
        interpreter = os.fsdecode(head[2:].split(b"\n", 1)[0].strip())
        return f"{interpreter} script, ASCII text executable"
    return _text_kind(head)


def _text_kind(head: bytes) -> str:
    if b"\0" in head:
        return "data"
    try:
        text = head.decode()
    except UnicodeDecodeError:
        return "ISO-8859 text"
    kind = "ASCII text" if text.isascii() else "UTF-8 Unicode text"
    if text.lstrip()[:1] in "{[" and text.strip()[-1:] in "}]":
        return "JSON text data"
    return kind + (
        ", with CRLF line terminators"
        if "\r\n" in text
        else ""
        if text.endswith("\n")
        else ", with no line terminators"
    )
