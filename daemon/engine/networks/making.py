"""From a request to a network's record: defaults, inherited configuration, subnets taken."""

from __future__ import annotations

from collections.abc import Callable

from api_schema.networks import IPAM, IPAMConfig, NetworkCreateRequest
from daemon.engine.networks.ipam import AddressSpace, IPAddress, IPNetwork, Pool, make_pool
from daemon.engine.networks.network import Network
from daemon.engine.networks.rules import check_driver, check_kind, parse_address, parse_network
from daemon.errors import DockerError, Forbidden, NotFound

FindNetwork = Callable[[str], Network | None]
_BRIDGE_NAME = "com.docker.network.bridge.name"


class Maker:
    """Makes records; what it takes of the address space it gives back on failure."""

    def __init__(self, space: AddressSpace) -> None:
        self._space = space

    def make(
        self, request: NetworkCreateRequest, network_id: str, created: int, others: list[Network]
    ) -> Network:
        check_kind(request)
        request = self._completed(request, others)
        network = Network(
            id=network_id,
            name=request.name,
            driver="null" if request.config_only else request.driver,
            created=created,
            ipam=request.ipam or IPAM.model_construct(),
            scope=request.scope or "local",
            enable_ipv4=request.enable_ipv4 is not False,
            enable_ipv6=bool(request.enable_ipv6),
            internal=request.internal,
            attachable=request.attachable,
            config_only=request.config_only,
            config_from=request.config_from.network if request.config_from else "",
            options=request.options or {},
            labels=request.labels or {},
        )
        if not network.config_only:
            check_driver(request)
            self._check_bridge_name(network, others)
            self._take_pools(network)
            self._check_pool_count(network)
        return network

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

    @staticmethod
    def _check_bridge_name(network: Network, others: list[Network]) -> None:
        wanted = network.options.get(_BRIDGE_NAME)
        for other in others:
            if wanted and other.driver == "bridge" and other.options.get(_BRIDGE_NAME) == wanted:
                raise Forbidden(
                    f"cannot create network {network.id} ({wanted}): conflicts with network {other.id} ({wanted}): "
                    "networks have same bridge name"
                )

    def _take_pools(self, network: Network) -> None:
        """Configured IPv4 subnets first, then IPv6, then what dockerd has to choose itself."""
        configured = [
            (config, parse_network(config.subnet)) for config in network.ipam.config or []
        ]
        configured.sort(key=lambda pair: pair[1].version if pair[1] else 0)
        network.ipam = network.ipam.model_copy(
            update={"config": [config for config, _ in configured] or None}
        )
        try:
            for config, subnet in configured:
                if subnet is not None:
                    network.pools.append(self._configured_pool(config, subnet))
            for version, enabled in ((4, network.enable_ipv4), (6, network.enable_ipv6)):
                if enabled and network.pool(version) is None:
                    subnet = self._space.reserve_any(version)
                    network.pools.append(make_pool(subnet, configured=False))
        except DockerError:
            self.give_back(network)
            raise

    def _configured_pool(self, config: IPAMConfig, subnet: IPNetwork) -> Pool:
        self._space.reserve(subnet)
        try:
            return make_pool(
                subnet,
                ip_range=parse_network(config.ip_range) if config.ip_range else None,
                gateway=parse_address(config.gateway) if config.gateway else None,
                auxiliary=_addresses(config.aux_address or {}),
            )
        except DockerError:
            self._space.release(subnet)
            raise

    def _check_pool_count(self, network: Network) -> None:
        versions = [pool.version for pool in network.pools]
        if network.driver == "bridge" and len(set(versions)) < len(versions):
            self.give_back(network)
            raise Forbidden("bridge driver doesn't support multiple subnets")

    def give_back(self, network: Network) -> None:
        """Its subnets are free again."""
        for pool in network.pools:
            self._space.release(pool.subnet)
        network.pools.clear()


def _addresses(named: dict[str, str]) -> dict[str, IPAddress]:
    parsed = ((name, parse_address(text)) for name, text in named.items())
    return {name: address for name, address in parsed if address is not None}
