"""A container's place in the networks: joined at start, left at the exit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api_schema.endpoint_settings import EndpointSettings
from daemon.engine.container import Container, Sandbox
from daemon.engine.containers.endpoint_rules import is_user_defined
from daemon.engine.containers.modes import joins, owner_of
from daemon.engine.containers.registry import Registry
from daemon.engine.containers.staging import Staging
from daemon.engine.containers.together import SHARED, check_together
from daemon.engine.networks import dns_names
from daemon.engine.port_specs import split_port
from daemon.engine.ports import Ports, Published, wanted_ports
from daemon.errors import Conflict, DockerError, InvalidParameter, NotFound, System
from daemon.events import Events
from daemon.ids import Ids
from daemon.process.net import NetNamespace

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.engine.networks import Network, Networks

SETUP_FAILED = "failed to set up container networking: "
_CONFIGURED = (
    "ipam_config",
    "links",
    "aliases",
    "driver_opts",
    "gw_priority",
    "network_id",
    "dns_names",
)


@dataclass(slots=True)
class Joined:
    """What a start has taken of the networks, to be given back."""

    sandbox: Sandbox
    namespace: NetNamespace
    networks: list[Network] = field(default_factory=list)
    published: Published = field(default_factory=Published)
    publishing: str = ""
    """The id of the network that the published ports lead through."""
    shares: Container | None = None
    """The container whose namespace is used instead of an own one."""


class Networking:
    """The container side of the networks; the networks themselves keep the addresses."""

    def __init__(
        self,
        registry: Registry,
        networks: Networks,
        ports: Ports,
        events: Events,
        ids: Ids,
        clock: Clock,
        staging: Staging,
    ) -> None:
        self.registry = registry
        self._networks = networks
        self._ports = ports
        self._events = events
        self._ids = ids
        self._clock = clock
        self._staging = staging
        self._up: dict[str, Joined] = {}

    def join(self, container: Container) -> Joined:
        """Take addresses and ports; everything is given back again if one of them cannot be had."""
        mode = container.host_config.network_mode
        if joins(mode):
            if container.endpoints:
                raise InvalidParameter(f"{SETUP_FAILED}{SHARED}")
            return self._share(owner_of(mode))
        self._complete_mode(container)
        sandbox_id = self._ids.hex(64)
        where = "default" if mode == "host" else sandbox_id[:12]
        joined = Joined(
            Sandbox(sandbox_id, f"/run/docker/netns/{where}"), NetNamespace(clock=self._clock)
        )
        try:
            for name in list(container.endpoints):
                self._join_one(container, name, joined)
            self._publish(container, joined)
        except DockerError as error:
            self.leave(container, joined, quietly=True)
            raise type(error)(f"{SETUP_FAILED}{error}") from None
        return joined

    def _complete_mode(self, container: Container) -> None:
        """A network that is named by the start of its id is kept by its id."""
        mode = container.host_config.network_mode
        network = self._networks.find(mode) if is_user_defined(mode) else None
        if network is not None and mode not in (network.name, network.id):
            host = container.host_config.model_copy(update={"network_mode": network.id})
            container.host_config = host

    def _share(self, reference: str) -> Joined:
        other = self._networked(reference)
        assert other.live is not None
        return Joined(Sandbox("", ""), other.live.machine.net, shares=other)

    def _networked(self, reference: str) -> Container:
        other = self.registry.find(reference)
        if other is None:
            raise System(f"joining network namespace of container: No such container: {reference}")
        if other.live is None:
            raise Conflict(
                "cannot join network namespace of a non running container: "
                f"container {other.name} is {other.state.value}"
            )
        return other

    def _join_one(self, container: Container, name: str, joined: Joined) -> None:
        network = self._networks.find(name)
        if network is None:
            raise NotFound(f"network {name} not found")
        settings = container.endpoints.pop(name)
        name = network.name
        container.endpoints[name] = settings
        if network.has_names:
            # As with dockerd, the names stay even if there is no address to be had.
            names = dns_names(
                container.name, settings.aliases, container.id, container.config.hostname
            )
            settings = settings.model_copy(update={"dns_names": names})
            container.endpoints[name] = settings
        others = (self._networks.find(other) for other in container.endpoints if other != name)
        mode = container.host_config.network_mode
        check_together(mode, network, (other for other in others if other is not None))
        container.endpoints[name] = self._networks.join(
            network,
            container_id=container.id,
            container_name=container.name,
            settings=settings,
            namespace=joined.namespace,
            hostname=container.config.hostname,
        )
        joined.networks.append(network)

    def _publish(self, container: Container, joined: Joined) -> None:
        publishing = (n for n in joined.networks if n.driver == "bridge" and not n.internal)
        bridge = next(publishing, None)
        if bridge is None:
            return
        host = container.host_config
        wanted, shown = wanted_ports(
            list(container.config.exposed_ports or ()),
            host.port_bindings,
            publish_all=host.publish_all_ports,
        )
        endpoint = container.endpoints.get(bridge.name) or next(iter(container.endpoints.values()))
        try:
            for one in wanted:
                self._staging.check_ports(container, one.host_ip, one.first)
            joined.published = self._ports.publish(wanted, endpoint.ip_address)
        except System as error:
            raise System(
                "driver failed programming external connectivity on endpoint "
                f"{container.name} ({endpoint.endpoint_id}): {error}"
            ) from None
        joined.publishing = bridge.id
        joined.sandbox.ports = {**shown, **joined.published.bindings}

    def announce(self, container: Container, joined: Joined) -> None:
        """The start has succeeded: say so, and let connections in."""
        for network in joined.networks:
            self.emit("connect", network, container)
        self._up[container.id] = joined
        self._open(joined)

    def _open(self, joined: Joined) -> None:
        namespace = joined.namespace
        self._ports.serve(joined.published, namespace)
        for protocol, inner, outer in published_ports(joined.sandbox):
            self._networks.fabric.publish(protocol, outer, namespace, inner)

    def _close(self, joined: Joined) -> None:
        self._ports.release(joined.published)
        for protocol, _inner, outer in published_ports(joined.sandbox):
            self._networks.fabric.unpublish(protocol, outer)

    def connected(self, container: Container, network: Network) -> None:
        """A running container is on one more network, which publishes its ports if no other does."""
        joined = self._up.get(container.id)
        if joined is None or joined.sandbox.ports:
            return
        joined.networks = [network]
        try:
            self._publish(container, joined)
        except DockerError:
            self._networks.leave(network.id, container.id)
            raise
        self._open(joined)

    def disconnected(self, container: Container, network: Network) -> None:
        """A running container has left a network; its ports go, or lead through the next one."""
        joined = self._up.get(container.id)
        if joined is None or joined.publishing != network.id:
            return
        self._close(joined)
        joined.publishing, joined.published, joined.sandbox.ports = "", Published(), {}
        for other in map(self._networks.find, container.endpoints):
            if other is not None and container.id in other.attachments:
                self.connected(container, other)

    def leave(self, container: Container, joined: Joined, *, quietly: bool = False) -> None:
        """Give everything back. What was configured stays with the container, addresses do not."""
        self._up.pop(container.id, None)
        self._close(joined)
        for network in self._joined_networks(container, joined):
            left = self._networks.leave(network.id, container.id)
            if left and not quietly:
                self.emit("disconnect", network, container)
        for name, settings in container.endpoints.items():
            container.endpoints[name] = self._configured(container, name, settings)

    def undo(self, container: Container, joined: Joined) -> None:
        """Leave after a start that failed later on: no event, and the networks' ids are forgotten."""
        self.leave(container, joined, quietly=True)
        for settings in container.endpoints.values():
            settings.network_id = ""

    def announce_failure(self, container: Container) -> None:
        """dockerd says of a container that could not be started that it has left its networks, joined or not."""
        if joins(container.host_config.network_mode):
            return
        for name in container.endpoints:
            network = self._networks.find(name)
            if network is not None:
                self.emit("disconnect", network, container)

    def _joined_networks(self, container: Container, joined: Joined) -> list[Network]:
        """Those of the start, and those connected since; without those that were disconnected."""
        if joined.shares is not None:
            return []
        known = {network.id: network for network in joined.networks}
        for name in container.endpoints:
            network = self._networks.find(name)
            if network is not None and network.id not in known:
                known[network.id] = network
        return list(known.values())

    @staticmethod
    def _configured(
        container: Container, name: str, settings: EndpointSettings
    ) -> EndpointSettings:
        kept = {attribute: getattr(settings, attribute) for attribute in _CONFIGURED}
        asked = container.asked_macs.get(name, "") if container.asked_macs else ""
        return EndpointSettings(**kept, mac_address=asked)

    def emit(self, action: str, network: Network, container: Container) -> None:
        attributes = {"container": container.id, "name": network.name, "type": network.driver}
        self._events.emit("network", action, network.id, attributes)


def published_ports(sandbox: Sandbox) -> list[tuple[str, int, int]]:
    """Protocol, container's port and host's port of each binding."""
    return [
        (split_port(spec)[1], int(split_port(spec)[0]), int(place.host_port))
        for spec, places in sandbox.ports.items()
        for place in places or ()
    ]
