"""What create and connect refuse about the networks that a container is to join."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from api_schema.containers import ContainerConfig
from api_schema.endpoint_settings import EndpointSettings, NetworkingConfig
from daemon.errors import InvalidParameter

_MAC = re.compile(r"[0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}(\1[0-9a-fA-F]{2}){4}")
_PREDEFINED = frozenset({"bridge", "host", "none", "default"})
Address = ipaddress.IPv4Network | ipaddress.IPv6Network


class KnownNetwork(Protocol):
    """What the rules need to know of a network that exists."""

    @property
    def subnets(self) -> Sequence[Address]: ...
    @property
    def has_configured_subnets(self) -> bool: ...


def is_user_defined(mode: str) -> bool:
    return mode not in _PREDEFINED and not mode.startswith("container:")


def wanted_endpoints(
    config: ContainerConfig, mode: str, networking: NetworkingConfig | None
) -> dict[str, EndpointSettings]:
    """By network name, what the container is to join; the old container-wide MAC address put in its place."""
    asked = (networking.endpoints_config if networking else None) or {}
    for name, settings in asked.items():
        if settings is None:
            raise InvalidParameter(f"invalid config for network {name}: EndpointsConfig is nil")
    if mode.startswith("container:") or config.network_disabled:
        return {}
    endpoints = {_known(name): _configured(given) for name, given in asked.items() if given}
    if not endpoints:
        endpoints = {mode: EndpointSettings()}
    return _with_mac_address(endpoints, mode, config.mac_address)


def _known(name: str) -> str:
    """The CLI calls the network that it does not choose `default`."""
    return "bridge" if name == "default" else name


def _configured(given: EndpointSettings) -> EndpointSettings:
    """Only what a client may say; the rest is the network's to say."""
    return EndpointSettings(
        ipam_config=given.ipam_config,
        links=given.links or None,
        aliases=given.aliases or None,
        mac_address=given.mac_address,
        driver_opts=given.driver_opts,
        gw_priority=given.gw_priority,
    )


def _with_mac_address(
    endpoints: dict[str, EndpointSettings], mode: str, mac_address: str
) -> dict[str, EndpointSettings]:
    main = endpoints.get(mode)
    if main is None or not mac_address or mode in ("host", "none"):
        return endpoints
    if main.mac_address and main.mac_address.lower() != mac_address.lower():
        raise InvalidParameter(
            "the container-wide MAC address must match the endpoint-specific MAC address "
            "for the main network, or be left empty"
        )
    return {**endpoints, mode: main.model_copy(update={"mac_address": mac_address})}


def check_endpoints(
    endpoints: Mapping[str, EndpointSettings], find: Callable[[str], KnownNetwork | None]
) -> None:
    """Raise what is wrong with the endpoints of a new container; a network need not exist yet."""
    refusals = [
        f"invalid config for network {name}: {listed(faults)}"
        for name, settings in endpoints.items()
        if (faults := endpoint_faults(name, settings, find(name)))
    ]
    if len(refusals) == 1:
        raise InvalidParameter(refusals[0])
    if refusals:
        raise InvalidParameter("\n".join(f"* {r}".replace("\n", "\n\t") for r in refusals))


def listed(faults: list[str]) -> str:
    """Faults as Go's joined errors: a bad MAC address stands alone, all others under one heading."""
    if faults[0].startswith("invalid MAC address"):
        return faults[0]
    items = faults if len(faults) == 1 else [f"* {fault}" for fault in faults]
    return "\n".join(["invalid endpoint settings:", *items])


def endpoint_faults(
    name: str, settings: EndpointSettings, network: KnownNetwork | None
) -> list[str]:
    """What is wrong with `settings` on the network called `name` (None: it does not exist yet)."""
    if settings.mac_address and not _MAC.fullmatch(settings.mac_address):
        return [f"invalid MAC address {settings.mac_address}"]
    return _faults(name, settings, network)


def _faults(name: str, settings: EndpointSettings, network: KnownNetwork | None) -> list[str]:
    faults = []
    wanted = settings.ipam_config
    addresses = [wanted.ipv4_address, wanted.ipv6_address] if wanted else []
    given = [address for address in addresses if address]
    if not is_user_defined(name):
        if settings.aliases and name != "default":
            faults.append(
                "network-scoped alias is supported only for containers in user defined networks"
            )
        if given:
            faults.append("user specified IP address is supported on user defined networks only")
    faults += _malformed(wanted.ipv4_address if wanted else "", 4)
    faults += _malformed(wanted.ipv6_address if wanted else "", 6)
    if given and network is not None:
        faults += _outside(given, network)
    return faults


def _malformed(address: str, version: int) -> list[str]:
    if not address:
        return []
    try:
        fits = ipaddress.ip_address(address).version == version
    except ValueError:
        fits = False
    return [] if fits else [f"invalid IPv{version} address: {address}"]


def _outside(addresses: list[str], network: KnownNetwork) -> list[str]:
    faults = []
    for address in addresses:
        version = 6 if ":" in address else 4
        if not network.has_configured_subnets or not any(
            subnet.version == version for subnet in network.subnets
        ):
            faults.append(
                "user specified IP address is supported only when connecting to networks "
                "with user configured subnets"
            )
        elif not _inside(address, network.subnets):
            faults.append(f"no configured subnet or ip-range contain the IP address {address}")
    return faults


def _inside(address: str, subnets: Sequence[Address]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in subnet for subnet in subnets if subnet.version == parsed.version)
