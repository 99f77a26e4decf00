"""Containers: made, inspected, listed, started, stopped, changed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schema.changes.v1_41 import PlatformOfContainer
from api_schema.changes.v1_42 import CheckMountOptions, DropKernelMemoryOfContainer
from api_schema.changes.v1_44 import SeveralNetworksAtCreate
from api_schema.containers import (
    ContainerCreateRequest,
    ContainerCreateResponse,
    ContainersPrune,
    ContainerTop,
    ContainerUpdateResponse,
)
from api_schema.host_config import UpdateConfig
from daemon.engine.container_state import Trigger
from daemon.engine.containers import listing, prune
from daemon.engine.containers.listing import ListOptions
from daemon.engine.containers.mount_specs import check_options_fit
from daemon.engine.containers.top import top
from daemon.errors import InvalidParameter, Unsupported
from daemon.server.bind_policy import check_binds
from daemon.server.replies import Empty, Json, Raw, Reply
from daemon.server.request import Request
from daemon.server.routing import Route
from daemon.server.views import container_inspect

if TYPE_CHECKING:
    from daemon.app import Daemon

LARGEST_SIZE = (1 << 32) - 1
_NO_CHECKPOINTS = (
    "This experimental feature is disabled by default. "
    "Start the Docker daemon in experimental mode in order to enable it."
)


async def container_create(request: Request, daemon: Daemon) -> Reply:
    body = await request.json(ContainerCreateRequest)
    _check_networks(body, request)
    host = body.host_config
    check_binds(request, host, daemon.config.allow_bind)
    if host and DropKernelMemoryOfContainer.applies_to(request.version):
        host.kernel_memory = 0
    if host and CheckMountOptions.applies_to(request.version):
        for mount in host.mounts or ():
            check_options_fit(mount)
    has_platform = PlatformOfContainer.applies_to(request.version)
    platform = request.query.get("platform") if has_platform else ""
    container, warnings = daemon.containers.create(body, request.query.get("name"), platform)
    return Json(ContainerCreateResponse(id=container.id, warnings=warnings), status=201)


def _check_networks(body: ContainerCreateRequest, request: Request) -> None:
    """Older versions connect a container to its other networks one by one, when it exists."""
    endpoints = (body.networking_config and body.networking_config.endpoints_config) or {}
    if len(endpoints) > 1 and not SeveralNetworksAtCreate.applies_to(request.version):
        raise InvalidParameter(
            "Container cannot be created with multiple network endpoints: " + ", ".join(endpoints)
        )


async def container_inspect_(request: Request, daemon: Daemon) -> Reply:
    container = daemon.containers.get(request.vars["name"])
    if request.query.flag("size"):
        return Json(container_inspect(daemon.containers, container, size=True))
    return Raw(daemon.container_views.inspect(container, request.version))


async def container_list(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(listing.ACCEPTED)
    options = ListOptions(filters, request.query.flag("all"), request.query.int("limit"))
    chosen = daemon.containers.listed(options)
    size = request.query.flag("size")
    body = daemon.container_views.list(chosen, request.version, daemon.clock.now(), size=size)
    return Raw(body)


async def container_start(request: Request, daemon: Daemon) -> Reply:
    """Its body was once a HostConfig; since then it has to be empty, or nearly so."""
    query = request.query
    # dockerd allows `{}` and `null` and their line ends.
    body = await request.read()
    if len(body) > 7:
        raise InvalidParameter(
            "starting container with non-empty request body was deprecated since API v1.22 "
            "and removed in v1.24"
        )
    if query.get("checkpoint"):
        raise InvalidParameter("checkpoint is only supported in experimental mode")
    await daemon.containers.start(request.vars["name"])
    return Empty()


def _seconds(request: Request) -> int | None:
    return request.query.int("t") if request.query.get("t") else None


async def container_stop(request: Request, daemon: Daemon) -> Reply:
    signal = request.query.get("signal")
    await daemon.containers.stop(request.vars["name"], _seconds(request), signal)
    return Empty()


async def container_restart(request: Request, daemon: Daemon) -> Reply:
    signal = request.query.get("signal")
    await daemon.containers.restart(request.vars["name"], _seconds(request), signal)
    return Empty()


async def container_kill(request: Request, daemon: Daemon) -> Reply:
    await daemon.containers.kill(request.vars["name"], request.query.get("signal"))
    return Empty()


async def container_pause(request: Request, daemon: Daemon) -> Reply:
    daemon.containers.pause(request.vars["name"])
    return Empty()


async def container_unpause(request: Request, daemon: Daemon) -> Reply:
    daemon.containers.unpause(request.vars["name"])
    return Empty()


async def container_rename(request: Request, daemon: Daemon) -> Reply:
    daemon.containers.rename(request.vars["name"], request.query.get("name"))
    return Empty()


async def container_update(request: Request, daemon: Daemon) -> Reply:
    body = await request.json(UpdateConfig)
    warnings = daemon.containers.update(request.vars["name"], body)
    return Json(ContainerUpdateResponse(warnings=warnings))


def window_size(request: Request) -> tuple[int, int]:
    """Rows and columns of a resize, or Docker's refusal of what is no size."""
    sizes = []
    for key, name in (("h", "height"), ("w", "width")):
        text = request.query.get(key)
        try:
            value = int(text)
        except ValueError:
            raise InvalidParameter(f'invalid resize {name} "{text}": invalid syntax') from None
        if not 0 <= value <= LARGEST_SIZE:
            raise InvalidParameter(f'invalid resize {name} "{text}": value out of range')
        sizes.append(value)
    return sizes[0], sizes[1]


async def container_resize(request: Request, daemon: Daemon) -> Reply:
    daemon.containers.resize(request.vars["name"], *window_size(request))
    return Empty(status=200)


_CHECKPOINT = "/checkpoints/"
"""In the path of a container's checkpoint, where the name of a container that is to go may hold slashes."""


async def container_delete(request: Request, daemon: Daemon) -> Reply:
    query = request.query
    name = request.vars["name"]
    if _CHECKPOINT in name:
        raise Unsupported(_NO_CHECKPOINTS)
    await daemon.containers.remove(
        name,
        force=query.flag("force"),
        volumes=query.flag("v"),
        link=query.flag("link"),
    )
    return Empty()


async def container_top(request: Request, daemon: Daemon) -> Reply:
    container = daemon.containers.get(request.vars["name"])
    container.check(Trigger.TOP, request.vars["name"])
    assert container.live is not None
    titles, processes = top(container.live, request.query.get("ps_args"), daemon.clock)
    daemon.containers.emit(container, "top")
    return Json(ContainerTop(titles=titles, processes=processes))


async def container_prune(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(prune.ACCEPTED)
    if len(filters.get("until")) > 1:
        raise InvalidParameter("more than one until filter specified")
    report = daemon.containers.prune(filters)
    return Json(
        ContainersPrune(containers_deleted=report.deleted, space_reclaimed=report.reclaimed)
    )


async def no_checkpoints(request: Request, daemon: Daemon) -> Reply:
    raise Unsupported(_NO_CHECKPOINTS)


ROUTES = [
    Route("POST", "/containers/create", container_create),
    Route("GET", "/containers/json", container_list),
    Route("POST", "/containers/prune", container_prune),
    Route("GET", "/containers/{name}/json", container_inspect_),
    Route("GET", "/containers/{name}/top", container_top),
    Route("POST", "/containers/{name}/start", container_start),
    Route("POST", "/containers/{name}/stop", container_stop),
    Route("POST", "/containers/{name}/restart", container_restart),
    Route("POST", "/containers/{name}/kill", container_kill),
    Route("POST", "/containers/{name}/pause", container_pause),
    Route("POST", "/containers/{name}/unpause", container_unpause),
    Route("POST", "/containers/{name}/rename", container_rename),
    Route("POST", "/containers/{name}/update", container_update),
    Route("POST", "/containers/{name}/resize", container_resize),
    Route("GET", "/containers/{name}/checkpoints", no_checkpoints),
    Route("POST", "/containers/{name}/checkpoints", no_checkpoints),
    Route("DELETE", "/containers/{name...}", container_delete),
]
