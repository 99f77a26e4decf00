"""The machine that runs sed's script: input with lookahead, the spaces, addresses, output, editing in place."""

import os
import re
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from daemon.process.process import Process
from daemon.programs.tools.kit import Failure, complain, either, is_gnu, read_all, reason
from daemon.programs.tools.lines import LineReader, Output
from daemon.programs.tools.options import Options
from daemon.programs.tools.sed_parse import Address, Command, Script

Action = Callable[["Machine", Command], Awaitable[str]]
"""What a command does; returns "" to go on, "jump", "delete", "again", "quit", "quit silently" or "end"."""


class Quit(Exception):
    """q and Q: leave with this exit code."""

    def __init__(self, code: int) -> None:
        self.code = code


class Input:
    """The lines of all operands, with one of lookahead so that `$` is known; in place, each file on its own."""

    def __init__(self, machine: "Machine", paths: list[str], separate: bool) -> None:
        self.machine = machine
        self.paths = paths
        self.separate = separate
        self.path = "-"
        self.failed = False
        self._lines = self._all_lines()
        self._ahead: tuple[str, bytes] | None = None
        self._primed = False

    async def next(self) -> bytes | None:
        """The next line with its newline, None after the last."""
        if not self._primed:
            await self._advance()
            self._primed = True
        current = self._ahead
        if current is None:
            return None
        if current[0] != self.path or self.machine.line_number == 0:
            await self.machine.enter(current[0])
            self.path = current[0]
        await self._advance()
        return current[1]

    async def is_last(self) -> bool:
        return self._ahead is None or (self.separate and self._ahead[0] != self.path)

    async def _advance(self) -> None:
        self._ahead = await anext(self._lines, None)

    async def _all_lines(self) -> AsyncIterator[tuple[str, bytes]]:
        proc = self.machine.proc
        for path in self.paths:
            try:
                fd = await self._opened(path)
            except OSError as error:
                self.failed = True
                text = f"can't read {path}" if is_gnu(proc) else path
                await complain(proc, f"{text}: {reason(error)}")
                continue
            reader = LineReader(proc, fd, self.machine.end, self.machine.out.flush)
            try:
                while (line := await reader.next()) is not None:
                    yield path, line
            except IsADirectoryError:
                await self._is_folder(path)
            if fd:
                proc.close(fd)

    async def _is_folder(self, path: str) -> None:
        self.failed = True
        proc = self.machine.proc
        if self.machine.in_place:
            text = f"couldn't edit {path}: not a regular file"
        else:
            text = either(proc, f"couldn't read {path}: Is a directory", f"{path}: Is a directory")
            if is_gnu(proc):
                text = f"read error on {path}: Is a directory"
        await complain(proc, text)

    async def _opened(self, path: str) -> int:
        if path == "-" and not self.machine.in_place:
            return 0
        return await self.machine.proc.open(path)


class Machine:
    """Runs a script; holds the spaces, the files of `w` and the line counter."""

    def __init__(
        self,
        proc: Process,
        options: Options,
        script: Script,
        paths: list[str],
        actions: Mapping[str, Action],
    ) -> None:
        self.proc = proc
        self.actions = actions
        self.commands = script.commands
        self.quiet = "n" in options or script.quiet
        self.in_place = "i" in options
        self.suffix = options.value("i")
        self.end = b"\0" if "z" in options else b"\n"
        self.out = Output(proc, 1)
        self.stdout = self.out
        self.input = Input(self, paths, self.in_place or "s" in options)
        self.space = b""
        self.newline = True
        self.hold = b""
        self.line_number = 0
        self.substituted = False
        self.queue: list[tuple[str, bytes]] = []
        self.files: dict[str, tuple[int, Output]] = {}
        self.readers: dict[str, LineReader] = {}
        self.last_regex: re.Pattern[bytes] | None = None
        self.target = ""
        self.temporary = ""
        self.temporary_fd = -1
        self.dangling = False
        self.exit_code = 0

    async def run(self) -> int:
        code = 0
        await self._open_outputs()
        try:
            while await self.read():
                await self._cycle()
        except Quit as leaving:
            code = leaving.code
            if self.in_place:
                await self._copy_rest()
        await self._leave()
        await self.stdout.flush()
        for _, output in self.files.values():
            await output.flush()
        if self.input.failed and not code:
            return 2 if is_gnu(self.proc) else 1
        return code

    async def _open_outputs(self) -> None:
        for command in self.commands:
            made = command.substitution
            name = command.label if command.name in "wW" else made.file if made else ""
            if name and name not in self.files:
                if name in ("/dev/stdout", "/dev/stderr"):
                    self.files[name] = (
                        1 if name.endswith("out") else 2,
                        Output(self.proc, 1 if name.endswith("out") else 2, 0),
                    )
                    continue
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                fd = await self.proc.open(name, flags, 0o666)
                self.files[name] = (fd, Output(self.proc, fd))

    async def enter(self, path: str) -> None:
        """A new file begins: in place, the old one gets its new content first."""
        if self.input.separate:
            self.line_number = 0
        if not self.in_place:
            return
        await self._leave()
        info = self.proc.stat(path)
        if not stat.S_ISREG(info.mode):
            raise Failure(f"couldn't edit {path}: not a regular file", 4)
        folder = os.path.dirname(path)
        draw = self.proc.machine.ids.hex(6)
        self.temporary = os.path.join(folder, f"sed{draw}")
        self.target = path
        fd = await self.proc.open(self.temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.out = Output(self.proc, fd)
        self.temporary_fd = fd
        self.proc.chmod(self.temporary, stat.S_IMODE(info.mode))
        if (info.uid, info.gid) != (self.proc.cred.uid, self.proc.cred.gid):
            self.proc.chown(self.temporary, info.uid, info.gid)
        self.dangling = False

    async def _leave(self) -> None:
        if not self.target:
            return
        await self.out.flush()
        self.proc.close(self.temporary_fd)
        if self.suffix:
            backup = (
                self.suffix.replace("*", os.path.basename(self.target))
                if "*" in self.suffix
                else os.path.basename(self.target) + self.suffix
            )
            self.proc.rename(self.target, os.path.join(os.path.dirname(self.target), backup))
        self.proc.rename(self.temporary, self.target)
        self.target = ""
        self.out = self.stdout

    async def _copy_rest(self) -> None:
        """After q, the rest of a file edited in place stays as it was."""
        while not await self.input.is_last():
            line = await self.input.next()
            if line is None:
                return
            await self.put(line.removesuffix(self.end), line.endswith(self.end))

    async def read(self) -> bool:
        line = await self.input.next()
        if line is None:
            return False
        self.line_number += 1
        self.newline = line.endswith(self.end)
        self.space = line.removesuffix(self.end)
        self.substituted = False
        return True

    async def put(self, data: bytes, newline: bool = True) -> None:
        if self.dangling:
            self.out.add(self.end)
        self.dangling = not newline
        await self.out.write(data + (self.end if newline else b""))

    async def _cycle(self) -> None:
        """Run the script on the pattern space, print it, write what was queued."""
        restart = True
        while restart:
            restart = False
            outcome = await self._commands()
            if outcome in ("", "quit") and not self.quiet:
                await self.put(self.space, self.newline)
            await self.flush_queue()
            if outcome.startswith("quit"):
                raise Quit(self.exit_code)
            if outcome == "again":
                restart = True

    async def _commands(self) -> str:
        """ "" at the end, "delete", "again" (D), "quit" (prints) or "quit silently"."""
        index = 0
        steps = 0
        while index < len(self.commands):
            steps += 1
            if steps % 1000 == 0:
                await self.proc.checkpoint()
            command = self.commands[index]
            index += 1
            if not await self._selected(command):
                if command.name == "{":
                    index = command.jump
                continue
            outcome = await self.actions[command.name](self, command)
            if outcome == "jump":
                index = command.jump
            elif outcome == "end":
                return ""
            elif outcome:
                return outcome
        return ""

    async def _selected(self, command: Command) -> bool:
        if command.first is None:
            return not command.negated
        if command.second is None:
            return (await self._matches(command.first)) != command.negated
        return (await self._in_range(command)) != command.negated

    async def _in_range(self, command: Command) -> bool:
        first, second = command.first, command.second
        if first is None or second is None:
            return True
        if command.active:
            return await self._range_goes_on(command, second)
        if first.kind == "line" and first.number == 0 and second.kind == "regex":
            command.active = command.active_until is None
            command.active_until = 0
            if command.active:
                return await self._range_goes_on(command, second)
            return False
        if not await self._range_begins(command, first):
            return False
        command.active = self._range_opens(command, second)
        return True

    async def _range_begins(self, command: Command, first: Address) -> bool:
        """GNU opens a range late if N or n skipped the line that it begins at, but only once."""
        if first.kind != "line" or not is_gnu(self.proc):
            return await self._matches(first)
        late = self.line_number >= first.number and not command.opened
        command.opened = command.opened or late
        return late or self.line_number == first.number

    def _range_opens(self, command: Command, second: Address) -> bool:
        """Whether the range reaches beyond the line that began it."""
        line = self.line_number
        if second.kind == "line":
            command.active_until = second.number
        elif second.kind == "plus":
            command.active_until = line + second.number
        elif second.kind == "multiple":
            command.active_until = (
                -(-line // second.number) * second.number if second.number else line
            )
        else:
            command.active_until = None
            return True
        return command.active_until > line

    async def _range_goes_on(self, command: Command, second: Address) -> bool:
        until = command.active_until
        if second.kind in ("line", "plus", "multiple"):
            if until is None or self.line_number >= until:
                command.active = False
            return until is None or self.line_number <= until or second.kind != "line"
        if await self._matches(second):
            command.active = False
        return True

    async def _matches(self, address: Address) -> bool:
        if address.kind == "last":
            return await self.input.is_last()
        if address.kind == "line":
            return self.line_number == address.number
        if address.kind == "step":
            if not address.step:
                return self.line_number == address.number
            return (
                self.line_number >= address.number
                and (self.line_number - address.number) % address.step == 0
            )
        return self.regex(address.pattern).search(self.space) is not None

    def regex(self, pattern: re.Pattern[bytes] | None) -> re.Pattern[bytes]:
        if pattern is None:
            if self.last_regex is None:
                raise Failure("no previous regular expression")
            return self.last_regex
        self.last_regex = pattern
        return pattern

    async def write_file(self, name: str, data: bytes) -> None:
        if name == "/dev/stdout":
            await self.put(data)
            return
        _, output = self.files[name]
        await output.write(data + b"\n")
        await output.flush()

    async def flush_queue(self) -> None:
        queue, self.queue = self.queue, []
        for kind, data in queue:
            if kind == "text":
                await self.put(data.removesuffix(b"\n"), data.endswith(b"\n"))
            elif kind == "file":
                await self._copy_file(os.fsdecode(data))
            else:
                await self._next_line_of(os.fsdecode(data))

    async def _copy_file(self, path: str) -> None:
        try:
            data = await read_all(self.proc, path if path != "/dev/stdin" else "-")
        except OSError:
            return
        if data:
            await self.put(data.removesuffix(b"\n"), data.endswith(b"\n"))

    async def _next_line_of(self, path: str) -> None:
        if path not in self.readers:
            try:
                self.readers[path] = LineReader(self.proc, await self.proc.open(path))
            except OSError:
                return
        line = await self.readers[path].next()
        if line is not None:
            await self.put(line.removesuffix(b"\n"))
