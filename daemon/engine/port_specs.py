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


def read_range(text: str) -> range:
    """The ports of `80` or `80-90`; ValueError with the words of Docker's library for ports."""
    if not text:
        raise ValueError("Empty string specified for ports.")
    first, dash, last = text.partition("-")
    start = _port(first)
    end = _port(last) if dash else start
    if end < start:
        raise ValueError(f"Invalid range specified for the Port: {text}")
    return range(start, end + 1)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    if int(text) > LARGEST:
        raise ValueError(f'strconv.ParseUint: parsing "{text}": value out of range')
    return int(text)


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
