"""A main process's or an exec's standard streams, shared out to everybody who is attached.

Output is delivered at once to the log and to each attachment. An attachment that is not read holds the writer back
when a megabyte waits for it; a log never does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from daemon.clock import Clock
from daemon.process.stdio import Output, Pipe, Stdio
from daemon.process.tty import Terminal
from daemon.process.waiting import WaitQueue

STDOUT: Final = "stdout"
STDERR: Final = "stderr"
UNREAD_LIMIT: Final = 768 * 1024
"""With the socket's buffers this makes the megabyte after which dockerd's writers wait."""

AUDIENCE_SECONDS: Final = 2.0

LogWriter = Callable[[str, bytes], None]


class Attachment:
    """One client's view of the output from now on."""

    def __init__(self, streams: Streams, wanted: frozenset[str]) -> None:
        self._streams = streams
        self._wanted = wanted
        self._chunks: deque[tuple[str, bytes]] = deque()
        self._news = WaitQueue()
        self.unread = 0
        self.ended = False
        self.left = asyncio.Event()

    def feed(self, stream: str, data: bytes) -> None:
        if stream in self._wanted:
            self._chunks.append((stream, data))
            self.unread += len(data)
            self._news.wake()

    def end(self) -> None:
        """No more output will come."""
        self.ended = True
        self._news.wake()

    async def read(self) -> list[tuple[str, bytes]]:
        """Everything that waits, at least one chunk; an empty list at the end."""
        while not self._chunks and not self.ended:
            await self._news.wait()
        chunks = list(self._chunks)
        self._chunks.clear()
        self.unread = 0
        self._streams.relieved()
        return chunks

    def close(self) -> None:
        """Detach: nobody waits for this client any more, and what it has not read is dropped."""
        self._chunks.clear()
        self.end()
        self.left.set()
        self._streams.detach(self)


class Streams:
    """Made at the first attach or start; each run of the process gets fresh pipes, attachments end with it."""

    def __init__(self, *, tty: bool, open_stdin: bool, size: tuple[int, int] | None = None) -> None:
        self.tty = tty
        self.open_stdin = open_stdin
        self.log: LogWriter | None = None
        self.terminal: Terminal | None = None
        self.on_end: Callable[[], None] | None = None
        """Called once the last process that could write has gone."""
        self._size = size
        self._stdin: Pipe | None = None
        self._outputs: list[Output] = []
        self._open_outputs = 0
        self._attachments: list[Attachment] = []
        self._audience: list[Attachment] = []
        self._held = False
        self._runs = False
        self._changed = WaitQueue()
        self.prepare()

    def prepare(self) -> None:
        """Have what a client may already type into, before the process starts again."""
        if self.tty and self.terminal is None:
            rows, columns = self._size or (24, 80)
            self.terminal = Terminal(
                rows, columns, deliver=partial(self._deliver, STDOUT), closed=self._output_closed
            )
        if not self.tty and self.open_stdin and self._stdin is None:
            self._stdin = Pipe()

    def stdio(self) -> Stdio:
        """The descriptors of a run that begins now."""
        self.prepare()
        self._runs = True
        self._changed.wake()
        if self.terminal is not None:
            slave = self.terminal.slave
            self._open_outputs = 1
            return Stdio(slave, slave, slave)
        self._outputs = [
            Output(partial(self._deliver, stream), self._output_closed)
            for stream in (STDOUT, STDERR)
        ]
        self._open_outputs = len(self._outputs)
        stdin = self._stdin.reader() if self._stdin is not None else None
        return Stdio(stdin, *self._outputs)

    # --- output

    def _deliver(self, stream: str, data: bytes) -> None:
        if self.log is not None:
            self.log(stream, data)
        for attachment in self._attachments:
            attachment.feed(stream, data)
            if attachment.unread > UNREAD_LIMIT:
                self._hold()

    def _hold(self) -> None:
        if not self._held:
            self._held = True
            for output in self._brakes():
                output.hold()

    def relieved(self) -> None:
        """An attachment was read or closed: let the writers go on if nobody else is behind."""
        if self._held and all(a.unread <= UNREAD_LIMIT for a in self._attachments):
            self._held = False
            for output in self._brakes():
                output.release_writers()

    def _brakes(self) -> list[Output] | list[Terminal]:
        return [self.terminal] if self.terminal is not None else self._outputs

    def _output_closed(self) -> None:
        self._open_outputs -= 1
        if self._open_outputs <= 0:
            self.end()

    def end(self) -> None:
        """The run is over: attachments see the end of the file, and the next run gets new pipes."""
        self._audience, self._attachments = self._attachments, []
        for attachment in self._audience:
            attachment.end()
        if self._stdin is not None:
            self._stdin.close()
        self.terminal = None
        self._stdin = None
        self._runs = False
        self._changed.wake()
        self._outputs = []
        self._held = False
        if self.on_end is not None:
            self.on_end()

    async def seen(self, clock: Clock) -> None:
        """Until the clients that saw the last run end have left or read all of it; two seconds at most, as in dockerd.

        A real process takes milliseconds to end after its last output, so that clients have read this before they
        hear of the end on another connection, and some rely on it.
        """
        with contextlib.suppress(TimeoutError):
            async with clock.timeout(AUDIENCE_SECONDS):
                for attachment in self._audience:
                    await attachment.left.wait()
        self._audience = []

    def attach(self, *, stdout: bool = True, stderr: bool = True) -> Attachment:
        """Output from now on; with a terminal everything is stdout. Between two runs it belongs to the next."""
        self.prepare()
        wanted = {STDOUT: stdout, STDERR: stderr}
        if self.tty:
            wanted = {STDOUT: stdout or stderr}
        attachment = Attachment(self, frozenset(name for name, asked in wanted.items() if asked))
        self._attachments.append(attachment)
        return attachment

    @property
    def is_watched(self) -> bool:
        """Is a client attached?"""
        return bool(self._attachments)

    def detach(self, attachment: Attachment) -> None:
        if attachment in self._attachments:
            self._attachments.remove(attachment)
            self.relieved()

    # --- input

    async def write_stdin(self, data: bytes) -> None:
        """Type or pipe `data` into the process; BrokenPipeError once it does not read any more.

        A terminal echoes nothing before there is a process: what is typed until then waits.
        """
        terminal = self.terminal
        while terminal is not None and terminal is self.terminal and not self._runs:
            await self._changed.wait()
        if terminal is not None:
            if terminal is not self.terminal:
                raise BrokenPipeError
            await terminal.master_write(data)
        elif self._stdin is not None:
            await self._stdin.write(data)
        else:
            raise BrokenPipeError

    def close_stdin(self) -> None:
        """The process sees the end of its input; a terminal has no such thing."""
        if self._stdin is not None:
            self._stdin.close_write()

    def resize(self, rows: int, columns: int) -> None:
        """Change the window; without a terminal there is none, which nobody minds."""
        self._size = (rows, columns)
        if self.terminal is not None:
            self.terminal.resize(rows, columns)
