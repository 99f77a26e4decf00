"""Copying, moving and linking: cp, mv, ln, install."""

import errno
import os
import posixpath
import stat
from dataclasses import dataclass

from daemon.fs.nodes import Stat
from daemon.process.process import Process
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.files_make import confirmed
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    chunks,
    complain,
    either,
    is_gnu,
    name_of,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.modes import parse_mode
from daemon.programs.tools.options import Options
from daemon.programs.tools.paths import make_folders


def _isdir(proc: Process, path: str) -> bool:
    try:
        return stat.S_ISDIR(proc.stat(path).mode)
    except OSError:
        return False


def _lstat(proc: Process, path: str) -> Stat | None:
    try:
        return proc.stat(path, follow=False)
    except OSError:
        return None


def destinations(proc: Process, options: Options) -> list[tuple[str, str]]:
    """Pairs of source and destination, by the rules that cp, mv, ln and install share."""
    words = list(options.args)
    if "t" in options:
        folder = options.value("t")
        if not words:
            raise _missing_file(proc)
        if is_gnu(proc) and not _isdir(proc, folder):
            raise Failure(f"target directory '{folder}': No such file or directory")
        return [(word, _inside(folder, word)) for word in words]
    if not words:
        raise _missing_file(proc)
    if len(words) == 1:
        raise UsageError(
            f"missing destination file operand after '{words[0]}'" if is_gnu(proc) else ""
        )
    last = words.pop()
    if "T" not in options and _isdir(proc, last):
        return [(word, _inside(last, word)) for word in words]
    if len(words) > 1 and is_gnu(proc):
        raise Failure(_not_a_folder(proc, last))
    if len(words) > 1:
        return [(word, _inside(last, word)) for word in words]
    return [(words[0], last)]


def _missing_file(proc: Process) -> UsageError:
    return UsageError("missing file operand" if is_gnu(proc) else "")


def _not_a_folder(proc: Process, path: str) -> str:
    why = "Not a directory" if _lstat(proc, path) else "No such file or directory"
    return f"target '{path}': {why}"


def _inside(folder: str, source: str) -> str:
    name = os.path.basename(source.rstrip("/"))
    return f"{folder.rstrip('/') or ''}/{name}" if name not in ("", ".", "..") else folder


@dataclass(slots=True)
class Copier:
    """How cp copies; mv uses it across file systems and install for its files."""

    proc: Process
    recursive: bool = False
    preserve: bool = False
    follow_all: bool = False
    follow_operands: bool = True
    force: bool = False
    ask: bool = False
    keep_existing: bool = False
    newer_only: bool = False
    link: str = ""
    verbose: bool = False
    code: int = 0

    async def copy(self, source: str, target: str, *, operand: bool = True) -> bool:
        """Copy one tree; whether all of it arrived. What failed was said."""
        follow = self.follow_all or (operand and self.follow_operands)
        try:
            info = self.proc.stat(source, follow=follow)
        except OSError as error:
            return await self._say("cannot stat", "can't stat", source, error)
        if stat.S_ISDIR(info.mode):
            return await self._folder(source, target, info, operand)
        present = _lstat(self.proc, target)
        if present and not await self._may_replace(source, target, info, present):
            return self.code == 0
        if self.verbose:
            await self.proc.out(f"'{source}' -> '{target}'\n")
        return await self._node(source, target, info, present)

    async def _may_replace(self, source: str, target: str, info: Stat, present: Stat) -> bool:
        if (info.dev, info.ino) == (present.dev, present.ino):
            self.code = 1
            await complain(self.proc, f"'{source}' and '{target}' are the same file")
            return False
        if self.keep_existing or (self.newer_only and info.mtime_ns <= present.mtime_ns):
            return False
        if stat.S_ISDIR(present.mode):
            self.code = 1
            text = f"cannot overwrite directory '{target}' with non-directory"
            busybox = f"'{target}' exists"
            await complain(self.proc, either(self.proc, text, busybox))
            return False
        return not self.ask or await confirmed(
            self.proc, f"{name_of(self.proc)}: overwrite '{target}'? "
        )

    async def _node(self, source: str, target: str, info: Stat, present: Stat | None) -> bool:
        try:
            if self.link:
                self._make_link(source, target, present)
            elif stat.S_ISREG(info.mode) or (not self.recursive and not stat.S_ISLNK(info.mode)):
                await self._bytes(source, target, info, present)
            else:
                if present:
                    self.proc.unlink(target)
                self._special(source, target, info)
        except OSError as error:
            where = error.filename or target
            if where == source:
                return await self._say("cannot open", "can't open", source, error, " for reading")
            gnu = "cannot create regular file" if stat.S_ISREG(info.mode) else "cannot create"
            return await self._say(gnu, "can't create", target, error)
        self._keep_attributes(target, info)
        return True

    def _make_link(self, source: str, target: str, present: Stat | None) -> None:
        if present and self.force:
            self.proc.unlink(target)
        if self.link == "s":
            self.proc.symlink(source, target)
        else:
            self.proc.link(source, target)

    async def _bytes(self, source: str, target: str, info: Stat, present: Stat | None) -> None:
        mode = stat.S_IMODE(info.mode) & 0o777
        async with opened(self.proc, f"./{source}" if source == "-" else source) as reader:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            try:
                writer = await self.proc.open(target, flags, mode)
            except OSError:
                if not (self.force and present):
                    raise
                self.proc.unlink(target)
                writer = await self.proc.open(target, flags, mode)
            try:
                async for data in chunks(self.proc, reader, 1 << 18):
                    await self.proc.write(writer, data)
            finally:
                self.proc.close(writer)

    def _special(self, source: str, target: str, info: Stat) -> None:
        if stat.S_ISLNK(info.mode):
            self.proc.symlink(self.proc.readlink(source), target)
        else:
            self.proc.mknod(target, info.mode, info.rdev)

    def _keep_attributes(self, target: str, info: Stat) -> None:
        if not self.preserve or self.link:
            return
        try:
            self.proc.chown(target, info.uid, info.gid, follow=False)
        except OSError as error:
            if error.errno != errno.EPERM:
                raise
        if not stat.S_ISLNK(info.mode):
            self.proc.chmod(target, stat.S_IMODE(info.mode))
        self.proc.utime(target, info.atime_ns, info.mtime_ns, follow=False)

    async def _folder(self, source: str, target: str, info: Stat, operand: bool) -> bool:
        if not self.recursive:
            self.code = 1
            gnu = f"-r not specified; omitting directory '{source}'"
            await complain(self.proc, either(self.proc, gnu, f"omitting directory '{source}'"))
            return False
        if operand and self._into_itself(source, target):
            self.code = 1
            text = f"cannot copy a directory, '{source}', into itself, '{target}'"
            await complain(
                self.proc,
                either(self.proc, text, f"recursion detected, omitting directory '{source}'"),
            )
            return False
        made = await self._made_folder(source, target, info)
        if made is None:
            return False
        whole = True
        for name in self.proc.listdir(source):
            child = f"{source.rstrip('/')}/{name}"
            whole &= await self.copy(child, f"{target.rstrip('/')}/{name}", operand=False)
        await self.proc.checkpoint()
        if made:
            self.proc.chmod(
                target, stat.S_IMODE(info.mode) & ~(0 if self.preserve else self.proc.umask)
            )
        self._keep_attributes(target, info)
        return whole

    async def _made_folder(self, source: str, target: str, info: Stat) -> bool | None:
        """True: made now, False: was there, None: impossible (and said)."""
        present = _lstat(self.proc, target)
        if present:
            if _isdir(self.proc, target):
                return False
            self.code = 1
            text = f"cannot overwrite non-directory '{target}' with directory '{source}'"
            await complain(
                self.proc, either(self.proc, text, f"target '{target}' is not a directory")
            )
            return None
        try:
            self.proc.mkdir(target, 0o700)
        except OSError as error:
            await self._say("cannot create directory", "can't create directory", target, error)
            return None
        if self.verbose:
            await self.proc.out(f"'{source}' -> '{target}'\n")
        return True

    def _into_itself(self, source: str, target: str) -> bool:
        inside = os.path.join(self.proc.cwd, posixpath.normpath(target)) + "/"
        return inside.startswith(os.path.join(self.proc.cwd, posixpath.normpath(source)) + "/")

    async def _say(self, gnu: str, busybox: str, path: str, error: OSError, tail: str = "") -> bool:
        self.code = 1
        verb = either(self.proc, gnu, busybox)
        await complain(
            self.proc, f"{verb} '{path}'{tail if is_gnu(self.proc) else ''}: {reason(error)}"
        )
        return False


@tool(
    "[-arPLHpfinlsTu] SOURCE... DEST",
    "arRPLHpfinlsTut:dv",
    about="Copy SOURCEs to DEST",
    gnu="bS:xZ",
    long="archive=a recursive=r no-dereference=P dereference=L force=f interactive=i no-clobber=n link=l "
    "symbolic-link=s update?=u target-directory:=t no-target-directory=T verbose=v preserve?=p "
    "parents=parents no-preserve:=no-preserve reflink?=reflink sparse:=sparse remove-destination=f one-file-system=x",
    busybox_long="target-directory:=t no-target-directory=T",
)
async def cp(proc: Process, options: Options) -> int:
    recursive = any(key in options for key in ("a", "r", "R"))
    links = options.last_of(("L", "P", "H", "d", "a"))
    copier = Copier(
        proc,
        recursive=recursive,
        preserve="a" in options or "p" in options,
        follow_all=links == "L" or (not recursive and not links),
        follow_operands=links == "H" or links == "L" or not (recursive or links),
        force="f" in options,
        ask=options.last_of("inf") == "i",
        keep_existing=options.last_of("inf") == "n",
        newer_only="u" in options,
        link=options.last_of("ls"),
        verbose="v" in options,
    )
    for source, target in destinations(proc, options):
        if "parents" in options:
            target = await _with_parents(proc, source, options)
        await copier.copy(source, target)
    return copier.code


async def _with_parents(proc: Process, source: str, options: Options) -> str:
    base = options.value("t") or options.args[-1]
    target = f"{base.rstrip('/')}/{source.strip('/')}"
    make_folders(proc, os.path.dirname(target))
    return target


@tool(
    "[-finT] SOURCE... DEST",
    "finTt:v",
    about="Rename SOURCE to DEST, or move SOURCEs to DIRECTORY",
    gnu="ubS:Z",
    long="force=f interactive=i no-clobber=n update?=u target-directory:=t no-target-directory=T verbose=v",
    busybox_long="target-directory:=t no-target-directory=T",
)
async def mv(proc: Process, options: Options) -> int:
    code = 0
    for source, target in destinations(proc, options):
        try:
            code |= await _move(proc, source, target, options)
        except OSError as error:
            code = 1
            text = either(proc, f"cannot move '{source}' to '{target}'", f"can't rename '{source}'")
            await complain(proc, f"{text}: {reason(error)}")
    return code


async def _move(proc: Process, source: str, target: str, options: Options) -> int:
    info = _lstat(proc, source)
    if info is None and is_gnu(proc):
        await complain(proc, f"cannot stat '{source}': No such file or directory")
        return 1
    present = _lstat(proc, target)
    if present and info and not await _may_move_over(proc, target, info, present, options):
        return 0
    if present and info and (info.dev, info.ino) == (present.dev, present.ino):
        await complain(proc, f"'{source}' and '{target}' are the same file")
        return 1
    if present and info and stat.S_ISDIR(present.mode) and not stat.S_ISDIR(info.mode):
        text = f"cannot overwrite directory '{target}' with non-directory"
        await complain(proc, text)
        return 1
    if (
        info
        and stat.S_ISDIR(info.mode)
        and f"{posixpath.normpath(target)}/".startswith(f"{posixpath.normpath(source)}/")
        and is_gnu(proc)
    ):
        await complain(proc, f"cannot move '{source}' to a subdirectory of itself, '{target}'")
        return 1
    try:
        proc.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        return await _move_across(proc, source, target)
    if "v" in options:
        await proc.out(
            either(proc, f"renamed '{source}' -> '{target}'\n", f"'{source}' -> '{target}'\n")
        )
    return 0


async def _may_move_over(
    proc: Process, target: str, info: Stat, present: Stat, options: Options
) -> bool:
    choice = options.last_of("fin")
    if choice == "n" or ("u" in options and info.mtime_ns <= present.mtime_ns):
        return False
    return choice != "i" or await confirmed(proc, f"{name_of(proc)}: overwrite '{target}'? ")


async def _move_across(proc: Process, source: str, target: str) -> int:
    copier = Copier(proc, recursive=True, preserve=True, follow_operands=False, force=True)
    if not await copier.copy(source, target):
        return 1
    await _discard(proc, source)
    return 0


async def _discard(proc: Process, path: str) -> None:
    if stat.S_ISDIR(proc.stat(path, follow=False).mode):
        for name in proc.listdir(path):
            await _discard(proc, f"{path}/{name}")
        await proc.checkpoint()
        proc.rmdir(path)
    else:
        proc.unlink(path)


@tool(
    "[-sfnbtv] [-S SUF] TARGET... LINK|DIR",
    "sfnbS:vTt:",
    about="Create a link LINK or DIR/TARGET to the specified TARGETs",
    gnu="irPLd",
    long="symbolic=s force=f no-dereference=n target-directory:=t no-target-directory=T verbose=v relative=r "
    "interactive=i physical=P logical=L",
)
async def ln(proc: Process, options: Options) -> int:
    code = 0
    for target, path in _link_pairs(proc, options):
        try:
            await _link(proc, target, path, options)
        except OSError as error:
            code = 1
            kind = "symbolic link" if "s" in options else "hard link"
            text = f"failed to create {kind} '{path}'"
            if not is_gnu(proc):
                text = path if error.errno == errno.EEXIST or "s" in options else target
            elif "s" not in options and error.errno == errno.ENOENT:
                text = f"failed to access '{target}'"
            await complain(proc, f"{text}: {reason(error)}")
    return code


def _link_pairs(proc: Process, options: Options) -> list[tuple[str, str]]:
    words = options.args
    if not words:
        raise _missing_file(proc)
    if len(words) == 1 and "t" not in options:
        return [(words[0], _inside(".", words[0]))]
    if "n" in options and len(words) == 2 and "t" not in options:
        info = _lstat(proc, words[1])
        if info is None or stat.S_ISLNK(info.mode):
            return [(words[0], words[1])]
    return destinations(proc, options)


async def _link(proc: Process, target: str, path: str, options: Options) -> None:
    if "b" in options and _lstat(proc, path):
        proc.rename(path, path + options.value("S", "~"))
    elif "f" in options and _lstat(proc, path):
        if "s" not in options:
            proc.stat(target, follow=False)
        proc.unlink(path)
    if "r" in options:
        folder = os.path.join(proc.cwd, os.path.dirname(path))
        target = posixpath.relpath(os.path.join(proc.cwd, target), folder)
    if "s" in options:
        proc.symlink(target, path)
    else:
        proc.link(target, path)
    if "v" in options:
        arrow = "->" if "s" in options else "=>"
        await proc.out(f"'{path}' {arrow} '{target}'\n")


@tool(
    "[-cdDsp] [-o USER] [-g GRP] [-m MODE] [-t DIR] [SOURCE]... DEST",
    "cdDspo:g:m:t:v",
    about="Copy files and set attributes",
    gnu="TbC",
    long="directory=d owner:=o group:=g mode:=m target-directory:=t no-target-directory=T preserve-timestamps=p "
    "strip=s verbose=v",
)
async def install(proc: Process, options: Options) -> int:
    change = parse_mode(options.value("m", "755"), 0)
    if change is None:
        raise Failure(f"invalid mode '{options.value('m')}'")
    if "d" in options:
        for path in options.args:
            make_folders(proc, path, 0o755)
            _attributes(proc, path, change(0o755), options)
        return 0
    copier = Copier(proc, preserve="p" in options, force=True, verbose="v" in options)
    for source, target in destinations(proc, options):
        if "D" in options:
            make_folders(proc, os.path.dirname(target), 0o755)
        if _lstat(proc, target):
            proc.unlink(target)
        if await copier.copy(source, target):
            _attributes(proc, target, change(0o600), options)
    return copier.code


def _attributes(proc: Process, path: str, mode: int, options: Options) -> None:
    names = Names(proc)
    uid = names.uid(options.value("o")) if "o" in options else -1
    gid = names.gid(options.value("g")) if "g" in options else -1
    if uid is None:
        raise Failure(f"invalid user '{options.value('o')}'")
    if gid is None:
        raise Failure(f"invalid group '{options.value('g')}'")
    if uid != -1 or gid != -1:
        proc.chown(path, uid, gid)
    proc.chmod(path, mode)
