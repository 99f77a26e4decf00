"""Networks over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from api_schema.changes.v1_28 import DropContainersOfNetworkList
from api_schema.endpoint_settings import EndpointSettings
from api_schema.networks import (
    NetworkConnectRequest,
    NetworkCreateRequest,
    NetworkCreateResponse,
    NetworkDisconnectRequest,
    NetworksPrune,
)
from daemon.engine.timestamps import parse_timestamp
from daemon.errors import InvalidParameter, NotFound, System
from daemon.filters import Filters
from daemon.server.replies import Empty, Json, Reply
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

LIST_FILTERS = ("dangling", "driver", "id", "label", "name", "scope", "type")
PRUNE_FILTERS = ("label", "label!", "until")
TYPES = ("builtin", "custom")
_BOOLEANS = ("1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False")


async def network_list(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(LIST_FILTERS)
    _check_list_filters(filters)
    brief = DropContainersOfNetworkList.applies_to(request.version)
    found = daemon.networks.listed(filters)
    return Json([network.inspect(with_containers=not brief) for network in found])


def _check_list_filters(filters: Filters) -> None:
    filters.flag("dangling", False)
    for kind in filters.get("type"):
        if kind not in TYPES:
            raise System(f"invalid filter: 'type'='{kind}'")


async def network_inspect(request: Request, daemon: Daemon) -> Reply:
    verbose = request.query.get("verbose")
    if verbose and verbose not in _BOOLEANS:
        raise InvalidParameter(
            f"invalid value for verbose: {verbose}: "
            f'strconv.ParseBool: parsing "{verbose}": invalid syntax'
        )
    name, scope = request.vars["id"], request.query.get("scope")
    network = daemon.networks.get(name)
    if scope and scope != network.scope:
        raise NotFound(f"network {name} not found")
    return Json(network.inspect())


async def network_create(request: Request, daemon: Daemon) -> Reply:
    asked = await request.json(NetworkCreateRequest, optional=True)
    network = daemon.networks.create(asked)
    return Json(NetworkCreateResponse(id=network.id), HTTPStatus.CREATED)


async def network_delete(request: Request, daemon: Daemon) -> Reply:
    daemon.networks.remove(request.vars["id"])
    return Empty()


async def network_connect(request: Request, daemon: Daemon) -> Reply:
    asked = await request.json(NetworkConnectRequest, optional=True)
    settings = asked.endpoint_config or EndpointSettings()
    daemon.containers.connecting.connect(asked.container, request.vars["id"], settings)
    return Empty(HTTPStatus.OK)


async def network_disconnect(request: Request, daemon: Daemon) -> Reply:
    asked = await request.json(NetworkDisconnectRequest, optional=True)
    daemon.containers.connecting.disconnect(asked.container, request.vars["id"], force=asked.force)
    return Empty(HTTPStatus.OK)


async def network_prune(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(PRUNE_FILTERS)
    until = filters.get("until")
    if len(until) > 1:
        raise InvalidParameter("more than one until filter specified")
    moment = parse_timestamp(until[0], daemon.clock.now()) if until else None
    return Json(NetworksPrune(networks_deleted=daemon.networks.prune(filters, moment) or None))


ROUTES = [
    Route("GET", "/networks", network_list),
    Route("GET", "/networks/", network_list),
    Route("POST", "/networks/create", network_create),
    Route("POST", "/networks/prune", network_prune),
    Route("GET", "/networks/{id}", network_inspect),
    Route("DELETE", "/networks/{id}", network_delete),
    Route("POST", "/networks/{id}/connect", network_connect),
    Route("POST", "/networks/{id}/disconnect", network_disconnect),
]
