"""What may be chosen when a daemon is started."""

from dataclasses import dataclass, field

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
    registry_mirror: str | None = None
    """A registry that serves Docker Hub's names; None: the fake registry."""
    insecure_registries: list[str] = field(default_factory=list)
    default_address_pools: list[tuple[str, int]] = field(default_factory=list)
    """Pools for user networks, as (`10.0.0.0/8`, 24); empty: Docker's own."""
    labels: dict[str, str] = field(default_factory=dict)
    name: str = "mockerd"
    """The host name that /info reports."""
    debug: bool = False
