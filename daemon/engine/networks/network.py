"""A network's record: how it was made, its pools, and who is on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from api_schema.go_time import go_time
from api_schema.networks import (
    IPAM,
    ConfigReference,
    EndpointResource,
    IPAMConfig,
    NetworkInspect,
)
from daemon.engine.networks.ipam import IPAddress, IPNetwork, Pool
from daemon.engine.networks.parsing import parse_network
from daemon.engine.networks.rules import PREDEFINED
from daemon.process.net import NetNamespace

SHORT_ID = 12
_MTU = "com.docker.network.driver.mtu"
_USUAL_MTU = 1500
_DEFAULT_GATEWAY = "DefaultGatewayIPv"
"""An auxiliary address of this name and version is the gateway, and not the bridge's own address."""


@dataclass(slots=True)
class Attachment:
    """A running container's place on a network."""

    container_id: str
    container_name: str
    endpoint_id: str
    mac_address: str
    namespace: NetNamespace
    aliases: list[str] = field(default_factory=list)
    hostname: str = ""
    links: dict[str, str] = field(default_factory=dict)
    """Names that only this container knows its neighbours by, and the names or ids that they stand for."""
    addresses: list[tuple[Pool, IPAddress]] = field(default_factory=list)

    @property
    def dns_names(self) -> list[str]:
        """What it answers to."""
        return dns_names(self.container_name, self.aliases, self.container_id, self.hostname)

    def address(self, version: int) -> tuple[Pool, IPAddress] | None:
        return next((taken for taken in self.addresses if taken[0].version == version), None)

    def shown(self, version: int) -> str:
        """With its prefix length; empty without an address of this version."""
        found = self.address(version)
        return found[0].show(found[1]) if found else ""

    def resource(self) -> EndpointResource:
        return EndpointResource(
            name=self.container_name,
            endpoint_id=self.endpoint_id,
            mac_address=self.mac_address,
            ipv4_address=self.shown(4),
            ipv6_address=self.shown(6),
        )


def dns_names(name: str, aliases: list[str] | None, container_id: str, hostname: str) -> list[str]:
    """Name, aliases, short id and host name of a container, each once."""
    names = [name, *(aliases or []), container_id[:SHORT_ID], *([hostname] if hostname else [])]
    return list(dict.fromkeys(names))


@dataclass(slots=True)
class Network:
    """What a client made of it, and what became of that."""

    id: str
    name: str
    driver: str
    created: int
    ipam: IPAM
    pools: list[Pool] = field(default_factory=list)
    scope: str = "local"
    enable_ipv4: bool = True
    enable_ipv6: bool = False
    internal: bool = False
    attachable: bool = False
    config_only: bool = False
    config_from: str = ""
    options: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    without_gateway: frozenset[int] = frozenset()
    """The address families in which nothing leads out of here."""
    attachments: dict[str, Attachment] = field(default_factory=dict)
    """By container id, in the order in which they came."""

    @property
    def is_predefined(self) -> bool:
        return self.name in PREDEFINED

    @property
    def has_names(self) -> bool:
        """Do containers find each other by name here? Not on the default bridge."""
        return not self.is_predefined

    @property
    def configured_subnets(self) -> list[IPNetwork]:
        """Those that a client named, whether or not their address family is used."""
        parsed = (parse_network(config.subnet) for config in self.ipam.config or [])
        return [subnet for subnet in parsed if subnet is not None]

    @property
    def mtu(self) -> int:
        return int(self.options.get(_MTU, "0")) or _USUAL_MTU

    def gateway(self, version: int) -> str:
        """What containers here are told to use as their gateway."""
        pool = self.pool(version)
        return self.gateway_of(pool) if pool else ""

    def gateway_of(self, pool: Pool) -> str:
        """What those with an address of this pool are told."""
        version = pool.version
        if self.internal or version in self.without_gateway:
            return ""
        gateway = pool.auxiliary.get(f"{_DEFAULT_GATEWAY}{version}") or pool.gateway
        return str(gateway) if gateway else ""

    def pool(self, version: int) -> Pool | None:
        return next((pool for pool in self.pools if pool.version == version), None)

    def named(self, name: str, asking: NetNamespace) -> Iterator[Attachment]:
        """Everybody who answers to `name` here; the links of who asks come first."""
        for own in self.attachments.values():
            if own.namespace is asking and name in own.links:
                name = own.links[name]
        wanted = name.lower()
        for attachment in self.attachments.values():
            answers = (attachment.container_id, *attachment.dns_names)
            if any(known.lower() == wanted for known in answers):
                yield attachment

    def shown_ipam(self) -> IPAM:
        """As configured; what was chosen for the client is shown with its gateway."""
        chosen = [
            IPAMConfig(subnet=str(pool.subnet), gateway=str(pool.gateway or ""))
            for pool in self.pools
            if not pool.configured
        ]
        configured = sorted(self.ipam.config or [], key=lambda config: ":" in config.subnet)
        config = [*configured, *chosen]
        return IPAM(driver="default", options=self.ipam.options, config=config or None)

    def inspect(self, *, with_containers: bool = True) -> NetworkInspect:
        shown = self.attachments if with_containers else {}
        return NetworkInspect(
            name=self.name,
            id=self.id,
            created=go_time(self.created),
            scope=self.scope,
            driver=self.driver,
            enable_ipv4=self.enable_ipv4,
            enable_ipv6=self.enable_ipv6,
            ipam=self.shown_ipam(),
            internal=self.internal,
            attachable=self.attachable,
            config_from=ConfigReference(network=self.config_from),
            config_only=self.config_only,
            containers={key: attachment.resource() for key, attachment in shown.items()},
            options=self.options,
            labels=self.labels,
        )
