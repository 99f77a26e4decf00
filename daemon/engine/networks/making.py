"""From a request to a network's record: defaults, inherited configuration, subnets taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from api_schema.networks import IPAM, IPAMConfig, NetworkCreateRequest
from daemon.engine.networks import bridge_rules, vlan_rules
from daemon.engine.networks.ipam import IPNetwork
from daemon.engine.networks.network import Network
from daemon.engine.networks.parsing import parse_address, parse_network
from daemon.engine.networks.rules import (
    check_address_manager,
    check_driver,
    check_kind,
    families,
)
from daemon.engine.networks.space import AddressSpaces
from daemon.errors import DockerError, InvalidParameter, NotFound


class DriverRules(Protocol):
    """What a driver has to say of a network that is to be made."""

    def check_options(self, network: Network) -> None: ...
    def without_gateway(self, network: Network) -> frozenset[int]: ...
    def check_made(self, network: Network, others: Iterable[Network]) -> None: ...


_DRIVERS: dict[str, DriverRules] = {
    "bridge": bridge_rules,
    "ipvlan": vlan_rules,
    "macvlan": vlan_rules,
}


class Maker:
    """Makes records; what it takes of the address spaces it gives back on failure."""

    def __init__(self, spaces: AddressSpaces) -> None:
        self._spaces = spaces

    def make(
        self, request: NetworkCreateRequest, network_id: str, created: int, others: list[Network]
    ) -> Network:
        check_kind(request)
        request = self._completed(request, others)
        enable_ipv4, enable_ipv6 = families(request)
        network = Network(
            id=network_id,
            name=request.name,
            driver="null" if request.config_only else request.driver,
            created=created,
            ipam=request.ipam or IPAM.model_construct(),
            scope=request.scope or "local",
            enable_ipv4=enable_ipv4,
            enable_ipv6=enable_ipv6,
            internal=request.internal,
            attachable=request.attachable,
            config_only=request.config_only,
            config_from=request.config_from.network if request.config_from else "",
            options=_options(request),
            labels=request.labels or {},
        )
        if not network.config_only:
            check_driver(request)
            self._set_up(network, _DRIVERS[network.driver], others)
        return network

    def _set_up(self, network: Network, rules: DriverRules, others: list[Network]) -> None:
        rules.check_options(network)
        network.without_gateway = rules.without_gateway(network)
        versions = [
            version
            for version, enabled in ((4, network.enable_ipv4), (6, network.enable_ipv6))
            if enabled
        ]
        check_address_manager(network.ipam, versions)
        try:
            for version in versions:
                self._take_pools(network, version)
            rules.check_made(network, others)
        except DockerError:
            self.give_back(network)
            raise

    def _completed(
        self, request: NetworkCreateRequest, others: list[Network]
    ) -> NetworkCreateRequest:
        """With the driver's default, and with what a configuration network says."""
        update: dict[str, object] = {"driver": request.driver or "bridge"}
        source = request.config_from.network if request.config_from else ""
        if source:
            found = next((n for n in others if source in (n.name, n.id) and n.config_only), None)
            if found is None:
                raise NotFound(f'configuration network "{source}" does not exist')
            update |= {
                "ipam": found.ipam,
                "enable_ipv4": found.enable_ipv4,
                "enable_ipv6": found.enable_ipv6,
                "options": {**found.options, **(request.options or {})},
                "labels": {**found.labels, **(request.labels or {})},
            }
        return request.model_copy(update=update)

    def _take_pools(self, network: Network, version: int) -> None:
        """The configured subnets, else one that dockerd has to choose itself."""
        space = self._spaces.of(network.scope, version)
        configured = [
            (config, subnet)
            for config in network.ipam.config or []
            if (subnet := parse_network(config.subnet)) and subnet.version == version
        ]
        for config, subnet in configured:
            self._configure(network, config, subnet)
        if not configured:
            pool = space.reserve_any()
            network.pools.append(pool)
            if version not in network.without_gateway:
                pool.take_gateway(None)

    def _configure(self, network: Network, config: IPAMConfig, subnet: IPNetwork) -> None:
        space = self._spaces.of(network.scope, subnet.version)
        pool = space.reserve(subnet, parse_network(config.ip_range) if config.ip_range else None)
        network.pools.append(pool)
        if config.gateway or subnet.version not in network.without_gateway:
            pool.take_gateway(parse_address(config.gateway))
        for name, text in (config.aux_address or {}).items():
            address = parse_address(text)
            if address is None:
                raise InvalidParameter(
                    f"non parsable secondary ip address ({name}:{text}) passed for network {network.name}"
                )
            pool.take_auxiliary(name, address)

    def give_back(self, network: Network) -> None:
        """Its subnets are free again."""
        for pool in network.pools:
            self._spaces.of(network.scope, pool.version).release(pool)
        network.pools.clear()


def _options(request: NetworkCreateRequest) -> dict[str, str]:
    """Without the options that a field of the request overrules."""
    overruled = {
        "com.docker.network.enable_ipv4": request.enable_ipv4,
        "com.docker.network.enable_ipv6": request.enable_ipv6,
    }
    return {
        name: value
        for name, value in (request.options or {}).items()
        if overruled.get(name) is None
    }
