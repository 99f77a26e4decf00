"""What dockerd refuses of a network that is to be created, in its words and its order."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from api_schema.networks import IPAMConfig, NetworkCreateRequest
from daemon.engine.networks.ipam import IPAddress, IPNetwork
from daemon.errors import DockerError, Forbidden, InvalidParameter, NotFound, System

PREDEFINED = ("bridge", "host", "none", "default")
DRIVERS = ("bridge", "host", "null", "ipvlan", "macvlan")
NOT_A_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect '
    "this node to swarm and try again."
)

_BOOLEANS = frozenset({"1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"})  # fmt: skip
_BRIDGE_NAME_LIMIT = 15
_GATEWAY_MODES = ("nat", "nat-unprotected", "routed", "isolated")
_INTEGER = re.compile(r"[+-]?\d+")


def check_request(request: NetworkCreateRequest) -> None:
    """All that can be said of a request without looking at other networks."""
    if not request.name:
        raise InvalidParameter("invalid name: name is empty")
    if request.name in PREDEFINED:
        raise Forbidden(f"operation is not permitted on predefined {request.name} network ")
    if request.driver == "overlay":
        raise Forbidden(NOT_A_MANAGER)
    if request.scope == "swarm":
        raise Forbidden("cannot create a swarm scoped network when swarm is not active")
    check_ipam(request)
    if request.enable_ipv4 is False and not request.enable_ipv6:
        raise InvalidParameter("IPv4 or IPv6 must be enabled")


def check_kind(request: NetworkCreateRequest) -> None:
    """Ingress and configuration-only networks."""
    if request.ingress:
        raise Forbidden("Ingress network can only be global scope network")
    depends = bool(request.config_from and request.config_from.network)
    if depends and not request.config_only:
        _check_dependent(request)
    if not request.config_only:
        return
    if depends:
        raise Forbidden("a configuration network cannot depend on another configuration network")
    if request.internal or request.attachable or request.scope:
        raise Forbidden(
            "configuration network can only contain network specific fields. Network operator fields like "
            "[ ingress | internal | attachable | scope ] are not supported."
        )


def _check_dependent(request: NetworkCreateRequest) -> None:
    """A network that takes its configuration from another brings none of its own."""
    ipam = request.ipam
    own_ipam = ipam and (ipam.config or ipam.options or ipam.driver not in ("", "default"))
    depending = "if the network depends on a configuration network"
    if own_ipam or request.labels or request.enable_ipv6:
        raise Forbidden(f"user specified configurations are not supported {depending}")
    if request.options:
        raise Forbidden(f"network driver options are not supported {depending}")


def check_driver(request: NetworkCreateRequest) -> None:
    """The driver exists, may have another network, and understands the options."""
    driver = request.driver
    if driver not in DRIVERS:
        raise NotFound(f'plugin "{driver}" not found')
    if driver in ("host", "null"):
        raise Forbidden(f'only one instance of "{driver}" network is allowed')
    if request.ipam and request.ipam.driver not in ("", "default", "null"):
        raise NotFound(f'plugin "{request.ipam.driver}" not found')
    if request.ipam and request.ipam.driver == "null":
        raise InvalidParameter("ipv4 pool is empty")
    options = request.options or {}
    if driver == "bridge":
        _check_bridge_options(options)
    else:
        _check_vlan_options(driver, options)


# Options of the bridge driver: what their values must be.
def _boolean(value: str) -> str:
    if value in _BOOLEANS:
        return ""
    return f'strconv.ParseBool: parsing "{value}": invalid syntax'


def _integer(value: str) -> str:
    return "" if _INTEGER.fullmatch(value) else f'strconv.Atoi: parsing "{value}": invalid syntax'


def _gateway_mode(value: str) -> str:
    return "" if value in ("", *_GATEWAY_MODES) else f"unknown gateway mode {value}"


BRIDGE_OPTIONS: dict[str, Callable[[str], str]] = {
    "com.docker.network.bridge.enable_icc": _boolean,
    "com.docker.network.bridge.enable_ip_masquerade": _boolean,
    "com.docker.network.bridge.inhibit_ipv4": _boolean,
    "com.docker.network.bridge.gateway_mode_ipv4": _gateway_mode,
    "com.docker.network.bridge.gateway_mode_ipv6": _gateway_mode,
    "com.docker.network.driver.mtu": _integer,
}


def _check_bridge_options(options: dict[str, str]) -> None:
    for name, value in options.items():
        fault = BRIDGE_OPTIONS[name](value) if name in BRIDGE_OPTIONS else ""
        if fault:
            raise InvalidParameter(f"failed to parse {name} value: {value} ({fault})")
    if len(options.get("com.docker.network.bridge.name", "")) > _BRIDGE_NAME_LIMIT:
        raise System("numerical result out of range")


# What the simulated host has, and `eth0.10` made on it.
_PARENT = re.compile(r"eth0(\.\d+)?|lo|docker0")
_VLAN_MODES = {
    "ipvlan": (("l2", "l3", "l3s"), "l2"),
    "macvlan": (("private", "vepa", "bridge", "passthru"), "bridge"),
}


def _check_vlan_options(driver: str, options: dict[str, str]) -> None:
    modes, default = _VLAN_MODES[driver]
    mode = options.get(f"{driver}_mode", "")
    if mode and mode not in modes:
        raise System(
            f"requested {driver} mode '{mode}' is not valid, '{default}' mode is the {driver} driver default"
        )
    parent = options.get("parent", "")
    if parent and "." not in parent and not _PARENT.fullmatch(parent):
        raise System(f"invalid subinterface vlan name {parent}, example formatting is eth0.10")


# IPAM.


def check_ipam(request: NetworkCreateRequest) -> None:
    """Every fault of every pool, listed as Go's errors are joined."""
    if request.ipam is None:
        return
    faults = [
        fault
        for config in request.ipam.config or []
        for fault in _pool_faults(config, bool(request.enable_ipv6))
    ]
    if faults:
        raise InvalidParameter("invalid network config:\n" + joined(faults))


def joined(faults: list[str]) -> str:
    """One fault as it is, several as a list."""
    return faults[0] if len(faults) == 1 else "\n".join(f"* {fault}" for fault in faults)


def _pool_faults(config: IPAMConfig, enable_ipv6: bool) -> Iterator[str]:
    subnet = parse_network(config.subnet)
    if subnet is None:
        yield f"invalid subnet {config.subnet}: invalid CIDR block notation"
        return
    if subnet.version == 6 and not enable_ipv6:
        return
    if str(subnet) != config.subnet and _has_host_bits(config.subnet):
        yield f"invalid subnet {config.subnet}: it should be {subnet}"
    if config.ip_range:
        yield from _range_faults(config.ip_range, subnet)
    if config.gateway and (fault := _address_fault(config.gateway, subnet)):
        yield f"invalid gateway {config.gateway}: {fault}"
    for name, address in (config.aux_address or {}).items():
        if fault := _address_fault(address, subnet):
            yield f"invalid auxiliary address {name}: {fault}"


def _range_faults(text: str, subnet: IPNetwork) -> Iterator[str]:
    found = parse_network(text)
    if found is None:
        yield f"invalid ip-range {text}: invalid CIDR block notation"
        return
    if found.version != subnet.version:
        yield f"invalid ip-range {text}: parent subnet is an IPv{subnet.version} block"
        return
    if found.prefixlen < subnet.prefixlen:
        yield f"invalid ip-range {text}: CIDR block is bigger than its parent subnet {subnet}"
    if _has_host_bits(text):
        yield f"invalid ip-range {text}: it should be {found}"
    if not subnet.overlaps(found):
        yield f"invalid ip-range {text}: parent subnet {subnet} doesn't contain ip-range"


def _address_fault(text: str, subnet: IPNetwork) -> str:
    address = parse_address(text)
    if address is None:
        return "invalid address"
    if address.version != subnet.version:
        return f"parent subnet is an IPv{subnet.version} block"
    return "" if address in subnet else f"parent subnet {subnet} doesn't contain this address"


def parse_network(text: str) -> IPNetwork | None:
    """A CIDR block, host bits allowed; None if it is none."""
    if "/" not in text or not text.rpartition("/")[2].isdecimal():
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def parse_address(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _has_host_bits(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return True
    return False


def prefixed(prefix: str, error: DockerError) -> DockerError:
    """The same kind of error with more in front of it."""
    return type(error)(f"{prefix}{error}")
