"""fsutil's file transfer: STATs of a tree, REQuests by number, DATA, FIN; either side may be the sender."""

from __future__ import annotations

import asyncio
import os
import stat as modes
from functools import cache
from typing import Any

from google.protobuf.message import DecodeError
from grpclib.client import Stream as Call

from daemon.engine.build.client import Progress
from daemon.engine.build.selection import EVERYTHING, Entry, below
from daemon.fs.filesystem import Filesystem
from daemon.fs.mirror import Mirror, Sent
from daemon.fs.namespace import Step
from daemon.fs.nodes import Regular
from daemon.fs.packs import Arrival, Packs
from daemon.fs.tar import GO_BITS, GO_TYPES, go_mode
from daemon.server.buildkit import wire_pb2 as wire
from daemon.server.buildkit.data_tap import Messages
from daemon.server.buildkit.transport import SessionChannel

CHUNK = 32 * 1024
BATCH = 256 * 1024
"""How many bytes of messages go out at a time."""


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
    """Sends a whole filesystem, many messages at a time."""

    def __init__(
        self, channel: SessionChannel, call: Call[Any, Any], files: Filesystem, progress: Progress
    ) -> None:
        self._channel = channel
        self._call = call
        self._files = files
        self._progress = progress
        self._sent = 0
        self._steps: list[Step] = []
        self._linked: dict[int, str] = {}
        self._batch: list[bytes] = []
        self._batched = 0
        self._asked: asyncio.Queue[int | None] = asyncio.Queue()

    async def run(self) -> None:
        await self._call.send_request()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            for entry in below(self._files, "/", EVERYTHING):
                self._steps.append(entry.step)
                await self._send(wire.Packet(type=wire.Packet.STAT, stat=self._stat(entry)))
            await self._send(wire.Packet(type=wire.Packet.STAT))
            while (number := await self._next()) is not None:
                await self._send_file(number)
        await self._call.send_message(wire.Packet(type=wire.Packet.FIN), end=True)
        await self._call.recv_trailing_metadata()

    async def _next(self) -> int | None:
        if self._asked.empty():
            await self._flush()
        return await self._asked.get()

    async def _listen(self) -> None:
        while (packet := await self._call.recv_message()) is not None:
            if packet.type == wire.Packet.REQ:
                self._asked.put_nowait(packet.id)
            elif packet.type == wire.Packet.FIN:
                break
            elif packet.type == wire.Packet.ERR:
                raise ConnectionError(packet.data.decode(errors="replace"))
        self._asked.put_nowait(None)

    async def _send_file(self, number: int) -> None:
        step, at = self._steps[number], 0
        file = step.mount.tree.open(step.node, os.O_RDONLY)
        try:
            while data := file.pread(CHUNK, at):
                await self._send(wire.Packet(type=wire.Packet.DATA, id=number, data=data))
                at += len(data)
        finally:
            file.close()
        await self._send(wire.Packet(type=wire.Packet.DATA, id=number))

    async def _send(self, packet: wire.Packet) -> None:
        message = packet.SerializeToString()
        if packet.data or packet.HasField("stat"):  # BuildKit does not count what ends a file
            self._sent += len(message)
            self._progress(self._sent)
        self._batch.append(message)
        self._batched += len(message)
        if self._batched > BATCH:
            await self._flush()

    async def _flush(self) -> None:
        batch, self._batch, self._batched = self._batch, [], 0
        if batch:
            await self._channel.send_all(self._call, batch)

    def _stat(self, entry: Entry) -> wire.Stat:
        status = entry.status
        stat = wire.Stat(
            path=entry.relative,
            mode=go_mode(status.mode),
            uid=status.uid,
            gid=status.gid,
            size=0 if modes.S_ISDIR(status.mode) else status.size,
            mod_time=status.mtime_ns,
        )
        if modes.S_ISLNK(status.mode):
            stat.linkname = entry.step.mount.tree.readlink(entry.step.node)
        elif modes.S_ISCHR(status.mode) or modes.S_ISBLK(status.mode):
            stat.devmajor, stat.devminor = os.major(status.rdev), os.minor(status.rdev)
        elif modes.S_ISREG(status.mode) and status.nlink > 1:
            first = self._linked.setdefault(status.ino, entry.relative)
            if first != entry.relative:
                stat.linkname = first
        return stat
