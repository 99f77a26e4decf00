"""Permissions and owners: chmod, chown, chgrp."""

import stat
from collections.abc import AsyncIterator, Callable

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import (
    Failure,
    complain,
    either,
    is_gnu,
    missing_operand,
    reason,
    tool,
)
from daemon.programs.tools.modes import mode_string, parse_mode
from daemon.programs.tools.options import Options, Parser

_MODE_LETTERS = "rwxXstugoa+-=,"


class _Walker:
    """The operands and, with -R, what is below them; links below are not followed."""

    def __init__(self, proc: Process, options: Options, verb: str) -> None:
        self.proc = proc
        self.options = options
        self.verb = verb
        self.code = 0

    async def files(
        self, paths: list[str], *, follow: bool = True
    ) -> AsyncIterator[tuple[str, Stat]]:
        for path in paths:
            async for found in self._tree(path, follow):
                yield found

    async def _tree(self, path: str, follow: bool) -> AsyncIterator[tuple[str, Stat]]:
        try:
            info = self.proc.stat(path, follow=follow)
        except OSError as error:
            await self.fail(path, error, access=True)
            return
        yield path, info
        if "R" not in self.options or not stat.S_ISDIR(info.mode):
            return
        await self.proc.checkpoint()
        try:
            names = self.proc.listdir(path)
        except OSError as error:
            await self.fail(path, error)
            return
        for name in names:
            async for found in self._tree(f"{path.rstrip('/')}/{name}", False):
                yield found

    async def fail(self, path: str, error: OSError, *, access: bool = False) -> None:
        self.code = 1
        if "f" in self.options:
            return
        gnu = f"cannot access '{path}'" if access else f"{self.verb} '{path}'"
        await complain(self.proc, f"{either(self.proc, gnu, path)}: {reason(error)}")


def _operands(proc: Process, options: Options) -> tuple[str, list[str]]:
    words = options.args
    if "reference" in options:
        return "", words
    if not words:
        raise missing_operand(proc)
    if len(words) < 2:
        raise missing_operand(proc, words[0])
    return words[0], words[1:]


def _split_negative(proc: Process) -> list[str]:
    """`chmod -x FILE`: a mode that looks like an option is protected from the option parser."""
    return [
        word
        if not (word.startswith("-") and len(word) > 1 and set(word[1:]) <= set(_MODE_LETTERS))
        else f"a&{word}"
        for word in proc.argv[1:]
    ]


@tool(
    "[-Rcvf] MODE[,MODE]... FILE...",
    "Rcvf",
    about="MODE is octal number or [ugoa]{+|-|=}[rwxXst]",
    raw=True,
)
async def chmod(proc: Process, options: Options) -> int:
    options = _chmod_options(proc)
    reference = options.value("reference")
    text, paths = _operands(proc, options)
    change = _mode_of(proc, reference) if reference else parse_mode(text, proc.umask)
    if change is None:
        raise Failure(either(proc, f"invalid mode: '{text}'", f"invalid mode '{text}'"))
    walker = _Walker(proc, options, "changing permissions of")
    async for path, info in walker.files(paths):
        if stat.S_ISLNK(info.mode):
            continue
        try:
            new = change(info.mode)
            proc.chmod(path, stat.S_IMODE(new))
            await _report_mode(proc, path, info.mode, new, options)
        except OSError as error:
            await walker.fail(path, error)
    return walker.code


def _mode_of(proc: Process, path: str) -> Callable[[int], int]:
    mode = proc.stat(path).mode
    return lambda _: mode


def _chmod_options(proc: Process) -> Options:
    parser = Parser(
        "Rcvf",
        "recursive=R changes=c verbose=v silent=f quiet=f reference:=reference"
        if is_gnu(proc)
        else "",
    )
    options = parser.parse(_split_negative(proc))
    options.args = [word.removeprefix("a&") for word in options.args]
    return options


async def _report_mode(proc: Process, path: str, old: int, new: int, options: Options) -> None:
    changed = stat.S_IMODE(old) != stat.S_IMODE(new)
    if "v" not in options and not ("c" in options and changed):
        return
    new = stat.S_IFMT(old) | stat.S_IMODE(new)
    was = f"{stat.S_IMODE(old):04o} ({mode_string(old)[1:]})"
    now = f"{stat.S_IMODE(new):04o} ({mode_string(new)[1:]})"
    if not is_gnu(proc):
        await proc.out(f"mode of '{path}' changed to {now}\n")
    elif changed:
        await proc.out(f"mode of '{path}' changed from {was} to {now}\n")
    else:
        await proc.out(f"mode of '{path}' retained as {now}\n")


_OWNER_LONG = (
    "recursive=R changes=c verbose=v silent=f quiet=f no-dereference=h dereference=dereference "
    "reference:=reference from:=from no-preserve-root preserve-root"
)


@tool(
    "[-Rhcvf] USER[:[GRP]] FILE...",
    "RhcvfLHP",
    about="Change the owner and/or group of FILEs to USER and/or GRP",
    long=_OWNER_LONG,
)
async def chown(proc: Process, options: Options) -> int:
    text, paths = _operands(proc, options)
    if "reference" in options:
        info = proc.stat(options.value("reference"))
        return await _change_owner(proc, options, paths, info.uid, info.gid)
    uid, gid = _owner(proc, text)
    return await _change_owner(proc, options, paths, uid, gid)


def _owner(proc: Process, text: str) -> tuple[int, int]:
    names = Names(proc)
    separator = ":" if ":" in text else "." if names.uid(text) is None and "." in text else ""
    user, group = (text, "")
    if separator:
        user, _, group = text.partition(separator)
    uid = names.uid(user) if user else -1
    gid = names.gid(group) if group else -1
    if uid is None:
        raise Failure(either(proc, f"invalid user: '{text}'", f"unknown user {user}"))
    if gid is None:
        raise Failure(either(proc, f"invalid group: '{text}'", f"unknown group {group}"))
    if separator and user and not group:
        found = next((row for row in names.users if row.uid == uid), None)
        gid = found.gid if found else -1
    return uid, gid


@tool(
    "[-Rhcvf] GROUP FILE...",
    "RhcvfLHP",
    about="Change the group membership of FILEs to GROUP",
    long=_OWNER_LONG,
)
async def chgrp(proc: Process, options: Options) -> int:
    text, paths = _operands(proc, options)
    if "reference" in options:
        return await _change_owner(
            proc, options, paths, -1, proc.stat(options.value("reference")).gid
        )
    gid = Names(proc).gid(text)
    if gid is None:
        raise Failure(either(proc, f"invalid group: '{text}'", f"unknown group {text}"))
    return await _change_owner(proc, options, paths, -1, gid)


async def _change_owner(
    proc: Process, options: Options, paths: list[str], uid: int, gid: int
) -> int:
    follow = "h" not in options
    walker = _Walker(proc, options, "changing ownership of" if uid != -1 else "changing group of")
    async for path, info in walker.files(paths, follow=follow):
        try:
            proc.chown(path, uid, gid, follow=follow and not stat.S_ISLNK(info.mode))
        except OSError as error:
            await walker.fail(path, error)
            continue
        if "v" in options and is_gnu(proc):
            await proc.out(
                f"ownership of '{path}' retained\n"
                if info.uid == uid
                else f"changed ownership of '{path}'\n"
            )
        elif "v" in options:
            await proc.out(f"changed ownership of '{path}' to {uid}:{gid}\n")
    return walker.code
