"""Making and removing files: mkdir, rmdir, rm, touch, mkfifo, mknod, mktemp, truncate, fallocate, sync."""

import errno
import os
import stat

from daemon.process.process import Process
from daemon.programs.tools import dates
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    either,
    is_gnu,
    missing_operand,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.modes import parse_mode
from daemon.programs.tools.options import Options
from daemon.programs.tools.paths import dirname_of
from daemon.programs.tools.sizes import parse_size


def mode_option(proc: Process, options: Options, base: int) -> int | None:
    """The mode that -m asks for, starting from `base`; None without -m."""
    if "m" not in options:
        return None
    text = options.value("m")
    change = parse_mode(text, proc.umask)
    if change is None:
        raise Failure(f"invalid mode '{text}'")
    return change(base)


@tool(
    "[-m MODE] [-p] DIRECTORY...",
    "m:p",
    about="Create DIRECTORY",
    gnu="vZ",
    long="mode:=m parents=p verbose=v",
    busybox_long="mode:=m parents=p",
)
async def mkdir(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    mode = mode_option(proc, options, 0o777)
    code = 0
    for path in options.args:
        try:
            await _make_folder(proc, path, mode, options)
        except OSError as error:
            code = 1
            text = either(proc, "cannot create directory", "can't create directory")
            await complain(proc, f"{text} '{error.filename or path}': {reason(error)}")
    return code


async def _make_folder(proc: Process, path: str, mode: int | None, options: Options) -> None:
    parts = [path]
    if "p" in options:
        names = path.rstrip("/").split("/")
        parts = ["/".join(names[: i + 1]) or "/" for i in range(len(names))]
    for part in parts:
        try:
            proc.mkdir(part, 0o777)
        except FileExistsError:
            if "p" not in options or not stat.S_ISDIR(proc.stat(part).mode):
                raise OSError(errno.EEXIST, os.strerror(errno.EEXIST), part) from None
            continue
        except OSError as error:
            raise OSError(error.errno, os.strerror(error.errno or 0), part) from error
        if part == parts[-1] and mode is not None:
            proc.chmod(part, mode)
        if "v" in options:
            await proc.out(f"{proc.argv[0]}: created directory '{part}'\n")


@tool(
    "[-p] DIRECTORY...",
    "p",
    about="Remove DIRECTORY if it is empty",
    gnu="v",
    long="parents=p verbose=v ignore-fail-on-non-empty",
    busybox_long="parents=p ignore-fail-on-non-empty",
)
async def rmdir(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    code = 0
    for path in options.args:
        current = path
        while True:
            try:
                proc.rmdir(current)
            except OSError as error:
                if error.errno == errno.ENOTEMPTY and "ignore-fail-on-non-empty" in options:
                    break
                code = 1
                quote = either(proc, f"failed to remove '{current}'", f"'{current}'")
                await complain(proc, f"{quote}: {reason(error)}")
                break
            current = dirname_of(current)
            if "p" not in options or current in (".", "/"):
                break
    return code


@tool(
    "[-irf] FILE...",
    "irRfv",
    about="Remove (unlink) FILEs",
    gnu="dI",
    long="force=f recursive=r interactive?=i verbose=v dir=d one-file-system no-preserve-root "
    "preserve-root?",
)
async def rm(proc: Process, options: Options) -> int:
    if not options.args:
        if "f" in options:
            return 0
        raise missing_operand(proc)
    remover = _Remover(proc, options)
    for path in options.args:
        await remover.remove(path, operand=True)
    return remover.code


class _Remover:
    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.recursive = "r" in options or "R" in options
        self.force = options.last_of("fi") == "f"
        self.ask = options.last_of("fi") == "i"
        self.code = 0

    async def remove(self, path: str, *, operand: bool = False) -> bool:
        """Whether it is gone now; what could not be done was said."""
        try:
            if operand and self._refused(path):
                await self._refuse(path)
                return False
            info = self.proc.stat(path, follow=False)
            if stat.S_ISDIR(info.mode):
                return await self._folder(path)
            if self.ask and not await self._confirmed(self._question(path, info.mode)):
                return True
            self.proc.unlink(path)
        except OSError as error:
            if self.force and error.errno == errno.ENOENT:
                return True
            return await self._failed(path, error)
        await self._say(f"removed '{path}'")
        return True

    def _refused(self, path: str) -> bool:
        dots = os.path.basename(path.rstrip("/")) in (".", "..")
        if not is_gnu(self.proc):
            return dots
        root = path.strip("/") == "" and "no-preserve-root" not in self.options
        return self.recursive and (dots or root)

    async def _refuse(self, path: str) -> None:
        self.code = 1
        if path.strip("/") == "":
            await complain(self.proc, "it is dangerous to operate recursively on '/'")
            await complain(self.proc, "use --no-preserve-root to override this failsafe")
        else:
            text = f"refusing to remove '.' or '..' directory: skipping '{path}'"
            await complain(self.proc, either(self.proc, text, "can't remove '.' or '..'"))

    async def _folder(self, path: str) -> bool:
        if not self.recursive:
            if "d" in self.options:
                self.proc.rmdir(path)
                return True
            self.code = 1
            text = either(
                self.proc, f"cannot remove '{path}': Is a directory", f"'{path}' is a directory"
            )
            await complain(self.proc, text)
            return False
        if self.ask and not await self._confirmed(f"descend into directory '{path}'"):
            return True
        await self.proc.checkpoint()
        gone = [await self.remove(f"{path.rstrip('/')}/{name}") for name in self.proc.listdir(path)]
        if not all(gone):
            return False
        if self.ask and not await self._confirmed(f"remove directory '{path}'"):
            return True
        self.proc.rmdir(path)
        await self._say(f"removed directory '{path}'")
        return True

    def _question(self, path: str, mode: int) -> str:
        if not is_gnu(self.proc):
            return f"remove '{path}'"
        empty = stat.S_ISREG(mode) and self.proc.stat(path, follow=False).size == 0
        kind = (
            "symbolic link"
            if stat.S_ISLNK(mode)
            else "regular empty file"
            if empty
            else "regular file"
        )
        return f"remove {kind} '{path}'"

    async def _confirmed(self, question: str) -> bool:
        return await confirmed(self.proc, f"{self.proc.argv[0]}: {question}? ")

    async def _failed(self, path: str, error: OSError) -> bool:
        self.code = 1
        text = either(self.proc, "cannot remove", "can't remove")
        await complain(self.proc, f"{text} '{path}': {reason(error)}")
        return False

    async def _say(self, text: str) -> None:
        if "v" in self.options:
            await self.proc.out(f"{text}\n")


async def confirmed(proc: Process, question: str) -> bool:
    """Ask on stderr, read a line; y and Y mean yes."""
    await proc.err(question)
    answer = b""
    while not answer.endswith(b"\n"):
        data = await proc.read(0, 1)
        if not data:
            break
        answer += data
    return answer[:1] in (b"y", b"Y")


@tool(
    "[-cham] [-d DATE] [-t DATE] [-r FILE] FILE...",
    "camd:t:r:h",
    about="Update mtime of FILEs",
    gnu="f",
    long="no-create=c date:=d reference:=r time:=time no-dereference=h",
    busybox_long="no-create=c date:=d reference:=r no-dereference=h",
)
async def touch(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError("missing file operand" if is_gnu(proc) else "")
    atime, mtime = _wanted_times(proc, options)
    code = 0
    for path in options.args:
        try:
            await _touch(proc, path, atime, mtime, options)
        except OSError as error:
            code = 1
            verb = "setting times of" if "c" in options else "cannot touch"
            quote = either(proc, f"{verb} '{path}'", path)
            await complain(proc, f"{quote}: {reason(error)}")
    return code


def _wanted_times(proc: Process, options: Options) -> tuple[int, int]:
    if "r" in options:
        path = options.value("r")
        try:
            info = proc.stat(path)
        except OSError as error:
            quote = either(proc, f"failed to get attributes of '{path}'", path)
            raise Failure(f"{quote}: {reason(error)}") from error
        return info.atime_ns, info.mtime_ns
    text = options.value("d") or options.value("t")
    now = proc.machine.clock.now()
    if not text:
        return now, now
    zone = dates.zone_of(proc.env.get("TZ"))
    if "t" in options and len(text.partition(".")[0]) == 10:
        century = "20" if int(text[:2]) < 69 else "19"
        text = century + text
    parsed = dates.parse_date(text, now, zone)
    if parsed is None:
        word = "date format" if is_gnu(proc) else "date"
        raise Failure(f"invalid {word} '{text}'")
    return parsed, parsed


async def _touch(proc: Process, path: str, atime: int, mtime: int, options: Options) -> None:
    follow = "h" not in options
    try:
        info = proc.stat(path, follow=follow)
    except FileNotFoundError:
        if "c" in options or not follow:
            if not follow and "c" not in options:
                raise
            return
        proc.close(await proc.open(path, os.O_WRONLY | os.O_CREAT, 0o666))
        info = proc.stat(path)
    which = options.value("time")[:1]
    only_a = ("a" in options or which in ("a", "u")) and "m" not in options
    only_m = ("m" in options or which == "m") and "a" not in options
    proc.utime(
        path,
        info.atime_ns if only_m else atime,
        info.mtime_ns if only_a else mtime,
        follow=follow,
    )


@tool("[-m MODE] NAME...", "m:", about="Create named pipe", gnu="Z", long="mode:=m")
async def mkfifo(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    mode = mode_option(proc, options, 0o666)
    code = 0
    for path in options.args:
        try:
            proc.mknod(path, stat.S_IFIFO | (0o666 if mode is None else mode))
            if mode is not None:
                proc.chmod(path, mode)
        except OSError as error:
            code = 1
            quote = either(proc, f"cannot create fifo '{path}'", path)
            await complain(proc, f"{quote}: {reason(error)}")
    return code


_NODE_TYPES = {"b": stat.S_IFBLK, "c": stat.S_IFCHR, "u": stat.S_IFCHR, "p": stat.S_IFIFO}


@tool(
    "[-m MODE] NAME TYPE [MAJOR MINOR]",
    "m:",
    about="Create a special file (b: block, c or u: character, p: named pipe)",
    gnu="Z",
    long="mode:=m",
)
async def mknod(proc: Process, options: Options) -> int:
    words = options.args
    wanted = 2 if words[1:2] == ["p"] else 4
    if len(words) != wanted or words[1] not in _NODE_TYPES:
        if words and is_gnu(proc):
            raise UsageError(
                f"missing operand after '{words[-1]}'"
                if len(words) < wanted
                else f"invalid device type '{words[1]}'"
            )
        raise missing_operand(proc)
    mode = mode_option(proc, options, 0o666)
    rdev = os.makedev(int(words[2], 0), int(words[3], 0)) if wanted == 4 else 0
    try:
        proc.mknod(words[0], _NODE_TYPES[words[1]] | (0o666 if mode is None else mode), rdev)
    except OSError as error:
        raise Failure(f"{words[0]}: {reason(error)}") from error
    if mode is not None:
        proc.chmod(words[0], mode)
    return 0


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@tool(
    "[-dt] [-p DIR] [TEMPLATE]",
    "dtp:qu",
    about="Create a temporary file with name based on TEMPLATE and print its name",
    long="directory=d dry-run=u quiet=q suffix:=suffix tmpdir?=p",
)
async def mktemp(proc: Process, options: Options) -> int:
    template = (
        options.args[0] if options.args else "tmp.XXXXXXXXXX" if is_gnu(proc) else "tmp.XXXXXX"
    )
    suffix = options.value("suffix")
    if not template.endswith("XXX" if is_gnu(proc) else "XXXXXX"):
        if "XXX" not in template or not is_gnu(proc):
            text = (
                f"too few X's in template '{template}'"
                if is_gnu(proc)
                else "(null): Invalid argument"
            )
            raise Failure(text)
        template, _, tail = template.rpartition("X")
        template, suffix = template + "X", tail + suffix
    if "p" in options or "t" in options or not options.args:
        folder = options.value("p") or proc.env.get("TMPDIR") or "/tmp"
        template = f"{folder}/{template}"
    marks = len(template) - len(template.rstrip("X"))
    path = await _unused(proc, template[: len(template) - marks], marks, suffix, options)
    await proc.out(path + "\n")
    return 0


async def _unused(proc: Process, head: str, marks: int, suffix: str, options: Options) -> str:
    draw = proc.machine.ids.random.choice
    while True:
        path = head + "".join(draw(_LETTERS) for _ in range(marks)) + suffix
        try:
            if "u" in options:
                return path
            if "d" in options:
                proc.mkdir(path, 0o700)
            else:
                proc.close(await proc.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            return path
        except FileExistsError:
            continue
        except OSError as error:
            kind = "directory" if "d" in options else "file"
            marked = head + "X" * marks + suffix
            text = f"failed to create {kind} via template '{marked}'"
            raise Failure(f"{either(proc, text, marked)}: {reason(error)}") from error


@tool(
    "[-c] -s SIZE FILE...",
    "cs:",
    about="Truncate FILEs to SIZE",
    gnu="or:",
    long="no-create=c size:=s reference:=r io-blocks=o",
)
async def truncate(proc: Process, options: Options) -> int:
    if "s" not in options and "r" not in options:
        raise UsageError(
            "you must specify either '--size' or '--reference'" if is_gnu(proc) else ""
        )
    if not options.args:
        raise UsageError("missing file operand" if is_gnu(proc) else "")
    code = 0
    for path in options.args:
        flags = os.O_WRONLY | (0 if "c" in options else os.O_CREAT)
        try:
            proc.close(await proc.open(path, flags, 0o666))
            proc.truncate(path, _new_size(proc, path, options))
        except FileNotFoundError as error:
            if "c" not in options:
                code = await _cannot_open(proc, path, error)
        except OSError as error:
            code = await _cannot_open(proc, path, error)
    return code


async def _cannot_open(proc: Process, path: str, error: OSError) -> int:
    quote = either(proc, f"cannot open '{path}' for writing", path)
    await complain(proc, f"{quote}: {reason(error)}")
    return 1


def _new_size(proc: Process, path: str, options: Options) -> int:
    if "r" in options:
        return proc.stat(options.value("r")).size
    text = options.value("s")
    sign = text[:1] if text[:1] in "+-<>/%" else ""
    size = parse_size(text[len(sign) :])
    if size is None:
        raise Failure(f"Invalid number: '{text}'" if is_gnu(proc) else f"invalid number '{text}'")
    current = proc.stat(path).size
    if sign == "%":
        return -(-current // size) * size
    results = {
        "+": current + size,
        "-": max(0, current - size),
        "<": min(current, size),
        ">": max(current, size),
        "/": current // max(1, size) * size,
    }
    return results.get(sign, size)


@tool(
    "[-o OFS] -l LEN FILE",
    "l:o:",
    about="Preallocate space for FILE",
    gnu="npcdvxz",
    long="length:=l offset:=o keep-size=n",
    package="util-linux 2.38.1)",
)
async def fallocate(proc: Process, options: Options) -> int:
    length = parse_size(options.value("l"))
    if not options.args or length is None:
        raise UsageError(
            "no length argument specified" if options.args else "no filename specified"
        )
    path = options.args[0]
    async with opened(proc, path, os.O_RDWR | os.O_CREAT) as fd:
        end = (parse_size(options.value("o", "0")) or 0) + length
        if proc.fstat(fd).size < end:
            proc.truncate(path, end)
    return 0


@tool("", "", about="Write all buffered blocks to disk", gnu="df", long="data=d file-system=f")
async def sync(proc: Process, options: Options) -> int:
    await proc.checkpoint()
    return 0
