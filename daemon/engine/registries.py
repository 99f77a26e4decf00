"""Which registries a daemon speaks to, decided before any of them is needed."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from daemon.clock import Clock

if TYPE_CHECKING:
    from daemon.engine.registry_client import RegistryClient
    from daemon.faults import Faults


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK = ("::1/128", "127.0.0.0/8")
CERTS = Path("/etc/docker/certs.d")


@dataclass(frozen=True, slots=True)
class InsecureRegistries:
    """Those that may speak plain HTTP, or TLS with anybody's certificate."""

    hosts: tuple[str, ...]
    networks: tuple[Network, ...]

    @classmethod
    def of(cls, entries: Iterable[str] = ()) -> InsecureRegistries:
        """Each is a network or a `host:port`, which dockerd also takes with a scheme before it."""
        hosts: list[str] = []
        networks: list[Network] = []
        for entry in (*entries, *LOOPBACK):
            name = entry.removeprefix("http://").removeprefix("https://")
            network = _network(name)
            if network is None:
                hosts.append(name)
            elif network not in networks:
                networks.append(network)
        return cls(tuple(hosts), tuple(networks))


def _network(entry: str) -> Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False) if "/" in entry else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Registries:
    """`folder` is asked for when a socket is made in it, and not before."""

    folder: Callable[[], str]
    mirror: str | None = None
    """Asked first for Docker Hub's names."""
    insecure: InsecureRegistries = field(default_factory=InsecureRegistries.of)
    certs: Path = CERTS
    """Has a folder for each `host:port` whose certificates are not everybody's."""
    catalog: tuple[Path, ...] = ()
    """Folders of image declarations beside our own."""
    unknown: Literal["refuse", "synthesize"] = "refuse"
    user_agent: str = "docker"
    faults: Faults | None = None

    def client(self, clock: Clock) -> RegistryClient:
        """Imports the HTTP client: a daemon without pulls never needs it."""
        from daemon.engine.registry_client import RegistryClient

        return RegistryClient(self, clock)
