"""What dockerd refuses of a network that is to be created, in its words and its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from api_schema.networks import IPAM, IPAMConfig, NetworkCreateRequest
from daemon.engine.networks.ipam import IPNetwork
from daemon.engine.networks.parsing import (
    FALSE,
    TRUE,
    has_host_bits,
    parse_address,
    parse_network,
    written,
)
from daemon.errors import Forbidden, InvalidParameter, NotFound

PREDEFINED = ("bridge", "host", "none", "default")
DRIVERS = ("bridge", "host", "null", "ipvlan", "macvlan")
NOT_A_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect '
    "this node to swarm and try again."
)


def check_request(request: NetworkCreateRequest) -> None:
    """All that can be said of a request without looking at other networks."""
    if request.name in PREDEFINED:
        raise Forbidden(f"operation is not permitted on predefined {request.name} network ")
    if request.driver == "overlay":
        raise Forbidden(NOT_A_MANAGER)
    _ipv4, ipv6 = families(request)
    check_ipam(request, enable_ipv6=ipv6)
    if not request.name.strip():
        raise InvalidParameter("invalid name: name is empty")


def check_kind(request: NetworkCreateRequest) -> None:
    """Networks that are nothing but a configuration, and those that are made from one."""
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
    if own_ipam or request.labels or families(request) != (True, False):
        raise Forbidden(f"user specified configurations are not supported {depending}")
    if request.options:
        raise Forbidden(f"network driver options are not supported {depending}")


def check_driver(request: NetworkCreateRequest) -> None:
    """The driver exists, and may have another network of this kind."""
    if request.driver not in DRIVERS:
        raise NotFound(f'plugin "{request.driver}" not found')
    if request.ingress:
        raise Forbidden("Ingress network can only be global scope network")
    if request.driver in ("host", "null"):
        raise Forbidden(f'only one instance of "{request.driver}" network is allowed')
    if request.scope == "swarm":
        raise Forbidden("cannot create a swarm scoped network when swarm is not active")


def check_address_manager(ipam: IPAM, versions: Iterable[int]) -> None:
    """Docker's own manages addresses; the one called null has none to give, which no driver here can use."""
    if ipam.driver in ("", "default"):
        return
    if ipam.driver != "null":
        raise NotFound(f'plugin "{ipam.driver}" not found')
    subnets = [subnet for config in ipam.config or [] if (subnet := parse_network(config.subnet))]
    for version in versions:
        if any(subnet.version == version for subnet in subnets):
            raise InvalidParameter(
                "null ipam driver does not handle specific address pool requests"
            )
        raise InvalidParameter(f"ipv{version} pool is empty")


def families(request: NetworkCreateRequest) -> tuple[bool, bool]:
    """Is there to be IPv4, is there to be IPv6? By their fields, else by driver options."""
    options = request.options or {}
    return (
        _family(request.enable_ipv4, options, "com.docker.network.enable_ipv4", default=True),
        _family(request.enable_ipv6, options, "com.docker.network.enable_ipv6", default=False),
    )


def _family(field: bool | None, options: dict[str, str], option: str, *, default: bool) -> bool:
    if field is not None or option not in options:
        return default if field is None else field
    if options[option] not in (*TRUE, *FALSE):
        raise InvalidParameter(f'driver-opt "{option}" is not a valid bool')
    return options[option] in TRUE


def check_ipam(request: NetworkCreateRequest, *, enable_ipv6: bool) -> None:
    """Every fault of every pool, listed as Go's errors are joined."""
    if request.ipam is None:
        return
    faults = [
        fault for config in request.ipam.config or [] for fault in _pool_faults(config, enable_ipv6)
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
    shown = written(config.subnet)
    if has_host_bits(config.subnet):
        yield f"invalid subnet {shown}: it should be {subnet}"
    if config.ip_range:
        yield from _range_faults(config.ip_range, subnet, shown)
    if config.gateway and (fault := _address_fault(config.gateway, subnet, shown)):
        yield f"invalid gateway {config.gateway}: {fault}"
    for name, address in (config.aux_address or {}).items():
        if address and (fault := _address_fault(address, subnet, shown)):
            yield f"invalid auxiliary address {name}: {fault}"


def _range_faults(text: str, subnet: IPNetwork, shown: str) -> Iterator[str]:
    found = parse_network(text)
    if found is None:
        yield f"invalid ip-range {text}: invalid CIDR block notation"
        return
    if found.version != subnet.version:
        yield f"invalid ip-range {text}: parent subnet is an IPv{subnet.version} block"
        return
    if found.prefixlen < subnet.prefixlen:
        yield f"invalid ip-range {text}: CIDR block is bigger than its parent subnet {shown}"
    if has_host_bits(text):
        yield f"invalid ip-range {written(text)}: it should be {found}"
    if not subnet.overlaps(found):
        yield f"invalid ip-range {text}: parent subnet {shown} doesn't contain ip-range"


def _address_fault(text: str, subnet: IPNetwork, shown: str) -> str:
    address = parse_address(text)
    if address is None:
        return "invalid address"
    if address.version != subnet.version:
        return f"parent subnet is an IPv{subnet.version} block"
    return "" if address in subnet else f"parent subnet {shown} doesn't contain this address"
