"""N_TTY: what a terminal makes of typed bytes (editing, echo, signals) and of written ones (newlines)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from daemon.process.signals import Signal

LINE_LIMIT: Final = 4096
"""What an unfinished line, or the queue of finished ones, may hold."""
TAB: Final = 8
_BACKSPACE_ERASE: Final = b"\b \b"


def control(letter: str) -> int:
    """The byte that Ctrl and a letter make."""
    return ord(letter) & 0x1F


@dataclass(slots=True)
class Attributes:
    """termios(3) by its own names, with what a process finds on a new terminal."""

    # input
    icrnl: bool = True
    inlcr: bool = False
    igncr: bool = False
    ixon: bool = True
    iutf8: bool = False
    # output
    opost: bool = True
    onlcr: bool = True
    # local
    isig: bool = True
    icanon: bool = True
    echo: bool = True
    echoe: bool = True
    echok: bool = True
    echoke: bool = True
    echonl: bool = False
    echoctl: bool = True
    iexten: bool = True
    tostop: bool = False
    noflsh: bool = False
    # control characters; 0 turns one off
    vintr: int = control("C")
    vquit: int = control("\\")
    vsusp: int = control("Z")
    verase: int = 0x7F
    vwerase: int = control("W")
    vkill: int = control("U")
    veof: int = control("D")
    veol: int = 0
    vlnext: int = control("V")
    vreprint: int = control("R")
    vstart: int = control("Q")
    vstop: int = control("S")
    vmin: int = 1
    vtime: int = 0

    def make_raw(self) -> "Attributes":
        """As cfmakeraw(3)."""
        return replace(
            self,
            icrnl=False,
            inlcr=False,
            igncr=False,
            ixon=False,
            opost=False,
            isig=False,
            icanon=False,
            echo=False,
            echonl=False,
            iexten=False,
            vmin=1,
            vtime=0,
        )


class LineDiscipline:
    """Typed bytes go in by `receive`; finished input comes out by `take`.

    `show` gets what is echoed, `signal` what ^C, ^\\ and ^Z ask for, `flow` whether output may go on (^S, ^Q).
    """

    def __init__(
        self,
        show: Callable[[bytes], None],
        signal: Callable[[int], None],
        flow: Callable[[bool], None],
    ) -> None:
        self.attributes = Attributes()
        self._show = show
        self._signal = signal
        self._flow = flow
        self._ready = bytearray()
        self._ends: list[int] = []
        """Lengths of the finished lines in `_ready`; an end of file typed on an empty line is one of length 0."""
        self._line = bytearray()
        self._line_column = 0
        self._shown = bytearray()
        self._literal_next = False

    # --- reading

    @property
    def queued(self) -> int:
        return len(self._ready)

    @property
    def can_read(self) -> bool:
        if self.attributes.icanon:
            return bool(self._ends)
        return len(self._ready) >= max(1, self.attributes.vmin)

    def take(self, size: int) -> bytes:
        """Up to `size` bytes, in canonical mode of one line at most."""
        if self.attributes.icanon and self._ends:
            size = min(size, self._ends[0])
            self._ends[0] -= size
            if not self._ends[0]:
                self._ends.pop(0)
        data = bytes(self._ready[:size])
        del self._ready[:size]
        return data

    def set_attributes(self, attributes: Attributes) -> None:
        """Leaving canonical mode makes the unfinished line readable, as N_TTY does."""
        was_canonical, self.attributes = self.attributes.icanon, replace(attributes)
        if was_canonical and not attributes.icanon:
            self._ready += self._line
            self._line.clear()
            self._ends.clear()
        elif attributes.icanon and not was_canonical and self._ready:
            self._ends = [len(self._ready)]

    def flush(self) -> None:
        """Drop all input."""
        self._ready.clear()
        self._ends.clear()
        self._line.clear()

    # --- writing

    def processed(self, data: bytes) -> bytes:
        """What the screen gets for bytes that a process writes."""
        a = self.attributes
        return data.replace(b"\n", b"\r\n") if a.opost and a.onlcr else data

    def note_shown(self, data: bytes) -> None:
        """Remember the current screen line: erasing a tab needs the column."""
        newline = max(data.rfind(b"\n"), data.rfind(b"\r"))
        if newline >= 0:
            self._shown = bytearray(data[newline + 1 :][-LINE_LIMIT:])
        elif len(self._shown) < LINE_LIMIT:
            self._shown += data[:LINE_LIMIT]

    # --- typing

    def wants_at_once(self, byte: int) -> bool:
        """Whether a byte works even while the queue is full."""
        a = self.attributes
        signals = a.isig and byte in (a.vintr, a.vquit, a.vsusp)
        return signals or (a.ixon and byte in (a.vstart, a.vstop))

    def receive(self, byte: int) -> None:
        a = self.attributes
        if self._literal_next:
            self._literal_next = False
            self._append(byte)
        elif byte and (self._is_flow(byte) or self._is_signal(byte)):
            return
        elif byte != 13 or not a.igncr:
            self._enter(self._translated(byte))

    def _translated(self, byte: int) -> int:
        a = self.attributes
        if byte == 13 and a.icrnl:
            return 10
        return 13 if byte == 10 and a.inlcr else byte

    def _enter(self, byte: int) -> None:
        if self.attributes.icanon:
            self._edit(byte)
        else:
            self._append(byte)

    def _is_flow(self, byte: int) -> bool:
        a = self.attributes
        if not a.ixon or byte not in (a.vstop, a.vstart):
            return False
        self._flow(byte == a.vstart)
        return True

    def _is_signal(self, byte: int) -> bool:
        a = self.attributes
        signums = {a.vintr: Signal.SIGINT, a.vquit: Signal.SIGQUIT, a.vsusp: Signal.SIGTSTP}
        signum = signums.get(byte) if a.isig else None
        if signum is None:
            return False
        if not a.noflsh:
            self.flush()
        if a.echo:
            self._echo(byte)
        self._signal(signum)
        return True

    def _edit(self, byte: int) -> None:
        a = self.attributes
        if byte == 10 or (byte and byte == a.veol):
            self._end_line(byte)
            return
        if not byte:
            self._append(byte)
        elif byte == a.verase:
            self._erase(1)
        elif byte == a.vkill:
            self._kill()
        elif byte == a.veof:
            self._finish_line()
        elif a.iexten and byte == a.vwerase:
            self._erase_word()
        elif a.iexten and byte == a.vlnext:
            self._literal_next = True
            if a.echo and a.echoctl:
                self._show(b"^\b")
        elif a.iexten and byte == a.vreprint:
            self._reprint()
        else:
            self._append(byte)

    def _end_line(self, byte: int) -> None:
        a = self.attributes
        if a.echo or (a.echonl and byte == 10):
            self._show(self.processed(bytes([byte])))
        self._line.append(byte)
        self._finish_line()

    def _finish_line(self) -> None:
        self._ends.append(len(self._line))
        self._ready += self._line
        self._line.clear()

    def _append(self, byte: int) -> None:
        canonical = self.attributes.icanon
        if canonical and len(self._line) >= LINE_LIMIT - 1:
            self._show(b"\a")
            return
        if canonical and not self._line:
            self._line_column = self._column(self._shown)
        if self.attributes.echo:
            self._echo(byte)
        (self._line if canonical else self._ready).append(byte)

    # --- echo and erasing

    def _echo(self, byte: int) -> None:
        if self.attributes.echoctl and _is_control(byte) and byte != 9:
            self._show(b"^" + bytes([byte ^ 0x40]))
        else:
            self._show(self.processed(bytes([byte])))

    def _reprint(self) -> None:
        if self.attributes.echo:
            self._echo(self.attributes.vreprint)
            self._show(self.processed(b"\n"))
            for byte in self._line:
                self._echo(byte)

    def _kill(self) -> None:
        a = self.attributes
        if a.echo and not (a.echok and a.echoke and a.echoe) and self._line:
            self._line.clear()
            self._echo(a.vkill)
            if a.echok:
                self._show(self.processed(b"\n"))
        else:
            self._erase(len(self._line))

    def _erase(self, count: int) -> None:
        """Take back `count` characters (bytes, unless IUTF8)."""
        single = count == 1
        while count > 0 and self._line:
            count -= 1
            self._erase_last(single)

    def _erase_word(self) -> None:
        """Take back what is no letter, digit or underscore, then what is."""
        seen = False
        while self._line:
            in_word = _is_word(self._line[-1])
            if seen and not in_word:
                return
            seen = seen or in_word
            self._erase_last(single=False)

    def _erase_last(self, single: bool) -> None:
        gone = self._line.pop()
        while self._continues(gone) and self._line:
            gone = self._line.pop()
        if self.attributes.echo:
            self._unecho(gone, single)

    def _continues(self, byte: int) -> bool:
        return self.attributes.iutf8 and byte & 0xC0 == 0x80

    def _unecho(self, gone: int, single: bool) -> None:
        a = self.attributes
        if single and not a.echoe:
            self._echo(a.verase)
        elif gone == 9:
            column = self._line_column + self._column(self._line, echoed=True)
            self._show(b"\b" * (TAB - column % TAB))
        elif not _is_control(gone):
            self._show(_BACKSPACE_ERASE)
        elif a.echoctl:
            self._show(_BACKSPACE_ERASE * 2)

    def _column(self, text: bytearray, echoed: bool = False) -> int:
        """The column behind `text`; with `echoed`, as the echo shows control characters."""
        column = 0
        for byte in text:
            if byte == 9:
                column += TAB - column % TAB
            elif byte == 8 and not echoed:
                column -= column > 0
            elif _is_control(byte):
                column += 2 if echoed and self.attributes.echoctl else 0
            elif not self._continues(byte):
                column += 1
        return column


def _is_control(byte: int) -> bool:
    return byte < 32 or byte == 127


def _is_word(byte: int) -> bool:
    """A letter, digit or underscore; the kernel reads bytes above 127 as Latin-1."""
    if byte < 128:
        return chr(byte).isalnum() or byte == ord("_")
    return byte >= 0xC0 and byte not in (0xD7, 0xF7)
