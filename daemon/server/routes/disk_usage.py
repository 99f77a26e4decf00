"""GET /system/df: what images, containers, volumes and the build cache take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api_schema.changes.v1_42 import SelectDiskUsageTypes
from api_schema.go_time import go_time
from api_schema.system import BuildCacheRecord, DiskUsage
from daemon.engine.images.listing import ListOptions
from daemon.errors import InvalidParameter
from daemon.server.replies import Json, Reply
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon


def _images(daemon: Daemon) -> dict[str, Any]:
    """Here, unlike in the list of images, no names are null."""
    found = [
        summary.model_copy(
            update={
                "repo_digests": summary.repo_digests or None,
                "repo_tags": summary.repo_tags or None,
            }
        )
        for summary in daemon.images.summaries(ListOptions(shared_size=True))
    ]
    return {"images": found, "layers_size": daemon.images.store.layers_size()}


def _containers(daemon: Daemon) -> dict[str, Any]:
    return {"containers": daemon.container_views.sized_models(daemon.clock.now())}


def _volumes(daemon: Daemon) -> dict[str, Any]:
    volumes = daemon.volumes
    return {"volumes": [volume.inspect(volumes.usage(volume)) for volume in volumes]}


def _build_cache(daemon: Daemon) -> dict[str, Any]:
    from daemon.engine.build.cache_usage import usages

    found = [
        BuildCacheRecord(
            id=usage.id,
            parents=list(usage.parents) or None,
            type=usage.kind,
            description=usage.description,
            in_use=usage.in_use,
            shared=usage.shared,
            size=usage.size,
            created_at=go_time(usage.created),
            last_used_at=None if usage.last_used is None else go_time(usage.last_used),
            usage_count=usage.usage_count,
        )
        for usage in usages(daemon.build_cache)
    ]
    return {"build_cache": found}


PARTS: dict[str, Callable[[Daemon], dict[str, Any]]] = {
    "image": _images,
    "container": _containers,
    "volume": _volumes,
    "build-cache": _build_cache,
}


async def system_data_usage(request: Request, daemon: Daemon) -> Reply:
    wanted = list(PARTS)
    if SelectDiskUsageTypes.applies_to(request.version) and "type" in request.query:
        wanted = request.query.all("type")
    parts: dict[str, Any] = {}
    for kind in wanted:
        if kind not in PARTS:
            raise InvalidParameter(f"unknown object type: {kind}")
    for kind in wanted:
        parts |= PARTS[kind](daemon)
    return Json(DiskUsage(**parts))


ROUTES = [Route("GET", "/system/df", system_data_usage)]
