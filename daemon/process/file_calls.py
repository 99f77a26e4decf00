"""The system calls on descriptors, files and folders."""

import errno
import os
import re
import stat as stat_bits
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, cast

from daemon.fs.nodes import Credentials, Stat
from daemon.process.descriptions import Description
from daemon.process.files import FileDescription, open_device
from daemon.process.signals import Signal
from daemon.process.status import ProcessKilled, os_error
from daemon.process.stdio import Pipe, PipeEnd
from daemon.process.task import Task

if TYPE_CHECKING:
    from daemon.process.machine import Machine
    from daemon.process.process import Process
    from daemon.process.tty import Terminal

READ_SIZE: Final = 65536
LINK_LIMIT: Final = 40
_DESCRIPTOR_PATH = re.compile(r"/(?:proc/(?:self|thread-self|(\d+))|dev)/fd/(\d+)")
_STANDARD_STREAMS: Final = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


class FileCalls(Task):
    """A process's descriptors and its view of the filesystem: cwd, credentials and umask are applied."""

    def __init__(self, machine: "Machine", pid: int) -> None:
        super().__init__(machine, pid)
        self.fds: dict[int, Description] = {}
        self.cloexec: set[int] = set()
        self.cwd = "/"
        self.umask = 0o022
        self.cred = Credentials()
        self.terminal: Terminal | None = None

    # --- descriptors

    def description(self, fd: int) -> Description:
        try:
            return self.fds[fd]
        except KeyError:
            raise os_error(errno.EBADF) from None

    def install(self, description: Description, at_least: int = 0) -> int:
        """Point the lowest free descriptor at an open-file description."""
        fd = at_least
        while fd in self.fds:
            fd += 1
        if fd >= self.machine.limits.nofile:
            raise os_error(errno.EMFILE)
        self.fds[fd] = description.retain()
        return fd

    def close(self, fd: int) -> None:
        description = self.description(fd)
        del self.fds[fd]
        self.cloexec.discard(fd)
        description.release()

    def close_all(self) -> None:
        descriptions, self.fds = self.fds, {}
        for description in descriptions.values():
            description.release()

    def dup(self, fd: int, at_least: int = 0) -> int:
        return self.install(self.description(fd), at_least)

    def dup2(self, old: int, new: int) -> int:
        description = self.description(old)
        if old != new:
            description.retain()
            if new in self.fds:
                self.close(new)
            self.fds[new] = description
        return new

    def pipe(self) -> tuple[int, int]:
        """A new pipe: (reading descriptor, writing descriptor)."""
        pipe = Pipe(charge=self.machine.memory.charge_kernel)
        return self.install(pipe.reader()), self.install(pipe.writer())

    def isatty(self, fd: int) -> bool:
        return self.description(fd).terminal is not None

    def fstat(self, fd: int) -> Stat:
        return self.description(fd).stat()

    def seek(self, fd: int, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.description(fd).seek(offset, whence)

    def ftruncate(self, fd: int, size: int) -> None:
        self.description(fd).truncate(size)

    # --- bytes

    async def read(self, fd: int, size: int = READ_SIZE) -> bytes:
        """Up to `size` bytes, b"" at the end. Waits for the first byte only."""
        await self.checkpoint()
        description = self.description(fd)
        if description.terminal is not None:
            return await self._read_terminal(description.terminal, size)
        while (data := description.try_read(size)) is None:
            if await self.wait_on(description.readable):
                raise os_error(errno.EINTR)
        return data

    async def _read_terminal(self, terminal: "Terminal", size: int) -> bytes:
        await self.may_read_terminal(terminal)
        clock = self.machine.clock
        since, seen = clock.monotonic(), terminal.queued
        while (data := terminal.take_input(size)) is None:
            patience = terminal.read_patience()
            deadline = None if patience is None else since + patience
            if deadline is not None and clock.monotonic() >= deadline:
                return terminal.take_any_input(size)
            if await self.wait_on(terminal.slave.readable, deadline=deadline):
                raise os_error(errno.EINTR)
            await self.may_read_terminal(terminal)
            if terminal.queued != seen:
                since, seen = clock.monotonic(), terminal.queued
        return data

    async def write(self, fd: int, data: bytes) -> None:
        """All of `data`. A pipe that nobody reads: SIGPIPE, or BrokenPipeError if that is ignored or handled."""
        await self.checkpoint()
        description = self.description(fd)
        if description.terminal is not None:
            await self.may_write_terminal(description.terminal)
        try:
            taken = description.try_write(data)
            if taken < len(data):
                await self._write_rest(description, memoryview(data)[taken:])
        except BrokenPipeError:
            self.post(Signal.SIGPIPE)
            await self.checkpoint()
            raise

    async def _write_rest(self, description: Description, rest: memoryview) -> None:
        while rest:
            taken = description.try_write(rest)
            rest = rest[taken:]
            if taken:
                await self.checkpoint()
            elif await self.wait_on(description.writable):
                raise os_error(errno.EINTR)

    async def out(self, data: str | bytes) -> None:
        await self.write(1, data if isinstance(data, bytes) else os.fsencode(data))

    async def err(self, data: str | bytes) -> None:
        await self.write(2, data if isinstance(data, bytes) else os.fsencode(data))

    async def lines(self, fd: int = 0) -> AsyncIterator[bytes]:
        """Each line with its newline; the last one may lack it. Reads ahead, so one reader per descriptor."""
        rest = bytearray()
        charged = 0
        try:
            while data := await self.read(fd):
                rest += data
                start = 0
                while (end := rest.find(b"\n", start)) >= 0:
                    yield bytes(rest[start : end + 1])
                    start = end + 1
                del rest[:start]
                if len(rest) - charged > READ_SIZE:
                    self.charge(len(rest) - charged)
                    charged = len(rest)
            if rest:
                yield bytes(rest)
        finally:
            self.uncharge(charged)

    async def wait_readable(
        self,
        fds: list[int],
        timeout: float | None = None,  # noqa: ASYNC109  simulated seconds
    ) -> list[int]:
        """Those of `fds` that can be read without waiting; empty once `timeout` seconds have passed (poll(2))."""
        await self.checkpoint()
        clock = self.machine.clock
        deadline = None if timeout is None else clock.monotonic() + timeout
        descriptions = {fd: self.description(fd) for fd in fds}
        before = self._handled
        while True:
            ready = [fd for fd, description in descriptions.items() if description.can_read()]
            if ready or (deadline is not None and clock.monotonic() >= deadline):
                return ready
            await self.wait_on(*(d.readable for d in descriptions.values()), deadline=deadline)
            if self._handled != before:
                raise os_error(errno.EINTR)

    # --- terminals

    async def may_read_terminal(self, terminal: "Terminal") -> None:
        """A background group that reads its terminal is stopped by SIGTTIN, or gets EIO if that is of no use."""
        while self._in_background(terminal):
            if self._is_dropped(Signal.SIGTTIN) or self.machine.is_orphaned_group(self.pgid):
                raise os_error(errno.EIO)
            self.machine.signal_group(self.pgid, Signal.SIGTTIN)
            if await self._pay_attention():
                raise os_error(errno.EINTR)

    async def may_write_terminal(self, terminal: "Terminal") -> None:
        """With TOSTOP, the same for writing and SIGTTOU; ignored SIGTTOU lets the bytes through."""
        while terminal.attributes.tostop and self._in_background(terminal):
            if self._is_dropped(Signal.SIGTTOU):
                return
            if self.machine.is_orphaned_group(self.pgid):
                raise os_error(errno.EIO)
            self.machine.signal_group(self.pgid, Signal.SIGTTOU)
            if await self._pay_attention():
                raise os_error(errno.EINTR)

    pgid: int

    def _in_background(self, terminal: "Terminal") -> bool:
        return self.terminal is terminal and terminal.foreground not in (0, self.pgid)

    def tcsetpgrp(self, pgid: int, fd: int | None = None) -> None:
        """Make `pgid` the foreground group of the controlling terminal."""
        self._own_terminal(fd).foreground = pgid

    def tcgetpgrp(self, fd: int | None = None) -> int:
        return self._own_terminal(fd).foreground

    def _own_terminal(self, fd: int | None) -> "Terminal":
        terminal = self.terminal if fd is None else self.description(fd).terminal
        if terminal is None or terminal is not self.terminal:
            raise os_error(errno.ENOTTY)
        return terminal

    # --- opening

    async def open(self, path: str, flags: int = os.O_RDONLY, mode: int = 0o666) -> int:
        """The lowest free descriptor; opening one side of a FIFO waits for the other side."""
        await self.checkpoint()
        description = self._open(path, flags, mode)
        already_open = description.references > 0
        fd = self.install(description)
        if flags & os.O_CLOEXEC:
            self.cloexec.add(fd)
        if isinstance(description, PipeEnd) and not already_open and not flags & os.O_NONBLOCK:
            await self._wait_for_peer(fd, description)
        return fd

    def _open(self, path: str, flags: int, mode: int) -> Description:
        try:
            file = self.fs.open(path, flags, mode & ~self.umask, who=self.cred, cwd=self.cwd)
        except OSError:
            if (same := self._descriptor_behind(path)) is not None:
                return same
            raise
        stat = file.stat()
        if stat_bits.S_ISCHR(stat.mode):
            file.close()
            return open_device(cast("Process", self), stat.rdev, path, flags)
        if stat_bits.S_ISFIFO(stat.mode):
            file.close()
            return PipeEnd(self.machine.fifo(stat), flags, path)
        return FileDescription(file, file.path, flags, self.machine.counters)

    def _descriptor_behind(self, path: str) -> Description | None:
        """/dev/stdout, /proc/self/fd/1 and links to them: the open file itself, for it may have no path."""
        path = os.path.normpath(os.path.join(self.cwd, path))
        for _ in range(LINK_LIMIT):
            match = _DESCRIPTOR_PATH.fullmatch(path)
            if match or path in _STANDARD_STREAMS:
                fd = int(match[2]) if match else _STANDARD_STREAMS[path]
                owner = self.machine.processes.get(int(match[1])) if match and match[1] else self
                return owner.fds.get(fd) if owner is not None else None
            try:
                target = self.fs.readlink(path, who=self.cred)
            except OSError:
                return None
            path = os.path.normpath(os.path.join(os.path.dirname(path), target))
        return None

    async def _wait_for_peer(self, fd: int, end: PipeEnd) -> None:
        pipe, access = end.pipe, end.flags & os.O_ACCMODE
        if access == os.O_RDWR:
            return
        reading = access == os.O_RDONLY
        queue = pipe.readable if reading else pipe.writable
        opened = pipe.writer_opens if reading else pipe.reader_opens
        try:
            while not (pipe.writers if reading else pipe.readers):
                if (pipe.writer_opens if reading else pipe.reader_opens) != opened:
                    return
                if await self.wait_on(queue):
                    raise os_error(errno.EINTR)
        except (ProcessKilled, OSError):
            if fd in self.fds:
                self.close(fd)
            raise
