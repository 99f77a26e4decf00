"""docker network connect and disconnect: a container's networks change while it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schema.endpoint_settings import EndpointSettings
from daemon.engine.container import Container
from daemon.engine.containers.endpoint_rules import (
    endpoint_faults,
    is_user_defined,
    listed,
)
from daemon.engine.containers.modes import joins
from daemon.engine.containers.together import SHARED, check_together
from daemon.engine.networks import dns_names
from daemon.engine.networks.joining import HalfJoined
from daemon.errors import InvalidParameter, NotFound, System

if TYPE_CHECKING:
    from daemon.engine.containers.networking import Networking
    from daemon.engine.containers.registry import Registry
    from daemon.engine.networks import Network, Networks

FROM_HOST = (
    "cannot disconnect container from host network - container was created in host network mode"
)


class Connecting:
    """Refuses in dockerd's words and order; a stopped container takes what a running one would not."""

    def __init__(self, registry: Registry, networks: Networks, networking: Networking) -> None:
        self._registry = registry
        self._networks = networks
        self._networking = networking

    def connect(self, reference: str, name: str, settings: EndpointSettings) -> None:
        """At once if the container runs, else at its next start."""
        container = self._registry.get(reference)
        if container.live is not None and is_user_defined(name):
            name = settings.network_id or name
        network = self._networks.find(name)
        if network is None:
            self._connect_to_nothing(container, name, settings)
            return
        if not self._may_connect(container, network):
            return
        _check(settings, network)
        # As with dockerd, what was planned stays even if there is no address to be had.
        container.endpoints.setdefault(network.name, self._planned(container, network, settings))
        container.touch()
        if container.live is not None:
            try:
                container.endpoints[network.name] = self._joined(container, network, settings)
            except HalfJoined as half:
                container.endpoints[network.name] = half.settings or settings
                raise
            self._networking.connected(container, network)
        self._networking.emit("connect", network, container)

    @staticmethod
    def _connect_to_nothing(container: Container, name: str, settings: EndpointSettings) -> None:
        """dockerd looks a stopped container's network up only when it starts."""
        if container.live is not None:
            raise NotFound(f"network {name} not found")
        container.endpoints[name] = settings
        container.touch()

    def _may_connect(self, container: Container, network: Network) -> bool:
        """False if there is nothing to do: a stopped container that has the network already.

        A running one is refused by the network itself, after its settings were found to be good.
        """
        mode = container.host_config.network_mode
        if joins(mode) and container.live is not None:
            raise InvalidParameter(SHARED)
        known = network.name in container.endpoints
        others = [] if known else map(self._networks.find, container.endpoints)
        check_together(mode, network, [other for other in others if other is not None])
        return container.live is not None or not known

    @staticmethod
    def _planned(
        container: Container, network: Network, settings: EndpointSettings
    ) -> EndpointSettings:
        if not network.has_names:
            return settings
        names = dns_names(container.name, settings.aliases, container.id, container.config.hostname)
        return settings.model_copy(update={"dns_names": names})

    def _joined(
        self, container: Container, network: Network, settings: EndpointSettings
    ) -> EndpointSettings:
        assert container.live is not None
        return self._networks.join(
            network,
            container_id=container.id,
            container_name=container.name,
            # A MAC address that is asked for here is checked, and then forgotten, by dockerd.
            settings=settings.model_copy(update={"mac_address": ""}),
            namespace=container.live.machine.net,
            hostname=container.config.hostname,
        )

    def disconnect(self, reference: str, name: str, *, force: bool = False) -> None:
        """`force` finds the endpoint of a container that is gone, of which there is none here."""
        network = self._networks.find(name)
        container = self._registry.find(reference)
        if force and container is None:
            self._networks.get(name)
            raise NotFound(f"endpoint {reference} not found")
        container = container or self._registry.get(reference)
        mode = container.host_config.network_mode
        if container.live and network and network.driver == "host" and mode == "host":
            raise InvalidParameter(FROM_HOST)
        shown = network.name if network else name
        if container.live is not None and network is None and not force:
            raise NotFound(f"network {name} not found")
        if container.live is not None and network and container.id not in network.attachments:
            raise System(f"container {container.id} is not connected to network {shown}")
        if shown not in container.endpoints:
            raise System(f"container {container.id} is not connected to the network {shown}")
        del container.endpoints[shown]
        (container.asked_macs or {}).pop(shown, None)
        container.touch()
        if network is None:
            return
        if container.live is not None:
            self._networks.leave(network.id, container.id)
            self._networking.disconnected(container, network)
        self._networking.emit("disconnect", network, container)


def _check(settings: EndpointSettings, network: Network) -> None:
    faults = endpoint_faults(network.name, settings, network)
    if faults:
        raise InvalidParameter(listed(faults))
