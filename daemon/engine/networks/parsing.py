"""Subnets, addresses and truths as Go reads them."""

from __future__ import annotations

import ipaddress
import re

from daemon.engine.networks.ipam import IPAddress, IPNetwork
from daemon.errors import System

TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
"""What strconv.ParseBool takes."""

_BITS = re.compile(r"0|[1-9]\d{0,2}", re.ASCII)


def parse_network(text: str) -> IPNetwork | None:
    """A CIDR block, host bits allowed; None if it is none."""
    if "%" in text or not _BITS.fullmatch(text.rpartition("/")[2]) or "/" not in text:
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def parse_address(text: str) -> IPAddress | None:
    """An address; None if it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def parse_link(spec: str) -> tuple[str, str]:
    """`container:alias`, or the container's own name as its alias."""
    if not spec:
        raise System("empty string specified for links")
    parts = spec.split(":")
    if len(parts) > 2:
        raise System(f"bad format for links: {spec}")
    return parts[0], parts[-1]


def has_host_bits(text: str) -> bool:
    """Is it more than the subnet that a CIDR block names?"""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return True
    return False


def written(text: str) -> str:
    """A CIDR block as Go writes it, host bits kept."""
    return str(ipaddress.ip_interface(text))
