"""Volumes over HTTP."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from api_schema.changes.v1_42 import PruneAnonymousVolumes
from api_schema.volumes import VolumeCreateRequest, VolumesList, VolumesPrune
from daemon.engine.networks.rules import NOT_A_MANAGER
from daemon.errors import InvalidParameter, Unavailable
from daemon.server.bind_policy import check_volume
from daemon.server.replies import Empty, Json, Reply
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

LIST_FILTERS = ("dangling", "driver", "label", "name")
PRUNE_FILTERS = ("all", "label", "label!")


async def volume_list(request: Request, daemon: Daemon) -> Reply:
    try:
        filters = request.query.filters(None)
    except InvalidParameter as error:
        raise InvalidParameter(f"error reading volume filters: {error}") from None
    filters = request.query.filters(LIST_FILTERS)
    found = daemon.volumes.listed(filters)
    return Json(VolumesList(volumes=[volume.inspect() for volume in found]))


async def volume_create(request: Request, daemon: Daemon) -> Reply:
    asked = await request.json(VolumeCreateRequest, optional=True)
    if asked.cluster_volume_spec is not None:
        raise Unavailable(NOT_A_MANAGER)
    check_volume(request, asked.driver_opts, daemon.config.allow_bind)
    volume = daemon.volumes.create(
        asked.name, driver=asked.driver, driver_opts=asked.driver_opts, labels=asked.labels
    )
    return Json(volume.inspect(), HTTPStatus.CREATED)


async def volume_inspect(request: Request, daemon: Daemon) -> Reply:
    return Json(daemon.volumes.get(request.vars["name"]).inspect())


async def volume_update(request: Request, daemon: Daemon) -> Reply:
    raise Unavailable("volume update only valid for cluster volumes, but swarm is unavailable")


async def volume_delete(request: Request, daemon: Daemon) -> Reply:
    daemon.volumes.remove(request.vars["name"], force=request.query.flag("force"))
    return Empty()


async def volume_prune(request: Request, daemon: Daemon) -> Reply:
    filters = request.query.filters(PRUNE_FILTERS)
    anonymous_only = PruneAnonymousVolumes.applies_to(request.version)
    names, reclaimed = daemon.volumes.prune(filters, all_by_default=not anonymous_only)
    return Json(VolumesPrune(volumes_deleted=names, space_reclaimed=reclaimed))


ROUTES = [
    Route("GET", "/volumes", volume_list),
    Route("POST", "/volumes/create", volume_create),
    Route("POST", "/volumes/prune", volume_prune),
    Route("GET", "/volumes/{name}", volume_inspect),
    Route("PUT", "/volumes/{name}", volume_update),
    Route("DELETE", "/volumes/{name}", volume_delete),
]
