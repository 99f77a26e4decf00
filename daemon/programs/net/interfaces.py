"""What ip, ifconfig, route and netstat know about the container's network."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from daemon.process.net import Interface
from daemon.process.process import Process


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the kernel's IPv4 table; the default route has a gateway."""

    network: IPv4Network
    device: str
    source: str
    gateway: str = ""


def numbered(proc: Process) -> list[tuple[int, Interface]]:
    """The interfaces with their index, the loopback first."""
    return list(enumerate(proc.net.interfaces.values(), 1))


def routes(proc: Process, *, default_last: bool = False) -> list[Route]:
    """The routes that Docker sets up: one default, and each interface's own network."""
    own: list[Route] = []
    default: list[Route] = []
    for _, link in numbered(proc):
        for address in link.addresses:
            if address.version == 4 and link.name != "lo":
                own.append(Route(address.network, link.name, str(address.ip)))
                if link is proc.net.way_out:
                    everywhere = IPv4Network("0.0.0.0/0")
                    default = [Route(everywhere, link.name, str(address.ip), link.gateway)]
    own.sort(key=lambda route: route.network)
    return own + default if default_last else default + own
