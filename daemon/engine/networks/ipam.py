"""Addresses: pools handed out to networks, and the addresses of one pool handed out to endpoints."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.errors import Forbidden, InvalidParameter, System

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_POOLS = (
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
)
"""dockerd's own list; its 172.17 becomes the default bridge."""

_IN_USE = "Address already in use"


@dataclass(slots=True)
class Pool:
    """One subnet of a network. Addresses are given out lowest first, as dockerd does."""

    subnet: IPNetwork
    ip_range: IPNetwork | None = None
    gateway: IPAddress | None = None
    configured: bool = True
    """Did a client name the subnet? Only then may it ask for addresses."""
    _used: set[IPAddress] = field(default_factory=set)

    @property
    def version(self) -> int:
        return self.subnet.version

    def show(self, address: IPAddress) -> str:
        """With the prefix length of the subnet."""
        return f"{address}/{self.subnet.prefixlen}"

    def take(self, address: IPAddress) -> IPAddress:
        """This very address, or Forbidden if somebody has it."""
        if address in self._used or not self._usable(address):
            raise Forbidden(_IN_USE)
        self._used.add(address)
        return address

    def take_any(self) -> IPAddress | None:
        """The lowest free address, or None if there is none."""
        for address in self._candidates():
            if address not in self._used and self._usable(address):
                self._used.add(address)
                return address
        return None

    def give_back(self, address: IPAddress) -> None:
        self._used.discard(address)

    def _candidates(self) -> Iterator[IPAddress]:
        """All of the range; iterating a /64 is no danger, because the lowest are taken first."""
        return iter(self.ip_range or self.subnet)

    def _usable(self, address: IPAddress) -> bool:
        """Not the subnet's own address, nor its broadcast address where there is one."""
        subnet = self.subnet
        if subnet.num_addresses <= 2:
            return True
        if address == subnet.network_address:
            return False
        return subnet.version == 6 or address != subnet.broadcast_address


class AddressSpace:
    """Which subnets are taken. Networks on the host's own layer (macvlan and its like) share it too."""

    def __init__(self, pools: Iterable[tuple[str, int]], ula_prefix: str) -> None:
        given = [(ipaddress.ip_network(base), size) for base, size in pools]
        self._pools = [pool for pool in given if pool[0].version == 4]
        self._pools6 = [pool for pool in given if pool[0].version == 6]
        self._pools6 = self._pools6 or [(ipaddress.ip_network(ula_prefix), 64)]
        self._taken: set[IPNetwork] = set()

    def reserve(self, subnet: IPNetwork) -> None:
        """This very subnet; Forbidden if it shares an address with another one."""
        if self._overlaps(subnet):
            raise Forbidden(
                "invalid pool request: Pool overlaps with other one on this address space"
            )
        self._taken.add(subnet)

    def reserve_any(self, version: int) -> IPNetwork:
        """The next free subnet of the default pools."""
        for base, size in self._pools if version == 4 else self._pools6:
            for subnet in base.subnets(new_prefix=max(size, base.prefixlen)):
                if not self._overlaps(subnet):
                    self._taken.add(subnet)
                    return subnet
        raise InvalidParameter("all predefined address pools have been fully subnetted")

    def release(self, subnet: IPNetwork) -> None:
        self._taken.discard(subnet)

    def _overlaps(self, subnet: IPNetwork) -> bool:
        return any(
            subnet.version == taken.version and subnet.overlaps(taken) for taken in self._taken
        )


def make_pool(
    subnet: IPNetwork,
    *,
    ip_range: IPNetwork | None = None,
    gateway: IPAddress | None = None,
    auxiliary: Mapping[str, IPAddress] | None = None,
    configured: bool = True,
) -> Pool:
    """A pool with its gateway and auxiliary addresses taken; refused in dockerd's words if they clash."""
    pool = Pool(subnet, ip_range, configured=configured)
    if gateway is None:
        pool.gateway = pool.take_any()
    else:
        try:
            pool.gateway = pool.take(gateway)
        except Forbidden:
            raise System(f"failed to allocate gateway ({gateway}): {_IN_USE}") from None
    for name, address in (auxiliary or {}).items():
        try:
            pool.take(address)
        except Forbidden:
            raise System(
                f"failed to allocate secondary ip address ({name}:{address}): {_IN_USE}"
            ) from None
    return pool
