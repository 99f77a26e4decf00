"""ls: names in columns, long lines, sorted and coloured, in busybox's and GNU's layout."""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import columns_of, complain, is_gnu, reason, tool
from daemon.programs.tools.modes import mode_string
from daemon.programs.tools.options import Options
from daemon.programs.tools.sizes import human

SIX_MONTHS = 31556952 // 2 * dates.NS


@dataclass(slots=True)
class Entry:
    """A name to show, where it is, and what stat said."""

    name: str
    path: str
    info: Stat


def version_key(name: str) -> list[tuple[int, int, str]]:
    """Digits compare as numbers, as in `ls -v` and `sort -V`."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def _extension(name: str) -> str:
    return os.path.splitext(name)[1]


def name_key(name: str) -> bytes:
    return os.fsencode(name)


_USAGE = "[-1AaCxdLHRFplinshrSXvctu] [-w WIDTH] [FILE]..."
_LONG = (
    "all=a almost-all=A directory=d human-readable=h inode=i size=s reverse=r recursive=R numeric-uid-gid=n "
    "dereference=L classify?=F full-time color?=color group-directories-first=group no-group=G width:=w "
    "sort:=sort time:=time time-style:=time-style escape=b quote-name=Q literal=N si=si block-size:=block-size"
)


@tool(
    _USAGE,
    "1AaCxdLHRFplinshrSXvctukQw:T:",
    about="List directory contents",
    gnu="bBfgGmNoqUZI:D",
    long=_LONG,
    busybox_long="full-time group-directories-first=group color?=color",
    trouble=(2, 1),
)
async def ls(proc: Process, options: Options) -> int:
    return await _Lister(proc, options).run()


class _Lister:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.gnu = is_gnu(proc)
        self.names = Names(proc)
        self.zone = dates.zone_of(proc.env.get("TZ"))
        self.code = 0
        self.colour = self._wants_colour()
        long = options.last_of(("l", "n", "g", "o", "1", "C", "x", "m", "full-time"))
        self.long = long in ("l", "n", "g", "o", "full-time") or (
            long == "1" and any(k in options for k in "lngo")
        )
        self.one = long == "1" or (not long and not proc.isatty(1))
        self.any_shown = False

    def _wants_colour(self) -> bool:
        default = "never" if self.gnu else "auto"
        when = self.options.value("color", default) or "always"
        return when in ("always", "yes", "force") or (
            when in ("auto", "tty", "if-tty") and self.proc.isatty(1)
        )

    async def run(self) -> int:
        paths = self.options.args or ["."]
        files: list[Entry] = []
        folders: list[Entry] = []
        for path in paths:
            entry = await self._look(path, path, operand=True)
            if entry is None:
                self.code = 2 if self.gnu else 1
            elif stat.S_ISDIR(entry.info.mode) and "d" not in self.options:
                folders.append(entry)
            else:
                files.append(entry)
        if files:
            await self._show(self._sorted(files), total=False)
        headed = len(paths) > 1 or "R" in self.options
        for folder in self._sorted(folders):
            await self._folder(folder, headed)
        return self.code

    async def _look(self, path: str, name: str, *, operand: bool) -> Entry | None:
        follow = "L" in self.options or (
            operand and not self.long_like() and "d" not in self.options
        )
        if operand and "H" in self.options:
            follow = True
        try:
            try:
                return Entry(name, path, self.proc.stat(path, follow=follow))
            except OSError:
                if not follow or (operand and not self.gnu):
                    raise
                return Entry(name, path, self.proc.stat(path, follow=False))
        except OSError as error:
            await self._unreachable(path, error)
            return None

    def long_like(self) -> bool:
        return self.long or "F" in self.options

    async def _unreachable(self, path: str, error: OSError) -> None:
        text = f"cannot access '{path}'" if self.gnu else path
        await complain(self.proc, f"{text}: {reason(error)}")

    async def _folder(self, folder: Entry, headed: bool) -> None:
        try:
            names = self.proc.listdir(folder.path)
        except OSError as error:
            text = (
                f"cannot open directory '{folder.path}'"
                if self.gnu
                else f"can't open '{folder.path}'"
            )
            await complain(self.proc, f"{text}: {reason(error)}")
            self.code = 2 if self.gnu else 1
            return
        if headed:
            gap = "\n" if self.any_shown else ""
            await self.proc.out(f"{gap}{folder.path}:\n")
            self.any_shown = True
        entries = await self._entries(folder.path, names)
        await self._show(self._sorted(entries), total=True)
        if "R" in self.options:
            for entry in self._sorted(entries):
                if stat.S_ISDIR(entry.info.mode) and entry.name not in (".", ".."):
                    await self._folder(entry, headed)

    async def _entries(self, path: str, names: list[str]) -> list[Entry]:
        hidden = self.options.last_of("aAf")
        wanted = [name for name in names if hidden or not name.startswith(".")]
        if hidden in ("a", "f"):
            wanted = [".", "..", *wanted]
        entries = []
        for name in wanted:
            entry = await self._look(_join(path, name), name, operand=False)
            if entry:
                entries.append(entry)
        await self.proc.checkpoint()
        return entries

    def _sorted(self, entries: list[Entry]) -> list[Entry]:
        options = self.options
        if "U" in options or "f" in options:
            return entries
        by = options.last_of("tSXv") or options.value("sort")[:1].replace("s", "S")
        if not by and ("c" in options or "u" in options) and not self.long:
            by = "t"
        ordered = sorted(entries, key=lambda entry: name_key(entry.name))
        if by == "t":
            ordered.sort(key=self._time, reverse=True)
        elif by == "S":
            ordered.sort(key=lambda entry: entry.info.size, reverse=True)
        elif by in ("X", "e"):
            ordered.sort(key=lambda entry: _extension(entry.name))
        elif by == "v":
            ordered.sort(key=cmp_to_key(_compare_versions))
        if "r" in options:
            ordered.reverse()
        if "group" in options:
            ordered.sort(key=lambda entry: not stat.S_ISDIR(entry.info.mode))
        return ordered

    def _time(self, entry: Entry) -> int:
        which = self.options.last_of("cu") or self.options.value("time")[:1]
        if which == "c":
            return entry.info.ctime_ns
        return entry.info.atime_ns if which in ("u", "a") else entry.info.mtime_ns

    async def _show(self, entries: list[Entry], *, total: bool) -> None:
        self.any_shown = True
        if total and (self.long or "s" in self.options):
            blocks = sum(entry.info.blocks for entry in entries) // 2
            shown = human(blocks * 1024, round_up=self.gnu) if "h" in self.options else blocks
            await self.proc.out(f"total {shown}\n")
        if self.long:
            await self._long_lines(entries)
        elif "m" in self.options:
            await self.proc.out(", ".join(self._label(entry) for entry in entries) + "\n")
        elif self.one:
            await self.proc.out("".join(f"{self._label(entry)}\n" for entry in entries))
        else:
            await self.proc.out(self._columns(entries))

    def _label(self, entry: Entry) -> str:
        """The name with what comes before (inode, blocks), its colour and its indicator."""
        text = self._prefix(entry) + self._coloured(entry.name, entry.info.mode)
        return text + self._indicator(entry.info.mode)

    def _prefix(self, entry: Entry) -> str:
        text = f"{entry.info.ino:7d} " if "i" in self.options and not self.gnu else ""
        if "i" in self.options and self.gnu:
            text = f"{entry.info.ino} "
        if "s" in self.options:
            size = entry.info.blocks // 2
            shown = human(size * 1024, round_up=self.gnu) if "h" in self.options else str(size)
            text += shown.rjust(0 if self.gnu else 6) + " "
        return text

    def _coloured(self, name: str, mode: int) -> str:
        if "Q" in self.options:
            name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
        elif self.gnu and self.proc.isatty(1) and "N" not in self.options:
            name = quoted(name)
        elif self.proc.isatty(1):
            name = "".join(c if c.isprintable() else "?" for c in name)
        if not self.colour:
            return name
        code = (gnu_colour if self.gnu else busybox_colour)(mode)
        if not code:
            return name
        return f"\x1b[{code}m{name}\x1b[{'0' if self.gnu else ''}m"

    def _indicator(self, mode: int) -> str:
        if "F" in self.options:
            return _indicator(mode)
        return "/" if "p" in self.options and stat.S_ISDIR(mode) else ""

    def _columns(self, entries: list[Entry]) -> str:
        if not entries:
            return ""
        labels = [self._label(entry) for entry in entries]
        widths = [_visible(label) for label in labels]
        total = self.options.number("w", columns_of(self.proc))
        layout = _gnu_layout if self.gnu else _even_layout
        across = "x" in self.options
        column_widths, rows = layout(widths, total, across)
        return _arranged(labels, widths, column_widths, rows, across)

    async def _long_lines(self, entries: list[Entry]) -> None:
        rows = [self._fields(entry) for entry in entries]
        widths = [max((len(row[i]) for row in rows), default=0) for i in range(6)]
        lines = []
        for row in rows:
            lines.append(self._gnu_line(row, widths) if self.gnu else self._busybox_line(row))
        await self.proc.out("".join(lines))

    def _fields(self, entry: Entry) -> list[str]:
        """Prefix, links, owner, group, size, date; then mode and name."""
        info = entry.info
        numeric = "n" in self.options
        owner = str(info.uid) if numeric else self.names.user(info.uid)
        group = str(info.gid) if numeric else self.names.group(info.gid)
        prefix = self._prefix(entry)
        label = self._label(entry)[len(prefix) :]
        if stat.S_ISLNK(info.mode):
            label = label.removesuffix("@") + self._target(entry)
        fields = [prefix, str(info.nlink), owner, group, self._size(info), self._date(entry)]
        return [*fields, mode_string(info.mode), label]

    def _size(self, info: Stat) -> str:
        if stat.S_ISCHR(info.mode) or stat.S_ISBLK(info.mode):
            minor = os.minor(info.rdev)
            width = 3 if not self.gnu else 0
            return (
                f"{os.major(info.rdev)}, {minor:{width}d}"
                if width
                else f"{os.major(info.rdev)}, {minor}"
            )
        return human(info.size, round_up=self.gnu) if "h" in self.options else str(info.size)

    def _target(self, entry: Entry) -> str:
        try:
            target = self.proc.readlink(entry.path)
        except OSError:
            return ""
        if not self.colour:
            return f" -> {target}"
        try:
            mode = self.proc.stat(entry.path).mode
        except OSError:
            return f" -> {target}"
        return f" -> {self._coloured(target, mode)}"

    def _date(self, entry: Entry) -> str:
        ns = self._time(entry)
        when = dates.from_ns(ns, self.zone)
        style = self.options.value("time-style")
        if "full-time" in self.options or style == "full-iso":
            form = "%Y-%m-%d %H:%M:%S.%N %z" if self.gnu else "%Y-%m-%d %H:%M:%S %z"
        elif style.startswith("+"):
            form = style[1:]
        elif style == "long-iso":
            form = "%Y-%m-%d %H:%M"
        else:
            age = self.proc.machine.clock.now() - ns
            recent = -15 * 60 * dates.NS < age < SIX_MONTHS
            form = "%b %e %H:%M" if recent else "%b %e  %Y"
        return dates.strftime(form, when, ns % dates.NS)

    def _busybox_line(self, row: list[str]) -> str:
        prefix, links, owner, group, size, date, mode, label = row
        owners = "" if "g" in self.options else f"{owner:<8.8} {group:<8.8}"
        return f"{prefix}{mode} {links:>4} {owners} {size:>9} {date} {label}\n"

    def _gnu_line(self, row: list[str], widths: list[int]) -> str:
        prefix, links, owner, group, size, date, mode, label = row
        owners = "" if "g" in self.options else f"{owner:<{widths[2]}} "
        if "G" not in self.options and "o" not in self.options:
            owners += f"{group:<{widths[3]}} "
        head = f"{prefix:>{widths[0]}}{mode} {links:>{widths[1]}} {owners}"
        return f"{head}{size:>{widths[4]}} {date} {label}\n"


def _compare_versions(left: Entry, right: Entry) -> int:
    a, b = version_key(left.name), version_key(right.name)
    return (a > b) - (a < b)


def _join(folder: str, name: str) -> str:
    return f"{folder}{name}" if folder.endswith("/") else f"{folder}/{name}"


def quoted(name: str) -> str:
    """A name as GNU ls shows it on a terminal: quoted for the shell where it needs it."""
    if name and re.fullmatch(r"[A-Za-z0-9_@%+:,./^\-]+|[A-Za-z0-9_@%+=:,./^\-~#]+", name):
        return name
    if "'" in name and not re.search(r'["\\$`\n]', name):
        return f'"{name}"'
    return "'" + name.replace("'", "'\\''") + "'"


def _indicator(mode: int) -> str:
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISDIR, "/"),
        (stat.S_ISLNK, "@"),
        (stat.S_ISFIFO, "|"),
        (stat.S_ISSOCK, "="),
    )
    for is_kind, mark in kinds:
        if is_kind(mode):
            return mark
    return "*" if stat.S_ISREG(mode) and mode & 0o111 else ""


def busybox_colour(mode: int) -> str:
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISDIR, "1;34"),
        (stat.S_ISLNK, "1;36"),
        (stat.S_ISFIFO, "0;33"),
        (stat.S_ISSOCK, "1;35"),
        (stat.S_ISBLK, "1;33"),
        (stat.S_ISCHR, "1;33"),
    )
    for is_kind, code in kinds:
        if is_kind(mode):
            return code
    return "1;32" if mode & 0o111 else "0;0"


def gnu_colour(mode: int) -> str:
    if stat.S_ISDIR(mode):
        sticky, others = mode & stat.S_ISVTX, mode & stat.S_IWOTH
        return ("30;42" if sticky else "34;42") if others else "37;44" if sticky else "01;34"
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISLNK, "01;36"),
        (stat.S_ISFIFO, "40;33"),
        (stat.S_ISSOCK, "01;35"),
        (stat.S_ISBLK, "40;33;01"),
        (stat.S_ISCHR, "40;33;01"),
    )
    for is_kind, code in kinds:
        if is_kind(mode):
            return code
    if mode & stat.S_ISUID:
        return "37;41"
    return "01;32" if mode & 0o111 else ""


_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def _visible(label: str) -> int:
    return len(_ESCAPE.sub("", label))


def _even_layout(widths: list[int], total: int, across: bool) -> tuple[list[int], int]:
    """busybox: all columns as wide as the longest name and two spaces."""
    width = max(widths) + 2
    columns = max(1, total // width) if width < total else 1
    rows = -(-len(widths) // columns)
    return [width] * columns, rows


def _gnu_layout(widths: list[int], total: int, across: bool) -> tuple[list[int], int]:
    """GNU: as many columns as fit when each is only as wide as it must be."""
    count = len(widths)
    for columns in range(min(count, max(1, total // 3)), 1, -1):
        rows = -(-count // columns)
        groups = (
            [widths[i::columns] for i in range(columns)]
            if across
            else [widths[i * rows : (i + 1) * rows] for i in range(columns)]
        )
        if not all(groups):
            continue
        column_widths = [max(group) + 2 for group in groups]
        if sum(column_widths) - 2 < total:
            return column_widths, rows
    return [0], count


def _arranged(
    labels: list[str], widths: list[int], columns: list[int], rows: int, across: bool
) -> str:
    lines = []
    for row in range(rows):
        indexes = (
            range(row * len(columns), min((row + 1) * len(columns), len(labels)))
            if across
            else range(row, len(labels), rows)
        )
        cells = list(indexes)
        line = ""
        for column, index in enumerate(cells):
            last = column == len(cells) - 1
            pad = 0 if last else columns[column] - widths[index]
            line += labels[index] + " " * pad
        lines.append(line + "\n")
    return "".join(lines)
