"""The entry point: a shell's own arguments, where its script comes from, and how it ends."""

import errno
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from daemon.programs.shell.builtins.options import SHOPTS_ON, apply_options
from daemon.programs.shell.control import FunctionReturn, LoopExit
from daemon.programs.shell.errors import ShellError, ShellSyntaxError
from daemon.programs.shell.flavour import ASH, BASH, DASH, Flavour
from daemon.programs.shell.messages import open_error, text_of
from daemon.programs.shell.prompt import default_prompt
from daemon.programs.shell.segments import DEFAULT_IFS
from daemon.programs.shell.shell import Shell
from daemon.programs.shell.sources import DescriptorSource, LineReader, Source
from daemon.programs.shell.variables import Variable

if TYPE_CHECKING:
    from daemon.process.process import Process

_FLAVOURS = {"ash": ASH, "dash": DASH, "bash": BASH}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONG = frozenset(["login", "norc", "noprofile", "posix", "noediting", "verbose", "restricted"])
DEFAULT_PATHS = {
    "ash": "/sbin:/usr/sbin:/bin:/usr/bin",
    "dash": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "bash": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:.",
}
"""PATH for whoever starts a shell without one."""
_DEEP = "maximum nesting level exceeded"


async def main(proc: "Process") -> int:
    """Run as the shell that the program's name says: shell/bash, shell/dash, or ash from busybox."""
    family, _, name = proc.program.partition("/")
    flavour = _FLAVOURS.get(name, ASH) if family == "shell" else ASH
    return await Session(proc, flavour, proc.argv[0] if proc.argv else "sh").run(proc.argv[1:])


async def run_file(proc: "Process", flavour: Flavour, path: str, args: list[str]) -> int:
    """Run a script without `#!`, as a shell does whose exec was refused."""
    session = Session(proc, flavour, path)
    session.shell.args = args
    return await session.run_script(path)


class _Usage(Exception):
    """A shell's own arguments are wrong."""


class Session:
    """One shell process from its arguments to its exit status."""

    def __init__(self, proc: "Process", flavour: Flavour, arg0: str) -> None:
        self.proc = proc
        self.shell = Shell(proc, flavour, arg0.removeprefix("-") if flavour.bash else arg0)
        self.login = arg0.startswith("-")
        self.forced = False
        self.command: str | None = None
        self.from_stdin = False
        self.wants_command = False
        self.rc_file: str | None = None
        self.reads_rc = True
        _import_environment(self.shell)

    async def run(self, args: list[str]) -> int:
        """Everything, by the arguments after argv[0]."""
        shell = self.shell
        try:
            rest = await self._arguments(args)
        except _Usage as error:
            await self._refuse(str(error))
            return 2
        except ShellError as error:
            await self._refuse(text_of(error, shell.flavour).split("\n")[0])
            return 2
        if rest is None:
            return 0
        if self.command is not None:
            return await self._run_command(rest)
        if rest and not self.from_stdin:
            shell.arg0, shell.args = rest[0], rest[1:]
            return await self.run_script(rest[0])
        shell.args = rest
        terminals = proc_is_terminal(self.proc, 0) and proc_is_terminal(self.proc, 2)
        shell.options.add("s")
        if self.forced or terminals:
            from daemon.programs.shell.interactive import run_interactive

            return await run_interactive(self)
        await self.read_profile()
        return await self.ending(self.run_source(DescriptorSource(shell)))

    async def _refuse(self, text: str) -> None:
        shell = self.shell
        at = "0: " if shell.flavour.name == "dash" else ""
        await shell.say(f"{shell.arg0}: {at}{text}\n")

    # ---- arguments --------------------------------------------------------------------------------

    async def _arguments(self, args: list[str]) -> list[str] | None:
        """Take the options; the operands that are left, None if there is nothing to run."""
        shell = self.shell
        self.wants_command = False
        while args and len(args[0]) > 1 and args[0][0] in "-+":
            arg, args = args[0], args[1:]
            if arg == "--":
                break
            if arg.startswith("--") and shell.flavour.bash:
                if not await self._long(arg[2:], args):
                    return None
                args = args[1:] if arg[2:] in ("rcfile", "init-file") else args
            else:
                for letter in arg[1:]:
                    args = await self._letter(letter, arg[0], args)
        if args and args[0] == "-" and not self.wants_command:
            args = args[1:]
        if self.wants_command:
            if not args:
                colon = ": option" if shell.flavour.bash else ""
                raise _Usage(f"-c{colon} requires an argument")
            self.command, args = args[0], args[1:]
        return args

    async def _letter(self, letter: str, sign: str, args: list[str]) -> list[str]:
        """One option; the arguments that it left."""
        shell = self.shell
        if letter == "o" and args:
            await apply_options(shell, [f"{sign}o", args[0]])
            return args[1:]
        if letter == "O" and args and shell.flavour.bash:
            (shell.shopts.add if sign == "-" else shell.shopts.discard)(args[0])
            return args[1:]
        if letter == "c":
            self.wants_command = True
        elif letter == "l":
            self.login = True
        elif letter == "i":
            self.forced = True
        elif letter == "s":
            self.from_stdin = True
        elif letter not in "rDp" or not shell.flavour.bash:
            await apply_options(shell, [sign + letter])
        return args

    async def _long(self, name: str, args: list[str]) -> bool:
        """A long option of bash; False if it was all there was to do."""
        shell = self.shell
        if name == "version":
            await shell.proc.out(
                "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n"
                "Copyright (C) 2022 Free Software Foundation, Inc.\n"
            )
            return False
        if name == "help":
            await shell.proc.out("GNU bash, version 5.2.15(1)-release-(x86_64-pc-linux-gnu)\n")
            return False
        if name in ("rcfile", "init-file"):
            self.rc_file = args[0] if args else None
        elif name == "login":
            self.login = True
        elif name == "norc":
            self.reads_rc = False
        elif name not in _LONG:
            raise _Usage(f"--{name}: invalid option")
        return True

    # ---- the three ways to get a script -----------------------------------------------------------

    async def _run_command(self, rest: list[str]) -> int:
        shell = self.shell
        shell.command_string = True
        if rest:
            shell.arg0, shell.args, shell.named = rest[0], rest[1:], True
        await self.read_profile()
        text = self.command or ""
        if "v" in shell.options:
            await shell.say(text + "\n")
        return await self.ending(shell.interpreter.run_text(text, tail=True))

    async def run_script(self, path: str) -> int:
        """Run a script file."""
        shell = self.shell
        try:
            text = await self._script_text(path)
        except OSError as error:
            return await self._no_script(path, error)
        if text is None:
            await shell.say(f"{shell.arg0}: {path}: cannot execute binary file\n")
            return 126
        shell.source = shell.arg0
        return await self.ending(shell.interpreter.run_text(text))

    async def _script_text(self, path: str) -> str | None:
        proc = self.proc
        fd = await proc.open(path)
        try:
            text = await self.shell.interpreter.commands.read_all(fd)
        finally:
            proc.close(fd)
        return None if text.startswith("\x7fELF") else text

    async def _no_script(self, path: str, error: OSError) -> int:
        shell = self.shell
        arg0 = self.proc.argv[0]
        if shell.flavour.name == "ash":
            await shell.say(f"{arg0}: can't open '{path}': {error.strerror}\n")
        else:
            text = text_of(open_error("cannot open", path, error, shell.flavour), shell.flavour)
            at = "0: " if shell.flavour.name == "dash" else ""
            await shell.say(f"{arg0}: {at}{text}\n")
        if shell.flavour.bash:
            return 127 if error.errno == errno.ENOENT else 126
        return 2

    async def read_profile(self) -> None:
        """What a login shell reads first."""
        if not self.login:
            return
        await self.source_if_there("/etc/profile")
        own = ("~/.bash_profile", "~/.bash_login") if self.shell.flavour.bash else ()
        for path in (*own, "~/.profile"):
            if await self.source_if_there(path):
                break

    async def source_if_there(self, path: str) -> bool:
        """Run a start-up file; False if it is missing."""
        shell = self.shell
        if path.startswith("~/"):
            path = (shell.variables.get("HOME") or "") + path[1:]
        try:
            text = await self._script_text(path)
        except OSError:
            return False
        saved, shell.source = shell.source, path
        try:
            await shell.interpreter.run_text(text or "")
        except ShellSyntaxError as error:
            await shell.report_syntax(error)
        except ShellError as error:
            await shell.report(error)
        except (FunctionReturn, LoopExit):
            pass
        finally:
            shell.source = saved
        return True

    # ---- reading as it runs -----------------------------------------------------------------------

    async def run_source(self, source: Source) -> int:
        """Read, parse and run line by line."""
        shell = self.shell
        reader = LineReader(shell, source)
        while (line := await reader.next()) is not None:
            if "n" not in shell.options:
                await shell.interpreter.run_line(line)
        return shell.status

    async def ending(self, running: Awaitable[int]) -> int:
        """Await a script to its end: its status, after the EXIT trap."""
        status = await self.shell.interpreter.outcome(running)
        return await self.shell.traps.run_exit(status)


def proc_is_terminal(proc: "Process", fd: int) -> bool:
    """Whether a descriptor is open and a terminal."""
    try:
        return proc.isatty(fd)
    except OSError:
        return False


def _import_environment(shell: Shell) -> None:
    """The environment becomes variables; each flavour adds its own."""
    table = shell.variables.table
    proc = shell.proc
    for name, value in proc.env.items():
        if _NAME.fullmatch(name):
            table[name] = Variable(value, exported=True)
    if not _same_folder(shell, shell.variables.get("PWD") or ""):
        table["PWD"] = Variable(proc.cwd)
    table["PWD"].exported = True
    table["IFS"] = Variable(DEFAULT_IFS)
    table["OPTIND"] = Variable("1")
    table.setdefault("PS4", Variable("+ "))
    table.setdefault("PATH", Variable(DEFAULT_PATHS[shell.flavour.name]))
    if shell.flavour.name != "dash":
        table["SHLVL"] = Variable(_level(shell.variables.get("SHLVL")), exported=True)
    if shell.flavour.bash:
        table.pop("_", None)
        shell.shopts |= SHOPTS_ON
        shell.options |= {"B", "h", "interactive-comments"}
        table.setdefault("OPTERR", Variable("1"))
        table.setdefault("SHELL", Variable("/bin/bash"))
        return
    table["PPID"] = Variable(str(proc.ppid))
    table.setdefault("PS1", Variable(default_prompt(shell)))
    table.setdefault("PS2", Variable("> "))
    if shell.flavour.name == "ash":
        table["PATH"].exported = True
        table.setdefault("HOSTNAME", Variable(proc.machine.hostname))


def _level(text: str | None) -> str:
    return str(int(text) + 1) if text and text.isdigit() else "1"


def _same_folder(shell: Shell, path: str) -> bool:
    try:
        return path.startswith("/") and shell.proc.realpath(path) == shell.proc.realpath(".")
    except OSError:
        return False
