"""What the bridge driver refuses of a network, in its words and its order."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

from daemon.engine.networks.network import Network
from daemon.engine.networks.parsing import FALSE, TRUE, parse_address
from daemon.errors import Forbidden, InvalidParameter, System

NAME = "com.docker.network.bridge.name"
_MTU = "com.docker.network.driver.mtu"
_INHIBIT = "com.docker.network.bridge.inhibit_ipv4"
_GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv"
_GATEWAY_MODES = ("nat", "nat-unprotected", "routed", "isolated")
_INTEGER = re.compile(r"[+-]?\d+")
_LINK_LOCAL = ipaddress.ip_network("fe80::/64")
_NAME_LIMIT = 15
_MTU_RANGE = range(68, 65536)


def _boolean(value: str) -> str:
    return (
        ""
        if value in TRUE or value in FALSE
        else f'strconv.ParseBool: parsing "{value}": invalid syntax'
    )


def _integer(value: str) -> str:
    if not _INTEGER.fullmatch(value):
        return f'strconv.Atoi: parsing "{value}": invalid syntax'
    fits = -(2**63) <= int(value) < 2**63
    return "" if fits else f'strconv.Atoi: parsing "{value}": value out of range'


def _gateway_mode(value: str) -> str:
    return "" if value in ("", *_GATEWAY_MODES) else f"unknown gateway mode {value}"


def _address(value: str) -> str:
    return "nil ip" if parse_address(value) is None else ""


OPTIONS: dict[str, Callable[[str], str]] = {
    _MTU: _integer,
    "com.docker.network.enable_ipv4": _boolean,
    "com.docker.network.enable_ipv6": _boolean,
    "com.docker.network.bridge.enable_ip_masquerade": _boolean,
    "com.docker.network.bridge.gateway_mode_ipv4": _gateway_mode,
    "com.docker.network.bridge.gateway_mode_ipv6": _gateway_mode,
    "com.docker.network.bridge.enable_icc": _boolean,
    _INHIBIT: _boolean,
    "com.docker.network.bridge.default_bridge": _boolean,
    "com.docker.network.bridge.host_binding_ipv4": _address,
    "com.docker.network.host_ipv4": _address,
    "com.docker.network.host_ipv6": _address,
}
"""What is wrong with a value of an option; other options may have any."""


def check_options(network: Network) -> None:
    """What can be said before there are addresses."""
    for name, value in network.options.items():
        fault = OPTIONS[name](value) if name in OPTIONS else ""
        if fault:
            raise InvalidParameter(f"failed to parse {name} value: {value} ({fault})")
    if not network.internal and any(_is_isolated(network, version) for version in (4, 6)):
        raise System("gateway mode 'isolated' can only be used for an internal network")


def without_gateway(network: Network) -> frozenset[int]:
    """Nobody would use the gateway of an isolated network, nor one that the bridge does not have."""
    versions = {version for version in (4, 6) if _is_isolated(network, version)}
    if network.internal and network.options.get(_INHIBIT) in TRUE:
        versions.add(4)
    return frozenset(versions)


def _is_isolated(network: Network, version: int) -> bool:
    return network.options.get(f"{_GATEWAY_MODE}{version}") == "isolated"


def check_made(network: Network, others: Iterable[Network]) -> None:
    """What can be said once the addresses are known, among the other networks."""
    if not network.enable_ipv4 and not network.enable_ipv6:
        raise InvalidParameter("IPv4 or IPv6 must be enabled")
    versions = [pool.version for pool in network.pools]
    if len(set(versions)) < len(versions):
        raise Forbidden("bridge driver doesn't support multiple subnets")
    mtu = int(network.options.get(_MTU, "0"))
    if mtu < 0:
        raise InvalidParameter(f"invalid MTU number: {mtu}")
    _check_version6(network)
    for other in others:
        if other.driver == "bridge" and (reason := _conflict(network, other)):
            raise Forbidden(
                f"cannot create network {network.id} ({bridge_name(network)}): conflicts with network "
                f"{other.id} ({bridge_name(other)}): {reason}"
            )
    _check_device(network, mtu)


def _check_version6(network: Network) -> None:
    pool = network.pool(6)
    if pool is None:
        return
    if pool.subnet.is_multicast:
        raise InvalidParameter(f"multicast subnet '{pool.interface}' is not allowed")
    if pool.subnet != _LINK_LOCAL and pool.subnet.overlaps(_LINK_LOCAL):
        raise InvalidParameter(
            f"'{pool.interface}' clashes with the Link-Local prefix '{_LINK_LOCAL}'"
        )


def _conflict(network: Network, other: Network) -> str:
    if bridge_name(network) == bridge_name(other):
        return "networks have same bridge name"
    for version in (4, 6):
        one, two = network.pool(version), other.pool(version)
        if one and two and (one.interface.ip in two.subnet or two.interface.ip in one.subnet):
            return f"networks have overlapping IPv{version}"
    return ""


def bridge_name(network: Network) -> str:
    return network.options.get(NAME) or f"br-{network.id[:12]}"


def _check_device(network: Network, mtu: int) -> None:
    """What Linux says of the name and the MTU of a device."""
    name = bridge_name(network)
    if len(name) > _NAME_LIMIT:
        raise System("numerical result out of range")
    if name in (".", "..") or re.search(r"[/:\s]", name) or (mtu and mtu not in _MTU_RANGE):
        raise System("invalid argument")
