"""Terminals: a master (a client's keyboard and screen), a slave (what processes read and write), job control."""

import errno
import os
import stat as stat_bits
from collections.abc import Callable
from typing import Final

from daemon.fs.nodes import Stat
from daemon.process.descriptions import Description, anonymous_stat
from daemon.process.line_discipline import LINE_LIMIT, Attributes, LineDiscipline
from daemon.process.signals import Signal
from daemon.process.status import os_error
from daemon.process.waiting import WaitQueue

__all__ = ["Attributes", "Terminal"]

OUTPUT_LIMIT: Final = 65536
DECISECOND: Final = 0.1


def _nobody(_pgid: int, _signum: int) -> None:
    """Signals of a terminal that belongs to no machine yet."""


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
        self.foreground = 0
        self.session = 0
        self.hung_up = False
        self.signal_group: Callable[[int, int], None] = _nobody
        self.forget: Callable[[], object] = lambda: None
        """Gives the number under /dev/pts back; set by the machine."""
        self.slave = TerminalSlave(self)
        self.master = TerminalMaster(self)
        self.input_room = WaitQueue()
        self._discipline = LineDiscipline(self._emit, self._signal, self._flow)
        self._deliver = deliver
        self._closed = closed
        self._output = bytearray()
        self._stopped = False
        self._held = False

    @property
    def name(self) -> str:
        return f"/dev/pts/{self.number or 0}"

    @property
    def attributes(self) -> Attributes:
        return self._discipline.attributes

    def set_attributes(self, attributes: Attributes, *, flush: bool = False) -> None:
        """tcsetattr(3); with `flush`, what was typed so far is dropped (TCSAFLUSH)."""
        self._discipline.set_attributes(attributes)
        if flush:
            self.flush_input()
        self.slave.readable.wake()

    def flush_input(self) -> None:
        self._discipline.flush()
        self.input_room.wake()

    # --- master side

    async def master_write(self, data: bytes) -> None:
        """Type `data`, waiting while the reader is far behind."""
        view = memoryview(data)
        while view and not self.hung_up:
            taken = self.try_input(view)
            view = view[taken:]
            if view and not taken:
                await self.input_room.wait()

    async def master_read(self, size: int = 65536) -> bytes:
        """What the screen shows next; b"" once the last slave is closed and everything was read."""
        return await self.master.read(size)

    def try_input(self, data: bytes | memoryview) -> int:
        """Take typed bytes into the line discipline; 0 while the queue is full of lines that nobody reads."""
        discipline = self._discipline
        taken = len(data)
        for index, byte in enumerate(data):
            if discipline.queued >= LINE_LIMIT and not discipline.wants_at_once(byte):
                taken = index
                break
            discipline.receive(byte)
        self.slave.readable.wake()
        return taken

    def resize(self, rows: int, cols: int) -> None:
        """Change the window; SIGWINCH to the foreground group if that is news."""
        if (rows, cols) != (self.rows, self.cols):
            self.rows, self.cols = rows, cols
            self._signal(Signal.SIGWINCH)

    def hang_up(self) -> None:
        """The master is gone: readers see the end, writers EIO; the session's leader and the foreground get SIGHUP."""
        if not self.hung_up:
            self.hung_up = True
            for pgid in {self.session, self.foreground} - {0}:
                self.signal_group(pgid, Signal.SIGHUP)
                self.signal_group(pgid, Signal.SIGCONT)
            self.slave.readable.wake()
            self.slave.writable.wake()
            self.input_room.wake()

    def hold(self) -> None:
        """Make writers wait."""
        self._held = True

    def release_writers(self) -> None:
        self._held = False
        self.slave.writable.wake()

    @property
    def has_output(self) -> bool:
        return bool(self._output)

    def take_output(self, size: int) -> bytes:
        data = bytes(self._output[:size])
        del self._output[:size]
        self.slave.writable.wake()
        return data

    # --- slave side

    @property
    def can_read(self) -> bool:
        return self.hung_up or self._discipline.can_read

    def take_input(self, size: int) -> bytes | None:
        """A line, or in raw mode what there is; None while that is not enough."""
        if self.hung_up:
            return b""
        if not self._discipline.can_read:
            return None
        return self.take_any_input(size)

    def take_any_input(self, size: int) -> bytes:
        """What there is, even less than VMIN: VTIME has run out."""
        data = self._discipline.take(size)
        self.input_room.wake()
        self.master.writable.wake()
        return data

    def read_patience(self) -> float | None:
        """How long a read may wait for the next byte, after VMIN and VTIME; None: as long as it takes."""
        a = self.attributes
        if a.icanon or (a.vmin and not (a.vtime and self.queued)):
            return None
        return a.vtime * DECISECOND

    @property
    def queued(self) -> int:
        return self._discipline.queued

    @property
    def can_write(self) -> bool:
        return self.hung_up or not (
            self._stopped or self._held or len(self._output) >= OUTPUT_LIMIT
        )

    def show(self, data: bytes | memoryview) -> int:
        """Write from the slave: post-processed, and refused (0) while stopped by ^S or full."""
        if self.hung_up:
            raise os_error(errno.EIO)
        if not self.can_write:
            return 0
        taken = bytes(data[:OUTPUT_LIMIT])
        self._emit(self._discipline.processed(taken))
        return len(taken)

    def slave_closed(self) -> None:
        """The last process that had it open is gone."""
        self.forget()
        self.master.readable.wake()
        if self._closed is not None:
            self._closed()

    def _emit(self, data: bytes) -> None:
        self._discipline.note_shown(data)
        if self._deliver is not None:
            self._deliver(data)
        else:
            self._output += data
            self.master.readable.wake()

    def _flow(self, goes_on: bool) -> None:
        self._stopped = not goes_on
        if goes_on:
            self.slave.writable.wake()

    def _signal(self, signum: int) -> None:
        if self.foreground:
            self.signal_group(self.foreground, signum)


class TerminalSlave(Description):
    """The side that processes have as their stdin, stdout and stderr."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__("", os.O_RDWR)
        self.terminal = terminal
        self._of = terminal

    def try_read(self, size: int) -> bytes | None:
        return self._of.take_input(size)

    def try_write(self, data: bytes | memoryview) -> int:
        return self._of.show(data)

    def can_read(self) -> bool:
        return self._of.can_read

    def can_write(self) -> bool:
        return self._of.can_write

    def stat(self) -> Stat:
        number = self._of.number or 0
        return anonymous_stat(
            stat_bits.S_IFCHR | 0o620, ino=3 + number, rdev=os.makedev(136, number)
        )

    def on_last_close(self) -> None:
        self._of.slave_closed()


class TerminalMaster(Description):
    """The other side, for programs that opened /dev/ptmx."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__("/dev/ptmx", os.O_RDWR)
        self._of = terminal

    def try_read(self, size: int) -> bytes | None:
        if self._of.has_output:
            return self._of.take_output(size)
        return None if self._of.slave.references > 0 else b""

    def try_write(self, data: bytes | memoryview) -> int:
        return self._of.try_input(data)

    def can_read(self) -> bool:
        return self._of.has_output or self._of.slave.references <= 0

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFCHR | 0o666, rdev=os.makedev(5, 2))

    def on_last_close(self) -> None:
        self._of.hang_up()
