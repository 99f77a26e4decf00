"""fsutil's file transfer: STATs of a tree, REQuests by number, DATA, FIN; either side may be the sender."""

from __future__ import annotations

import asyncio
import os
import posixpath
import stat as modes
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.message import DecodeError
from grpclib.client import Stream as Call

from daemon.engine.build.client import Progress
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror, Sent
from daemon.fs.nodes import Regular
from daemon.fs.packs import Arrival, Packs
from daemon.fs.tar import GO_BITS, GO_TYPES, go_mode
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.data_tap import Messages
from daemon.server.buildkit.transport import SessionChannel

CHUNK = 32 * 1024


@cache
def st_mode(mode: int) -> int:
    """Go's os.FileMode as st_mode."""
    types = [kind for kind, bits in GO_TYPES.items() if bits and mode & bits == bits]
    # a character device has the block device's bit too: the kind with more bits is meant
    kind = max(types, key=lambda found: GO_TYPES[found].bit_count(), default=modes.S_IFREG)
    return kind | sum(bit for bit, go in GO_BITS.items() if mode & go) | mode & 0o777


class FilePuller:
    """Receives a folder into a mirror, which says what of it has to be sent. Contents go to its spool as they arrive."""

    def __init__(
        self, channel: SessionChannel, call: Call[Any, Any], into: Mirror, progress: Progress
    ) -> None:
        self._channel = channel
        self._call = call
        self._into = into
        self._progress = progress
        self._packs = Packs(into.tree.spool)
        self._messages = Messages(self._message)
        self._received = 0
        self._told = 0
        self._wanted: list[int] = []
        self._news = asyncio.Event()
        self._missing: dict[int, Regular] = {}
        self._arriving: dict[int, Arrival] = {}
        self._walk_over = False
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        await self._call.send_request()
        try:
            with self._channel.taken(self._call, self._take):
                await self._converse()
        finally:
            self._let_go()

    async def _converse(self) -> None:
        async with asyncio.TaskGroup() as group:
            # Of what is taken nothing is left to be received but the end.
            ended = group.create_task(self._call.recv_message())
            asking = group.create_task(self._ask())
            await asyncio.wait((ended, self._complete), return_when=asyncio.FIRST_COMPLETED)
            asking.cancel()
            if not self._complete.done():
                raise ConnectionError("the client ended its file transfer early")
            self._complete.result()
            # The half-close goes out with the FIN: a Go server resets the stream behind its trailers otherwise.
            await self._call.send_message(wire.Packet(type=wire.Packet.FIN), end=True)

    async def _ask(self) -> None:
        """Ask for everything that is wanted; the sender takes as much of that as it likes."""
        while True:
            await self._news.wait()
            self._news.clear()
            wanted, self._wanted = self._wanted, []
            asked = (wire.Packet(type=wire.Packet.REQ, id=number) for number in wanted)
            await self._channel.send_all(self._call, [one.SerializeToString() for one in asked])

    def _take(self, data: bytes) -> None:
        try:
            self._messages.feed(data)
        except (DecodeError, OSError, ValueError) as problem:
            if not self._complete.done():
                self._complete.set_exception(problem)

    def _message(self, message: bytes) -> None:
        self._received += len(message)
        self._progress(self._received)
        if self._complete.done():
            return
        self._packet(wire.Packet.FromString(message))
        if self._walk_over and not self._missing:
            self._complete.set_result(None)

    def _packet(self, packet: wire.Packet) -> None:
        if packet.type == wire.Packet.DATA:
            self._data(packet.id, packet.data)
        elif packet.type == wire.Packet.STAT:
            self._entry(packet)
        elif packet.type == wire.Packet.ERR:
            raise ConnectionError(packet.data.decode(errors="replace"))

    def _entry(self, packet: wire.Packet) -> None:
        if not packet.HasField("stat"):
            self._walk_over = True
            return
        node = self._into.add(_sent(packet.stat))
        if node is not None:
            self._missing[self._told] = node
            self._wanted.append(self._told)
            self._news.set()
        self._told += 1

    def _data(self, number: int, data: bytes) -> None:
        arriving = self._arriving.get(number)
        if data:
            if arriving is None:
                arriving = self._arriving[number] = Arrival(self._packs)
            arriving.write(data)
            return
        node = self._missing.pop(number, None)
        if node is None:
            raise ConnectionError(f"invalid file request {number}")
        if arriving is not None:
            node.content = arriving.content()
            del self._arriving[number]

    def _let_go(self) -> None:
        """Close what is still open, after a transfer that was cut off too."""
        while self._arriving:
            self._arriving.popitem()[1].close()
        self._missing.clear()
        self._packs.flush()


def _sent(stat: wire.Stat) -> Sent:
    rdev = os.makedev(stat.devmajor, stat.devminor) if stat.devmajor or stat.devminor else 0
    mode = st_mode(stat.mode)
    return Sent(stat.path, mode, stat.uid, stat.gid, stat.size, stat.mod_time, stat.linkname, rdev)


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
