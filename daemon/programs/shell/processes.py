"""Commands that run in processes of their own: subshells, pipelines, background jobs, substitutions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from daemon.process.signals import IGNORE, Signal
from daemon.programs.shell.commands import Commands, default_signals
from daemon.programs.shell.errors import ShellError
from daemon.programs.shell.syntax import (
    Background,
    Command,
    List,
    Pipeline,
    ProcessSub,
    Redirect,
    Simple,
    Subshell,
)
from daemon.programs.shell.unparse import command_text

if TYPE_CHECKING:
    from daemon.process.process import Process
    from daemon.programs.shell.shell import Shell


class Processes:
    """Starts and collects the children of one shell that run more of its script."""

    def __init__(self, shell: "Shell", commands: Commands) -> None:
        self.shell = shell
        self.commands = commands

    def fork(
        self,
        body: Command,
        *,
        fds: Mapping[int, int] | None = None,
        pgid: int | None = None,
        background: bool = False,
        deeper: bool = False,
    ) -> "Process":
        """A child that runs `body` in a subshell, which is as the shell is now."""
        sub = self.shell.subshell()
        sub.depth += deeper
        ignores = background and "m" not in sub.options
        interactive = self.shell.interactive
        sub.options.discard("m")

        async def main(child: "Process") -> int:
            sub.enter(child)
            if interactive and not ignores:
                default_signals(child)
            return await sub.interpreter.run_to_end(body)

        child = self.shell.proc.fork(main, fds=fds, pgid=pgid)
        if ignores:  # before anybody can know the child and send it one
            child.on_signal(Signal.SIGINT, IGNORE)
            child.on_signal(Signal.SIGQUIT, IGNORE)
        return child

    async def subshell(self, node: Subshell, tail: bool) -> int:
        """`( list )`."""
        shell = self.shell
        pgid = 0 if "m" in shell.options else None
        child = self.fork(node.body, pgid=pgid)
        codes = await shell.jobs.foreground([child.pid], command_text(node))
        return await self.commands.finish(codes[-1])

    async def background(self, node: Background, tail: bool) -> int:
        """`command &`; without job control it reads nothing and heeds no ^C."""
        shell, command = self.shell, node.command
        plain = isinstance(command, Pipeline) and not command.negated and not command.timed
        stages = command.commands if isinstance(command, Pipeline) and plain else (command,)
        null = None if "m" in shell.options else await shell.proc.open("/dev/null")
        pids = self._start(stages, source=null, background=True)
        await shell.jobs.reap()
        job = shell.jobs.add(pids, node.text)
        shell.last_background = pids[-1]
        if shell.interactive and shell.flavour.bash:
            await shell.say(f"[{job.number}] {pids[-1]}\n")
        shell.status = 0
        return 0

    async def pipeline(self, node: Pipeline) -> int:
        """Run the stages side by side; the status of the last, or with pipefail of the last that failed."""
        shell = self.shell
        pids = self._start(node.commands)
        codes = await shell.jobs.foreground(pids, command_text(node))
        shell.pipe_status = codes
        status = codes[-1]
        if "pipefail" in shell.options:
            status = next((code for code in reversed(codes) if code), 0)
        return status

    def _start(
        self, stages: tuple[Command, ...], *, source: int | None = None, background: bool = False
    ) -> list[int]:
        """Fork the stages with pipes in between; the first reads from `source`, which is closed here."""
        proc = self.shell.proc
        pgid = 0 if "m" in self.shell.options else None
        pids: list[int] = []
        for number, command in enumerate(stages):
            fds = {fd: fd for fd in proc.fds if fd != source}
            if source is not None:
                fds[0] = source
            reader = writer = None
            if number < len(stages) - 1:
                reader, writer = proc.pipe()
                fds[1] = writer
            child = self.fork(command, fds=fds, pgid=pgid, background=background)
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
        if (only := _file_alone(body)) is not None and shell.flavour.bash:
            return (await self._file_contents(only)).rstrip("\n")
        reader, writer = proc.pipe()
        fds = {fd: fd for fd in proc.fds if fd not in (reader, writer)}
        fds[1] = writer
        child = self.fork(body, fds=fds, deeper=True)
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
        child = self.fork(part.body, fds=fds, background=True)
        self.shell.last_background = child.pid
        proc.close(theirs)
        kept = proc.dup(ours, 63 if self.shell.flavour.bash else 64)
        proc.close(ours)
        self.commands.opened.append(kept)
        return f"/dev/fd/{kept}"


def _file_alone(body: List) -> Redirect | None:
    """The redirection of a substitution that is nothing but `<file`."""
    only = body.commands[0] if len(body.commands) == 1 else None
    if not isinstance(only, Simple) or only.words or only.assigns or len(only.redirects) != 1:
        return None
    redirect = only.redirects[0]
    return redirect if redirect.op == "<" and redirect.fd in (None, 0) else None
