"""A container comes onto a network and goes: addresses, interface, names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from api_schema.endpoint_settings import EndpointSettings
from daemon.engine.networks.interfaces import interface_name, set_parameters
from daemon.engine.networks.ipam import IPAddress, Pool
from daemon.engine.networks.network import Attachment, Network
from daemon.engine.networks.parsing import parse_address, parse_link
from daemon.errors import DockerError, Forbidden, InvalidParameter, System
from daemon.ids import Ids
from daemon.process.net import EPHEMERAL, Fabric, NetNamespace

_DNS_SERVER = "127.0.0.11"
_WITHOUT_ADDRESSES = ("host", "null")


class HalfJoined(System):
    """There is an address, but no interface: dockerd keeps what it has so far, and shows it."""

    settings: EndpointSettings | None = None


class Joiner:
    """Gives out addresses, puts interfaces into namespaces, and answers names."""

    def __init__(
        self,
        ids: Ids,
        fabric: Fabric,
        networks_of: Callable[[NetNamespace], Iterable[Network]],
    ) -> None:
        self._ids = ids
        self._fabric = fabric
        self._networks_of = networks_of
        self._turn = 0

    def join(
        self,
        network: Network,
        container_id: str,
        container_name: str,
        hostname: str,
        settings: EndpointSettings,
        namespace: NetNamespace,
    ) -> EndpointSettings:
        if container_id in network.attachments:
            raise Forbidden(
                f"endpoint with name {container_name} already exists in network {network.name}"
            )
        has_addresses = network.driver not in _WITHOUT_ADDRESSES
        attachment = Attachment(
            container_id,
            container_name,
            endpoint_id=self._ids.id64(),
            mac_address=self._mac_address(network, settings),
            namespace=namespace,
            aliases=list(settings.aliases or []),
            hostname=hostname,
        )
        if has_addresses:
            _check_link_local(settings)
            self._take_addresses(network, attachment, settings)
            try:
                attachment.links = _links(settings.links or [])
                self._plug(network, attachment, settings)
            except System as error:
                raise self._half_joined(network, attachment, settings, error) from None
        network.attachments[container_id] = attachment
        return _shown(network, attachment, settings)

    def _mac_address(self, network: Network, settings: EndpointSettings) -> str:
        """Interfaces of an ipvlan have that of their parent, which is not told."""
        if network.driver == "ipvlan" and settings.mac_address:
            raise System("ipvlan interfaces do not support custom mac address assignment")
        if network.driver in (*_WITHOUT_ADDRESSES, "ipvlan"):
            return ""
        return settings.mac_address or self._ids.mac()

    def _take_addresses(
        self, network: Network, attachment: Attachment, settings: EndpointSettings
    ) -> None:
        asked = settings.ipam_config
        wanted = {4: asked.ipv4_address, 6: asked.ipv6_address} if asked else {}
        try:
            for version in (4, 6):
                if taken := _take(network, version, wanted.get(version, "")):
                    attachment.addresses.append(taken)
        except DockerError:
            _give_back(attachment)
            raise

    def _plug(self, network: Network, attachment: Attachment, settings: EndpointSettings) -> None:
        options = settings.driver_opts or {}
        namespace, four = attachment.namespace, attachment.address(4)
        namespace.fabric = self._fabric
        link = f"veth{self._ids.hex(7)}"
        interface = namespace.attach(
            network.id,
            addresses=[pool.show(address) for pool, address in attachment.addresses],
            mac=attachment.mac_address or self._ids.mac(),
            gateway=network.gateway_of(four[0]) if four else "",
            name=interface_name(options, namespace, link),
            mtu=network.mtu,
            rank=(-settings.gw_priority, network.name),
        )
        set_parameters(options, namespace, interface.name, link)
        if network.has_names:
            self._answer_names(namespace)
        namespace.resolver = lambda name: self.resolve(namespace, name)
        namespace.reverse = lambda address: self.name_of(namespace, address)

    def _answer_names(self, namespace: NetNamespace) -> None:
        """The embedded DNS server is bound inside; programs reach it by way of the resolver instead."""
        if any(socket.local.host == _DNS_SERVER for socket in namespace.bound_sockets()):
            return
        ports = (self._ids.random.choice(EPHEMERAL) for _ in range(2))
        namespace.listen(_DNS_SERVER, next(ports))
        namespace.bind_datagrams(_DNS_SERVER, next(ports))

    @staticmethod
    def _half_joined(
        network: Network, attachment: Attachment, settings: EndpointSettings, error: System
    ) -> HalfJoined:
        """What is left of it: the interface goes, the address is free, and both stay to be seen."""
        attachment.namespace.detach(network.id)
        failure = HalfJoined(str(error))
        shown = _shown(network, attachment, settings)
        failure.settings = shown.model_copy(update={"gateway": "", "ipv6_gateway": ""})
        _give_back(attachment)
        return failure

    def leave(self, network: Network, container_id: str) -> bool:
        attachment = network.attachments.pop(container_id, None)
        if attachment is None:
            return False
        _give_back(attachment)
        attachment.namespace.detach(network.id)
        return True

    def resolve(self, namespace: NetNamespace, name: str) -> list[str]:
        """Addresses of everybody called `name`, or `name.network`, on the namespace's networks; in turn."""
        found: list[str] = []
        for network in self._networks_of(namespace):
            if network.has_names:
                plain = name.removesuffix(f".{network.name}")
                for attachment in network.named(plain, namespace):
                    found += [str(address) for _pool, address in attachment.addresses]
        self._turn += 1
        start = self._turn % len(found) if found else 0
        return found[start:] + found[:start]

    def name_of(self, namespace: NetNamespace, address: IPAddress) -> str:
        """The container that has an address on the namespace's networks, as `name.network`."""
        for network in self._networks_of(namespace):
            for attachment in network.attachments.values() if network.has_names else ():
                if any(taken == address for _pool, taken in attachment.addresses):
                    return f"{attachment.container_name}.{network.name}"
        return ""


def _check_link_local(settings: EndpointSettings) -> None:
    for text in (settings.ipam_config and settings.ipam_config.link_local_ips) or ():
        address = parse_address(text)
        if address is not None and not address.is_link_local:
            raise InvalidParameter(f"invalid link local IP address: {text}")


def _take(network: Network, version: int, wanted: str) -> tuple[Pool, IPAddress] | None:
    pools = [pool for pool in network.pools if pool.version == version]
    if not pools:
        return None
    if address := parse_address(wanted):
        pool = next((pool for pool in pools if address in pool.subnet), pools[0])
        return pool, pool.take(address)
    for pool in pools:
        if (free := pool.take_any()) is not None:
            return pool, free
    raise System(
        f"no available IPv{version} addresses on this network's address pools: {network.name} ({network.id})"
    )


def _links(specs: list[str]) -> dict[str, str]:
    pairs = map(parse_link, specs)
    return {alias or name: name.removeprefix("/") for name, alias in pairs}


def _give_back(attachment: Attachment) -> None:
    for pool, address in attachment.addresses:
        pool.give_back(address)
    attachment.addresses.clear()


def _shown(
    network: Network, attachment: Attachment, settings: EndpointSettings
) -> EndpointSettings:
    four, six = attachment.address(4), attachment.address(6)
    return settings.model_copy(
        update={
            "network_id": network.id,
            "endpoint_id": attachment.endpoint_id,
            "mac_address": attachment.mac_address,
            "gateway": network.gateway_of(four[0]) if four else "",
            "ip_address": str(four[1]) if four else "",
            "ip_prefix_len": four[0].subnet.prefixlen if four else 0,
            "ipv6_gateway": network.gateway_of(six[0]) if six else "",
            "global_ipv6_address": str(six[1]) if six else "",
            "global_ipv6_prefix_len": six[0].subnet.prefixlen if six else 0,
            "dns_names": attachment.dns_names if network.has_names else None,
        }
    )
