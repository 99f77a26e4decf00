"""Where a registry name leads: mirrors first, HTTPS before HTTP, and HTTP only where Docker allows it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from api_schema.reference import DEFAULT_DOMAIN

HUB_HOST = "registry-1.docker.io"
"""What Docker calls the registry behind docker.io; here a socket of the daemon's own."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    scheme: str
    host: str
    mirror: bool = False
    hub: bool = False
    """Docker Hub itself, which the daemon plays: its socket takes plain HTTP, whatever the URL says."""
    verify_tls: bool = True
    prefix: str = ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.prefix}"

    def wire(self, url: str) -> str:
        """What is really asked for when `url` is meant."""
        return url.replace("https://", "http://", 1) if self.hub else url


HUB = Endpoint("https", HUB_HOST, hub=True)


def pull_endpoints(domain: str, mirror: str | None, insecure: Iterable[str]) -> list[Endpoint]:
    """In the order in which they are tried."""
    if domain == DEFAULT_DOMAIN:
        return [*([_mirror(mirror)] if mirror else []), HUB]
    return push_endpoints(domain, insecure)


def push_endpoints(domain: str, insecure: Iterable[str]) -> list[Endpoint]:
    """The same without mirrors, which are read-only."""
    if domain in (DEFAULT_DOMAIN, HUB_HOST, "index.docker.io"):
        return [HUB]
    if is_insecure(domain, insecure):
        return [Endpoint("https", domain, verify_tls=False), Endpoint("http", domain)]
    return [Endpoint("https", domain)]


def _mirror(url: str) -> Endpoint:
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return Endpoint(parts.scheme, parts.netloc, mirror=True, prefix=parts.path.rstrip("/"))


def is_insecure(domain: str, insecure: Iterable[str]) -> bool:
    """127.0.0.0/8, ::1 and localhost always are; others by host, host:port or network."""
    host = urlsplit(f"//{domain}").hostname or domain
    address = _address("127.0.0.1" if host == "localhost" else host)
    if address is not None and address.is_loopback:
        return True
    return any(_covers(entry, domain, host, address) for entry in insecure)


def _covers(
    entry: str,
    domain: str,
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
) -> bool:
    if entry in (domain, host):
        return True
    if "/" not in entry or address is None:
        return False
    try:
        return address in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
