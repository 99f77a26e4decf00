"""What every handler of the registry is given: the store and the policies in force."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from fake_registry.auth import Anonymous, Authorizer
from fake_registry.limits import RateLimit
from fake_registry.store import Store


def numbered_ids(seed: str = "upload") -> Callable[[], str]:
    """Ids in UUID form, the same ones in every run: an upload id is a name, not a secret."""
    counter = itertools.count()

    def draw() -> str:
        digits = hashlib.sha256(f"{seed} {next(counter)}".encode()).hexdigest()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))

    return draw


@dataclass
class Registry:
    store: Store
    authorizer: Authorizer = field(default_factory=Anonymous)
    read_only: bool = False
    rate_limit: RateLimit | None = None
    unknown_name: str = "NAME_UNKNOWN"
    """The code for a repository that does not exist; Docker Hub says DENIED, so that private names stay hidden."""
    new_upload: Callable[[], str] = field(default_factory=numbered_ids)


@dataclass(frozen=True)
class Call:
    """One request, already matched and authorized."""

    registry: Registry
    request: web.Request
    name: str
    target: str = ""
    """The digest, tag or upload id at the end of the path."""

    @property
    def store(self) -> Store:
        return self.registry.store

    def path(self, tail: str) -> str:
        return f"/v2/{self.name}/{tail}"


Handler = Callable[[Call], Awaitable[web.StreamResponse]]
