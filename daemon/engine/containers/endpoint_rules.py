"""What create and connect refuse about the networks that a container is to join."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from api_schema.containers import ContainerConfig
from api_schema.endpoint_settings import (
    EndpointIPAMConfig,
    EndpointSettings,
    NetworkingConfig,
)
from daemon.engine.containers.modes import joins
from daemon.errors import InvalidParameter

_MAC = re.compile(
    r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2}(?:\1[0-9a-fA-F]{2})*)|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4})+"
)
_MAC_SIZES = (6, 8, 20)
_SYSCTLS = "com.docker.network.endpoint.sysctls"
_INTERFACE_SYSCTL = re.compile(r"[^.]*\.(ipv4|ipv6|mpls)\.[^.]*\.(IFNAME|ifname)\..*", re.DOTALL)
_PREDEFINED = frozenset({"bridge", "host", "none", "default"})
Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network


class KnownNetwork(Protocol):
    """What the rules need to know of a network that exists."""

    id: str
    name: str

    @property
    def configured_subnets(self) -> Sequence[Subnet]: ...


def is_user_defined(mode: str) -> bool:
    return mode not in _PREDEFINED and not joins(mode)


def wanted_endpoints(
    config: ContainerConfig, mode: str, networking: NetworkingConfig | None
) -> dict[str, EndpointSettings]:
    """By network name, what the container is to join; the old container-wide MAC address put in its place."""
    asked = (networking.endpoints_config if networking else None) or {}
    for name, settings in asked.items():
        if settings is None:
            raise InvalidParameter(f"invalid config for network {name}: EndpointsConfig is nil")
    endpoints = {_known(name): _configured(given) for name, given in asked.items() if given}
    if not endpoints:
        endpoints = {mode: EndpointSettings()}
    return _with_mac_address(endpoints, mode, config.mac_address)


def joined_endpoints(
    endpoints: dict[str, EndpointSettings],
    config: ContainerConfig,
    mode: str,
    find: Callable[[str], KnownNetwork | None],
) -> dict[str, EndpointSettings]:
    """Those that there will be, under the name of the network that the mode names by its id."""
    if joins(mode) or config.network_disabled:
        return {}
    main = find(mode)
    if main is None:
        return endpoints
    keys = (mode, main.id) if main.name not in endpoints else ()
    return {main.name if key in keys else key: given for key, given in endpoints.items()}


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
    if settings.mac_address and not _is_mac_address(settings.mac_address):
        return [f"invalid MAC address {settings.mac_address}"]
    wanted = settings.ipam_config or EndpointIPAMConfig()
    faults = [] if is_user_defined(name) else _only_user_defined(name, settings, wanted)
    faults += _malformed(wanted)
    if network is not None:
        faults += _outside(wanted, network.configured_subnets)
    return faults + _unknown_sysctls(settings.driver_opts or {})


def _is_mac_address(text: str) -> bool:
    """As Go's net.ParseMAC: 6, 8 or 20 bytes, by one or by two."""
    if not _MAC.fullmatch(text):
        return False
    return len(re.sub(r"[:.-]", "", text)) // 2 in _MAC_SIZES


def _only_user_defined(
    name: str, settings: EndpointSettings, wanted: EndpointIPAMConfig
) -> list[str]:
    faults = []
    if wanted.ipv4_address or wanted.ipv6_address:
        faults.append("user specified IP address is supported on user defined networks only")
    if settings.aliases and name != "default":
        faults.append(
            "network-scoped alias is supported only for containers in user defined networks"
        )
    return faults


def _malformed(wanted: EndpointIPAMConfig) -> list[str]:
    faults = []
    for version, text in ((4, wanted.ipv4_address), (6, wanted.ipv6_address)):
        address = _parsed(text)
        if text and (address is None or address.version != version or address.is_unspecified):
            faults.append(f"invalid IPv{version} address: {text}")
    for text in wanted.link_local_ips or []:
        address = _parsed(text)
        if address is None or address.is_unspecified:
            faults.append(f"invalid link-local IP address: {text}")
    return faults


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _outside(wanted: EndpointIPAMConfig, subnets: Sequence[Subnet]) -> list[str]:
    faults = []
    for version, text in ((4, wanted.ipv4_address), (6, wanted.ipv6_address)):
        configured = [subnet for subnet in subnets if subnet.version == version]
        address = _parsed(text)
        if not text or (address and any(address in subnet for subnet in configured)):
            continue
        faults.append(
            f"no configured subnet or ip-range contain the IP address {text}"
            if configured
            else "user specified IP address is supported only when connecting to networks "
            "with user configured subnets"
        )
    return faults


def _unknown_sysctls(options: Mapping[str, str]) -> list[str]:
    asked = options.get(_SYSCTLS)
    return [
        f"unrecognised network interface sysctl '{sysctl}'; represent 'net.X.Y.ethN.Z=V' as "
        "'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'"
        for sysctl in (asked.split(",") if asked is not None else ())
        if not _INTERFACE_SYSCTL.fullmatch(sysctl)
    ]
