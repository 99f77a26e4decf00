"""Terminals: an N_TTY-like line discipline between a master (a client's keyboard and screen) and a slave."""

import os
import stat as stat_bits
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from daemon.fs.nodes import Stat
from daemon.process.descriptions import Description, anonymous_stat
from daemon.process.signals import Signal
from daemon.process.waiting import WaitQueue

INPUT_LIMIT: Final = 4096
"""What a canonical line or the raw queue may hold; more is dropped, with a bell on Linux."""
OUTPUT_LIMIT: Final = 65536
TAB: Final = 8


def control(letter: str) -> int:
    """The byte that Ctrl and a letter make."""
    return ord(letter) & 0x1F


@dataclass(slots=True)
class Attributes:
    """termios(3) by its own names, with what a login shell finds."""

    # input
    icrnl: bool = True
    inlcr: bool = False
    igncr: bool = False
    ixon: bool = True
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

    def copy(self) -> "Attributes":
        return replace(self)

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


def _nobody(_pgid: int, _signum: int) -> None:
    """Signals of a terminal that belongs to no machine yet."""


@dataclass(slots=True)
class _Output:
    """What waits to be shown, and for whom."""

    buffer: bytearray = field(default_factory=bytearray)
    column: int = 0
    stopped: bool = False
    held: bool = False


class Terminal:
    """A pseudo terminal. Bytes typed go to `master_write`; what the screen shows comes from `master_read`.

    With `deliver`, output goes there at once instead (`hold` and `release_writers` are its brake), and `closed` is
    called when the last process that had the slave open is gone.
    """

    def __init__(
        self,
        rows: int = 24,
        cols: int = 80,
        deliver: Callable[[bytes], None] | None = None,
        closed: Callable[[], None] | None = None,
    ) -> None:
        self.rows = rows
        self.cols = cols
        self.number: int | None = None
        self.attributes = Attributes()
        self.foreground = 0
        self.session = 0
        self.hung_up = False
        self.signal_group: Callable[[int, int], None] = _nobody
        self.slave = TerminalSlave(self)
        self.master = TerminalMaster(self)
        self.input_room = WaitQueue()
        self._deliver = deliver
        self._closed = closed
        self._output = _Output()
        self._lines = bytearray()
        self._ends: list[int] = []
        self._editing = bytearray()
        self._literal_next = False

    @property
    def name(self) -> str:
        return f"/dev/pts/{self.number or 0}"

    # --- master side

    async def master_write(self, data: bytes) -> None:
        """Type `data`, waiting while the reader is far behind."""
        view = memoryview(data)
        while view:
            taken = self.try_input(view)
            view = view[taken:]
            if view and not taken:
                await self.input_room.wait()

    async def master_read(self, size: int = 65536) -> bytes:
        """What the screen shows next; b"" once the last slave is closed and everything was read."""
        return await self.master.read(size)

    def try_input(self, data: bytes | memoryview) -> int:
        """Take typed bytes into the line discipline; 0 while the queue is full of lines that nobody reads."""
        for index, byte in enumerate(data):
            if len(self._lines) >= INPUT_LIMIT and not self._is_control(byte):
                return index
            self._receive(byte)
        return len(data)

    def resize(self, rows: int, cols: int) -> None:
        """Change the window; SIGWINCH to the foreground group if that is news."""
        if (rows, cols) != (self.rows, self.cols):
            self.rows, self.cols = rows, cols
            self._signal(Signal.SIGWINCH)

    def hang_up(self) -> None:
        """The master is gone: readers see the end, the session's leader gets SIGHUP."""
        if not self.hung_up:
            self.hung_up = True
            self.signal_group(self.session or self.foreground, Signal.SIGHUP)
            self._signal(Signal.SIGHUP)
            self._signal(Signal.SIGCONT)
            self.slave.readable.wake()
            self.slave.writable.wake()

    def hold(self) -> None:
        self._output.held = True

    def release_writers(self) -> None:
        self._output.held = False
        self.slave.writable.wake()

    def take_output(self, size: int) -> bytes:
        data = bytes(self._output.buffer[:size])
        del self._output.buffer[:size]
        self.slave.writable.wake()
        return data

    @property
    def has_output(self) -> bool:
        return bool(self._output.buffer)

    # --- slave side

    def set_attributes(self, attributes: Attributes, *, flush: bool = False) -> None:
        """tcsetattr(3). Turning canonical mode off makes the unfinished line readable, as N_TTY does."""
        if self.attributes.icanon and not attributes.icanon and self._editing:
            self._lines += self._editing
            self._editing.clear()
        self.attributes = replace(attributes)
        if flush:
            self.flush_input()
        self.slave.readable.wake()

    def flush_input(self) -> None:
        self._lines.clear()
        self._ends.clear()
        self._editing.clear()
        self.input_room.wake()

    @property
    def can_read(self) -> bool:
        if self.hung_up:
            return True
        if self.attributes.icanon:
            return bool(self._ends)
        return len(self._lines) >= max(1, self.attributes.vmin) or self.attributes.vmin == 0

    def take_input(self, size: int) -> bytes | None:
        if not self.can_read:
            return None
        if self.attributes.icanon and self._ends:
            size = min(size, self._ends[0])
            # An end of file typed on an empty line is a line of length zero.
            if size == self._ends[0]:
                self._ends.pop(0)
            else:
                self._ends[0] -= size
        data = bytes(self._lines[:size])
        del self._lines[:size]
        if not self.attributes.icanon:
            self._ends.clear()
        self.input_room.wake()
        self.master.writable.wake()
        return data

    def show(self, data: bytes | memoryview) -> int:
        """Write from the slave: post-processed, and refused (0) while stopped by ^S or full."""
        if self.hung_up:
            raise OSError(5, os.strerror(5))
        if not self.can_write:
            return 0
        taken = bytes(data[:OUTPUT_LIMIT])
        self._emit(self._processed(taken))
        return len(taken)

    @property
    def can_write(self) -> bool:
        output = self._output
        return self.hung_up or not (
            output.stopped or output.held or len(output.buffer) >= OUTPUT_LIMIT
        )

    def slave_closed(self) -> None:
        self.master.readable.wake()
        if self._closed is not None:
            self._closed()

    # --- the line discipline

    def _is_control(self, byte: int) -> bool:
        a = self.attributes
        signals = a.isig and byte in (a.vintr, a.vquit, a.vsusp)
        return signals or (a.ixon and byte in (a.vstart, a.vstop))

    def _receive(self, byte: int) -> None:
        a = self.attributes
        if self._literal_next:
            self._literal_next = False
            self._append(byte)
            return
        if byte and self._flow_or_signal(byte):
            return
        if byte == 13:
            if a.igncr:
                return
            byte = 10 if a.icrnl else byte
        elif byte == 10 and a.inlcr:
            byte = 13
        if a.icanon:
            self._edit(byte)
        else:
            self._append(byte)

    def _flow_or_signal(self, byte: int) -> bool:
        a = self.attributes
        if a.ixon and byte in (a.vstop, a.vstart):
            self._output.stopped = byte == a.vstop
            if byte == a.vstart:
                self.slave.writable.wake()
            return True
        if not a.isig:
            return False
        signums = {a.vintr: Signal.SIGINT, a.vquit: Signal.SIGQUIT, a.vsusp: Signal.SIGTSTP}
        signum = signums.get(byte)
        if signum is None:
            return False
        if not a.noflsh:
            self.flush_input()
            if self._deliver is None and signum != Signal.SIGTSTP:
                self._output.buffer.clear()
        if a.echo:
            self._echo(byte)
        self._signal(signum)
        return True

    def _edit(self, byte: int) -> None:
        a = self.attributes
        if byte and byte == a.verase:
            self._erase(1)
        elif byte and byte == a.vkill:
            self._kill_line()
        elif byte and byte == a.vwerase and a.iexten:
            self._erase(self._word_length())
        elif byte and byte == a.vlnext and a.iexten:
            self._literal_next = True
            if a.echo and a.echoctl:
                self._emit(b"^\b")
        elif byte and byte == a.vreprint and a.iexten:
            self._reprint()
        elif byte and byte == a.veof:
            self._finish_line()
        elif byte == 10 or (byte and byte == a.veol):
            self._editing.append(byte)
            if a.echo or (a.echonl and byte == 10):
                self._emit(self._processed(bytes([byte])))
            self._finish_line()
        else:
            self._append(byte)

    def _append(self, byte: int) -> None:
        a = self.attributes
        if a.icanon:
            if len(self._editing) >= INPUT_LIMIT - 1:
                self._emit(b"\a")
                return
            self._editing.append(byte)
        else:
            self._lines.append(byte)
        if a.echo:
            self._echo(byte)
        if not a.icanon:
            self.slave.readable.wake()

    def _finish_line(self) -> None:
        self._ends.append(len(self._editing))
        self._lines += self._editing
        self._editing.clear()
        self.slave.readable.wake()

    def _word_length(self) -> int:
        """How many bytes ^W takes back: blanks, then a word."""
        text = self._editing.rstrip(b" \t")
        start = max(text.rfind(b" "), text.rfind(b"\t")) + 1
        return len(self._editing) - start

    def _erase(self, count: int) -> None:
        while count > 0 and self._editing:
            gone = self._editing.pop()
            count -= 1
            while self._editing and gone & 0xC0 == 0x80:
                gone = self._editing.pop()
                count -= 1
            self._echo_erased(gone)

    def _kill_line(self) -> None:
        a = self.attributes
        if a.echo and a.echok and not (a.echoe and a.echoke):
            self._echo(a.vkill)
            self._emit(self._processed(b"\n"))
            self._editing.clear()
            return
        self._erase(len(self._editing))

    def _reprint(self) -> None:
        if self.attributes.echo:
            self._echo(self.attributes.vreprint)
            self._emit(self._processed(b"\n"))
            for byte in self._editing:
                self._echo(byte)

    def _echo_erased(self, gone: int) -> None:
        a = self.attributes
        if not a.echo:
            return
        if not a.echoe:
            self._echo(a.verase)
        elif gone < 32 or gone == 127:
            width = 2 if a.echoctl and gone != 9 else 1
            self._emit(b"\b \b" * width)
        else:
            self._emit(b"\b \b")

    def _echo(self, byte: int) -> None:
        if self.attributes.echoctl and (byte < 32 or byte == 127) and byte not in (9, 10):
            self._emit(b"^" + bytes([byte ^ 0x40]))
        else:
            self._emit(self._processed(bytes([byte])))

    def _processed(self, data: bytes) -> bytes:
        a = self.attributes
        return data.replace(b"\n", b"\r\n") if a.opost and a.onlcr else data

    def _emit(self, data: bytes) -> None:
        if self._deliver is not None:
            self._deliver(data)
        else:
            self._output.buffer += data
            self.master.readable.wake()

    def _signal(self, signum: int) -> None:
        if self.foreground:
            self.signal_group(self.foreground, signum)


class TerminalSlave(Description):
    """The side that processes have as their stdin, stdout and stderr."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__("/dev/pts/0", os.O_RDWR)
        self.terminal = terminal

    @property
    def _terminal(self) -> Terminal:
        assert self.terminal is not None
        return self.terminal

    def try_read(self, size: int) -> bytes | None:
        return b"" if self._terminal.hung_up else self._terminal.take_input(size)

    def try_write(self, data: bytes | memoryview) -> int:
        return self._terminal.show(data)

    def can_read(self) -> bool:
        return self._terminal.can_read

    def can_write(self) -> bool:
        return self._terminal.can_write

    def stat(self) -> Stat:
        number = self._terminal.number or 0
        return anonymous_stat(
            stat_bits.S_IFCHR | 0o620, ino=3 + number, rdev=os.makedev(136, number)
        )

    def on_last_close(self) -> None:
        self._terminal.slave_closed()


class TerminalMaster(Description):
    """The other side, for programs that opened /dev/ptmx."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__("/dev/ptmx", os.O_RDWR)
        self.of = terminal

    def try_read(self, size: int) -> bytes | None:
        if self.of.has_output:
            return self.of.take_output(size)
        return None if self.of.slave.references > 0 else b""

    def try_write(self, data: bytes | memoryview) -> int:
        return self.of.try_input(data)

    def can_read(self) -> bool:
        return self.of.has_output or self.of.slave.references <= 0

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFCHR | 0o666, rdev=os.makedev(5, 2))

    def on_last_close(self) -> None:
        self.of.hang_up()
