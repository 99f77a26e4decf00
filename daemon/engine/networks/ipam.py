"""The addresses of one subnet, handed out to gateways, auxiliary addresses and endpoints."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from daemon.errors import Forbidden, System

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

IN_USE = "Address already in use"
EXHAUSTED = "no available addresses on this pool"


class Addresses:
    """Which addresses of a subnet are taken. Networks with ranges of the same subnet share them."""

    def __init__(self, subnet: IPNetwork) -> None:
        self.subnet = subnet
        self.ranges: set[IPNetwork] = set()
        self._first = int(subnet.network_address)
        self._last = int(subnet.broadcast_address)
        self._taken: set[int] = set()
        self._lowest = self._first
        if subnet.version == 6 or subnet.num_addresses > 2:
            self._taken.add(self._first)
        if subnet.version == 4 and subnet.num_addresses > 2:
            self._taken.add(self._last)

    def take(self, address: IPAddress) -> IPAddress:
        """This very address, or Forbidden if somebody has it."""
        if int(address) in self._taken:
            raise Forbidden(IN_USE)
        self._taken.add(int(address))
        return address

    def take_any(self, ip_range: IPNetwork | None = None) -> IPAddress | None:
        """The lowest free address, or None if there is none."""
        if ip_range is not None and ip_range != self.subnet:
            return self._take_from(
                int(ip_range.network_address), min(int(ip_range.broadcast_address), self._last)
            )
        taken = self._take_from(self._lowest, self._last)
        self._lowest = int(taken) if taken is not None else self._last + 1
        return taken

    def _take_from(self, first: int, last: int) -> IPAddress | None:
        number = first
        while number in self._taken:
            number += 1
        if number > last:
            return None
        self._taken.add(number)
        return self.subnet.network_address + (number - self._first)

    def give_back(self, address: IPAddress) -> None:
        self._taken.discard(int(address))
        self._lowest = min(self._lowest, int(address))


@dataclass(slots=True)
class Pool:
    """What one network has of a subnet."""

    addresses: Addresses
    ip_range: IPNetwork | None = None
    gateway: IPAddress | None = None
    auxiliary: dict[str, IPAddress] = field(default_factory=dict)
    configured: bool = True
    """Did a client name the subnet? Only then may it ask for addresses."""

    @property
    def subnet(self) -> IPNetwork:
        return self.addresses.subnet

    @property
    def version(self) -> int:
        return self.subnet.version

    @property
    def interface(self) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
        """The address that a bridge has here."""
        return ipaddress.ip_interface(self.show(self.gateway or self.subnet.network_address))

    def show(self, address: IPAddress) -> str:
        """With the prefix length of the subnet."""
        return f"{address}/{self.subnet.prefixlen}"

    def take(self, address: IPAddress) -> IPAddress:
        return self.addresses.take(address)

    def take_any(self) -> IPAddress | None:
        return self.addresses.take_any(self.ip_range)

    def give_back(self, address: IPAddress) -> None:
        self.addresses.give_back(address)

    def take_gateway(self, wanted: IPAddress | None) -> None:
        """The address that was asked for, else the lowest free one."""
        try:
            self.gateway = self.take_any() if wanted is None else self.take(wanted)
        except Forbidden as error:
            raise System(f"failed to allocate gateway ({wanted}): {error}") from None
        if self.gateway is None:
            raise System(f"failed to allocate gateway (): {EXHAUSTED}")

    def take_auxiliary(self, name: str, address: IPAddress) -> None:
        try:
            self.auxiliary[name] = self.take(address)
        except Forbidden as error:
            raise System(
                f"failed to allocate secondary ip address ({name}:{address}): {error}"
            ) from None

    def clear(self) -> None:
        """Give back what the network itself holds."""
        for address in (self.gateway, *self.auxiliary.values()):
            if address is not None:
                self.give_back(address)
