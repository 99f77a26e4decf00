"""Programs that run programs: timeout, nohup, xargs, watch, chroot, setsid, su, which, script runners."""

import os
import re
from collections.abc import AsyncIterator

from daemon.fs.nodes import Credentials
from daemon.process.process import Process
from daemon.process.signals import IGNORE, Signal
from daemon.process.status import ExitStatus
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    chunks,
    columns_of,
    complain,
    either,
    is_gnu,
    missing_operand,
    opened,
    reason,
    tool,
)
from daemon.programs.tools.options import Options
from daemon.programs.tools.system_identity import run_instead
from daemon.programs.tools.system_process import signal_number
from daemon.programs.tools.system_time import duration


@tool(
    "[-s SIG] [-k KILL_SECS] SECS PROG ARGS",
    "s:k:",
    about="Run PROG. Send SIG to it if it is not gone in SECS seconds. Default SIG: TERM.",
    gnu="v",
    long="signal:=s kill-after:=k preserve-status=p foreground=f verbose=v",
    stop_at_operand=True,
    trouble=(125, 1),
)
async def timeout(proc: Process, options: Options) -> int:
    if len(options.args) < 2:
        raise UsageError()
    seconds = _seconds(proc, options.args[0])
    number = signal_number(options.value("s", "TERM"))
    if number is None:
        raise Failure(
            either(
                proc,
                f"{options.value('s')}: invalid signal",
                f"bad signal name '{options.value('s')}'",
            ),
            125 if is_gnu(proc) else 1,
        )
    grace = _seconds(proc, options.value("k")) if "k" in options else 0.0
    try:
        child = await proc.spawn(options.args[1:])
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        word = options.args[1]
        text = either(proc, f"failed to run command '{word}'", f"can't execute '{word}'")
        await complain(proc, f"{text}: {reason(error)}")
        return 127 if missing else 126
    proc.on_signal(Signal.SIGTERM, child.post)
    status, late = await _bounded(proc, child, seconds, number, grace)
    if late and "p" not in options:
        return (
            137
            if status.signal == Signal.SIGKILL
            else 124
            if is_gnu(proc)
            else 143
            if number == 15
            else 128 + number
        )
    return status.shell_code


def _seconds(proc: Process, text: str) -> float:
    seconds = duration(text)
    if seconds is None:
        if is_gnu(proc):
            raise UsageError(f"invalid time interval '{text}'")
        raise Failure(f"invalid number '{text}'")
    return seconds


async def _bounded(
    proc: Process, child: Process, seconds: float, number: int, grace: float
) -> tuple[ExitStatus, bool]:
    """The child's end, and whether its time was up."""
    clock = proc.machine.clock
    steps = [(seconds, number)] if seconds else []
    if grace:
        steps.append((grace, int(Signal.SIGKILL)))
    late = False
    for wait, signum in steps:
        deadline = clock.monotonic() + wait
        while child.status is None and clock.monotonic() < deadline:
            await proc.wait_on(child.exited, deadline=deadline)
        if child.status is None:
            late = True
            child.post(signum)
            child.post(int(Signal.SIGCONT))
    while True:
        try:
            _, status = await proc.wait(child.pid)
        except InterruptedError:
            continue
        return (status if isinstance(status, ExitStatus) else ExitStatus()), late


@tool(
    "PROG ARGS",
    "",
    about="Run PROG immune to hangups, with output to a non-tty",
    stop_at_operand=True,
    trouble=(125, 127),
)
async def nohup(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    proc.on_signal(Signal.SIGHUP, IGNORE)
    if proc.isatty(0):
        proc.dup2(await proc.open("/dev/null"), 0)
    if proc.isatty(1):
        fd = await proc.open("nohup.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        await complain(
            proc,
            "ignoring input and appending output to 'nohup.out'"
            if is_gnu(proc)
            else "appending output to nohup.out",
        )
        if proc.isatty(2):
            proc.dup2(fd, 2)
        proc.dup2(fd, 1)
    return await run_instead(proc, options.args)


@tool(
    "[-c] PROG ARGS",
    "cfw",
    about="Run PROG in a new session",
    long="ctty=c fork=f wait=w",
    stop_at_operand=True,
)
async def setsid(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    try:
        proc.setsid()
    except PermissionError:
        child = await proc.spawn(options.args, pgid=0)
        child.sid = child.pid
        return 0
    return await run_instead(proc, options.args)


@tool(
    "NEWROOT [PROG ARGS]",
    "",
    about="Run PROG with root directory set to NEWROOT",
    gnu="",
    long="userspec:=userspec groups:=groups skip-chdir",
    stop_at_operand=True,
    trouble=(125, 1),
)
async def chroot(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    root = options.args[0]
    code = 125 if is_gnu(proc) else 1
    verb = either(proc, "cannot change root directory to", "can't change root directory to")
    if not proc.machine.fs.isdir(os.path.join(proc.cwd, root)):
        raise Failure(f"{verb} '{root}': No such file or directory", code)
    if proc.cred.uid:
        raise Failure(f"{verb} '{root}': Operation not permitted", code)
    if proc.realpath(root) != "/":
        raise Failure(f"{verb} '{root}': Operation not permitted", code)
    proc.chdir("/")
    return await run_instead(proc, options.args[1:] or [proc.env.get("SHELL", "/bin/sh"), "-i"])


@tool(
    "[-lmp] [-s SH] [-] [USER [FILE ARGS]]",
    "lmps:c:",
    about="Run shell under USER (by default, root)",
    gnu="fg:G:w:P",
    long="login=l command:=c shell:=s preserve-environment=m",
    stop_at_operand=False,
    package="util-linux 2.38.1)",
)
async def su(proc: Process, options: Options) -> int:
    words = list(options.args)
    login = "l" in options
    if words[:1] == ["-"]:
        login = True
        words.pop(0)
    name = words.pop(0) if words else "root"
    names = Names(proc)
    user = names.find_user(name)
    if user is None:
        raise Failure(
            either(
                proc,
                f"user {name} does not exist or the user entry does not contain all the required fields",
                f"unknown user {name}",
            )
        )
    if proc.cred.uid and proc.cred.uid != user.uid:
        await proc.out("Password: ")
        await proc.read(0, 256)
        raise Failure(either(proc, "Authentication failure", "incorrect password"))
    proc.cred = Credentials(user.uid, user.gid, tuple(names.groups_of(user)))
    shell = options.value("s") or user.shell or "/bin/sh"
    environment = dict(proc.env)
    if login:
        environment = {"TERM": proc.env.get("TERM", ""), "PATH": "/usr/local/bin:/usr/bin:/bin"}
        proc.chdir(user.home if proc.machine.fs.isdir(user.home) else "/")
    if "m" not in options and "p" not in options:
        environment |= {"HOME": user.home, "SHELL": shell}
        if user.uid or login:
            environment |= {"USER": name, "LOGNAME": name}
    base = os.path.basename(shell)
    command = ["-c", options.value("c")] if "c" in options else []
    proc.env = environment
    try:
        await proc.exec(
            [f"-{base}" if login else base, *command, *words], env=environment, path=shell
        )
    except OSError as error:
        raise Failure(
            f"can't execute '{shell}': {reason(error)}"
            if not is_gnu(proc)
            else f"failed to execute {shell}: {reason(error)}",
            127,
        ) from error


@tool("[-a] COMMAND...", "a", about="Locate COMMAND", gnu="s", trouble=(2, 1))
async def which(proc: Process, options: Options) -> int:
    if not options.args:
        if is_gnu(proc):
            return 1
        raise missing_operand(proc)
    missing = 0
    for word in options.args:
        found = [path for path in _candidates(proc, word) if _is_program(proc, path)]
        if not found:
            missing = 1
        for path in found if "a" in options else found[:1]:
            await proc.out(path + "\n")
    return missing


def _candidates(proc: Process, word: str) -> list[str]:
    if "/" in word:
        return [word]
    path = proc.env.get("PATH", "/sbin:/usr/sbin:/bin:/usr/bin")
    return [f"{folder or '.'}/{word}" for folder in path.split(":")]


def _is_program(proc: Process, path: str) -> bool:
    try:
        info = proc.stat(path)
    except OSError:
        return False
    return info.mode & 0o170000 == 0o100000 and proc.access(path, os.X_OK)


@tool(
    "[-n SEC] [-t] PROG ARGS",
    "n:t",
    about="Run PROG periodically",
    gnu="bcdegx",
    long="interval:=n no-title=t exec=x beep=b differences=d errexit=e color=c",
    stop_at_operand=True,
    package="procps-ng 4.0.2)",
)
async def watch(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    period = duration(options.value("n", "2"))
    if period is None:
        raise Failure(f"invalid number '{options.value('n')}'")
    command = " ".join(options.args)
    while True:
        header = "" if "t" in options else _watch_header(proc, period, command)
        await proc.out(f"\x1b[H\x1b[J{header}")
        child = await proc.spawn(["sh", "-c", command], path="/bin/sh")
        await proc.wait(child.pid)
        await proc.sleep(max(0.1, period))


def _watch_header(proc: Process, period: float, command: str) -> str:
    width = columns_of(proc)
    now = dates.strftime("%Y-%m-%d %H:%M:%S", dates.from_ns(proc.machine.clock.now()))
    if is_gnu(proc):
        now = dates.strftime("%c", dates.from_ns(proc.machine.clock.now()))
        now = f"{proc.machine.hostname}: {now}"
    left = f"Every {period:.1f}s: {command}"
    return f"{left[: max(0, width - len(now) - 1)]:<{width - len(now)}}{now}\n\n"


@tool(
    "[OPTIONS] [PROG ARGS]",
    "prt0n:I:E:e::s:xP:a:L:d:oi::l::",
    about="Run PROG on every item given by stdin",
    long="null=0 no-run-if-empty=r verbose=t interactive=p max-args:=n replace?=i max-procs:=P arg-file:=a "
    "max-lines?=L delimiter:=d exit=x max-chars:=s eof?=e open-tty=o process-slot-var:=slot",
    stop_at_operand=True,
    package="GNU findutils) 4.9.0",
)
async def xargs(proc: Process, options: Options) -> int:
    runner = _Xargs(proc, options)
    async with opened(proc, options.value("a", "-")) as fd:
        async for word in runner.items(fd):
            if await runner.take(word):
                break
    return await runner.finish()


class _Xargs:
    """Collects words into command lines and runs them, up to -P at a time."""

    def __init__(self, proc: Process, options: Options) -> None:
        self.proc = proc
        self.options = options
        self.command = options.args or ["echo"]
        replace = options.last_of("Ii")
        self.replace = (options.value(replace) or "{}") if replace else ""
        self.limit = 1 if self.replace else self._number("n")
        self.line_limit = self._number("L") or self._number("l") or ("l" in options)
        self.size = self._number("s") or 131072
        self.parallel = max(1, self._number("P") or 1) if "P" in options else 1
        self.words: list[str] = []
        self.length = 0
        self.ran = False
        self.running = 0
        self.code = 0

    def _number(self, key: str) -> int:
        text = self.options.value(key)
        if not text:
            return 0
        if not text.isdigit():
            raise Failure(
                either(
                    self.proc,
                    f'invalid number "{text}" for -{key} option',
                    f"invalid number '{text}'",
                )
            )
        return int(text)

    async def items(self, fd: int) -> AsyncIterator[str]:
        options = self.options
        if "0" in options or "d" in options:
            separator = b"\0" if "0" in options else _delimiter(options.value("d"))
            async for word in self._separated(fd, separator):
                yield word
        elif self.replace:
            async for line in self._separated(fd, b"\n"):
                if text := line.strip(" \t"):
                    yield _unquoted(text)
        elif self.line_limit:
            async for word in self._by_line(fd):
                yield word
        else:
            async for word in self._free_words(fd):
                yield word

    async def _free_words(self, fd: int) -> AsyncIterator[str]:
        """Words wherever they are, quotes and backslashes read."""
        rest = ""
        async for data in chunks(self.proc, fd):
            rest += os.fsdecode(data)
            cut = max(rest.rfind("\n"), rest.rfind(" ")) + 1 if not _open_quote(rest) else 0
            for word in self._checked(rest[:cut]):
                yield word
            rest = rest[cut:]
        for word in self._checked(rest):
            yield word

    async def _by_line(self, fd: int) -> AsyncIterator[str]:
        """The words of each line; after -L lines that are not empty the command runs."""
        lines = 0
        async for line in self._separated(fd, b"\n"):
            words = self._checked(line)
            for word in words:
                yield word
            lines += bool(words)
            if words and lines % self.line_limit == 0:
                await self._run()

    def _checked(self, text: str) -> list[str]:
        try:
            return split_words(text)
        except ValueError as error:
            mark = str(error)
            gnu = f"unmatched {mark} quote; by default quotes are special to xargs unless you use the -0 option"
            raise Failure(either(self.proc, gnu, f"unmatched {mark} quote")) from error

    async def _separated(self, fd: int, separator: bytes) -> AsyncIterator[str]:
        rest = b""
        async for data in chunks(self.proc, fd):
            *words, rest = (rest + data).split(separator)
            for word in words:
                yield os.fsdecode(word)
        if rest:
            yield os.fsdecode(rest)

    async def take(self, word: str) -> bool:
        """One more word; True when it is time to stop."""
        if self.words and self.length + len(word) + 1 > self.size:
            await self._run()
        self.words.append(word)
        self.length += len(word) + 1
        if self.limit and len(self.words) >= self.limit:
            await self._run()
        return self.code in (124, 125, 126, 127)

    async def finish(self) -> int:
        empty_run = not self.ran and "r" not in self.options and not self.replace
        if self.words or (empty_run and not self.code):
            await self._run()
        while self.running:
            await self._reap()
        return self.code

    async def _run(self) -> None:
        words, self.words, self.length = self.words, [], 0
        self.ran = True
        if self.replace:
            argv = [part.replace(self.replace, words[0]) for part in self.command]
        else:
            argv = [*self.command, *words]
        if "t" in self.options or "p" in self.options:
            await self.proc.err(" ".join(argv) + ("?..." if "p" in self.options else "\n"))
        while self.running >= self.parallel:
            await self._reap()
        try:
            await self.proc.spawn(argv)
        except OSError as error:
            await complain(self.proc, f"{argv[0]}: {reason(error)}")
            self.code = 127 if isinstance(error, FileNotFoundError) else 126
            return
        self.running += 1
        if self.parallel == 1:
            await self._reap()

    async def _reap(self) -> None:
        _, status = await self.proc.wait()
        self.running -= 1
        if not isinstance(status, ExitStatus):
            return
        if status.signal is not None:
            self.code = 125
        elif status.code == 255:
            self.code = 124
        elif status.code and self.code < 124:
            self.code = 123


def _delimiter(text: str) -> bytes:
    return {"\\n": b"\n", "\\t": b"\t", "\\0": b"\0"}.get(text, os.fsencode(text[:1]))


_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^'\n]*'|"[^"\n]*")+""", re.S)


def split_words(text: str) -> list[str]:
    """Words as xargs sees them: quotes and backslashes protect; ValueError with the kind of an open quote."""
    words = []
    end = 0
    for found in _WORD.finditer(text):
        if text[end : found.start()].strip():
            break
        words.append(_unquoted(found[0]))
        end = found.end()
    rest = text[end:].strip()
    if rest[:1] == "'":
        raise ValueError("single")
    if rest[:1] == '"':
        raise ValueError("double")
    return words


def _unquoted(word: str) -> str:
    return re.sub(
        r"""\\(.)|'([^'\n]*)'|"([^"\n]*)\"""",
        lambda found: next(g for g in found.groups() if g is not None),
        word,
        flags=re.S,
    )


def _open_quote(text: str) -> bool:
    try:
        split_words(text)
    except ValueError:
        return True
    return False
