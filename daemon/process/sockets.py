"""Sockets as open-file descriptions: TCP connections, listeners and UDP endpoints."""

import errno
import os
import stat as stat_bits
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakSet

from daemon.fs.nodes import Stat
from daemon.process.descriptions import Description, anonymous_stat
from daemon.process.status import os_error
from daemon.process.stdio import Pipe
from daemon.process.waiting import WaitQueue

if TYPE_CHECKING:
    from daemon.process.net import NetNamespace

BUFFER: Final = 256 << 10
"""What may be under way in one direction of a connection."""
DATAGRAM_BUFFER: Final = 208 << 10
DATAGRAM_MAX: Final = 65507
BACKLOG: Final = 4096
HEADERS: Final = 66
"""Bytes of Ethernet, IP and TCP headers per packet, for the interface counters."""


class Address(NamedTuple):
    """Where a socket is bound, or whom it talks to; a path and port 0 for Unix sockets."""

    host: str = ""
    port: int = 0


@dataclass(slots=True)
class Traffic:
    """An interface's counters."""

    received: int = 0
    received_packets: int = 0
    sent: int = 0
    sent_packets: int = 0


def count(sender: Traffic | None, receiver: Traffic | None, nbytes: int) -> None:
    """Book one packet of `nbytes` payload on both interfaces."""
    if sender is not None:
        sender.sent += nbytes + HEADERS
        sender.sent_packets += 1
    if receiver is not None:
        receiver.received += nbytes + HEADERS
        receiver.received_packets += 1


class Socket(Description):
    """What all sockets share: a protocol and a local address."""

    protocol = "tcp"

    def __init__(self, local: Address, namespace: "NetNamespace | None" = None) -> None:
        super().__init__("", os.O_RDWR)
        self.local = local
        self.peer = Address()
        self.namespace = namespace
        self.uid = 0

    @property
    def inode(self) -> int:
        return id(self) >> 4 & 0xFFFFFF

    def stat(self) -> Stat:
        return anonymous_stat(stat_bits.S_IFSOCK | 0o777, ino=self.inode)


class Connection(Socket):
    """One end of an established stream. The engine uses it from outside with `await read`, `write`, `write_eof`."""

    def __init__(
        self, incoming: Pipe, outgoing: Pipe, local: Address, namespace: "NetNamespace | None"
    ) -> None:
        super().__init__(local, namespace)
        self.other: Connection | None = None
        self.traffic: Traffic | None = None
        self.was_reset = False
        self._incoming = incoming
        self._outgoing = outgoing
        self._open = True
        self.readable = incoming.readable
        self.writable = outgoing.writable

    @staticmethod
    def pair(
        here: Address = Address(),  # noqa: B008  an immutable tuple
        there: Address = Address(),  # noqa: B008
        near: "NetNamespace | None" = None,
        far: "NetNamespace | None" = None,
    ) -> "tuple[Connection, Connection]":
        """Two connected ends."""
        forth, back = Pipe(BUFFER), Pipe(BUFFER)
        one, two = Connection(back, forth, here, near), Connection(forth, back, there, far)
        one.peer, two.peer = there, here
        one.other, two.other = two, one
        for end in (one, two):
            if end.namespace is not None:
                end.namespace.connections.add(end)
        return one, two

    def try_read(self, size: int) -> bytes | None:
        data = self._incoming.try_read(size)
        if not data and self.was_reset:
            raise os_error(errno.ECONNRESET)
        return data

    def try_write(self, data: bytes | memoryview) -> int:
        if self.was_reset:
            raise os_error(errno.EPIPE)
        taken = self._outgoing.try_write(data)
        if taken:
            count(self.traffic, self.other.traffic if self.other else None, taken)
        return taken

    def can_read(self) -> bool:
        return self.was_reset or self._incoming.can_read()

    def can_write(self) -> bool:
        return self.was_reset or self._outgoing.can_write()

    def shut_down(self, *, reading: bool = False, writing: bool = False) -> None:
        """Half-close: the peer reads the end of the data, or is told that nobody reads."""
        if writing:
            self._outgoing.close_write()
        if reading:
            self._incoming.close_read()
            self._incoming.close_write()

    def write_eof(self) -> None:
        self.shut_down(writing=True)

    @property
    def unread(self) -> int:
        """Bytes that have arrived and wait."""
        return self._incoming.size

    @property
    def state(self) -> str:
        """TCP's name for it."""
        sending, receiving = self._outgoing.writers, self._incoming.writers
        if sending:
            return "ESTABLISHED" if receiving else "CLOSE_WAIT"
        return "FIN_WAIT2" if receiving else "TIME_WAIT"

    def close(self) -> None:
        """Close both directions; unread data makes it a reset, as in TCP."""
        if self._open:
            self._open = False
            unread = self.unread > 0
            self._outgoing.close_write()
            self._incoming.close_read()
            if unread and self.other is not None:
                self.other.hear_reset()
            self._forget()

    def reset(self) -> None:
        """Break the connection: the peer's calls fail with ECONNRESET."""
        self._open = False
        self.was_reset = True
        self.close()
        self._outgoing.close()
        self._incoming.close()
        if self.other is not None:
            self.other.hear_reset()
        self._forget()

    def hear_reset(self) -> None:
        self.was_reset = True
        self.readable.wake()
        self.writable.wake()

    def _forget(self) -> None:
        if self.namespace is not None:
            self.namespace.connections.discard(self)

    def on_last_close(self) -> None:
        self.close()


Door = Callable[[], Awaitable[Connection]]


class Listener(Socket):
    """A listening socket: readable when a connection waits to be accepted."""

    def __init__(self, local: Address, namespace: "NetNamespace | None", backlog: int) -> None:
        super().__init__(local, namespace)
        self.backlog = max(1, min(backlog, BACKLOG))
        self.only_v6 = False
        self.door: Door | None = None
        """Where connections lead instead of to `accept`; what it raises is what the peer's connect(2) fails with."""
        self.room = WaitQueue()
        self._waiting: deque[Connection] = deque()
        self._let_through: WeakSet[Connection] = WeakSet()

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= self.backlog

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    async def pass_door(self, door: Door) -> Connection:
        """A connection that leads elsewhere, for as long as this socket is open."""
        connection = await door()
        if self.references <= 0:
            connection.reset()
            raise os_error(errno.ECONNREFUSED)
        self._let_through.add(connection)
        return connection

    def offer(self, connection: Connection) -> None:
        self._waiting.append(connection)
        self.readable.wake()

    def take(self) -> Connection | None:
        """The longest waiting connection, or None."""
        if not self._waiting:
            return None
        self.room.wake()
        return self._waiting.popleft()

    def can_read(self) -> bool:
        return bool(self._waiting)

    def on_last_close(self) -> None:
        if self.namespace is not None:
            self.namespace.unbind(self)
        while self._waiting:
            self._waiting.popleft().reset()
        for connection in list(self._let_through):
            connection.reset()
        self.room.wake()


class Datagrams(Socket):
    """A UDP socket. What does not fit into its buffer is lost, as on the wire."""

    protocol = "udp"

    def __init__(self, local: Address, namespace: "NetNamespace | None") -> None:
        super().__init__(local, namespace)
        self.only_v6 = False
        self.traffic: Traffic | None = None
        self._queue: deque[tuple[bytes, Address]] = deque()
        self._size = 0
        self._error = 0

    @property
    def queued(self) -> int:
        return self._size

    def deliver(self, data: bytes, sender: Address) -> None:
        if self._size + len(data) <= DATAGRAM_BUFFER:
            self._queue.append((data, sender))
            self._size += len(data)
            self.readable.wake()

    def refuse(self) -> None:
        """An ICMP error came back: a connected socket reports it once."""
        if self.peer.port:
            self._error = errno.ECONNREFUSED
            self.readable.wake()

    def take(self) -> tuple[bytes, Address] | None:
        """One datagram and its sender, or None."""
        if self._error:
            number, self._error = self._error, 0
            raise os_error(number)
        if not self._queue:
            return None
        data, sender = self._queue.popleft()
        self._size -= len(data)
        return data, sender

    def send(self, data: bytes, to: Address) -> None:
        if len(data) > DATAGRAM_MAX:
            raise os_error(errno.EMSGSIZE)
        if self.namespace is None:
            raise os_error(errno.ENETUNREACH)
        self.namespace.send_datagram(self, data, to)

    def try_read(self, size: int) -> bytes | None:
        taken = self.take()
        return None if taken is None else taken[0][:size]

    def try_write(self, data: bytes | memoryview) -> int:
        if not self.peer.port:
            raise os_error(errno.EDESTADDRREQ)
        self.send(bytes(data), self.peer)
        return len(data)

    def can_read(self) -> bool:
        return bool(self._queue) or self._error != 0

    def on_last_close(self) -> None:
        if self.namespace is not None:
            self.namespace.unbind(self)
