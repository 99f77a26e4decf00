"""The state of one shell or subshell: parameters, options, functions, and how it complains."""

import os
from typing import TYPE_CHECKING

from daemon.programs.shell import parameters
from daemon.programs.shell.control import ShellExit
from daemon.programs.shell.errors import (
    ExpansionError,
    FatalExpansionError,
    ShellError,
    ShellSyntaxError,
)
from daemon.programs.shell.expand import Expander
from daemon.programs.shell.flavour import Flavour
from daemon.programs.shell.interpreter import Interpreter
from daemon.programs.shell.jobs import Jobs
from daemon.programs.shell.messages import syntax_lines, text_of
from daemon.programs.shell.pathnames import GlobRules
from daemon.programs.shell.prompt import expand_prompt
from daemon.programs.shell.redirections import Redirections
from daemon.programs.shell.special import BASH_VERSION_INFO, install_dynamic, letters
from daemon.programs.shell.syntax import Function, List, ProcessSub, Word
from daemon.programs.shell.traps import Traps
from daemon.programs.shell.unparse import word_text
from daemon.programs.shell.variables import Array, Variables, in_order

if TYPE_CHECKING:
    from daemon.process.process import Process


class Shell:
    """`options` holds the set letters, and the long name of what has none (pipefail); `shopts` is bash's."""

    status = 0
    """`$?`."""
    last_background: int | None = None
    last_argument = ""
    line = 1
    source = ""
    """The script or sourced file that runs; empty for -c and stdin."""
    command_string = False
    named = False
    """Whether an argument behind -c gave `$0`."""
    interactive = False
    warned_of_jobs = False
    assigning = False
    """Whether the words under expansion belong to export and the like, whose arguments may be assignments."""
    loops = 0
    sourcing = 0
    tested = 0
    """How many conditions are around us, in which `set -e` is ignored."""
    level = 0
    """How many subshells are around us."""
    depth = 0
    """How many command substitutions are around us."""
    getopts_column = 0

    def __init__(self, proc: "Process", flavour: Flavour, arg0: str) -> None:
        self.proc = proc
        self.pid = proc.pid
        self.flavour = flavour
        self.arg0 = arg0
        self.args: list[str] = []
        self.options: set[str] = set()
        self.shopts: set[str] = set()
        self.functions: dict[str, Function] = {}
        self.aliases: dict[str, str] = {}
        self.hashed: dict[str, str] = {}
        self.folders: list[str] = []
        self.history: list[str] = []
        self.limits: dict[str, str] = {}
        self.calls: list[str] = []
        self.pipe_status: list[int] = []
        """The statuses of the last pipeline; empty after a command that was none."""
        self.started = proc.machine.clock.monotonic()
        self.variables = Variables(proc.charge)
        self._assemble()

    def _assemble(self) -> None:
        self.expander = Expander(self)
        self.redirections = Redirections(self)
        self.jobs = Jobs(self)
        self.traps = Traps(self)
        self.interpreter = Interpreter(self)
        self.variables.evaluate = self.expander.evaluate
        install_dynamic(self)

    def subshell(self) -> "Shell":
        """A copy as of now, for a process that is about to be forked and will `enter` it."""
        other = Shell.__new__(Shell)
        other.__dict__.update(self.__dict__)
        for name in ("args", "options", "shopts", "functions", "aliases", "hashed", "folders"):
            setattr(other, name, getattr(self, name).copy())
        other.calls = list(self.calls)
        other.loops = 0
        other.level += 1
        other.interactive = False
        other.variables = self.variables.copy()
        other.jobs = self.jobs.snapshot()
        other.traps = self.traps.snapshot()
        return other

    def enter(self, proc: "Process") -> None:
        """Begin as a subshell in its own process: jobs and traps are as after a fork."""
        jobs, traps = self.jobs, self.traps
        self.proc = proc
        self.variables.charge_to(proc.charge)
        self._assemble()
        self.traps.inherit(traps)
        if self.flavour.name != "dash":
            self.jobs.inherit(jobs.table)

    # ---- parameters -------------------------------------------------------------------------------

    def parameter(self, name: str) -> str | None:
        """The value of a variable, positional or special parameter; None if unset."""
        if name[0] not in "0123456789@*#?-$!":
            return self.variables.get(name)
        if name.isdigit():
            number = int(name)
            if number == 0:
                return self.arg0
            return self.args[number - 1] if number <= len(self.args) else None
        return self._special(name)

    def _special(self, name: str) -> str | None:
        if name == "?":
            return str(self.status)
        if name == "#":
            return str(len(self.args))
        if name == "$":
            return str(self.pid)
        if name == "!":
            return None if self.last_background is None else str(self.last_background)
        if name == "-":
            return letters(self)
        return " ".join(self.args)

    def home(self, user: str) -> str | None:
        """What `~user` stands for; None if there is no such user."""
        if user == "":
            return self.variables.get("HOME")
        if user in ("+", "-") and self.flavour.bash:
            return self.variables.get("PWD" if user == "+" else "OLDPWD")
        try:
            passwd = os.fsdecode(self.proc.machine.fs.read_bytes("/etc/passwd"))
        except OSError:
            return None
        for line in passwd.splitlines():
            fields = line.split(":")
            if len(fields) >= 6 and fields[0] == user:
                return fields[5]
        return None

    # ---- arrays -----------------------------------------------------------------------------------

    def array_key(self, name: str, index: str) -> int | str:
        """The key that a subscript means: text for an associative array, else a number."""
        variable = self.variables.find(name)
        if variable is not None and variable.associative:
            return index
        try:
            return self.expander.evaluate(index)
        except ExpansionError as error:
            raise FatalExpansionError(error.kind, *error.arguments) from None

    def _array(self, name: str) -> Array:
        if name in ("PIPESTATUS", "FUNCNAME", "BASH_VERSINFO") and self.flavour.bash:
            computed = {
                "PIPESTATUS": map(str, self.pipe_status or [self.status]),
                "FUNCNAME": reversed(self.calls),
                "BASH_VERSINFO": BASH_VERSION_INFO,
            }
            return {number: value for number, value in enumerate(computed[name])}  # noqa: C416
        variable = self.variables.find(name)
        if variable is None or variable.value is None:
            return {}
        if isinstance(variable.value, str):
            return {0: variable.value}
        if variable.associative:
            return variable.value
        return in_order(variable.value)

    def element(self, name: str, index: str) -> str | None:
        """One element; a negative index counts from the end."""
        elements = self._array(name)
        key = self.array_key(name, index)
        if isinstance(key, int) and key < 0:
            key += max((k for k in elements if isinstance(k, int)), default=-1) + 1
        return elements.get(key)

    def elements(self, name: str) -> list[str]:
        """Every element's value."""
        return list(self._array(name).values())

    def keys(self, name: str) -> list[str]:
        """Every element's key."""
        return [str(key) for key in self._array(name)]

    def describe(self, name: str, value: str, letter: str) -> str:
        """`${x@a}` the attributes, `${x@A}` a command that makes the variable."""
        variable = self.variables.find(name)
        attributes = "" if variable is None else variable.attributes
        if letter == "a":
            return attributes
        quoted = parameters.quote(value)
        return f"declare -{attributes} {name}={quoted}" if attributes else f"{name}={quoted}"

    # ---- what the expander asks for ---------------------------------------------------------------

    def glob_rules(self) -> GlobRules:
        """The options that globbing depends on."""
        options = self.shopts
        return GlobRules(
            "extglob" in options,
            "dotglob" in options,
            "nocaseglob" in options,
            "globstar" in options,
            self.flavour.bash,
        )

    async def substitute(self, body: List) -> str:
        """The output of a command substitution."""
        return await self.interpreter.processes.substitute(body)

    async def process_substitution(self, part: ProcessSub) -> str:
        """The path of a pipe to or from a process."""
        return await self.interpreter.processes.process_substitution(part)

    def prompt_text(self, text: str) -> str:
        """A prompt with its escapes expanded."""
        return expand_prompt(self, text)

    def source_text(self, word: Word) -> str:
        """A word roughly as it was written, for messages."""
        return word_text(word)

    async def interrupted(self) -> None:
        """A signal handler ran during a system call: run the traps."""
        await self.traps.run_pending()

    # ---- complaints -------------------------------------------------------------------------------

    def place(self, command: str = "") -> str:
        """What a message starts with: the shell's name, where in which script, and the builtin that complains."""
        places = {"ash": self._ash_place, "dash": self._dash_place, "bash": self._bash_place}
        return places[self.flavour.name](command)

    def _ash_place(self, command: str) -> str:
        source = self.source if self.source != self.arg0 else ""
        command = command or source
        if not command and not self.source and not self.named:
            return f"{self.arg0}: "
        line = self.line - (self.command_string and not self.source)
        at = "" if self.interactive and not self.source else f"line {line}: "
        return f"{self.arg0}: {command}: {at}" if command else f"{self.arg0}: {at}"

    def _dash_place(self, command: str) -> str:
        source = self.source if self.source != self.arg0 else ""
        command = command or source
        return f"{self.arg0}: {self.line}: " + (f"{command}: " if command else "")

    def _bash_place(self, command: str) -> str:
        tail = f"{command}: " if command else ""
        if self.interactive and not self.source:
            return f"{os.path.basename(self.arg0)}: {tail}"
        where = self.source or ("environment" if self.calls and self.command_string else self.arg0)
        return f"{where}: line {self.line}: {tail}"

    async def complain(self, text: str, *, command: str = "") -> None:
        """One line on stderr, with the place in front."""
        await self.say(f"{self.place(command)}{text}\n")

    async def say(self, text: str) -> None:
        """Text on stderr as it is; a closed stderr swallows it."""
        try:
            await self.proc.err(text)
        except OSError:
            return

    async def report(self, error: ShellError, *, command: str = "") -> None:
        """Complain in the flavour's words."""
        text = text_of(error, self.flavour)
        if error.usage:
            await self.say(text + "\n")
        elif isinstance(error, ExpansionError) and error.place:
            await self.say(f"{error.place}{text}\n")
        else:
            await self.complain(text, command=command)

    async def report_as_applet(self, error: ShellError) -> None:
        """busybox's tools that are built in complain as they do outside: under its name, and nowhere in a script."""
        name = os.path.basename(self.proc.argv[0]).removeprefix("-")
        await self.say(f"{name}: {text_of(error, self.flavour)}\n")

    async def report_syntax(
        self, error: ShellSyntaxError, *, where: str = "", command: str = ""
    ) -> None:
        """Complain about what cannot be parsed."""
        lines = syntax_lines(error, self.flavour)
        saved, self.line = self.line, error.line
        if self.flavour.bash:
            self.line += error.kind in ("eof", "substitution")
            head = self.place()
            if self.command_string and not self.source and not where:
                head = f"{self.arg0}: -c: line {self.line}: "
            if where:
                head = f"{self.arg0}: {where}: line {self.line}: "
            if self.interactive and not self.source:
                del lines[1:]
            await self.say("".join(f"{head}{line}\n" for line in lines))
        else:
            await self.complain(lines[0], command=command)
        self.line = saved

    def fatal_status(self, error: ShellError) -> int:
        """With what status an expansion error ends the shell."""
        if not self.flavour.bash:
            return 2
        unset = error.kind in ("parameter", "unbound", "transformation") and "e" not in self.options
        return 127 if unset and self.command_string and self.proc.pid == self.pid else 1

    async def fatal(self, error: ShellError) -> ShellExit:
        """Report; the exception ends the shell, or in an interactive one the line."""
        await self.report(error)
        return ShellExit(self.fatal_status(error))
