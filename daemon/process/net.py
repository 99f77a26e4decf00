"""A container's network namespace: interfaces, bound sockets, and the ways in and out."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address
from typing import Final

from daemon.clock import Clock
from daemon.process.fabric import Fabric, Host, IPAddress, Unanswered
from daemon.process.sockets import Address, Connection, Datagrams, Listener, Socket, Traffic, count
from daemon.process.status import os_error

__all__ = ["Connection", "Fabric", "Interface", "NetNamespace", "Unanswered"]

Bound = Listener | Datagrams
Resolver = Callable[[str], list[str]]

EPHEMERAL: Final = range(32768, 61000)


@dataclass(slots=True, eq=False)
class Interface:
    """One network interface and its counters."""

    name: str
    mac: str = "00:00:00:00:00:00"
    addresses: list[IPv4Interface | IPv6Interface] = field(default_factory=list)
    gateway: str = ""
    network: str = ""
    mtu: int = 1500
    rank: tuple[int, str] = (0, "")
    """The default route leads over the interface with the least."""
    traffic: Traffic = field(default_factory=Traffic)

    @property
    def ips(self) -> list[IPAddress]:
        return [address.ip for address in self.addresses]


def _nobody(_name: str) -> list[str]:
    """The resolver of a namespace without DNS."""
    return []


def _nameless(_address: IPAddress) -> str:
    """What such a namespace knows of an address."""
    return ""


class NetNamespace:
    """What sockets of one container, or of several that share it, are bound to.

    `resolver` answers names that /etc/hosts does not have, `reverse` says whose an address is. `on_listen_change` is called after a socket was bound
    or closed.
    """

    def __init__(self, *, clock: Clock, fabric: Fabric | None = None) -> None:
        self.clock = clock
        self.fabric = fabric or Fabric()
        loopback = [_interface("127.0.0.1/8"), _interface("::1/128")]
        self.interfaces: dict[str, Interface] = {
            "lo": Interface("lo", addresses=loopback, mtu=65536)
        }
        self.resolver: Resolver = _nobody
        self.reverse: Callable[[IPAddress], str] = _nameless
        self.connections: set[Connection] = set()
        self.outside: dict[Address, OutsideDatagrams] = {}
        self.sysctls: dict[str, str] = {}
        """What was written below /proc/sys/net, by path."""
        self.on_listen_change: list[Callable[[], None]] = []
        self._bound: dict[tuple[str, int], list[Bound]] = {}
        self._next_port = EPHEMERAL.start

    # --- interfaces

    @property
    def has_neighbours(self) -> bool:
        """Whether there is any interface but the loopback."""
        return len(self.interfaces) > 1

    def attach(
        self,
        network_id: str,
        *,
        addresses: list[str],
        mac: str = "00:00:00:00:00:00",
        gateway: str = "",
        name: str | None = None,
        mtu: int = 1500,
        rank: tuple[int, str] = (0, ""),
    ) -> Interface:
        """Join a network of the fabric: `addresses` with prefix lengths; `name` defaults to the next free ethN."""
        name = name or self.free_name()
        interface = Interface(
            name, mac, [_interface(text) for text in addresses], gateway, network_id, mtu, rank=rank
        )
        self.interfaces[name] = interface
        self.fabric.join(network_id, self, interface)
        return interface

    def free_name(self) -> str:
        """The first ethN that no interface has."""
        numbers = range(len(self.interfaces))
        return next(f"eth{n}" for n in numbers if f"eth{n}" not in self.interfaces)

    def detach(self, network_id: str) -> None:
        """Leave a network; connections over it stay silent rather than break, as on Linux."""
        for name, interface in list(self.interfaces.items()):
            if interface.network == network_id:
                self.fabric.leave(network_id, interface)
                del self.interfaces[name]

    def close(self) -> None:
        """Leave every network and reset what is connected."""
        for interface in list(self.interfaces.values()):
            if interface.network:
                self.detach(interface.network)
        for connection in list(self.connections):
            connection.reset()

    @property
    def addresses(self) -> set[IPAddress]:
        return {ip for interface in self.interfaces.values() for ip in interface.ips}

    @property
    def way_out(self) -> Interface | None:
        """The interface of the default route."""
        leading = (interface for interface in self.interfaces.values() if interface.gateway)
        return min(leading, key=lambda interface: interface.rank, default=None)

    def interface_of(self, address: IPAddress) -> Interface:
        """The interface that has an address; the loopback for 127/8 and for what is nobody's."""
        for interface in self.interfaces.values():
            if address in interface.ips:
                return interface
        return self.interfaces["lo"]

    def address_towards(self, target: IPAddress) -> str:
        """The source address that Linux picks: of the interface on the target's network, or of the first other."""
        fallback = ""
        for interface in self.interfaces.values():
            for address in interface.addresses:
                if address.version != target.version or interface.name == "lo":
                    continue
                if target in address.network:
                    return str(address.ip)
                fallback = fallback or str(address.ip)
        return fallback or ("127.0.0.1" if target.version == 4 else "::1")

    # --- binding

    def listen(
        self, host: str, port: int, backlog: int = 128, *, only_v6: bool = False
    ) -> Listener:
        """A listening TCP socket; port 0 picks one. `::` takes IPv4 connections too unless `only_v6`."""
        listener = Listener(Address(host, self._free_port("tcp", port)), self, backlog)
        listener.only_v6 = only_v6
        self._bind(listener)
        return listener

    def bind_datagrams(self, host: str = "0.0.0.0", port: int = 0) -> Datagrams:
        socket = Datagrams(Address(host, self._free_port("udp", port)), self)
        self._bind(socket)
        return socket

    def unbind(self, socket: Socket) -> None:
        key = (socket.protocol, socket.local.port)
        left = [bound for bound in self._bound.get(key, []) if bound is not socket]
        if left:
            self._bound[key] = left
        else:
            self._bound.pop(key, None)
        self._changed()

    def bound_sockets(self) -> Iterator[Bound]:
        for sockets in self._bound.values():
            yield from sockets

    def listener_for(self, proto: str, target: IPAddress, port: int) -> Bound | None:
        """Who is bound to receive what comes in for an address and port; the most specific one."""
        wildcard = None
        for socket in self._bound.get((proto, port), ()):
            local = ip_address(socket.local.host)
            if local == target:
                return socket
            if local.is_unspecified and (
                local.version == target.version or (local.version == 6 and not socket.only_v6)
            ):
                wildcard = socket
        return wildcard

    def is_listening(self, port: int, proto: str = "tcp") -> bool:
        """Whether something would answer from outside the container."""
        return any(
            not ip_address(bound.local.host).is_loopback
            for bound in self._bound.get((proto, port), ())
        )

    def _bind(self, socket: Bound) -> None:
        wanted = ip_address(socket.local.host)
        if not (wanted.is_unspecified or wanted.is_loopback or wanted in self.addresses):
            raise os_error(errno.EADDRNOTAVAIL)
        bound = self._bound.setdefault((socket.protocol, socket.local.port), [])
        if any(_clash(socket, other) for other in bound):
            raise os_error(errno.EADDRINUSE)
        bound.append(socket)
        self._changed()

    def _free_port(self, proto: str, port: int) -> int:
        if port:
            return port
        for _ in EPHEMERAL:
            self._next_port += 1
            if self._next_port >= EPHEMERAL.stop:
                self._next_port = EPHEMERAL.start
            if not self._bound.get((proto, self._next_port)):
                return self._next_port
        raise os_error(errno.EADDRINUSE)

    def _changed(self) -> None:
        for callback in list(self.on_listen_change):
            callback()

    # --- connecting

    def route(self, target: IPAddress) -> "NetNamespace | Host":
        """Where packets for an address go; OSError or Unanswered if nowhere."""
        if target.is_loopback or target.is_unspecified or target in self.addresses:
            return self
        return self.fabric.route(self, target)

    def find_listener(self, target: IPAddress, port: int) -> Listener:
        """Who would accept a connection to an address of this namespace; ConnectionRefusedError if nobody."""
        if target.is_unspecified:
            target = IPv4Address("127.0.0.1") if target.version == 4 else IPv6Address("::1")
        listener = self.listener_for("tcp", target, port)
        if not isinstance(listener, Listener):
            raise os_error(errno.ECONNREFUSED)
        return listener

    def connect(self, listener: Listener, target: IPAddress, port: int) -> Connection:
        """A connection to a listener that has room in its backlog."""
        far = listener.namespace
        source = str(target) if far is self else self.address_towards(target)
        if target.is_unspecified:
            source = "127.0.0.1" if target.version == 4 else "::1"
        here = Address(source, self._free_port("tcp", 0))
        one, two = Connection.pair(here, Address(str(target), port), self, far)
        one.traffic = self.interface_of(ip_address(source)).traffic
        if far is not None:
            two.traffic = far.interface_of(target).traffic
        listener.offer(two)
        return one

    async def dial(
        self, port: int, proto: str = "tcp", host: str = "", source: str = ""
    ) -> Connection:
        """A connection from outside, as a published port makes one; ConnectionRefusedError while nothing listens.

        `source` is the address that the server sees (default: the gateway).
        """
        target, gateway = self._outer_address(host)
        listener = self.find_listener(target, port)
        if listener.door is not None:
            return await listener.pass_door(listener.door)
        while listener.is_full:
            await listener.room.wait()
            listener = self.find_listener(target, port)
        here = Address(source or gateway, self._free_port("tcp", 0))
        one, two = Connection.pair(here, Address(str(target), port), None, self)
        two.traffic = self.interface_of(target).traffic
        listener.offer(two)
        return one

    def dial_datagrams(
        self, port: int, host: str = "", source: Address | None = None
    ) -> "OutsideDatagrams":
        """A UDP peer outside that talks to a port of this namespace."""
        target, gateway = self._outer_address(host)
        here = source or Address(gateway, self._free_port("udp", 0))
        return OutsideDatagrams(self, here, Address(str(target), port))

    def _outer_address(self, host: str) -> tuple[IPAddress, str]:
        if host:
            target = ip_address(host)
            return target, self.interface_of(target).gateway or host
        outer = (interface for name, interface in self.interfaces.items() if name != "lo")
        for interface in (self.way_out, *outer):
            if interface is not None and interface.addresses:
                ip = interface.addresses[0].ip
                return ip, interface.gateway or str(ip)
        return IPv4Address("127.0.0.1"), "127.0.0.1"

    # --- datagrams

    def send_datagram(self, sender: Datagrams, data: bytes, to: Address) -> None:
        """Deliver one datagram, or lose it; an unbound port refuses."""
        target = ip_address(to.host)
        if (outside := self.outside.get(to)) is not None:
            outside.deliver(data, Address(str(outside.peer.host), sender.local.port))
            return
        try:
            destination = self.route(target)
        except Unanswered:
            return
        if isinstance(destination, Host):
            return
        if target.is_unspecified:
            target = ip_address("127.0.0.1" if target.version == 4 else "::1")
        source = sender.local
        if ip_address(source.host).is_unspecified:
            local = target.is_loopback or destination is self
            source = Address(str(target) if local else self.address_towards(target), source.port)
        outgoing = self.interface_of(ip_address(source.host)).traffic
        count(outgoing, destination.interface_of(target).traffic, len(data))
        receiver = destination.listener_for("udp", target, to.port)
        if not isinstance(receiver, Datagrams):
            sender.refuse()
        elif not receiver.peer.port or receiver.peer == source:
            receiver.deliver(data, source)


class OutsideDatagrams(Datagrams):
    """The outer side of a published UDP port: sends to one address inside and receives its answers."""

    def __init__(self, inside: NetNamespace, local: Address, peer: Address) -> None:
        super().__init__(local, None)
        self.peer = peer
        self._inside = inside
        inside.outside[local] = self

    def send(self, data: bytes, to: Address) -> None:
        receiver = self._inside.listener_for("udp", ip_address(to.host), to.port)
        if isinstance(receiver, Datagrams):
            count(None, self._inside.interface_of(ip_address(to.host)).traffic, len(data))
            receiver.deliver(data, self.local)
        else:
            self.refuse()

    def close(self) -> None:
        self._inside.outside.pop(self.local, None)

    def on_last_close(self) -> None:
        self.close()


def _interface(text: str) -> IPv4Interface | IPv6Interface:
    return IPv6Interface(text) if ":" in text else IPv4Interface(text)


def _clash(one: Bound, other: Bound) -> bool:
    """Whether two sockets on one port would claim the same packets."""
    here, there = ip_address(one.local.host), ip_address(other.local.host)
    if here.version == there.version:
        return here == there or here.is_unspecified or there.is_unspecified
    six = one if here.version == 6 else other
    return not six.only_v6 and ip_address(six.local.host).is_unspecified
