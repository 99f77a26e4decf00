"""Ports as clients spell them: `80`, `80/tcp`, ranges, and what create refuses about bindings."""

import re
from collections.abc import Iterable

from api_schema.host_config import PortBinding
from daemon.errors import InvalidParameter

PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
LARGEST = 65535


def split_port(spec: str) -> tuple[str, str]:
    """Number (or range) and protocol; tcp if none is said."""
    number, _, protocol = spec.partition("/")
    return number, protocol or "tcp"


def parse_range(text: str) -> tuple[int, int] | None:
    """First and last port, or None for what is no range of ports."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return (first, last) if first <= last <= LARGEST else None


def normalised(spec: str) -> tuple[int, str]:
    """Number and protocol as the network driver understands them: what is no number is 0."""
    number, protocol = split_port(spec)
    known = int(number) if number.isdecimal() and int(number) <= LARGEST else 0
    return known, protocol.lower() if protocol.lower() in PROTOCOLS else "0"


def check_port_bindings(bindings: dict[str, list[PortBinding] | None] | None) -> None:
    for spec, places in (bindings or {}).items():
        number, _protocol = split_port(spec)
        if not number.isdecimal() or int(number) > LARGEST:
            raise InvalidParameter(f'invalid port specification: "{number}"')
        _check_host_ports(places or ())


def _check_host_ports(places: Iterable[PortBinding]) -> None:
    for place in places:
        if place.host_port and parse_range(place.host_port) is None:
            raise InvalidParameter(f'invalid port specification: "{place.host_port}"')
