"""Simple commands: assignments, functions, builtins and programs, with redirections, `set -e` and `set -x`."""

import errno
import os
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from daemon.process.signals import DEFAULT, Signal
from daemon.process.status import Program, Replaced
from daemon.programs.shell.builtin_messages import USAGE
from daemon.programs.shell.builtins import Builtin, builtins_of
from daemon.programs.shell.control import ShellExit
from daemon.programs.shell.errors import ExpansionError, ShellError
from daemon.programs.shell.lookup import find_command
from daemon.programs.shell.parser import DECLARATIONS
from daemon.programs.shell.redirections import Undo
from daemon.programs.shell.syntax import ArrayLiteral, AssignHead, Simple, Word
from daemon.programs.shell.tracing import trace_simple
from daemon.programs.shell.unparse import command_text
from daemon.programs.shell.variables import Array, Variable

if TYPE_CHECKING:
    from daemon.process.process import Process
    from daemon.programs.shell.interpreter import Interpreter
    from daemon.programs.shell.shell import Shell

READ_SIZE = 65536
_NO_PIPE: list[int] = []
_NAMED_WITH_READONLY = frozenset(["declare", "typeset", "local", "unset"])
"""Builtins whose name bash puts before the complaint about a readonly variable."""


class Commands:
    """Runs simple commands for one shell."""

    def __init__(self, shell: "Shell", interpreter: "Interpreter") -> None:
        self.shell = shell
        self.interpreter = interpreter
        self.builtins = builtins_of(shell.flavour)
        self.opened: list[int] = []
        """Ends of process substitutions, closed after the command that uses them."""

    async def simple(self, node: Simple, tail: bool) -> int:
        """Run a simple command."""
        shell = self.shell
        shell.line = node.line
        if "DEBUG" in shell.traps.commands:
            await shell.traps.run_pseudo("DEBUG")
        if not node.words:
            return await self._assign_only(node)
        shell.expander.substitution_status = None
        argv = await self._expanded(node)
        if not argv:
            return await self._assign_only(node)
        name = argv[0]
        function = shell.functions.get(name)
        builtin = self.builtins.get(name) if function is None else None
        if "x" in shell.options:
            await trace_simple(shell, node, argv)
        if builtin is not None and not node.redirects and not node.assigns:
            status = await self.builtin(builtin, argv)
        else:
            status = await self._redirected(node, argv, builtin, tail)
        shell.status = status
        shell.pipe_status = _NO_PIPE
        shell.last_argument = argv[-1]
        if self.opened:
            self._close_opened()
        if status and not shell.tested:
            await self.failed(status)
        return status

    async def _expanded(self, node: Simple) -> list[str]:
        shell = self.shell
        first = node.words[0].plain
        if first == "command" and len(node.words) > 1:
            first = node.words[1].plain
        shell.assigning = first in DECLARATIONS and shell.flavour.name != "dash"
        try:
            return await shell.expander.fields(node.words)
        finally:
            shell.assigning = False

    def _close_opened(self) -> None:
        opened, self.opened = self.opened, []
        for fd in opened:
            if fd in self.shell.proc.fds:
                self.shell.proc.close(fd)

    async def finish(self, status: int) -> int:
        """Note the status of a command that `set -e` looks at."""
        self.shell.status = status
        if status and not self.shell.tested:
            await self.failed(status)
        return status

    async def failed(self, status: int) -> None:
        """A command failed outside a condition: the ERR trap, and the end under `set -e`."""
        if "ERR" in self.shell.traps.commands:
            await self.shell.traps.run_pseudo("ERR")
        if "e" in self.shell.options:
            raise ShellExit(status)

    async def refused(
        self, error: ShellError, *, special: bool = False, forked: bool = False
    ) -> int:
        """A redirection that failed: its command does not run; a special builtin's ends the shell.

        A bash that has `forked` for a program expands its redirections there, where they end nothing else.
        """
        if isinstance(error, ExpansionError) and not (forked and self.shell.flavour.bash):
            raise error
        shell = self.shell
        await shell.report(error)
        status = 2 if shell.flavour.name == "dash" else 1
        if special and not shell.flavour.bash and not shell.interactive:
            raise ShellExit(2 if shell.flavour.name == "dash" else 1)
        return await self.finish(status)

    async def undoing(self, undo: Undo, running: Awaitable[int]) -> int:
        """Await a command, then put the descriptors back, unless the process is another program by now."""
        try:
            status = await running
        except Replaced:
            raise
        except BaseException:
            self.shell.redirections.undo(undo)
            raise
        self.shell.redirections.undo(undo)
        return status

    # ---- assignments ------------------------------------------------------------------------------

    async def _assign_only(self, node: Simple) -> int:
        shell = self.shell
        if not node.words:
            shell.expander.substitution_status = None
        if node.redirects:
            try:
                shell.redirections.undo(await shell.redirections.apply(node.redirects))
            except ShellError as error:
                return await self.refused(error)
        try:
            for word in node.assigns:
                await self.assign(word)
        except ExpansionError:
            raise
        except ShellError as error:
            raise ExpansionError(error.kind, *error.arguments) from None
        if "x" in shell.options:
            await trace_simple(shell, node, [])
        return await self.finish(shell.expander.substitution_status or 0)

    async def assign(self, word: Word) -> None:
        """One `name=value`, of whatever form."""
        shell = self.shell
        head = word.parts[0]
        assert isinstance(head, AssignHead)
        literal = word.parts[1] if len(word.parts) > 1 else None
        if isinstance(literal, ArrayLiteral):
            await self.assign_array(head, literal)
            return
        value = await shell.expander.text(word.value, assignment=True)
        if head.index is None:
            shell.variables.set(head.name, value, append=head.append)
        else:
            key = shell.array_key(head.name, await shell.expander.text(head.index))
            shell.variables.set_element(head.name, key, value, append=head.append)

    async def assign_array(self, head: AssignHead, literal: ArrayLiteral) -> None:
        """`name=(...)` or `name+=(...)`."""
        shell = self.shell
        variables = shell.variables
        variable = variables.find(head.name)
        associative = variable is not None and variable.associative
        old = variable.value if variable is not None and head.append else None
        values: Array = {}
        if isinstance(old, dict):
            values.update(old)
        elif old is not None:
            values[0] = old
        number = max((key for key in values if isinstance(key, int)), default=-1) + 1
        for item in literal.items:
            keyed = await self._keyed(head.name, item)
            if keyed is not None:
                key, values[keyed[0]] = keyed
                number = key + 1 if isinstance(key, int) else number
                continue
            for field in await shell.expander.fields((item,)):
                values[str(number) if associative else number] = field
                number += 1
        if associative and any(isinstance(key, int) for key in values):
            values = {str(key): value for key, value in values.items()}
        variables.set_array(head.name, values)

    async def _keyed(self, name: str, item: Word) -> tuple[int | str, str] | None:
        """`[key]=value` inside an array literal; the lexer has read it as the assignment to a nameless array."""
        head = item.head
        if head is None or head.name or head.index is None:
            return None
        key = self.shell.array_key(name, await self.shell.expander.text(head.index))
        return key, await self.shell.expander.text(item.value)

    # ---- redirections and prefixes ----------------------------------------------------------------

    async def _redirected(
        self, node: Simple, argv: list[str], builtin: Builtin | None, tail: bool
    ) -> int:
        shell = self.shell
        special = builtin is not None and builtin.special
        keep = argv[0] == "exec" and builtin is not None
        try:
            undo = await shell.redirections.apply(node.redirects, keep=keep)
        except ShellError as error:
            forked = builtin is None and argv[0] not in shell.functions
            return await self.refused(error, special=special, forked=forked)
        if not undo:
            return await self._prefixed(node, argv, builtin, tail)
        return await self.undoing(undo, self._prefixed(node, argv, builtin, tail))

    async def _prefixed(
        self, node: Simple, argv: list[str], builtin: Builtin | None, tail: bool
    ) -> int:
        shell = self.shell
        function = shell.functions.get(argv[0])
        if builtin is None and function is None:
            extra = {}
            for word in node.assigns:
                if not await self._is_refused(word):
                    extra[_name(word)] = await shell.expander.text(word.value, assignment=True)
            return await self.external(argv, extra, tail, node)
        if builtin is not None and builtin.special and not shell.flavour.bash:
            for word in node.assigns:
                await self.assign(word)
            return await self.builtin(builtin, argv)
        saved = await self._borrow(node)
        try:
            if function is not None:
                return await self.interpreter.call(function, argv)
            assert builtin is not None
            return await self.builtin(builtin, argv)
        finally:
            for name, variable in saved:
                if variable is None:
                    shell.variables.table.pop(name, None)
                else:
                    shell.variables.table[name] = variable
                if name == "PATH":
                    shell.hashed.clear()

    async def _borrow(self, node: Simple) -> list[tuple[str, Variable | None]]:
        """Assign a command's own variables, exported; returns the old ones."""
        table = self.shell.variables.table
        saved: list[tuple[str, Variable | None]] = []
        for word in node.assigns:
            if await self._is_refused(word):
                continue
            name = _name(word)
            old = table.get(name)
            saved.append((name, old.copy() if old is not None else None))
            await self.assign(word)
            if name in table:
                table[name].exported = True
        return saved

    async def _is_refused(self, word: Word) -> bool:
        """Whether a command's own variable is readonly: bash complains and goes on without it."""
        shell = self.shell
        variable = shell.variables.find(_name(word))
        if variable is None or not variable.readonly:
            return False
        error = ExpansionError("readonly", _name(word))
        if not shell.flavour.bash:
            raise error
        await shell.report(error)
        return True

    # ---- builtins ---------------------------------------------------------------------------------

    async def builtin(self, builtin: Builtin, argv: list[str]) -> int:
        """Run a builtin; complaints are printed here, and a special one's end the shell."""
        shell = self.shell
        try:
            result = builtin.run(shell, argv)
            return result if isinstance(result, int) else await result
        except ExpansionError:
            raise
        except ShellError as error:
            return await self._builtin_failed(builtin, argv[0], error)
        except OSError as error:
            if error.errno == errno.EPIPE and shell.flavour.bash:
                return 1
            dash = shell.flavour.name == "dash"
            text = "I/O error" if dash else f"write error: {error.strerror}"
            await shell.complain(text, command=argv[0])
            return 1

    async def _builtin_failed(self, builtin: Builtin, name: str, error: ShellError) -> int:
        shell = self.shell
        applet = builtin.bare and shell.flavour.name == "ash"
        bare = error.bare or applet
        bare |= shell.flavour.bash and error.kind == "readonly" and name not in _NAMED_WITH_READONLY
        if applet:
            await shell.report_as_applet(error)
        else:
            await shell.report(error, command="" if bare else name)
        if shell.flavour.bash and error.kind in ("bad option", "option argument") and name in USAGE:
            await shell.say(f"{name}: usage: {USAGE[name]}\n")
        status = error.status or (1 if shell.flavour.bash else 2)
        fatal = builtin.special and not shell.flavour.bash and not shell.interactive
        if fatal and not error.mild:
            raise ShellExit(status)
        return status

    # ---- programs ---------------------------------------------------------------------------------

    async def external(
        self, argv: list[str], extra: dict[str, str], tail: bool, node: Simple | None = None
    ) -> int:
        """Find and run a program, in the foreground; with `tail` it replaces the shell."""
        shell = self.shell
        try:
            path = find_command(shell, argv[0], extra.get("PATH"))
        except ShellError as error:
            await shell.report(error)
            return error.status
        env = {**shell.variables.environment(), **extra}
        env["_"] = path
        if not shell.flavour.bash:
            env.pop("_")
        if tail and not shell.traps.commands and "m" not in shell.options:
            return await self.replace(argv, path, env)
        proc = shell.proc
        fds = {fd: fd for fd in proc.fds if fd not in proc.cloexec}
        pgid = 0 if "m" in shell.options else None
        try:
            child = await proc.spawn(argv, env=env, fds=fds, pgid=pgid, path=path)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                return await self._not_run(argv[0], error)
            child = proc.fork(self._as_script(argv, path, env), fds=fds, pgid=pgid)
        if shell.interactive:
            default_signals(child)
        codes = await shell.jobs.foreground([child.pid], command_text(node) if node else argv[0])
        return codes[0]

    async def replace(self, argv: list[str], path: str, env: dict[str, str]) -> int:
        """execve(2); the status is that of a failure to do so."""
        proc = self.shell.proc
        if self.shell.flavour.bash and env.get("SHLVL", "").isdigit():
            env["SHLVL"] = str(int(env["SHLVL"]) - 1)
        try:
            await proc.exec(argv, env=env, path=path)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                raise Replaced(self._as_script(argv, path, env)) from None
            return await self._not_run(argv[0], error)

    def _as_script(self, argv: list[str], path: str, env: dict[str, str]) -> Program:
        async def main(proc: "Process") -> int:
            from daemon.programs.shell.main import run_file

            proc.env = env
            return await run_file(proc, self.shell.flavour, path, argv[1:])

        return main

    async def _not_run(self, name: str, error: OSError) -> int:
        shell = self.shell
        kinds = {errno.ENOENT: "bad interpreter", errno.EACCES: "permission"}
        kind = kinds.get(error.errno or 0)
        complaint = (
            ShellError(kind, name)
            if kind
            else ShellError("cannot execute", name, error.strerror or "")
        )
        await shell.report(complaint)
        return 127 if error.errno == errno.ENOENT else 126

    async def read_all(self, fd: int) -> str:
        """Everything from a descriptor as text, charged to the process while it grows."""
        proc = self.shell.proc
        chunks: list[bytes] = []
        held = 0
        try:
            while True:
                try:
                    data = await proc.read(fd, READ_SIZE)
                except InterruptedError:
                    continue
                if not data:
                    break
                chunks.append(data)
                held += len(data)
                proc.charge(len(data))
        finally:
            proc.uncharge(held)
        return os.fsdecode(b"".join(chunks).replace(b"\0", b""))


def default_signals(child: "Process") -> None:
    """What an interactive shell ignores, its children do not."""
    for signum in (Signal.SIGTERM, Signal.SIGQUIT, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU):
        child.on_signal(signum, DEFAULT)


def _name(word: Word) -> str:
    head = word.head
    assert head is not None
    return head.name
