"""Redirections: what each operator does to the descriptors, and how it is undone."""

import errno
import os
from typing import TYPE_CHECKING

from daemon.programs.shell.errors import ExpansionError, ShellError
from daemon.programs.shell.messages import open_error
from daemon.programs.shell.network import open_socket
from daemon.programs.shell.syntax import HereDoc, Redirect, Word

if TYPE_CHECKING:
    from daemon.process.process import Process
    from daemon.programs.shell.shell import Shell

SAVED_FROM = 10
"""Where a shell keeps descriptors that it will restore."""
PIPE_ROOM = 60_000

_WRITE = os.O_WRONLY | os.O_CREAT
_FLAGS = {
    "<": os.O_RDONLY,
    ">": _WRITE | os.O_TRUNC,
    ">|": _WRITE | os.O_TRUNC,
    ">>": _WRITE | os.O_APPEND,
    "<>": os.O_RDWR | os.O_CREAT,
    "&>": _WRITE | os.O_TRUNC,
    "&>>": _WRITE | os.O_APPEND,
}

Undo = list[tuple[int, int | None]]


class Redirections:
    """Applies redirections to the shell's own descriptors."""

    def __init__(self, shell: "Shell") -> None:
        self.shell = shell

    async def apply(self, redirects: tuple[Redirect, ...], *, keep: bool = False) -> Undo:
        """Redirect; returns what `undo` needs, or nothing to undo if the change is to `keep`."""
        undo: Undo = []
        try:
            for redirect in redirects:
                await self._one(redirect, None if keep else undo)
        except BaseException:
            self.undo(undo)
            raise
        return undo

    def undo(self, undo: Undo) -> None:
        """Put every descriptor back, the last redirection first."""
        proc = self.shell.proc
        for fd, saved in reversed(undo):
            if saved is not None:
                proc.dup2(saved, fd)
                proc.close(saved)
            elif fd in proc.fds:
                proc.close(fd)
        undo.clear()

    async def _one(self, redirect: Redirect, undo: Undo | None) -> None:
        op, target = redirect.op, redirect.target
        fd = redirect.fd
        if isinstance(fd, str):
            await self._to_variable(redirect, fd)
            return
        if isinstance(target, HereDoc):
            await self._place(await self._text_pipe(await self._body(target)), fd or 0, undo)
            return
        if op == "<<<":
            text = await self.shell.expander.text(target)
            await self._place(await self._text_pipe(text + "\n"), fd or 0, undo)
            return
        text = await self._target(target)
        if op in ("<&", ">&"):
            await self._duplicate(op, fd, text, undo)
        elif op in ("&>", "&>>"):
            await self._both(op, text, undo)
        else:
            number = (0 if op in ("<", "<>") else 1) if fd is None else fd
            await self._place(await self._open(op, text), number, undo)

    async def _target(self, word: Word) -> str:
        if word.plain is not None:
            return word.plain
        if not self.shell.flavour.bash:
            return await self.shell.expander.text(word)
        fields = await self.shell.expander.fields((word,))
        if len(fields) != 1:
            raise ShellError("ambiguous", self.shell.source_text(word))
        return fields[0]

    async def _open(self, op: str, path: str) -> int:
        shell = self.shell
        kind = "cannot open" if op in ("<",) else "cannot create"
        flags = _FLAGS[op]
        if op == ">" and "C" in shell.options:
            flags = self._noclobber(path, flags)
        try:
            if shell.flavour.bash and path.startswith(("/dev/tcp/", "/dev/udp/")):
                return await open_socket(shell, path)
            return await shell.proc.open(path, flags)
        except OSError as error:
            if error.errno == errno.EEXIST:
                raise ShellError("clobber", path) from None
            raise open_error(kind, path, error, shell.flavour) from None

    def _noclobber(self, path: str, flags: int) -> int:
        try:
            existing = self.shell.proc.stat(path)
        except OSError:
            return flags | os.O_EXCL
        if existing.mode & 0o170000 == 0o100000:
            raise ShellError("clobber", path)
        return flags

    async def _place(self, opened: int, fd: int, undo: Undo | None) -> None:
        """Move a freshly opened descriptor to `fd`."""
        proc = self.shell.proc
        if opened == fd:
            if undo is not None:
                undo.append((fd, None))
            return
        self._save(fd, undo)
        proc.dup2(opened, fd)
        proc.close(opened)
        proc.cloexec.discard(fd)

    def _save(self, fd: int, undo: Undo | None) -> None:
        if undo is None:
            return
        proc = self.shell.proc
        saved = None
        if fd in proc.fds:
            saved = proc.dup(fd, SAVED_FROM)
            proc.cloexec.add(saved)
        undo.append((fd, saved))

    async def _duplicate(self, op: str, fd: int | None, text: str, undo: Undo | None) -> None:
        proc = self.shell.proc
        number = (0 if op == "<&" else 1) if fd is None else fd
        moves = self.shell.flavour.bash and text.endswith("-") and text[:-1].isdigit()
        if text == "-":
            self._save(number, undo)
            if number in proc.fds:
                proc.close(number)
        elif text.isdigit() or moves:
            source = int(text.removesuffix("-"))
            if source not in proc.fds:
                raise ShellError("bad descriptor", text)
            if source != number:
                self._save(number, undo)
                proc.dup2(source, number)
                proc.cloexec.discard(number)
            if moves and source != number:
                self._save(source, undo)
                proc.close(source)
        elif op == ">&" and fd is None and self.shell.flavour.both_redirect:
            await self._both("&>", text, undo)
        else:
            raise ShellError("ambiguous", text)

    async def _both(self, op: str, path: str, undo: Undo | None) -> None:
        await self._place(await self._open(op, path), 1, undo)
        self._save(2, undo)
        self.shell.proc.dup2(1, 2)

    async def _to_variable(self, redirect: Redirect, name: str) -> None:
        """`{name}>file`: a descriptor of 10 or more, which stays open."""
        proc, shell = self.shell.proc, self.shell
        if isinstance(redirect.target, HereDoc):
            opened = await self._text_pipe(await self._body(redirect.target))
        else:
            text = await self._target(redirect.target)
            if redirect.op in ("<&", ">&") and text == "-":
                number = int(shell.parameter(name) or -1)
                if number in proc.fds:
                    proc.close(number)
                return
            if redirect.op in ("<&", ">&"):
                opened = proc.dup(int(text))
            elif redirect.op == "<<<":
                opened = await self._text_pipe(text + "\n")
            else:
                opened = await self._open(redirect.op, text)
        moved = proc.dup(opened, SAVED_FROM)
        proc.close(opened)
        shell.variables.set(name, str(moved))

    # ---- here-documents ---------------------------------------------------------------------------

    async def _body(self, document: HereDoc) -> str:
        """The text; in ash and dash one that cannot be expanded is a redirection that failed, and no more."""
        try:
            return await self.shell.expander.text(document.body)
        except ExpansionError as error:
            if self.shell.flavour.bash:
                raise
            raise ShellError(error.kind, *error.arguments) from None

    async def _text_pipe(self, text: str) -> int:
        """A descriptor from which `text` can be read; a child feeds it if a pipe cannot hold it."""
        proc = self.shell.proc
        data = os.fsencode(text)
        reader, writer = proc.pipe()
        if len(data) <= PIPE_ROOM:
            await proc.write(writer, data)
            proc.close(writer)
            return reader

        async def feed(child: "Process") -> int:
            await child.write(1, data)
            return 0

        proc.fork(feed, fds={1: writer})
        proc.close(writer)
        return reader
