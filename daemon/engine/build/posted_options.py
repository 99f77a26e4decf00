"""What `POST /build` asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Output:
    """Where BuildKit is to put the result; nowhere given is an image."""

    type: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PostedOptions:
    """The query of a build, for either builder."""

    dockerfile: str = "Dockerfile"
    tags: Sequence[str] = ()
    args: Mapping[str, str] = field(default_factory=dict)
    unset_args: frozenset[str] = frozenset()
    """Build arguments without a value, as the CLI sends those whose variable it does not have."""
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    no_cache: bool = False
    pull: bool = False
    remove: bool = True
    force_remove: bool = False
    quiet: bool = False
    cache_from: Sequence[str] | None = None
    """Images that may serve as cache, and then only they; None for all that is here."""
    platform: str = ""
    host_config: Mapping[str, object] = field(default_factory=dict)
    """Members of a HostConfig for the containers of RUN: memory, network mode, extra hosts."""
    aux: bool = True
    """Whether the stream tells ids for programs, too."""
    outputs: Sequence[Output] = ()
    remote: str = ""
    session: str = ""
    build_id: str = ""
