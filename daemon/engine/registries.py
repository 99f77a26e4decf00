"""Which registries a daemon speaks to, decided before any of them is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from daemon.clock import Clock

if TYPE_CHECKING:
    from daemon.engine.registry_client import RegistryClient
    from daemon.faults import Faults


@dataclass(frozen=True, slots=True)
class Registries:
    """`folder` is asked for when a socket is made in it, and not before."""

    folder: Callable[[], str]
    mirror: str | None = None
    """Asked first for Docker Hub's names."""
    insecure: tuple[str, ...] = ()
    catalog: tuple[Path, ...] = ()
    """Folders of image declarations beside our own."""
    unknown: Literal["refuse", "synthesize"] = "refuse"
    user_agent: str = "docker"
    faults: Faults | None = None

    def client(self, clock: Clock) -> RegistryClient:
        """Imports the HTTP client: a daemon without pulls never needs it."""
        from daemon.engine.registry_client import RegistryClient

        return RegistryClient(self, clock)
