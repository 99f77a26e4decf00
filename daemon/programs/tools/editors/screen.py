"""A terminal in raw mode: keys in, whole screens out, and everything put back at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from daemon.process.process import Process
from daemon.programs.tools.kit import columns_of, lines_of

ESCAPE_PATIENCE = 0.05
"""Seconds after which an escape byte is the Escape key and not the beginning of an arrow."""
KEYS = {
    b"[A": "up",
    b"[B": "down",
    b"[C": "right",
    b"[D": "left",
    b"OA": "up",
    b"OB": "down",
    b"OC": "right",
    b"OD": "left",
    b"[H": "home",
    b"[F": "end",
    b"OH": "home",
    b"OF": "end",
    b"[1~": "home",
    b"[4~": "end",
    b"[3~": "delete",
    b"[5~": "page up",
    b"[6~": "page down",
}


class Keyboard:
    """Keys of one descriptor: "up", "escape" and the like, or the character itself; "" at the end."""

    def __init__(self, proc: Process, fd: int) -> None:
        self.proc = proc
        self.fd = fd
        self.held = b""

    async def key(self) -> str:
        if not self.held:
            self.held = await self.proc.read(self.fd, 256)
            if not self.held:
                return ""
        if self.held[:1] == b"\x1b":
            return await self._escape()
        return self._character()

    def _character(self) -> str:
        for size in range(1, min(4, len(self.held)) + 1):
            try:
                text = self.held[:size].decode()
            except UnicodeDecodeError:
                continue
            self.held = self.held[size:]
            return text
        text, self.held = chr(self.held[0]), self.held[1:]
        return text

    async def _escape(self) -> str:
        if len(self.held) == 1:
            await self._more()
        for sequence, name in KEYS.items():
            if self.held[1:].startswith(sequence):
                self.held = self.held[1 + len(sequence) :]
                return name
        self.held = self.held[1:]
        return "escape"

    async def _more(self) -> None:
        description = self.proc.description(self.fd)
        if not description.can_read():
            deadline = self.proc.machine.clock.monotonic() + ESCAPE_PATIENCE
            with suppress(InterruptedError):
                await self.proc.wait_on(description.readable, deadline=deadline)
        if description.can_read():
            data = description.try_read(256)
            self.held += data or b""


@asynccontextmanager
async def raw_keyboard(proc: Process, *, opost: bool = False) -> AsyncIterator[Keyboard]:
    """Keys without echo or line editing, from stdin or, where that is data, from /dev/tty.

    With `opost`, output is still that of a terminal: a newline goes back to the first column.
    """
    fd = 0 if proc.isatty(0) or proc.terminal is None else await proc.open("/dev/tty")
    terminal = proc.description(fd).terminal
    before = replace(terminal.attributes) if terminal else None
    if terminal and before:
        raw = replace(
            before,
            icanon=False,
            echo=False,
            icrnl=False,
            ixon=False,
            iexten=False,
            opost=opost,
            vmin=1,
            vtime=0,
        )
        terminal.set_attributes(replace(raw, isig=False))
    try:
        yield Keyboard(proc, fd)
    finally:
        if terminal and before:
            terminal.set_attributes(before)
        if fd:
            with suppress(OSError):
                proc.close(fd)


def size_of(proc: Process) -> tuple[int, int]:
    """Rows and columns as they are now."""
    return max(2, lines_of(proc)), max(10, columns_of(proc))


def clipped(text: str, start: int, width: int) -> str:
    """What of a line fits on the screen, control characters made visible."""
    shown = "".join(
        char if char >= " " and char != "\x7f" else f"^{chr(ord(char) ^ 64)}"
        for char in text.expandtabs(8)
    )
    return shown[start : start + width]
