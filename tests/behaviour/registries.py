"""A registry on a port of this host, for tests that need one that is not the daemon's own."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from fake_registry.app import create_app
from fake_registry.catalog.store import CatalogStore
from fake_registry.registry import Registry
from fake_registry.store import Store


@asynccontextmanager
async def a_registry(
    store: Store | None = None, tls: ssl.SSLContext | None = None, **policies: Any
) -> AsyncIterator[str]:
    """Yields `127.0.0.1:port`; it has the sample images unless it has a store of its own, and these policies."""
    runner = web.AppRunner(create_app(Registry(store or CatalogStore(), **policies)))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
