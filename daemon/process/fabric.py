"""Networks between containers: which namespace an address leads to, from where, and what stays unreachable."""

import errno
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from daemon.process.sockets import Address, Connection
from daemon.process.status import os_error

if TYPE_CHECKING:
    from daemon.process.net import Interface, NetNamespace

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network
Egress = Callable[[str, int], Awaitable[Connection]]

NEIGHBOUR_TIMEOUT: Final = 3.1
"""Seconds after which Linux gives up asking for a neighbour that does not answer."""
CONNECT_TIMEOUT: Final = 134.0
"""Seconds of unanswered SYNs before ETIMEDOUT."""


class Unanswered(Exception):
    """Nothing comes back: after `seconds` the call fails with `errno`."""

    def __init__(self, seconds: float, number: int) -> None:
        super().__init__(seconds, number)
        self.seconds = seconds
        self.errno = number


@dataclass(slots=True)
class Network:
    """One Docker network as the wire sees it."""

    id: str
    subnets: list[IPNetwork] = field(default_factory=list)
    gateways: list[IPAddress] = field(default_factory=list)
    internal: bool = False
    icc: bool = True
    members: "dict[IPAddress, NetNamespace]" = field(default_factory=dict)

    def contains(self, address: IPAddress) -> bool:
        return any(
            address in subnet for subnet in self.subnets if subnet.version == address.version
        )


@dataclass(slots=True, frozen=True)
class Host:
    """The answer of `route` for an address of the host itself or beyond it; `via` is the network it was reached by."""

    address: IPAddress
    via: Network
    is_gateway: bool


class Fabric:
    """All networks of one daemon.

    Containers reach each other only on a network they share. `egress`, if given, opens connections to the world
    outside; without it the world is unreachable, which is what a test wants.
    """

    def __init__(self) -> None:
        self.networks: dict[str, Network] = {}
        self.egress: Egress | None = None
        self._published: dict[tuple[str, int], tuple[NetNamespace, int]] = {}

    def add_network(
        self,
        network_id: str,
        *,
        subnets: list[str],
        gateways: list[str],
        internal: bool = False,
        icc: bool = True,
    ) -> Network:
        network = self.networks[network_id] = Network(
            network_id,
            [ip_network(subnet, strict=False) for subnet in subnets],
            [ip_address(gateway) for gateway in gateways],
            internal,
            icc,
        )
        return network

    def remove_network(self, network_id: str) -> None:
        self.networks.pop(network_id, None)

    def join(self, network_id: str, namespace: "NetNamespace", interface: "Interface") -> None:
        """Make an interface's addresses reachable on a network."""
        members = self.networks[network_id].members
        members.update(dict.fromkeys(interface.ips, namespace))

    def leave(self, network_id: str, interface: "Interface") -> None:
        if (network := self.networks.get(network_id)) is not None:
            for address in interface.ips:
                network.members.pop(address, None)

    def publish(self, proto: str, port: int, namespace: "NetNamespace", inner: int) -> None:
        """Let containers reach a published port at any gateway address."""
        self._published[proto, port] = (namespace, inner)

    def unpublish(self, proto: str, port: int) -> None:
        self._published.pop((proto, port), None)

    def route(self, source: "NetNamespace", target: IPAddress) -> "NetNamespace | Host":
        """Where a packet from `source` goes. OSError if there is no route, Unanswered if nobody will answer."""
        networks = [
            network
            for interface in source.interfaces.values()
            if (network := self.networks.get(interface.network)) is not None
        ]
        for network in networks:
            if network.contains(target):
                return self._neighbour(network, target)
        out = self.networks.get(source.way_out.network) if source.way_out else None
        if out is None:
            raise os_error(errno.ENETUNREACH)
        for network in self.networks.values():
            if target in network.gateways:
                return Host(target, out, True)
            if network.contains(target):
                raise Unanswered(CONNECT_TIMEOUT, errno.ETIMEDOUT)
        return Host(target, out, False)

    def _neighbour(self, network: Network, target: IPAddress) -> "NetNamespace | Host":
        if target in network.gateways:
            return Host(target, network, True)
        member = network.members.get(target)
        if member is None:
            raise Unanswered(NEIGHBOUR_TIMEOUT, errno.EHOSTUNREACH)
        if not network.icc:
            raise Unanswered(CONNECT_TIMEOUT, errno.ETIMEDOUT)
        return member

    async def connect_host(self, source: "NetNamespace", host: Host, port: int) -> Connection:
        """A connection to the host (a published port, or whatever `egress` finds) or to the world."""
        published = self._published.get(("tcp", port)) if host.is_gateway else None
        if published is not None:
            namespace, inner = published
            return await namespace.dial(inner, source=source.address_towards(host.address))
        if self.egress is not None:
            connection = await self.egress(str(host.address), port)
            connection.peer = Address(str(host.address), port)
            return connection
        raise os_error(errno.ECONNREFUSED if host.is_gateway else errno.ENETUNREACH)
