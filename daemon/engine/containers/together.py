"""Which networks one container may be on together."""

from collections.abc import Iterable

from daemon.engine.networks import Network
from daemon.errors import InvalidParameter

SHARED = "container sharing network namespace with another container or host cannot be connected to any other network"
_TO_HOST = (
    "cannot connect container to host network - container must be created in host network mode"
)
_WITH_NONE = "container cannot be connected to multiple networks with one of the networks in private (none) mode"


def check_together(mode: str, network: Network, others: Iterable[Network]) -> None:
    """Refuse, in dockerd's words, a network to a container of this mode that is on the others."""
    if network.driver == "host" and mode != "host":
        raise InvalidParameter(_TO_HOST)
    for other in others:
        if "host" in (other.driver, network.driver):
            raise InvalidParameter(SHARED)
        if "none" in (other.name, network.name):
            raise InvalidParameter(_WITH_NONE)
