"""fsutil's file transfer: STATs of a tree, REQuests by number, DATA, FIN; either side may be the sender."""

from __future__ import annotations

import asyncio
import os
import posixpath
import stat as modes
from collections.abc import Iterator
from typing import Any

from daemon.engine.build.client import Progress
from daemon.fs.filesystem import Filesystem
from daemon.fs.tar import GO_BITS, GO_TYPES, go_mode
from daemon.server.buildkit import wire_pb2 as wire

CHUNK = 32 * 1024
REQUESTS_AHEAD = 64
"""Files asked for at a time; the sender queues 128 and then stops reading."""


def st_mode(mode: int) -> int:
    """Go's os.FileMode as st_mode."""
    types = [kind for kind, bits in GO_TYPES.items() if bits and mode & bits == bits]
    # a character device has the block device's bit too: the kind with more bits is meant
    kind = max(types, key=lambda found: GO_TYPES[found].bit_count(), default=modes.S_IFREG)
    return kind | sum(bit for bit, go in GO_BITS.items() if mode & go) | mode & 0o777


class FilePuller:
    """Receives a tree into an empty filesystem. Contents go to the filesystem's spool as they arrive."""

    def __init__(self, stream: Any, into: Filesystem, progress: Progress) -> None:  # noqa: ANN401
        self._stream = stream
        self._into = into
        self._progress = progress
        self._received = 0
        self._stats: list[wire.Stat] = []
        self._links: list[wire.Stat] = []
        self._wanted: asyncio.Queue[int | None] = asyncio.Queue()
        self._slots = asyncio.Semaphore(REQUESTS_AHEAD)
        self._open: dict[int, tuple[Any, int]] = {}
        self._missing = 0
        self._walk_over = False
        self._finished = False

    async def run(self) -> None:
        await self._stream.send_request()
        try:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._ask())
                await self._receive()
                await asking
        finally:
            self._let_go()
        # The half-close goes out with the FIN: a Go server resets the stream behind its trailers otherwise.
        await self._stream.send_message(wire.Packet(type=wire.Packet.FIN), end=True)
        async for packet in self._stream:
            self._count(packet)
        self._finish()

    async def _ask(self) -> None:
        while (number := await self._wanted.get()) is not None:
            await self._slots.acquire()
            await self._stream.send_message(wire.Packet(type=wire.Packet.REQ, id=number))

    async def _receive(self) -> None:
        while not (self._walk_over and self._missing == 0):
            packet = await self._stream.recv_message()
            if packet is None:
                raise ConnectionError("the client ended its file transfer early")
            self._count(packet)
            self._take(packet)
        self._wanted.put_nowait(None)

    def _count(self, packet: wire.Packet) -> None:
        self._received += packet.ByteSize()
        self._progress(self._received)

    def _take(self, packet: wire.Packet) -> None:
        if packet.type == wire.Packet.STAT:
            self._entry(packet)
        elif packet.type == wire.Packet.DATA:
            self._data(packet.id, packet.data)
        elif packet.type == wire.Packet.ERR:
            raise ConnectionError(packet.data.decode(errors="replace"))

    def _entry(self, packet: wire.Packet) -> None:
        if not packet.HasField("stat"):
            self._walk_over = True
            return
        stat, number = packet.stat, len(self._stats)
        self._stats.append(stat)
        path, mode = _rooted(stat.path), st_mode(stat.mode)
        if modes.S_ISDIR(mode):
            self._into.makedirs(path)
        elif modes.S_ISLNK(mode):
            self._into.symlink(stat.linkname, path)
        elif not modes.S_ISREG(mode):
            self._into.mknod(path, mode, os.makedev(stat.devmajor, stat.devminor))
        elif stat.linkname:
            self._links.append(stat)
        else:
            flags = os.O_WRONLY | os.O_CREAT
            self._open[number] = (self._into.open(path, flags, 0o600), 0)
            self._missing += 1
            self._wanted.put_nowait(number)

    def _data(self, number: int, data: bytes) -> None:
        file, written = self._open[number]
        at = 0
        while at < len(data):
            at += file.pwrite(data[at:] if at else data, written + at)
        self._open[number] = (file, written + at)
        if not data:
            file.close()
            del self._open[number]
            self._missing -= 1
            self._slots.release()

    def _let_go(self) -> None:
        """Close what a transfer that was cut off has left open."""
        while self._open:
            self._open.popitem()[1][0].close()

    def _finish(self) -> None:
        """Hard links, then owners, modes and times, folders last to first so that their times stay."""
        for stat in self._links:
            self._into.link(_rooted(stat.linkname), _rooted(stat.path))
        for stat in reversed(self._stats):
            path, mode = _rooted(stat.path), st_mode(stat.mode)
            self._into.chown(path, stat.uid, stat.gid, follow=False)
            if not modes.S_ISLNK(mode):
                self._into.chmod(path, modes.S_IMODE(mode))
            self._into.utime(path, stat.mod_time, stat.mod_time, follow=False)


class FileSender:
    """Sends a whole filesystem."""

    def __init__(self, stream: Any, files: Filesystem, progress: Progress) -> None:  # noqa: ANN401
        self._stream = stream
        self._files = files
        self._progress = progress
        self._sent = 0
        self._paths: list[str] = []
        self._asked: asyncio.Queue[int | None] = asyncio.Queue()

    async def run(self) -> None:
        await self._stream.send_request()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            for path in _walk(self._files, ""):
                self._paths.append(path)
                await self._send(wire.Packet(type=wire.Packet.STAT, stat=self._stat(path)))
            await self._send(wire.Packet(type=wire.Packet.STAT))
            while (number := await self._asked.get()) is not None:
                await self._send_file(number)
        await self._stream.send_message(wire.Packet(type=wire.Packet.FIN), end=True)
        await self._stream.recv_trailing_metadata()

    async def _listen(self) -> None:
        while (packet := await self._stream.recv_message()) is not None:
            if packet.type == wire.Packet.REQ:
                self._asked.put_nowait(packet.id)
            elif packet.type == wire.Packet.FIN:
                break
            elif packet.type == wire.Packet.ERR:
                raise ConnectionError(packet.data.decode(errors="replace"))
        self._asked.put_nowait(None)

    async def _send_file(self, number: int) -> None:
        file = self._files.open(_rooted(self._paths[number]), os.O_RDONLY)
        try:
            at = 0
            while data := file.pread(CHUNK, at):
                await self._send(wire.Packet(type=wire.Packet.DATA, id=number, data=data))
                at += len(data)
        finally:
            file.close()
        await self._send(wire.Packet(type=wire.Packet.DATA, id=number))

    async def _send(self, packet: wire.Packet) -> None:
        await self._stream.send_message(packet)
        self._sent += packet.ByteSize()
        self._progress(self._sent)

    def _stat(self, path: str) -> wire.Stat:
        status = self._files.stat(_rooted(path), follow=False)
        stat = wire.Stat(
            path=path,
            mode=go_mode(status.mode),
            uid=status.uid,
            gid=status.gid,
            size=0 if modes.S_ISDIR(status.mode) else status.size,
            mod_time=status.mtime_ns,
        )
        if modes.S_ISLNK(status.mode):
            stat.linkname = self._files.readlink(_rooted(path))
        elif modes.S_ISCHR(status.mode) or modes.S_ISBLK(status.mode):
            stat.devmajor, stat.devminor = os.major(status.rdev), os.minor(status.rdev)
        return stat


def _walk(files: Filesystem, folder: str) -> Iterator[str]:
    """Relative paths, parents before their children, sorted by name within a folder."""
    for name in sorted(files.listdir(_rooted(folder))):
        path = posixpath.join(folder, name)
        yield path
        if modes.S_ISDIR(files.stat(_rooted(path), follow=False).mode):
            yield from _walk(files, path)


def _rooted(path: str) -> str:
    return "/" + path
