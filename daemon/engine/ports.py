"""Published ports: real sockets on the host, each bridged to a port inside a container.

A host port is taken before the container's process runs and given back the moment it ends. While nothing listens
inside, a connection is accepted and then reset.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from api_schema.host_config import PortBinding
from daemon.engine.port_specs import normalised, parse_range
from daemon.errors import System
from daemon.process.net import OutsideDatagrams
from daemon.tasks import Tasks

FIRST_EPHEMERAL: Final = 32768
LAST_EPHEMERAL: Final = 60999
ANY_ADDRESSES: Final = ("0.0.0.0", "::")
CHUNK: Final = 65536
_RESET: Final = struct.pack("ii", 1, 0)


class Inside(Protocol):
    """The container's end of a bridged connection."""

    async def read(self, size: int = CHUNK) -> bytes: ...
    async def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def close(self) -> None: ...


class Namespace(Protocol):
    """The container's network, as seen from the host."""

    async def dial(self, port: int) -> Inside:
        """ConnectionRefusedError while nothing listens there."""

    def dial_datagrams(self, port: int) -> OutsideDatagrams: ...


Peer = tuple[str, int] | tuple[str, int, int, int]


@dataclass(slots=True)
class Wanted:
    """One binding to be made: a container's port, and where it shall be found on the host."""

    port: int
    protocol: str
    host_ip: str
    first: int
    last: int

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.host_ip,) if self.host_ip else ANY_ADDRESSES


@dataclass(slots=True)
class Published:
    """What one container holds on the host."""

    bindings: dict[str, list[PortBinding] | None] = field(default_factory=dict)
    sockets: list[tuple[socket.socket, Wanted, tuple[str, int]]] = field(default_factory=list)


class PortTaken(System):
    """Another port may do."""


class Ports:
    """Every published port of the daemon. `publish_host` replaces Docker's every-address for the careful."""

    def __init__(self, publish_host: str = "") -> None:
        self._publish_host = publish_host
        self._taken: dict[tuple[str, int], list[str]] = {}
        self._next: dict[str, int] = {}
        self._tasks = Tasks("ports")

    def publish(self, wanted: Sequence[Wanted], address: str) -> Published:
        """Bind everything or nothing; dockerd's texts for a port that is taken. `address` is the container's."""
        published = Published()
        try:
            for one in wanted:
                self._publish_one(published, one, address)
        except BaseException:
            self.release(published)
            raise
        return published

    def _publish_one(self, published: Published, wanted: Wanted, address: str) -> None:
        ports = range(wanted.first, wanted.last + 1) if wanted.first else self._ephemeral(wanted)
        for port in ports:
            try:
                self._bind(published, wanted, port, address)
            except PortTaken:
                if len(ports) == 1:
                    raise
            else:
                if not wanted.first:
                    self._next[wanted.protocol] = port + 1
                return
        raise System("all ports are allocated")

    def _ephemeral(self, wanted: Wanted) -> Sequence[int]:
        start = self._next.get(wanted.protocol, FIRST_EPHEMERAL)
        return [*range(start, LAST_EPHEMERAL + 1), *range(FIRST_EPHEMERAL, start)]

    def _bind(self, published: Published, wanted: Wanted, port: int, address: str) -> None:
        shown = wanted.host_ip or ANY_ADDRESSES[0]
        for holder in self._taken.get((wanted.protocol, port), ()):
            if any(_collide(holder, host_ip) for host_ip in wanted.addresses):
                raise PortTaken(f"Bind for {holder}:{port} failed: port is already allocated")
        made: list[socket.socket] = []
        try:
            for host_ip in self._listen_addresses(wanted):
                made += _listening(wanted.protocol, host_ip, port)
        except OSError as error:
            for sock in made:
                sock.close()
            reason = os.strerror(error.errno or errno.EADDRINUSE).lower()
            kind = PortTaken if error.errno == errno.EADDRINUSE else System
            raise kind(
                f"failed to bind host port for {shown}:{port}:{address}:"
                f"{wanted.port}/{wanted.protocol}: {reason}"
            ) from None
        self._taken.setdefault((wanted.protocol, port), []).extend(wanted.addresses)
        published.sockets += [(sock, wanted, (wanted.protocol, port)) for sock in made]
        places = published.bindings.setdefault(f"{wanted.port}/{wanted.protocol}", [])
        assert places is not None
        places += [PortBinding(host_ip=ip, host_port=str(port)) for ip in wanted.addresses]

    def _listen_addresses(self, wanted: Wanted) -> tuple[str, ...]:
        if wanted.host_ip or not self._publish_host:
            return wanted.addresses
        return (self._publish_host,)

    def serve(self, published: Published, inside: Namespace) -> None:
        """Accept from now on, for the container whose namespace this is."""
        loop = asyncio.get_running_loop()
        for sock, wanted, _ in published.sockets:
            door = _UdpDoor if wanted.protocol == "udp" else _TcpDoor
            serve = door(sock, wanted.port, inside, self._tasks).on_readable
            loop.add_reader(sock.fileno(), serve)

    def release(self, published: Published) -> None:
        """Close everything at once: who connects now is refused."""
        for sock, wanted, key in published.sockets:
            _forget(sock)
            sock.close()
            holders = self._taken.get(key, [])
            holders[:] = [ip for ip in holders if ip not in wanted.addresses]
            if not holders:
                self._taken.pop(key, None)
        published.sockets.clear()

    async def close(self) -> None:
        await self._tasks.close()


def _collide(one: str, other: str) -> bool:
    """Do two host addresses overlap? An every-address covers its own family."""
    same_family = (":" in one) == (":" in other)
    return same_family and (one == other or one in ANY_ADDRESSES or other in ANY_ADDRESSES)


def _forget(sock: socket.socket) -> None:
    """Let the event loop go of a socket that is about to be closed, or it would watch a stranger's descriptor."""
    with contextlib.suppress(RuntimeError, OSError, ValueError):
        asyncio.get_running_loop().remove_reader(sock.fileno())


def _listening(protocol: str, host_ip: str, port: int) -> list[socket.socket]:
    """A bound socket; none where the host has no IPv6 and every address was asked for."""
    family = socket.AF_INET6 if ":" in host_ip else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    try:
        sock = socket.socket(family, kind)
    except OSError:
        if host_ip == ANY_ADDRESSES[1]:
            return []
        raise
    sock.setblocking(False)
    try:
        if kind == socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host_ip, port))
        if kind == socket.SOCK_STREAM:
            sock.listen(1024)
    except OSError as error:
        sock.close()
        if host_ip == ANY_ADDRESSES[1] and error.errno == errno.EADDRNOTAVAIL:
            return []
        raise
    return [sock]


class _TcpDoor:
    """Accepts, and bridges each connection."""

    def __init__(self, sock: socket.socket, port: int, inside: Namespace, tasks: Tasks) -> None:
        self._sock = sock
        self._port = port
        self._inside = inside
        self._tasks = tasks

    def on_readable(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._sock.accept()
            client.setblocking(False)
            self._tasks.spawn(self._bridge(client), name=f"connection to port {self._port}")

    async def _bridge(self, client: socket.socket) -> None:
        try:
            inside = await self._inside.dial(self._port)
        except OSError:
            # Accepted for a container in which nothing listens: the peer sees a reset.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            return
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            await asyncio.gather(inwards(reader, inside), outwards(inside, writer))
        except OSError:
            writer.transport.abort()
        finally:
            inside.close()
            writer.close()


async def inwards(reader: asyncio.StreamReader, inside: Inside) -> None:
    """Pass on what the host's side sends, its end as well."""
    while data := await reader.read(CHUNK):
        await inside.write(data)
    inside.write_eof()


async def outwards(inside: Inside, writer: asyncio.StreamWriter) -> None:
    """Pass on what the container's side sends, its end as well."""
    while data := await inside.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


class _UdpDoor:
    """Each peer gets a socket of its own inside, so that answers find their way back."""

    def __init__(self, sock: socket.socket, port: int, inside: Namespace, tasks: Tasks) -> None:
        self._sock = sock
        self._port = port
        self._inside = inside
        self._tasks = tasks
        self._peers: dict[Peer, OutsideDatagrams] = {}

    def on_readable(self) -> None:
        with contextlib.suppress(OSError):
            data, peer = self._sock.recvfrom(CHUNK)
            outside = self._peers.get(peer)
            if outside is None:
                outside = self._peers[peer] = self._inside.dial_datagrams(self._port)
                self._tasks.spawn(self._answer(peer, outside), name=f"udp port {self._port}")
            outside.send(data, outside.peer)

    async def _answer(self, peer: Peer, outside: OutsideDatagrams) -> None:
        """Pass on what comes back, until the port is given up or refused."""
        try:
            while self._sock.fileno() >= 0:
                self._sock.sendto(await outside.read(CHUNK), peer)
        except OSError:
            pass  # nothing listens inside any more, or the host does not want the answer
        finally:
            self._peers.pop(peer, None)
            outside.close()


def wanted_ports(
    exposed: Sequence[str],
    bindings: dict[str, list[PortBinding] | None] | None,
    *,
    publish_all: bool,
) -> tuple[list[Wanted], dict[str, None]]:
    """What to bind, and which exposed ports are shown without a binding. Only exposed ports are published."""
    by_port = {normalised(spec): places or [] for spec, places in (bindings or {}).items()}
    wanted: list[Wanted] = []
    shown: dict[str, None] = {}
    for port, protocol in dict.fromkeys(normalised(spec) for spec in exposed):
        places = by_port.get((port, protocol), [])
        if publish_all and not places:
            places = [PortBinding()]
        if not places:
            shown[f"{port}/{protocol}"] = None
        for place in places:
            first, last = parse_range(place.host_port or "0") or (0, 0)
            wanted.append(Wanted(port, protocol, _address(place.host_ip), first, last))
    return wanted, shown


def _address(host_ip: str) -> str:
    """What is no address means every address, as Go's parser has it."""
    try:
        return str(ipaddress.ip_address(host_ip))
    except ValueError:
        return ""
