"""Traps: what `trap` set, which signals arrived, and when their commands run."""

from typing import TYPE_CHECKING

from daemon.process.signals import DEFAULT, IGNORE, Signal
from daemon.programs.common.signals import number_of
from daemon.programs.shell.control import FunctionReturn, Interrupted
from daemon.programs.shell.errors import ShellSyntaxError

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

PSEUDO = frozenset(["EXIT", "ERR", "DEBUG", "RETURN"])

INTERRUPT = "^C"
"""Stands among the pending signals for a ^C at the prompt."""


class Traps:
    """`commands` maps a signal's short name (or EXIT, ERR, DEBUG, RETURN) to its text; an empty text ignores."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self.commands: dict[str, str] = {}
        self.pending: list[str] = []
        self._running = False

    def snapshot(self) -> "Traps":
        """A copy to read from, for a subshell."""
        other = Traps(self.shell)
        other.commands = dict(self.commands)
        return other

    def inherit(self, other: "Traps") -> None:
        """In a subshell only what is ignored stays."""
        self.commands = {name: text for name, text in other.commands.items() if not text}

    def set(self, name: str, text: str | None) -> None:
        """Set a trap; None resets it."""
        if text is None:
            self.commands.pop(name, None)
        else:
            self.commands[name] = text
        if name in PSEUDO:
            return
        number = number_of(name)
        if number is None or number in (Signal.SIGKILL, Signal.SIGSTOP):
            return
        if text is None:
            self._reset(name, number)
        elif not text:
            self.shell.proc.on_signal(number, IGNORE)
        else:
            self.shell.proc.on_signal(number, lambda _: self.pending.append(name), restart=False)

    def _reset(self, name: str, number: int) -> None:
        proc = self.shell.proc
        if self.shell.interactive and name == "INT":
            proc.on_signal(number, lambda _: self.interrupt(), restart=False)
            return
        ignored = self.shell.interactive and name in ("TERM", "QUIT", "TSTP", "TTIN", "TTOU")
        proc.on_signal(number, IGNORE if ignored else DEFAULT)

    def interrupt(self) -> None:
        """^C reached an interactive shell that has no trap for it."""
        self.pending.append(INTERRUPT)

    async def run_pending(self) -> None:
        """Run the commands of the signals that arrived; `$?` is as it was afterwards. ^C at a prompt raises."""
        while self.pending:
            name = self.pending.pop(0)
            if name == INTERRUPT:
                self.pending.clear()
                raise Interrupted
            if text := self.commands.get(name):
                await self._run(text)

    async def _run(self, text: str) -> None:
        shell = self.shell
        status, tested = shell.status, shell.tested
        await shell.interpreter.run_text(text)
        shell.status, shell.tested = status, tested

    async def run_exit(self, status: int) -> int:
        """Run the EXIT trap once; returns the final status."""
        text = self.commands.pop("EXIT", "")
        if not text:
            return status
        self.shell.status = status
        self.shell.tested = 0
        return await self.shell.interpreter.outcome(self._then(text, status))

    async def _then(self, text: str, status: int) -> int:
        """Run `text`; what it ends with counts if it ends the shell, else `status`."""
        try:
            await self.shell.interpreter.run_text(text)
        except FunctionReturn:
            pass
        except ShellSyntaxError as error:
            if not self.shell.flavour.bash:
                raise
            await self.shell.report_syntax(error, where="exit trap")
        return status

    async def run_pseudo(self, name: str) -> None:
        """Run the ERR, DEBUG or RETURN trap, unless it is already running."""
        text = self.commands.get(name)
        if not text or self._running:
            return
        self._running = True
        try:
            await self._run(text)
        finally:
            self._running = False
