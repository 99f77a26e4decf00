"""Address spaces: which subnets are taken, and the default pools that further ones are cut from."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from daemon.engine.networks.ipam import Addresses, IPNetwork, Pool
from daemon.errors import Forbidden, InvalidParameter

DefaultPools = Iterable[tuple[str, int]]
"""Where a pool begins and ends, and the prefix length of its subnets."""

LOCAL_POOLS = (
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
)
"""dockerd's own list; its 172.17 becomes the default bridge."""

_GLOBAL_POOLS = (("10.0.0.0/8", 24),)
_OVERLAP = "invalid pool request: Pool overlaps with other one on this address space"
_FULL = "all predefined address pools have been fully subnetted"


class AddressSpace:
    """The subnets of one address family and one scope."""

    def __init__(self, pools: Iterable[tuple[IPNetwork, int]]) -> None:
        self._pools = _without_overlaps(pools)
        self._taken: dict[IPNetwork, Addresses] = {}

    def reserve(self, subnet: IPNetwork, ip_range: IPNetwork | None = None) -> Pool:
        """This very subnet; Forbidden if another network has addresses of it.

        As with dockerd, whoever names a range is not asked which subnets overlap, and networks with different ranges
        of one subnet share its addresses.
        """
        known = self._taken.get(subnet)
        if ip_range is None:
            if known is not None or self._overlaps(subnet):
                raise Forbidden(_OVERLAP)
        elif known is not None and ip_range in known.ranges:
            raise Forbidden(_OVERLAP)
        addresses = self._taken.setdefault(subnet, Addresses(subnet))
        if ip_range is not None:
            addresses.ranges.add(ip_range)
        return Pool(addresses, ip_range)

    def reserve_any(self) -> Pool:
        """The next free subnet of the default pools."""
        for base, size in self._pools:
            for subnet in base.subnets(new_prefix=size):
                if not self._overlaps(subnet):
                    addresses = self._taken[subnet] = Addresses(subnet)
                    return Pool(addresses, configured=False)
        raise InvalidParameter(_FULL)

    def release(self, pool: Pool) -> None:
        """Free again, unless another network still has a range of the subnet."""
        pool.clear()
        if pool.ip_range is not None:
            pool.addresses.ranges.discard(pool.ip_range)
        if not pool.addresses.ranges:
            self._taken.pop(pool.subnet, None)

    def _overlaps(self, subnet: IPNetwork) -> bool:
        return any(subnet.overlaps(taken) for taken in self._taken)


class AddressSpaces:
    """The four that a daemon has. Networks on the host's own layer (macvlan and its like) are in them too."""

    def __init__(self, pools: DefaultPools, ula_prefix: str) -> None:
        local = [(ipaddress.ip_network(base), size) for base, size in pools]
        of_version6 = [pool for pool in local if pool[0].version == 6]
        self._local = {
            4: AddressSpace(pool for pool in local if pool[0].version == 4),
            6: AddressSpace(of_version6 or [(ipaddress.ip_network(ula_prefix), 64)]),
        }
        wide = [(ipaddress.ip_network(base), size) for base, size in _GLOBAL_POOLS]
        self._global = {4: AddressSpace(wide), 6: AddressSpace(())}

    def of(self, scope: str, version: int) -> AddressSpace:
        return (self._global if scope == "global" else self._local)[version]


def _without_overlaps(pools: Iterable[tuple[IPNetwork, int]]) -> list[tuple[IPNetwork, int]]:
    """In order of their addresses; of two that overlap, the larger one."""
    kept: list[tuple[IPNetwork, int]] = []
    for base, size in sorted(pools, key=lambda p: (int(p[0].network_address), p[0].prefixlen)):
        if not kept or not base.overlaps(kept[-1][0]):
            kept.append((base, max(size, base.prefixlen)))
    return kept
