"""Docker Hub, played by the fake registry on a Unix socket of the daemon's own; started by the first who needs it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from aiohttp import web

from api_schema.reference import OFFICIAL_PREFIX
from fake_registry.app import create_app
from fake_registry.auth import Access, Bearer
from fake_registry.catalog.declarations import IMAGES
from fake_registry.catalog.store import CatalogStore
from fake_registry.errors import RegistryError
from fake_registry.limits import RateLimit
from fake_registry.registry import Registry


class HubAccess(Bearer):
    """Anybody may pull; who has logged in may push, but not among the official images."""

    def check(self, request: web.Request, access: Access) -> None:
        super().check(request, access)
        if access.name.startswith(OFFICIAL_PREFIX) and set(access.actions) & {"push", "delete"}:
            raise RegistryError("DENIED", detail=access.detail())


class Hub:
    """Whoever asks it for a name that it does not have is denied, as Docker Hub denies."""

    def __init__(
        self,
        folder: str,
        now: Callable[[], float],
        *,
        images: tuple[Path, ...] = (),
        unknown: Literal["refuse", "synthesize"] = "refuse",
    ) -> None:
        self.socket = str(Path(folder) / "hub.sock")
        self.registry = Registry(
            CatalogStore(folders=(IMAGES, *images), unknown=unknown),
            authorizer=HubAccess(None, now, service="registry.docker.io", anonymous_pull=True),
            unknown_name="DENIED",
        )
        self._now = now
        self._runner = web.AppRunner(create_app(self.registry), access_log=None)

    def limit_pulls(self, pulls: int | None) -> None:
        """From now on at most so many manifests per six hours; None lifts the limit."""
        self.registry.rate_limit = None if pulls is None else RateLimit(pulls, self._now)

    async def start(self) -> None:
        await self._runner.setup()
        await web.UnixSite(self._runner, self.socket).start()

    async def close(self) -> None:
        await self._runner.cleanup()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
