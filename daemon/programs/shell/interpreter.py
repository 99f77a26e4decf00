"""Runs the syntax tree: lists, conditions, loops and functions.

Commands themselves are in `commands`, what needs processes in `processes`.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from daemon.programs.common import glob
from daemon.programs.shell.commands import Commands
from daemon.programs.shell.conditional import evaluate_conditional
from daemon.programs.shell.control import FunctionReturn, Interrupted, LoopExit, ShellExit
from daemon.programs.shell.errors import ExpansionError, ShellError, ShellSyntaxError
from daemon.programs.shell.processes import Processes
from daemon.programs.shell.script import script_of
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
    Redirected,
    Simple,
    Subshell,
    While,
    Word,
)
from daemon.programs.shell.timing import timed
from daemon.programs.shell.tracing import trace, trace_conditional, trace_head
from daemon.programs.shell.unparse import raw_text

if TYPE_CHECKING:
    from daemon.programs.shell.shell import Shell

Runner = Callable[[Any, bool], Awaitable[int]]
CALLS_MAX = 1500
"""How deep functions may call each other; the stack of the real shells is full somewhat later."""
CALLS_PER_TASK = 20
"""A task of its own begins a new Python stack, which could not hold them all."""


class _BadClause(Exception):
    """An expression of `for ((...))` has no value; it was complained of."""


class Interpreter:
    """`run(node, tail)`: with `tail` nothing runs after the node, so a command may replace the shell."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell
        self.commands = Commands(shell, self)
        self.processes = Processes(shell, self.commands)
        self._runners: dict[type, Runner] = {
            Simple: self.commands.simple,
            List: self._list,
            AndOr: self._and_or,
            Pipeline: self._pipeline,
            Background: self.processes.background,
            Group: self._group,
            Subshell: self.processes.subshell,
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

    def aliases(self) -> dict[str, str]:
        """What stands for something else; in bash at a prompt only, unless told to."""
        shell = self.shell
        expand = not shell.flavour.bash or shell.interactive or "expand_aliases" in shell.shopts
        return shell.aliases if expand else {}

    async def run_text(self, text: str, *, line: int = 1, tail: bool = False) -> int:
        """Run a text line by line: eval, traps, sourced files."""
        shell = self.shell
        extglob = "extglob" in shell.shopts
        script = script_of(text, shell.flavour, aliases=self.aliases(), extglob=extglob, line=line)
        status = number = 0
        while True:
            extglob = "extglob" in shell.shopts
            parsed = script.line(number, self.aliases(), extglob=extglob)
            if parsed is None:
                return status
            if "n" not in shell.options:
                status = await self.run_line(parsed, tail and script.is_last(number))
            number += 1

    async def run_line(self, line: List, tail: bool = False) -> int:
        """Run what was read at once; in bash a word that cannot be expanded ends this, and no more."""
        shell = self.shell
        tested, loops = shell.tested, shell.loops
        try:
            return await self._list(line, tail)
        except ExpansionError as error:
            if not shell.flavour.bash or shell.interactive or error.ends_bash:
                raise
            shell.tested, shell.loops = tested, loops
            await shell.report(error)
            shell.status = 1
            return 1

    async def run_to_end(self, body: Command) -> int:
        """Run as the whole of a forked process: its status, after the EXIT trap."""
        return await self.shell.traps.run_exit(await self.outcome(self.run(body, True)))

    async def outcome(self, running: Awaitable[int]) -> int:
        """The status that a whole script, subshell or EXIT trap has in the end, whatever ends it."""
        shell = self.shell
        try:
            status = await running
            await shell.traps.run_pending()
        except (ShellExit, FunctionReturn) as ended:
            status = ended.status
        except LoopExit:
            status = 0
        except ShellError as error:
            status = (await shell.fatal(error)).status
        except ShellSyntaxError as error:
            await shell.report_syntax(error)
            status = 2
        except Interrupted:
            status = 130
        except RecursionError:
            await shell.complain("maximum nesting level exceeded")
            status = 2
        return status

    # ---- lists ------------------------------------------------------------------------------------

    async def _list(self, node: List, tail: bool) -> int:
        status = 0
        pending, options = self.shell.traps.pending, self.shell.options
        last = len(node.commands) - 1
        for number, command in enumerate(node.commands):
            status = await self._runners[type(command)](command, tail and number == last)
            if pending:
                await self.shell.traps.run_pending()
            if "n" in options:
                break
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

    async def _stages(self, node: Pipeline) -> int:
        if len(node.commands) == 1:
            return await self.run(node.commands[0])
        return await self.processes.pipeline(node)

    async def _pipeline(self, node: Pipeline, tail: bool) -> int:
        shell = self.shell
        if node.timed:
            return await self._timed(node)
        if node.negated:
            shell.tested += 1
            try:
                status = await self._stages(node)
            except (FunctionReturn, LoopExit) as left:
                if shell.flavour.name == "ash":
                    left.status = int(not left.status)
                raise
            finally:
                shell.tested -= 1
            shell.status = int(not status)
            return shell.status
        return await self.commands.finish(await self._stages(node))

    async def _timed(self, node: Pipeline) -> int:
        plain = Pipeline(node.commands, node.negated)
        return await timed(self.shell, node.timed, self._pipeline(plain, False))

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
        try:
            return await self._list(body, False), True
        except LoopExit as left:
            return left.status, self._left(left)

    async def _while(self, node: While, tail: bool) -> int:
        shell, checkpoint = self.shell, self.shell.proc.checkpoint
        status = 0
        shell.loops += 1
        try:
            while True:
                await checkpoint()
                try:
                    if await self._condition(node.condition) == node.until:
                        break
                except LoopExit as left:
                    if self._left(left):
                        continue
                    break
                status, again = await self.run_body(node.body)
                if not again:
                    break
        finally:
            shell.loops -= 1
        shell.status = status
        return status

    def _left(self, left: LoopExit) -> bool:
        """Pass `break` and `continue` on to the loop that is meant; whether this one goes on."""
        if left.levels > 1 and self.shell.loops > 1:
            left.levels -= 1
            raise left
        return left.again

    async def _for(self, node: For, tail: bool) -> int:
        shell = self.shell
        shell.line = node.line
        if not node.name.replace("_", "a").isalnum() or node.name[0].isdigit():
            raise ShellError("bad name", node.name)
        words = list(shell.args) if node.words is None else await shell.expander.fields(node.words)
        try:
            each = select_loop(self, node, words) if node.select else self._for_each(node, words)
            status = await each
        except ExpansionError:
            raise
        except ShellError as error:
            if not shell.flavour.bash:
                raise
            await shell.report(error)
            return await self.commands.finish(1)
        shell.status = status
        return status

    async def _for_each(self, node: For, words: list[str]) -> int:
        shell, checkpoint = self.shell, self.shell.proc.checkpoint
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
        return status

    async def _arithmetic_for(self, node: ArithFor, tail: bool) -> int:
        shell = self.shell
        shell.line = node.line
        status = 0
        shell.loops += 1
        try:
            await self._clause(node.first)
            while await self._clause(node.test) != 0:
                await shell.proc.checkpoint()
                status, again = await self.run_body(node.body)
                if not again:
                    break
                await self._clause(node.step)
        except _BadClause:
            return await self.commands.finish(1)
        finally:
            shell.loops -= 1
        shell.status = status
        return status

    async def _clause(self, clause: Word) -> int:
        """One expression of `for ((...))`; an empty one is true."""
        if clause.plain is not None and not clause.plain.strip():
            return 1
        if "x" in self.shell.options:
            await trace(self.shell, f"(( {raw_text(clause).strip()} ))")
        try:
            return await self.shell.expander.arithmetic(clause)
        except ShellError as error:
            await self._complain_of_arithmetic(error)
            raise _BadClause from None

    async def _case(self, node: Case, tail: bool) -> int:
        shell = self.shell
        subject = await shell.expander.text(node.word)
        falling, status = False, 0
        if "x" in shell.options:
            await trace_head(shell, node)
        for arm in node.arms:
            if not falling and not await self._arm_matches(arm.patterns, subject):
                continue
            last = arm.end == ";;"
            status = await self._list(arm.body, tail and last)
            if last:
                break
            falling = arm.end == ";&"
        shell.status = status
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
        try:
            value = await shell.expander.arithmetic(node.expression)
        except ShellError as error:
            await self._complain_of_arithmetic(error)
            return await self.commands.finish(1)
        if "x" in shell.options:
            await trace_head(shell, node)
        return await self.commands.finish(int(value == 0))

    async def _complain_of_arithmetic(self, error: ShellError) -> None:
        await self.shell.report(error, command="" if error.kind == "readonly" else "((")

    async def _conditional(self, node: Conditional, tail: bool) -> int:
        shell = self.shell
        shell.line = node.line
        if "x" in shell.options:
            await trace_conditional(shell, node)
        try:
            holds = await evaluate_conditional(shell, node.expression)
        except ShellError as error:
            arithmetic = error.kind.startswith("arithmetic")
            await shell.report(error, command="[[" if arithmetic else "")
            return await self.commands.finish(1 if arithmetic else 2)
        return await self.commands.finish(int(not holds))

    # ---- functions --------------------------------------------------------------------------------

    async def call(self, function: Function, argv: list[str]) -> int:
        """Call a function with its own positional parameters and local scope."""
        shell = self.shell
        saved = shell.args, shell.loops
        # Only in ash do break and continue inside a function act on the caller's loops.
        shell.args, shell.loops = argv[1:], shell.loops if shell.flavour.name == "ash" else 0
        shell.calls.append(function.name)
        shell.variables.push()
        try:
            await shell.proc.checkpoint()
            depth = len(shell.calls)
            if depth > CALLS_MAX:
                shell.proc.overflow()
            if (most := shell.flavour.calls_max) and depth > most:
                raise ExpansionError("too deep", str(most))
            running = self.run(function.body)
            status = await (
                shell.proc.machine.adopt(running) if depth % CALLS_PER_TASK == 0 else running
            )
        except FunctionReturn as returned:
            status = returned.status
        except ExpansionError as error:
            error.place = error.place or shell.place()
            raise
        finally:
            shell.variables.pop()
            shell.calls.pop()
            shell.args, shell.loops = saved
        shell.status = status
        return status
