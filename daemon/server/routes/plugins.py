"""Plugins over HTTP. They can be made and looked at, but not run."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from api_schema import go_json
from daemon.engine.plugins import parse_plugin_reference
from daemon.errors import InvalidParameter, System, Unsupported
from daemon.server.replies import Empty, Json, Reply
from daemon.server.request import Request
from daemon.server.routing import Route
from daemon.server.uploads import spooled

if TYPE_CHECKING:
    from daemon.app import Daemon

LIST_FILTERS = ("capability", "enabled")
_NOT_HERE = "mockerd does not run plugins"


async def plugin_list(request: Request, daemon: Daemon) -> Reply:
    return Json(daemon.plugins.listed(request.query.filters(LIST_FILTERS)))


async def plugin_inspect(request: Request, daemon: Daemon) -> Reply:
    return Json(daemon.plugins.get(request.vars["name"]))


async def plugin_create(request: Request, daemon: Daemon) -> Reply:
    with await spooled(request.body()) as archive:
        daemon.plugins.create(request.query.get("name"), archive)
    return Empty()


async def plugin_set(request: Request, daemon: Daemon) -> Reply:
    daemon.plugins.get(request.vars["name"])
    try:
        settings = go_json.parse(await request.read())
    except go_json.GoDecodeError as error:
        raise InvalidParameter(f"invalid JSON: {error}") from None
    if not isinstance(settings, list) or not all(isinstance(item, str) for item in settings):
        kind = "object" if isinstance(settings, dict) else "string"
        raise InvalidParameter(
            f"invalid JSON: json: cannot unmarshal {kind} into Go value of type []string"
        )
    daemon.plugins.set(request.vars["name"], settings)
    return Empty()


async def plugin_delete(request: Request, daemon: Daemon) -> Reply:
    daemon.plugins.remove(request.vars["name"])
    return Empty(HTTPStatus.OK)


async def plugin_disable(request: Request, daemon: Daemon) -> Reply:
    daemon.plugins.disable(request.vars["name"])
    return Empty(HTTPStatus.OK)


async def plugin_enable(request: Request, daemon: Daemon) -> Reply:
    timeout = request.query.get("timeout")
    if not timeout.lstrip("+-").isdecimal():
        raise System(f'strconv.Atoi: parsing "{timeout}": invalid syntax')
    daemon.plugins.get(request.vars["name"])
    raise Unsupported(_NOT_HERE)


async def plugin_push(request: Request, daemon: Daemon) -> Reply:
    daemon.plugins.get(request.vars["name"])
    raise Unsupported(_NOT_HERE)


async def plugin_privileges(request: Request, daemon: Daemon) -> Reply:
    _check_remote(request)
    return Json([])


async def plugin_pull(request: Request, daemon: Daemon) -> Reply:
    _check_remote(request)
    raise Unsupported(_NOT_HERE)


async def plugin_upgrade(request: Request, daemon: Daemon) -> Reply:
    _check_remote(request)
    name = request.vars["name"]
    daemon.plugins.get(name if ":" in name else f"{name}:latest")
    raise Unsupported(_NOT_HERE)


def _check_remote(request: Request) -> None:
    parse_plugin_reference(request.query.get("remote"))


ROUTES = [
    Route("GET", "/plugins", plugin_list),
    Route("GET", "/plugins/privileges", plugin_privileges),
    Route("GET", "/plugins/{name...}/json", plugin_inspect),
    Route("POST", "/plugins/pull", plugin_pull),
    Route("POST", "/plugins/create", plugin_create),
    Route("POST", "/plugins/{name...}/enable", plugin_enable),
    Route("POST", "/plugins/{name...}/disable", plugin_disable),
    Route("POST", "/plugins/{name...}/set", plugin_set),
    Route("POST", "/plugins/{name...}/push", plugin_push),
    Route("POST", "/plugins/{name...}/upgrade", plugin_upgrade),
    Route("DELETE", "/plugins/{name...}", plugin_delete),
]
