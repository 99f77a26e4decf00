"""Where a registry name leads: mirrors first, HTTPS before HTTP, and HTTP only where Docker allows it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api_schema.reference import DEFAULT_DOMAIN
from daemon.engine.registry_client.trust import tls_of

if TYPE_CHECKING:
    from daemon.engine.registries import Registries

HUB_HOST = "registry-1.docker.io"
"""What Docker calls the registry behind docker.io; here a socket of the daemon's own."""

Resolve = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    scheme: str
    host: str
    mirror: bool = False
    hub: bool = False
    """Docker Hub itself, which the daemon plays: its socket takes plain HTTP, whatever the URL says."""
    tls: ssl.SSLContext | bool = True
    """How it proves who it is; False: it need not."""
    prefix: str = ""

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{self.prefix}"

    def wire(self, url: str) -> str:
        """What is really asked for when `url` is meant."""
        return url.replace("https://", "http://", 1) if self.hub else url


HUB = Endpoint("https", HUB_HOST, hub=True)


async def resolved(host: str) -> list[str]:
    """The addresses of a name; none if nobody knows it."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(address[0]) for *_, address in found]


class Endpoints:
    """Finds them in the order in which they are to be tried."""

    def __init__(
        self, registries: Registries, now: Callable[[], int], resolve: Resolve = resolved
    ) -> None:
        self._registries = registries
        self._now = now
        self._resolve = resolve

    async def for_pull(self, domain: str) -> list[Endpoint]:
        if domain == DEFAULT_DOMAIN:
            mirror = self._registries.mirror
            return [*([await self._mirror(mirror)] if mirror else []), HUB]
        return await self.for_push(domain)

    async def for_push(self, domain: str) -> list[Endpoint]:
        """The same without mirrors, which are read-only."""
        if domain in (DEFAULT_DOMAIN, HUB_HOST, "index.docker.io"):
            return [HUB]
        tls = await self._tls(domain)
        https = Endpoint("https", domain, tls=tls)
        return [https] if tls else [https, Endpoint("http", domain, tls=tls)]

    async def _mirror(self, url: str) -> Endpoint:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        tls = await self._tls(parts.netloc) if parts.scheme == "https" else False
        prefix = parts.path.rstrip("/")
        return Endpoint(parts.scheme, parts.netloc, mirror=True, tls=tls, prefix=prefix)

    async def _tls(self, domain: str) -> ssl.SSLContext | bool:
        if await self.is_insecure(domain):
            return False
        return tls_of(self._registries.certs / domain, self._now)

    async def is_insecure(self, domain: str) -> bool:
        """By its `host:port`, or by the network of one of its addresses: 127.0.0.0/8 and ::1 always are."""
        insecure = self._registries.insecure
        if domain in insecure.hosts:
            return True
        host = urlsplit(f"//{domain}").hostname or domain
        addresses = [host] if _is_address(host) else await self._resolve(host)
        return any(
            ipaddress.ip_address(address.partition("%")[0]) in network
            for address in addresses
            for network in insecure.networks
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
