"""Runs the syntax tree: lists, conditions, loops and functions; commands themselves are in `commands`."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from daemon.process.signals import IGNORE, Signal
from daemon.programs.common import glob
from daemon.programs.shell.commands import Commands, default_signals
from daemon.programs.shell.conditional import evaluate_conditional
from daemon.programs.shell.control import FunctionReturn, LoopExit, ShellExit
from daemon.programs.shell.errors import ExpansionError, ShellError, ShellSyntaxError
from daemon.programs.shell.script import Script, script_of
from daemon.programs.shell.select import select_loop
from daemon.programs.shell.syntax import (
    AndOr,
    ArithCommand,
    ArithFor,
    Background,
    Case,
    Command,
    Conditional,
    For,
    Function,
    Group,
    If,
    List,
    Pipeline,
    ProcessSub,
    Redirect,
    Redirected,
    Simple,
    Subshell,
    While,
    Word,
)
from daemon.programs.shell.tracing import trace_conditional, trace_head
from daemon.programs.shell.unparse import command_text

if TYPE_CHECKING:
    from daemon.process.process import Process
    from daemon.programs.shell.shell import Shell

Runner = Callable[[Any, bool], Awaitable[int]]
CALLS_MAX = 1500
"""How deep functions may call each other; the real shells crash somewhat later."""
CALLS_PER_TASK = 20
"""A task of its own begins a new Python stack, which could not hold them all."""


class Interpreter:
    """`run(node, tail)`: with `tail` nothing runs after the node, so a command may replace the shell."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self.commands = Commands(shell, self)
        self._runners: dict[type, Runner] = {
            Simple: self.commands.simple,
            List: self._list,
            AndOr: self._and_or,
            Pipeline: self._pipeline,
            Background: self._background,
            Group: self._group,
            Subshell: self._subshell,
            If: self._if,
            While: self._while,
            For: self._for,
            ArithFor: self._arithmetic_for,
            Case: self._case,
            Function: self._function,
            ArithCommand: self._arithmetic,
            Conditional: self._conditional,
            Redirected: self._redirected,
        }

    async def run(self, node: Command, tail: bool = False) -> int:
        """Run one command; its status is also `$?` afterwards."""
        return await self._runners[type(node)](node, tail)

    # ---- texts ------------------------------------------------------------------------------------

    def script(self, text: str, line: int = 1) -> Script:
        """The text as a script in this shell's dialect."""
        shell = self.shell
        aliases = shell.aliases if self.aliases_expand() else {}
        return script_of(
            text, shell.flavour, aliases=aliases, extglob="extglob" in shell.shopts, line=line
        )

    def aliases_expand(self) -> bool:
        """bash expands aliases at a prompt only, unless told to."""
        shell = self.shell
        return not shell.flavour.bash or shell.interactive or "expand_aliases" in shell.shopts

    async def run_text(self, text: str, *, line: int = 1, tail: bool = False) -> int:
        """Run a text line by line: eval, traps, sourced files."""
        script = self.script(text, line)
        status = number = 0
        while True:
            extglob = "extglob" in self.shell.shopts
            parsed = script.line(number, extglob=extglob)
            if parsed is None:
                return status
            if "n" not in self.shell.options:
                status = await self._list(parsed, tail and script.is_last(number))
            number += 1

    async def run_to_end(self, body: Command) -> int:
        """Run as the whole of a forked process: its status, after the EXIT trap."""
        shell = self.shell
        try:
            status = await self.run(body, True)
            await shell.traps.run_pending()
        except ShellExit as ended:
            status = ended.status
        except FunctionReturn as returned:
            status = returned.status
        except LoopExit:
            status = 0
        except ShellError as error:
            status = (await shell.fatal(error)).status
        except ShellSyntaxError as error:
            await shell.report_syntax(error)
            status = 2
        except RecursionError:
            await shell.complain("maximum nesting level exceeded")
            status = 2
        return await shell.traps.run_exit(status)

    def forked(
        self, body: Command, *, background: bool = False
    ) -> "Callable[[Process], Awaitable[int]]":
        """The main function of a child that runs `body` in a subshell."""

        async def main(child: "Process") -> int:
            sub = self.shell.subshell(child)
            if background and "m" not in self.shell.options:
                child.on_signal(Signal.SIGINT, IGNORE)
                child.on_signal(Signal.SIGQUIT, IGNORE)
            elif self.shell.interactive:
                default_signals(child)
            sub.options.discard("m")
            return await sub.interpreter.run_to_end(body)

        return main

    # ---- lists ------------------------------------------------------------------------------------

    async def _list(self, node: List, tail: bool) -> int:
        status = 0
        pending = self.shell.traps.pending
        last = len(node.commands) - 1
        for number, command in enumerate(node.commands):
            status = await self._runners[type(command)](command, tail and number == last)
            if pending:
                await self.shell.traps.run_pending()
        return status

    async def _and_or(self, node: AndOr, tail: bool) -> int:
        shell = self.shell
        last = len(node.rest) - 1
        shell.tested += 1
        try:
            status = await self.run(node.first)
            for operator, command in node.rest[:-1]:
                if (status == 0) == (operator == "&&"):
                    status = await self.run(command)
        finally:
            shell.tested -= 1
        operator, command = node.rest[last]
        if (status == 0) == (operator == "&&"):
            status = await self.run(command, tail)
        return status

    async def _group(self, node: Group, tail: bool) -> int:
        return await self._list(node.body, tail)

    async def _redirected(self, node: Redirected, tail: bool) -> int:
        shell = self.shell
        try:
            undo = await shell.redirections.apply(node.redirects)
        except ShellError as error:
            return await self.commands.refused(error)
        return await self.commands.undoing(undo, self.run(node.command))

    # ---- processes --------------------------------------------------------------------------------

    async def _subshell(self, node: Subshell, tail: bool) -> int:
        shell = self.shell
        pgid = 0 if "m" in shell.options else None
        child = shell.proc.fork(self.forked(node.body), pgid=pgid)
        codes = await shell.jobs.foreground([child.pid], command_text(node))
        return await self.commands.finish(codes[-1])

    async def _background(self, node: Background, tail: bool) -> int:
        shell = self.shell
        control = "m" in shell.options
        fds = {fd: fd for fd in shell.proc.fds}
        null = None
        if not control:
            null = await shell.proc.open("/dev/null")
            fds[0] = null
        pgid = 0 if control else None
        child = shell.proc.fork(self.forked(node.command, background=True), fds=fds, pgid=pgid)
        if null is not None:
            shell.proc.close(null)
        job = shell.jobs.add([child.pid], node.text)
        shell.last_background = child.pid
        if shell.interactive and shell.flavour.bash:
            await shell.say(f"[{job.number}] {child.pid}\n")
        shell.status = 0
        return 0

    async def _pipeline(self, node: Pipeline, tail: bool) -> int:
        shell = self.shell
        if node.timed:
            return await self._timed(node)
        if node.negated:
            shell.tested += 1
            try:
                status = await self._stages(node)
            except (FunctionReturn, LoopExit) as left:
                if not shell.flavour.bash:
                    left.status = int(not left.status)
                raise
            finally:
                shell.tested -= 1
            shell.status = int(not status)
            return shell.status
        return await self.commands.finish(await self._stages(node))

    async def _timed(self, node: Pipeline) -> int:
        from daemon.programs.shell.timing import timed

        plain = Pipeline(node.commands, node.negated)
        return await timed(self.shell, node.timed, self._pipeline(plain, False))

    async def _stages(self, node: Pipeline) -> int:
        shell = self.shell
        if len(node.commands) == 1:
            return await self.run(node.commands[0])
        pids = await self._start_stages(node)
        codes = await shell.jobs.foreground(pids, command_text(node))
        shell.pipe_status = codes
        status = codes[-1]
        if "pipefail" in shell.options:
            status = next((code for code in reversed(codes) if code), 0)
        return status

    async def _start_stages(self, node: Pipeline) -> list[int]:
        proc = self.shell.proc
        pgid = 0 if "m" in self.shell.options else None
        pids: list[int] = []
        source: int | None = None
        for number, command in enumerate(node.commands):
            fds = {fd: fd for fd in proc.fds if fd != source}
            if source is not None:
                fds[0] = source
            reader = writer = None
            if number < len(node.commands) - 1:
                reader, writer = proc.pipe()
                fds[1] = writer
            child = proc.fork(self.forked(command), fds=fds, pgid=pgid)
            pids.append(child.pid)
            if pgid == 0:
                pgid = child.pid
            for fd in (source, writer):
                if fd is not None:
                    proc.close(fd)
            source = reader
        return pids

    async def substitute(self, body: List) -> str:
        """Run `body` in a subshell and return what it wrote, without the newlines at the end."""
        shell, proc = self.shell, self.shell.proc
        if (only := _file_alone(body)) is not None and shell.flavour.name != "dash":
            return (await self._file_contents(only)).rstrip("\n")
        reader, writer = proc.pipe()
        fds = {fd: fd for fd in proc.fds if fd not in (reader, writer)}
        fds[1] = writer
        child = proc.fork(self.forked(body), fds=fds)
        proc.close(writer)
        data = await self.commands.read_all(reader)
        proc.close(reader)
        await shell.jobs.wait_for([child.pid])
        status = shell.jobs.statuses.pop(child.pid).shell_code
        shell.expander.substitution_status = status
        if shell.flavour.bash:
            shell.status = status
        return data.rstrip("\n")

    async def _file_contents(self, redirect: Redirect) -> str:
        """`$(<file)`: the shell reads the file itself."""
        shell = self.shell
        try:
            undo = await shell.redirections.apply((redirect,))
        except ShellError as error:
            await shell.report(error)
            shell.expander.substitution_status = shell.status = 1
            return ""
        try:
            return await self.commands.read_all(0)
        finally:
            shell.expander.substitution_status = 0
            shell.redirections.undo(undo)

    async def process_substitution(self, part: ProcessSub) -> str:
        """`<(...)` or `>(...)`: start it, and return the path of our end of the pipe."""
        proc = self.shell.proc
        reader, writer = proc.pipe()
        ours, theirs, fd = (reader, writer, 1) if part.direction == "<" else (writer, reader, 0)
        fds = {number: number for number in proc.fds if number not in (reader, writer)}
        fds[fd] = theirs
        child = proc.fork(self.forked(part.body, background=True), fds=fds)
        self.shell.last_background = child.pid
        proc.close(theirs)
        kept = proc.dup(ours, 63 if self.shell.flavour.bash else 64)
        proc.close(ours)
        self.commands.opened.append(kept)
        return f"/dev/fd/{kept}"

    # ---- compound commands ------------------------------------------------------------------------

    async def _condition(self, body: List) -> bool:
        shell = self.shell
        shell.tested += 1
        try:
            return await self._list(body, False) == 0
        finally:
            shell.tested -= 1

    async def _if(self, node: If, tail: bool) -> int:
        for condition, body in node.branches:
            if await self._condition(condition):
                return await self._list(body, tail)
        if node.otherwise is not None:
            return await self._list(node.otherwise, tail)
        self.shell.status = 0
        return 0

    async def run_body(self, body: List) -> tuple[int, bool]:
        """Run a loop's body once: its status, and whether the loop goes on."""
        shell = self.shell
        try:
            return await self._list(body, False), True
        except LoopExit as left:
            if left.levels > 1 and shell.loops > 1:
                left.levels -= 1
                raise
            return left.status, left.again

    async def _while(self, node: While, tail: bool) -> int:
        shell, checkpoint = self.shell, self.shell.proc.checkpoint
        status = 0
        shell.loops += 1
        try:
            while True:
                await checkpoint()
                if await self._loop_condition(node.condition) == node.until:
                    break
                status, again = await self.run_body(node.body)
                if not again:
                    break
        except LoopExit as left:
            self._leave(left)
        finally:
            shell.loops -= 1
        shell.status = status
        return status

    async def _loop_condition(self, condition: List) -> bool:
        """The condition of a loop, in which `continue` asks again and `break` passes on."""
        while True:
            try:
                return await self._condition(condition)
            except LoopExit as left:
                if left.levels > 1 or not left.again:
                    raise

    def _leave(self, left: LoopExit) -> None:
        if left.levels > 1 and self.shell.loops > 1:
            left.levels -= 1
            raise left

    async def _for(self, node: For, tail: bool) -> int:
        shell, checkpoint = self.shell, self.shell.proc.checkpoint
        shell.line = node.line
        if not node.name.replace("_", "a").isalnum() or node.name[0].isdigit():
            raise ShellError("bad name", node.name)
        words = list(shell.args) if node.words is None else await shell.expander.fields(node.words)
        if node.select:
            return await select_loop(self, node, words)
        status = 0
        shell.loops += 1
        try:
            for word in words:
                await checkpoint()
                shell.variables.set(node.name, word)
                if "x" in shell.options:
                    await trace_head(shell, node)
                status, again = await self.run_body(node.body)
                if not again:
                    break
        finally:
            shell.loops -= 1
        shell.status = status
        return status

    async def _arithmetic_for(self, node: ArithFor, tail: bool) -> int:
        shell, arithmetic = self.shell, self.shell.expander.arithmetic
        status = 0
        await arithmetic(node.first)
        shell.loops += 1
        try:
            while _blank(node.test) or await arithmetic(node.test):
                await shell.proc.checkpoint()
                status, again = await self.run_body(node.body)
                if not again:
                    break
                await arithmetic(node.step)
        finally:
            shell.loops -= 1
        shell.status = status
        return status

    async def _case(self, node: Case, tail: bool) -> int:
        shell = self.shell
        subject = await shell.expander.text(node.word)
        shell.status, falling, status = 0, False, 0
        if "x" in shell.options:
            await trace_head(shell, node)
        for arm in node.arms:
            if not falling and not await self._arm_matches(arm.patterns, subject):
                continue
            last = arm.end == ";;"
            status = await self._list(arm.body, tail and last)
            if last:
                return status
            falling = arm.end == ";&"
        return status

    async def _arm_matches(self, patterns: tuple[Any, ...], subject: str) -> bool:
        shell = self.shell
        extended = "extglob" in shell.shopts
        ignore_case = "nocasematch" in shell.shopts
        for word in patterns:
            if word.plain is not None:
                if word.plain == subject and not ignore_case:
                    return True
                if not ignore_case:
                    continue
            pattern = await shell.expander.pattern(word)
            if glob.matches(pattern, subject, extended=extended, ignore_case=ignore_case):
                return True
        return False

    async def _function(self, node: Function, tail: bool) -> int:
        self.shell.functions[node.name] = node
        self.shell.status = 0
        return 0

    async def _arithmetic(self, node: ArithCommand, tail: bool) -> int:
        shell = self.shell
        shell.line = node.line
        shell.command = "(("
        try:
            value = await shell.expander.arithmetic(node.expression)
        except ShellError as error:
            await shell.report(error)
            return await self.commands.finish(1)
        finally:
            shell.command = ""
        if "x" in shell.options:
            await trace_head(shell, node)
        return await self.commands.finish(int(value == 0))

    async def _conditional(self, node: Conditional, tail: bool) -> int:
        shell = self.shell
        shell.line = node.line
        if "x" in shell.options:
            await trace_conditional(shell, node)
        try:
            holds = await evaluate_conditional(shell, node.expression)
        except ShellError as error:
            await shell.report(error)
            return await self.commands.finish(2)
        return await self.commands.finish(int(not holds))

    # ---- functions --------------------------------------------------------------------------------

    async def call(self, function: Function, argv: list[str]) -> int:
        """Call a function with its own positional parameters and local scope."""
        shell = self.shell
        saved = shell.args, shell.loops
        shell.args, shell.loops = argv[1:], 0
        shell.calls.append(function.name)
        shell.variables.push()
        try:
            await shell.proc.checkpoint()
            depth = len(shell.calls)
            if depth > CALLS_MAX:
                raise ExpansionError("too deep", function.name)
            running = self.run(function.body)
            status = await (
                shell.proc.machine.adopt(running) if depth % CALLS_PER_TASK == 0 else running
            )
        except FunctionReturn as returned:
            status = returned.status
        finally:
            shell.variables.pop()
            shell.calls.pop()
            shell.args, shell.loops = saved
        shell.status = status
        return status


def _file_alone(body: List) -> Redirect | None:
    """The redirection of a substitution that is nothing but `<file`."""
    only = body.commands[0] if len(body.commands) == 1 else None
    if not isinstance(only, Simple) or only.words or only.assigns or len(only.redirects) != 1:
        return None
    redirect = only.redirects[0]
    return redirect if redirect.op == "<" and redirect.fd in (None, 0) else None


def _blank(word: Word) -> bool:
    return word.plain is not None and not word.plain.strip()
