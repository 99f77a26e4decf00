"""What the daemon says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.server.heads import PLAIN_TEXT
from daemon.server.replies import Raw, Reply
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon


_PING_HEADERS = {
    "Builder-Version": "2",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
    "Swarm": "inactive",
}
_PING = Raw(b"OK", PLAIN_TEXT, headers=_PING_HEADERS)


async def system_ping(request: Request, daemon: Daemon) -> Reply:
    return _PING


ROUTES = [
    Route("GET", "/_ping", system_ping),
    Route("HEAD", "/_ping", system_ping),
]
