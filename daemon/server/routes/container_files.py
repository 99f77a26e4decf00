"""Containers: their files. Changes, archives in and out, export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from api_schema.containers import FilesystemChange
from daemon.server.replies import Empty, Json, Reply, Stream
from daemon.server.request import Request
from daemon.server.routing import Route

if TYPE_CHECKING:
    from daemon.app import Daemon

TAR = "application/x-tar"
EXPORT = "application/octet-stream"
_STAT_HEADER = "X-Docker-Container-Path-Stat"


async def container_changes(request: Request, daemon: Daemon) -> Reply:
    found = daemon.containers.changes(request.vars["name"])
    return Json([FilesystemChange(path=path, kind=kind) for kind, path in found] or None)


async def container_archive_info(request: Request, daemon: Daemon) -> Reply:
    stat = daemon.containers.path_stat(request.vars["name"], request.query.get("path"))
    return Empty(status=200, headers={_STAT_HEADER: stat})


async def container_archive(request: Request, daemon: Daemon) -> Reply:
    stat, chunks = daemon.containers.archive(request.vars["name"], request.query.get("path"))
    return Stream(_pieces(daemon, chunks), content_type=TAR, headers={_STAT_HEADER: stat})


async def put_container_archive(request: Request, daemon: Daemon) -> Reply:
    query = request.query
    await daemon.containers.extract(
        request.vars["name"],
        query.get("path"),
        request.body(),
        no_overwrite_dir_non_dir=query.flag("noOverwriteDirNonDir"),
        copy_uid_gid=query.flag("copyUIDGID"),
    )
    return Empty(status=200)


async def container_export(request: Request, daemon: Daemon) -> Reply:
    chunks = daemon.containers.export(request.vars["name"])
    return Stream(_pieces(daemon, chunks), content_type=EXPORT)


async def _pieces(daemon: Daemon, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Packing is done a piece at a time, so that other requests are answered in between."""
    for chunk in chunks:
        yield chunk
        await daemon.clock.sleep(0)


ROUTES = [
    Route("GET", "/containers/{name}/changes", container_changes),
    Route("HEAD", "/containers/{name}/archive", container_archive_info),
    Route("GET", "/containers/{name}/archive", container_archive),
    Route("PUT", "/containers/{name}/archive", put_container_archive),
    Route("GET", "/containers/{name}/export", container_export),
]
