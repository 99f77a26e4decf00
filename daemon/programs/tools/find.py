"""find: walks folders and evaluates its expression for each file."""

import os
import re
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.process.status import ExitStatus
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.files_make import confirmed
from daemon.programs.tools.find_parse import (
    Node,
    Request,
    age_test,
    name_test,
    number_test,
    owner_test,
    parse_find,
    permission_test,
    regex_test,
    size_test,
)
from daemon.programs.tools.kit import Failure, complain, either, is_gnu, reason, tool
from daemon.programs.tools.modes import mode_string
from daemon.programs.tools.options import Options

EXEC_BATCH = 1000


@dataclass(slots=True)
class Found:
    """A file that find came across."""

    path: str
    start: str
    depth: int
    info: Stat


Test = Callable[[Found], Awaitable[bool]]


class _Quit(Exception):
    """-quit was met."""


@tool(
    "[-HL] [PATH]... [OPTIONS] [ACTIONS]",
    raw=True,
    about="Search for files and perform actions on them",
)
async def find(proc: Process, options: Options) -> int:
    if is_gnu(proc) and proc.argv[1:2] in (["--version"], ["-version"]):
        await proc.out("find (GNU findutils) 4.9.0\n")
        return 0
    walk = _Walk(proc, parse_find(proc))
    return await walk.run()


class _Walk:
    def __init__(self, proc: Process, request: Request) -> None:
        self.proc = proc
        self.request = request
        self.code = 0
        self.pruned = False
        self.batches: list[_Batch] = []
        self.test = Compiler(self).compile(request.expression)

    async def run(self) -> int:
        try:
            for path in self.request.paths:
                await self._visit(path, path, 0, None)
        except _Quit:
            pass
        for batch in self.batches:
            await batch.flush()
        return self.code

    def _look(self, path: str, depth: int) -> Stat:
        follow = self.request.follow == "L" or (self.request.follow == "H" and not depth)
        try:
            return self.proc.stat(path, follow=follow)
        except FileNotFoundError:
            return self.proc.stat(path, follow=False)

    async def _visit(self, path: str, start: str, depth: int, device: int | None) -> None:
        try:
            info = self._look(path, depth)
        except OSError as error:
            await self.fail(path, error)
            return
        found = Found(path, start, depth, info)
        self.pruned = False
        wanted = depth >= self.request.min_depth
        if wanted and not self.request.depth_first:
            await self.test(found)
        folder = stat.S_ISDIR(info.mode) and depth < self.request.max_depth
        outside = self.request.one_filesystem and device not in (None, info.dev)
        if folder and not outside and not (self.pruned and not self.request.depth_first):
            await self._below(found)
        if wanted and self.request.depth_first:
            await self.test(found)

    async def _below(self, found: Found) -> None:
        await self.proc.checkpoint()
        try:
            names = self.proc.listdir(found.path)
        except OSError as error:
            await self.fail(found.path, error)
            return
        for name in names:
            child = found.path + ("" if found.path.endswith("/") else "/") + name
            await self._visit(child, found.start, found.depth + 1, found.info.dev)

    async def fail(self, path: str, error: OSError) -> None:
        self.code = 1
        quote = either(self.proc, f"'{path}'" if is_gnu(self.proc) else path, path)
        await complain(self.proc, f"{quote}: {reason(error)}")


class _Batch:
    """-exec … {} +: files collected into long command lines."""

    def __init__(self, walk: _Walk, words: list[str]) -> None:
        self.walk = walk
        self.words = words[:-1]
        self.paths: list[str] = []

    async def add(self, found: Found) -> bool:
        self.paths.append(found.path)
        if len(self.paths) >= EXEC_BATCH:
            await self.flush()
        return True

    async def flush(self) -> None:
        if self.paths:
            paths, self.paths = self.paths, []
            if not await run_command(self.walk.proc, [*self.words, *paths]):
                self.walk.code = 1


async def run_command(proc: Process, argv: list[str], cwd: str | None = None) -> bool:
    """Whether the command ran and succeeded; why it could not run is said."""
    try:
        child = await proc.spawn(argv, cwd=cwd)
    except OSError as error:
        quote = either(proc, f"'{argv[0]}'", argv[0])
        await complain(proc, f"{quote}: {reason(error)}")
        return False
    _, status = await proc.wait(child.pid)
    return isinstance(status, ExitStatus) and status.shell_code == 0


def _basename(path: str) -> str:
    return os.path.basename(path.rstrip("/")) or "/"


_TYPES = {
    "f": stat.S_ISREG,
    "d": stat.S_ISDIR,
    "l": stat.S_ISLNK,
    "b": stat.S_ISBLK,
    "c": stat.S_ISCHR,
    "s": stat.S_ISSOCK,
    "p": stat.S_ISFIFO,
}


class Compiler:
    """Turns the expression into one async predicate."""

    def __init__(self, walk: _Walk) -> None:
        self.walk = walk
        self.proc = walk.proc

    def compile(self, node: Node) -> Test:
        operators = {"and": self._and, "or": self._or, "not": self._not, "list": self._list}
        if node.name in operators:
            return operators[node.name]([self.compile(child) for child in node.children])
        if node.name in _ACTIONS:
            return _ACTIONS[node.name](self, node.words)
        plain = _TESTS[node.name](self.proc, node.words)

        async def test(found: Found) -> bool:
            return plain(found)

        return test

    def _and(self, tests: list[Test]) -> Test:
        async def test(found: Found) -> bool:
            for one in tests:
                if not await one(found):
                    return False
            return True

        return test

    def _or(self, tests: list[Test]) -> Test:
        async def test(found: Found) -> bool:
            for one in tests:
                if await one(found):
                    return True
            return False

        return test

    def _not(self, tests: list[Test]) -> Test:
        async def test(found: Found) -> bool:
            return not await tests[0](found)

        return test

    def _list(self, tests: list[Test]) -> Test:
        async def test(found: Found) -> bool:
            result = False
            for one in tests:
                result = await one(found)
            return result

        return test

    def print_with(self, end: str) -> Test:
        async def test(found: Found) -> bool:
            await self.proc.out(found.path + end)
            return True

        return test

    def print_formatted(self, form: str) -> Test:
        names = Names(self.proc)

        async def test(found: Found) -> bool:
            await self.proc.out(formatted(self.proc, form, found, names))
            return True

        return test

    def print_to(self, path: str) -> Test:
        opened: list[int] = []

        async def test(found: Found) -> bool:
            if not opened:
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                opened.append(await self.proc.open(path, flags, 0o666))
            await self.proc.write(opened[0], os.fsencode(found.path) + b"\n")
            return True

        return test

    def list_long(self) -> Test:
        names = Names(self.proc)

        async def test(found: Found) -> bool:
            await self.proc.out(_long_line(self.proc, found, names))
            return True

        return test

    def delete(self) -> Test:
        async def test(found: Found) -> bool:
            if found.path in (".", ".."):
                return True
            try:
                if stat.S_ISDIR(found.info.mode):
                    self.proc.rmdir(found.path)
                else:
                    self.proc.unlink(found.path)
            except OSError as error:
                self.walk.code = 1
                text = either(self.proc, f"cannot delete '{found.path}'", found.path)
                await complain(self.proc, f"{text}: {reason(error)}")
                return False
            return True

        return test

    def execute(self, words: list[str], *, inside: bool = False, ask: bool = False) -> Test:
        async def test(found: Found) -> bool:
            path = f"./{_basename(found.path)}" if inside else found.path
            argv = [word.replace("{}", path) for word in words]
            if ask and not await confirmed(self.proc, f"< {words[0]} ... {found.path} > ? "):
                return False
            folder = os.path.dirname(found.path) or "." if inside else None
            return await run_command(self.proc, argv, folder)

        return test

    def execute_many(self, words: list[str]) -> Test:
        batch = _Batch(self.walk, words)
        self.walk.batches.append(batch)
        return batch.add

    def prune(self) -> Test:
        async def test(found: Found) -> bool:
            self.walk.pruned = True
            return True

        return test

    def quit(self) -> Test:
        async def test(found: Found) -> bool:
            raise _Quit

        return test


_ACTIONS: dict[str, Callable[[Compiler, list[str]], Test]] = {
    "-print": lambda c, words: c.print_with("\n"),
    "-print0": lambda c, words: c.print_with("\0"),
    "-printf": lambda c, words: c.print_formatted(words[0]),
    "-fprint": lambda c, words: c.print_to(words[0]),
    "-ls": lambda c, words: c.list_long(),
    "-delete": lambda c, words: c.delete(),
    "-exec": lambda c, words: c.execute(words),
    "-execdir": lambda c, words: c.execute(words, inside=True),
    "-ok": lambda c, words: c.execute(words, ask=True),
    "-okdir": lambda c, words: c.execute(words, ask=True, inside=True),
    "-exec+": lambda c, words: c.execute_many(words),
    "-execdir+": lambda c, words: c.execute(words, inside=True),
    "-prune": lambda c, words: c.prune(),
    "-quit": lambda c, words: c.quit(),
}

Plain = Callable[[Found], bool]


def _name(proc: Process, words: list[str], *, fold: bool = False) -> Plain:
    test = name_test(words[0], fold)
    return lambda found: test(_basename(found.path))


def _path(proc: Process, words: list[str], *, fold: bool = False) -> Plain:
    test = name_test(words[0], fold)
    return lambda found: test(found.path)


def _regex(proc: Process, words: list[str], *, fold: bool = False) -> Plain:
    test = regex_test(words[0], fold)
    return lambda found: test(found.path)


def _type(proc: Process, words: list[str]) -> Plain:
    letters = words[0].split(",")
    if not all(letter in _TYPES for letter in letters):
        text = f"Unknown argument to -type: {words[0]}"
        raise Failure(either(proc, text, f"invalid argument '{words[0]}' to '-type'"))
    return lambda found: any(_TYPES[letter](found.info.mode) for letter in letters)


def _number(what: str, value: Callable[[Stat], int]) -> Callable[[Process, list[str]], Plain]:
    def made(proc: Process, words: list[str]) -> Plain:
        test = number_test(words[0], proc, what)
        return lambda found: test(value(found.info))

    return made


def _age(what: str, value: Callable[[Stat], int]) -> Callable[[Process, list[str]], Plain]:
    def made(proc: Process, words: list[str]) -> Plain:
        test = age_test(proc, words[0], what)
        return lambda found: test(value(found.info))

    return made


def _permissions(proc: Process, words: list[str]) -> Plain:
    test = permission_test(words[0], proc)
    return lambda found: test(found.info.mode)


def _size(proc: Process, words: list[str]) -> Plain:
    test = size_test(words[0], proc)
    return lambda found: test(found.info.size)


def _reference(proc: Process, path: str) -> Stat:
    try:
        return proc.stat(path)
    except OSError as error:
        quote = either(proc, f"'{path}'", path)
        raise Failure(f"{quote}: {reason(error)}") from error


def _newer(proc: Process, words: list[str]) -> Plain:
    try:
        limit = _reference(proc, words[0]).mtime_ns
    except Failure as failure:
        if is_gnu(proc):
            raise
        raise Failure(f"can't stat '{words[0]}': No such file or directory") from failure
    return lambda found: found.info.mtime_ns > limit


def _newer_than(proc: Process, words: list[str]) -> Plain:
    limit = dates.parse_date(words[0], proc.machine.clock.now())
    if limit is None:
        raise Failure(f"I cannot figure out how to interpret '{words[0]}' as a date or time")
    return lambda found: found.info.mtime_ns > limit


def _same_file(proc: Process, words: list[str]) -> Plain:
    info = _reference(proc, words[0])
    return lambda found: (found.info.dev, found.info.ino) == (info.dev, info.ino)


def _user(proc: Process, words: list[str]) -> Plain:
    test = owner_test(proc, words[0], "user")
    return lambda found: test(found.info.uid)


def _group(proc: Process, words: list[str]) -> Plain:
    test = owner_test(proc, words[0], "group")
    return lambda found: test(found.info.gid)


def _unowned(proc: Process, words: list[str]) -> Plain:
    names = Names(proc)
    return lambda found: not names.knows_user(found.info.uid)


def _ungrouped(proc: Process, words: list[str]) -> Plain:
    names = Names(proc)
    return lambda found: not names.knows_group(found.info.gid)


def _empty(proc: Process, words: list[str]) -> Plain:
    def test(found: Found) -> bool:
        if stat.S_ISDIR(found.info.mode):
            return not proc.listdir(found.path)
        return stat.S_ISREG(found.info.mode) and not found.info.size

    return test


def _access(mode: int) -> Callable[[Process, list[str]], Plain]:
    return lambda proc, words: lambda found: proc.access(found.path, mode)


def _link_name(proc: Process, words: list[str]) -> Plain:
    test = name_test(words[0], False)
    return lambda found: stat.S_ISLNK(found.info.mode) and test(proc.readlink(found.path))


_TESTS: dict[str, Callable[[Process, list[str]], Plain]] = {
    "-true": lambda proc, words: lambda found: True,
    "-false": lambda proc, words: lambda found: False,
    "-name": _name,
    "-iname": lambda proc, words: _name(proc, words, fold=True),
    "-path": _path,
    "-wholename": _path,
    "-ipath": lambda proc, words: _path(proc, words, fold=True),
    "-regex": _regex,
    "-iregex": lambda proc, words: _regex(proc, words, fold=True),
    "-type": _type,
    "-xtype": _type,
    "-perm": _permissions,
    "-size": _size,
    "-mtime": _age("-mtime", lambda info: info.mtime_ns),
    "-atime": _age("-atime", lambda info: info.atime_ns),
    "-ctime": _age("-ctime", lambda info: info.ctime_ns),
    "-mmin": _age("-mmin", lambda info: info.mtime_ns),
    "-amin": _age("-amin", lambda info: info.atime_ns),
    "-cmin": _age("-cmin", lambda info: info.ctime_ns),
    "-newer": _newer,
    "-anewer": _newer,
    "-cnewer": _newer,
    "-newermt": _newer_than,
    "-inum": _number("-inum", lambda info: info.ino),
    "-links": _number("-links", lambda info: info.nlink),
    "-uid": _number("-uid", lambda info: info.uid),
    "-gid": _number("-gid", lambda info: info.gid),
    "-samefile": _same_file,
    "-user": _user,
    "-group": _group,
    "-nouser": _unowned,
    "-nogroup": _ungrouped,
    "-empty": _empty,
    "-executable": _access(os.X_OK),
    "-readable": _access(os.R_OK),
    "-writable": _access(os.W_OK),
    "-lname": _link_name,
}

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", "0": "\0", "a": "\a", "r": "\r"}
_LETTERS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFIFO: "p",
    stat.S_IFSOCK: "s",
    stat.S_IFCHR: "c",
    stat.S_IFBLK: "b",
}


def formatted(proc: Process, form: str, found: Found, names: Names) -> str:
    """-printf's directives."""
    info = found.info
    values: dict[str, Callable[[], str]] = {
        "p": lambda: found.path,
        "P": lambda: found.path[len(found.start) :].lstrip("/"),
        "f": lambda: _basename(found.path),
        "h": lambda: os.path.dirname(found.path) or ".",
        "H": lambda: found.start,
        "d": lambda: str(found.depth),
        "s": lambda: str(info.size),
        "k": lambda: str(info.blocks // 2),
        "b": lambda: str(info.blocks),
        "m": lambda: f"{stat.S_IMODE(info.mode):o}",
        "M": lambda: mode_string(info.mode),
        "n": lambda: str(info.nlink),
        "i": lambda: str(info.ino),
        "u": lambda: names.user(info.uid),
        "g": lambda: names.group(info.gid),
        "U": lambda: str(info.uid),
        "G": lambda: str(info.gid),
        "y": lambda: _LETTERS.get(stat.S_IFMT(info.mode), "?"),
        "l": lambda: proc.readlink(found.path) if stat.S_ISLNK(info.mode) else "",
        "t": lambda: _stamp(info.mtime_ns),
        "%": lambda: "%",
    }

    def directive(match: re.Match[str]) -> str:
        escape, width, time_of, time_form, letter = match.groups()
        if escape:
            return _ESCAPES.get(escape, escape)
        if time_of:
            return _time_part(info, time_of, time_form)
        text = values[letter]() if letter in values else f"%{letter}"
        return text.ljust(int(width[1:])) if width.startswith("-") else text.rjust(int(width or 0))

    return re.sub(r"\\(.)|%(-?\d*)(?:([TAC])(.)|(.))", directive, form)


def _stamp(ns: int) -> str:
    return dates.strftime("%a %b %e %H:%M:%S.%N0 %Y", dates.from_ns(ns), ns % dates.NS)


def _time_part(info: Stat, which: str, form: str) -> str:
    ns = {"T": info.mtime_ns, "A": info.atime_ns, "C": info.ctime_ns}[which]
    if form == "@":
        return f"{ns // dates.NS}.{ns % dates.NS:09d}0"
    if form in "ST":
        return dates.strftime(
            {"S": "%S.%N0", "T": "%H:%M:%S.%N0"}[form], dates.from_ns(ns), ns % dates.NS
        )
    form = {"+": "Y-%m-%d+%H:%M:%S.%N0"}.get(form, form)
    return dates.strftime(f"%{form}", dates.from_ns(ns), ns % dates.NS)


def _long_line(proc: Process, found: Found, names: Names) -> str:
    info = found.info
    when = dates.strftime("%b %e %H:%M", dates.from_ns(info.mtime_ns))
    arrow = f" -> {proc.readlink(found.path)}" if stat.S_ISLNK(info.mode) else ""
    return (
        f"{info.ino:9d} {info.blocks // 2:6d} {mode_string(info.mode)} {info.nlink:3d} "
        f"{names.user(info.uid):<8} {names.group(info.gid):<8} {info.size:8d} {when} {found.path}{arrow}\n"
    )
