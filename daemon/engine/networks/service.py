"""Networks: created, listed, removed, pruned, joined and left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api_schema.endpoint_settings import EndpointSettings
from api_schema.networks import IPAM, NetworkCreateRequest
from daemon.clock import Clock
from daemon.engine.networks.joining import Joiner
from daemon.engine.networks.making import Maker
from daemon.engine.networks.network import Network
from daemon.engine.networks.rules import check_request
from daemon.engine.networks.space import LOCAL_POOLS, AddressSpaces
from daemon.errors import Conflict, DockerError, Forbidden, InvalidParameter, NotFound
from daemon.events import Events
from daemon.filters import Filters
from daemon.ids import Ids
from daemon.process.net import Fabric, NetNamespace

_BRIDGE_OPTIONS = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": "docker0",
    "com.docker.network.driver.mtu": "1500",
}
_ICC = "com.docker.network.bridge.enable_icc"
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class Networks:
    """All networks of one daemon, the three predefined ones included."""

    def __init__(
        self,
        clock: Clock,
        ids: Ids,
        events: Events,
        pools: Iterable[tuple[str, int]] = (),
    ) -> None:
        self.fabric = Fabric()
        self._clock = clock
        self._ids = ids
        self._events = events
        self._networks: dict[str, Network] = {}
        ula = f"fd{ids.hex(2)}:{ids.hex(4)}:{ids.hex(4)}::/48"
        self._maker = Maker(AddressSpaces(tuple(pools) or LOCAL_POOLS, ula))
        self._joiner = Joiner(ids, self.fabric, self.containing)
        self._make_predefined()

    def _make_predefined(self) -> None:
        # Not validated: building pydantic's validators is a good part of a daemon's start-up.
        bridge = NetworkCreateRequest.model_construct(
            name="bridge", driver="bridge", options=dict(_BRIDGE_OPTIONS)
        )
        self._add(self._maker.make(bridge, self._ids.id64(), self._clock.now(), []))
        for name, driver in (("host", "host"), ("none", "null")):
            self._add(
                Network(self._ids.id64(), name, driver, self._clock.now(), IPAM.model_construct())
            )

    def _add(self, network: Network) -> None:
        self._networks[network.id] = network
        pools = network.pools
        self.fabric.add_network(
            network.id,
            subnets=[str(pool.subnet) for pool in pools],
            # A bridge is an interface of the host, an internal one as well.
            gateways=[str(p.gateway) for p in pools if p.gateway and network.driver == "bridge"],
            internal=network.internal,
            icc=network.options.get(_ICC) not in _FALSE,
        )

    def __iter__(self) -> Iterator[Network]:
        return iter(self._networks.values())

    def containing(self, namespace: NetNamespace) -> Iterator[Network]:
        """The networks that somebody with this namespace is on."""
        for network in self:
            if any(one.namespace is namespace for one in network.attachments.values()):
                yield network

    def is_gateway(self, address: str) -> bool:
        """Does this address stand for the host on one of the networks?"""
        return any(str(pool.gateway) == address for network in self for pool in network.pools)

    # finding

    def find(self, name: str) -> Network | None:
        """By id, by name, or by the start of an id that is no other's."""
        if name in self._networks:
            return self._networks[name]
        named = next((network for network in self if network.name == name), None)
        if named or not name:
            return named
        found = [network for network in self if network.id.startswith(name)]
        if len(found) > 1:
            raise InvalidParameter(f"network {name} is ambiguous ({len(found)} matches found on ID prefix)")  # fmt: skip
        return found[0] if found else None

    def get(self, name: str) -> Network:
        """Like `find`; NotFound `network x not found`."""
        network = self.find(name)
        if network is None:
            raise NotFound(f"network {name} not found")
        return network

    def listed(self, filters: Filters) -> list[Network]:
        """Those that every filter lets through."""
        return [network for network in self if _listed(network, filters)]

    # making and removing

    def create(self, request: NetworkCreateRequest) -> Network:
        """Made, or refused in the words and the order of dockerd."""
        check_request(request)
        if any(network.name == request.name for network in self):
            raise Conflict(f"network with name {request.name} already exists")
        network = self._maker.make(request, self._ids.id64(), self._clock.now(), list(self))
        self._add(network)
        self._emit("create", network)
        return network

    def remove(self, name: str) -> None:
        """Gone, unless it is predefined or in use."""
        network = self.get(name)
        if network.is_predefined:
            raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
        failed = "error while removing network: "
        if network.attachments:
            users = ", ".join(
                f'name:"{user.container_name}" id:"{user.endpoint_id[:12]}"'
                for user in network.attachments.values()
            )
            raise Forbidden(f"{failed}network {network.name} has active endpoints ({users})")
        if network.config_only and any(other.config_from == network.name for other in self):
            raise Forbidden(f'{failed}configuration network "{network.name}" is in use')
        self._drop(network)

    def _drop(self, network: Network) -> None:
        del self._networks[network.id]
        self._maker.give_back(network)
        self.fabric.remove_network(network.id)
        self._emit("destroy", network)

    def prune(self, filters: Filters, until: int | None) -> list[str]:
        """Remove what no running container is on; returns the names."""
        doomed = [
            network
            for network in self
            if not network.is_predefined
            and not network.attachments
            and (until is None or network.created < until)
            and filters.labels(network.labels)
            and not ("label!" in filters and filters.labels(network.labels, "label!"))
        ]
        removed = []
        for network in doomed:
            try:
                self.remove(network.id)
            except DockerError:
                continue
            removed.append(network.name)
        self._events.emit("network", "prune", "", {"reclaimed": "0"})
        return removed

    def _emit(self, action: str, network: Network) -> None:
        attributes = {"name": network.name, "type": network.driver}
        self._events.emit("network", action, network.id, attributes)

    # joining

    def join(
        self,
        network: Network,
        *,
        container_id: str,
        container_name: str,
        settings: EndpointSettings,
        namespace: NetNamespace,
        hostname: str = "",
    ) -> EndpointSettings:
        """Put a running container on a network; returns what inspect shows of it."""
        return self._joiner.join(
            network, container_id, container_name, hostname, settings, namespace
        )

    def leave(self, network_id: str, container_id: str) -> bool:
        """Take a container off a network; was it on it?"""
        network = self._networks.get(network_id)
        return network is not None and self._joiner.leave(network, container_id)

    def rename(self, container_id: str, name: str) -> dict[str, list[str]]:
        """A running container has a new name; returns by network what it answers to now.

        As with dockerd, the default bridge is told names here, although nobody can use them.
        """
        answers = {}
        for network in self:
            if attachment := network.attachments.get(container_id):
                attachment.container_name = name
                answers[network.name] = attachment.dns_names
        return answers


def _listed(network: Network, filters: Filters) -> bool:
    kind = "builtin" if network.is_predefined else "custom"
    return (
        filters.matches("name", network.name)
        and filters.matches("id", network.id)
        and filters.exact("driver", network.driver)
        and filters.exact("scope", network.scope)
        and filters.exact("type", kind)
        and filters.labels(network.labels)
        and (
            "dangling" not in filters
            # dockerd counts the containers before it has looked them up: nothing of a client's seems used.
            or network.is_predefined != filters.flag("dangling", False)
        )
    )
