"""What the daemon says of itself, and the stream of what happens in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from daemon.engine.system import event_message
from daemon.errors import System
from daemon.events import Event, check_period
from daemon.server import codec
from daemon.server.heads import PLAIN_TEXT
from daemon.server.replies import Json, Raw, Reply, Stream
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

_PING = Raw(
    b"OK",
    PLAIN_TEXT,
    headers={
        "Builder-Version": "2",
        "Cache-Control": "no-cache, no-store, must-revalidate",
        "Pragma": "no-cache",
        "Swarm": "inactive",
    },
)


async def system_ping(request: Request, daemon: Daemon) -> Reply:
    return _PING


async def system_version(request: Request, daemon: Daemon) -> Reply:
    return Raw(daemon.system.version_body)


async def system_info(request: Request, daemon: Daemon) -> Reply:
    return Json(daemon.system.info())


async def system_events(request: Request, daemon: Daemon) -> Reply:
    try:
        since, until = check_period(request.query.get("since"), request.query.get("until"))
    except ValueError as error:
        raise System(str(error)) from None
    filters = request.query.filters(None)
    return Stream(_rendered(daemon.events.stream(since, until, filters), request))


async def _rendered(events: AsyncIterator[Event], request: Request) -> AsyncIterator[bytes]:
    async for event in events:
        yield codec.marshalled(event_message(event), request.version)


ROUTES = [
    Route("GET", "/_ping", system_ping),
    Route("HEAD", "/_ping", system_ping),
    Route("GET", "/version", system_version),
    Route("GET", "/info", system_info),
    Route("GET", "/events", system_events),
]
