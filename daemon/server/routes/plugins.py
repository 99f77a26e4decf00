"""Plugins, of which there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schema.reference import InvalidReference, Reference
from daemon.errors import InvalidParameter, NotFound, System, Unsupported
from daemon.server.replies import Json, Reply
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

LIST_FILTERS = ("capability", "enabled")


async def plugin_list(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(LIST_FILTERS)
    try:
        filters.flag("enabled", False)
    except InvalidParameter:
        values = " ".join(sorted(filters.get("enabled")))
        raise InvalidParameter(f"invalid filter 'enabled=[{values}]'") from None
    return Json([])


async def plugin_unknown(request: Request, daemon: Daemon) -> Reply:
    raise NotFound(f'plugin "{request.vars["name"]}" not found')


async def plugin_enable(request: Request, daemon: Daemon) -> Reply:
    timeout = request.query.get("timeout")
    if not timeout.lstrip("+-").isdecimal():
        raise System(f'strconv.Atoi: parsing "{timeout}": invalid syntax')
    return await plugin_unknown(request, daemon)


async def plugin_privileges(request: Request, daemon: Daemon) -> Reply:
    _reference(request.query.get("remote"))
    return Json([])


async def plugin_pull(request: Request, daemon: Daemon) -> Reply:
    _reference(request.query.get("remote"))
    raise Unsupported("mockerd does not run plugins")


async def plugin_upgrade(request: Request, daemon: Daemon) -> Reply:
    _reference(request.query.get("remote"))
    raise NotFound(f'plugin "{request.vars["name"]}:latest" not found')


async def plugin_create(request: Request, daemon: Daemon) -> Reply:
    name = request.query.get("name")
    try:
        _reference(name)
    except System as error:
        raise System(f"failed to parse reference {name}: {error}") from None
    raise System("config not found")


def _reference(text: str) -> None:
    try:
        Reference.parse(text)
    except InvalidReference:
        raise System("invalid reference format") from None


ROUTES = [
    Route("GET", "/plugins", plugin_list),
    Route("GET", "/plugins/privileges", plugin_privileges),
    Route("GET", "/plugins/{name...}/json", plugin_unknown),
    Route("POST", "/plugins/pull", plugin_pull),
    Route("POST", "/plugins/create", plugin_create),
    Route("POST", "/plugins/{name...}/enable", plugin_enable),
    Route("POST", "/plugins/{name...}/disable", plugin_unknown),
    Route("POST", "/plugins/{name...}/set", plugin_unknown),
    Route("POST", "/plugins/{name...}/push", plugin_unknown),
    Route("POST", "/plugins/{name...}/upgrade", plugin_upgrade),
    Route("DELETE", "/plugins/{name...}", plugin_unknown),
]
