"""A shell at a terminal: prompts, the line editor, ^C, job notices, history."""

import os
from typing import TYPE_CHECKING

from daemon.process.signals import IGNORE, Signal
from daemon.programs.shell.control import FunctionReturn, Interrupted, LoopExit, ShellExit
from daemon.programs.shell.errors import ShellError, ShellSyntaxError
from daemon.programs.shell.line_editor import EndOfInput, LineEditor, LineInterrupted
from daemon.programs.shell.prompt import default_prompt
from daemon.programs.shell.sources import DescriptorSource, LineReader
from daemon.programs.shell.tracing import expand_parameters

if TYPE_CHECKING:
    from daemon.programs.shell.main import Session
    from daemon.programs.shell.shell import Shell

_IGNORED = (Signal.SIGTERM, Signal.SIGQUIT, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU)
_HISTORY_FILES = {"ash": ".ash_history", "bash": ".bash_history"}


async def run_interactive(session: "Session") -> int:
    """Read commands from a person until `exit` or the end of the input; the status of the last one."""
    shell = session.shell
    shell.interactive = True
    shell.options.add("i")
    _take_terminal(shell)
    await _start_up(session)
    await _load_history(shell)
    try:
        status = await _Loop(session).run()
    finally:
        shell.interactive = False
    await _save_history(shell)
    return await shell.traps.run_exit(status)


def _take_terminal(shell: "Shell") -> None:
    """Job control: a group of our own in the foreground, and the signals of the keyboard in our hands."""
    proc = shell.proc
    for signum in _IGNORED:
        proc.on_signal(signum, IGNORE)
    proc.on_signal(Signal.SIGINT, lambda _: shell.traps.interrupt(), restart=False)
    if proc.terminal is None:
        return
    try:
        if proc.pgid != proc.pid:
            proc.setpgid()
        proc.tcsetpgrp(proc.pgid)
    except OSError:
        return
    shell.options.add("m")


async def _start_up(session: "Session") -> None:
    shell = session.shell
    if shell.flavour.bash:
        shell.shopts.add("expand_aliases")
        shell.options |= {"H", "history", "emacs"}
        debian = shell.proc.machine.fs.exists("/etc/debian_version")
        prompt = r"\u@\h:\w\$ " if debian else default_prompt(shell)
        _set_default(shell, "PS1", prompt)
        _set_default(shell, "PS2", "> ")
    await session.read_profile()
    if shell.flavour.bash and not session.login and session.reads_rc:
        await session.source_if_there("/etc/bash.bashrc")
        await session.source_if_there(session.rc_file or "~/.bashrc")
    elif not shell.flavour.bash and (path := shell.variables.get("ENV")):
        await session.source_if_there(await expand_parameters(shell, path))


def _set_default(shell: "Shell", name: str, value: str) -> None:
    if shell.variables.get(name) is None:
        shell.variables.set(name, value)


class _Loop:
    """One session at the prompt."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.shell = session.shell
        self.reader = LineReader(self.shell, PromptSource(self.shell))

    async def run(self) -> int:
        shell = self.shell
        while True:
            try:
                if not await self._one():
                    if shell.flavour.bash:
                        await shell.say("exit\n")
                    return shell.status
            except ShellExit as ended:
                if shell.flavour.bash:
                    await shell.say("logout\n" if self.session.login else "exit\n")
                return ended.status

    async def _one(self) -> bool:
        """Read and run one line; False at the end of the input."""
        shell = self.shell
        try:
            line = await self.reader.next()
            if line is None:
                return False
            shell.tested = shell.loops = 0
            await shell.interpreter.run(line)
            await shell.traps.run_pending()
        except (Interrupted, LineInterrupted) as interrupted:
            self.reader.drop()
            shell.status = 130
            if isinstance(interrupted, Interrupted):
                await shell.say("\n")
        except ShellSyntaxError as error:
            self.reader.drop()
            await shell.report_syntax(error)
            shell.status = 2
        except ShellError as error:
            await shell.report(error)
            shell.status = shell.fatal_status(error) if not shell.flavour.bash else 1
        except (FunctionReturn, LoopExit):
            pass
        except RecursionError:
            await shell.complain("maximum nesting level exceeded")
            shell.status = 2
        return True


class PromptSource:
    """Lines from a person: PS1 or PS2, then the editor; dash leaves the editing to the terminal."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self._plain = DescriptorSource(shell)
        self._plain.size = 4096
        edits = shell.flavour.name != "dash" and shell.proc.terminal is not None
        self._editor = LineEditor(shell) if edits else None

    async def more(self, *, continued: bool) -> str:
        """The next line with its newline; the empty text at the end."""
        if not continued:
            await self.shell.jobs.notify()
        prompt = await self._prompt("PS2" if continued else "PS1")
        if self._editor is None:
            await self.shell.say(prompt)
            text = await self._plain.more(continued=continued)
            if not text:
                await self.shell.say("\n")
            return text
        try:
            return await self._editor.read_line(prompt) + "\n"
        except EndOfInput:
            return ""

    async def _prompt(self, name: str) -> str:
        shell = self.shell
        text = shell.variables.get(name) or ""
        status = shell.status
        try:
            return await expand_parameters(shell, shell.prompt_text(text))
        except (ShellError, ShellSyntaxError):
            return text
        finally:
            shell.status = status


# ---- history --------------------------------------------------------------------------------------


def _history_path(shell: "Shell") -> str | None:
    name = _HISTORY_FILES.get(shell.flavour.name)
    explicit = shell.variables.get("HISTFILE")
    home = shell.variables.get("HOME")
    if explicit is not None:
        return explicit or None
    return os.path.join(home, name) if name and home else None


async def _load_history(shell: "Shell") -> None:
    path = _history_path(shell)
    try:
        data = shell.proc.machine.fs.read_bytes(path) if path else b""
    except OSError:
        return
    shell.history = os.fsdecode(data).splitlines()


async def _save_history(shell: "Shell") -> None:
    path = _history_path(shell)
    if not path or not shell.history:
        return
    proc = shell.proc
    try:
        fd = await proc.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError:
        return
    await proc.write(fd, os.fsencode("".join(f"{line}\n" for line in shell.history)))
    proc.close(fd)
