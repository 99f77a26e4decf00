"""Swarm, on a node that is in none: every question is answered as such a node answers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schema.swarm import SwarmInitRequest, SwarmJoinRequest
from daemon.engine.networks.parsing import parse_address
from daemon.engine.networks.rules import NOT_A_MANAGER
from daemon.errors import InvalidParameter, System, Unavailable, Unsupported
from daemon.server.replies import Reply
from daemon.server.request import Request
from daemon.server.routing import Handler, Route

if TYPE_CHECKING:
    from daemon.app import Daemon

# Method and path of everything that only a manager does.
MANAGERS_ONLY = (
    "GET /swarm",
    "GET /swarm/unlockkey",
    "POST /swarm/unlock",
    "GET /services",
    "GET /services/{id}",
    "POST /services/create",
    "DELETE /services/{id}",
    "GET /nodes",
    "GET /nodes/{id}",
    "DELETE /nodes/{id}",
    "GET /tasks",
    "GET /tasks/{id}",
    "GET /secrets",
    "POST /secrets/create",
    "GET /secrets/{id}",
    "DELETE /secrets/{id}",
    "GET /configs",
    "POST /configs/create",
    "GET /configs/{id}",
    "DELETE /configs/{id}",
)
# The same, but the version in the query is read first, whose absence has words of its own.
_NO_NUMBER = "invalid {0} version '{1}': strconv.ParseUint: parsing \"{1}\": invalid syntax"
VERSIONED = {
    "POST /swarm/update": _NO_NUMBER,
    "POST /services/{id}/update": _NO_NUMBER,
    "POST /nodes/{id}/update": _NO_NUMBER,
    "POST /secrets/{id}/update": "invalid {0} version",
    "POST /configs/{id}/update": "invalid {0} version",
}


async def not_a_manager(request: Request, daemon: Daemon) -> Reply:
    raise Unavailable(NOT_A_MANAGER)


def _update(refusal: str) -> Handler:
    async def update(request: Request, daemon: Daemon) -> Reply:
        version = request.query.get("version")
        if not version.isdecimal():
            kind = request.path.split("/")[1].removesuffix("s")
            raise InvalidParameter(refusal.format(kind, version))
        raise Unavailable(NOT_A_MANAGER)

    return update


async def swarm_init(request: Request, daemon: Daemon) -> Reply:
    asked = await request.json(SwarmInitRequest, optional=True)
    _check_listen_address(asked.listen_addr)
    raise Unsupported("mockerd does not simulate a swarm")


async def swarm_join(request: Request, daemon: Daemon) -> Reply:
    asked = await request.json(SwarmJoinRequest, optional=True)
    _check_listen_address(asked.listen_addr)
    if not asked.remote_addrs:
        raise InvalidParameter("at least 1 RemoteAddr is required to join")
    raise Unsupported("mockerd does not simulate a swarm")


def _check_listen_address(address: str) -> None:
    if not address:
        raise InvalidParameter('invalid ListenAddr "": invalid empty address')
    if parse_address(address.rpartition(":")[0] or address) is None:
        raise InvalidParameter(
            "listen address must be an IP address or network interface (with optional port number)"
        )


async def swarm_leave(request: Request, daemon: Daemon) -> Reply:
    raise Unavailable("This node is not part of a swarm")


async def service_logs(request: Request, daemon: Daemon) -> Reply:
    """Of a service or a task."""
    if not (request.query.flag("stdout") or request.query.flag("stderr")):
        raise System("Bad parameters: you must choose at least one stream")
    raise Unavailable(NOT_A_MANAGER)


def _route(spec: str, handler: Handler) -> Route:
    method, path = spec.split(" ")
    return Route(method, path, handler)


ROUTES = [
    *(_route(spec, not_a_manager) for spec in MANAGERS_ONLY),
    *(_route(spec, _update(refusal)) for spec, refusal in VERSIONED.items()),
    Route("POST", "/swarm/init", swarm_init),
    Route("POST", "/swarm/join", swarm_join),
    Route("POST", "/swarm/leave", swarm_leave),
    Route("GET", "/services/{id}/logs", service_logs),
    Route("GET", "/tasks/{id}/logs", service_logs),
]
