"""What may be chosen when a daemon is started."""

from dataclasses import dataclass, field
from typing import Literal

from daemon.profile import ENGINE_28, Profile


@dataclass(slots=True)
class Config:
    """Everything has a default: `Config()` is a whole daemon."""

    hosts: list[str] = field(default_factory=list)
    """`unix:///path` or `tcp://address:port`; empty: a socket in a private folder that goes away at the end."""
    seed: int | None = None
    profile: Profile = ENGINE_28
    publish_host: str = ""
    """Where published ports listen instead of Docker's 0.0.0.0; empty: as Docker does."""
    bind_mounts: str = "live"
    """`live` both ways, `copy` once at create, or `off`."""
    allow_bind: list[str] = field(default_factory=list)
    """Host folders that a client over TCP may bind; a client on a Unix socket may bind anything."""
    allow_remote: bool = False
    allow_egress: bool = False
    forward: list[str] = field(default_factory=list)
    """`IMAGE:PORT=HOST:PORT`: a real server that stands in for a port of every container of an image."""
    registry_mirror: str | None = None
    """A registry that serves Docker Hub's names; None: the fake registry."""
    insecure_registries: list[str] = field(default_factory=list)
    """`host:port` or network: plain HTTP will do there, and so will any certificate."""
    certs_dir: str = "/etc/docker/certs.d"
    """`HOST:PORT/*.crt` are the authorities that a registry's certificate may come from."""
    images: list[str] = field(default_factory=list)
    """Folders of further image declarations (see fake_registry/catalog/declarations.py); the last one wins."""
    unknown_images: Literal["refuse", "synthesize"] = "refuse"
    """What becomes of a Docker Hub name that is not declared: refused as by Docker Hub, or made up."""
    pull_rate: int | None = None
    """Bytes a second and layer, for those who want to see progress bars; None: as fast as it goes."""
    default_address_pools: list[tuple[str, int]] = field(default_factory=list)
    """Pools for user networks, as (`10.0.0.0/8`, 24); empty: Docker's own."""
    labels: dict[str, str] = field(default_factory=dict)
    name: str = "mockerd"
    """The host name that /info reports."""
    debug: bool = False
